package corpus

import "time"

// CorpName is the company that the corpus is about.
const CorpName = "星河家居"

// role is what an employee does; scripts ask for people by role.
type role uint8

const (
	sales role = iota
	storeManager
	regionManager
	keyAccount
	designer
	service
	installer
	warehouse
	finance
	people // human resources
	legal
	marketing
	engineer // information technology
	executive
)

// roleNames are the words that scripts use in pair=… and in speakers.
var roleNames = map[string]role{
	"sales": sales, "store": storeManager, "region": regionManager, "key": keyAccount, "design": designer,
	"service": service, "install": installer, "warehouse": warehouse, "finance": finance, "hr": people,
	"legal": legal, "market": marketing, "it": engineer, "boss": executive,
}

// employee is one row of the company's roster.
type employee struct {
	id       string
	name     string
	position string
	depts    []uint32 // the first is the main one
	leads    uint32   // department led, 0 = none
	gender   int      // 1 male, 2 female
	role     role
	flags    flags
	left     float64 // share of the period worked before leaving; 0 = still here
	born     int     // share of the period before joining, in percent
}

type flags uint8

const (
	unarchived flags = 1 << iota // outside the archive's scope
)

// department rows: id, parent, names. Order falls with the row number.
var departmentRows = []struct {
	id, parent   uint32
	name, nameEn string
}{
	{1, 0, CorpName, "Xinghe Home"},
	{2, 1, "总经办", "Executive Office"},
	{10, 1, "销售中心", "Sales Centre"},
	{12, 10, "华东销售部", "Sales East"},
	{30, 12, "杭州滨江店", "Hangzhou Binjiang"},
	{31, 12, "杭州城西店", "Hangzhou West"},
	{32, 12, "宁波鄞州店", "Ningbo Yinzhou"},
	{33, 12, "苏州园区店", "Suzhou SIP"},
	{34, 12, "上海徐汇店", "Shanghai Xuhui"},
	{13, 10, "华南销售部", "Sales South"},
	{35, 13, "广州天河店", "Guangzhou Tianhe"},
	{36, 13, "深圳南山店", "Shenzhen Nanshan"},
	{37, 13, "佛山顺德店", "Foshan Shunde"},
	{14, 10, "华北销售部", "Sales North"},
	{38, 14, "北京朝阳店", "Beijing Chaoyang"},
	{39, 14, "天津河西店", "Tianjin Hexi"},
	{40, 14, "青岛市南店", "Qingdao Shinan"},
	{15, 10, "大客户部", "Key Accounts"},
	{20, 1, "设计部", "Design"},
	{21, 20, "全屋定制组", "Custom Interiors"},
	{22, 20, "软装组", "Soft Furnishing"},
	{23, 1, "售后服务部", "After-Sales"},
	{24, 23, "客服组", "Customer Service"},
	{25, 23, "安装维修组", "Installation and Repair"},
	{26, 1, "仓储物流部", "Warehouse and Logistics"},
	{27, 1, "财务部", "Finance"},
	{28, 1, "人力资源部", "Human Resources"},
	{29, 1, "法务部", "Legal"},
	{41, 1, "市场部", "Marketing"},
	{42, 1, "信息技术部", "Information Technology"},
}

