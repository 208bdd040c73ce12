package ingest

import (
	"fmt"
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
		alert.CardLine("gray", fmt.Sprintf("%s 起，已持续 %s", c.time(tr.Since), lasting(tr.For))),
		alert.CardLine("normal", "原因："+tr.Detail),
	}
	if tr.Subject == SubjectPull {
		lines = append(lines, alert.CardLine("highlight", windowWords(tr.For)))
	}
	lines = append(lines, alert.CardLine("normal", "处理："+tr.Next))
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
		alert.CardLine("gray", fmt.Sprintf("%s，共 %s", c.between(o.Since, s.Now), lasting(lasted))),
	}
	lines = append(lines, reason(o.Cause)...)
	switch {
	case o.Subject == SubjectPull && lasted > windowLength:
		lines = append(lines, alert.CardLine("highlight", "中断超过企业微信的 5 天保留期，期间较早的消息可能已经丢失，请查看存档状态中的序号空缺"))
	case o.Subject == SubjectPull:
		lines = append(lines, alert.CardLine("normal", "中断期间的消息会补拉回来，没有丢失"))
	case o.Subject == SubjectWork && len(s.Discarded) > 0:
		lines = append(lines, alert.CardLine("highlight", "有处理失败而放弃的工作，请查看 huicun status"))
	}
	return c.card(recovered[o.Subject], lines, o.Subject, o.Since, 0)
}

func (c cards) card(title string, lines []string, subject string, since time.Time, step int) alert.Message {
	return alert.Message{
		Title: title, Description: strings.Join(lines, ""), Button: "查看", NoRepeat: noRepeat,
		URL: fmt.Sprintf("%s%s?alarm=%s-%d-%d", strings.TrimRight(c.publicURL, "/"), StatusPage, subject, since.UnixMilli(), step),
	}
}

func (c cards) time(t time.Time) string { return t.In(c.zone).Format("1月2日 15:04") }

// between names the day once when it is one day.
func (c cards) between(from, to time.Time) string {
	from, to = from.In(c.zone), to.In(c.zone)
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return c.time(from) + " 至 " + to.Format("15:04")
	}
	return c.time(from) + " 至 " + c.time(to)
}

// reason is the line that names a cause when its figure is not known any more;
// none for a cause that is nothing but a figure.
func reason(cause string) []string {
	text := explanations[cause].plain()
	if text == "" {
		return nil
	}
	return []string{alert.CardLine("normal", "原因："+text)}
}
