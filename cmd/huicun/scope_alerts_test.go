package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

type violationItem struct {
	ID, Kind, State, Evidence string
	Conversation              string `json:"conversation_id"`
	Title                     string `json:"conversation_title"`
	Message                   string `json:"message_id"`
	Rule                      string `json:"rule_name"`
}

func (r *realm) violationItem(x *refViolation) violationItem {
	item := violationItem{ID: fmt.Sprint(x.id), Kind: x.kind, State: x.state}
	if x.rule != nil {
		item.Rule = x.rule.name
	}
	if x.chat != nil {
		item.Conversation = fmt.Sprint(x.chat.id)
		if group := r.group(x.chat.roomid); x.chat.kind == "group" && group != nil {
			item.Title = group.name
		}
	}
	if x.message != nil {
		item.Message, item.Evidence = x.message.id, x.message.text
	}
	return item
}

// checkViolations compares the list under random filters, to its end.
func (g *grower) checkViolations(v *refViewer) {
	g.t.Helper()
	r, q := g.realm, url.Values{}
	if g.chance(40) {
		q.Set("tab", pickOne(g, []string{"words", "behaviours"}))
	}
	if g.chance(40) {
		q.Set("state", pickOne(g, []string{"open", "handled", "false_alarm"}))
	}
	if g.chance(40) {
		q.Set("conversation", fmt.Sprint(pickOne(g, r.chats).id))
	}
	list := r.newestViolations(v, func(x *refViolation) bool {
		return (q.Get("tab") == "" || (q.Get("tab") == "words") == (x.kind == "word")) &&
			(!q.Has("conversation") || x.chat != nil && fmt.Sprint(x.chat.id) == q.Get("conversation"))
	})
	open := len(keepOnly(list, func(x *refViolation) bool { return x.state == "open" }))
	if q.Has("state") {
		list = keepOnly(list, func(x *refViolation) bool { return x.state == q.Get("state") })
	}
	got, first := allPages[violationItem](g.scopeSite, v, "/violations", q, g.limit())
	where := "/violations?" + q.Encode()
	g.differ(v, where, mapEach(list, r.violationItem), append([]violationItem{}, got...))
	if *first.Total != open {
		g.t.Errorf("%s: %s by %s: total %d, want %d", g.name, where, v.userid, *first.Total, open)
	}
}

type alertItem struct {
	ID        string
	Violation string `json:"violation_id"`
	To        idOnly
}

// newestAlerts are those that v may see, of one violation or (nil) of all.
func (r *realm) newestAlerts(v *refViewer, of *refViolation) []alertItem {
	list := keepOnly(r.alerts, func(a *refAlert) bool { return r.seesAlert(v, a) && (of == nil || a.violation == of) })
	slices.SortFunc(list, func(a, b *refAlert) int { return cmp.Compare(b.id, a.id) })
	return mapEach(list, func(a *refAlert) alertItem {
		return alertItem{ID: fmt.Sprint(a.id), Violation: fmt.Sprint(a.violation.id), To: idOnly{a.viewer.person}}
	})
}

// checkAlerts compares what was sent.
func (g *grower) checkAlerts(v *refViewer) {
	g.t.Helper()
	got, _ := allPages[alertItem](g.scopeSite, v, "/alerts", url.Values{}, g.limit())
	g.differ(v, "/alerts", g.realm.newestAlerts(v, nil), append([]alertItem{}, got...))
}

// checkViolation looks at one with its context, in scope or not.
func (g *grower) checkViolation(v *refViewer) {
	g.t.Helper()
	x := pickOne(g, g.realm.violations)
	if x == nil {
		return
	}
	path := fmt.Sprintf("/violations/%d", x.id)
	if !g.realm.seesViolation(v, x) {
		g.refused(v, path)
		return
	}
	got := getAs[struct {
		Violation violationItem
		Context   []messageItem
		Alerts    []alertItem
	}](g.scopeSite, v, path)
	g.differ(v, path, g.realm.violationItem(x), got.Violation)
	want := mapEach(g.realm.contextOf(v, x), func(m *refMessage) seenMessage { return g.realm.seen(v, m) })
	g.differ(v, path+" context", want, mapEach(got.Context, messageItem.seen))
	g.differ(v, path+" alerts", g.realm.newestAlerts(v, x), append([]alertItem{}, got.Alerts...))
}

