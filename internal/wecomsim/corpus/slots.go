package corpus

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// slots are the words in angle brackets that scripts may use.
var slots map[string]slotFunc

func init() {
	slots = map[string]slotFunc{
		"em": slotEmoji, "n": slotNumber, "yuan": slotYuan, "d": slotDay, "dd": slotDate, "month": slotMonth,
		"call": slotCall, "nm": slotCall, "at": slotMention, "me": slotMe, "name": slotName, "greet": slotGreet,
		"fest": slotFestival, "clock1": slotClock1, "clock2": slotClock2, "tel": slotPhone, "order": slotOrder,
		"colleague": slotColleague, "mobile": slotMobile,
	}
	for name, f := range wordSlots {
		slots[name] = func(s *scene, dst []byte, _ string) []byte { return append(dst, f(s)...) }
	}
	for name, f := range moneySlots {
		slots[name] = func(s *scene, dst []byte, _ string) []byte { return strconv.AppendInt(dst, int64(f(s)), 10) }
	}
}

var wordSlots = map[string]func(*scene) string{
	"p":         func(s *scene) string { return s.pr.item.name },
	"p2":        func(s *scene) string { return s.pr.other.name },
	"cl":        func(s *scene) string { return s.pr.item.counts },
	"cl2":       func(s *scene) string { return s.pr.other.counts },
	"room":      func(s *scene) string { return s.pr.item.room },
	"size":      func(s *scene) string { return s.pr.size },
	"size2":     func(s *scene) string { return s.pr.size2 },
	"mat":       func(s *scene) string { return s.pr.mat },
	"mat2":      func(s *scene) string { return s.pr.mat2 },
	"col":       func(s *scene) string { return s.pr.color },
	"col2":      func(s *scene) string { return s.pr.color2 },
	"corp":      func(*scene) string { return CorpName },
	"store":     func(s *scene) string { return s.shop().short },
	"storeaddr": func(s *scene) string { return s.shop().city + s.shop().address },
	"city":      func(s *scene) string { return s.shop().city },
	"comm":      func(s *scene) string { return s.c.customers[s.cust].estate },
	"house":     func(s *scene) string { return s.c.customers[s.cust].house },
	"addr":      func(s *scene) string { return s.c.customers[s.cust].address },
	"cust":      func(s *scene) string { return s.c.customers[s.cust].estate + s.c.customers[s.cust].calls },
	"ccall":     func(s *scene) string { return s.c.customers[s.cust].calls },
	"fullname":  func(s *scene) string { return s.c.customers[s.cust].full },
	"firm":      func(s *scene) string { return s.firm() },
	"area":      func(s *scene) string { return strconv.Itoa(s.c.customers[s.cust].area) },
	"designer":  func(s *scene) string { return s.pr.designer.short() },
	"master":    func(s *scene) string { return s.pr.installer.short() },
	"driver":    func(s *scene) string { return s.helper + "师傅" },
	"mgr":       func(s *scene) string { return s.manager().short() },
	"mgrname":   func(s *scene) string { return s.manager().name },
	"kid":       func(s *scene) string { return kids[mix(uint64(s.cust), 7)%uint64(len(kids))] },
	"day1":      func(s *scene) string { return s.relative(s.day + s.days[0]) },
	"day2":      func(s *scene) string { return s.relative(s.day + s.days[1]) },
	"date1":     func(s *scene) string { return s.absolute(s.day + s.days[0]) },
	"date2":     func(s *scene) string { return s.absolute(s.day + s.days[1]) },
	"lead":      func(s *scene) string { return s.lead() },
	"year":      func(s *scene) string { return strconv.Itoa(s.date(s.day).Year()) },
	"sizes":     func(s *scene) string { return strings.Join(s.pr.item.sizes, "、") },
}

