package corpus

import (
	"fmt"
	"strings"
)

// customerCount is how many external contacts the company has.
const customerCount = 2340

// customer is an external contact as the stories see him.
type customer struct {
	id       string
	nick     string
	surname  string
	full     string
	gender   int
	kind     kindOfCustomer
	partner  int // index into partners, for business
	store    *store
	estate   string // community
	house    string // 3幢1201
	address  string
	phone    string
	area     int // square metres of the home
	calls    string
	english  bool
	voicer   bool // likes to speak rather than type
	manner   manner
	unionID  string
	relation []int   // indices into Corpus.relations
	pace     float64 // days between purchases
	spouse   int     // the customer whose family this is, 0 = nobody
}

type kindOfCustomer uint8

const (
	homeOwner kindOfCustomer = iota
	trader                   // a craftsman or decorator on WeChat
	business                 // somebody of another corp, on WeCom
)

// newCustomer invents the n-th customer of a store.
func newCustomer(seed uint64, n int, s *store) *customer {
	r := newRNG(seed, 0xC057, uint64(n))
	c := &customer{id: externalID("wm", r), surname: pick(r, surnames), gender: 1 + r.intn(2), store: s}
	c.full = c.surname + pick(r, givenNames(c.gender))
	switch f := r.float(); {
	case f < 0.085:
		c.kind, c.id, c.partner = business, "wo"+c.id[2:], r.intn(len(partners))
	case f < 0.135:
		c.kind, c.gender = trader, 1
	}
	c.estate = pick(r, communities)
	c.house = fmt.Sprintf("%d幢%d%02d", r.between(1, 26), r.between(2, 27), r.between(1, 4))
	c.address = s.city + "市" + pick(r, s.district) + pick(r, streets) + fmt.Sprint(r.between(6, 699)) + "号" + c.estate + c.house
	c.phone = fmt.Sprintf("1300000%04d", r.intn(10000))
	c.area = pick(r, []int{56, 68, 78, 89, 89, 95, 98, 105, 115, 120, 128, 135, 143, 168, 186, 220})
	c.english = c.kind == homeOwner && r.chance(0.006)
	c.voicer = r.chance(0.1)
	c.manner = newManner(r, false)
	c.calls = c.callName(r)
	c.nick = c.nickname(r)
	c.unionID = "oXh" + letters(r, 25)
	return c
}

func givenNames(gender int) []string {
	if gender == 1 {
		return maleNames
	}
	return femaleNames
}

// callName is how the staff address the customer.
func (c *customer) callName(r *rng) string {
	if c.english {
		return pick(r, map[int][]string{1: {"Michael", "David", "Tom"}, 2: {"Sofia", "Anna", "Emily"}}[c.gender])
	}
	switch {
	case c.kind == business:
		return c.surname + pick(r, []string{"总", "经理", "工"})
	case c.kind == trader:
		return c.surname + pick(r, []string{"师傅", "哥", "工"})
	case c.gender == 1:
		return c.surname + pick(r, []string{"先生", "先生", "先生", "哥", "总", "老师"})
	}
	return c.surname + pick(r, []string{"女士", "姐", "姐", "姐", "阿姨", "小姐", "老师"})
}

// nickname is the account name, in the ways people choose them.
func (c *customer) nickname(r *rng) string {
	if c.english {
		return c.calls + " " + letters(r, 1)[:1] + "."
	}
	switch c.kind {
	case business:
		return c.full
	case trader:
		return fmt.Sprintf(pick(r, trades), c.surname)
	}
	switch pickWeighted(r, []int{30, 15, 14, 12, 11, 8, 10}) {
	case 0:
		return pick(r, nicknames)
	case 1:
		return c.full
	case 2:
		return pick(r, decorations) + pick(r, nicknames)
	case 3:
		return ownCall(c)
	case 4:
		return pick(r, kids) + map[int]string{1: "爸爸", 2: "妈妈"}[c.gender]
	case 5:
		d := pick(r, decorations)
		return d + c.full[len(c.surname):] + d
	}
	return pick(r, []string{"小", "阿", "老", "大"}) + c.full[strings.LastIndex(c.full, lastRune(c.full)):]
}

// ownCall is a nickname such as 王姐 or 陈哥.
func ownCall(c *customer) string {
	if c.gender == 1 {
		return c.surname + "哥"
	}
	return c.surname + "姐"
}

func lastRune(s string) string {
	runes := []rune(s)
	return string(runes[len(runes)-1])
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func letters(r *rng, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.intn(len(alphabet))]
	}
	return string(b)
}

// externalID makes an id of the form of the WeCom reference: 32 characters.
func externalID(prefix string, r *rng) string { return prefix + "Qx7kDAAA" + letters(r, 22) }

// reachedBy is how a customer found the shop, with the matching description.
type reachedBy struct {
	addWay int
	state  bool // came through the shop's own QR code or link
	note   string
	weight int
}

var sources = []reachedBy{
	{1, true, "到店扫码", 34},
	{16, true, "公众号活动", 14},
	{3, false, "老客户推荐", 10},
	{4, false, "业主群添加", 12},
	{2, false, "来电咨询", 10},
	{6, false, "同小区邻居介绍", 6},
	{10, false, "视频号看到的", 7},
	{13, false, "微信好友", 4},
	{0, false, "", 3},
}

// corpTagGroups are the company's own tags.
var corpTagGroups = []struct {
	name string
	tags []string
}{
	{"意向度", []string{"高", "中", "低", "已成交"}},
	{"户型", []string{"90平以下", "90-120平", "120-150平", "150平以上"}},
	{"风格", []string{"原木风", "奶油风", "现代简约", "新中式", "轻奢", "侘寂风"}},
	{"来源", []string{"到店", "转介绍", "线上", "小区活动"}},
	{"阶段", []string{"毛坯", "装修中", "已入住", "旧房翻新"}},
}

var personalTags = []string{"爽快", "爱砍价", "周末有空", "老板朋友", "要开票", "有孩子", "养猫", "下午联系", "设计师客户"}