// roster is the whole staff. The ids of the WeCom reference come first.
var roster = []employee{
	{"LinXiaoyu", "林晓雨", "客户顾问", []uint32{12, 30}, 0, 2, sales, 0, 0, 0},
	{"ZhouMingkai", "周明恺", "华东销售经理", []uint32{12}, 12, 1, regionManager, 0, 0, 0},
	{"HeRuoxi", "何若溪", "资深客户顾问", []uint32{12, 31}, 0, 2, sales, 0, 0, 0},
	{"SuYating", "苏雅婷", "客户顾问", []uint32{30}, 0, 2, sales, 0, 0, 0},
	{"GaoYuanshan", "高远山", "总经理", []uint32{2}, 1, 1, executive, unarchived, 0, 0},
	{"FangLan", "方岚", "总经理助理", []uint32{2}, 0, 2, executive, unarchived, 0, 0},
	{"QinZhiyuan", "秦志远", "销售总监", []uint32{10}, 10, 1, regionManager, 0, 0, 0},
	{"XuJiahui", "徐佳慧", "滨江店店长", []uint32{30}, 30, 2, storeManager, 0, 0, 0},
	{"WuHaoran", "吴浩然", "客户顾问", []uint32{30}, 0, 1, sales, 0, 0, 0},
	{"YeQingqing", "叶青青", "客户顾问", []uint32{30}, 0, 2, sales, 0, 0, 55},
	{"ShenYifan", "沈一凡", "城西店店长", []uint32{31}, 31, 1, storeManager, 0, 0, 0},
	{"PanXinyi", "潘欣怡", "客户顾问", []uint32{31}, 0, 2, sales, 0, 0, 0},
	{"JinWenjie", "金文杰", "客户顾问", []uint32{31}, 0, 1, sales, 0, 0.58, 0},
	{"LuoTianyu", "罗天宇", "鄞州店店长", []uint32{32}, 32, 1, storeManager, 0, 0, 0},
	{"ShiMengqi", "施梦琪", "客户顾问", []uint32{32}, 0, 2, sales, 0, 0, 0},
	{"DaiJunfeng", "戴俊峰", "客户顾问", []uint32{32}, 0, 1, sales, 0, 0, 30},
	{"GuXiaotong", "顾晓彤", "园区店店长", []uint32{33}, 33, 2, storeManager, 0, 0, 0},
	{"QianYichen", "钱奕辰", "客户顾问", []uint32{33}, 0, 1, sales, 0, 0, 0},
	{"BaiLu", "白露", "客户顾问", []uint32{33}, 0, 2, sales, 0, 0.83, 0},
	{"LuZhengyang", "陆正阳", "徐汇店店长", []uint32{34}, 34, 1, storeManager, 0, 0, 0},
	{"TangShiyun", "唐诗韵", "客户顾问", []uint32{34}, 0, 2, sales, 0, 0, 0},
	{"FengKaiwen", "冯凯文", "客户顾问", []uint32{34}, 0, 1, sales, 0, 0, 0},
	{"JiangYutong", "蒋雨桐", "客户顾问", []uint32{34}, 0, 2, sales, 0, 0, 62},
	{"LiangGuohao", "梁国豪", "华南销售经理", []uint32{13}, 13, 1, regionManager, 0, 0, 0},
	{"ChenWenxin", "陈雯欣", "天河店店长", []uint32{35}, 35, 2, storeManager, 0, 0, 0},
	{"HuangZixuan", "黄子轩", "客户顾问", []uint32{35}, 0, 1, sales, 0, 0, 0},
	{"MaiKeer", "麦可儿", "客户顾问", []uint32{35}, 0, 2, sales, 0, 0, 0},
	{"DengJiaming", "邓家明", "南山店店长", []uint32{36}, 36, 1, storeManager, 0, 0, 0},
	{"OuYangjing", "欧阳静", "客户顾问", []uint32{36}, 0, 2, sales, 0, 0, 0},
	{"ZengXiangyu", "曾翔宇", "客户顾问", []uint32{36}, 0, 1, sales, 0, 0.41, 0},
	{"HeMinyi", "何敏仪", "客户顾问", []uint32{36}, 0, 2, sales, 0, 0, 35},
	{"LuYongkang", "卢永康", "顺德店店长", []uint32{37}, 37, 1, storeManager, 0, 0, 0},
	{"LiangSiqi", "梁思琪", "客户顾问", []uint32{37}, 0, 2, sales, 0, 0, 0},
	{"ZhaoLijun", "赵立军", "华北销售经理", []uint32{14}, 14, 1, regionManager, 0, 0, 0},
	{"SongJiaqi", "宋佳琪", "朝阳店店长", []uint32{38}, 38, 2, storeManager, 0, 0, 0},
	{"ZhangBoyuan", "张博远", "客户顾问", []uint32{38}, 0, 1, sales, 0, 0, 0},
	{"GuoXiaomeng", "郭小萌", "客户顾问", []uint32{38}, 0, 2, sales, 0, 0, 0},
	{"MengFanchao", "孟凡超", "客户顾问", []uint32{38}, 0, 1, sales, 0, 0.72, 0},
	{"HanXue", "韩雪", "河西店店长", []uint32{39}, 39, 2, storeManager, 0, 0, 0},
	{"YangZilong", "杨子龙", "客户顾问", []uint32{39}, 0, 1, sales, 0, 0, 0},
	{"YuHaiyang", "于海洋", "市南店店长", []uint32{40}, 40, 1, storeManager, 0, 0, 0},
	{"WangChuhan", "王楚涵", "客户顾问", []uint32{40}, 0, 2, sales, 0, 0, 0},
	{"DuanXiaofei", "段晓飞", "大客户总监", []uint32{15}, 15, 1, keyAccount, 0, 0, 0},
	{"NiJing", "倪静", "大客户经理", []uint32{15}, 0, 2, keyAccount, 0, 0, 0},
	{"HouShaobo", "侯少波", "大客户经理", []uint32{15}, 0, 1, keyAccount, 0, 0, 0},
	{"CaoMuxin", "曹沐心", "设计总监", []uint32{20}, 20, 2, designer, 0, 0, 0},
	{"ZhuYuhang", "朱宇航", "定制设计主管", []uint32{21}, 21, 1, designer, 0, 0, 0},
	{"XiaMo", "夏沫", "定制设计师", []uint32{21}, 0, 2, designer, 0, 0, 0},
	{"RenJiayi", "任嘉怡", "定制设计师", []uint32{21}, 0, 2, designer, 0, 0, 0},
	{"CuiHao", "崔昊", "定制设计师", []uint32{21}, 0, 1, designer, 0, 0, 0},
	{"LanTian", "蓝天", "定制设计师", []uint32{21}, 0, 1, designer, 0, 0.66, 0},
	{"WenJing", "温静", "软装主管", []uint32{22}, 22, 2, designer, 0, 0, 0},
	{"TaoRan", "陶然", "软装设计师", []uint32{22}, 0, 2, designer, 0, 0, 20},
	{"PengLei", "彭磊", "售后经理", []uint32{23}, 23, 1, service, 0, 0, 0},
	{"DingXiaoli", "丁小丽", "客服主管", []uint32{24}, 24, 2, service, 0, 0, 0},
	{"YuanYuan", "袁媛", "售后客服", []uint32{24}, 0, 2, service, 0, 0, 0},
	{"JiaXiaobei", "贾小贝", "售后客服", []uint32{24}, 0, 2, service, 0, 0, 0},
	{"KongLingyi", "孔令仪", "售后客服", []uint32{24}, 0, 2, service, 0, 0, 45},
	{"XuDagang", "徐大刚", "安装主管", []uint32{25}, 25, 1, installer, 0, 0, 0},
	{"MaYong", "马勇", "安装技师", []uint32{25}, 0, 1, installer, 0, 0, 0},
	{"TianLiang", "田亮", "维修技师", []uint32{25}, 0, 1, installer, 0, 0, 0},
	{"HuJianping", "胡建平", "仓储经理", []uint32{26}, 26, 1, warehouse, 0, 0, 0},
	{"LeiMing", "雷鸣", "物流调度", []uint32{26}, 0, 1, warehouse, 0, 0, 0},
	{"ShaoMei", "邵梅", "仓管员", []uint32{26}, 0, 2, warehouse, unarchived, 0, 0},
	{"YinHong", "尹红", "财务经理", []uint32{27}, 27, 2, finance, unarchived, 0, 0},
	{"FuXiaodan", "付晓丹", "出纳", []uint32{27}, 0, 2, finance, 0, 0, 0},
	{"GeWei", "葛薇", "会计", []uint32{27}, 0, 2, finance, unarchived, 0, 0},
	{"QiaoAn", "乔安", "人力资源经理", []uint32{28}, 28, 2, people, unarchived, 0, 0},
	{"LiuKexin", "刘可欣", "招聘专员", []uint32{28}, 0, 2, people, unarchived, 0, 0},
	{"MoYan", "莫言之", "法务经理", []uint32{29}, 29, 1, legal, unarchived, 0, 0},
	{"CenShuyi", "岑书仪", "法务专员", []uint32{29}, 0, 2, legal, unarchived, 0, 0},
	{"HongXiang", "洪翔", "市场经理", []uint32{41}, 41, 1, marketing, 0, 0, 0},
	{"AiXiaoke", "艾小可", "新媒体运营", []uint32{41}, 0, 2, marketing, 0, 0, 15},
	{"JiBowen", "季博文", "信息主管", []uint32{42}, 42, 1, engineer, unarchived, 0, 0},
	{"WeiDong", "魏东", "运维工程师", []uint32{42}, 0, 1, engineer, unarchived, 0, 0},
}