// contextOf is five messages before and after a word, or the last ten of a chat
// that ended.
func (r *realm) contextOf(v *refViewer, x *refViolation) []*refMessage {
	if x.message == nil || !r.seesChat(v, x.chat) {
		return nil
	}
	i := slices.Index(x.chat.messages, x.message)
	if x.kind == "word" {
		return x.chat.messages[max(0, i-5):min(len(x.chat.messages), i+6)]
	}
	return x.chat.messages[max(0, i-9) : i+1]
}

// checkAdminPages: what is for admins refuses all others, whatever they name.
func (g *grower) checkAdminPages(v *refViewer) {
	g.t.Helper()
	rule := pickOne(g, g.realm.rules)
	of := pickOne(g, g.realm.viewers)
	want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}[v.admin]
	for _, path := range []string{"/rules", fmt.Sprintf("/rules/%d", rule.id), "/viewers", "/status"} {
		if a := g.ask(v, http.MethodGet, path, nil); a.status != want {
			g.t.Errorf("%s: GET %s by %s: %d, want %d", g.name, path, v.userid, a.status, want)
		}
	}
	if a := g.ask(v, http.MethodPost, "/rules/test", map[string]any{"words": []string{"退款"}, "text": "请退款"}); a.status != want {
		g.t.Errorf("%s: POST /rules/test by %s: %d, want %d", g.name, v.userid, a.status, want)
	}
	if v.admin {
		g.checkRightsOfOthers(v, rule, of)
	}
}

// checkRightsOfOthers looks at rules and accounts as an admin.
func (g *grower) checkRightsOfOthers(v *refViewer, rule *refRule, of *refViewer) {
	g.t.Helper()
	sizes := map[string]int{}
	for _, one := range getAs[listPage[struct {
		ID        string
		ScopeSize int `json:"scope_size"`
	}]](g.scopeSite, v, "/viewers").Items {
		sizes[one.ID] = one.ScopeSize
	}
	if got, want := sizes[fmt.Sprint(of.id)], g.realm.scopeSize(of); got != want {
		g.t.Errorf("%s: /viewers says that %s sees %d, want %d", g.name, of.userid, got, want)
	}
	rule.subscribers = pickSome(g, g.realm.viewers, 3)
	kept := getAs[struct{ Version int }](g.scopeSite, v, fmt.Sprintf("/rules/%d", rule.id))
	in := rule.input()
	in["version"] = kept.Version
	changeAs[idOnly](g.scopeSite, v, http.MethodPut, fmt.Sprintf("/rules/%d", rule.id), in)
}

// checkForeignCursors goes on where an admin's page ended: a cursor is a place,
// no right.
func (g *grower) checkForeignCursors(v *refViewer) {
	g.t.Helper()
	if v.admin {
		return
	}
	for _, path := range []string{"/employees", "/violations", "/alerts"} {
		next := getAs[listPage[idOnly]](g.scopeSite, g.admin, path+"?limit=1").Next
		if next == "" {
			continue
		}
		own := getAs[listPage[idOnly]](g.scopeSite, v, path)
		foreign := getAs[listPage[idOnly]](g.scopeSite, v, path+"?cursor="+next)
		g.differ(v, "total of "+path+" with an admin's cursor", own.Total, foreign.Total)
		if len(foreign.Items) > len(own.Items) {
			g.t.Errorf("%s: %s by %s: %d items with an admin's cursor, %d in all", g.name, path, v.userid, len(foreign.Items), len(own.Items))
		}
	}
}
