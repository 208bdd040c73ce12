package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/server"
	"huicun/server/api"
)

func TestSearchIsRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	b.get("/api/v1/search?q=%E7%A7%98%E5%AF%86", nil)
	b.get("/api/v1/search/conversations?q=%E7%A7%98%E5%AF%86", nil) // of the same search
	b.get("/api/v1/search/suggestions?q=zhang", nil)                // nothing of chats
	b.get("/api/v1/search?revoked=true&order=oldest", nil)
	want := []string{"boss session.created viewer:1", "boss search search:1", "boss search search:2"}
	if diff := cmp.Diff(want, f.actions()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	var details []string
	if err := f.db.Select(&details, `SELECT detail FROM audit_entries WHERE action = 'search' ORDER BY id`); err != nil || len(details) != 2 {
		t.Fatal(details, err)
	}
	wantDetail := `{"exact": true, "total": 1, "engine": "postgres", "fields": ["q"], "characters": 2}`
	if diff := cmp.Diff(wantDetail, details[0]); diff != "" {
		t.Errorf("detail (-want +got):\n%s", diff)
	}
	var recent api.RecentSearchList
	b.get("/api/v1/search/recent", &recent)
	if len(recent.Items) != 2 || *recent.Items[0].Query.Order != "oldest" || *recent.Items[1].Query.Q != "秘密" || recent.Items[1].Total.Count != 1 {
		t.Errorf("recent searches: %+v", recent.Items)
	}
	other := f.signedIn("Mei")
	other.get("/api/v1/search/recent", &recent)
	if len(recent.Items) != 0 {
		t.Errorf("recent searches of somebody else: %+v", recent.Items)
	}
}

func TestSearchThatCannotBeRecordedIsNotShown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	f.exec(`ALTER TABLE audit_entries RENAME TO away`)
	for _, path := range []string{"/search?q=a", "/search/conversations?q=a"} {
		if w := b.send("GET", "/api/v1"+path, ""); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), messageID) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestSearchOutOfScopeFindsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.archive.scopes = nil
	b := f.signedIn("Mei")
	for _, path := range []string{"/search?q=a", "/search?q=a&order=best", "/search/conversations?q=a"} {
		var page struct {
			Items []any
			Next  string
		}
		b.get("/api/v1"+path, &page)
		if len(page.Items) != 0 || page.Next != "" {
			t.Errorf("%s: %+v", path, page)
		}
	}
	var page api.SearchPage
	f.signedIn("Mei").get("/api/v1/search?q=a", &page)
	if page.Complete.Behind != nil {
		t.Errorf("a viewer is told how much comes in: %+v", page.Complete)
	}
}

func TestAFailingEngineIsAnError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	f.engine.fail = errors.New("secret of the engine")
	for _, path := range []string{"/search?q=a", "/search?q=a&order=best", "/search/conversations?q=a", "/conversations/7/find?q=a"} {
		w := b.send("GET", "/api/v1"+path, "")
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// Searching everywhere and in one conversation take the same, and refuse the
// same in the same words.
func TestOneBoundOfWords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	for _, tt := range []struct{ name, text, message string }{
		{"500 characters", strings.Repeat("长", 500), "must have at most 200 characters"},
		{"201 characters", strings.Repeat("😀", 201), "must have at most 200 characters"},
		{"17 words", strings.Repeat("长 ", 17), "must have at most 16 words"},
	} {
		for _, path := range []string{"/search", "/search/conversations", "/conversations/7/find"} {
			w := b.send("GET", "/api/v1"+path+"?q="+url.QueryEscape(tt.text), "")
			got := withoutID(t, w.Body.Bytes()).Error
			if w.Code != http.StatusBadRequest || got.Field == nil || *got.Field != "q" || !strings.Contains(got.Message, tt.message) {
				t.Errorf("%s, %s: %d %.300s, want 400: q %s", path, tt.name, w.Code, w.Body, tt.message)
			}
		}
	}
	for _, path := range []string{"/search", "/search/conversations", "/conversations/7/find"} {
		b.get("/api/v1"+path+"?q="+url.QueryEscape(strings.Repeat("😀", 200)), nil)
	}
}

