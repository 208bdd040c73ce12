package ingest

import (
	"fmt"
	"html"
	"strings"
	"time"

	"huicun/internal/alert"
)

// noRepeat is how far WeCom's duplicate check looks back, its maximum.
const noRepeat = 4 * time.Hour

// StatusPage is the path of the page that a notice leads to.
const StatusPage = "/admin/status"

// cards writes app messages about troubles.
type cards struct {
	publicURL string
	zone      *time.Location
}

// raised is the message of a step. Its link names the step, so that no two
// messages are the same to WeCom's duplicate check.
func (c cards) raised(tr Trouble, step int) alert.Message {
	lines := []string{
		div("gray", fmt.Sprintf("%s起，已持续 %s", c.time(tr.Since), lasting(tr.For))),
		div("normal", "原因："+tr.Detail),
	}
	if tr.Subject == SubjectPull {
		lines = append(lines, div("highlight", windowWords(tr.For)))
	}
	lines = append(lines, div("normal", "处理："+tr.Next))
	return c.card(tr.Title, lines, tr.Subject, tr.Since, step)
}

// windowWords tell what is at stake.
func windowWords(stalled time.Duration) string {
	if left := windowLength - stalled; left > 0 {
		return fmt.Sprintf("企业微信只保留 5 天：%s后，还没拉取的消息开始丢失", lasting(left))
	}
	return "已超过企业微信的 5 天保留期，较早的消息可能已经丢失；请尽快恢复"
}

// ended is the message that it is over.
func (c cards) ended(o OpenAlarm, s Status) alert.Message {
	lasted := s.Now.Sub(o.Since)
	lines := []string{
		div("gray", fmt.Sprintf("%s至%s，共 %s", c.time(o.Since), c.time(s.Now), lasting(lasted))),
		div("normal", "原因："+strings.TrimRight(fmt.Sprintf(explanations[o.Cause].detail, ""), "：")),
	}
	switch {
	case o.Subject == SubjectPull && lasted > windowLength:
		lines = append(lines, div("highlight", "中断超过企业微信的 5 天保留期，期间较早的消息可能已经丢失，请查看存档状态中的序号空缺"))
	case o.Subject == SubjectPull:
		lines = append(lines, div("normal", "中断期间的消息会补拉回来，没有丢失"))
	case o.Subject == SubjectWork && len(s.Discarded) > 0:
		lines = append(lines, div("highlight", "有处理失败而放弃的工作，请查看 huicun status"))
	}
	return c.card(recovered[o.Subject], lines, o.Subject, o.Since, 0)
}

func (c cards) card(title string, lines []string, subject string, since time.Time, step int) alert.Message {
	return alert.Message{
		Title: title, Description: strings.Join(lines, ""), Button: "查看", NoRepeat: noRepeat,
		URL: fmt.Sprintf("%s%s?alarm=%s-%d-%d", strings.TrimRight(c.publicURL, "/"), StatusPage, subject, since.UnixMilli(), step),
	}
}

func (c cards) time(t time.Time) string { return t.In(c.zone).Format("1月2日 15:04 ") }

func div(class, text string) string {
	return `<div class="` + class + `">` + html.EscapeString(text) + `</div>`
}