// store is a shop: where it is and what customers call it.
type store struct {
	dept     uint32
	city     string
	short    string // 滨江店
	address  string
	code     string // the channel parameter of its QR code
	district []string
	lon, lat float64
}

var stores = []store{
	{30, "杭州", "滨江店", "滨江区江晖示例路88号家居生活馆2楼", "store07", []string{"滨江区", "萧山区", "上城区"}, 120.2119, 30.2084},
	{31, "杭州", "城西店", "西湖区文三示例路169号1幢", "store02", []string{"西湖区", "余杭区", "拱墅区"}, 120.1302, 30.2799},
	{32, "宁波", "鄞州店", "鄞州区天童示例路520号B座3楼", "store11", []string{"鄞州区", "海曙区", "江北区"}, 121.5465, 29.8164},
	{33, "苏州", "园区店", "工业园区星湖示例街66号1层", "store12", []string{"工业园区", "吴中区", "姑苏区"}, 120.7258, 31.3142},
	{34, "上海", "徐汇店", "徐汇区漕溪示例路300号4楼A12", "store01", []string{"徐汇区", "闵行区", "长宁区"}, 121.4367, 31.1883},
	{35, "广州", "天河店", "天河区黄埔大道示例段125号3层", "store21", []string{"天河区", "海珠区", "番禺区"}, 113.3612, 23.1247},
	{36, "深圳", "南山店", "南山区后海示例大道18号2层", "store22", []string{"南山区", "宝安区", "福田区"}, 113.9304, 22.5333},
	{37, "佛山", "顺德店", "顺德区乐从示例家具大道9号", "store25", []string{"顺德区", "禅城区", "南海区"}, 113.0925, 22.9486},
	{38, "北京", "朝阳店", "朝阳区东四环示例路76号1层", "store31", []string{"朝阳区", "通州区", "海淀区"}, 116.4853, 39.9289},
	{39, "天津", "河西店", "河西区友谊示例路55号2层", "store33", []string{"河西区", "南开区", "西青区"}, 117.2279, 39.0847},
	{40, "青岛", "市南店", "市南区香港中路示例段40号", "store35", []string{"市南区", "崂山区", "李沧区"}, 120.3826, 36.0671},
}

