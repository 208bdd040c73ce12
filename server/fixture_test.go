package server_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/search"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
	"huicun/server"
	"huicun/server/api"
)

const site = "https://archive.example.com"

// fixture is a server over a real database, with stand-ins for WeCom and for
// what reads chats. Codes that WeCom gives are "code-" + userid.
type fixture struct {
	*server.Server
	t       *testing.T
	db      *store.DB
	archive *fakeArchive
	engine  *fakeEngine
	files   *fakeFiles
	live    *fakeLive
	wecom   *fakeWeCom
	saved   []savedEvent
	rules   *fakeRules
	woken   int
	ready   error
}

type savedEvent struct{ Config, Event, ChangeType, Body string }

// newFixture has an admin "boss" and a viewer "mei" who sees department 2.
func newFixture(t *testing.T, change ...func(*server.Options)) *fixture {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: storetest.New(t), MaxConns: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	f := &fixture{t: t, db: db, archive: newFakeArchive(), engine: &fakeEngine{}, live: newFakeLive(), wecom: &fakeWeCom{}, rules: &fakeRules{}}
	f.files = newFakeFiles(f.archive)
	f.exec(`INSERT INTO departments (id, parent_id, name) VALUES (1, 0, 'Corp'), (2, 1, 'Sales')`)
	f.exec(`INSERT INTO employees (person, userid, name) VALUES ('boss', 'Boss', '王总'), ('mei', 'Mei', '李梅'), ('shop', 'Shop', '店员')`)
	f.exec(`INSERT INTO employee_departments (person, department_id) VALUES ('boss', 1), ('mei', 2), ('shop', 2)`)
	acc := &access.Service{Store: db}
	if err := acc.EnsureAdmins(t.Context(), []string{"Boss"}); err != nil {
		t.Fatal(err)
	}
	f.exec(`INSERT INTO viewers (person, userid, role) VALUES ('mei', 'Mei', 'viewer')`)
	o := f.options(acc)
	for _, c := range change {
		c(&o)
	}
	f.Server, err = server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server.Unlimited(f.Server)
	t.Cleanup(f.Close)
	return f
}

func (f *fixture) options(acc *access.Service) server.Options {
	return server.Options{
		PublicURL: site, CorpID: "ww1", AgentID: 1000002, Build: "build-1",
		H5: fstest.MapFS{
			"index.html":          {Data: []byte("<!doctype html><title>会存</title>" + strings.Repeat(" ", 500))},
			"assets/app-1234.js":  {Data: []byte("console.log(" + strings.Repeat("1+", 400) + "1)")},
			"favicon.svg":         {Data: []byte("<svg/>")},
			".vite/manifest.json": {Data: []byte("{}")},
		},
		Access: acc, Archive: f.archive, Files: f.files, Finder: f.finder(), Rules: f.rules, Violations: fakeViolations{f.archive}, Alerts: fakeAlerts{}, Audit: &audit.Recorder{Store: f.db}, WeCom: f.wecom,
		Sign: func(_ context.Context, kind, page string) (server.Signature, error) {
			return server.Signature{Timestamp: 1, Nonce: kind, Signature: page}, nil
		},
		Callbacks: server.Callbacks{
			Codecs: map[string]server.Codec{"app": fakeCodec{}},
			Parse: func(msg []byte) (string, string, error) {
				event, changeType, _ := strings.Cut(string(msg), "/")
				return event, changeType, nil
			},
			Save: func(_ context.Context, config, event, changeType string, msg []byte) (bool, error) {
				f.saved = append(f.saved, savedEvent{config, event, changeType, string(msg)})
				return true, nil
			},
			Wake: func(context.Context) { f.woken++ },
		},
		Live:   server.Live{Listen: f.live.listen, Source: f.live, Violations: f.live},
		Status: func(context.Context) (server.Status, error) { return fullStatus, nil },
		Ready:  func(context.Context) error { return f.ready },
	}
}

// replica is another server over the same database, in a process of its own as
// far as anybody can tell.
func (f *fixture) replica(change ...func(*server.Options)) *fixture {
	f.t.Helper()
	other := *f
	o := other.options(&access.Service{Store: f.db})
	for _, c := range change {
		c(&o)
	}
	var err error
	if other.Server, err = server.New(o); err != nil {
		f.t.Fatal(err)
	}
	server.Unlimited(other.Server)
	f.t.Cleanup(other.Close)
	return &other
}

func (f *fixture) exec(query string, args ...any) {
	f.t.Helper()
	if _, err := f.db.Exec(query, args...); err != nil {
		f.t.Fatal(err)
	}
}

