package corpus

import "strings"

// manner is how somebody writes.
type manner struct {
	end    string  // put behind most texts: "", "。", "~" …
	often  float64 // how often
	emoji  []string
	typo   float64
	voice  float64 // how often he speaks instead
	spaces bool    // writes a space for a comma
	habit  uint64  // which synonyms he prefers, two bits each
}

var (
	cheerful = [][]string{
		{"[微笑]", "[玫瑰]"}, {"😊", "🌹"}, {"[呲牙]", "[OK]"}, {"😄", "👌"}, {"[愉快]", "[强]"}, {"😂", "👍"}, {"[抱拳]"}, {"🤝", "💪"}, {"[嘿哈]"}, {"🌷", "[爱心]"},
	}
	officeEnds   = []string{"", "", "", "", "~", "哈", "。", "～"}
	customerEnds = []string{"", "", "", "", "", "", "。", "~", "。。"}
)

func newManner(r *rng, office bool) manner {
	m := manner{habit: r.next(), emoji: pick(r, cheerful), often: 0.08 + 0.25*r.float(), typo: 0.004}
	m.end = pick(r, customerEnds)
	if office {
		m.end = pick(r, officeEnds)
	}
	switch {
	case office:
		m.voice = 0.03
	case r.chance(0.15):
		m.voice = 0.3
	default:
		m.voice = 0.035
	}
	if !office {
		m.typo = pick(r, []float64{0, 0.005, 0.01, 0.05})
		m.spaces = r.chance(0.15)
	}
	return m
}

// slips of the pen, as input methods make them.
var typos = []string{"的时候", "得时候", "在吗", "再吗", "已经", "以经", "做好", "作好", "知道", "知到", "应该", "应改", "帮忙", "帮忙忙", "安装", "按装", "账", "帐", "再看", "在看", "什么", "神马", "因为", "应为", "以为", "一位"}

// finish gives a text the speaker's manner.
func (m *manner) finish(r *rng, text string) string {
	if text == "" {
		return text
	}
	if m.spaces && strings.Count(text, "，") == 1 && !strings.Contains(text, "\n") {
		text = strings.Replace(text, "，", " ", 1)
	}
	if len(text) > 15 && r.chance(m.typo) {
		for i := 0; i < len(typos); i += 2 {
			if strings.Contains(text, typos[i]) {
				text = strings.Replace(text, typos[i], typos[i+1], 1)
				break
			}
		}
	}
	if m.end != "" && len(text) > 8 && r.chance(m.often) && endsPlain(text) {
		text += m.end
	}
	return text
}

// endsPlain tells whether a text ends in a Chinese character or a digit and
// no particle that the ending would repeat.
func endsPlain(text string) bool {
	if strings.Contains(text, "http") {
		return false
	}
	last := []rune(text)
	switch c := last[len(last)-1]; c {
	case '哈', '～', '~', '。', '！', '？', '：', '，':
		return false
	default:
		return c >= 0x4e00 && c < 0x9fff
	}
}

// damage makes the slip of a text that is then recalled: sent too early, or
// with a wrong word.
func damage(r *rng, text string) string {
	runes := []rune(text)
	switch {
	case len(runes) < 4:
		return text + pick(r, []string{"x", "、", "1", "了了", "w"})
	case r.chance(0.5):
		return string(runes[:len(runes)*2/3])
	}
	i := 1 + r.intn(len(runes)-2)
	runes[i], runes[i+1] = runes[i+1], runes[i]
	return string(runes)
}
