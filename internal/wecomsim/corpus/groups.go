package corpus

import (
	"fmt"
	"time"
)

// group is a group chat with its cast.
type group struct {
	public  GroupChat
	kind    string // estate, project, inner
	topics  []string
	owner   int   // index into staff
	staff   []int // members among the staff, the owner first
	clients []int // members among the customers
	cust    int   // the customer of a project group, else -1
	from    int   // day of its creation
	members []member
	weight  float64
}

// member is a participant of a group, from one moment to another.
type member struct {
	id       string
	from, to int64 // milliseconds; to is 0 while in the group
}

// innerGroups are the company's own groups.
var innerGroups = []struct {
	name, owner, notice string
	depts               []uint32 // members by department, sub-departments included
	extra               []string
	topics              []string
	weight              float64
	day                 int
}{
	{"华东门店群", "ZhouMingkai", "每晚八点前报当日数据", []uint32{12}, []string{"QinZhiyuan"}, []string{"report", "notice", "shift", "daily", "stock"}, 3, 0},
	{"星河家居全员群", "FangLan", "公司通知发布群，非工作信息请勿发布", []uint32{1}, nil, []string{"notice", "hr", "praise"}, 1, 0},
	{"华南销售群", "LiangGuohao", "", []uint32{13}, []string{"QinZhiyuan"}, []string{"report", "notice", "stock", "shift"}, 1.6, 0},
	{"华北销售群", "ZhaoLijun", "日报格式见群文件", []uint32{14}, []string{"QinZhiyuan"}, []string{"report", "notice", "stock", "shift"}, 1.4, 0},
	{"店长群", "QinZhiyuan", "每周一上午九点半例会", nil, []string{"XuJiahui", "ShenYifan", "LuoTianyu", "GuXiaotong", "LuZhengyang", "ChenWenxin", "DengJiaming", "LuYongkang", "SongJiaqi", "HanXue", "YuHaiyang", "ZhouMingkai", "LiangGuohao", "ZhaoLijun"}, []string{"notice", "target", "report"}, 1.2, 2},
	{"滨江店日常", "XuJiahui", "", []uint32{30}, nil, []string{"shift", "daily", "lunch", "stock"}, 2, 0},
	{"杭州双店小伙伴", "ShenYifan", "", []uint32{30, 31}, nil, []string{"shift", "daily", "lunch"}, 1.2, 0},
	{"上海苏州联络群", "LuZhengyang", "", []uint32{33, 34}, []string{"ZhouMingkai"}, []string{"daily", "lunch", "stock"}, 1.1, 12},
	{"设计部工作群", "CaoMuxin", "图纸命名：小区-房号-日期", []uint32{20}, nil, []string{"drawing", "daily", "notice"}, 1.4, 0},
	{"售后派单群", "PengLei", "派单后两小时内联系客户", []uint32{23}, []string{"LeiMing"}, []string{"dispatch"}, 2.4, 0},
	{"仓储物流对接群", "HuJianping", "急单请电话", []uint32{26}, []string{"PengLei", "XuDagang", "XuJiahui", "GuXiaotong", "ZhouMingkai", "NiJing"}, []string{"logistics", "stock"}, 2, 0},
	{"财务报销与开票", "FuXiaodan", "每周三、周五付款", nil, []string{"YinHong", "GeWei", "XuJiahui", "LuoTianyu", "SongJiaqi", "ZhouMingkai", "LiangGuohao", "NiJing", "PengLei"}, []string{"invoice"}, 1, 0},
	{"大客户项目群", "DuanXiaofei", "", []uint32{15}, []string{"CaoMuxin", "HuJianping", "PengLei", "ZhuYuhang"}, []string{"keyaccount"}, 1.1, 20},
	{"市场活动群", "HongXiang", "", []uint32{41}, []string{"XuJiahui", "ZhouMingkai", "ChenWenxin", "SongJiaqi", "WenJing"}, []string{"campaign"}, 1, 5},
	{"羽毛球小分队🏸", "WuHaoran", "每周四晚七点 体育馆", nil, []string{"LinXiaoyu", "CuiHao", "XiaMo", "JiaXiaobei", "TianLiang", "AiXiaoke", "PanXinyi"}, []string{"sport"}, 0.7, 40},
}

