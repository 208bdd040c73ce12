package wecomsim

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// testKey is one key pair for all tests; making one takes long.
var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) })

// testConfig is a corp of testdata/directory.json without messages, whose key is
// testKey.
func testConfig(t *testing.T) Config {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := marshalPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.Listen, cfg.ProxyListen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.DataDir = t.TempDir()
	cfg.Directory = "testdata/directory.json"
	cfg.Messages = -1
	cfg.PublicKey = filepath.Join(t.TempDir(), "public.pem")
	cfg.Log = slog.New(slog.DiscardHandler)
	if err := os.WriteFile(cfg.PublicKey, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start runs a simulator until the test ends.
func start(t *testing.T, cfg Config) *Sim {
	t.Helper()
	s, stop := startStop(t, cfg)
	t.Cleanup(stop)
	return s
}

// startStop runs a simulator until stop is called.
func startStop(t *testing.T, cfg Config) (s *Sim, stop func()) {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	<-s.Ready()
	return s, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}
}

// answerOf is a decoded body; errcode and the rest as they came.
type answerOf map[string]any

func (a answerOf) code() int {
	n, _ := a["errcode"].(float64)
	return int(n)
}

// request makes one HTTP request and decodes the JSON answer.
func request(t *testing.T, method, address, body string) (status int, a answerOf) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &a); err != nil {
		t.Fatalf("%s %s: %v in %q", method, address, err, b)
	}
	return resp.StatusCode, a
}

// tokenOf fetches the token of a secret.
func tokenOf(t *testing.T, s *Sim, secret string) string {
	t.Helper()
	_, a := request(t, http.MethodGet, s.URL()+"/cgi-bin/gettoken?corpid="+s.cfg.CorpID+"&corpsecret="+url.QueryEscape(secret), "")
	token, _ := a["access_token"].(string)
	if token == "" {
		t.Fatalf("gettoken = %v", a)
	}
	return token
}

// callAs makes an API call with the token of a secret. A body makes it a POST.
func callAs(t *testing.T, s *Sim, secret, path, body string) answerOf {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	_, a := request(t, method, s.URL()+"/cgi-bin/"+path+sep+"access_token="+tokenOf(t, s, secret), body)
	return a
}

// app makes a call of the self-built app.
func app(t *testing.T, s *Sim, path, body string) answerOf {
	t.Helper()
	return callAs(t, s, s.cfg.AppSecret, path, body)
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// errorCode gives the code of {"error": {...}}.
func errorCode(a answerOf) (code, field string) {
	e, _ := a["error"].(map[string]any)
	code, _ = e["code"].(string)
	field, _ = e["field"].(string)
	return code, field
}
