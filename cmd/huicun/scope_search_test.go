package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"huicun/internal/ingest/chatdata"
	"huicun/internal/outbox"
	"huicun/internal/search"
)

// indexSearch makes documents and keys of names of all that waits, as the outbox
// does.
func (g *grower) indexSearch() {
	g.t.Helper()
	ctx, db := g.t.Context(), g.app.db
	handlers := map[string]outbox.Handler{
		search.KindIndex: (&search.Indexer{Store: db, Decode: chatdata.Content}).Handle, search.KindNames: (&search.Namer{Store: db}).Handle,
	}
	for {
		items, err := db.ClaimItems(ctx, "scope", []string{search.KindIndex, search.KindNames}, 50)
		if err != nil {
			g.t.Fatal(err)
		}
		if len(items) == 0 {
			return
		}
		for _, item := range items {
			if err := handlers[item.Kind](ctx, item); err != nil {
				g.t.Fatalf("%s: %s: %v", g.name, item.Kind, err)
			}
			if err := db.FinishItem(ctx, item, outbox.Outcome{State: outbox.StateCompleted, Count: true}); err != nil {
				g.t.Fatal(err)
			}
		}
	}
}

// refFilter is one filter of a search, and what passes it.
type refFilter struct {
	name, value string
	keep        func(*refMessage) bool
}

var china = time.FixedZone("CST", 8*60*60)

// filters are one of each kind, of things that v may see or not.
func (g *grower) filters(v *refViewer) []refFilter {
	r := g.realm
	person, other, chat, from, to := pickOne(g, g.people()), pickOne(g, r.messages), pickOne(g, r.chats), g.moment(), g.moment()
	days := 1 + g.rnd.IntN(60)
	year, month, day := time.Now().In(china).Date()
	since := time.Date(year, month, day-days+1, 0, 0, 0, 0, china)
	key := strings.ToLower(person)
	if strings.HasPrefix(person, "w") {
		key = person
	}
	has := func(ok func(refPlace) bool) func(*refMessage) bool {
		return func(m *refMessage) bool { return slices.ContainsFunc(m.places, ok) }
	}
	outsiders := func(m *refMessage) bool {
		return slices.ContainsFunc(m.chat.members, func(p string) bool { return r.kindOf(p) == "customer" })
	}
	all := []refFilter{
		{"sender", other.from, func(m *refMessage) bool { return m.from == other.from }},
		{"person", person, func(m *refMessage) bool { return slices.Contains(m.chat.members, key) }},
		{"conversation", fmt.Sprint(chat.id), func(m *refMessage) bool { return m.chat == chat }},
		{"chat", "group", func(m *refMessage) bool { return m.chat.kind == "group" }},
		{"chat", "direct", func(m *refMessage) bool { return m.chat.kind == "direct" }},
		{"side", "external", outsiders},
		{"side", "internal", func(m *refMessage) bool { return !outsiders(m) }},
		{"type", "revoke", func(m *refMessage) bool { return m.revokes != "" }},
		{"from", from.Format(time.RFC3339Nano), func(m *refMessage) bool { return !m.at.Before(from) }},
		{"to", to.Format(time.RFC3339Nano), func(m *refMessage) bool { return m.at.Before(to) }},
		{"days", fmt.Sprint(days), func(m *refMessage) bool { return !m.at.Before(since) }},
		{"has", "link", has(func(p refPlace) bool { return p.tab == "link" })},
		{"has", "file", has(func(p refPlace) bool { return p.tab != "link" })},
		{"has", "qr", has(func(p refPlace) bool { return p.file != nil && p.file.code != "" })},
		{"revoked", "true", func(m *refMessage) bool { return r.revokeOf(m) != nil }},
		{"sensitive", "true", func(m *refMessage) bool {
			return slices.ContainsFunc(r.violations, func(x *refViolation) bool {
				return x.message == m && x.state != "false_alarm" && r.seesViolation(v, x)
			})
		}},
	}
	if other.from == "" {
		all = all[1:]
	}
	if d := pickOne(g, r.departments); d != nil {
		all = append(all, refFilter{"department", fmt.Sprint(d.id), func(m *refMessage) bool { return r.ofDepartment(v, m.chat, d) }})
	}
	return all
}

// ofDepartment: an employee whom v may see is in the chat, and in the department
// or below. Viewers may name the departments that are listed for them.
func (r *realm) ofDepartment(v *refViewer, c *refChat, d *refDepartment) bool {
	listed := v.admin || slices.ContainsFunc(r.employees, func(e *refEmployee) bool {
		return r.sees(v, e.person) && slices.ContainsFunc(e.departments, func(id int64) bool { return r.under(d.id, id) })
	})
	return listed && slices.ContainsFunc(c.members, func(p string) bool {
		e := r.employee(p)
		return e != nil && r.sees(v, p) && slices.ContainsFunc(e.departments, func(id int64) bool { return r.above(d.id, id) })
	})
}

