package corpus

import (
	"strconv"
	"time"
)

// scene is a session being written out: who speaks, about what, and what was
// already said. Its generator yields the words, turn after turn.
type scene struct {
	c       *Corpus
	script  *script
	session *session
	ch      *chat
	turns   []turn
	rng     *rng
	cust    int // the customer that it is about
	pr      project
	day     int
	vars    []string
	links   [10]int // 1-based alternative of each link; 0 = open
	cast    [26]*actor
	now     *actor // who speaks
	said    []utterance
	pending []byte // text that a slip has already chosen
	secret  uint64 // keys of the msgids
	ext     bool   // customers take part
	days    [2]int // two days to come
	clock   [2]int // two times of day, in half hours
	helper  string // surname of the driver
}

// actor is somebody in a scene.
type actor struct {
	id     string
	name   string
	calls  string // how others call him here
	emp    *employee
	cust   *customer
	manner manner
}

// utterance is a text already said, for quotes.
type utterance struct {
	who  byte
	text string
}

func (c *Corpus) newScene(p *play) *scene {
	ss := p.session
	ch := &c.chats[ss.chat]
	s := &scene{
		c: c, script: p.script, session: ss, ch: ch, turns: p.turns, day: int(ss.day),
		rng:    newRNG(c.seed, 0x7E87, ch.key, uint64(ss.ord), uint64(ss.day)),
		secret: mix(c.seed, 0x1D, ch.key, uint64(ss.ord), uint64(ss.day)),
		vars:   make([]string, len(p.script.words.vars)),
	}
	r := s.rng
	s.days[0] = r.between(1, 3)
	s.days[1] = s.days[0] + r.between(2, 4)
	s.clock[0] = pick(r, []int{18, 19, 20, 21, 27, 28, 29, 30, 31})
	s.clock[1] = pick(r, []int{20, 28, 29, 30, 31, 32, 38})
	s.helper = pick(r, surnames)
	s.assemble()
	return s
}

// assemble gives the cast letters their people.
func (s *scene) assemble() {
	switch s.ch.kind {
	case extChat:
		rel := &s.c.relations[s.ch.rel]
		s.cust, s.ext = rel.cust, true
		s.enter('C', s.client(rel.cust))
		s.enter('E', s.employee(rel.emp))
		s.pr = s.c.purchase(rel.cust, int(s.session.proj))
	case pairChat:
		a, b := s.ch.a, s.ch.b
		if !s.script.plays(s.c.staff[a], s.c.staff[b]) {
			a, b = b, a
		} else if s.script.plays(s.c.staff[b], s.c.staff[a]) && s.rng.chance(0.5) {
			a, b = b, a
		}
		s.enter('A', s.employee(a))
		s.enter('B', s.employee(b))
		s.about(a, b)
	case groupChat:
		s.ext = s.ch.room.kind != "inner"
		s.assembleRoom()
	}
}

func (s *scene) enter(letter byte, a *actor) { s.cast[letter-'A'] = a }

func (s *scene) employee(i int) *actor {
	e := s.c.staff[i]
	return &actor{id: e.id, name: e.name, calls: e.short(), emp: e, manner: newManner(newRNG(s.c.seed, 0x3A, uint64(i)), true)}
}

func (s *scene) client(i int) *actor {
	cu := s.c.customers[i]
	return &actor{id: cu.id, name: cu.nick, calls: cu.calls, cust: cu, manner: cu.manner}
}

// about chooses the customer that colleagues talk of: one of theirs.
func (s *scene) about(staff ...int) {
	s.cust = s.rng.intn(len(s.c.customers))
	for range 12 {
		mine := s.c.byEmp[pick(s.rng, staff)]
		if len(mine) == 0 {
			continue
		}
		rel := s.c.relations[pick(s.rng, mine)]
		if cu := s.c.customers[rel.cust]; rel.from <= s.day && cu.kind == homeOwner && !cu.english {
			s.cust = rel.cust
			break
		}
	}
	s.pr = s.c.newProject(s.cust, 0, s.c.cal.busy(max(0, s.day-20)))
}

