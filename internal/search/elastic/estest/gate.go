package estest

import (
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Gate stands in front of a node, as the HTTPS port of a managed cluster: it
// has a certificate of its own CA, asks for an API key or a password, and makes
// trouble on demand. Paths are given as a part of them, such as "_bulk"; the
// empty one is part of all.
type Gate struct {
	URL      string // https://127.0.0.1:port
	CA       []byte // PEM; no system trusts it
	APIKey   string // as go-elasticsearch wants it: base64 of id:key
	User     string
	Password string

	node    *url.URL
	forward *httputil.ReverseProxy

	mu      sync.Mutex
	faults  []*fault
	reject  func(id string) bool
	locked  bool     // nobody gets in
	seen    []string // as Seen gives it
	waiting int      // held requests
}

// fault is what happens to requests for a path.
type fault struct {
	path string
	left int // how often it happens yet; negative: until somebody ends it
	do   func(http.ResponseWriter, *http.Request)
}

// Proxy starts a gate in front of the node at backend. It ends with the test.
func Proxy(t testing.TB, backend string) *Gate {
	t.Helper()
	node, err := url.Parse(backend)
	if err != nil {
		t.Fatal(err)
	}
	ca, certificate, err := certify()
	if err != nil {
		t.Fatal(err)
	}
	g := &Gate{
		CA: ca, APIKey: base64.StdEncoding.EncodeToString([]byte("huicun-test:planted-k3y-of-the-gate")),
		User: "huicun", Password: "planted-p4ssword-of-the-gate", node: node,
	}
	g.forward = httputil.NewSingleHostReverseProxy(node)
	g.forward.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	g.forward.Transport = &http.Transport{}
	server := httptest.NewUnstartedServer(g)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // handshakes that fail are part of tests
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	g.URL = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return g
}

// Answer lets the next n requests for a path (all, if n is negative) be
// answered with a status, such as 429 or 503, in the node's stead.
func (g *Gate) Answer(path string, n, status int) {
	g.add(path, n, func(w http.ResponseWriter, _ *http.Request) { refuse(w, status) })
}

// Cut lets the next n requests for a path end with a broken connection; the
// node does not hear of them.
func (g *Gate) Cut(path string, n int) {
	g.add(path, n, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// CutAnswer lets the node do what the next n requests for a path ask, and
// breaks the connection instead of telling so.
func (g *Gate) CutAnswer(path string, n int) {
	g.add(path, n, func(_ http.ResponseWriter, r *http.Request) {
		g.serve(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
}

// Slow delays the next n requests for a path.
func (g *Gate) Slow(path string, n int, by time.Duration) {
	g.add(path, n, func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(by)
		defer timer.Stop()
		select {
		case <-timer.C:
			g.serve(w, r)
		case <-r.Context().Done():
		}
	})
}

// Hold keeps all requests for a path waiting until release is called, which may
// happen more than once. Waiting tells how many wait.
func (g *Gate) Hold(path string) (release func()) {
	open := make(chan struct{})
	f := g.add(path, -1, func(w http.ResponseWriter, r *http.Request) {
		g.wait(1)
		defer g.wait(-1)
		select {
		case <-open:
			g.serve(w, r)
		case <-r.Context().Done():
		}
	})
	return sync.OnceFunc(func() {
		close(open)
		g.mu.Lock()
		defer g.mu.Unlock()
		f.left = 0
	})
}

// Waiting tells how many requests Hold holds.
func (g *Gate) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

func (g *Gate) wait(by int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting += by
}

// RejectItems lets items of bulk requests be answered with 429, one by one, as
// a node does whose queue is full; reject is asked with their ids. The others
// reach the node. It is asked by one request at a time; nil ends it.
func (g *Gate) RejectItems(reject func(id string) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reject = reject
}

// Lock refuses every key and password (401) from now on, or accepts the right
// ones again.
func (g *Gate) Lock(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.locked = on
}

// Clear ends what Answer, Cut, CutAnswer, Slow and Hold began, for requests to
// come.
func (g *Gate) Clear() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = nil
}

// Seen lists the requests so far, in order, such as "POST /_bulk", also those
// that were refused.
func (g *Gate) Seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.seen...)
}

func (g *Gate) add(path string, n int, do func(http.ResponseWriter, *http.Request)) *fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := &fault{path: path, left: n, do: do}
	g.faults = append(g.faults, f)
	return f
}

// ServeHTTP is one request.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	do, allowed := g.admit(r)
	switch {
	case !allowed:
		w.Header().Set("WWW-Authenticate", `Basic realm="security", charset="UTF-8"`)
		w.Header().Add("WWW-Authenticate", "ApiKey")
		refuse(w, http.StatusUnauthorized)
	case do != nil:
		do(w, r)
	default:
		g.serve(w, r)
	}
}

// admit notes the request, looks at its key, and finds the trouble it is in for.
func (g *Gate) admit(r *http.Request) (do func(http.ResponseWriter, *http.Request), allowed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, r.Method+" "+r.URL.Path)
	if g.locked || !g.knows(r) {
		return nil, false
	}
	for _, f := range g.faults {
		if f.left != 0 && strings.Contains(r.URL.Path, f.path) {
			f.left--
			return f.do, true
		}
	}
	return nil, true
}

// knows reports whether the request has the API key or the password.
func (g *Gate) knows(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	if ok {
		return same(user, g.User) && same(password, g.Password)
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "ApiKey") && same(key, g.APIKey)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// serve lets the node answer.
func (g *Gate) serve(w http.ResponseWriter, r *http.Request) {
	r.Header.Del("Authorization")
	g.mu.Lock()
	reject := g.reject
	g.mu.Unlock()
	if reject != nil && strings.HasSuffix(r.URL.Path, "/_bulk") {
		g.bulk(w, r)
		return
	}
	g.forward.ServeHTTP(w, r)
}
