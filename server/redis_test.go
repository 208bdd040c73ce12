package server_test

import (
	"context"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"huicun/server"
)

// redisServer is a real Redis of one test, in memory only.
type redisServer struct {
	*exec.Cmd
	address string
}

// startRedis waits until the server answers, and ends it with the test.
func startRedis(t *testing.T) *redisServer {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("this test needs redis-server: run 'make setup', which installs it")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	_, port, _ := strings.Cut(address, ":")
	r := &redisServer{exec.CommandContext(context.Background(), program, "--bind", "127.0.0.1", "--port", port,
		"--save", "", "--appendonly", "no", "--dir", t.TempDir()), address}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	client := redis.NewClient(&redis.Options{Addr: address})
	defer func() { _ = client.Close() }()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for client.Ping(t.Context()).Err() != nil {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("redis-server does not answer")
		}
	}
	return r
}

func (r *redisServer) stop() {
	if r.ProcessState == nil {
		_ = r.Process.Kill()
		_ = r.Wait()
	}
}

// client is the one of a replica, set up as the program does.
func (r *redisServer) client(t *testing.T) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: r.address})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// newReplicas are two servers over one database and one Redis, with low limits.
func newReplicas(t *testing.T, r *redisServer) (one, two *fixture) {
	t.Helper()
	one = newFixture(t, func(o *server.Options) { o.Redis = r.client(t) })
	two = one.replica(func(o *server.Options) { o.Redis = r.client(t) })
	return one, two
}

// attempts sends n requests at once to both replicas by turns and counts those
// that pass.
func attempts(n int, send ...func() int) int {
	var passed atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if send[i%len(send)]() != http.StatusTooManyRequests {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	return int(passed.Load())
}

func TestReplicasShareTheirLimits(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	one, two := newReplicas(t, r)
	mei := one.signedIn("Mei")
	for _, f := range []*fixture{one, two} {
		server.Limited(f.Server)
		server.PatientWith(f.Server, r.client(t)) // the machine may be busy
	}
	get := func(f *fixture, path string) func() int {
		return func() int {
			return f.do(call{method: "GET", path: path, cookies: mei.cookies()}).Code
		}
	}
	for _, tt := range []struct {
		name, path string
		want       int
	}{
		{"sign-ins of an address", "/auth/login", 5},
		{"searches of a session", "/api/v1/conversations/7/find?q=a", 2},
	} {
		if n := attempts(40, get(one, tt.path), get(two, tt.path)); n != tt.want {
			t.Errorf("%s: two replicas together allow %d, want %d", tt.name, n, tt.want)
		}
	}
	if n := attempts(40, get(one, "/api/v1/me"), get(two, "/api/v1/me")); n != 0 {
		t.Errorf("requests of a session: %d more than its 5, which the searches used up", n)
	}
}

// Without Redis each replica counts by itself, so that two allow twice as much
// and no more; one line tells the operator, and one when it is back.
func TestReplicasWithoutTheirRedis(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	one, two := newReplicas(t, r)
	server.Limited(one.Server)
	server.Limited(two.Server)
	login := func(f *fixture) func() int {
		return func() int { return f.do(call{method: "GET", path: "/auth/login"}).Code }
	}
	if n := attempts(3, login(one), login(two)); n != 3 {
		t.Fatalf("%d of 3 pass", n)
	}
	before := strings.Count(logs.String(), "Redis does not answer")
	r.stop()
	for _, f := range []*fixture{one, two} {
		if n := attempts(20, login(f)); n != 5 {
			t.Errorf("a replica without Redis allows %d, want 5", n)
		}
	}
	if n := strings.Count(logs.String(), "Redis does not answer") - before; n < 2 {
		t.Errorf("%d lines for the operator, want one of each replica", n)
	}
}

// A Redis that hangs takes the connection and never answers: requests go on,
// however long the client itself would wait.
func TestFrozenRedisHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	client := redis.NewClient(&redis.Options{Addr: r.address, ReadTimeout: time.Hour, MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	f := newFixture(t, func(o *server.Options) { o.Redis = client })
	b := f.signedIn("Mei")
	if err := r.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Process.Signal(syscall.SIGCONT) })
	answered := make(chan int)
	go func() {
		answered <- f.do(call{method: "GET", path: "/api/v1/me", cookies: b.cookies()}).Code
	}()
	select {
	case status := <-answered:
		if status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	case <-time.After(time.Minute):
		t.Error("a request waits for a Redis that does not answer")
	}
}