// assembleRoom casts a group: by role where the letter has one, else anybody.
func (s *scene) assembleRoom() {
	g := s.ch.room
	at := s.turns[0].at
	var here, clients []int
	for k, i := range g.staff {
		if k > 0 && g.members[k].inAt(at) {
			here = append(here, i)
		}
	}
	for k, i := range g.clients {
		if g.members[len(g.staff)+k].inAt(at) {
			clients = append(clients, i)
		}
	}
	owner := s.employee(g.owner)
	s.enter('L', owner)
	s.enter('E', owner)
	s.castRoles(here)
	s.castOthers("ABGHJK", here)
	s.enter('W', &actor{id: robotID, name: "日报助手"})
	switch g.kind {
	case "inner":
		s.about(append([]int{g.owner}, here...)...)
	case "project":
		s.cust = g.cust
		s.pr = s.c.newProject(g.cust, 0, s.c.relations[s.c.customers[g.cust].relation[0]].from)
		s.enter('C', s.client(g.clients[0]))
		s.enter('F', s.client(g.clients[1]))
	default:
		s.castClients(clients)
	}
}

func (m member) inAt(at int64) bool { return m.from <= at && (m.to == 0 || at < m.to) }

// castRoles gives D, S, I, M, V and P to a designer, service, installer,
// manager, warehouse and finance person, when the group has one.
func (s *scene) castRoles(here []int) {
	want := map[role]byte{designer: 'D', service: 'S', installer: 'I', storeManager: 'M', warehouse: 'V', finance: 'P'}
	for _, i := range s.mixed(here) {
		if l, ok := want[s.c.staff[i].role]; ok && s.cast[l-'A'] == nil {
			s.enter(l, s.employee(i))
		}
	}
	for _, l := range "DSIMVP" {
		if s.cast[l-'A'] == nil {
			s.enter(byte(l), s.cast['L'-'A'])
		}
	}
}

func (s *scene) mixed(list []int) []int {
	out := make([]int, len(list))
	for k, i := range s.rng.shuffled(len(list)) {
		out[k] = list[i]
	}
	return out
}

// castOthers fills letters with different people who have no other letter.
func (s *scene) castOthers(letters string, here []int) {
	order := s.mixed(here)
	k := 0
	for _, l := range letters {
		if len(order) == 0 {
			s.enter(byte(l), s.cast['L'-'A'])
			continue
		}
		s.enter(byte(l), s.employee(order[k%len(order)]))
		k++
	}
}

// castClients gives C, N, T and U to customers; some talk more than others.
func (s *scene) castClients(list []int) {
	used := map[int]bool{}
	for _, l := range "CNTU" {
		i := 0
		for try := 0; try < 60; try++ {
			f := s.rng.float()
			i = list[int(f*f*float64(len(list)))]
			if !used[i] {
				break
			}
		}
		used[i] = true
		s.enter(byte(l), s.client(i))
	}
	s.cust = list[0]
	for i := range used {
		if s.cast['C'-'A'].cust == s.c.customers[i] {
			s.cust = i
		}
	}
	s.pr = s.c.newProject(s.cust, 9, s.c.cal.busy(max(0, s.day-10)))
}

// msgID is the id of a turn. The number after the line is when WeCom stored
// the message, a few seconds after it was sent.
func (s *scene) msgID(i int) string {
	h := mix(s.secret, uint64(i))
	id := strconv.FormatUint(h|1<<60, 10) + "_" + strconv.FormatInt(s.turns[i].at+int64(1100+h%4200), 10)
	if s.ext {
		id += "_external"
	}
	return id
}

func (s *scene) actor(letter byte) *actor {
	if a := s.cast[letter-'A']; a != nil {
		return a
	}
	return s.now
}

// date gives a day of the corpus, or later, as a date.
func (s *scene) date(day int) time.Time { return s.c.cal.date(day) }