// gather makes the groups and says who is in them.
func (c *Corpus) gather() {
	for i := range innerGroups {
		c.newInner(i)
	}
	r := newRNG(c.seed, 0x6A01)
	estates := []struct{ name, owner string }{
		{"滨江三期业主群", "LinXiaoyu"},
		{"澜庭府装修交流群", "SuYating"},
		{"锦和苑业主福利群", "HeRuoxi"},
		{"望江一品软装团购", "WuHaoran"},
		{"枫桥里邻里群", "PanXinyi"},
		{"星悦湾业主群", "ShiMengqi"},
		{"金茂新邸装修群", "QianYichen"},
		{"上海老客户福利群", "TangShiyun"},
		{"徐汇店会员群", "FengKaiwen"},
		{"南岸花城业主群", "HuangZixuan"},
		{"天河店VIP群", "ChenWenxin"},
		{"湖畔雅居装修群", "OuYangjing"},
		{"顺德店老友群", "LiangSiqi"},
		{"东方润园业主群", "ZhangBoyuan"},
		{"朝阳店团购群", "GuoXiaomeng"},
		{"悦海园邻居群", "YangZilong"},
		{"市南店会员群", "WangChuhan"},
	}
	for i, e := range estates {
		c.newEstate(r, i, e.name, c.byID[e.owner])
	}
	c.newServiceGroups(r, 30)
}

func (c *Corpus) newInner(i int) {
	row := innerGroups[i]
	g := &group{kind: "inner", topics: row.topics, owner: c.byID[row.owner], cust: -1, from: row.day, weight: row.weight}
	g.public = GroupChat{Internal: true, Name: row.name, Owner: row.owner, Notice: row.notice, ChatID: externalID("wr", newRNG(c.seed, 0x6A02, uint64(i)))}
	if i == 0 {
		g.public.ChatID = "wrQx7kDAAAm3Kc0TnWvEoPzUyXaLbHdF"
	}
	in := map[int]bool{g.owner: true}
	g.staff = append(g.staff, g.owner)
	add := func(k int) {
		if !in[k] {
			in[k] = true
			g.staff = append(g.staff, k)
		}
	}
	for k, e := range c.staff {
		for _, d := range row.depts {
			if below(e, d) {
				add(k)
			}
		}
	}
	for _, id := range row.extra {
		add(c.byID[id])
	}
	c.admit(g, newRNG(c.seed, 0x6A03, uint64(i)))
}

// below tells whether an employee belongs to a department or one under it.
func below(e *employee, dept uint32) bool {
	for _, d := range e.depts {
		for ; d != 0; d = parentOf(d) {
			if d == dept {
				return true
			}
		}
	}
	return false
}

func (c *Corpus) newEstate(r *rng, i int, name string, owner int) {
	s := storeOf(c.staff[owner])
	g := &group{kind: "estate", topics: []string{"estate"}, owner: owner, cust: -1, weight: 1 + 2*r.float()}
	g.from = c.terms[owner][0] + r.intn(60)
	g.public = GroupChat{Name: name, Owner: c.staff[owner].id, Notice: pick(r, []string{"到店请提前预约", "群内禁发广告", "团购报名请接龙", ""}), ChatID: externalID("wr", r)}
	if i == 0 {
		g.public.ChatID, g.from, g.weight = "wrQx7kDAAAv8Zp1LmN4oRtYbXeKcJqSd", 3, 4
	}
	g.staff = append(g.staff, owner)
	for k, e := range c.staff {
		if k != owner && e.left == 0 && e.role == storeManager && storeOf(e) == s {
			g.staff = append(g.staff, k)
			g.public.AdminList = append(g.public.AdminList, GroupAdmin{UserID: e.id})
		}
	}
	g.staff = append(g.staff, c.byID[c.anyOf(r, service, 0).id], c.byID[c.anyOf(r, designer, 0).id])
	if i == 0 {
		g.staff = append(g.staff, c.byID["ZhouMingkai"])
		g.clients = append(g.clients, 0, 1)
	}
	want := r.between(14, 42)
	for n, cu := range c.customers {
		if n > 1 && len(g.clients) < want && cu.store == s && cu.kind == homeOwner && !cu.english && r.chance(0.35) {
			g.clients = append(g.clients, n)
		}
	}
	c.admit(g, r)
}

