package main

import (
	"net/http"
	"strings"
	"testing"

	"huicun/internal/access"
)

// Redis is a help, no need: the program starts without it, and limits requests
// all the same.
func TestStartWithoutTheConfiguredRedis(t *testing.T) {
	t.Parallel()
	c := quietConfig(t)
	c.Redis.URL = "redis://:password@" + freeAddress(t) + "/0"
	a, err := newApp(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	s := &scopeSite{t: t, name: "without Redis", app: a, realm: &realm{}, access: &access.Service{Store: a.db}, usage: newCoverage(t)}
	boss := &refViewer{person: "boss", userid: scopeAdmin, admin: true}
	if got := s.ask(boss, http.MethodGet, "/me", nil); got.status != http.StatusOK {
		t.Errorf("GET /me: %d %s", got.status, got.body)
	}
}

func TestRedisURLThatIsNone(t *testing.T) {
	t.Parallel()
	c := quietConfig(t)
	c.Redis.URL = "http://:hush@127.0.0.1"
	_, err := newApp(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "redis.url") || strings.Contains(err.Error(), "hush") {
		t.Errorf("newApp: %v", err)
	}
}
