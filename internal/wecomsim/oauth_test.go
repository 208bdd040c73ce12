package wecomsim

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// browser follows no redirects and keeps cookies.
type browser struct {
	t    *testing.T
	http *http.Client
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// open gives status, body and the target of a redirect.
func (b *browser) open(method, address string, form url.Values) (status int, body string, to *url.URL) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	to, err = resp.Location()
	if err != nil {
		to = &url.URL{}
	}
	return resp.StatusCode, string(text), to
}

func inAppQuery(s *Sim) url.Values {
	return url.Values{
		"appid": {s.cfg.CorpID}, "redirect_uri": {"http://127.0.0.1:8080/auth/callback?kept=1"}, "response_type": {"code"},
		"scope": {"snsapi_base"}, "state": {"abc123"}, "agentid": {"1000012"},
	}
}

func webQuery(s *Sim) url.Values {
	return url.Values{
		"login_type": {"CorpApp"}, "appid": {s.cfg.CorpID}, "agentid": {"1000012"},
		"redirect_uri": {"http://localhost:8080/auth/callback"}, "state": {"a-b_c"}, "lang": {"zh"},
	}
}

const (
	inAppPath = "/connect/oauth2/authorize?"
	webPath   = "/wwlogin/sso/login?"
)

// choose presses a button of the login page.
func choose(b *browser, s *Sim, q url.Values, who string) *url.URL {
	b.t.Helper()
	form := url.Values{"who": {who}}
	for k, v := range q {
		form[k] = v
	}
	status, body, to := b.open(http.MethodPost, s.URL()+"/connect/chosen", form)
	if status != http.StatusFound {
		b.t.Fatalf("choosing %s: status %d, %.300s", who, status, body)
	}
	return to
}

