package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huicun/internal/archive"
	"huicun/internal/rules"
	"huicun/server"
)

// A cookie that somebody copied is worth no more than the session, in the
// replica where that changed and in the other.
func TestStolenCookie(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.replica()
	boss := f.signedIn("Boss")
	account := func(role string, disabled bool) func(*browser) {
		body := `{"userid":"Mei","role":"` + role + `","disabled":` + map[bool]string{true: "true", false: "false"}[disabled] + `,"departments":[],"employees":[]}`
		return func(*browser) { boss.json("PUT", "/api/v1/viewers/2", body, http.StatusOK, nil) }
	}
	for _, tt := range []struct {
		name    string
		before  func(*browser)
		change  func(*browser)
		me      int // status of what everybody may read, afterwards
		forBoss int // of what admins may read
	}{
		{"nothing changed", nil, func(*browser) {}, http.StatusOK, http.StatusForbidden},
		{"signed out", nil, func(b *browser) { b.json("DELETE", "/api/v1/session", "", http.StatusNoContent, nil) }, http.StatusUnauthorized, http.StatusUnauthorized},
		{"made an admin", nil, account("admin", false), http.StatusOK, http.StatusOK},
		{"an admin no more", account("admin", false), account("viewer", false), http.StatusOK, http.StatusForbidden},
		{"disabled", nil, account("viewer", true), http.StatusUnauthorized, http.StatusUnauthorized},
		{"disabled and enabled again", nil, func(b *browser) {
			account("viewer", true)(b)
			account("viewer", false)(b)
		}, http.StatusUnauthorized, http.StatusUnauthorized},
		{"signed in again in the same browser", nil, func(b *browser) { b.signIn("Mei") }, http.StatusUnauthorized, http.StatusUnauthorized},
		{"left the company", nil, func(*browser) {
			f.exec(`UPDATE employees SET left_at = now() + interval '1 second' WHERE person = 'mei'`)
		}, http.StatusUnauthorized, http.StatusUnauthorized},
	} {
		f.exec(`UPDATE viewers SET role = 'viewer', disabled = false WHERE person = 'mei'`)
		if tt.before != nil {
			tt.before(nil)
		}
		b := f.signedIn("Mei")
		stolen := b.cookies()
		tt.change(b)
		for name, replica := range map[string]*fixture{"this replica": f, "the other": other} {
			for path, want := range map[string]int{"/api/v1/me": tt.me, "/api/v1/viewers": tt.forBoss} {
				if got := replica.do(call{method: "GET", path: path, cookies: stolen}).Code; got != want {
					t.Errorf("%s: GET %s in %s: %d, want %d", tt.name, path, name, got, want)
				}
			}
		}
	}
}

// The session a browser had before signing in, planted or its own, is not the
// one that it has after; nor is the login cookie's value one to count on.
func TestNothingPlantedOutlivesTheSignIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	attacker := f.signedIn("Boss")
	victim := f.browser()
	victim.jar["__Host-huicun"] = attacker.jar["__Host-huicun"]
	victim.signIn("Mei")
	if victim.jar["__Host-huicun"].Value == attacker.jar["__Host-huicun"].Value {
		t.Fatal("the victim goes on in the attacker's session")
	}
	attacker.refused("GET", "/api/v1/me", "", "unauthenticated", "") // it ended with the victim's sign-in

	victim = f.browser()
	for _, planted := range []string{"", "x", strings.Repeat("A", 51) + "1", strings.Repeat("A", 4000)} {
		victim.jar["__Host-huicun-login"] = &http.Cookie{Name: "__Host-huicun-login", Value: planted}
		victim.startLogin("/")
		if got := victim.jar["__Host-huicun-login"].Value; got == planted || len(got) != 52 {
			t.Errorf("the login cookie %q becomes %q", planted, got)
		}
	}
}

