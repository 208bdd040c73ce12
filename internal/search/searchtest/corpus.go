package searchtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"huicun/internal/access"
)

// company fills an archive with people, and gives the scopes of some viewers by
// name: what follows needs them before anybody says anything.
func company(t testing.TB, a *Archive) map[string]access.Scope {
	t.Helper()
	a.MustExec(`INSERT INTO departments (id, parent_id, name) VALUES (1, 0, 'Corp'), (2, 1, 'Sales'), (3, 2, 'East'), (4, 1, 'Service'), (6, 7, 'A'), (7, 6, 'B')`)
	for i, place := range []int64{1, 2, 2, 3, 3, 4, 4, 6, 7, 4} {
		a.MustExec(`INSERT INTO employees (person, userid, name) VALUES ($1, $1, $1)`, employee(i))
		a.MustExec(`INSERT INTO employee_departments (person, department_id) VALUES ($1, $2)`, employee(i), place)
	}
	a.MustExec(`UPDATE employees SET status = 5 WHERE person = $1`, employee(9))
	a.MustExec(`INSERT INTO employees (person, userid, name) VALUES ($1, $1, 'was a customer')`, buyer(0)) // hired
	a.MustExec(`INSERT INTO customers (person, external_userid, name) VALUES ($1, $1, 'c1'), ('odd', 'odd', 'an id of no form')`, buyer(1))
	a.MustExec(`INSERT INTO groups (roomid, name, external) VALUES ('room1', 'inside', false), ('room2', 'outside, nobody came', true)`)
	scopes := map[string]access.Scope{"system": access.System(), "nobody": {}, "blind": a.Viewer(t, "blind")}
	scopes["one"] = a.Viewer(t, "one", employee(1))
	scopes["some"] = a.Viewer(t, "some", employee(1), employee(4), employee(9))
	all := []string{}
	for i := range 10 {
		all = append(all, employee(i))
	}
	scopes["most"] = a.Viewer(t, "most", all...)
	return scopes
}

func employee(i int) string { return fmt.Sprintf("emp%d", i) }

// buyer is somebody whose id has the form that WeCom gives to customers.
func buyer(i int) string { return fmt.Sprintf("wmBuyer%025d", i) }

// pieces are what texts are made of: everything that folding, tokens and
// patterns may stumble over.
var pieces = []string{
	"转账", "轉帳", "合同", "合約", "报价单", "報價單", "发货", "發貨", "后天", "後天", "皇后", "头发", "頭髮", "请问", "好的", "的", "一", "收到", "没问题", "𠮷野家", "㐀", "𪚥",
	"WeChat", "微信WeChat转账", "iPhone15Pro", "ＩＤ１２３", "pdf", "PDF文件", "a.b", "Ünïcödé", "Cafe\u0301", "Café", "e\u0301\u0302\u0323", "ﬃ", "ｶﾞｷﾞ", "한국어", "עברית", "العربية", "ประเทศไทย",
	"13800138000", "1,234.56", "２０２６", "①②", "½", "10%", "_", "%", "\\", "*", "?", "\"", "'", "%_%", "a_b", "c:\\tmp\\*.txt", "C++", "--", "${x}", "$1", "{}", "[微笑]", "<b>", "AND", "OR", "NOT",
	"😀", "👍🏽", "👨‍👩‍👧", "❤️", "🇨🇳", "👩🏻‍💻", "1️⃣", "\u200b", "\u202e", "\ufeff", "\u00ad", "\ufdd0", "\x00", "\u3000", "\u00a0", "\t", "\r\n", "\n\n", "  ", "。", "，", "「", "」", "……", "—", "·", "!", "！",
	"https://example.com/x?y=1&z=2", "zhang.san@example.com",
}

// writer makes texts by a seed.
type writer struct{ *rand.Rand }

func (w writer) text() string {
	var b strings.Builder
	for range w.IntN(9) {
		b.WriteString(pieces[w.IntN(len(pieces))])
	}
	return b.String()
}

