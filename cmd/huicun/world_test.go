package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huicun/internal/config"
	"huicun/internal/ingest"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
	"huicun/internal/wecom/finance"
	"huicun/internal/wecomsim"
)

// The test binary is also huicun itself: the SDK's helper processes and the
// processes that tests kill are started from it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if run, ok := programs[os.Args[1]]; ok {
			os.Exit(run())
		}
	}
	if os.Getenv("HUICUN_TEST_LOG") == "" {
		slog.SetDefault(slog.New(slog.DiscardHandler))
	}
	os.Exit(m.Run())
}

// world is a simulated WeCom and the configuration of a huicun that uses it.
type world struct {
	t   *testing.T
	sim *wecomsim.Sim // nil when it is a process of its own
	cfg config.Config

	simURL string

	address string    // where huicun listens
	db      *store.DB // for looking, beside the app
}

// newWorld starts wecomsim; change adjusts it. The configuration has the real
// SDK where there is one.
func newWorld(t *testing.T, change func(*wecomsim.Config)) *world {
	t.Helper()
	sc := wecomsim.DefaultConfig()
	sc.Listen, sc.ProxyListen, sc.DataDir = "127.0.0.1:0", "127.0.0.1:0", t.TempDir()
	sc.Messages, sc.Log = -1, slog.New(slog.DiscardHandler)
	w := &world{t: t, address: freeAddress(t)}
	sc.AppCallback.URL = "http://" + w.address + "/wecom/callback/app"
	sc.ArchiveCallback.URL = "http://" + w.address + "/wecom/callback/archive"
	sc.NotifyEvery = 100 * time.Millisecond
	if change != nil {
		change(&sc)
	}
	sim, err := wecomsim.New(sc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("wecomsim: %v", err)
		}
	})
	select {
	case <-sim.Ready():
	case err := <-done:
		t.Fatalf("wecomsim did not start: %v", err)
	}
	w.sim, w.simURL = sim, sim.URL()
	w.configure(sc)
	return w
}

// freeAddress finds a port that nobody uses now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (w *world) configure(sc wecomsim.Config) {
	w.t.Helper()
	c := config.Default()
	c.DataDir = w.t.TempDir()
	c.Server.Listen = w.address
	c.Server.PublicURL = "http://" + w.address
	c.Database.URL, c.Database.MaxConns = storetest.New(w.t), 8
	c.WeCom = config.WeCom{
		CorpID: sc.CorpID, AgentID: int(sc.AgentID), AppSecret: sc.AppSecret, ArchiveSecret: sc.ArchiveSecret,
		ContactSecret: sc.ContactSecret, APIBase: w.sim.URL(), OAuthBase: w.sim.URL(), WebLoginBase: w.sim.URL(),
	}
	c.Finance.Client = "pure"
	if lib, err := finance.FindBundledLibrary(w.t.Context()); err == nil {
		c.Finance.Client, c.Finance.Library = "sdk", lib
	}
	c.Finance.KeysDir = w.t.TempDir()
	c.Finance.Proxy, c.Finance.ProxyPassword, c.Finance.CAFile = "http://"+w.sim.ProxyAddr(), sc.ProxyPassword, w.sim.CAFile()
	c.Finance.Interval = 100 * time.Millisecond
	c.Finance.Workers = 2
	c.Callback.App = config.CallbackKey{Token: sc.AppCallback.Token, AESKey: sc.AppCallback.AESKey}
	c.Callback.Archive = config.CallbackKey{Token: sc.ArchiveCallback.Token, AESKey: sc.ArchiveCallback.AESKey}
	c.Access.Admins = []string{"ZhouMingkai"}
	w.cfg = c
	w.giveKey(1)
	db, err := store.Open(w.t.Context(), store.Options{URL: c.Database.URL, MaxConns: 2})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = db.Close() })
	w.db = db
}

// giveKey puts the private key of a version where huicun looks for it.
func (w *world) giveKey(version uint32) {
	w.t.Helper()
	pem, err := os.ReadFile(w.sim.PrivateKeyFile(version))
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.cfg.Finance.KeysDir, fmt.Sprintf("private_key_v%d.pem", version))
	if err := os.WriteFile(path, pem, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// mustRun starts the whole program in this process and stops it at the end of
// the test, or earlier by the returned function.
func (w *world) mustRun() (a *app, stop func()) {
	w.t.Helper()
	a, err := newApp(w.t.Context(), w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- errors.Join(a.Run(ctx), a.Close()) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("huicun: %v", err)
		}
	}
	w.t.Cleanup(stop)
	return a, stop
}

