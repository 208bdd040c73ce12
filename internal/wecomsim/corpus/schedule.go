package corpus

import (
	"math"
	"slices"
	"sort"
)

// chat is one conversation: of two people, or a group.
type chat struct {
	kind chatKind
	rel  int    // for extChat: index into relations
	room *group // for groupChat
	a, b int    // for pairChat: indices into staff
	key  uint64
	from int // first day
	to   int // the day after the last
}

type chatKind uint8

const (
	extChat chatKind = iota
	groupChat
	pairChat
)

// session is one dialogue in the index: all that is needed to write it out.
type session struct {
	chat   uint32
	ord    uint32 // number within the chat
	start  uint32 // second of the day
	window uint32 // seconds it may take
	day    uint16
	script uint16
	proj   uint16 // which purchase of the customer
	n      uint16 // turns; fewer than the script gives when cut short
}

// shares of the messages by kind of chat.
const (
	extShare   = 0.62
	groupShare = 0.24
	pairShare  = 0.14
	perSession = 7.4 // messages of an average session
	perProject = 150 // messages of a whole purchase
)

// schedule fills the index with exactly n messages. Sessions are drafted a
// little in excess and then trimmed.
func (c *Corpus) schedule(n int) {
	var list []session
	if n > 0 {
		for want, total := float64(n)*1.02, 0; total < n; want *= 1.2 * math.Min(2, float64(n)/float64(max(total, 1))) {
			list, total = c.draft(want)
			if total >= n {
				list = c.trim(list, total-n)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b session) int {
		if a.day != b.day {
			return int(a.day) - int(b.day)
		}
		return int(a.start) - int(b.start)
	})
	c.sessions = list
	days := len(c.cal.days)
	c.firstOf, c.before = make([]int, days+1), make([]int, days+1)
	i, sum := 0, 0
	for d := range days {
		c.firstOf[d], c.before[d] = i, sum
		for ; i < len(list) && int(list[i].day) == d; i++ {
			sum += int(list[i].n)
		}
	}
	c.firstOf[days], c.before[days] = i, sum
}

// trim takes away surplus messages: single sessions of groups and colleagues
// anywhere first, because a story that loses its middle would be noticed.
func (c *Corpus) trim(list []session, surplus int) []session {
	order := newRNG(c.seed, 0x7819).shuffled(len(list))
	for pass := range 2 {
		for _, i := range order {
			if surplus == 0 {
				break
			}
			if story := c.chats[list[i].chat].kind == extChat; story != (pass == 1) {
				continue
			}
			cut := min(surplus, int(list[i].n))
			list[i].n -= uint16(cut)
			surplus -= cut
		}
	}
	return slices.DeleteFunc(list, func(s session) bool { return s.n == 0 })
}

// draft plans sessions for about want messages, and counts them.
func (c *Corpus) draft(want float64) ([]session, int) {
	p := &planner{c: c, list: make([]session, 0, int(want/perSession)+64)}
	p.customers(want * extShare)
	p.rooms(want * groupShare)
	p.pairs(want * pairShare)
	return p.list, p.total
}

// planner collects the sessions of all chats.
type planner struct {
	c     *Corpus
	list  []session
	total int
	cues  []cue
}

// intent is a session before it has a time and a script.
type intent struct {
	stage string
	day   int
	proj  int
}

// place gives the intents of one chat their times and scripts.
func (p *planner) place(chatIndex int, intents []intent) {
	if len(intents) == 0 {
		return
	}
	sort.SliceStable(intents, func(a, b int) bool { return intents[a].day < intents[b].day })
	ch := &p.c.chats[chatIndex]
	choose := chooser{lib: p.c.lib, key: mix(p.c.seed, ch.key), used: map[poolKey]int{}}
	ord := uint32(0)
	for i := 0; i < len(intents); {
		j := i
		for j < len(intents) && intents[j].day == intents[i].day {
			j++
		}
		starts, stops := p.c.times(ch, intents[i].day, j-i)
		for k := i; k < j; k++ {
			s := session{chat: uint32(chatIndex), ord: ord, day: uint16(intents[k].day), proj: uint16(intents[k].proj), start: uint32(starts[k-i]), window: uint32(stops[k-i] - starts[k-i])}
			if p.assign(&s, ch, &choose, intents[k].stage) {
				ord++
			}
		}
		i = j
	}
}

// assign chooses the script and appends the session.
func (p *planner) assign(s *session, ch *chat, choose *chooser, stage string) bool {
	now := p.c.circumstances(s)
	i := choose.next(poolKey{ch.scriptKind(), stage}, func(sc *script) bool {
		if !sc.suits(now) {
			return false
		}
		a, b := p.c.staff[ch.a], p.c.staff[ch.b]
		return ch.kind != pairChat || sc.plays(a, b) || sc.plays(b, a)
	})
	if i < 0 {
		return false
	}
	s.script = uint16(i)
	p.cues = p.c.lib.cues(p.c.lib.scripts[i], p.c.structure(s), now, p.cues[:0])
	s.n = uint16(len(p.cues))
	p.list = append(p.list, *s)
	p.total += len(p.cues)
	return true
}

func (ch *chat) scriptKind() string {
	switch ch.kind {
	case extChat:
		return "ext"
	case pairChat:
		return "pair"
	}
	return ch.room.kind
}

// structure is the generator that decides a session's branches.
func (c *Corpus) structure(s *session) *rng {
	return newRNG(c.seed, 0x57A6E, c.chats[s.chat].key, uint64(s.ord), uint64(s.day))
}

// times spreads k sessions over a day so that one ends before the next begins.
func (c *Corpus) times(ch *chat, day, k int) (starts, stops []int) {
	h, closing := shopHours, 22*3600+50*60
	if ch.kind == pairChat || ch.kind == groupChat && ch.room.kind == "inner" {
		h, closing = officeHours, 21*3600+50*60
	}
	scale := 1.0
	if last := c.lastSecond(day); last < closing {
		closing = last
		scale = h.share(max(0, closing-600))
	}
	r := newRNG(c.seed, 0x71E5, ch.key, uint64(day))
	for i := range k {
		q := (float64(i) + 0.1 + 0.6*r.float()) / float64(k)
		starts = append(starts, h.at(q*scale))
	}
	for i := range k {
		stop := closing
		if i+1 < k {
			stop = starts[i+1] - 20
		}
		stops = append(stops, max(stop, starts[i]+10))
	}
	return starts, stops
}

// lastSecond is the last second of a day that the corpus covers.
func (c *Corpus) lastSecond(day int) int {
	return min(24*3600-1, int(c.end.Sub(c.cal.date(day)).Seconds())-1)
}

// circumstances are the facts that a session's script may depend on.
func (c *Corpus) circumstances(s *session) circumstance {
	var now circumstance
	if c.cal.weekend(int(s.day)) {
		now |= isWeekend
	}
	if s.start >= 18*3600 {
		now |= isEvening
	}
	if c.cal.days[s.day].festival == "春节" {
		now |= isSpring
	}
	ch := &c.chats[s.chat]
	if ch.kind == pairChat {
		return now
	}
	if ch.kind == groupChat {
		return now | isCustom*circumstance(b2i(ch.room.kind == "project"))
	}
	return now | c.ofCustomer(&c.relations[ch.rel], int(s.proj))
}

func (c *Corpus) ofCustomer(rel *relation, proj int) circumstance {
	var now circumstance
	cu := c.customers[rel.cust]
	set := func(is bool, f circumstance) {
		if is {
			now |= f
		}
	}
	pr := c.purchase(rel.cust, proj)
	set(cu.kind == business, isBiz)
	set(cu.kind == trader, isTrader)
	set(cu.english, isEnglish)
	set(pr.item.custom, isCustom)
	set(pr.repeat, isRepeat)
	set(pr.item.room == "儿童房", isChild)
	set(slices.Contains(pr.item.mats, "橡木"), isWood)
	set(slices.Contains(pr.item.mats, "棉麻布"), isSoft)
	set(isBadApple(c.staff[rel.emp]), isBad)
	return now
}

// isBadApple names the few employees who do not keep the rules.
func isBadApple(e *employee) bool {
	switch e.id {
	case "JinWenjie", "MengFanchao", "ZengXiangyu", "WuHaoran", "HuangZixuan", "YangZilong":
		return true
	}
	return false
}
