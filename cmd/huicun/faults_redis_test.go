package main

import (
	"context"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Redis, which only counts requests, goes away and comes back: people go on
// reading, messages go on coming, and the log says why counting changed.
func TestRedisIsCutOff(t *testing.T) {
	t.Parallel()
	for _, how := range []wireState{wireCut, wireStalled} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			w := newWire(t, "tcp", startRedis(t))
			l := newLab(t, nil)
			l.cfg.Redis.URL = "redis://" + w.Addr() + "/0"
			l.huicun = l.start()
			l.waitServing()
			admin := l.signIn("ZhouMingkai", true)
			w.set(how)
			for range 3 {
				if status := admin.get("/me", nil); status != http.StatusOK {
					t.Errorf("without Redis GET /me answers %d", status)
				}
			}
			l.huicun.mustSay(t, "Redis does not answer, each replica counts rate limits by itself")
			l.say(20, "")
			w.set(wireOpen)
			l.finish()
			l.checkSums()
			if status := admin.get("/me", nil); status != http.StatusOK {
				t.Errorf("with Redis back GET /me answers %d", status)
			}
		})
	}
}

// startRedis gives the address of a Redis of the test's own.
func startRedis(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("this test needs redis-server: run 'make setup', which installs it")
	}
	address := freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	cmd := exec.CommandContext(context.Background(), program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	client := redis.NewClient(&redis.Options{Addr: address})
	defer func() { _ = client.Close() }()
	w := world{t: t}
	w.await("Redis", func() error { return client.Ping(t.Context()).Err() })
	return address
}