// talk makes messages of months, in all kinds of conversations.
func (w writer) talk(n int) []Said {
	said := make([]Said, n)
	at := Start
	for i := range said {
		switch w.IntN(8) {
		case 0: // at the same millisecond
		case 1:
			at = at.AddDate(0, 0, w.IntN(20))
		case 2:
			at = at.Add(-time.Duration(w.IntN(100)) * time.Hour) // sent before, received after
		default:
			at = at.Add(time.Duration(w.IntN(5000)) * time.Millisecond)
		}
		if i == n/2 {
			at = at.AddDate(0, 5, 0) // months without a word
		}
		said[i] = w.somewhere(Said{MsgID: fmt.Sprint("c", i), At: at})
		w.fill(&said[i], said[:i])
	}
	return said
}

// somewhere chooses who says it and to whom.
func (w writer) somewhere(s Said) Said {
	a, b := employee(w.IntN(10)), employee(w.IntN(10))
	switch w.IntN(6) {
	case 0, 1:
		s.From, s.To = a, []string{buyer(w.IntN(6))}
	case 2:
		s.From, s.To = buyer(w.IntN(6)), []string{a}
	case 3:
		s.From, s.To, s.Room = a, []string{b}, "room1"
	case 4:
		s.From, s.To, s.Room = a, []string{b, []string{buyer(3), "odd", b}[w.IntN(3)]}, fmt.Sprint("room", 2+w.IntN(4))
	default:
		s.From, s.To = a, []string{b}
	}
	return s
}

// fill says what the message is.
func (w writer) fill(s *Said, before []Said) {
	switch w.IntN(12) {
	case 0:
		s.Type, s.Body = "image", map[string]any{"sdkfileid": fmt.Sprint("file", w.IntN(20)), "md5sum": "0123456789abcdef0123456789abcdef", "filesize": 10}
	case 1:
		s.Type, s.Body = "link", map[string]any{"title": w.text(), "description": w.text(), "link_url": "https://example.com/"}
	case 2:
		s.Type, s.Body = "file", map[string]any{"sdkfileid": fmt.Sprint("file", w.IntN(20)), "filename": w.text() + ".pdf", "fileext": "pdf", "filesize": 10}
	case 3:
		if len(before) > 0 {
			of := before[w.IntN(len(before))]
			s.Type, s.Body = "revoke", map[string]any{"pre_msgid": of.MsgID}
			s.From, s.To, s.Room = of.From, of.To, of.Room
		}
	case 4:
		s.Type, s.Body = "location", map[string]any{"title": w.text(), "address": w.text(), "latitude": 30.1, "longitude": 120.2}
	case 5:
		s.Text = pieces[w.IntN(len(pieces))]
	default:
		s.Text = w.text()
	}
	if s.Type == "" && w.IntN(300) == 0 {
		s.Text = strings.Repeat(w.text()+"长", 1+50_000/60)
	}
}

// fill makes an archive of n messages with all that can be known of them.
func fill(t testing.TB, a *Archive, w writer, n int) {
	t.Helper()
	said := w.talk(n)
	const page = 200
	for i := 0; i < n; i += page {
		batch, ids := a.Save(t, said[i:min(n, i+page)]...)
		a.NoteFiles(t, batch)
		if i == 0 {
			a.Index(t) // some things become known before, others after
		}
		for range 20 {
			id := a.Violate(t, ids[w.IntN(len(ids))], employee(w.IntN(10)), employee(w.IntN(10)))
			if w.IntN(4) == 0 {
				a.Dismiss(t, id)
			}
		}
	}
	k := 0
	a.Fetch(t, func(name string) string { k++; return fmt.Sprint("content", k%15) })
	a.Look(t, pieces[w.IntN(20)]+" 码https://example.com/q?r=%41", w.text())
	a.Index(t)
}