// actions lists the operation log since the fixture was made.
func (f *fixture) actions() []string {
	f.t.Helper()
	var list []string
	err := f.db.Select(&list, `SELECT actor || ' ' || action || ' ' || object FROM audit_entries WHERE actor <> 'system' ORDER BY id`)
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// call is a request and what to change about it.
type call struct {
	method, path, body string
	header             map[string]string
	cookies            []*http.Cookie
}

// do sends a request; answers of the API must keep to the contract.
func (f *fixture) do(c call) *httptest.ResponseRecorder {
	f.t.Helper()
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	r := httptest.NewRequestWithContext(f.t.Context(), c.method, c.path, body)
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	for _, k := range c.cookies {
		r.AddCookie(k)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	checkContract(f.t, r, w)
	return w
}

// operation is one of the contract.
type operation struct {
	*routers.Route
	match *regexp.Regexp
}

var contract = loadContract()

func loadContract() []operation {
	spec, err := api.GetSpec()
	if err != nil {
		panic(err)
	}
	var ops []operation
	param := regexp.MustCompile(`\\\{\w+\\\}`)
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			ops = append(ops, operation{
				&routers.Route{Spec: spec, Path: path, PathItem: item, Method: method, Operation: op},
				regexp.MustCompile("^/api/v1" + param.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$"),
			})
		}
	}
	return ops
}

// findOperation prefers a path without parameters: /rules/test over /rules/{id}.
func findOperation(method, path string) *routers.Route {
	var found *routers.Route
	for _, op := range contract {
		if op.Method == method && op.match.MatchString(path) && (found == nil || !strings.Contains(op.Path, "{")) {
			found = op.Route
		}
	}
	return found
}

// checkContract compares an answer with openapi.yaml.
func checkContract(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	route := findOperation(r.Method, r.URL.Path)
	if route == nil || strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
		return
	}
	err := openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s %s does not keep to the contract: %v", r.Method, r.URL.Path, err)
	}
}

func init() {
	for _, kind := range []string{
		"application/octet-stream", "multipart/byteranges", "image/png", "image/jpeg", "image/gif", "image/webp",
		"video/mp4", "video/webm", "audio/mpeg", "audio/mp4", "audio/wav", "audio/ogg",
	} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.FileBodyDecoder)
	}
}

// fakeWeCom knows the members of the corp by their codes.
type fakeWeCom struct {
	used map[string]bool
	err  error
}

func (w *fakeWeCom) AuthorizeURL(state, redirect string) string {
	return "https://open.example.com/oauth?" + url.Values{"state": {state}, "redirect_uri": {redirect}}.Encode()
}

func (w *fakeWeCom) WebLoginURL(state, redirect, lang string) string {
	return "https://login.example.com/sso?" + url.Values{"state": {state}, "redirect_uri": {redirect}, "lang": {lang}}.Encode()
}

func (w *fakeWeCom) UserByCode(_ context.Context, code string) (string, error) {
	if w.err != nil {
		return "", w.err
	}
	if w.used[code] && strings.HasPrefix(code, "once-") {
		return "", &fault.Error{Code: "unauthenticated.code_used", Message: "used"}
	}
	if w.used == nil {
		w.used = map[string]bool{}
	}
	w.used[code] = true
	if code == "stranger" {
		return "", &fault.Error{Code: access.CodeNotMember, Message: "not a member"}
	}
	_, userid, ok := strings.Cut(code, "-")
	if !ok {
		return "", &fault.Error{Code: "unauthenticated.code_invalid", Message: "invalid"}
	}
	return userid, nil
}

// fakeCodec takes a callback for genuine when its signature is "good".
type fakeCodec struct{}

func (fakeCodec) Verify(q url.Values) ([]byte, error) {
	if q.Get("msg_signature") != "good" {
		return nil, fault.Forbidden("signature")
	}
	return []byte(q.Get("echostr")), nil
}

func (fakeCodec) Open(q url.Values, body []byte) ([]byte, error) {
	if q.Get("msg_signature") != "good" {
		return nil, fault.Forbidden("signature")
	}
	return body, nil
}

var (
	noon       = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	windowLeft = 4 * 24 * time.Hour
	fullStatus = server.Status{
		Seq: 9007199254740993, Received: 12, Stored: 10, Quarantined: 2, Duplicates: 1,
		Gaps:     []server.Gap{{AfterSeq: 3, BeforeSeq: 7, Kind: "skipped", NoticedAt: noon}},
		GapTotal: 1, LastSuccessAt: noon, CaughtUpAt: noon, Lag: 90 * time.Second, WindowLeft: &windowLeft, Alarm: "notice",
		LastError: "timeout", LastErrorAt: noon, LastCause: "network",
		Quarantine: []server.QuarantineGroup{{PublicKeyVer: 2, Reason: "key_missing", Messages: 2, Oldest: noon}},
		Pulls:      []server.Pull{{StartedAt: noon, FinishedAt: noon, FromSeq: 7, Calls: 1, Received: 5, Duplicates: 4, Outcome: "stored"}},
		Puller:     "host-1",
		Media: &server.MediaStatus{
			Files: 9, Ready: 3, Pending: 2, Overdue: 1, Expired: 1, Refused: 1, Broken: 1, OverLimit: 1, Flagged: 1, Bytes: 9007199254740993,
			Unlooked: 1, Unreadable: 1, OldestPendingAt: noon, LastError: "timeout", LastErrorClass: "retry",
		},
		Search: &server.SearchStatus{Engine: "elastic", Engines: []server.SearchIndex{
			{Name: "elastic", Coverage: search.Coverage{Indexed: 8, Messages: 10, Behind: 2, Problem: "down"}, Building: &server.SearchBuilding{Documents: 3, Target: 10}},
			{Name: "postgres", Coverage: search.Coverage{Indexed: 10, Messages: 10, UpTo: noon}},
		}},
		Troubles: []server.Trouble{{Subject: "pull", Cause: "trusted_ip", Since: noon, Title: "会话存档停止拉取", Detail: "原因", Next: "处理"}},
	}
)
