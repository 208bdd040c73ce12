package corpus

import (
	"sort"
	"sync"
	"time"
)

// lanes is how many live dialogues go on side by side.
const lanes = 3

// showcase is how many of the first customers lane 0 keeps for itself and
// returns to again and again.
const showcase = 2

// laneOf is the only lane that may talk in a chat, so that nobody ever has two
// dialogues at a time with the same people.
func (c *Corpus) laneOf(ch *chat) int {
	if ch.kind == extChat && c.relations[ch.rel].cust < showcase {
		return 0
	}
	return int(ch.key % lanes)
}

// liveState remembers which dialogues the live messages belong to.
type liveState struct {
	mu    sync.Mutex
	lanes [lanes]liveLane
	sent  map[int]int64 // when live message n was sent, for recalls
}

// liveLane is one sequence of dialogues.
type liveLane struct {
	plays []*livePlay
	ends  []int // number of turns up to and with each play
}

// livePlay is a live dialogue; its times come with each call.
type livePlay struct {
	session session
	script  *script
	cues    []cue
	stage   string
}

// Live gives the n-th live message, counting from 0, as sent at a moment.
// Message n+3 goes on with the dialogue of message n. The same n and moment
// give the same words; a recall names its message by the moment that was given
// when that one was made.
func (c *Corpus) Live(n int, at time.Time) Record {
	n = max(0, n)
	ls := &c.live
	ls.mu.Lock()
	defer ls.mu.Unlock()
	lane := &ls.lanes[n%lanes]
	k := n / lanes
	for len(lane.ends) == 0 || lane.ends[len(lane.ends)-1] <= k {
		c.extendLane(lane, n%lanes)
	}
	j := sort.SearchInts(lane.ends, k+1)
	first := 0
	if j > 0 {
		first = lane.ends[j-1]
	}
	ls.remember(n, at.UnixMilli())
	return c.performLive(lane.plays[j], k-first, n, at)
}

// remember keeps the last moments.
func (ls *liveState) remember(n int, at int64) {
	if ls.sent == nil {
		ls.sent = map[int]int64{}
	}
	ls.sent[n] = at
	delete(ls.sent, n-200*lanes)
}

// stages of live dialogues, the more frequent ones repeated.
var liveStages = []string{
	"enquiry", "price", "aftersale", "chat", "haggle", "enquiry", "sensitive", "order", "progress", "price", "schedule", "complaint",
	"aftersale", "follow", "chat", "sensitive", "review", "delivery", "detail", "care",
}

// extendLane adds the next dialogue to a lane.
func (c *Corpus) extendLane(lane *liveLane, which int) {
	ord := len(lane.plays)
	r := newRNG(c.seed, 0x11FE, uint64(which), uint64(ord))
	for {
		p := &livePlay{session: session{ord: uint32(1<<24 + ord), day: 0, proj: uint16(1 + r.intn(3))}}
		p.session.chat, p.stage = c.liveChat(r, which, ord)
		ch := &c.chats[p.session.chat]
		now := c.liveCircumstances(ch, &p.session)
		choose := chooser{lib: c.lib, key: r.next(), used: map[poolKey]int{}}
		i := choose.next(poolKey{ch.scriptKind(), p.stage}, func(sc *script) bool {
			a, b := c.staff[ch.a], c.staff[ch.b]
			return sc.suits(now) && (ch.kind != pairChat || sc.plays(a, b) || sc.plays(b, a))
		})
		if i < 0 {
			continue
		}
		p.session.script = uint16(i)
		p.script = c.lib.scripts[i]
		p.cues = c.lib.cues(p.script, r, now, nil)
		total := len(p.cues)
		if ord > 0 {
			total += lane.ends[ord-1]
		}
		lane.plays, lane.ends = append(lane.plays, p), append(lane.ends, total)
		return
	}
}

func (c *Corpus) liveCircumstances(ch *chat, s *session) circumstance {
	if ch.kind == extChat {
		return c.ofCustomer(&c.relations[ch.rel], int(s.proj))
	}
	return 0
}

// liveChat chooses a conversation of a lane that can still go on.
func (c *Corpus) liveChat(r *rng, which, ord int) (chatIndex uint32, stage string) {
	for {
		i := r.intn(len(c.chats))
		switch kind := r.intn(10); {
		case which == 0 && kind < 6:
			i = c.customers[r.intn(showcase)].relation[0]
		case kind < 7:
			i = r.intn(len(c.relations))
		}
		ch := &c.chats[i]
		if c.laneOf(ch) != which || ch.to < len(c.cal.days) || ch.from+30 > ch.to {
			continue
		}
		switch ch.kind {
		case extChat:
			if e := c.users[c.relations[ch.rel].emp]; e.Archived && e.DimissionTime == 0 {
				return uint32(i), liveStages[(ord*7+which*5)%len(liveStages)]
			}
		case groupChat:
			return uint32(i), pick(r, ch.room.topics)
		default:
			return uint32(i), "work"
		}
	}
}

// performLive plays a live dialogue up to turn i and gives that turn.
func (c *Corpus) performLive(lp *livePlay, i, n int, at time.Time) Record {
	day := max(0, min(int(at.Sub(c.cal.begin)/(24*time.Hour)), 60000))
	p := &play{session: &session{}, script: lp.script, turns: make([]turn, i+1)}
	*p.session = lp.session
	p.session.day = uint16(day)
	p.session.start = uint32(at.In(china).Hour() * 3600)
	for k := range p.turns {
		t, ok := c.live.sent[n-(i-k)*lanes]
		if !ok {
			t = at.UnixMilli() - int64(i-k)*30_000
		}
		p.turns[k] = turn{cue: lp.cues[k], at: t}
	}
	s := c.newScene(p)
	// The id must not change with the day on which the dialogue goes on.
	s.secret = mix(c.seed, 0x11FD, uint64(lp.session.chat), uint64(lp.session.ord))
	if s.ch.kind == extChat {
		s.pr = c.purchaseAt(s.cust, int(lp.session.proj), lp.stage, day)
	}
	rec := Record{}
	for k := range p.turns {
		rec.MsgID = s.msgID(k)
		rec.JSON = s.message(k, rec.MsgID)
	}
	rec.Time = time.UnixMilli(p.turns[i].at).UTC()
	return rec
}

// purchaseAt gives a purchase that reaches a stage on a day.
func (c *Corpus) purchaseAt(cust, p int, stage string, day int) project {
	pr := c.newProject(cust, p, day)
	shift := 0
	switch stage {
	case "order":
		shift = day - pr.order
	case "progress":
		shift = day - (pr.order+pr.deliver)/2
	case "schedule":
		shift = day + 2 - pr.deliver
	case "delivery":
		shift = day - pr.deliver
	case "review", "aftersale", "care", "complaint":
		shift = day - 6 - pr.install
	}
	for _, d := range []*int{&pr.start, &pr.quote, &pr.visit, &pr.measure, &pr.drawn, &pr.order, &pr.deliver, &pr.install} {
		*d += shift
	}
	return pr
}
