package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/fault"
	"huicun/server"
	"huicun/server/api"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.browser()
	w := b.send("GET", "/c/7?m=1&q=%E4%BD%A0", "")
	if got, want := w.Header().Get("Location"), "/auth/login?return_to="+url.QueryEscape("/c/7?m=1&q=%E4%BD%A0"); w.Code != http.StatusFound || got != want {
		t.Fatalf("a page without session: %d %q, want %q", w.Code, got, want)
	}
	w = b.send("GET", w.Header().Get("Location"), "")
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || to.Host != "login.example.com" || to.Query().Get("redirect_uri") != site+"/auth/callback" {
		t.Fatalf("login leads to %q, %v", to, err)
	}
	state := to.Query().Get("state")
	if strings.Trim(state, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" || len(state) < 32 {
		t.Errorf("state %q: WeCom takes letters and digits only", state)
	}
	w = b.send("GET", "/auth/callback?code=code-mei&state="+state, "")
	if got := w.Header().Get("Location"); w.Code != http.StatusFound || got != "/c/7?m=1&q=%E4%BD%A0" {
		t.Fatalf("callback: %d to %q", w.Code, got)
	}
	session := b.jar["__Host-huicun"]
	if session == nil || !session.Secure || !session.HttpOnly || session.SameSite != http.SameSiteLaxMode || session.Path != "/" || session.Domain != "" {
		t.Fatalf("cookie %+v", session)
	}
	if _, left := b.jar["__Host-huicun-login"]; left {
		t.Error("the login cookie stays")
	}
	if w := b.send("GET", "/c/7", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "会存") {
		t.Errorf("the page: %d", w.Code)
	}
	var me api.Me
	b.get("/api/v1/me", &me)
	want := api.Me{
		Id: "2", Userid: "Mei", Name: "李梅", Role: "viewer", Csrf: me.Csrf, Build: "build-1", DeletionAlerts: true,
		CorpId: "ww1", AgentId: 1000002,
	}
	if diff := cmp.Diff(want, me); diff != "" || len(me.Csrf) < 32 {
		t.Errorf("me (-want +got):\n%s", diff)
	}
}

func TestSignInInsideWeCom(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.browser()
	b.header = map[string]string{"User-Agent": "Mozilla/5.0 Chrome/134 wxwork/4.1.38 MicroMessenger/7.0.1 Language/zh"}
	w := b.send("GET", "/auth/login", "")
	if to := w.Header().Get("Location"); !strings.HasPrefix(to, "https://open.example.com/oauth?") {
		t.Errorf("login leads to %q", to)
	}
}

func TestLoginReturnsToThisSiteOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, tt := range []struct{ returnTo, want string }{
		{"/alerts/5?x=1#top", "/alerts/5?x=1#top"},
		{"/c/7?u=https://evil.example.com", "/c/7?u=https://evil.example.com"},
		{"", "/"},
		{"alerts", "/"},
		{"https://evil.example.com/", "/"},
		{"//evil.example.com/", "/"},
		{"///evil.example.com/", "/"},
		{`/\evil.example.com/`, "/"},
		{`\\evil.example.com/`, "/"},
		{"/%5cevil.example.com", "/"},
		{"/%2fevil.example.com", "/"},
		{"/\tevil.example.com", "/"},
		{"/%09/evil.example.com", "/"},
		{"/\r\nSet-Cookie: a=b", "/"},
		{"javascript:alert(1)", "/"},
		{"/x\xff", "/"},
		{"/%zz", "/"},
		{"/auth/login", "/"},
		{"/login", "/"},
		{"/api/v1/me", "/"},
		{"/" + strings.Repeat("a", 3000), "/"},
	} {
		b := f.browser()
		state := b.startLogin(tt.returnTo)
		w := b.send("GET", "/auth/callback?code=code-boss&state="+state, "")
		if got := w.Header().Get("Location"); got != tt.want {
			t.Errorf("return_to %q leads to %q, want %q", tt.returnTo, got, tt.want)
		}
	}
}

func TestSessionIsNewAtEachSignIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.browser()
	planted := strings.Repeat("A", 43)
	b.jar["__Host-huicun"] = &http.Cookie{Name: "__Host-huicun", Value: planted}
	b.signIn("Mei")
	first := b.jar["__Host-huicun"].Value
	if first == planted {
		t.Fatal("the session has the id that somebody planted")
	}
	b.signIn("Boss")
	second := b.jar["__Host-huicun"].Value
	if second == first {
		t.Fatal("another viewer gets the session of the first")
	}
	b.jar["__Host-huicun"] = &http.Cookie{Name: "__Host-huicun", Value: first}
	b.refused("GET", "/api/v1/me", "", "unauthenticated", "")
}