// states lists who ends up signed in, "" for nobody, after a browser came back
// from WeCom.
func TestCallbacksOfOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.replica()
	back := func(b *browser, code, state string) string {
		b.send("GET", "/auth/callback?"+url.Values{"code": {code}, "state": {state}}.Encode(), "")
		if b.jar["__Host-huicun"] == nil {
			return ""
		}
		var me struct{ Userid string }
		b.get("/api/v1/me", &me)
		return me.Userid
	}
	start := func() (*browser, string) {
		b := f.browser()
		return b, b.startLogin("/")
	}
	for _, tt := range []struct {
		name string
		play func() string
		want string
	}{
		{"as it should be", func() string { b, s := start(); return back(b, "once-Mei", s) }, "Mei"},
		{"in the other replica", func() string {
			b, s := start()
			b.f = other
			return back(b, "code-Mei", s)
		}, "Mei"},
		{"state of another browser", func() string {
			_, s := start()
			b, _ := start()
			return back(b, "code-Mei", s)
		}, ""},
		{"state of another browser, no login begun", func() string { _, s := start(); return back(f.browser(), "code-Mei", s) }, ""},
		{"state used before", func() string {
			b, s := start()
			back(b, "code-Mei", s)
			delete(b.jar, "__Host-huicun")
			return back(b, "code-Mei", s)
		}, ""},
		{"the whole answer of another", func() string {
			b, s := start()
			cookie := b.jar["__Host-huicun-login"]
			back(b, "once-Boss", s)
			thief := f.browser()
			thief.jar["__Host-huicun-login"] = cookie
			return back(thief, "once-Boss", s)
		}, ""},
		{"code used before", func() string { b, s := start(); return back(b, "once-Mei", s) }, ""},
		{"no state", func() string { b, _ := start(); return back(b, "code-Mei", "") }, ""},
		{"made-up state", func() string { b, _ := start(); return back(b, "code-Mei", strings.Repeat("A", 52)) }, ""},
		{"state in small letters", func() string { b, s := start(); return back(b, "code-Mei", strings.ToLower(s)) }, ""},
		{"state and more", func() string { b, s := start(); return back(b, "code-Mei", s+"rr") }, ""},
		{"state of a second attempt", func() string { b, s := start(); return back(b, "code-Mei", s+"r") }, "Mei"},
		{"no code", func() string { b, s := start(); return back(b, "", s) }, ""},
		{"made-up code", func() string { b, s := start(); return back(b, "nonsense", s) }, ""},
	} {
		if got := tt.play(); got != tt.want {
			t.Errorf("%s: signed in as %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Of many who come back with the same state at once, in two replicas, one is
// signed in.
func TestStateIsUsedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.replica()
	b := f.browser()
	path := "/auth/callback?code=code-Mei&state=" + b.startLogin("/")
	cookies := b.cookies()
	var sessions atomic.Int64
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			replica := []*fixture{f, other}[i%2]
			for _, c := range replica.do(call{method: "GET", path: path, cookies: cookies}).Result().Cookies() {
				if c.Name == "__Host-huicun" && c.Value != "" {
					sessions.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := sessions.Load(); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

// The tokens of others do not fit, and there is no way round the header.
func TestTokensOfOtherSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	mei, boss, second := f.signedIn("Mei"), f.signedIn("Boss"), f.signedIn("Boss")
	before := len(f.actions())
	for _, op := range contract {
		if !op.mutates() {
			continue
		}
		id := op.Operation.OperationID
		for name, c := range map[string]call{
			"of another viewer":             {header: map[string]string{"X-CSRF-Token": mei.csrf}},
			"of another session":            {header: map[string]string{"X-CSRF-Token": second.csrf}},
			"in the query":                  {path: "?X-CSRF-Token=" + boss.csrf + "&csrf=" + boss.csrf},
			"the session cookie's value":    {header: map[string]string{"X-CSRF-Token": boss.jar["__Host-huicun"].Value}},
			"under another name":            {header: map[string]string{"X-XSRF-Token": boss.csrf, "Csrf-Token": boss.csrf}},
			"with a space and another word": {header: map[string]string{"X-CSRF-Token": boss.csrf + " " + boss.csrf}},
		} {
			c.method, c.path, c.body, c.cookies = op.Method, op.address()+c.path, sampleBodies[id], boss.cookies()
			checkRefused(t, id+" with a token "+name, f.do(c), "forbidden.csrf", "")
		}
		for name, header := range map[string]map[string]string{
			"a look-alike":     {"Origin": "https://archive.example.com.evil.example.com"},
			"a user part":      {"Origin": "https://archive.example.com@evil.example.com"},
			"a path":           {"Origin": site + "/"},
			"a dot at the end": {"Origin": site + "."},
			"two origins":      {"Origin": site + " https://evil.example.com"},
			"a good origin of another site's request, by a made-up header": {"Sec-Fetch-Site": "cross-site", "Referer": site + "/"},
			"a foreign origin that claims same-origin":                     {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example.com"},
			"a foreign origin typed in":                                    {"Sec-Fetch-Site": "none", "Origin": "https://evil.example.com"},
		} {
			header["X-CSRF-Token"] = boss.csrf
			w := f.do(call{method: op.Method, path: op.address(), body: sampleBodies[id], header: header, cookies: boss.cookies()})
			checkRefused(t, id+" from "+name, w, "forbidden.origin", "")
		}
	}
	if got := f.actions()[before:]; len(got) != 0 {
		t.Errorf("log: %v", got)
	}
	// A form of another site cannot send JSON, and a GET changes nothing by
	// saying that it is something else.
	boss.header = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	boss.refused("PATCH", "/api/v1/me", `{"deletion_alerts":false}`, "invalid.content_type", "")
	boss.header = map[string]string{"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
	boss.send("GET", "/api/v1/session?_method=DELETE", "")
	boss.header = nil
	boss.get("/api/v1/me", nil)
}

// wherever a browser is sent after signing in, it stays on this site, as
// browsers read addresses: backslashes are slashes, control characters vanish.
func TestNoWayOutAfterSignIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	base, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	evil := "evil.example.com"
	for _, to := range []string{
		"//" + evil, `\\` + evil, `/\` + evil, `\/` + evil, `///` + evil, `/\/` + evil, "/\t/" + evil, "/\n/" + evil, "\t//" + evil, " //" + evil,
		"https:" + evil, "https:/" + evil, "https://" + evil, "HTTPS://" + evil, "http://archive.example.com@" + evil, "//archive.example.com@" + evil,
		"//" + evil + "/%2f..", "/%2f" + evil, "/%2F%2F" + evil, "/%5c" + evil, "/%5C%5C" + evil, "/%09/" + evil, "/%0a/" + evil, "/%00/" + evil, "/%0d%0aLocation:%20//" + evil,
		"/..//" + evil, "/.//" + evil, "/a/..//" + evil, "/%2e%2e//" + evil, "/;//" + evil, "/?//" + evil, "/#//" + evil, "/@" + evil, "/c/7?next=//" + evil,
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "/javascript:alert(1)", "data:text/html,x", "vbscript:x", "intent://x", "weixin://x",
		"/／" + evil, "／／" + evil, "/﹨" + evil, "/\u2028/" + evil, "/\u2029/" + evil, "/\u0085/" + evil, "/\u00a0/" + evil, "/\ufeff/" + evil, "/\u202e/" + evil, "/。" + evil,
		"/%", "/%2", "/[", "/:80", ":80", "?", "#", "", "/" + strings.Repeat("/", 50) + evil, "/" + strings.Repeat("你", 1000), strings.Repeat("/a", 1001),
	} {
		for _, name := range []string{"return_to", "to"} {
			b := f.browser()
			w := b.send("GET", "/auth/login?"+url.Values{name: {to}}.Encode(), "")
			login, err := url.Parse(w.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			w = b.send("GET", "/auth/callback?code=code-Boss&state="+login.Query().Get("state"), "")
			checkStays(t, base, to, w)
		}
	}
}

// checkStays reads the address as a browser does.
func checkStays(t *testing.T, base *url.URL, to string, w *httptest.ResponseRecorder) {
	t.Helper()
	got := w.Header().Get("Location")
	read := strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(strings.TrimFunc(got, func(r rune) bool { return r <= ' ' }))
	u, err := base.Parse(read)
	if w.Code != http.StatusFound || err != nil || u.Host != base.Host || u.Scheme != base.Scheme || !strings.HasPrefix(read, "/") || strings.HasPrefix(read, "//") {
		t.Errorf("return_to %q leads to %q (%d, %v)", to, got, w.Code, err)
	}
	if len(w.Header().Values("Location")) != 1 || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("return_to %q: Location %q", to, got)
	}
}

// streaming is a replica that hears of what others do, on a socket. Its streams
// look at their session by themselves once in an hour only.
func (f *fixture) streaming() (*fixture, *httptest.Server) {
	f.t.Helper()
	listening := make(chan struct{})
	var once sync.Once
	replica := f.replica(func(o *server.Options) {
		o.Live.Violations = f.db
		o.Live.Listen = func(ctx context.Context, on func(archive.LiveNotice)) error {
			return f.db.ListenLive(ctx, func(n archive.LiveNotice) {
				once.Do(func() { close(listening) })
				on(n)
			})
		}
	})
	server.RecheckEvery(replica.Server, time.Hour)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- replica.Run(ctx) }()
	hs := httptest.NewServer(replica.Server)
	f.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			f.t.Errorf("Run: %v", err)
		}
		hs.Close()
	})
	<-listening
	return replica, hs
}

// An open stream ends as soon as the session does, when another replica ends
// it, too: a notice comes. The streams of others go on.
func TestStreamsEndAtOnceInEveryReplica(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	one, hs := f.streaming()
	boss, bystander := f.signedIn("Boss"), one.signedIn("Boss").watch(hs, "")
	for i, tt := range []struct {
		name string
		end  func(b *browser)
	}{
		{"signed out", func(b *browser) {
			b.f = f
			b.json("DELETE", "/api/v1/session", "", http.StatusNoContent, nil)
		}},
		{"disabled", func(*browser) {
			boss.json("PUT", "/api/v1/viewers/2", `{"userid":"Mei","role":"viewer","disabled":true,"departments":[],"employees":[]}`, http.StatusOK, nil)
		}},
	} {
		b := one.signedIn("Mei")
		w := b.watch(hs, "")
		tt.end(b)
		w.ended()
		_, err := f.db.SaveViolations(t.Context(), []rules.Violation{{
			DedupeKey: tt.name, Kind: rules.KindWord, Severity: rules.Mid, Words: []string{}, OccurredAt: noon, Employees: []string{"shop"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if e := bystander.next(); e.Name != "violation" || objectOf(t, e) != strconv.Itoa(i+1) {
			t.Errorf("%s: the stream of somebody else has %+v", tt.name, e)
		}
	}
}