var moneySlots = map[string]func(*scene) int{
	"price":  func(s *scene) int { return s.pr.price },
	"price2": func(s *scene) int { return s.pr.price2 },
	"deal":   func(s *scene) int { return s.pr.deal },
	"dep":    func(s *scene) int { return s.pr.deposit },
	"bal":    func(s *scene) int { return s.pr.deal - s.pr.deposit },
	"save":   func(s *scene) int { return s.pr.price - s.pr.deal },
	"bid":    func(s *scene) int { return (s.pr.deal - s.pr.price/25) / 100 * 100 },
}

// shop is the shop that the scene belongs to.
func (s *scene) shop() *store {
	if e := s.cast['E'-'A']; e != nil && e.emp != nil && e.emp.role != designer && e.emp.role != service {
		return storeOf(e.emp)
	}
	return s.c.customers[s.cust].store
}

// firm is the customer's company, or one that colleagues may talk of.
func (s *scene) firm() string {
	if cu := s.c.customers[s.cust]; cu.kind == business {
		return partners[cu.partner].short
	}
	return partners[mix(uint64(s.cust), 0xF1)%uint64(len(partners))].short
}

// manager is the chief of the shop or, for the chief himself, the next one.
func (s *scene) manager() *employee {
	e := s.cast['E'-'A']
	if e == nil {
		e = s.cast[0] // role A
	}
	if e != nil && e.emp != nil {
		if boss := leaderOf(e.emp); boss != nil {
			return boss
		}
	}
	return s.c.staff[s.c.byID["ZhouMingkai"]]
}

func (s *scene) lead() string {
	n := s.pr.deliver - s.pr.order
	if n > 24 {
		return fmt.Sprintf("%d到%d天", n/5*5, n/5*5+5)
	}
	return fmt.Sprintf("%d天左右", n)
}

var weekdays = []string{"日", "一", "二", "三", "四", "五", "六"}

// relative names a day as people do in a chat of today.
func (s *scene) relative(day int) string {
	t := s.date(day)
	today := s.date(s.day)
	monday := s.day - (int(today.Weekday())+6)%7
	w := weekdays[t.Weekday()]
	switch n := day - s.day; {
	case n == 0:
		return "今天"
	case n == 1:
		return "明天"
	case n == 2:
		return "后天"
	case n == -1:
		return "昨天"
	case n > 0 && day < monday+7:
		return "周" + w
	case n > 0 && day < monday+14:
		return "下周" + w
	}
	return s.absolute(day)
}

func (s *scene) absolute(day int) string {
	_, m, d := s.date(day).Date()
	return fmt.Sprintf("%d月%d号", int(m), d)
}

// milestone finds a day of the project by name. A delivery that the talk
// cannot have passed yet is never in the past.
func (s *scene) milestone(name string) int {
	switch name {
	case "visit":
		return s.pr.visit
	case "measure":
		return s.pr.measure
	case "drawn":
		return s.pr.drawn
	case "order":
		return s.pr.order
	case "deliver":
		return s.pr.deliver
	case "install":
		return s.pr.install
	}
	return s.day
}

func slotDay(s *scene, dst []byte, arg string) []byte {
	return append(dst, s.relative(s.milestone(arg))...)
}

func slotDate(s *scene, dst []byte, arg string) []byte {
	return append(dst, s.absolute(s.milestone(arg))...)
}

func slotMonth(s *scene, dst []byte, _ string) []byte {
	return append(strconv.AppendInt(dst, int64(s.date(s.day).Month()), 10), "月"...)
}

func slotEmoji(s *scene, dst []byte, _ string) []byte {
	if s.now == nil || len(s.now.manner.emoji) == 0 || !s.rng.chance(0.5) {
		return dst
	}
	return append(dst, pick(s.rng, s.now.manner.emoji)...)
}

// slotNumber gives a number of a range such as <n:2-5>.
func slotNumber(s *scene, dst []byte, arg string) []byte {
	lo, hi := bounds(arg)
	return strconv.AppendInt(dst, int64(s.rng.between(lo, hi)), 10)
}

