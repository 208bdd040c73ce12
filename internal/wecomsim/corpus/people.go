package corpus

import (
	"fmt"
	"math"
	"time"
)

// robotID is the group robot of the WeCom reference.
const robotID = "wbQx7kDAAAJVylUKpSA3Z5U11tDO4Xyz"

// relation is an employee who follows a customer, from one day to another.
type relation struct {
	cust, emp int
	from, to  int // days; to is excluded
	way       reachedBy
	handed    bool // taken over from a leaver
	addedAt   time.Time
	agree     bool // false: refused at first, agreed a day later
}

// hire makes the members' records from the roster.
func (c *Corpus) hire() {
	c.byID = make(map[string]int, len(roster))
	for i := range roster {
		e := &roster[i]
		c.staff = append(c.staff, e)
		c.byID[e.id] = i
		c.users = append(c.users, c.newUser(i, e))
		c.byRole[e.role] = append(c.byRole[e.role], i)
		c.terms = append(c.terms, c.newTerm(e))
	}
}

func (c *Corpus) newUser(i int, e *employee) User {
	r := newRNG(c.seed, 0xE3B1, uint64(i))
	u := User{
		UserID: e.id, Name: e.name, Department: e.depts, Position: e.position, Alias: e.given(), Status: 1,
		MainDepartment: e.depts[0], OpenUserID: "wo" + letters(r, 14), ExternalPosition: e.position,
		Telephone:       fmt.Sprintf("0571-0000%04d", 1000+i),
		ExtAttr:         ExtAttr{Attrs: []Attr{{Name: "工号", Text: AttrText{fmt.Sprintf("XH%04d", 101+i*3)}}}},
		ExternalProfile: ExternalProfile{CorpName: CorpName, Attrs: []Attr{}},
		Archived:        e.flags&unarchived == 0,
		HasCustomers:    facesCustomers(e) || e.role == executive,
		DirectLeader:    []string{},
	}
	for k, d := range e.depts {
		u.Order = append(u.Order, uint32(k+1))
		u.IsLeaderInDept = append(u.IsLeaderInDept, map[bool]int{true: 1}[e.leads == d])
	}
	if boss := leaderOf(e); boss != nil {
		u.DirectLeader = append(u.DirectLeader, boss.id)
	}
	if e.left > 0 {
		_, to := e.tenure(c.cal.begin, c.end)
		u.Status, u.DimissionTime = 5, to.Unix()
	}
	return u
}

func facesCustomers(e *employee) bool {
	switch e.role {
	case sales, storeManager, keyAccount, designer, service, installer, regionManager:
		return true
	}
	return false
}

// leaderOf climbs the departments to the first leader who is somebody else.
func leaderOf(e *employee) *employee {
	for dept := e.depts[len(e.depts)-1]; dept != 0; dept = parentOf(dept) {
		for i := range roster {
			if roster[i].leads == dept && roster[i].id != e.id {
				return &roster[i]
			}
		}
	}
	return nil
}

func parentOf(dept uint32) uint32 {
	for _, row := range departmentRows {
		if row.id == dept {
			return row.parent
		}
	}
	return 0
}

// newTerm gives the days on which an employee works here; the second is
// excluded.
func (c *Corpus) newTerm(e *employee) [2]int {
	a, b := e.tenure(c.cal.begin, c.end)
	day := func(t time.Time) int { return int(t.Sub(c.cal.begin) / (24 * time.Hour)) }
	if e.left == 0 {
		return [2]int{day(a), len(c.cal.days)}
	}
	return [2]int{day(a), day(b)}
}

// meet invents the customers and who follows them.
func (c *Corpus) meet() {
	r := newRNG(c.seed, 0x3EE7)
	c.byEmp = make([][]int, len(c.staff))
	var fronts []int
	for i, e := range c.staff {
		for range frontWeight(e) {
			fronts = append(fronts, i)
		}
	}
	for n := range customerCount {
		emp := pick(r, fronts)
		if n < 2 {
			emp = c.byID["LinXiaoyu"]
		}
		cu := newCustomer(c.seed, n, storeOf(c.staff[emp]))
		if n < 2 {
			cu.reference(n)
		}
		c.customers = append(c.customers, cu)
		if cu.kind == business && n > 1 && r.chance(0.6) {
			emp = c.byID[pick(r, []string{"DuanXiaofei", "NiJing", "HouShaobo", "ZhouMingkai", "LiangGuohao"})]
		}
		c.befriend(r, n, emp)
	}
	zhou := c.byID["ZhouMingkai"]
	c.addRelation(relation{cust: 1, emp: zhou, from: c.relations[c.customers[1].relation[0]].from + 3, to: len(c.cal.days), way: sources[2], agree: true})
}

