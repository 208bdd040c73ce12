package server_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"huicun/server"
)

// allowed counts the requests that pass before one is refused.
func allowed(t *testing.T, send func() int) int {
	t.Helper()
	for n := range 20 {
		if send() == http.StatusTooManyRequests {
			return n
		}
	}
	t.Error("20 requests in a row are allowed")
	return 20
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b, other := f.signedIn("Mei"), f.signedIn("Boss")
	server.Limited(f.Server)
	if n := allowed(t, func() int { return b.send("GET", "/api/v1/me", "").Code }); n != 5 {
		t.Errorf("%d requests of a session, want 5", n)
	}
	w := b.send("GET", "/api/v1/me", "")
	if after, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || after < 3000 || after > 3600 {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	checkRefused(t, "too many", w, "rate_limited", "")

	other.get("/api/v1/me", nil) // another session is not affected
	if n := allowed(t, func() int { return other.send("GET", "/api/v1/conversations/7/find?q=a", "").Code }); n != 2 {
		t.Errorf("%d searches, want 2", n)
	}
	other.get("/api/v1/me", nil) // only searching is refused

	login := func() int { return f.do(call{method: "GET", path: "/auth/login"}).Code }
	if n := allowed(t, login); n != 5 {
		t.Errorf("%d sign-ins, want 5", n)
	}
	w = f.do(call{method: "GET", path: "/auth/login"})
	if !strings.Contains(w.Body.String(), "操作太频繁") || w.Header().Get("Retry-After") == "" {
		t.Errorf("a sign-in too many: %s", w.Body)
	}
	report := func() int { return f.do(call{method: "POST", path: "/api/v1/csp", body: `{}`}).Code }
	if n := allowed(t, report); n != 5 {
		t.Errorf("%d reports, want 5", n)
	}
}

func TestRateLimitsCountTogetherInRedis(t *testing.T) {
	t.Parallel()
	shared := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: shared.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	withRedis := func(o *server.Options) { o.Redis = client }
	one, two := newFixture(t, withRedis), newFixture(t, withRedis)
	server.Limited(one.Server)
	server.Limited(two.Server)
	login := func(f *fixture) func() int {
		return func() int { return f.do(call{method: "GET", path: "/auth/login"}).Code }
	}
	if n := allowed(t, login(one)); n != 5 {
		t.Errorf("one replica allows %d, want 5", n)
	}
	if n := allowed(t, login(two)); n != 0 {
		t.Errorf("another replica allows %d more", n)
	}
	shared.Close()
	if n := allowed(t, login(two)); n != 5 {
		t.Errorf("without Redis: %d, want 5 counted in the process", n)
	}
}

func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		trusted []string
		want    string
	}{
		{"none", nil, "192.0.2.1"},
		{"another", []string{"198.51.100.0/24"}, "192.0.2.1"},
		{"this one", []string{"192.0.2.0/24"}, "203.0.113.9"},
	} {
		f := newFixture(t, func(o *server.Options) { o.TrustedProxies = tt.trusted })
		b := f.browser()
		b.header = map[string]string{"X-Forwarded-For": "203.0.113.9"}
		b.signIn("Mei")
		var ip string
		if err := f.db.Get(&ip, `SELECT ip FROM sessions`); err != nil || ip != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, ip, err, tt.want)
		}
	}
	o := newFixture(t).options(nil)
	o.TrustedProxies = []string{"not an address"}
	if _, err := server.New(o); err == nil {
		t.Error("a wrong address of a proxy is accepted")
	}
}
