package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

const (
	appSecret     = "app-secret-Zx81QvN+/="
	archiveSecret = "archive-secret-77aa"
	contactSecret = "contact-secret-88bb"
)

// hit is a request that the fake received.
type hit struct {
	op     string
	method string
	query  url.Values
	body   string
}

// fake is a WeCom that answers from a script. gettoken works unless scripted:
// it gives app-token-1, app-token-2 … for the app's secret.
type fake struct {
	t      *testing.T
	server *httptest.Server

	mu      sync.Mutex
	answers map[string][]answer
	hits    []hit
	issued  map[string]int
}

// answer is one scripted answer; the last of an op is used for ever.
type answer func(w http.ResponseWriter, r *http.Request)

func newFake(t *testing.T) *fake {
	f := &fake{t: t, answers: map[string][]answer{}, issued: map[string]int{}}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

func (f *fake) on(op string, answers ...answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[op] = answers
}

// say answers with a body and status 200.
func say(body string) answer {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func status(code int) answer {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>oops</html>", code) }
}

// hangUp reads the request and cuts the connection without an answer.
func hangUp(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func code(n int, msg string) answer {
	body, _ := json.Marshal(map[string]any{"errcode": n, "errmsg": msg})
	return say(string(body))
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op := r.URL.Path[len("/cgi-bin/"):]
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Errorf("%s: %v", op, err)
	}
	f.next(op, hit{op: op, method: r.Method, query: r.URL.Query(), body: string(body)})(w, r)
}

func (f *fake) next(op string, h hit) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hits = append(f.hits, h)
	script := f.answers[op]
	switch {
	case len(script) > 1:
		f.answers[op] = script[1:]
		return script[0]
	case len(script) == 1:
		return script[0]
	case op == "gettoken":
		name := map[string]string{appSecret: "app", archiveSecret: "archive", contactSecret: "contact"}[h.query.Get("corpsecret")]
		f.issued[name]++
		return say(`{"errcode":0,"errmsg":"ok","expires_in":7200,"access_token":"` + name + "-token-" + strconv.Itoa(f.issued[name]) + `"}`)
	}
	f.t.Errorf("unexpected call of %s", op)
	return status(http.StatusNotFound)
}

// calls gives the requests of op so far.
func (f *fake) calls(op string) []hit {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []hit
	for _, h := range f.hits {
		if h.op == op {
			out = append(out, h)
		}
	}
	return out
}

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// client gives a Client of the fake whose back-off takes no time.
func (f *fake) client() (*Client, *clock) {
	f.t.Helper()
	clk := &clock{at: time.Unix(1767240000, 0)}
	c, err := New(Options{
		BaseURL: f.server.URL + "/", CorpID: "ww1234567890abcdef", AgentID: 1000012,
		AppSecret: appSecret, ArchiveSecret: archiveSecret, ContactSecret: contactSecret,
		Now: clk.now,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	c.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return c, clk
}

// wantError checks that err is an *Error of the class and code, and gives it.
func wantError(t *testing.T, err error, class Class, code int) Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("error %v is no *Error", err)
	}
	if e.Class != class || e.Code != code {
		t.Fatalf("error %v: class %s code %d, want %s %d", err, e.Class, e.Code, class, code)
	}
	return *e
}