// reference makes the customers that the WeCom reference uses as examples.
func (c *customer) reference(n int) {
	c.kind, c.english, c.voicer = homeOwner, false, n == 0
	if n == 0 {
		c.id, c.surname, c.full, c.gender, c.nick, c.calls = "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", "陈", "陈立新", 1, "陈先生", "陈先生"
		c.estate, c.house, c.address = "滨江三期", "3幢1201", "杭州市滨江区样板路88号滨江三期3幢1201"
		return
	}
	c.id, c.surname, c.full, c.gender, c.nick, c.calls = "wmQx7kDAAAc91fWqXz0sKdMvRtLp4YbE", "王", "王秀英", 2, "王姐", "王姐"
	c.estate, c.house, c.address = "滨江三期", "5幢802", "杭州市滨江区样板路88号滨江三期5幢802"
}

// frontWeight is how many customers an employee gets, relative to others.
func frontWeight(e *employee) int {
	switch e.role {
	case sales:
		return 6
	case storeManager:
		return 3
	case keyAccount:
		return 2
	case service:
		return 1
	}
	return 0
}

// befriend gives a customer his followers: the one who won him, perhaps a
// designer or a manager, and a successor when the first one left.
func (c *Corpus) befriend(r *rng, cust, emp int) {
	from, to := c.terms[emp][0], c.terms[emp][1]
	start := min(c.cal.busy(from+int(float64(to-from-2)*math.Pow(r.float(), 0.8))), to-1)
	way := sources[pickWeighted(r, sourceWeights)]
	c.addRelation(relation{cust: cust, emp: emp, from: start, to: to, way: way, agree: r.chance(0.985)})
	last := len(c.cal.days)
	if to < last && r.chance(0.7) {
		next := c.colleague(r, emp, to)
		c.addRelation(relation{cust: cust, emp: next, from: min(to+r.between(1, 5), last-1), to: last, way: reachedBy{addWay: 202}, handed: true, agree: true})
	}
	switch f := r.float(); {
	case f < 0.10:
		d := c.byID[c.anyOf(r, designer, start).id]
		c.addRelation(relation{cust: cust, emp: d, from: min(start+r.between(2, 12), last-1), to: last, way: reachedBy{addWay: 201}, agree: true})
	case f < 0.15:
		d := c.byID[c.anyOf(r, service, start).id]
		c.addRelation(relation{cust: cust, emp: d, from: min(start+r.between(20, 60), last-1), to: last, way: sources[4], agree: true})
	case f < 0.165:
		c.addRelation(relation{cust: cust, emp: c.byID["GaoYuanshan"], from: start, to: last, way: sources[2], agree: true})
	}
}

var sourceWeights = func() []int {
	var w []int
	for _, s := range sources {
		w = append(w, s.weight)
	}
	return w
}()

func (c *Corpus) addRelation(rel relation) {
	rel.to = min(rel.to, c.terms[rel.emp][1])
	if rel.from >= rel.to || rel.from < 0 {
		rel.from = max(0, rel.to-1)
	}
	c.customers[rel.cust].relation = append(c.customers[rel.cust].relation, len(c.relations))
	c.byEmp[rel.emp] = append(c.byEmp[rel.emp], len(c.relations))
	c.relations = append(c.relations, rel)
}

// colleague finds somebody of the same shop, or of the same region, who stays.
func (c *Corpus) colleague(r *rng, emp, day int) int {
	e := c.staff[emp]
	var same []int
	for i, o := range c.staff {
		if i != emp && o.left == 0 && c.terms[i][0] <= day && (o.role == sales || o.role == storeManager) && storeOf(o) == storeOf(e) {
			same = append(same, i)
		}
	}
	if len(same) == 0 {
		return c.byID["ZhouMingkai"]
	}
	return pick(r, same)
}

// anyOf picks somebody of a role who works here on a day, and stays.
func (c *Corpus) anyOf(r *rng, want role, day int) *employee {
	var list [16]int
	n := 0
	for _, i := range c.byRole[want] {
		if n < len(list) && c.staff[i].left == 0 && c.terms[i][0] <= day {
			list[n] = i
			n++
		}
	}
	return c.staff[list[r.intn(n)]]
}
