package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// aChat picks a chat that v may read; nil when there is none. Now and then it
// looks at one that v may not read first.
func (g *grower) aChat(v *refViewer) *refChat {
	g.t.Helper()
	hidden := pickOne(g, keepOnly(g.realm.chats, func(c *refChat) bool { return !g.realm.seesChat(v, c) }))
	if hidden != nil {
		for _, rest := range []string{"", "/messages", "/days", "/find?q=x", "/media?tab=visual"} {
			g.refused(v, fmt.Sprintf("/conversations/%d%s", hidden.id, rest))
		}
	}
	return pickOne(g, keepOnly(g.realm.chats, func(c *refChat) bool { return g.realm.seesChat(v, c) }))
}

// right is whose side of a chat is drawn on the right.
func (r *realm) right(v *refViewer, c *refChat, as string) string {
	var list []*refEmployee
	for _, p := range c.members {
		if e := r.employee(p); e != nil && r.sees(v, p) {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *refEmployee) int {
		return cmp.Or(cmp.Compare(boolInt(b.archived), boolInt(a.archived)), strings.Compare(a.person, b.person))
	})
	for _, wanted := range []string{as, r.ownerOf(c)} {
		if slices.ContainsFunc(list, func(e *refEmployee) bool { return e.person == wanted }) {
			return wanted
		}
	}
	if len(list) > 0 {
		return list[0].person
	}
	return c.a
}

func (r *realm) ownerOf(c *refChat) string {
	if group := r.group(c.roomid); c.kind == "group" && group != nil {
		return group.owner
	}
	return ""
}

type chatDetail struct {
	Conversation  chatItem
	Right, Notice string
	Members       []string
	Follows       []string // of the customer, as far as their employees are in scope
	First, Last   time.Time
}

// checkChat compares a chat with its people.
func (g *grower) checkChat(v *refViewer) {
	g.t.Helper()
	r, c := g.realm, g.aChat(v)
	if c == nil {
		return
	}
	as := pickOne(g, append([]string{""}, c.members...))
	want := chatDetail{Right: r.right(v, c, as), Members: slices.Sorted(slices.Values(c.members)), First: c.messages[0].at, Last: c.last().at}
	want.Conversation = r.chatItem(v, c, want.Right)
	if group := r.group(c.roomid); c.kind == "group" && group != nil {
		want.Notice = group.notice
	}
	if c.kind == "direct" && want.Conversation.Kind == "customer" {
		for _, f := range r.follows {
			if f.customer == c.peer(want.Right) && r.sees(v, f.employee) {
				want.Follows = append(want.Follows, f.employee+" "+f.remark+" "+f.state)
			}
		}
		slices.Sort(want.Follows)
	}
	path := fmt.Sprintf("/conversations/%d?as=%s", c.id, url.QueryEscape(as))
	d := getAs[struct {
		Conversation  chatItem
		Right, Notice string
		Members       []struct{ Person idOnly }
		Customer      struct {
			Follows []struct {
				Employee      idOnly
				Remark, State string
			}
		}
		FirstAt time.Time `json:"first_at"`
		LastAt  time.Time `json:"last_at"`
	}](g.scopeSite, v, path)
	got := chatDetail{Conversation: d.Conversation, Right: d.Right, Notice: d.Notice, First: d.FirstAt, Last: d.LastAt}
	for _, m := range d.Members {
		got.Members = append(got.Members, m.Person.ID)
	}
	slices.Sort(got.Members)
	for _, f := range d.Customer.Follows {
		got.Follows = append(got.Follows, f.Employee.ID+" "+f.Remark+" "+f.State)
	}
	slices.Sort(got.Follows)
	g.differ(v, path, want, got)
}

// messageItem is a message as far as the scope decides on it.
type messageItem struct {
	ID         string
	Text       string
	Violations []idOnly
	Revoked    *struct {
		Message string `json:"message_id"`
	}
	Content struct {
		Revoke *struct {
			Message string `json:"message_id"`
		}
	}
}

// seenMessage is a message in short: id, violations shown, what took it back, what it
// takes back.
type seenMessage struct {
	ID, Text    string
	Violations  []string
	Revoked     bool
	RevokedBy   string
	RevokesWhat string
}

func (m messageItem) seen() seenMessage {
	s := seenMessage{ID: m.ID}
	s.Text = strings.Join(markPattern.FindAllString(m.Text, -1), " ")
	for _, x := range m.Violations {
		s.Violations = append(s.Violations, x.ID)
	}
	if m.Revoked != nil {
		s.Revoked, s.RevokedBy = true, m.Revoked.Message
	}
	if m.Content.Revoke != nil {
		s.RevokesWhat = m.Content.Revoke.Message
	}
	return s
}

