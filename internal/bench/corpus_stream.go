package bench

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"huicun/internal/ingest/chatdata"
)

// session is a run of messages in one chat, with pauses of some seconds.
type session struct {
	next   time.Time
	order  int // of beginning; decides where times are equal
	left   int
	group  int // index of the group; -1: a direct chat
	a, b   string
	said   string // msgid of the last message, and who sent it: what a revoke may name
	sender string
}

// stream writes the messages of a corpus in the order of time.
type stream struct {
	c       *Corpus
	r       *rand.Rand
	who     *rand.Zipf // employees by activity
	whom    *rand.Zipf // customers of an employee
	where   *rand.Zipf // groups
	waiting sessions
	begun   int
	seq     int64
}

// sessions is a heap by time.
type sessions []*session

func (s sessions) Len() int { return len(s) }
func (s sessions) Less(i, j int) bool {
	if s[i].next.Equal(s[j].next) {
		return s[i].order < s[j].order
	}
	return s[i].next.Before(s[j].next)
}
func (s sessions) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push implements heap.Interface.
func (s *sessions) Push(x any) { *s = append(*s, x.(*session)) }

// Pop implements heap.Interface.
func (s *sessions) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

const (
	zipfEmployees, zipfCustomers, zipfGroups = 1.1, 1.3, 1.1

	meanSession = 7
	meanPause   = 40 * time.Second
)

// EachMessage calls do with every message in the order of seq and time.
func (c *Corpus) EachMessage(do func(CorpusMessage) error) error {
	r := c.random(randomMessages)
	s := &stream{
		c: c, r: r,
		who:   rand.NewZipf(r, zipfEmployees, 20, uint64(c.opts.Employees-1)),
		whom:  rand.NewZipf(r, zipfCustomers, 5, uint64(max(1, c.opts.Customers/c.opts.Employees)-1)),
		where: rand.NewZipf(r, zipfGroups, 20, uint64(max(1, c.opts.Groups)-1)),
	}
	for _, day := range c.days() {
		begins := s.plan(day)
		for i, at := range begins {
			if err := s.until(at.next, do); err != nil {
				return err
			}
			heap.Push(&s.waiting, begins[i])
		}
	}
	return s.until(c.opts.End.Add(24*time.Hour), do)
}

// day is a day and how many messages its sessions have.
type day struct {
	begin    time.Time
	messages int
}

// days spreads the messages over the days: fewer on Saturdays and Sundays.
func (c *Corpus) days() []day {
	begin := c.opts.End.AddDate(0, -c.opts.Months, 0)
	var list []day
	var weights []float64
	sum := 0.0
	for d := begin; d.Before(c.opts.End); d = d.AddDate(0, 0, 1) {
		weight := map[time.Weekday]float64{time.Saturday: 0.6, time.Sunday: 0.3}[d.Weekday()]
		if weight == 0 {
			weight = 1
		}
		list, weights = append(list, day{begin: d}), append(weights, weight)
		sum += weight
	}
	planned, weight := 0, 0.0
	for i := range list {
		weight += weights[i]
		upTo := int(float64(c.opts.Messages)*weight/sum + 0.5)
		list[i].messages = upTo - planned
		planned = upTo
	}
	return list
}

// hours of the day in China by how much is said in them, midnight first.
var hours = []int{1, 0, 0, 0, 0, 0, 1, 3, 10, 18, 22, 20, 9, 12, 20, 22, 21, 18, 12, 10, 11, 8, 5, 2}

// plan makes the sessions that begin on a day, in order.
func (s *stream) plan(d day) []*session {
	total := 0
	for _, h := range hours {
		total += h
	}
	var list []*session
	for left := d.messages; left > 0; {
		n := min(left, 1+int(s.r.ExpFloat64()*(meanSession-0.5)))
		left -= n
		in := s.r.IntN(total)
		hour := 0
		for in >= hours[hour] {
			in -= hours[hour]
			hour++
		}
		at := d.begin.Add(time.Duration((hour+16)%24)*time.Hour + time.Duration(s.r.Int64N(int64(time.Hour)))).Truncate(time.Millisecond)
		ss := s.meet()
		ss.next, ss.left, ss.order = at, n, s.begun
		s.begun++
		list = append(list, ss)
	}
	slices.SortStableFunc(list, func(a, b *session) int { return a.next.Compare(b.next) })
	return list
}

// meet chooses who talks: seven sessions in ten with a customer, two in a
// group, one among colleagues.
func (s *stream) meet() *session {
	// Active employees are spread over the departments.
	e := int(scramble(s.who.Uint64()) % uint64(s.c.opts.Employees))
	switch kind := s.r.IntN(10); {
	case kind < 2 && len(s.c.groups) > 0:
		return &session{group: int(s.where.Uint64())}
	case kind < 3 && s.c.opts.Employees > 1:
		other := (e + 1 + s.r.IntN(min(10, s.c.opts.Employees-1))) % s.c.opts.Employees
		return &session{group: -1, a: Userid(e), b: Userid(other)}
	default:
		n := min(int(s.whom.Uint64()), s.c.customersOf(e)-1)
		return &session{group: -1, a: Userid(e), b: externalUserid(s.c.customerOf(e, n))}
	}
}

// until says everything that is due before a time.
func (s *stream) until(at time.Time, do func(CorpusMessage) error) error {
	for len(s.waiting) > 0 && s.waiting[0].next.Before(at) {
		ss := s.waiting[0]
		if err := do(s.say(ss)); err != nil {
			return err
		}
		if ss.left--; ss.left == 0 {
			heap.Pop(&s.waiting)
			continue
		}
		ss.next = ss.next.Add(time.Second + time.Duration(s.r.ExpFloat64()*float64(meanPause))).Truncate(time.Millisecond)
		if !ss.next.Before(s.c.opts.End) { // what would be said tomorrow is said at the last moment
			ss.next = s.c.opts.End.Add(-time.Millisecond)
		}
		heap.Fix(&s.waiting, 0)
	}
	return nil
}

// pulledAfter is how long after sending a message was stored.
const pulledAfter = 1500 * time.Millisecond

// say writes the next message of a session.
func (s *stream) say(ss *session) CorpusMessage {
	s.seq++
	from, to, room := s.roles(ss)
	msgid := fmt.Sprintf("%d_%d_external", scramble(uint64(s.seq)^s.c.opts.Seed<<40), ss.next.UnixMilli())
	b := &body{r: s.r, texts: s.c.texts}
	if ss.said != "" && ss.sender == from && s.r.IntN(50) == 0 {
		b.head(msgid, "recall", from, to, room, ss.next)
		b.revoke(ss.said)
		ss.said = ""
	} else {
		b.head(msgid, "send", from, to, room, ss.next)
		b.content()
		ss.said, ss.sender = msgid, from
	}
	return CorpusMessage{
		Outer: chatdata.Outer{MsgID: msgid, Seq: s.seq, PublicKeyVer: 1, PulledAt: ss.next.Add(pulledAfter)},
		Body:  b.done(), At: ss.next,
	}
}

// roles chooses who speaks. Everybody else in the chat hears it.
func (s *stream) roles(ss *session) (from string, to []string, room string) {
	if ss.group < 0 {
		if s.r.IntN(2) == 0 {
			return ss.a, []string{ss.b}, ""
		}
		return ss.b, []string{ss.a}, ""
	}
	g := s.c.groups[ss.group]
	i := s.r.IntN(len(g.members))
	return g.members[i], append(g.members[:i:i], g.members[i+1:]...), g.roomID
}
