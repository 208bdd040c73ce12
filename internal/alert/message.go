package alert

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huicun/internal/rules"
)

// Bounds of a textcard (developer.work.weixin.qq.com/document/path/90236) and
// of what we put into it.
const (
	maxDescriptionRunes = 512
	maxSnippetRunes     = 60
	maxNameRunes        = 20
)

var shanghai = time.FixedZone("CST", 8*60*60)

// message gives the card as it was first sent, or writes it. Its words are
// Chinese: it appears among the other app messages of WeCom.
func (s *Service) message(job Job) Message {
	if job.Message != nil {
		return *job.Message
	}
	m := Message{To: job.UserID, Title: title(job.Violation), Button: "查看", NoRepeat: noRepeat, URL: s.link(job.Violation)}
	for size := maxSnippetRunes; ; size -= 10 {
		m.Description = s.description(job, size)
		if size <= 0 || utf8.RuneCountInString(m.Description) <= maxDescriptionRunes {
			return m
		}
	}
}

func title(v rules.Violation) string {
	switch {
	case v.Kind == rules.KindCustomerDeletedEmployee:
		return "客户删除了员工"
	case v.Kind == rules.KindEmployeeDeletedCustomer:
		return "员工删除了客户"
	case v.ViewerID != 0:
		return "搜索提醒" // what the viewer asked for; nobody did anything wrong
	}
	return "敏感词告警"
}

// link leads to the message in its context.
func (s *Service) link(v rules.Violation) string {
	base := strings.TrimRight(s.PublicURL, "/")
	switch {
	case v.ConvID == 0:
		return fmt.Sprintf("%s/alerts/%d", base, v.ID)
	case v.MessageID == "":
		return fmt.Sprintf("%s/c/%d?a=%d", base, v.ConvID, v.ID)
	}
	return fmt.Sprintf("%s/c/%d?m=%s&a=%d", base, v.ConvID, v.MessageID, v.ID)
}

func (s *Service) description(job Job, snippetRunes int) string {
	v := job.Violation
	zone := s.Zone
	if zone == nil {
		zone = shanghai
	}
	lines := []string{CardLine("gray", v.OccurredAt.In(zone).Format("2006年1月2日 15:04:05"))}
	by, whom := job.name(v.Sender), job.name(v.Receiver)
	switch v.Kind {
	case rules.KindCustomerDeletedEmployee:
		lines = append(lines, CardLine("normal", "客户："+by), CardLine("normal", "员工："+whom), CardLine("highlight", "客户已删除该员工，点击查看最后的聊天"))
	case rules.KindEmployeeDeletedCustomer:
		lines = append(lines, CardLine("normal", "员工："+by), CardLine("normal", "客户："+whom), CardLine("highlight", "员工已删除该客户，点击查看最后的聊天"))
	default:
		if v.Receiver == "" {
			whom = job.room()
		}
		lines = append(lines, CardLine("normal", "规则："+plain(v.RuleName, max(snippetRunes, maxNameRunes))), CardLine("normal", by+" → "+whom))
		if text := snippet(v.Evidence, v.Spans, snippetRunes); text != "" {
			lines = append(lines, CardLine("highlight", text))
		}
	}
	if job.LastOfDay {
		lines = append(lines, CardLine("gray", fmt.Sprintf("该规则今天的提醒已满 %d 条，之后的请在告警中查看", MostOfOwnRule)))
	}
	return strings.Join(lines, "")
}

func (j Job) name(person string) string {
	if name := plain(j.Names[person].Name, maxNameRunes); name != "" {
		return isolated(name)
	}
	if name := plain(person, maxNameRunes); name != "" {
		return isolated(name)
	}
	return "未知"
}

func (j Job) room() string {
	if name := plain(j.ReceiverRoom, maxNameRunes); name != "" {
		return isolated(name)
	}
	return "群聊"
}

// markup replaces what could be read as a tag or an entity. Whether WeCom undoes
// entities in a card is not documented; these look right either way.
var markup = strings.NewReplacer("<", "＜", ">", "＞", "&", "＆")

// CardLine makes a line of a textcard: class is gray, normal or highlight, and
// text has no tags.
func CardLine(class, text string) string {
	return `<div class="` + class + `">` + markup.Replace(text) + `</div>`
}

// snippet gives up to size characters of text around the first span, on one
// line, with … where it was cut.
func snippet(text string, spans []rules.Span, size int) string {
	if size <= 0 || text == "" {
		return ""
	}
	at := 0
	if len(spans) > 0 && spans[0].Start >= 0 && spans[0].Start <= len(text) {
		at = spans[0].Start
	}
	before, after := []rune(visible(text[:at])), []rune(visible(text[at:]))
	keep := min(len(before), size/3)
	if len(after) < size-keep {
		keep = min(len(before), size-len(after))
	}
	end := min(len(after), size-keep)
	s := string(before[len(before)-keep:]) + string(after[:end])
	if keep < len(before) {
		s = "…" + s
	}
	if end < len(after) {
		s += "…"
	}
	return s
}

// plain cuts s to size characters of one visible line.
func plain(s string, size int) string {
	runes := []rune(strings.TrimSpace(visible(s)))
	if len(runes) <= size {
		return string(runes)
	}
	return string(runes[:size-1]) + "…"
}

// isolated keeps a name that is written from right to left from moving the
// arrow and the name beside it.
func isolated(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, rightToLeft...) }) {
		return "\u2068" + name + "\u2069"
	}
	return name
}

var rightToLeft = []*unicode.RangeTable{unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam}

// maxMarks is how many marks stand on one letter; more would grow over the
// lines around it.
const maxMarks = 3

// visible drops what would change how the rest is read (bidirectional and
// zero-width characters, controls, storms of marks) and turns runs of blanks
// into one.
func visible(s string) string {
	blank, marks := false, 0
	return strings.Map(func(r rune) rune {
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			return -1
		}
		if unicode.IsSpace(r) {
			if blank {
				return -1
			}
			blank = true
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError {
			return -1
		}
		blank = false
		return r
	}, s)
}
