package alert

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/directory"
	"huicun/internal/rules"
)

func TestMessage(t *testing.T) {
	const date = `<div class="gray">2026年3月2日 09:00:00</div>`
	normal := func(s string) string { return `<div class="normal">` + s + `</div>` }
	highlight := func(s string) string { return `<div class="highlight">` + s + `</div>` }
	for _, tt := range []struct {
		name               string
		change             func(*Job)
		title, description string
		url                string
	}{
		{
			"word", func(*Job) {}, "敏感词告警",
			date + normal("规则：私下转账") + normal("林晓雨 → 陈先生") + highlight("回扣给您"), "/c/5?m=m-1&a=3",
		},
		{
			"the last one of the day", func(j *Job) { j.LastOfDay = true }, "敏感词告警",
			date + normal("规则：私下转账") + normal("林晓雨 → 陈先生") + highlight("回扣给您") + `<div class="gray">该规则今天的提醒已满 50 条，之后的请在告警中查看</div>`, "/c/5?m=m-1&a=3",
		},
		{
			"a reminder of the viewer's own", func(j *Job) { j.Violation.ViewerID = 7 }, "搜索提醒",
			date + normal("规则：私下转账") + normal("林晓雨 → 陈先生") + highlight("回扣给您"), "/c/5?m=m-1&a=3",
		},
		{
			"word in a group with a name", func(j *Job) { j.Violation.Receiver, j.ReceiverRoom = "", "装修\n一群" }, "敏感词告警",
			date + normal("规则：私下转账") + normal("林晓雨 → 装修 一群") + highlight("回扣给您"), "/c/5?m=m-1&a=3",
		},
		{
			"word in a group without a name", func(j *Job) { j.Violation.Receiver = "" }, "敏感词告警",
			date + normal("规则：私下转账") + normal("林晓雨 → 群聊") + highlight("回扣给您"), "/c/5?m=m-1&a=3",
		},
		{
			"markup is shown, not obeyed", func(j *Job) {
				j.Violation.RuleName, j.Violation.Evidence, j.Violation.Spans = `<b>&"'`, `</div><a href="x">回扣`, nil
				j.Names["wm1"] = directory.Person{Name: "<i>"}
			}, "敏感词告警",
			date + normal(`规则：＜b＞＆"'`) + normal("林晓雨 → ＜i＞") + highlight(`＜/div＞＜a href="x"＞回扣`), "/c/5?m=m-1&a=3",
		},
		{
			"characters that change the reading", func(j *Job) {
				j.Violation.Evidence, j.Violation.Spans = "\u202e回\u200b扣\x07\ufeff\n\n 给\xff您\u2066", nil
				j.Names["lin"] = directory.Person{Name: "\u202d林\u00ad晓雨\u200d"}
			}, "敏感词告警",
			date + normal("规则：私下转账") + normal("林晓雨 → 陈先生") + highlight("回扣 给您"), "/c/5?m=m-1&a=3",
		},
		{
			"names from right to left, and a storm of marks", func(j *Job) {
				j.Names["lin"], j.Names["wm1"] = directory.Person{Name: "שלום"}, directory.Person{Name: "王" + strings.Repeat("\u0301", 99) + "女士"}
			}, "敏感词告警",
			date + normal("规则：私下转账") + normal("\u2068שלום\u2069 → 王\u0301\u0301\u0301女士") + highlight("回扣给您"), "/c/5?m=m-1&a=3",
		},
		{
			"names that show nothing", func(j *Job) {
				j.Names["lin"], j.Names["wm1"], j.Violation.Receiver = directory.Person{Name: "\u200b "}, directory.Person{}, "\u200b"
			}, "敏感词告警",
			date + normal("规则：私下转账") + normal("lin → 未知") + highlight("回扣给您"), "/c/5?m=m-1&a=3",
		},
		{
			"no text", func(j *Job) { j.Violation.Evidence, j.Violation.Spans = "", nil }, "敏感词告警",
			date + normal("规则：私下转账") + normal("林晓雨 → 陈先生"), "/c/5?m=m-1&a=3",
		},
		{
			"deleted by the customer", func(j *Job) {
				j.Violation.Kind, j.Violation.Sender, j.Violation.Receiver = rules.KindCustomerDeletedEmployee, "wm1", "lin"
			}, "客户删除了员工",
			date + normal("客户：陈先生") + normal("员工：林晓雨") + highlight("客户已删除该员工，点击查看最后的聊天"), "/c/5?m=m-1&a=3",
		},
		{
			"deleted by the employee, who had no chat", func(j *Job) {
				j.Violation.Kind, j.Violation.ConvID, j.Violation.MessageID = rules.KindEmployeeDeletedCustomer, 0, ""
			}, "员工删除了客户",
			date + normal("员工：林晓雨") + normal("客户：陈先生") + highlight("员工已删除该客户，点击查看最后的聊天"), "/alerts/3",
		},
		{
			"a chat without messages", func(j *Job) { j.Violation.MessageID = "" }, "敏感词告警",
			date + normal("规则：私下转账") + normal("林晓雨 → 陈先生") + highlight("回扣给您"), "/c/5?a=3",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			job := wordJob()
			tt.change(&job)
			want := Message{To: "SuYating", Title: tt.title, Description: tt.description, URL: "https://huicun.example.com" + tt.url, Button: "查看", NoRepeat: 4 * time.Hour}
			got := (&Service{PublicURL: "https://huicun.example.com/"}).message(job)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMessageFitsIntoACard(t *testing.T) {
	for _, text := range []string{"回扣", `"`, "<", "&lt;", "😀", "\u202e", " ", "\xff"} {
		for _, kind := range []rules.Kind{rules.KindWord, rules.KindCustomerDeletedEmployee, rules.KindEmployeeDeletedCustomer} {
			long := strings.Repeat(text, 2000)
			job := wordJob()
			job.Violation.Kind, job.Violation.RuleName, job.Violation.Evidence = kind, strings.Repeat(text, 60), long
			job.Violation.Spans = []rules.Span{{Start: len(long) / 2, End: len(long)/2 + 3}}
			job.Names = map[string]directory.Person{"lin": {Name: long}, "wm1": {Name: long}}
			m := (&Service{}).message(job)
			if n := utf8.RuneCountInString(m.Description); n > maxDescriptionRunes || !utf8.ValidString(m.Description) {
				t.Errorf("%s of %q: %d characters, want at most %d of valid UTF-8", kind, text, n, maxDescriptionRunes)
			}
			if strings.Count(m.Description, "<div") != strings.Count(m.Description, "</div>") {
				t.Errorf("%s of %q is cut: %s", kind, text, m.Description)
			}
		}
	}
}

func TestSnippet(t *testing.T) {
	at := func(text, word string) []rules.Span {
		i := strings.Index(text, word)
		return []rules.Span{{Start: i, End: i + len(word)}}
	}
	long := strings.Repeat("甲", 30) + "回扣" + strings.Repeat("乙", 30)
	for _, tt := range []struct {
		name, text string
		spans      []rules.Span
		size       int
		want       string
	}{
		{"all of a short text", "给您回扣吧", at("给您回扣吧", "回扣"), 12, "给您回扣吧"},
		{"both ends cut", long, at(long, "回扣"), 12, "…甲甲甲甲回扣乙乙乙乙乙乙…"},
		{"hit at the start", "回扣" + strings.Repeat("乙", 30), []rules.Span{{Start: 0, End: 6}}, 6, "回扣乙乙乙乙…"},
		{"hit at the end", strings.Repeat("甲", 30) + "回扣", []rules.Span{{Start: 90, End: 96}}, 6, "…甲甲甲甲回扣"},
		{"no span", "甲乙丙丁", nil, 2, "甲乙…"},
		{"span outside", "甲乙丙丁", []rules.Span{{Start: 99, End: 100}}, 2, "甲乙…"},
		{"negative span", "甲乙丙丁", []rules.Span{{Start: -1, End: 2}}, 2, "甲乙…"},
		{"span inside a character", "甲乙丙丁", []rules.Span{{Start: 1, End: 2}}, 9, "乙丙丁"},
		{"no room", "甲乙丙丁", nil, 0, ""},
		{"no text", "", nil, 9, ""},
	} {
		if got := snippet(tt.text, tt.spans, tt.size); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
