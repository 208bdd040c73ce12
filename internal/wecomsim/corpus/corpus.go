// Package corpus invents the company behind wecomsim: its staff, customers and
// groups, and two years of conversations between them, in natural Chinese
// business talk. Everything follows from a seed: message i is the same bytes
// whenever and in whatever order it is asked for, and a corpus of a million
// messages is an index of sessions only, each written out when it is read.
//
// The dialogues are the files under scripts/; script.go says how they are
// written. All people, firms, estates and numbers are invented.
package corpus

import (
	"sort"
	"sync"
	"time"
)

// Options say which corpus is wanted.
type Options struct {
	Seed     uint64
	Messages int       // how many messages Len gives; negative means 0
	End      time.Time // nothing is later; zero means now, to the minute
	Gallery  bool      // the first messages are those of the sample chat, GalleryName
}

// months is how much time a corpus covers.
const months = 24

// Record is one archived message.
type Record struct {
	MsgID string
	Time  time.Time // UTC, to the millisecond; msgtime of the JSON
	JSON  []byte    // the decrypted message as WeCom delivers it
}

// Corpus is a company and its conversations. All methods may be called
// concurrently; what they return must not be changed.
type Corpus struct {
	seed uint64
	end  time.Time
	cal  *calendar
	lib  *library

	staff     []*employee
	users     []User
	byID      map[string]int // userid -> index into staff
	byRole    [executive + 1][]int
	terms     [][2]int // first day of each of the staff, and the day after the last
	customers []*customer
	relations []relation
	byEmp     [][]int // relations of each of the staff
	contacts  []ExternalContact
	groups    []*group
	tags      []TagGroup
	chats     []chat

	sessions []session
	firstOf  []int // index of the first session of each day, and the end
	before   []int // number of messages before each day, and in all
	pages    *pageCache
	live     liveState

	gallery *GroupChat // nil without Options.Gallery
	shown   []Record   // messages of the sample chat, the first of all
}

// New prepares a corpus. The directory depends on Seed and End only.
func New(o Options) *Corpus {
	end := o.End
	if end.IsZero() {
		end = time.Now().Truncate(time.Minute)
	}
	end = end.In(china)
	begin := end.AddDate(0, -months, 0)
	begin = time.Date(begin.Year(), begin.Month(), begin.Day(), 0, 0, 0, 0, china)
	last := end
	if end.Hour() < 10 { // too early for the shops: the day before is the last one
		last = end.AddDate(0, 0, -1)
	}
	days := int(last.Sub(begin)/(24*time.Hour)) + 1
	c := &Corpus{seed: o.Seed, end: end, cal: newCalendar(begin, days), lib: loadLibrary(), pages: newPageCache()}
	c.hire()
	c.meet()
	c.gather()
	c.describe()
	c.connect()
	if o.Gallery {
		c.openGallery(o.Messages)
	}
	c.schedule(max(0, o.Messages-len(c.shown)))
	return c
}

// Len is the number of messages.
func (c *Corpus) Len() int { return len(c.shown) + c.before[len(c.before)-1] }

// Message gives the i-th message in time order, counting from 0. It panics
// when i is out of range, as a slice does.
func (c *Corpus) Message(i int) Record {
	if i < 0 || i >= c.Len() {
		panic("corpus: message index out of range")
	}
	if i < len(c.shown) {
		return c.shown[i]
	}
	i -= len(c.shown)
	day := sort.SearchInts(c.before, i+1) - 1
	return c.page(day).record(c, i-c.before[day])
}

// Departments lists the departments, the root first.
func (c *Corpus) Departments() []Department {
	list := make([]Department, 0, len(departmentRows))
	for i, row := range departmentRows {
		d := Department{ID: row.id, Name: row.name, NameEn: row.nameEn, ParentID: row.parent, Order: uint32(100000000 - 1000*i), Leaders: []string{}}
		for _, e := range c.staff {
			if e.leads == row.id {
				d.Leaders = append(d.Leaders, e.id)
			}
		}
		list = append(list, d)
	}
	return list
}

// Users lists the members, also those who left (Status 5, DimissionTime set).
func (c *Corpus) Users() []User { return c.users }

// ExternalContacts lists the customers with the employees who follow them.
func (c *Corpus) ExternalContacts() []ExternalContact { return c.contacts }

// CorpTags lists the company's customer tags.
func (c *Corpus) CorpTags() []TagGroup { return c.tags }

// GroupChats lists customer groups and internal groups (Internal is set).
func (c *Corpus) GroupChats() []GroupChat {
	list := make([]GroupChat, 0, len(c.groups))
	for _, g := range c.groups {
		list = append(list, g.public)
	}
	if c.gallery != nil {
		list = append(list, *c.gallery)
	}
	return list
}

// Robots lists the group robots that send markdown and news.
func (c *Corpus) Robots() []Robot {
	return []Robot{
		{RobotID: robotID, Name: "日报助手", CreatorUserID: "ZhouMingkai"},
		{RobotID: newsRobotID, Name: "新品播报", CreatorUserID: "HeRuoxi"},
	}
}

// Permitted lists the members whose chats are archived now: those inside the
// archive's scope who have not left.
func (c *Corpus) Permitted() []string {
	var ids []string
	for _, u := range c.users {
		if u.Archived && u.DimissionTime == 0 {
			ids = append(ids, u.UserID)
		}
	}
	return ids
}

// pageCache keeps the days that were read last.
type pageCache struct {
	mu    sync.Mutex
	pages map[int]*page
	order []int // least recently made first
	held  int   // messages in the cache
}

// maxHeld bounds the messages of the cached days; one day is always kept.
const maxHeld = 60_000

func newPageCache() *pageCache { return &pageCache{pages: map[int]*page{}} }

// page gives a day's messages, in order but written out only when asked for.
func (c *Corpus) page(day int) *page {
	pc := c.pages
	pc.mu.Lock()
	defer pc.mu.Unlock()
	if p := pc.pages[day]; p != nil {
		return p
	}
	p := c.newPage(day)
	pc.pages[day] = p
	pc.order = append(pc.order, day)
	pc.held += len(p.lines)
	for pc.held > maxHeld && len(pc.order) > 1 {
		old := pc.order[0]
		pc.order = pc.order[1:]
		pc.held -= len(pc.pages[old].lines)
		delete(pc.pages, old)
	}
	return p
}

// page is one day: which session says its i-th message.
type page struct {
	plays []*play
	lines []pageLine
}

type pageLine struct {
	at   int64 // milliseconds
	play int32 // index into plays
	turn int32
}

// newPage plans all sessions of a day and puts their turns in time order.
func (c *Corpus) newPage(day int) *page {
	list := c.sessions[c.firstOf[day]:c.firstOf[day+1]]
	p := &page{plays: make([]*play, len(list)), lines: make([]pageLine, 0, c.before[day+1]-c.before[day])}
	for i := range list {
		pl := c.newPlay(&list[i])
		p.plays[i] = pl
		for t := range pl.turns {
			p.lines = append(p.lines, pageLine{at: pl.turns[t].at, play: int32(i), turn: int32(t)})
		}
	}
	sort.SliceStable(p.lines, func(a, b int) bool { return p.lines[a].at < p.lines[b].at })
	return p
}

func (p *page) record(c *Corpus, i int) Record {
	l := p.lines[i]
	pl := p.plays[l.play]
	pl.once.Do(func() { pl.records = c.perform(pl) })
	return pl.records[l.turn]
}
