package search

import (
	"strings"

	"github.com/mozillazg/go-pinyin"
)

// readings are what a character is read as in names, the usual one first: of
// most it is the first one that the table of all readings has. That table has
// old and rare ones too (姐 xu, 育 zhou), by which nobody looks for a name.
func readings(r rune) []string {
	if several, ok := polyphones[r]; ok {
		return strings.Fields(several)
	}
	one := pinyin.Args{Style: pinyin.Normal, Fallback: func(rune, pinyin.Args) []string { return nil }}
	if all := pinyin.SinglePinyin(r, one); len(all) > 0 && all[0] != "" {
		return all[:1]
	}
	return nil
}

// polyphones are characters with several readings in names of people, places,
// shops and groups, in simplified form; and some whose first reading in the
// table is not the usual one.
var polyphones = map[rune]string{
	// Surnames that are read in their own way.
	'单': "dan shan", '曾': "zeng ceng", '仇': "qiu chou", '解': "jie xie", '查': "zha cha", '区': "qu ou", '朴': "piao pu", '盖': "gai ge",
	'乐': "le yue", '缪': "miao mou", '翟': "zhai di", '卜': "bu bo", '覃': "qin tan", '召': "zhao shao", '隗': "wei kui", '能': "neng nai",
	'繁': "fan po", '祭': "ji zhai", '洗': "xi xian", '尉': "wei yu", '万': "wan mo", '俟': "si qi", '澹': "dan tan", '员': "yuan yun",
	'种': "zhong chong", '折': "zhe she", '牟': "mou mu", '钭': "tou dou", '谌': "chen shen", '秘': "mi bi", '句': "ju gou", '宿': "su xiu",
	'盛': "sheng cheng", '佴': "nai er", '宓': "mi fu", '粘': "nian zhan", '莘': "xin shen", '褚': "chu zhu", '阚': "kan", '都': "dou du",
	'郇': "xun huan", '乜': "nie mie", '藏': "cang zang", '强': "qiang jiang", '长': "chang zhang", '重': "chong zhong", '炅': "jiong gui",
	// Given names, places and what shops and groups are called by.
	'行': "xing hang", '朝': "chao zhao", '会': "hui kuai", '柏': "bai bo", '晟': "sheng cheng", '茜': "qian xi", '莎': "sha suo", '娜': "na nuo",
	'大': "da dai", '地': "di de", '了': "le liao", '着': "zhe zhao zhuo", '还': "hai huan", '便': "bian pian", '得': "de dei", '调': "diao tiao",
	'系': "xi ji", '传': "chuan zhuan", '差': "cha chai", '弹': "dan tan", '降': "jiang xiang", '率': "lv shuai", '角': "jiao jue", '参': "can shen",
	'省': "sheng xing", '厦': "xia sha", '血': "xue xie", '薄': "bo bao", '露': "lu lou", '靓': "liang jing", '番': "fan pan", '蚌': "bang beng",
	'六': "liu lu", '泊': "bo po", '泌': "mi bi", '什': "shen shi", '么': "me yao", '阿': "a e", '佛': "fo", '给': "gei ji",
	'模': "mo mu", '塞': "sai se", '色': "se shai", '提': "ti di", '拓': "tuo ta", '校': "xiao jiao", '琢': "zhuo zuo", '绿': "lv lu",
	'龟': "gui qiu", '嚼': "jiao jue", '觉': "jue jiao", '卡': "ka qia", '咖': "ka ga", '勒': "le lei", '弄': "nong long", '圈': "quan juan",
	'刹': "cha sha", '熟': "shu shou", '纤': "xian qian", '巷': "xiang hang", '削': "xue xiao", '择': "ze zhai", '堡': "bao bu pu", '埔': "pu bu",
	'涌': "yong chong", '仔': "zi zai", '似': "si", '茄': "qie jia", '傀': "kui", '匙': "chi shi", '剥': "bo bao", '辗': "zhan",
	'脯': "fu pu", '畜': "chu xu", '度': "du duo", '否': "fou pi", '吓': "xia he", '虾': "xia ha", '蔚': "wei yu", '瀑': "pu bao",
	'曝': "bao pu", '幢': "zhuang chuang", '轧': "ya zha", '颤': "chan zhan", '哪': "na ne", '呢': "ne ni", '哦': "o e", '喔': "wo o",
	'爪': "zhua zhao", '脉': "mai mo", '亲': "qin qing", '荨': "xun qian",
}