func TestHostileSearches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	many := func(name string, n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, "&%s=%d", name, i+1)
		}
		return "/search?q=a" + s.String()
	}
	for _, tt := range []struct{ name, path, field string }{
		{"50 KB", "/search?q=" + strings.Repeat("a", 50_000), "q"},
		{"nothing", "/search", "q"},
		{"an empty text", "/search?q=", "q"},
		{"NUL", "/search?q=a%00b", "q"},
		{"bad UTF-8", "/search?q=%ff", "q"},
		{"17 words", "/search?q=" + strings.Repeat("a+", 17), "q"},
		{"9,999 conversations", many("conversation", 9_999), "conversation"},
		{"9,999 persons", many("person", 9_999), "person"},
		{"9,999 senders", many("sender", 9_999), "sender"},
		{"9,999 departments", many("department", 9_999), "department"},
		{"9,999 types", many("type", 9_999), "type"},
		{"more parameters than net/url reads", many("conversation", 10_000), "q"},
		{"a conversation that is no number", "/search?conversation=x", "conversation"},
		{"a department that is no number", "/search?department=-1", "department"},
		{"a time", "/search?from=yesterday", "from"},
		{"a day alone", "/search?q=a&from=2026-01-02", "from"},
		{"a day that does not exist", "/search?q=a&from=2026-13-45", "from"},
		{"a moment that does not exist", "/search/conversations?q=a&to=2026-02-30T00:00:00Z", "to"},
		{"a long type", "/search?type=" + strings.Repeat("a", 201), "type"},
		{"no days", "/search?q=a&days=0", "days"},
		{"days that are no number", "/search?q=a&days=all", "days"},
		{"days and a time", "/search/conversations?days=7&from=2026-01-02T00:00:00Z", "days"},
		{"times upside down", "/search?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"},
		{"an order", "/search?q=a&order=random()", "order"},
		{"a flag", "/search?has=money", "has"},
		{"a side", "/search?q=a&side=both", "side"},
		{"no boolean", "/search?q=a&exact=maybe", "exact"},
		{"a limit", "/search?q=a&limit=101", "limit"},
		{"a long sender", "/search?sender=" + strings.Repeat("a", 201), "sender"},
		{"a cursor", "/search?q=a&cursor=x", "cursor"},
		{"a cursor of another list", "/search?q=a&cursor=WyJoaXRzIiwxLDIsIjMiXQ", "cursor"},
		{"suggestions for nothing", "/search/suggestions?q=+", "q"},
		{"suggestions without text", "/search/suggestions", "q"},
		{"suggestions for 51", "/search/suggestions?q=" + strings.Repeat("a", 51), "q"},
		{"suggestions for NUL", "/search/suggestions?q=%00", "q"},
	} {
		w := b.send("GET", "/api/v1"+tt.path, "")
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %.300s, want 400", tt.name, w.Code, w.Body)
			continue
		}
		if got := withoutID(t, w.Body.Bytes()).Error.Field; got == nil || *got != tt.field {
			t.Errorf("%s: %s, want field %s", tt.name, w.Body, tt.field)
		}
	}
	for _, text := range []string{`%`, `_`, `\`, `.*+?()[]{}|^$`, `'; DROP TABLE searches; --`, `"`, `""`, "a\tb\nc", "\u202e\u200b x", "😀", `<script>`} {
		b.get("/api/v1/search?q="+url.QueryEscape(text), nil)
		b.get("/api/v1/search/suggestions?q="+url.QueryEscape(text+"x"), nil)
	}
}

func TestSearchesHaveRates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	server.LimitedAsUsual(f.Server)
	for _, path := range []string{"/search?q=a", "/search/conversations?q=a", "/search/suggestions?q=a"} {
		b, n := f.signedIn("Boss"), 0
		for n < 100 && b.send("GET", "/api/v1"+path, "").Code == http.StatusOK {
			n++
		}
		if n < 20 || n > 90 {
			t.Errorf("%s: %d at once", path, n)
		}
	}
}

func TestRecentSearchesAreEmptied(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	mei, boss := f.signedIn("Mei"), f.signedIn("Boss")
	count := func(b *browser) int {
		t.Helper()
		var list api.RecentSearchList
		b.get("/api/v1/search/recent", &list)
		return len(list.Items)
	}
	for _, b := range []*browser{mei, boss} {
		b.get("/api/v1/search?q=报价&days=30", &api.SearchPage{})
	}
	token := mei.csrf
	mei.csrf = ""
	if w := mei.send("DELETE", "/api/v1/search/recent", ""); w.Code != http.StatusForbidden || count(mei) != 1 {
		t.Errorf("without a token: %d, %d searches left", w.Code, count(mei))
	}
	mei.csrf = token
	if w := mei.send("DELETE", "/api/v1/search/recent", ""); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if count(mei) != 0 || count(boss) != 1 {
		t.Errorf("%d and %d searches left, want none, and those of others", count(mei), count(boss))
	}
}

func TestSavedSearchesOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	mei, boss := f.signedIn("Mei"), f.signedIn("Boss")
	var saved api.SavedSearch
	body := `{"name":"报价","shared":true,"query":{"q":"报价","sender":["shop"],"department":["2"],"has":["qr"],"order":"best","from":"2026-01-01T00:00:00Z"}}`
	mei.json("POST", "/api/v1/searches", body, http.StatusCreated, &saved)
	if !saved.Mine || saved.Owner.Name != "李梅" || saved.Version != 1 || *saved.Query.Q != "报价" || (*saved.Query.Department)[0] != "2" {
		t.Errorf("saved: %+v", saved)
	}
	path := "/api/v1/searches/" + saved.Id
	mei.json("POST", path+"/rule", "", http.StatusCreated, &saved)
	if saved.RuleId == nil || saved.RuleLeftOut == nil {
		t.Fatalf("rule: %+v", saved)
	}
	if diff := cmp.Diff([]string{"department", "from", "has", "sender"}, *saved.RuleLeftOut); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	var moving api.SavedSearch
	mei.json("POST", "/api/v1/searches", `{"name":"近 30 天","shared":false,"query":{"q":"报价","days":30}}`, http.StatusCreated, &moving)
	mei.json("POST", "/api/v1/searches/"+moving.Id+"/rule", "", http.StatusCreated, &moving)
	if q := moving.Query; q.Days == nil || *q.Days != 30 || q.From != nil || q.To != nil {
		t.Errorf("of the last 30 days: %+v", q)
	}
	if diff := cmp.Diff([]string{"days"}, *moving.RuleLeftOut); diff != "" {
		t.Errorf("left out of the last days (-want +got):\n%s", diff)
	}
	if w := mei.send("DELETE", "/api/v1/searches/"+moving.Id, ""); w.Code != http.StatusNoContent {
		t.Errorf("delete: %d %s", w.Code, w.Body)
	}
	var list api.SavedSearchList
	boss.get("/api/v1/searches", &list)
	if len(list.Items) != 1 || list.Items[0].Mine || list.Items[0].RuleId != nil {
		t.Errorf("shared: %+v", list.Items)
	}
	for method, p := range map[string]string{"PUT": path, "DELETE": path, "POST": path + "/rule"} {
		if w := boss.send(method, p, `{"name":"x","shared":false,"query":{"q":"x"},"version":1}`); w.Code != http.StatusNotFound {
			t.Errorf("%s by somebody else: %d %s", method, w.Code, w.Body)
		}
	}
	mei.refused("PUT", path, `{"name":"x","shared":false,"query":{"q":"x"},"version":7}`, "conflict", "")
	mei.refused("PUT", path, `{"name":"x","shared":false,"query":{"q":"x"}}`, "invalid", "version")
	mei.refused("POST", "/api/v1/searches", `{"name":"x","shared":false,"query":{}}`, "invalid", "q")
	mei.refused("POST", "/api/v1/searches", `{"name":"x","shared":false,"query":{"q":"`+strings.Repeat("x", 201)+`"}}`, "invalid", "q")
	mei.refused("PUT", path, `{"name":"x","shared":false,"query":{"q":"x"},"version":1}`, "invalid", "words") // too short for its rule
	mei.json("PUT", path, `{"name":"x","shared":false,"query":{"q":"xy"},"version":1}`, http.StatusOK, &saved)
	if saved.Version != 2 || saved.Shared || saved.RuleId == nil {
		t.Errorf("changed: %+v", saved)
	}
	for _, p := range []string{path + "/rule", path} {
		if w := mei.send("DELETE", p, ""); w.Code != http.StatusNoContent {
			t.Errorf("DELETE %s: %d %s", p, w.Code, w.Body)
		}
	}
	mei.get("/api/v1/searches", &list)
	if len(list.Items) != 0 {
		t.Errorf("left: %+v", list.Items)
	}
}
