package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/config"
	"huicun/internal/store/storetest"
)

// scopeSite is a huicun without WeCom, over a database of its own, whose contents
// the realm mirrors.
type scopeSite struct {
	t     *testing.T
	name  string // seed and step, for messages
	app   *app
	realm *realm

	access *access.Service
	given  []fileLink // to all viewers, so far
	usage  *coverage
	marks  map[*refViewer]map[string]bool // marks that a viewer may read, as of now
}

// refSession is a signed-in browser of a viewer.
type refSession struct {
	token, csrf string
	uses        int
}

// sessionUses is how often a session is used before the viewer signs in anew:
// rate limits count by session.
const sessionUses = 15

const scopeAdmin = "Boss"

// quietConfig is that of a huicun which pulls nothing and knows no WeCom.
func quietConfig(t *testing.T) config.Config {
	t.Helper()
	c := config.Default()
	c.DataDir = t.TempDir()
	c.Server.Listen, c.Server.PublicURL = "127.0.0.1:0", "http://127.0.0.1:8080"
	c.Database.URL, c.Database.MaxConns = storetest.New(t), 6
	c.WeCom.CorpID, c.WeCom.AgentID, c.WeCom.AppSecret = "wwscope", 1000002, "secret"
	c.Finance.Client = "off"
	c.Access.Admins = []string{scopeAdmin}
	return c
}

// newSite builds the program as serve does; nothing but the HTTP side works.
func newSite(t *testing.T, u *coverage) *scopeSite {
	t.Helper()
	c := quietConfig(t)
	a, err := newApp(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	traceStatements(t, a.db.DB, c.Database.MaxConns)
	return &scopeSite{t: t, app: a, realm: &realm{}, access: &access.Service{Store: a.db}, usage: u}
}

// signIn gives v a new session.
func (s *scopeSite) signIn(v *refViewer) {
	s.t.Helper()
	token, err := s.access.SignIn(s.t.Context(), v.userid, audit.Origin{IP: "192.0.2.1"}, "test")
	if err != nil {
		s.t.Fatalf("%s: sign-in of %s: %v", s.name, v.userid, err)
	}
	sess, _, err := s.access.Peek(s.t.Context(), token)
	if err != nil {
		s.t.Fatalf("%s: session of %s: %v", s.name, v.userid, err)
	}
	v.session = refSession{token: token, csrf: sess.CSRF}
}

// apiAnswer is what came back, and what it took.
type apiAnswer struct {
	status     int
	header     http.Header
	body       string
	statements []string
}

// request makes a request of the API in v's name.
func (s *scopeSite) request(ctx context.Context, v *refViewer, method, path string, body any) *http.Request {
	s.t.Helper()
	if v.session.token == "" || v.session.uses >= sessionUses {
		s.signIn(v)
	}
	v.session.uses++
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req := httptest.NewRequestWithContext(ctx, method, "/api/v1"+path, r)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		req.Header.Set("X-CSRF-Token", v.session.csrf)
	}
	req.AddCookie(&http.Cookie{Name: "huicun", Value: v.session.token})
	return req
}

// ask sends a request through the router. No answer may hold what v may not
// read, and none may be a failure of the server.
func (s *scopeSite) ask(v *refViewer, method, path string, body any) apiAnswer {
	s.t.Helper()
	var log statementLog
	req := s.request(log.in(s.t.Context()), v, method, path, body)
	w := httptest.NewRecorder()
	s.app.server.ServeHTTP(w, req)
	a := apiAnswer{status: w.Code, header: w.Header(), body: w.Body.String(), statements: log.list}
	if a.status >= 500 || a.status == http.StatusUnauthorized || a.status == http.StatusTooManyRequests {
		s.t.Fatalf("%s: %s %s by %s: %d %s", s.name, method, path, v.userid, a.status, a.body)
	}
	s.usage.count(v, req, a.status)
	s.checkMarks(v, method+" "+path, a.body+fmt.Sprint(a.header))
	return a
}

