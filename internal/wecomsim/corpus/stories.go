package corpus

import (
	"math"
	"slices"
	"sort"
)

// connect lists all chats: first one per relation, then groups, then pairs of
// colleagues.
func (c *Corpus) connect() {
	for i, rel := range c.relations {
		key := mix(1, uint64(rel.cust), uint64(rel.emp))
		c.chats = append(c.chats, chat{kind: extChat, rel: i, key: key, from: rel.from, to: rel.to})
	}
	for i, g := range c.groups {
		from := g.from
		if g.kind == "estate" {
			from = c.settledIn(g, 6)
		}
		c.chats = append(c.chats, chat{kind: groupChat, room: g, key: mix(2, uint64(i)), from: from, to: len(c.cal.days)})
	}
	c.pairUp()
}

// settledIn is the day from which n customers are in a group.
func (c *Corpus) settledIn(g *group, n int) int {
	var joined []int64
	for _, m := range g.members[len(g.staff):] {
		joined = append(joined, m.from)
	}
	slices.Sort(joined)
	if len(joined) < n {
		return len(c.cal.days)
	}
	return int((joined[n-1]-c.cal.begin.UnixMilli())/(24*3600*1000)) + 1
}

// pairUp chooses which colleagues write to each other.
func (c *Corpus) pairUp() {
	r := newRNG(c.seed, 0xBA18)
	seen := map[[2]int]bool{}
	add := func(a, b int) {
		k := [2]int{min(a, b), max(a, b)}
		if a == b || seen[k] || !c.users[a].Archived && !c.users[b].Archived {
			return
		}
		seen[k] = true
		from, to := max(c.terms[a][0], c.terms[b][0]), min(c.terms[a][1], c.terms[b][1])
		if from+30 < to {
			c.chats = append(c.chats, chat{kind: pairChat, a: k[0], b: k[1], key: mix(3, uint64(k[0]), uint64(k[1])), from: from, to: to})
		}
	}
	add(c.byID["LinXiaoyu"], c.byID["ZhouMingkai"])
	add(c.byID["LinXiaoyu"], c.byID["SuYating"])
	add(c.byID["LinXiaoyu"], c.byID["XiaMo"])
	for i, e := range c.staff {
		if boss := leaderOf(e); boss != nil {
			add(i, c.byID[boss.id])
		}
		for _, want := range counterparts(e.role) {
			add(i, c.byID[c.anyOf(r, want, len(c.cal.days)).id])
		}
		for k, o := range c.staff {
			if k != i && o.depts[len(o.depts)-1] == e.depts[len(e.depts)-1] && r.chance(0.35) {
				add(i, k)
			}
		}
	}
}

// counterparts are the roles that a role works with.
func counterparts(of role) []role {
	switch of {
	case sales:
		return []role{designer, warehouse, service}
	case storeManager, keyAccount:
		return []role{designer, warehouse, finance, service}
	case regionManager:
		return []role{storeManager, marketing, executive}
	case designer:
		return []role{sales, installer}
	case service:
		return []role{installer, warehouse}
	case people, legal, engineer, marketing:
		return []role{storeManager, regionManager}
	}
	return nil
}

// customers plans the stories of all customers; a few get most of the talk.
func (p *planner) customers(want float64) {
	c := p.c
	sum, weights := 0.0, c.activity()
	for _, w := range weights {
		sum += w
	}
	plans := map[int][]intent{}
	for n := range c.customers {
		m := want * weights[n] / sum
		r := newRNG(c.seed, 0x5708, uint64(n))
		if least := 2 * perSession; m < least {
			if !r.chance(m / least) {
				continue
			}
			m = least
		}
		clear(plans)
		c.tell(r, n, m, plans)
		for _, rel := range c.customers[n].relation {
			p.place(rel, plans[rel])
		}
	}
}

// activity gives each customer's weight, a Zipf law with a flattened head.
// Buyers of other companies and craftsmen, who order again and again, lead.
func (c *Corpus) activity() []float64 {
	keys, order := make([]float64, len(c.customers)), make([]int, len(c.customers))
	for n, cu := range c.customers {
		keys[n] = newRNG(c.seed, 0x21F, uint64(n)).float()
		switch {
		case n < 2:
			keys[n] = 0.004
		case cu.kind == business:
			keys[n] *= 0.3
		case cu.kind == trader:
			keys[n] *= 0.4
		}
		keys[n] *= 1 + 0.5*float64(c.relations[cu.relation[0]].from)/float64(len(c.cal.days))
		order[n] = n
	}
	sort.Slice(order, func(a, b int) bool { return keys[order[a]] < keys[order[b]] })
	weights := make([]float64, len(order))
	for rank, n := range order {
		weights[n] = math.Pow(float64(rank+10), -0.75)
	}
	return weights
}

