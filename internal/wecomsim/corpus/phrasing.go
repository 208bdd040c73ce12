package corpus

import "strings"

// A script has a dozen ways to say a thing, a company has hundreds of people.
// This file lets each of them prefer words of his own, so that the same line
// seldom comes out the same twice.

// synonyms are words that can stand for each other in these chats.
var synonyms = [][]string{
	{"谢谢", "多谢", "谢谢啦", "感谢"},
	{"马上", "这就", "立马", "马上"},
	{"大概", "差不多", "大约", "大概"},
	{"晚点", "回头", "稍后", "晚点"},
	{"什么时候", "啥时候", "什么时候", "哪天"},
	{"怎么样", "咋样", "怎么样", "如何"},
	{"好看", "漂亮", "好看", "好看"},
	{"辛苦了", "辛苦啦", "辛苦", "辛苦了"},
	{"没问题", "没问题的", "OK", "没问题"},
	{"一会儿", "等下", "待会", "一会儿"},
	{"已经", "都已经", "已经", "已"},
	{"不好意思", "抱歉", "不好意思哈", "不好意思"},
	{"特别", "特别", "蛮", "挺"},
	{"还行", "还可以", "还行", "凑合"},
	{"现在", "目前", "现在", "眼下"},
	{"有点", "有点儿", "稍微有点", "有点"},
	{"这个", "这个", "这", "这个"},
	{"知道了", "晓得了", "知道了", "了解了"},
	{"放心", "放心", "尽管放心", "放一百个心"},
	{"收到", "收到", "收到收到", "好的收到"},
	{"您看下", "您看看", "您看一下", "您过目"},
	{"我问问", "我去问问", "我问一下", "我打听下"},
	{"记下了", "记上了", "记好了", "备注好了"},
	{"能不能", "可不可以", "能不能", "能否"},
	{"上午", "上午", "早上", "上午"},
	{"师傅", "师傅", "师傅", "安装师傅"},
}

// endings are how a question may end.
var endings = []struct{ from, to []string }{
	{[]string{"吗"}, []string{"吗", "吗？", "么", "嘛", "吗", "不"}},
	{[]string{"呢"}, []string{"呢", "呢？", "呀", "呢"}},
	{[]string{"吧"}, []string{"吧", "吧", "吧？", "呗"}},
	{[]string{"多少", "什么", "多久"}, []string{"", "？", "呢", "啊", ""}},
}

// openers are put before an answer.
var (
	staffOpeners    = []string{"嗯嗯，", "好的，", "是这样，", "嗯，"}
	customerOpeners = []string{"嗯，", "哦，", "那个，", "对了，", "哦哦，", "额，", "噢，"}
)

// vary rewords a text the speaker's way. first tells that he opens the talk.
func (s *scene) vary(text string, first bool) string {
	if len(text) < 9 || strings.HasPrefix(text, "我已经添加了你") || strings.ContainsAny(text, "\n/@#") || s.script.need&isEnglish != 0 || s.now.id == robotID {
		return text
	}
	r, m := s.rng, &s.now.manner
	for i, row := range synonyms {
		if strings.Contains(text, row[0]) && r.chance(0.75) {
			text = strings.Replace(text, row[0], row[(m.habit>>(2*i%62))&3], 1)
		}
	}
	text = varyEnding(r, text)
	if s.script.stage != "complaint" && s.script.stage != "sensitive" && strings.HasSuffix(text, "了") {
		text = strings.TrimSuffix(text, "了") + pick(r, []string{"了", "了", "了", "啦", "了哈", "了哦", "咯"})
	}
	if !first && r.chance(0.13) {
		text = s.open(text)
	}
	return text
}

func varyEnding(r *rng, text string) string {
	for _, e := range endings {
		for _, end := range e.from {
			if !strings.HasSuffix(text, end) {
				continue
			}
			to := pick(r, e.to)
			if len(e.from) == 1 {
				return strings.TrimSuffix(text, end) + to
			}
			return text + to
		}
	}
	return text
}

// open puts a word of address or a filler before a text that has none.
func (s *scene) open(text string) string {
	if opened(text) {
		return text
	}
	if s.now.emp == nil {
		return pick(s.rng, customerOpeners) + text
	}
	if c := s.cast['C'-'A']; c != nil && s.ext && !strings.Contains(text, c.calls) && s.ch.room == nil {
		if s.rng.chance(0.7) {
			return c.calls + "，" + text
		}
		return pick(s.rng, staffOpeners) + text
	}
	return text
}

// opened tells whether a text already begins with such a word.
func opened(text string) bool {
	for _, w := range []string{"嗯", "哦", "好", "对", "哈", "是", "行", "您好", "那", "不", "没", "收到", "可以", "谢", "多谢", "太", "抱歉", "实在", "哇", "哎", "唉", "额", "噢"} {
		if strings.HasPrefix(text, w) {
			return true
		}
	}
	return false
}
