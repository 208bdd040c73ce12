package server_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"huicun/server"
)

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; " +
			"font-src 'self'; connect-src 'self'; frame-src weixin: weixinping: weixinpreinject: wxwork:; base-uri 'none'; form-action 'self'; " +
			"frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types vue; report-uri /api/v1/csp",
		"Referrer-Policy":            "no-referrer",
		"X-Content-Type-Options":     "nosniff",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Permissions-Policy":         "camera=(), microphone=(), geolocation=(), clipboard-read=()",
		"Strict-Transport-Security":  "max-age=31536000",
	}
	for _, path := range []string{"/", "/login", "/assets/app-1234.js", "/assets/none.js", "/auth/login", "/auth/callback", "/api/v1/me", "/api/none", "/healthz"} {
		w := f.do(call{method: "GET", path: path})
		got := map[string]string{}
		for name := range want {
			got[name] = w.Header().Get(name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestFrontEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	const immutable = "public, max-age=31536000, immutable"
	for _, tt := range []struct {
		path    string
		session bool
		status  int
		cache   string
		kind    string
	}{
		{"/", true, 200, "no-cache", "text/html; charset=utf-8"},
		{"/c/7?m=1", true, 200, "no-cache", "text/html; charset=utf-8"},
		{"/people/shop", true, 200, "no-cache", "text/html; charset=utf-8"},
		{"/", false, 302, "no-store", ""},
		{"/c/7", false, 302, "no-store", ""},
		{"/login", false, 200, "no-cache", "text/html; charset=utf-8"},
		{"/assets/app-1234.js", false, 200, immutable, "text/javascript; charset=utf-8"},
		{"/favicon.svg", false, 200, "no-cache", "image/svg+xml"},
		{"/assets/app-0000.js", false, 404, "no-store", "text/plain; charset=utf-8"},
		{"/assets/../index.html", false, 200, "no-cache", "text/html; charset=utf-8"},
		{"/.vite/manifest.json", true, 200, "no-cache", "text/html; charset=utf-8"},
		{"/../../etc/passwd", true, 200, "no-cache", "text/html; charset=utf-8"},
	} {
		c := call{method: "GET", path: tt.path}
		if tt.session {
			c.cookies = b.cookies()
		}
		w := f.do(c)
		got := []any{w.Code, w.Header().Get("Cache-Control")}
		if diff := cmp.Diff([]any{tt.status, tt.cache}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.path, diff)
		}
		if kind := w.Header().Get("Content-Type"); tt.kind != "" && kind != tt.kind {
			t.Errorf("%s: content type %q, want %q", tt.path, kind, tt.kind)
		}
	}
	if w := f.do(call{method: "POST", path: "/c/7", cookies: b.cookies()}); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST to a page: %d", w.Code)
	}
	if w := f.do(call{method: "HEAD", path: "/login"}); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d with %d bytes", w.Code, w.Body.Len())
	}
}

func TestNobodySignsInForAnIcon(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, tt := range []struct {
		path, dest string
		status     int
	}{
		{"/favicon.ico", "image", http.StatusNotFound},
		{"/favicon.ico", "", http.StatusNotFound},
		{"/apple-touch-icon.png", "image", http.StatusNotFound},
		{"/people/shop", "document", http.StatusFound},
	} {
		w := f.do(call{method: "GET", path: tt.path, header: map[string]string{"Sec-Fetch-Dest": tt.dest}})
		if w.Code != tt.status {
			t.Errorf("%s for %q: %d, want %d", tt.path, tt.dest, w.Code, tt.status)
		}
	}
}

func TestFilesAreCompressedAndRevalidated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	plain := f.do(call{method: "GET", path: "/assets/app-1234.js"})
	packed := f.do(call{method: "GET", path: "/assets/app-1234.js", header: map[string]string{"Accept-Encoding": "br, gzip;q=0.8"}})
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len() >= plain.Body.Len() {
		t.Fatalf("encoding %q, %d bytes of %d", packed.Header().Get("Content-Encoding"), packed.Body.Len(), plain.Body.Len())
	}
	r, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(r)
	if err != nil || string(unpacked) != plain.Body.String() {
		t.Errorf("the compressed file differs (%v)", err)
	}
	tags := []string{plain.Header().Get("ETag"), packed.Header().Get("ETag")}
	if tags[0] == tags[1] || tags[0] == "" {
		t.Errorf("tags %q: two forms of a file need two", tags)
	}
	w := f.do(call{method: "GET", path: "/assets/app-1234.js", header: map[string]string{"If-None-Match": tags[0]}})
	if w.Code != http.StatusNotModified {
		t.Errorf("revalidation: %d", w.Code)
	}
	w = f.do(call{method: "GET", path: "/assets/app-1234.js", header: map[string]string{"Accept-Encoding": "gzip;q=0"}})
	if w.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for whom does not want it")
	}
}

func TestFrontEndIsMissing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *server.Options) { o.H5 = fstest.MapFS{".keep": {}} })
	w := f.do(call{method: "GET", path: "/people"})
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200} {
		if w := f.do(call{method: "GET", path: path}); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	f.ready = errSecret
	w := f.do(call{method: "GET", path: "/readyz"})
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("not ready: %d %s", w.Code, w.Body)
	}
	if w := f.do(call{method: "GET", path: "/healthz"}); w.Code != http.StatusOK {
		t.Errorf("alive but not ready: %d", w.Code)
	}
}

func TestRoutesHaveDocumentsOfTheirOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *server.Options) {
		o.H5 = fstest.MapFS{
			"index.html":          {Data: []byte("general")},
			"pages/people.html":   {Data: []byte("people")},
			"pages/people/_.html": {Data: []byte("one of them")},
			"pages/c/_.html":      {Data: []byte("chat")},
		}
	})
	b := f.signedIn("Mei")
	got := map[string]string{}
	want := map[string]string{
		"/":                   "general",
		"/people":             "people",
		"/people/":            "people",
		"/people?q=x":         "people",
		"/people/shop":        "one of them",
		"/people/shop/more":   "general",
		"/c/7?m=1&a=2":        "chat",
		"/c":                  "general",
		"/c/../people":        "people",
		"/c/%2e%2e%2fpeople":  "people",
		"/pages/_/people":     "general",
		"/alerts":             "general",
		"/admin/../c/7?m=%2F": "chat",
	}
	for path := range want {
		w := f.do(call{method: "GET", path: path, cookies: b.cookies()})
		got[path] = w.Body.String()
		if cache := w.Header().Get("Cache-Control"); cache != "no-cache" {
			t.Errorf("%s: Cache-Control %q", path, cache)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if w := f.do(call{method: "GET", path: "/c/7"}); w.Code != http.StatusFound {
		t.Errorf("without a session: %d, want the way to sign in", w.Code)
	}
}