// purchase gives the facts of a customer's p-th purchase. Purchases follow
// each other at intervals that depend on how much the customer has to say.
func (c *Corpus) purchase(cust, p int) project {
	return c.newProject(cust, p, c.purchaseDay(cust, p))
}

func (c *Corpus) purchaseDay(cust, p int) int {
	cu := c.customers[cust]
	first := c.relations[cu.relation[0]].from
	if p == 0 || cu.pace == 0 {
		return first
	}
	r := newRNG(c.seed, 0xDA7, uint64(cust), uint64(p))
	return c.cal.busy(first + int(cu.pace*(float64(p)+0.5*r.float())))
}

// tell plans one customer's story of about m messages, by relation.
func (c *Corpus) tell(r *rng, cust int, m float64, plans map[int][]intent) {
	cu := c.customers[cust]
	first := c.relations[cu.relation[0]].from
	days := len(c.cal.days) - first
	count := max(1, int(math.Ceil(m/perProject)))
	cu.pace = math.Min(150, math.Max(0.7, float64(days)/float64(count+1)))
	left := int(math.Round(m / perSession))
	c.secondary(cust, plans)
	var scratch []stageDay
	for p := 0; p < count && left > 0; p++ {
		pr := c.purchase(cust, p)
		scratch = pr.story(r, scratch[:0])
		if rel := c.relations[cu.relation[0]]; p == 0 && !rel.agree {
			scratch[0].stage = "refused"
		}
		scratch = c.extras(r, &pr, scratch)
		sort.SliceStable(scratch, func(a, b int) bool { return scratch[a].day < scratch[b].day })
		left = c.deal(r, cust, p, &pr, scratch, left, plans)
	}
}

// extras adds what belongs to no purchase: greetings, and now and then talk
// that breaks the rules.
func (c *Corpus) extras(r *rng, pr *project, dst []stageDay) []stageDay {
	if r.chance(0.6) {
		dst = append(dst, stageDay{"sensitive", pr.quote + r.intn(12)})
	}
	if !pr.bought {
		return dst
	}
	for d := pr.order; d < min(pr.order+240, len(c.cal.days)); d++ {
		if c.cal.days[d].festival != "" && r.chance(0.3) {
			dst = append(dst, stageDay{"festival", d})
		}
	}
	return dst
}

// movable stages wait until people are back from the holidays.
var movable = []string{"follow", "chat", "care", "aftersale", "complaint", "review", "refer", "lost", "progress", "change"}

// deal gives the days of a story to the customer's relations, at most left of
// them, and answers how many are left then.
func (c *Corpus) deal(r *rng, cust, p int, pr *project, days []stageDay, left int, plans map[int][]intent) int {
	for _, sd := range days {
		day := sd.day
		if slices.Contains(movable, sd.stage) {
			day = c.cal.settle(r, day, false)
		}
		if (sd.stage == "progress" || sd.stage == "change") && day > pr.deliver-3 {
			continue // the holidays ate the time in which there was something to ask
		}
		rel := c.speaker(r, cust, sd.stage, day)
		if rel < 0 || sd.stage == "festival" && slices.ContainsFunc(plans[rel], func(i intent) bool { return i.stage == "festival" && i.day == day }) {
			continue
		}
		if left--; left < 0 {
			break
		}
		plans[rel] = append(plans[rel], intent{sd.stage, day, p})
	}
	return left
}

// speaker chooses which relation a session belongs to: the first follower, his
// successor, or the specialist. -1 when nobody is there that day.
func (c *Corpus) speaker(r *rng, cust int, stage string, day int) int {
	if day >= len(c.cal.days) {
		return -1
	}
	found := -1
	for k, i := range c.customers[cust].relation {
		rel := &c.relations[i]
		if day < rel.from || day >= rel.to || !c.users[rel.emp].Archived {
			continue
		}
		switch {
		case k == 0, rel.handed:
			if found < 0 {
				found = i
			}
		case suitsRole(c.staff[rel.emp].role, stage) && day > rel.from && r.chance(0.6):
			return i
		}
	}
	return found
}

