package server_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"huicun/server"
)

// hammer makes requests until one is refused.
func hammer(t *testing.T, send func() int) int {
	t.Helper()
	for n := range 2000 {
		if send() == http.StatusTooManyRequests {
			return n
		}
	}
	t.Error("2000 requests in a row are allowed")
	return 0
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	server.Limited(f.Server)
	b := f.signedIn("Mei")
	other := f.signedIn("Boss")
	if n := hammer(t, func() int { return b.send("GET", "/api/v1/me", "").Code }); n < 90 {
		t.Errorf("refused after %d requests, want about 100", n)
	}
	w := b.send("GET", "/api/v1/me", "")
	if after, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || after < 1 {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	checkRefused(t, "too many", w, "rate_limited", "")
	other.get("/api/v1/me", nil) // another session is not affected
	if n := hammer(t, func() int { return other.send("GET", "/api/v1/conversations/7/find?q=a", "").Code }); n < 20 || n > 40 {
		t.Errorf("searches refused after %d, want about 20", n)
	}
	other.get("/api/v1/me", nil) // only searching is refused
	w = f.do(call{method: "GET", path: "/auth/login"})
	if w.Code != http.StatusFound {
		t.Errorf("sign-in: %d", w.Code)
	}
	if n := hammer(t, func() int { return f.do(call{method: "GET", path: "/auth/login"}).Code }); n < 80 {
		t.Errorf("sign-ins refused after %d, want about 100", n)
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
	hammer(t, login(one))
	if n := hammer(t, login(two)); n > 20 {
		t.Errorf("another replica allows %d more", n)
	}
	shared.Close()
	if n := hammer(t, login(two)); n < 80 {
		t.Errorf("without Redis: refused after %d, want about 100 counted in the process", n)
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