// newServiceGroups makes small groups around one order each.
func (c *Corpus) newServiceGroups(r *rng, count int) {
	for n := 2; n < len(c.customers) && count > 0; n++ {
		cu := c.customers[n]
		rel := c.relations[cu.relation[0]]
		pr := c.newProject(n, 0, rel.from)
		late := rel.from > len(c.cal.days)-120
		if cu.kind != homeOwner || cu.english || !pr.item.custom || !pr.bought || late || rel.to < len(c.cal.days) || r.chance(0.7) {
			continue
		}
		count--
		g := &group{kind: "project", topics: []string{"project"}, owner: rel.emp, cust: n, from: pr.measure, weight: 0.16}
		g.public = GroupChat{Name: fmt.Sprintf("%s%s %s 服务群", cu.estate, cu.house, pr.item.name), Owner: c.staff[rel.emp].id, ChatID: externalID("wr", r), Notice: "进度每周更新"}
		g.staff = []int{rel.emp, c.byID[pr.designer.id], c.byID[pr.installer.id]}
		if s := c.byID["DingXiaoli"]; s != rel.emp {
			g.staff = append(g.staff, s)
		}
		g.clients = []int{n, c.spouse(n)}
		c.admit(g, r)
	}
}

// spouse finds somebody of the other sex who has no part in any story yet.
func (c *Corpus) spouse(n int) int {
	for k := len(c.customers) - 1; k > 1; k-- {
		s := c.customers[k]
		if s.kind == homeOwner && !s.english && s.gender != c.customers[n].gender && s.estate != c.customers[n].estate && s.spouse == 0 {
			s.spouse = n
			s.store, s.estate, s.house, s.address = c.customers[n].store, c.customers[n].estate, c.customers[n].house, c.customers[n].address
			return k
		}
	}
	return 1
}

// admit fills in the member list: everybody joins at or after the creation.
func (c *Corpus) admit(g *group, r *rng) {
	g.from = max(0, min(g.from, len(c.cal.days)-1))
	open := c.cal.date(g.from).Add(8*time.Hour + time.Duration(r.intn(900))*time.Second)
	g.public.CreateTime = open.Unix()
	for k, i := range g.staff {
		e := c.staff[i]
		m := GroupMember{UserID: e.id, Type: 1, JoinTime: open.Unix() + int64(5*k), JoinScene: 1, Name: e.name}
		if born := c.cal.date(c.terms[i][0]).Add(10 * time.Hour).Unix(); c.terms[i][0] > 0 && born > m.JoinTime {
			m.JoinTime = born
		}
		if e.left > 0 {
			m.LeaveTime = c.cal.date(c.terms[i][1]).Add(10 * time.Hour).Unix()
		}
		g.join(m)
	}
	for k, i := range g.clients {
		cu := c.customers[i]
		m := GroupMember{UserID: cu.id, Type: 2, UnionID: cu.unionID, JoinTime: open.Unix() + int64(120+40*k), JoinScene: 1 + r.intn(3), Name: cu.nick}
		if g.kind == "estate" {
			m.GroupNickname = pick(r, []string{"", "", cu.house, cu.estate + cu.house, cu.house + cu.surname})
			m.JoinTime = max(m.JoinTime, c.cal.date(r.between(g.from, min(g.from+300, len(c.cal.days)-1))).Unix()+int64(r.between(9*3600, 21*3600)))
		}
		m.JoinTime = min(m.JoinTime, c.end.Unix())
		if m.JoinScene == 1 {
			m.Invitor = &GroupInvitor{UserID: g.public.Owner}
		}
		g.join(m)
	}
	c.groups = append(c.groups, g)
	g.public.MemberVersion = fmt.Sprintf("%016x%016x", r.next(), r.next())
	if g.public.AdminList == nil {
		g.public.AdminList = []GroupAdmin{}
	}
}

func (g *group) join(m GroupMember) {
	g.members = append(g.members, member{id: m.UserID, from: m.JoinTime * 1000, to: m.LeaveTime * 1000})
	if m.LeaveTime == 0 {
		g.public.MemberList = append(g.public.MemberList, m)
	}
}