func TestStateOfAnotherBrowser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	attacker, victim := f.browser(), f.browser()
	state := attacker.startLogin("/")
	victim.startLogin("/")
	w := victim.send("GET", "/auth/callback?code=code-mei&state="+state, "")
	if to := w.Header().Get("Location"); !strings.HasPrefix(to, "/auth/login?again=1") {
		t.Errorf("callback: %d %q", w.Code, to)
	}
	if victim.jar["__Host-huicun"] != nil {
		t.Error("the victim is signed in as the attacker")
	}
}

func TestSignInIsTriedAgainOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.wecom.err = &fault.Error{Code: "unauthenticated.code_expired", Message: "expired"}
	b := f.browser()
	state := b.startLogin("/alerts")
	w := b.send("GET", "/auth/callback?code=x&state="+state, "")
	again := w.Header().Get("Location")
	if again != "/auth/login?again=1&return_to=%2Falerts" {
		t.Fatalf("callback: %d %q", w.Code, again)
	}
	w = b.send("GET", again, "")
	to, _ := url.Parse(w.Header().Get("Location"))
	w = b.send("GET", "/auth/callback?code=x&state="+to.Query().Get("state"), "")
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "登录已失效") {
		t.Errorf("the second time: %d %s", w.Code, w.Body)
	}
}

func TestReloadedCallback(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.browser()
	state := b.startLogin("/alerts")
	path := "/auth/callback?code=code-mei&state=" + state
	b.send("GET", path, "")
	session := b.jar["__Host-huicun"].Value
	w := b.send("GET", path, "")
	if to := w.Header().Get("Location"); w.Code != http.StatusFound || to != "/" || b.jar["__Host-huicun"].Value != session {
		t.Errorf("reload: %d %q", w.Code, to)
	}
}

func TestPagesForThoseWhoMayNotEnter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.exec(`UPDATE viewers SET disabled = true WHERE person = 'mei'`)
	for _, tt := range []struct {
		name, query, lang string
		err               error
		status            int
		words             string
	}{
		{"no account", "code=code-shop", "zh-CN", nil, 403, "您还不是会话存档用户"},
		{"no account, en", "code=code-shop", "en-US,zh;q=0.5", nil, 403, "Ask your company&#39;s archive admin to add you"},
		{"disabled", "code=code-mei", "", nil, 403, "账号已被停用"},
		{"a customer", "code=stranger", "", nil, 403, "只对本企业成员开放"},
		{"cancelled", "", "", nil, 401, "登录未完成"},
		{"WeCom is down", "code=code-boss", "", fault.Unavailable("WeCom cannot be reached", nil), 503, "连接企业微信失败"},
		{"broken", "code=code-boss", "", errSecret, 500, "登录失败"},
	} {
		b := f.browser()
		b.header = map[string]string{"Accept-Language": tt.lang}
		state := b.startLogin("/")
		f.wecom.err = tt.err
		w := b.send("GET", "/auth/callback?"+tt.query+"&state="+state, "")
		f.wecom.err = nil
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.words) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
		if b.jar["__Host-huicun"] != nil {
			t.Errorf("%s: a session", tt.name)
		}
	}
	want := []string{"shop session.refused ", "mei session.refused "}
	if diff := cmp.Diff(want, f.actions()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

var errSecret = &secretError{}

type secretError struct{}

func (*secretError) Error() string { return "secret token in an error" }

func TestSignOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	stolen := b.cookies()
	b.json("DELETE", "/api/v1/session", "", http.StatusNoContent, nil)
	if b.jar["__Host-huicun"] != nil {
		t.Error("the cookie stays")
	}
	w := f.do(call{method: "GET", path: "/api/v1/me", cookies: stolen})
	checkRefused(t, "a copy of the cookie", w, "unauthenticated", "")
}

func TestDisabledViewerIsOutAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	boss, mei := f.signedIn("Boss"), f.signedIn("Mei")
	body := `{"userid":"Mei","role":"viewer","disabled":true,"departments":[],"employees":[]}`
	boss.json("PUT", "/api/v1/viewers/2", body, http.StatusOK, nil)
	mei.refused("GET", "/api/v1/me", "", "unauthenticated", "")
}

func TestPlainHTTPOnThisMachine(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *server.Options) { o.PublicURL = "http://127.0.0.1:8080/" })
	b := f.browser()
	b.signIn("Mei")
	if c := b.jar["huicun"]; c == nil || c.Secure || !c.HttpOnly {
		t.Errorf("cookie %+v", c)
	}
	w := b.send("GET", "/api/v1/me", "")
	if w.Code != http.StatusOK || w.Header().Get("Strict-Transport-Security") != "" {
		t.Errorf("%d, HSTS %q", w.Code, w.Header().Get("Strict-Transport-Security"))
	}
}