func (r *realm) seen(v *refViewer, m *refMessage) seenMessage {
	s := seenMessage{ID: m.id, Text: strings.Join(markPattern.FindAllString(m.text, -1), " ")}
	list := keepOnly(r.violations, func(x *refViolation) bool { return x.message == m && x.state != "false_alarm" && r.seesViolation(v, x) })
	slices.SortFunc(list, func(a, b *refViolation) int { return cmp.Compare(a.id, b.id) })
	for _, x := range list {
		s.Violations = append(s.Violations, fmt.Sprint(x.id))
	}
	if by := r.revokeOf(m); by != nil {
		s.Revoked = true
		if r.seesChat(v, by.chat) {
			s.RevokedBy = by.id
		}
	}
	if what := r.messageByMsgID(m.revokes); what != nil && r.seesChat(v, what.chat) {
		s.RevokesWhat = what.id
	}
	return s
}

type messageWindow struct {
	Items    []messageItem
	HasOlder bool `json:"has_older"`
	HasNewer bool `json:"has_newer"`
	Target   string
}

// checkMessages compares one window around, before, after or at something.
func (g *grower) checkMessages(v *refViewer) {
	g.t.Helper()
	c := g.aChat(v)
	if c == nil {
		return
	}
	all, n := c.messages, g.limit()
	q := url.Values{"limit": {fmt.Sprint(n)}}
	i := g.rnd.IntN(len(all))
	from, to, target := max(0, len(all)-n), len(all), ""
	older, newer := n/2, max(1, n-n/2)
	switch g.rnd.IntN(5) {
	case 0:
		q.Set("around", all[i].id)
		from, to, target = max(0, i-older), min(len(all), i+newer), all[i].id
	case 1:
		q.Set("older", all[i].id)
		from, to = max(0, i-n), i
	case 2:
		q.Set("newer", all[i].id)
		from, to = i+1, min(len(all), i+1+n)
	case 3:
		at := all[i].at.Add(time.Duration(g.rnd.IntN(3)-1) * time.Millisecond)
		q.Set("at", at.Format(time.RFC3339Nano))
		i = slices.IndexFunc(all, func(m *refMessage) bool { return !m.at.Before(at) })
		if i < 0 {
			i = len(all)
		}
		from, to = min(max(0, i-older), len(all)-1), min(len(all), i+newer) // the last one at least
		target = all[min(i, len(all)-1)].id
	}
	path := fmt.Sprintf("/conversations/%d/messages?%s", c.id, q.Encode())
	got := getAs[messageWindow](g.scopeSite, v, path)
	g.differ(v, path, mapEach(all[from:to], func(m *refMessage) seenMessage { return g.realm.seen(v, m) }), mapEach(got.Items, messageItem.seen))
	wantOlder, wantNewer := from > 0, to < len(all)
	if q.Has("older") {
		wantNewer = true
	}
	if q.Has("newer") {
		wantOlder = true
	}
	g.differ(v, path, []any{wantOlder, wantNewer, target}, []any{got.HasOlder, got.HasNewer, got.Target})
}

// walkMessages reads a whole chat from either end.
func (g *grower) walkMessages(v *refViewer) {
	g.t.Helper()
	c := g.aChat(v)
	if c == nil {
		return
	}
	base := fmt.Sprintf("/conversations/%d/messages?limit=%d", c.id, g.limit())
	page := getAs[messageWindow](g.scopeSite, v, base)
	got := page.Items
	for range len(c.messages) + 1 {
		if !page.HasOlder {
			break
		}
		page = getAs[messageWindow](g.scopeSite, v, base+"&older="+got[0].ID)
		got = append(slices.Clone(page.Items), got...)
	}
	want := mapEach(c.messages, func(m *refMessage) string { return m.id })
	g.differ(v, base+" backwards", want, mapEach(got, func(m messageItem) string { return m.ID }))
	page = getAs[messageWindow](g.scopeSite, v, base+"&around="+c.messages[0].id)
	got = page.Items
	for range len(c.messages) + 1 {
		if !page.HasNewer {
			break
		}
		page = getAs[messageWindow](g.scopeSite, v, base+"&newer="+got[len(got)-1].ID)
		got = append(got, page.Items...)
	}
	g.differ(v, base+" forwards", want, mapEach(got, func(m messageItem) string { return m.ID }))
}