func suitsRole(who role, stage string) bool {
	switch who {
	case designer:
		return stage == "design" || stage == "revise" || stage == "measured"
	case service:
		return stage == "aftersale" || stage == "complaint"
	case regionManager:
		return stage == "complaint" || stage == "haggle"
	}
	return false
}

// secondary lets the later followers introduce themselves.
func (c *Corpus) secondary(cust int, plans map[int][]intent) {
	for k, i := range c.customers[cust].relation {
		rel := &c.relations[i]
		if k == 0 || !c.users[rel.emp].Archived {
			continue
		}
		stage := "meet"
		switch {
		case rel.handed:
			stage = "handover"
		case c.staff[rel.emp].role == designer:
			stage = "meetdesigner"
		case c.staff[rel.emp].role == service:
			stage = "meetservice"
		}
		plans[i] = append(plans[i], intent{stage, rel.from, 0})
	}
}

// rooms plans the groups' sessions.
func (p *planner) rooms(want float64) {
	sum := 0.0
	for _, g := range p.c.groups {
		sum += g.weight
	}
	for i := range p.c.chats {
		switch ch := &p.c.chats[i]; {
		case ch.kind != groupChat:
		case ch.room.kind == "project":
			p.serve(i, want*ch.room.weight/sum)
		default:
			p.scatter(i, want*ch.room.weight/sum, ch.room.topics, ch.room.kind == "inner")
		}
	}
}

// serve plans a service group: along the steps of its order first, then what
// comes up in the home later.
func (p *planner) serve(chatIndex int, m float64) {
	ch := &p.c.chats[chatIndex]
	g := ch.room
	r := newRNG(p.c.seed, 0x5E7E, ch.key)
	pr := p.c.newProject(g.cust, 0, p.c.relations[p.c.customers[g.cust].relation[0]].from)
	mid := (pr.order + pr.deliver) / 2
	steps := []stageDay{
		{"start", g.from},
		{"measure", pr.measure - 1},
		{"plan", pr.drawn},
		{"material", pr.drawn + 1},
		{"budget", pr.order},
		{"progress", mid - 6},
		{"progress", mid + 3},
		{"delivery", pr.deliver - 1},
		{"install", pr.install},
		{"issue", pr.install + 1},
		{"thanks", pr.install + 4},
	}
	left := int(m/perSession) + 1
	var intents []intent
	for i := 0; i < left; i++ {
		sd := stageDay{pick(r, []string{"home", "home", "issue", "sensitive"}), pr.install + 8 + r.intn(max(1, ch.to-pr.install-8))}
		if i < len(steps) {
			sd = steps[i]
		}
		if sd.stage == "sensitive" && r.chance(0.9) {
			sd.stage = "home"
		}
		if sd.day >= ch.from && sd.day < ch.to {
			intents = append(intents, intent{sd.stage, sd.day, 0})
		}
	}
	p.place(chatIndex, intents)
}

// pairs plans the talk between two colleagues; some pairs talk far more.
func (p *planner) pairs(want float64) {
	sum, weights := 0.0, make([]float64, len(p.c.chats))
	for i := range p.c.chats {
		if p.c.chats[i].kind == pairChat {
			rank := newRNG(p.c.seed, 0x9A12, p.c.chats[i].key).float() * 150
			weights[i] = math.Pow(rank+3, -0.8)
			sum += weights[i]
		}
	}
	for i := range p.c.chats {
		if p.c.chats[i].kind == pairChat {
			p.scatter(i, want*weights[i]/sum, []string{"work", "work", "work", "fun"}, true)
		}
	}
}

// scatter spreads m messages over a chat's days.
func (p *planner) scatter(chatIndex int, m float64, topics []string, office bool) {
	ch := &p.c.chats[chatIndex]
	r := newRNG(p.c.seed, 0x5CA7, ch.key)
	count := int(m / perSession)
	if r.chance(m/perSession - float64(count)) {
		count++
	}
	var intents []intent
	for range count {
		day := p.c.cal.settle(r, ch.from+r.intn(ch.to-ch.from), office)
		stage := pick(r, topics)
		if r.chance(0.045) {
			stage = "sensitive"
		}
		if day < ch.to {
			intents = append(intents, intent{stage, day, 0})
		}
	}
	p.place(chatIndex, intents)
}