func TestLoginPagesGiveACode(t *testing.T) {
	t.Parallel()
	now := newClock()
	cfg := testConfig(t)
	cfg.Now = now.now
	s := start(t, cfg)
	info := func(code string) answerOf {
		return app(t, s, "auth/getuserinfo?code="+code, "")
	}
	for _, tt := range []struct {
		name, path, who string
		query           url.Values
		want            map[string]any
	}{
		{"a member in the client", inAppPath, "member:LinXiaoyu", inAppQuery(s), map[string]any{"userid": "LinXiaoyu"}},
		{"a member in a browser", webPath, "member:ZhouMingkai", webQuery(s), map[string]any{"userid": "ZhouMingkai"}},
		{"a customer", inAppPath, "customer:" + testCustomer, inAppQuery(s), map[string]any{
			"external_userid": testCustomer, "openid": openID(testCustomer),
		}},
	} {
		b := newBrowser(t)
		status, page, _ := b.open(http.MethodGet, s.URL()+tt.path+tt.query.Encode(), nil)
		if status != http.StatusOK || !strings.Contains(page, `value="`+tt.who+`"`) {
			t.Errorf("%s: status %d, the page does not offer %s", tt.name, status, tt.who)
		}
		if strings.Contains(page, "HeRuoxi") || strings.Contains(page, "<b>王姐</b> ") {
			t.Errorf("%s: the page offers a leaver or shows a name as HTML", tt.name)
		}
		to := choose(b, s, tt.query, tt.who)
		code := to.Query().Get("code")
		want, _ := url.Parse(tt.query.Get("redirect_uri"))
		if to.Host != want.Host || to.Path != want.Path || to.Query().Get("state") != tt.query.Get("state") || to.Query().Get("kept") != want.Query().Get("kept") {
			t.Errorf("%s: redirect to %s", tt.name, to.Redacted())
		}
		got := info(code)
		delete(got, "errcode")
		delete(got, "errmsg")
		if diff := cmp.Diff(tt.want, map[string]any(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if again := info(code); again.code() != 42022 {
			t.Errorf("%s: the same code again: errcode %d, want 42022", tt.name, again.code())
		}
	}
	b := newBrowser(t)
	if got := info(choose(b, s, inAppQuery(s), "stranger:").Query().Get("code")); got["openid"] == nil || got["userid"] != nil || got["external_userid"] != nil {
		t.Errorf("a stranger = %v", got)
	}
	late := choose(b, s, webQuery(s), "member:LinXiaoyu").Query().Get("code")
	now.move(5 * time.Minute)
	if a := info(late); a.code() != 42003 {
		t.Errorf("after 5 minutes: errcode %d, want 42003", a.code())
	}
	if a := info("made-up"); a.code() != 40029 {
		t.Errorf("unknown code: errcode %d, want 40029", a.code())
	}
}

func TestPrivateInfoNeedsATicket(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	q := inAppQuery(s)
	q.Set("scope", "snsapi_privateinfo")
	code := choose(newBrowser(t), s, q, "member:LinXiaoyu").Query().Get("code")
	ticket, _ := app(t, s, "auth/getuserinfo?code="+code, "")["user_ticket"].(string)
	a := app(t, s, "auth/getuserdetail", `{"user_ticket":"`+ticket+`"}`)
	if a["userid"] != "LinXiaoyu" || a["mobile"] != "13000000000" || a["gender"] != "0" {
		t.Errorf("getuserdetail = %v", a)
	}
	if a := app(t, s, "auth/getuserdetail", `{"user_ticket":"no"}`); a.code() != 40058 {
		t.Errorf("wrong ticket: errcode %d, want 40058", a.code())
	}
}

func TestLoginPagesRefuseWrongParameters(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.TrustedDomains = []string{"archive.example.com", "localhost:8080"}
	s := start(t, cfg)
	for _, tt := range []struct {
		name, path, key, value, want string
	}{
		{"corp", inAppPath, "appid", "wwother", "appid"},
		{"another domain", inAppPath, "redirect_uri", "https://evil.example.com/", "redirect_uri 参数错误"},
		{"a subdomain", inAppPath, "redirect_uri", "https://www.archive.example.com/", "redirect_uri 参数错误"},
		{"another port", inAppPath, "redirect_uri", "https://archive.example.com:8443/", "redirect_uri 参数错误"},
		{"no web address", inAppPath, "redirect_uri", "javascript:alert(1)//localhost:8080", "redirect_uri 参数错误"},
		{"state", inAppPath, "state", "a-b", "state"},
		{"response type", inAppPath, "response_type", "token", "response_type"},
		{"scope", inAppPath, "scope", "all", "scope"},
		{"agent", inAppPath, "agentid", "7", "agentid"},
		{"agent of the web login", webPath, "agentid", "", "agentid"},
		{"login type", webPath, "login_type", "ServiceApp", "login_type"},
		{"fine in the client", inAppPath, "redirect_uri", "https://archive.example.com/a", "这台手机是谁的"},
		{"fine in a browser", webPath, "state", "anything goes", "用企业微信扫码登录"},
	} {
		q := inAppQuery(s)
		if tt.path == webPath {
			q = webQuery(s)
		}
		q.Set("redirect_uri", "http://localhost:8080/x")
		q.Set(tt.key, tt.value)
		if _, page, to := newBrowser(t).open(http.MethodGet, s.URL()+tt.path+q.Encode(), nil); !strings.Contains(page, tt.want) || to.Host != "" {
			t.Errorf("%s: redirect %q, page lacks %q", tt.name, to.Host, tt.want)
		}
	}
	form := inAppQuery(s)
	form.Set("who", "member:LinXiaoyu")
	form.Set("redirect_uri", "https://evil.example.com/")
	if _, page, to := newBrowser(t).open(http.MethodPost, s.URL()+"/connect/chosen", form); to.Host != "" || !strings.Contains(page, "redirect_uri 参数错误") {
		t.Errorf("the choice does not check the target: redirect to %s", to.Host)
	}
}

func TestBoundBrowserGoesStraightBack(t *testing.T) {
	t.Parallel()
	now := newClock()
	cfg := testConfig(t)
	cfg.Now, cfg.HuicunURL = now.now, "http://127.0.0.1:9/home"
	s := start(t, cfg)
	b := newBrowser(t)
	if _, _, to := b.open(http.MethodGet, s.URL()+"/phone/LinXiaoyu/home", nil); to.String() != cfg.HuicunURL {
		t.Fatalf("home leads to %s", to)
	}
	userOf := func(path string, q url.Values) any {
		_, _, to := b.open(http.MethodGet, s.URL()+path+q.Encode(), nil)
		code := to.Query().Get("code")
		if code == "" {
			return nil
		}
		return app(t, s, "auth/getuserinfo?code="+code, "")["userid"]
	}
	if got := userOf(inAppPath, inAppQuery(s)); got != "LinXiaoyu" {
		t.Errorf("in the client: %v", got)
	}
	if got := userOf(webPath, webQuery(s)); got != "LinXiaoyu" {
		t.Errorf("in the browser right after the tap: %v", got)
	}
	now.move(silentFor + time.Second)
	if got := userOf(webPath, webQuery(s)); got != nil {
		t.Errorf("in the browser later: %v, want the page", got)
	}
	if got := userOf(inAppPath, inAppQuery(s)); got != "LinXiaoyu" {
		t.Errorf("in the client later: %v", got)
	}
	base, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	b.http.Jar.SetCookies(base, []*http.Cookie{{Name: "huicun_session", Value: "of-lin", Path: "/"}})
	b.open(http.MethodGet, s.URL()+"/phone/LinXiaoyu/home", nil)
	if n := len(b.http.Jar.Cookies(base)); n != 2 {
		t.Errorf("the same member again leaves %d cookies, want 2", n)
	}
	b.open(http.MethodGet, s.URL()+"/phone/ZhouMingkai/home", nil)
	if c := b.http.Jar.Cookies(base); len(c) != 1 || c[0].Name != memberCookie {
		t.Errorf("another member's phone has the cookies %v", c)
	}
	if got := userOf(inAppPath, inAppQuery(s)); got != "ZhouMingkai" {
		t.Errorf("after the change: %v", got)
	}
	b.open(http.MethodPost, s.URL()+"/phone/leave", url.Values{})
	if got := userOf(inAppPath, inAppQuery(s)); got != nil {
		t.Errorf("after leaving: %v, want the page", got)
	}
	b.http.Jar.SetCookies(base, []*http.Cookie{{Name: memberCookie, Value: "yinhong", Path: "/"}})
	if got := userOf(webPath, webQuery(s)); got != "YinHong" {
		t.Errorf("a cookie without a time: %v", got)
	}
}