// slotYuan gives an amount of a range, in tens.
func slotYuan(s *scene, dst []byte, arg string) []byte {
	lo, hi := bounds(arg)
	return strconv.AppendInt(dst, int64(s.rng.between(lo, hi)/10*10), 10)
}

func bounds(arg string) (lo, hi int) {
	a, b, _ := strings.Cut(arg, "-")
	lo, _ = strconv.Atoi(a)
	hi, _ = strconv.Atoi(b)
	return lo, max(lo, hi)
}

// slotCall is how a person is addressed: <call> the customer, <call:N> N.
func slotCall(s *scene, dst []byte, arg string) []byte {
	letter := byte('C')
	if arg != "" {
		letter = arg[0]
	}
	a := s.actor(letter)
	if a == nil {
		return dst
	}
	return append(dst, a.calls...)
}

func slotMention(s *scene, dst []byte, arg string) []byte {
	if arg == "" {
		return append(dst, "@所有人 "...)
	}
	return append(append(append(dst, '@'), s.actor(arg[0]).name...), ' ')
}

func slotMe(s *scene, dst []byte, _ string) []byte {
	if s.now != nil && s.now.emp != nil {
		return append(dst, s.now.calls...)
	}
	return append(dst, s.cast['E'-'A'].calls...)
}

func slotName(s *scene, dst []byte, arg string) []byte {
	if arg == "" {
		return append(dst, s.now.name...)
	}
	return append(dst, s.actor(arg[0]).name...)
}

func slotGreet(s *scene, dst []byte, _ string) []byte {
	word := "下午好"
	switch h := s.session.start / 3600; {
	case h < 9:
		word = "早上好"
	case h < 12:
		word = "上午好"
	case h < 13:
		word = "中午好"
	case h >= 18:
		word = "晚上好"
	}
	return append(dst, word...)
}

func slotFestival(s *scene, dst []byte, _ string) []byte {
	for d := s.day; d <= s.day+3 && d < len(s.c.cal.days); d++ {
		if f := s.c.cal.days[d].festival; f != "" {
			return append(dst, f...)
		}
	}
	return append(dst, "节日"...)
}

// slotClock1 gives an appointed hour, as words; slotClock2 another one.
func slotClock1(s *scene, dst []byte, _ string) []byte {
	return append(dst, clockWords(s.clock[0])...)
}

func slotClock2(s *scene, dst []byte, _ string) []byte {
	return append(dst, clockWords(s.clock[1])...)
}

func clockWords(half int) string {
	hour, words := half/2, ""
	switch {
	case hour < 12:
		words = "上午"
	case hour < 18:
		words, hour = "下午", hour-12
	default:
		words, hour = "晚上", hour-12
	}
	words += []string{"", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"}[hour] + "点"
	if half%2 == 1 {
		words += "半"
	}
	return words
}

func slotPhone(s *scene, dst []byte, _ string) []byte {
	return append(dst, s.c.customers[s.cust].phone...)
}

// slotMobile is somebody else's number, as invented as the customers'.
func slotMobile(s *scene, dst []byte, _ string) []byte {
	return fmt.Appendf(dst, "1300000%04d", s.rng.intn(10000))
}

func slotOrder(s *scene, dst []byte, _ string) []byte {
	t := s.date(s.pr.order)
	return fmt.Appendf(dst, "XH%s%04d", t.Format("060102"), s.pr.number)
}

// slotColleague is somebody of a role, the same throughout a purchase.
func slotColleague(s *scene, dst []byte, arg string) []byte {
	r := newRNG(uint64(s.cust), uint64(len(arg)), 0xC011)
	return append(dst, s.c.anyOf(r, roleNames[arg], s.day).short()...)
}

// stamp is a time of today, for forms and meetings.
func (s *scene) stamp(day, half int) time.Time {
	return s.date(day).Add(time.Duration(half) * 30 * time.Minute)
}