// storeOf finds the shop of an employee; people without a shop serve Hangzhou.
func storeOf(e *employee) *store {
	for i := range stores {
		for _, d := range e.depts {
			if stores[i].dept == d {
				return &stores[i]
			}
		}
	}
	return regionStore(e)
}

func regionStore(e *employee) *store {
	switch e.depts[0] {
	case 13:
		return &stores[5]
	case 14:
		return &stores[8]
	}
	return &stores[0]
}

// short is how colleagues and customers call an employee: 小林, 徐店长, 周经理.
func (e *employee) short() string {
	surname := surnameOf(e.name)
	switch e.role {
	case storeManager:
		return surname + "店长"
	case regionManager, keyAccount, executive:
		return surname + "经理"
	case designer:
		return surname + "工"
	case installer:
		return surname + "师傅"
	}
	if e.leads != 0 {
		return surname + "经理"
	}
	return "小" + surname
}

// given is the name without the surname, as close colleagues use it.
func (e *employee) given() string { return e.name[len(surnameOf(e.name)):] }

func surnameOf(name string) string {
	if len(name) > 6 && name[:6] == "欧阳" {
		return "欧阳"
	}
	return name[:3]
}

// tenure gives when an employee joined and left within the period.
func (e *employee) tenure(begin, end time.Time) (from, to time.Time) {
	span := end.Sub(begin)
	from, to = begin, end
	if e.born > 0 {
		from = begin.Add(span * time.Duration(e.born) / 100)
	}
	if e.left > 0 {
		to = begin.Add(time.Duration(float64(span) * e.left)).Truncate(24 * time.Hour).Add(10 * time.Hour)
	}
	return from, to
}