// aSearch makes up a search, and gives the messages that it must find, newest
// first.
func (g *grower) aSearch(v *refViewer) (url.Values, []*refMessage) {
	part := pickOne(g, []string{"退款", "HELLO", "ｈｅｌｌｏ", "tkm1", "tkc", "報價", "%", "没有", "请退款 tkm", "tkm -退款", ""})
	q := url.Values{}
	keep := []func(*refMessage) bool{func(m *refMessage) bool { return g.realm.seesChat(v, m.chat) }}
	if part != "" {
		q.Set("q", part)
		folded := strings.NewReplacer("ｈｅｌｌｏ", "hello", "報價", "报价").Replace(part)
		keep = append(keep, func(m *refMessage) bool {
			for _, word := range strings.Fields(folded) {
				without, not := strings.CutPrefix(word, "-")
				if m.says(without) == not {
					return false
				}
			}
			return true
		})
	}
	filters := g.filters(v)
	g.rnd.Shuffle(len(filters), func(i, j int) { filters[i], filters[j] = filters[j], filters[i] })
	wanted := g.rnd.IntN(3)
	if part == "" {
		wanted++
	}
	for _, f := range filters[:wanted] {
		if !q.Has(f.name) {
			q.Set(f.name, f.value)
			keep = append(keep, f.keep)
		}
	}
	if from, to := q.Get("from"), q.Get("to"); to != "" && from > to || q.Has("days") && from+to != "" {
		return g.aSearch(v)
	}
	if g.chance(10) && part != "報價" && part != "报价" {
		q.Set("exact", "true")
	}
	list := slices.Clone(g.realm.messages)
	for _, ok := range keep {
		list = keepOnly(list, ok)
	}
	slices.SortFunc(list, func(a, b *refMessage) int {
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.seq, a.seq), strings.Compare(b.id, a.id))
	})
	return q, list
}

type searchItem struct {
	Message       messageItem
	Conversation  foundChat
	Before, After *idOnly
}

// foundChat is a chat that a search found, and whose it is: the employee of a direct one.
type foundChat struct {
	ID       string
	Employee idOnly
}

func (r *realm) foundChat(v *refViewer, c *refChat) foundChat {
	return foundChat{fmt.Sprint(c.id), idOnly{r.employeeOf(c, r.right(v, c, ""))}}
}

type searchPage struct {
	Items []searchItem
	Next  string
	Total *struct {
		Count int
		Exact bool
	}
	Engine   string
	Complete struct {
		Complete bool
		Behind   *int
	}
}

// around is a hit in short: the message, its chat and its neighbours there.
type around struct {
	Message       seenMessage
	Chat          foundChat
	Before, After string
}

func (r *realm) around(v *refViewer, m *refMessage) around {
	a := around{Message: r.seen(v, m), Chat: r.foundChat(v, m.chat)}
	i := slices.Index(m.chat.messages, m)
	if i > 0 {
		a.Before = m.chat.messages[i-1].id
	}
	if i+1 < len(m.chat.messages) {
		a.After = m.chat.messages[i+1].id
	}
	return a
}

func (it searchItem) around() around {
	a := around{Message: it.Message.seen(), Chat: it.Conversation}
	if it.Before != nil {
		a.Before = it.Before.ID
	}
	if it.After != nil {
		a.After = it.After.ID
	}
	return a
}

// checkSearch compares the hits of a search in each order, their total, and the
// conversations that they are in.
func (g *grower) checkSearch(v *refViewer) {
	g.t.Helper()
	g.indexSearch()
	q, want := g.aSearch(v)
	g.checkSearchConversations(v, q, want)
	order := pickOne(g, []string{"newest", "oldest", "best"})
	q.Set("order", order)
	q.Set("limit", fmt.Sprint(g.limit()))
	path := "/search?" + q.Encode()
	var got []around
	for n := 0; ; n++ {
		page := getAs[searchPage](g.scopeSite, v, "/search?"+q.Encode())
		if n == 0 && (page.Total == nil || page.Total.Count != len(want) || !page.Total.Exact) || n > 0 && page.Total != nil || n > 1000 {
			g.t.Errorf("%s: %s by %s: page %d has total %+v, want %d", g.name, path, v.userid, n, page.Total, len(want))
		}
		if page.Engine != "postgres" || !page.Complete.Complete || !v.admin && page.Complete.Behind != nil {
			g.t.Errorf("%s: %s by %s: engine %s, %+v", g.name, path, v.userid, page.Engine, page.Complete)
		}
		got = append(got, mapEach(page.Items, searchItem.around)...)
		if page.Next == "" || n > 1000 {
			break
		}
		q.Set("cursor", page.Next)
	}
	in := mapEach(want, func(m *refMessage) around { return g.realm.around(v, m) })
	byID := func(a, b around) int { return strings.Compare(a.Message.ID, b.Message.ID) }
	switch order {
	case "oldest":
		slices.Reverse(in)
	case "best": // its order is the service's own matter
		slices.SortFunc(in, byID)
		slices.SortFunc(got, byID)
	}
	g.differ(v, path, in, append([]around{}, got...))
}