// get reads a JSON answer of a request that must succeed.
func getAs[T any](s *scopeSite, v *refViewer, path string) T {
	s.t.Helper()
	var into T
	a := s.ask(v, http.MethodGet, path, nil)
	if a.status != http.StatusOK {
		s.t.Fatalf("%s: GET %s by %s: %d %s", s.name, path, v.userid, a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &into); err != nil {
		s.t.Fatalf("%s: GET %s: %v in %s", s.name, path, err, a.body)
	}
	return into
}

// change sends a request that must succeed and reads the answer.
func changeAs[T any](s *scopeSite, v *refViewer, method, path string, body any) T {
	s.t.Helper()
	var into T
	a := s.ask(v, method, path, body)
	if a.status/100 != 2 {
		s.t.Fatalf("%s: %s %s by %s: %d %s", s.name, method, path, v.userid, a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &into); err != nil {
		s.t.Fatalf("%s: %s %s: %v in %s", s.name, method, path, err, a.body)
	}
	return into
}

// listed is a page of any list.
type listPage[T any] struct {
	Items  []T
	Next   string
	Total  *int
	Counts map[string]int
}

// pages reads a list to its end. Each page has the same totals, and all but
// the last are full.
func allPages[T any](s *scopeSite, v *refViewer, path string, query url.Values, limit int) ([]T, listPage[T]) {
	s.t.Helper()
	query = maps.Clone(query)
	query.Set("limit", fmt.Sprint(limit))
	var all []T
	var first listPage[T]
	for n := 0; ; n++ {
		page := getAs[listPage[T]](s, v, path+"?"+query.Encode())
		if n == 0 {
			first = page
		}
		if n > 1000 || len(page.Items) > limit || page.Next != "" && len(page.Items) < limit {
			s.t.Fatalf("%s: %s by %s: page %d has %d items of %d, next %q", s.name, path, v.userid, n, len(page.Items), limit, page.Next)
		}
		if page.Total != nil && *page.Total != *first.Total || !maps.Equal(page.Counts, first.Counts) {
			s.t.Errorf("%s: %s by %s: page %d has other totals", s.name, path, v.userid, n)
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, first
		}
		query.Set("cursor", page.Next)
	}
}

// mark is a word that occurs in one thing only: tkm5z is message 5.
var markPattern = regexp.MustCompile(`tk[a-z]\d+z`)

// checkMarks looks for what v may not read.
func (s *scopeSite) checkMarks(v *refViewer, where, text string) {
	s.t.Helper()
	if v.admin || where == "GET "+recentSearches { // what they looked for themselves, found or not
		return
	}
	if s.marks[v] == nil {
		if s.marks == nil {
			s.marks = map[*refViewer]map[string]bool{}
		}
		s.marks[v] = s.realm.marksOf(v)
	}
	for _, found := range markPattern.FindAllString(text, -1) {
		if !s.marks[v][found] {
			s.t.Errorf("%s: %s shows %s, which %s may not see: %s", s.name, where, found, v.userid, text)
		}
	}
}

// marksOf are the marks of all that v may read.
func (r *realm) marksOf(v *refViewer) map[string]bool {
	var b strings.Builder
	person := func(id string) {
		if e := r.employee(id); e != nil {
			b.WriteString(e.name + " ")
		}
		if c := findOne(r.customers, func(c *refCustomer) bool { return c.person == id }); c != nil {
			b.WriteString(c.name + " ")
		}
	}
	for _, e := range r.employees {
		if r.sees(v, e.person) {
			person(e.person)
			for _, d := range r.departments {
				if slices.ContainsFunc(e.departments, func(id int64) bool { return r.above(d.id, id) }) {
					b.WriteString(d.name + " ")
				}
			}
		}
	}
	for _, c := range r.chats {
		if !r.seesChat(v, c) {
			continue
		}
		for _, m := range c.messages {
			b.WriteString(m.text + " ")
			for _, p := range m.places {
				if p.file != nil {
					b.WriteString(p.file.code + " ")
				}
			}
		}
		if g := r.group(c.roomid); g != nil {
			b.WriteString(g.name + " " + g.notice + " ")
		}
		for _, p := range c.members {
			person(p)
		}
		if f := r.followBetween(c); f != nil {
			b.WriteString(f.remark + " ")
		}
	}
	for _, f := range r.follows {
		if r.sees(v, f.employee) {
			b.WriteString(f.remark + " ")
			person(f.customer)
		}
	}
	for _, x := range r.violations {
		if r.seesViolation(v, x) && x.rule != nil {
			b.WriteString(x.rule.name + " ")
		}
	}
	for _, s := range r.saved {
		if r.seesSaved(v, s) {
			b.WriteString(s.name + " ")
		}
	}
	b.WriteString(ownWord(v) + " ")
	for _, other := range r.viewers { // who handled a violation
		person(other.person)
	}
	allowed := map[string]bool{}
	for _, m := range markPattern.FindAllString(b.String(), -1) {
		allowed[m] = true
	}
	return allowed
}

// startOfToday is when the day began where the counts of a list begin.
func startOfToday() time.Time {
	zone := time.FixedZone("Asia/Shanghai", 8*3600)
	y, m, d := time.Now().In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}
