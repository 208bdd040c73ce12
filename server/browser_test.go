package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"huicun/server/api"
)

// browser is somebody's browser: it keeps cookies and knows the CSRF token.
type browser struct {
	f      *fixture
	jar    map[string]*http.Cookie
	csrf   string
	header map[string]string // sent with everything
}

func (f *fixture) browser() *browser { return &browser{f: f, jar: map[string]*http.Cookie{}} }

// signedIn gives the browser of a member who went through the whole sign-in.
func (f *fixture) signedIn(userid string) *browser {
	f.t.Helper()
	b := f.browser()
	b.signIn(userid)
	var me api.Me
	b.get("/api/v1/me", &me)
	b.csrf = me.Csrf
	return b
}

func (b *browser) signIn(userid string) *httptest.ResponseRecorder {
	b.f.t.Helper()
	state := b.startLogin("/")
	w := b.send("GET", "/auth/callback?code=code-"+userid+"&state="+state, "")
	if w.Code != http.StatusFound {
		b.f.t.Fatalf("sign-in of %s: %d %s", userid, w.Code, w.Body)
	}
	return w
}

// startLogin gives the state that goes to WeCom.
func (b *browser) startLogin(returnTo string) string {
	b.f.t.Helper()
	w := b.send("GET", "/auth/login?return_to="+url.QueryEscape(returnTo), "")
	to, err := url.Parse(w.Header().Get("Location"))
	if w.Code != http.StatusFound || err != nil {
		b.f.t.Fatalf("login: %d, %v", w.Code, err)
	}
	return to.Query().Get("state")
}

// send makes a request with the browser's cookies, and keeps those it gets.
func (b *browser) send(method, path, body string) *httptest.ResponseRecorder {
	b.f.t.Helper()
	c := call{method: method, path: path, body: body, header: map[string]string{}}
	for k, v := range b.header {
		c.header[k] = v
	}
	if b.csrf != "" && method != "GET" {
		c.header["X-CSRF-Token"] = b.csrf
	}
	for _, k := range b.jar {
		c.cookies = append(c.cookies, k)
	}
	w := b.f.do(c)
	for _, k := range w.Result().Cookies() {
		if k.MaxAge < 0 {
			delete(b.jar, k.Name)
		} else {
			b.jar[k.Name] = k
		}
	}
	return w
}

// get reads a JSON answer, which must be a success.
func (b *browser) get(path string, into any) {
	b.f.t.Helper()
	b.json("GET", path, "", http.StatusOK, into)
}

// json makes a request, checks the status and reads the answer.
func (b *browser) json(method, path, body string, status int, into any) {
	b.f.t.Helper()
	w := b.send(method, path, body)
	if w.Code != status {
		b.f.t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		b.f.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// refused checks that a request fails with a code, and maybe a field.
func (b *browser) refused(method, path, body, code, field string) {
	b.f.t.Helper()
	checkRefused(b.f.t, method+" "+path, b.send(method, path, body), code, field)
}

func checkRefused(t *testing.T, name string, w *httptest.ResponseRecorder, code, field string) {
	t.Helper()
	var got api.Error
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Errorf("%s: %d %s: %v", name, w.Code, w.Body, err)
		return
	}
	gotField := ""
	if got.Error.Field != nil {
		gotField = *got.Error.Field
	}
	if got.Error.Code != code || gotField != field {
		t.Errorf("%s: %s, want %s (%s)", name, w.Body, code, field)
	}
	if got.Error.RequestId == "" || got.Error.RequestId != w.Header().Get("X-Request-Id") {
		t.Errorf("%s: request id %q in the body, %q in the header", name, got.Error.RequestId, w.Header().Get("X-Request-Id"))
	}
}