func (g *grower) checkSearchConversations(v *refViewer, q url.Values, want []*refMessage) {
	g.t.Helper()
	type item struct {
		Conversation foundChat
		Hits         int
		Newest       time.Time
	}
	var in []item
	for _, m := range want {
		id := fmt.Sprint(m.chat.id)
		i := slices.IndexFunc(in, func(it item) bool { return it.Conversation.ID == id })
		if i < 0 {
			i = len(in)
			in = append(in, item{Conversation: g.realm.foundChat(v, m.chat), Newest: m.at})
		}
		in[i].Hits++
	}
	slices.SortFunc(in, func(a, b item) int {
		x, y := mustNumber(g.t, a.Conversation.ID), mustNumber(g.t, b.Conversation.ID)
		return cmp.Or(b.Newest.Compare(a.Newest), cmp.Compare(y, x))
	})
	got, _ := allPages[item](g.scopeSite, v, "/search/conversations", q, g.limit())
	g.differ(v, "/search/conversations?"+q.Encode(), in, got)
}

// checkSuggestions compares whom the beginning of a name brings.
func (g *grower) checkSuggestions(v *refViewer) {
	g.t.Helper()
	g.indexSearch()
	r := g.realm
	typed := pickOne(g, []string{"tkk1", "TKK", "tkg", "n0", "n1", "tkr", "e0", "ｎ０", "nobody", "%"})
	folded := strings.ToLower(strings.NewReplacer("ｎ", "n", "０", "0").Replace(typed))
	begins := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(strings.ToLower(name), folded) })
	}
	var want []string
	for _, e := range r.employees {
		if r.sees(v, e.person) && begins(e.name, e.userid) {
			want = append(want, "employee "+e.person)
		}
	}
	for _, c := range r.customers {
		follows := keepOnly(r.follows, func(f *refFollow) bool { return f.customer == c.person && r.sees(v, f.employee) })
		known := v.admin || len(follows) > 0 ||
			slices.ContainsFunc(r.chats, func(chat *refChat) bool { return r.seesChat(v, chat) && slices.Contains(chat.members, c.person) })
		names := append(mapEach(follows, func(f *refFollow) string { return f.remark }), c.name)
		if known && begins(names...) {
			want = append(want, "customer "+c.person)
		}
	}
	for _, group := range r.groups {
		chat := findOne(r.chats, func(c *refChat) bool { return c.kind == "group" && c.roomid == group.roomid })
		if chat != nil && group.name != "" && r.seesChat(v, chat) && begins(group.name) {
			want = append(want, fmt.Sprintf("group %d", chat.id))
		}
	}
	type item struct {
		Kind                 string
		Person, Conversation *idOnly
	}
	path := "/search/suggestions?limit=100&q=" + url.QueryEscape(typed)
	var got []string
	for _, it := range getAs[listPage[item]](g.scopeSite, v, path).Items {
		of := it.Person
		if of == nil {
			of = it.Conversation
		}
		got = append(got, it.Kind+" "+of.ID)
	}
	slices.Sort(want)
	slices.Sort(got)
	g.differ(v, path, want, got)
}

// refSaved is a saved search.
type refSaved struct {
	id      int64
	owner   *refViewer
	name    string
	shared  bool
	version int
}

func (s *refSaved) input() map[string]any {
	return map[string]any{"name": s.name, "shared": s.shared, "version": s.version, "query": map[string]any{"q": "never said " + s.name}}
}

// seesSaved: their own, and what others share.
func (r *realm) seesSaved(v *refViewer, s *refSaved) bool {
	return s.owner == v || s.shared && !s.owner.disabled
}

