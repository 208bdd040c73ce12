package corpus

// project is one purchase: what is wanted, for how much, and when each step
// happens. Every session of it sees the same facts.
type project struct {
	item, other   *item
	size, size2   string
	mat, mat2     string
	color, color2 string
	price, price2 int // list prices of size and size2
	deal, deposit int // what is paid in the end, and at first
	repeat        bool
	bought        bool // the story goes as far as an order
	number        int  // of the order on its day
	designer      *employee
	installer     *employee

	// Days since the corpus began.
	start, quote, visit, measure, drawn, order, deliver, install int
}

// newProject invents the p-th purchase of a customer, beginning on a given day.
func (c *Corpus) newProject(cust, p, start int) project {
	r := newRNG(c.seed, 0x9807EC7, uint64(cust), uint64(p))
	pr := project{start: start, repeat: p > 0}
	pr.choose(r, 0.45)
	pr.money(r)
	pr.days(r, c.cal)
	pr.bought = r.chance(0.72) || p > 0
	pr.number = r.between(1, 9899)
	pr.designer = c.anyOf(r, designer, start)
	pr.installer = c.anyOf(r, installer, start)
	return pr
}

// choose picks the goods; custom is the share of made-to-measure ones.
func (p *project) choose(r *rng, custom float64) {
	list := stockItems
	if r.chance(custom) {
		list = customItems
	}
	p.item = &items[pick(r, list)]
	p.other = p.item
	for p.other == p.item || p.other.custom != p.item.custom {
		p.other = &items[pick(r, list)]
	}
	it := p.item
	i := r.intn(len(it.sizes))
	j := (i + 1 + r.intn(len(it.sizes)-1)) % len(it.sizes)
	p.size, p.size2 = it.sizes[i], it.sizes[j]
	p.price, p.price2 = it.base+i*it.step, it.base+j*it.step
	p.mat, p.mat2 = two(r, it.mats)
	p.color, p.color2 = two(r, it.colors)
}

// two picks two different entries of a list that has at least two.
func two(r *rng, list []string) (a, b string) {
	i := r.intn(len(list))
	return list[i], list[(i+1+r.intn(len(list)-1))%len(list)]
}

func (p *project) money(r *rng) {
	// The catalogue is nominal: finish and fittings move it a little, so that
	// two customers seldom see the same figure.
	extra := r.between(0, 9) * 20
	p.price, p.price2 = p.price+extra, p.price2+extra
	p.deal = p.price * r.between(88, 96) / 100 / 10 * 10
	p.deposit = 500
	if p.deal > 4000 {
		p.deposit = p.deal * 3 / 10 / 500 * 500
	}
}

// days plans the steps; none falls into the Spring Festival.
func (p *project) days(r *rng, cal *calendar) {
	p.quote = p.start + r.intn(3)
	p.visit = cal.busy(p.quote + r.between(1, 6))
	p.measure = cal.busy(p.visit + r.between(1, 4))
	p.drawn = cal.busy(p.measure + r.between(3, 7))
	if p.item.custom {
		p.order = cal.busy(p.drawn + r.between(1, 6))
		p.deliver = cal.busy(p.order + r.between(28, 42))
		p.install = cal.busy(p.deliver + r.between(1, 2))
		return
	}
	p.order = cal.busy(p.visit + r.intn(4))
	p.deliver = cal.busy(p.order + r.between(6, 20))
	p.install = p.deliver
}

// stageDay is one meeting of a story: what happens on which day.
type stageDay struct {
	stage string
	day   int
}

// story lists what happens in a purchase, in order. A first purchase begins
// with becoming acquainted.
func (p *project) story(r *rng, dst []stageDay) []stageDay {
	add := func(chance float64, stage string, day int) {
		if r.chance(chance) {
			dst = append(dst, stageDay{stage, day})
		}
	}
	if !p.repeat {
		add(1, "intro", p.start)
	}
	add(1, "enquiry", p.start)
	add(0.45, "detail", p.start+r.intn(2))
	add(1, "price", p.quote)
	add(0.5, "haggle", p.quote+r.intn(2))
	if !p.bought {
		add(1, "follow", p.quote+r.between(2, 6))
		add(0.4, "follow", p.quote+r.between(8, 20))
		add(0.6, "lost", p.quote+r.between(21, 30))
		return dst
	}
	add(0.6, "visit", p.visit-1)
	add(0.65, "visited", p.visit)
	if p.item.custom {
		add(1, "measure", p.measure-1)
		add(0.6, "measured", p.measure)
		add(1, "design", p.drawn)
		add(0.7, "revise", p.drawn+r.intn(p.order-p.drawn))
	}
	add(0.35, "chat", p.visit+r.intn(p.order-p.visit+1))
	add(1, "order", p.order)
	add(0.5, "paid", p.order)
	p.fulfilment(r, add)
	p.afterwards(r, add)
	return dst
}

func (p *project) fulfilment(r *rng, add func(float64, string, int)) {
	mid := (p.deliver - p.order) / 2
	add(0.8, "progress", p.order+mid+r.intn(2))
	if p.item.custom {
		add(0.5, "progress", p.order+mid/2)
		add(0.4, "chat", p.order+mid/3)
	}
	add(0.3, "change", p.order+1+r.intn(mid/2+1))
	add(1, "schedule", p.deliver-r.between(1, 2))
	add(0.9, "delivery", p.deliver)
	add(0.8, "install", p.install)
	add(0.6, "review", p.install+r.between(1, 4))
}

func (p *project) afterwards(r *rng, add func(float64, string, int)) {
	add(0.5, "care", p.install+r.between(3, 12))
	add(0.6, "aftersale", p.install+r.between(6, 60))
	add(0.12, "complaint", p.install+r.between(1, 20))
	add(0.4, "chat", p.install+r.between(10, 80))
	add(0.25, "aftersale", p.install+r.between(60, 160))
	add(0.3, "refer", p.install+r.between(14, 70))
}