// patience is how long a test waits for anything before it fails: longer than
// the outbox waits before it takes work back from a worker that is silent, and
// than the slowest machine takes beside the tests of other packages.
const patience = 4 * time.Minute

// waitFor waits until ok.
func (w *world) waitFor(what string, ok func() bool) {
	w.t.Helper()
	w.await(what, func() error {
		if ok() {
			return nil
		}
		return errors.New("not yet")
	})
}

// await repeats try until it gives no error. It looks again after a tenth of the
// time that it has waited, within 5 and 100 ms: what is soon is seen soon, and what
// takes long is not kept from it by the looking.
func (w *world) await(what string, try func() error) {
	w.t.Helper()
	began := time.Now()
	for {
		err := try()
		if err == nil {
			return
		}
		waited := time.Since(began)
		if waited > patience {
			w.t.Fatalf("waited in vain for %s: %v; %s", what, err, w.unfinished())
		}
		<-time.After(min(max(waited/10, 5*time.Millisecond), 100*time.Millisecond))
	}
}

// unfinished names the work that waits or was given up, for who reads why a test
// failed. A database that is away, or hangs, is not waited for.
func (w *world) unfinished() string {
	if w.db == nil {
		return "it has no database"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	st, err := w.db.PullState(ctx)
	told := fmt.Sprintf("pull state %+v, %v; unfinished:\n", st, err)
	var waits []string
	if err := w.db.SelectContext(ctx, &waits, `
		SELECT format('outbox: %s of %s %s, errors %s', count(*), kind, state, max(errors::text)) FROM outbox WHERE state <> 'completed' GROUP BY kind, state
		UNION ALL SELECT format('media %s: attempt %s, due %s, %s', id, attempt, due_at, error) FROM media WHERE state = 'pending'
		UNION ALL SELECT format('object of %s, %s bytes: attempt %s, due %s, %s', mime, size_bytes, work_attempt, work_due_at, work_error) FROM media_objects WHERE work = 'pending'`); err != nil {
		return told + err.Error()
	}
	return told + strings.Join(waits, "\n")
}

func (w *world) state() ingest.State {
	w.t.Helper()
	s, err := w.db.PullState(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// snapshot is what huicun status reads, with the rows counted.
func (w *world) snapshot() ingest.Snapshot {
	w.t.Helper()
	s, err := w.db.ReadStatus(context.Background(), 1, true)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// waitReceived waits until n messages are stored or in quarantine.
func (w *world) waitReceived(n int64) {
	w.t.Helper()
	w.waitFor(fmt.Sprintf("%d messages", n), func() bool { return w.state().Received >= n })
}

// call does a request of the simulator's control API and reads its answer.
func (w *world) call(method, path string, body, answer any) {
	w.t.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		r = strings.NewReader(string(b))
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.simURL+path, r)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		w.t.Fatalf("%s %s: status %d, %v: %s", method, path, res.StatusCode, err, b)
	}
	if answer != nil {
		if err := json.Unmarshal(b, answer); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
}

// simMessage is a message as GET /sim/messages gives it.
type simMessage struct {
	Seq   uint64 `json:"seq"`
	MsgID string `json:"msgid"`
	Body  []byte `json:"body"` // base64 on the wire
}

// simMessages reads everything that the simulator serves, by msgid.
func (w *world) simMessages() map[string][]byte {
	w.t.Helper()
	out := map[string][]byte{}
	w.eachSimMessage(func(m simMessage) { out[m.MsgID] = m.Body })
	return out
}

// eachSimMessage gives everything that the simulator serves, in order of seq.
func (w *world) eachSimMessage(do func(simMessage)) {
	w.t.Helper()
	for from := uint64(1); ; {
		var page struct {
			Messages []simMessage `json:"messages"`
		}
		w.call(http.MethodGet, fmt.Sprintf("/sim/messages?from_seq=%d&limit=1000", from), nil, &page)
		if len(page.Messages) == 0 {
			return
		}
		for _, m := range page.Messages {
			do(m)
			from = max(from, m.Seq+1)
		}
	}
}