// checkSaved saves a search, changes one, and compares the list; now and then
// one becomes a rule, or ends.
func (g *grower) checkSaved(v *refViewer) {
	g.t.Helper()
	r := g.realm
	mine := &refSaved{owner: v, name: g.mark("s"), shared: g.chance(40), version: 1}
	r.saved = append(r.saved, mine)
	g.changed()
	mine.id = mustNumber(g.t, changeAs[idOnly](g.scopeSite, v, http.MethodPost, "/searches", mine.input()).ID)
	path := fmt.Sprintf("/searches/%d", mine.id)
	if other := pickOne(g, keepOnly(r.saved, func(s *refSaved) bool { return s.owner != v })); other != nil {
		foreign := fmt.Sprintf("/searches/%d", other.id)
		for _, l := range []scopeLink{{http.MethodPut, foreign, mine.input()}, {http.MethodDelete, foreign, nil}, {http.MethodPost, foreign + "/rule", nil}, {http.MethodDelete, foreign + "/rule", nil}} {
			if a := g.ask(v, l.method, l.path, bodyOf(l)); a.status != http.StatusNotFound {
				g.t.Errorf("%s: %s %s by %s: %d, want 404", g.name, l.method, l.path, v.userid, a.status)
			}
		}
	}
	changeAs[idOnly](g.scopeSite, v, http.MethodPut, path, mine.input())
	mine.version++
	if g.chance(50) {
		if a := g.ask(v, http.MethodPut, path, (&refSaved{name: "x", version: 1}).input()); a.status != http.StatusConflict {
			g.t.Errorf("%s: PUT %s of an old version: %d, want 409", g.name, path, a.status)
		}
	}
	changeAs[idOnly](g.scopeSite, v, http.MethodPost, path+"/rule", nil)
	for _, p := range []string{path + "/rule", path} {
		if p == path && g.chance(50) {
			break
		}
		if a := g.ask(v, http.MethodDelete, p, nil); a.status != http.StatusNoContent {
			g.t.Errorf("%s: DELETE %s by %s: %d %s", g.name, p, v.userid, a.status, a.body)
		}
		if p == path {
			r.saved = r.saved[:len(r.saved)-1]
		}
	}
	g.changed()
	g.checkSavedList(v)
}

func bodyOf(l scopeLink) any {
	if l.body == nil {
		return nil
	}
	return l.body
}

func (g *grower) checkSavedList(v *refViewer) {
	g.t.Helper()
	type item struct {
		ID, Name string
		Shared   bool
		Mine     bool
		Rule     string `json:"rule_id"`
	}
	list := keepOnly(g.realm.saved, func(s *refSaved) bool { return g.realm.seesSaved(v, s) })
	slices.SortFunc(list, func(a, b *refSaved) int {
		return cmp.Or(cmp.Compare(boolInt(a.owner != v), boolInt(b.owner != v)), strings.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
	})
	want := mapEach(list, func(s *refSaved) item {
		return item{ID: strconv.FormatInt(s.id, 10), Name: s.name, Shared: s.shared, Mine: s.owner == v}
	})
	g.differ(v, "/searches", want, getAs[listPage[item]](g.scopeSite, v, "/searches").Items)
	g.checkRecent(v)
}

// checkRecent: viewers are listed their own searches, and empty their own list.
func (g *grower) checkRecent(v *refViewer) {
	g.t.Helper()
	type recent struct{ Query struct{ Q string } }
	list := func(v *refViewer) []recent { return getAs[listPage[recent]](g.scopeSite, v, recentSearches).Items }
	if other := pickOne(g, g.realm.viewers); g.chance(30) && other != v && !other.disabled {
		before := list(other)
		if a := g.ask(v, http.MethodDelete, recentSearches, nil); a.status != http.StatusNoContent {
			g.t.Errorf("%s: %s empties the list of searches: %d %s", g.name, v.userid, a.status, a.body)
		}
		if left := list(v); len(left) > 0 {
			g.t.Errorf("%s: recent searches of %s, emptied: %+v", g.name, v.userid, left)
		}
		g.differ(other, recentSearches, before, list(other))
	}
	getAs[searchPage](g.scopeSite, v, "/search?q="+ownWord(v))
	got := list(v)
	if len(got) == 0 || got[0].Query.Q != ownWord(v) {
		g.t.Errorf("%s: recent searches of %s begin with %+v", g.name, v.userid, got)
	}
	for _, it := range got {
		if strings.HasPrefix(it.Query.Q, "tkv") && it.Query.Q != ownWord(v) {
			g.t.Errorf("%s: recent searches of %s have one of somebody else: %s", g.name, v.userid, it.Query.Q)
		}
	}
}

const recentSearches = "/search/recent"

// ownWord is what one viewer alone looks for.
func ownWord(v *refViewer) string { return fmt.Sprintf("tkv%dz", v.id) }