// checkFind compares the hits in a chat, newest first.
func (g *grower) checkFind(v *refViewer) {
	g.t.Helper()
	g.indexSearch()
	c := g.aChat(v)
	if c == nil {
		return
	}
	if other := g.aChat(v); len(other.messages) > len(c.messages) { // so that answers have several pages
		c = other
	}
	part := pickOne(g, []string{"tkm", "tkm", "tkm", "退款", "HELLO", "ｈｅｌｌｏ", "tkm1", "tkc", "报价", "%", "没有"})
	q := url.Values{"q": {part}}
	from, to := time.Time{}, time.Now().Add(time.Hour)
	if g.chance(40) {
		from = pickOne(g, c.messages).at
		q.Set("from", from.Format(time.RFC3339Nano))
	}
	if g.chance(40) {
		to = pickOne(g, c.messages).at
		q.Set("to", to.Format(time.RFC3339Nano))
	}
	if from.After(to) {
		from, to = to, from
		q.Set("from", from.Format(time.RFC3339Nano))
		q.Set("to", to.Format(time.RFC3339Nano))
	}
	if g.chance(20) {
		q.Set("exact", "true")
	}
	if part == "ｈｅｌｌｏ" {
		part = "hello"
	}
	want := keepOnly(c.messages, func(m *refMessage) bool { return m.says(part) && !m.at.Before(from) && m.at.Before(to) })
	slices.Reverse(want)
	type hit struct{ Message messageItem }
	path := fmt.Sprintf("/conversations/%d/find", c.id)
	got, first := allPages[hit](g.scopeSite, v, path, q, 1+g.rnd.IntN(2))
	g.differ(v, path+"?"+q.Encode(), mapEach(want, func(m *refMessage) seenMessage { return g.realm.seen(v, m) }),
		mapEach(got, func(h hit) seenMessage { return h.Message.seen() }))
	if *first.Total != len(want) {
		g.t.Errorf("%s: %s?%s by %s: total %d, want %d", g.name, path, q.Encode(), v.userid, *first.Total, len(want))
	}
}

// checkDays compares the calendar of a chat.
func (g *grower) checkDays(v *refViewer) {
	g.t.Helper()
	c := g.aChat(v)
	if c == nil {
		return
	}
	tz := pickOne(g, []string{"Asia/Shanghai", "UTC", "America/New_York"})
	zone, err := time.LoadLocation(tz)
	if err != nil {
		g.t.Fatal(err)
	}
	type day struct {
		Date                 string
		Messages, Violations int
	}
	days := map[string]day{}
	for _, m := range c.messages {
		d := days[m.at.In(zone).Format(time.DateOnly)]
		d.Date = m.at.In(zone).Format(time.DateOnly)
		d.Messages++
		days[d.Date] = d
	}
	for _, x := range g.realm.violations {
		date := x.at.In(zone).Format(time.DateOnly)
		if d, ok := days[date]; ok && x.chat == c && x.state != "false_alarm" && g.realm.seesViolation(v, x) {
			d.Violations++
			days[date] = d
		}
	}
	want := slices.Collect(maps.Values(days))
	slices.SortFunc(want, func(a, b day) int { return strings.Compare(a.Date, b.Date) })
	path := fmt.Sprintf("/conversations/%d/days?tz=%s", c.id, url.QueryEscape(tz))
	g.differ(v, path, want, getAs[listPage[day]](g.scopeSite, v, path).Items)
}

// checkMessage follows a link to one message, in scope or not.
func (g *grower) checkMessage(v *refViewer) {
	g.t.Helper()
	m := pickOne(g, g.realm.messages)
	path := "/messages/" + m.id
	raw := g.ask(v, http.MethodGet, path+"/raw", nil)
	switch {
	case v.admin && (raw.status != http.StatusOK || !strings.Contains(raw.body, m.msgid)):
		g.t.Errorf("%s: %s/raw by %s: %d %s", g.name, path, v.userid, raw.status, raw.body)
	case !v.admin && raw.status != http.StatusForbidden:
		g.t.Errorf("%s: %s/raw by %s: %d, want 403", g.name, path, v.userid, raw.status)
	}
	if !g.realm.seesChat(v, m.chat) {
		g.refused(v, path)
		return
	}
	g.differ(v, path, g.realm.seen(v, m), getAs[messageItem](g.scopeSite, v, path).seen())
}
