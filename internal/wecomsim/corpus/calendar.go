package corpus

import "time"

// china is the company's clock; China has had no summer time since 1991.
var china = time.FixedZone("Asia/Shanghai", 8*3600)

// festival is a day on which people send greetings.
type festival struct {
	name  string
	month time.Month
	day   int
}

var fixedFestivals = []festival{
	{"元旦", time.January, 1}, {"劳动节", time.May, 1}, {"国庆", time.October, 1},
}

// movingFestivals are those of the lunar calendar.
var movingFestivals = map[int][]festival{
	2023: {{"春节", time.January, 22}, {"端午", time.June, 22}, {"中秋", time.September, 29}},
	2024: {{"春节", time.February, 10}, {"端午", time.June, 10}, {"中秋", time.September, 17}},
	2025: {{"春节", time.January, 29}, {"端午", time.May, 31}, {"中秋", time.October, 6}},
	2026: {{"春节", time.February, 17}, {"端午", time.June, 19}, {"中秋", time.September, 25}},
	2027: {{"春节", time.February, 6}, {"端午", time.June, 9}, {"中秋", time.September, 15}},
	2028: {{"春节", time.January, 26}, {"端午", time.May, 28}, {"中秋", time.October, 3}},
	2029: {{"春节", time.February, 13}, {"端午", time.June, 16}, {"中秋", time.September, 22}},
	2030: {{"春节", time.February, 3}, {"端午", time.June, 5}, {"中秋", time.September, 12}},
	2031: {{"春节", time.January, 23}, {"端午", time.June, 24}, {"中秋", time.October, 1}},
	2032: {{"春节", time.February, 11}, {"端午", time.June, 12}, {"中秋", time.September, 19}},
}

// calendar answers, for each day of the corpus, what kind of day it is.
type calendar struct {
	begin time.Time // 00:00 in China of day 0
	days  []dayKind
}

type dayKind struct {
	weekday  time.Weekday
	quiet    bool   // around the Spring Festival
	festival string // "" on ordinary days
}

func newCalendar(begin time.Time, days int) *calendar {
	cal := &calendar{begin: begin, days: make([]dayKind, days)}
	for d := range cal.days {
		t := cal.date(d)
		cal.days[d] = dayKind{weekday: t.Weekday(), festival: festivalOn(t)}
	}
	for d := range cal.days {
		if cal.days[d].festival == "春节" {
			for q := max(0, d-4); q <= d+7 && q < days; q++ {
				cal.days[q].quiet = true
			}
		}
	}
	return cal
}

// date gives 00:00 in China of a day. China has no summer time, so a day is
// always 24 hours.
func (cal *calendar) date(day int) time.Time {
	return cal.begin.Add(time.Duration(day) * 24 * time.Hour)
}

func festivalOn(t time.Time) string {
	_, m, d := t.Date()
	for _, list := range [][]festival{movingFestivals[t.Year()], fixedFestivals} {
		for _, f := range list {
			if f.month == m && f.day == d {
				return f.name
			}
		}
	}
	return ""
}

// busy gives the first day from day on that is outside the Spring Festival
// with a few days to spare, so that work can be planned for it.
func (cal *calendar) busy(day int) int {
	moved := false
	for day < len(cal.days) && cal.days[max(day, 0)].quiet {
		day++
		moved = true
	}
	if moved {
		day += 3
	}
	return day
}

// settle moves a planned day to one on which people really talk: out of the
// Spring Festival, and for office talk mostly out of the weekend.
func (cal *calendar) settle(r *rng, day int, office bool) int {
	if cal.quiet(day) && !r.chance(0.07) {
		for cal.quiet(day) {
			day++
		}
		day += r.intn(6)
	}
	for office && cal.weekend(day) && !r.chance(0.2) {
		day++
	}
	return day
}

func (cal *calendar) quiet(day int) bool {
	return day >= 0 && day < len(cal.days) && cal.days[day].quiet
}

func (cal *calendar) weekend(day int) bool {
	w := cal.date(day).Weekday()
	return w == time.Saturday || w == time.Sunday
}

// hours is how likely a chat is to begin in each half hour of the day.
type hours [48]float64

var (
	shopHours   = makeHours(span{8, 9, 0.25}, span{9, 12, 1}, span{12, 13.5, 0.5}, span{13.5, 18, 1}, span{18, 19, 0.7}, span{19, 22, 1.2}, span{22, 22.5, 0.35})
	officeHours = makeHours(span{8, 9, 0.35}, span{9, 12, 1.2}, span{12, 13.5, 0.25}, span{13.5, 18, 1.2}, span{18, 19.5, 0.45}, span{19.5, 21.5, 0.15})
)

type span struct{ from, to, weight float64 }

// makeHours gives the cumulated distribution.
func makeHours(spans ...span) *hours {
	var h hours
	total := 0.0
	for i := range h {
		at := float64(i) / 2
		for _, s := range spans {
			if at >= s.from && at < s.to {
				total += s.weight
			}
		}
		h[i] = total
	}
	for i := range h {
		h[i] /= total
	}
	return &h
}

// at gives the second of the day at quantile q of the distribution.
func (h *hours) at(q float64) int {
	before := 0.0
	for i, cum := range h {
		if q < cum {
			return i*1800 + int(1800*(q-before)/(cum-before))
		}
		before = cum
	}
	return 22*3600 + 1800
}

// share gives the quantile of a second of the day.
func (h *hours) share(second int) float64 {
	i := min(second/1800, 47)
	before := 0.0
	if i > 0 {
		before = h[i-1]
	}
	return before + (h[i]-before)*float64(second%1800)/1800
}
