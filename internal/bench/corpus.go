package bench

import (
	"encoding/base32"
	"fmt"
	"math/rand/v2"
	"time"

	"huicun/internal/ingest/chatdata"
)

// CorpusOptions say which corpus is wanted. The zero value of a field takes
// the default of its comment.
type CorpusOptions struct {
	Seed      uint64    // 0: 1
	Messages  int       // 0: 100,000
	Employees int       // 0: 5,000
	Customers int       // 0: 300,000
	Groups    int       // 0: 5,000
	Months    int       // 0: 24
	End       time.Time // nothing is later; zero: the first of July 2026, so that a seed always gives the same
}

func (o CorpusOptions) withDefaults() CorpusOptions {
	for _, f := range []struct {
		field *int
		usual int
	}{{&o.Messages, 100_000}, {&o.Employees, 5000}, {&o.Customers, 300_000}, {&o.Groups, 5000}, {&o.Months, 24}} {
		if *f.field == 0 {
			*f.field = f.usual
		}
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.End.IsZero() {
		o.End = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	}
	return o
}

// Corpus is a large company and what it says: the messages that every
// benchmark reads. The same options give the same bytes.
type Corpus struct {
	opts   CorpusOptions
	groups []corpusGroup
	texts  *texts
}

// corpusGroup is a group chat.
type corpusGroup struct {
	roomID    string
	name      string
	owner     int // employee
	employees []int
	customers []int
	members   []string // ids of all of them
}

// NewCorpus prepares a corpus; messages come from EachMessage.
func NewCorpus(o CorpusOptions) *Corpus {
	c := &Corpus{opts: o.withDefaults()}
	c.texts = newTexts(c.opts.Seed)
	c.gather()
	return c
}

// streams of random numbers, so that one part does not disturb another.
const (
	randomGroups = iota + 1
	randomMessages
	randomReads
	randomSearches = 1 << 32 // others are added to randomReads
)

func (c *Corpus) random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(c.opts.Seed, stream)) } //nolint:gosec // repeatable on purpose

// gather makes groups of some employees and customers of their owner.
func (c *Corpus) gather() {
	r := c.random(randomGroups)
	for i := range c.opts.Groups {
		g := corpusGroup{roomID: fmt.Sprintf("wrBench%025d", i), owner: i % c.opts.Employees}
		g.name = fmt.Sprintf("%s项目群%d", surnames[i%len(surnames)], i)
		g.employees = []int{g.owner}
		for j := range min(1+r.IntN(3), c.opts.Employees-1) {
			g.employees = append(g.employees, (g.owner+j+1)%c.opts.Employees)
		}
		for range min(1+int(r.ExpFloat64()*4), 30, c.customersOf(g.owner)) {
			g.customers = append(g.customers, c.customerOf(g.owner, len(g.customers)))
		}
		for _, e := range g.employees {
			g.members = append(g.members, Userid(e))
		}
		for _, e := range g.customers {
			g.members = append(g.members, externalUserid(e))
		}
		c.groups = append(c.groups, g)
	}
}

// customersOf is the number of customers that an employee looks after.
func (c *Corpus) customersOf(employee int) int {
	return (c.opts.Customers - employee + c.opts.Employees - 1) / c.opts.Employees
}

// customerOf gives the nth customer of an employee.
func (c *Corpus) customerOf(employee, n int) int { return employee + n*c.opts.Employees }

// employeeOf is who looks after a customer.
func (c *Corpus) employeeOf(customer int) int { return customer % c.opts.Employees }

// Userid is the id of an employee as WeCom spells it.
func Userid(employee int) string { return fmt.Sprintf("Emp%05d", employee) }

// person is the key of an employee.
func person(employee int) string { return fmt.Sprintf("emp%05d", employee) }

// externalUserid looks like an id that WeCom gave to a customer.
func externalUserid(customer int) string {
	var b [8]byte
	n := scramble(uint64(customer))
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	return "wmBench" + fmt.Sprintf("%08d", customer) + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]) + "0000"
}

// scramble is a permutation of the 64-bit numbers (splitmix64).
func scramble(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

var (
	surnames = []string{"王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高", "罗"}
	givens   = []string{"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰", "霞", "平", "刚", "桂英", "浩然", "子轩", "雨桐", "欣怡", "俊杰", "思远", "嘉豪"}
)

// nameOf gives a person's name; many share one, as in life.
func nameOf(n int) string {
	h := scramble(uint64(n))
	return surnames[h%uint64(len(surnames))] + givens[h>>32%uint64(len(givens))]
}

// Departments: a root, divisions of up to 500 and teams of up to 25.
const (
	rootDepartment = 1
	divisionSize   = 500
	teamSize       = 25
)

func divisionOf(employee int) int { return 100 + employee/divisionSize }
func teamOf(employee int) int     { return 1000 + employee/teamSize }

// CorpusMessage is one message, as the archive would have received it.
type CorpusMessage struct {
	chatdata.Outer
	Body []byte // decrypted JSON
	At   time.Time
}
