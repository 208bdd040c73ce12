package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"huicun/internal/alert"
	"huicun/internal/config"
	"huicun/internal/outbox"
	"huicun/internal/wecomsim"
)

// The processes that fault tests kill, stop and wake are this test binary
// itself: huicun with a trap on its way, and wecomsim.
var programs = map[string]func() int{
	"finance-helper": program,
	"serve":          serveWithTrap,
	"search-reindex": reindexHuicun,
	"wecomsim":       simulate,
}

// trap kills or stops its own process at a named point of the work. A test sets
// it through standard input, one line each: kill|stop POINT NTH.
type trap struct {
	mu     sync.Mutex
	signal syscall.Signal
	point  string
	left   int
}

// The points where a trap may be, beside the steps of the puller.
const (
	pointScanBefore = "scan-claimed" // an outbox item is claimed, nothing done
	pointScanAfter  = "scan-done"    // its work is committed, the item is not finished
	pointPushBefore = "push-claimed"
	pointPushAfter  = "push-done"
	pointSendBefore = "send-noted" // the attempt is noted, WeCom not called
	pointSendAfter  = "send-answered"
)

// listen obeys r until it ends.
func (t *trap) listen(r io.Reader) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		n, err := strconv.Atoi(words[len(words)-1])
		if len(words) != 3 || err != nil {
			panic("trap: " + lines.Text())
		}
		t.mu.Lock()
		t.signal, t.point, t.left = map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP}[words[0]], words[1], n
		t.mu.Unlock()
	}
}

// at is called at every point.
func (t *trap) at(point string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.point != point {
		return
	}
	if t.left--; t.left == 0 {
		t.point = ""
		_ = syscall.Kill(os.Getpid(), t.signal) // the signal is delivered before kill returns to this thread
	}
}

// around puts points before and after a handler.
func (t *trap) around(h outbox.Handler, before, after string) outbox.Handler {
	return func(ctx context.Context, item outbox.Item) error {
		t.at(before)
		err := h(ctx, item)
		t.at(after)
		return err
	}
}

// trappedSender puts points before and after a call of WeCom.
type trappedSender struct {
	alert.Sender
	trap *trap
}

func (s trappedSender) Send(ctx context.Context, m alert.Message) (alert.Receipt, error) {
	s.trap.at(pointSendBefore)
	r, err := s.Sender.Send(ctx, m)
	s.trap.at(pointSendAfter)
	return r, err
}

// serveWithTrap is huicun serve with the points of a trap between its parts.
func serveWithTrap() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := withConfig([]string{"serve"}, config.Environ(os.Environ()), os.Stderr, nil, func(c config.Config) error {
		a, err := newApp(ctx, c)
		if err != nil {
			return err
		}
		t := &trap{}
		go t.listen(os.Stdin)
		if a.puller != nil {
			a.puller.Step = t.at
		}
		a.alerts.Sender = trappedSender{a.alerts.Sender, t}
		for _, r := range a.runners {
			for kind, h := range r.Handlers {
				r.Handlers[kind] = t.around(h, kind+"-claimed", kind+"-done")
			}
		}
		defer func() { _ = a.Close() }()
		return a.Run(ctx)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "huicun serve:", err)
		return 1
	}
	return 0
}

// simSettings are the settings of a wecomsim in a process of its own, in the
// variable simEnv; everything else is as by default.
type simSettings struct {
	Listen, ProxyListen, DataDir, Load string
	Messages                           int
	AppURL, ArchiveURL                 string
}

const simEnv = "HUICUN_TEST_SIM"

func (s simSettings) config() wecomsim.Config {
	c := wecomsim.DefaultConfig()
	c.Listen, c.ProxyListen, c.DataDir, c.Load, c.Messages = s.Listen, s.ProxyListen, s.DataDir, s.Load, s.Messages
	c.AppCallback.URL, c.ArchiveCallback.URL = s.AppURL, s.ArchiveURL
	c.Log = slog.New(slog.DiscardHandler)
	return c
}

// simReady is what simulate prints when it serves.
type simReady struct{ URL, Proxy, CAFile, PrivateKeyFile string }

// simulate is wecomsim until it is killed.
func simulate() int {
	var s simSettings
	err := json.Unmarshal([]byte(os.Getenv(simEnv)), &s)
	if err == nil {
		err = runSim(s.config())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "wecomsim:", err)
		return 1
	}
	return 0
}

func runSim(c wecomsim.Config) error {
	sim, err := wecomsim.New(c)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- sim.Run(context.Background()) }()
	<-sim.Ready()
	if err := json.NewEncoder(os.Stdout).Encode(simReady{sim.URL(), sim.ProxyAddr(), sim.CAFile(), sim.PrivateKeyFile(1)}); err != nil {
		return err
	}
	return <-done
}

// logBuffer keeps what a process says; it may be read meanwhile.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// process is this test binary in a process of its own.
type process struct {
	*exec.Cmd
	log   logBuffer
	stdin io.WriteCloser
	done  chan struct{} // closed when it has ended and was collected
}

// spawn starts this test binary under another name.
func (w *world) spawn(name string, env []string, stdout io.Writer) *process {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	p := &process{Cmd: exec.CommandContext(context.Background(), self, name), done: make(chan struct{})}
	p.Env, p.Stderr, p.Stdout = env, &p.log, stdout
	if p.stdin, err = p.StdinPipe(); err != nil {
		w.t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		_ = p.Wait()
		close(p.done)
	}()
	w.t.Cleanup(func() {
		p.kill()
		if w.t.Failed() || os.Getenv("HUICUN_TEST_LOG") != "" {
			w.t.Logf("%s (pid %d) said:\n%s", name, p.Process.Pid, tail(p.log.String(), 6000))
		}
	})
	return p
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// kill ends the process with -9 and collects it.
func (p *process) kill() {
	_ = p.Process.Kill() // it may have ended
	<-p.done
}

// set sets the trap of a serving process.
func (p *process) set(what, point string, nth int) error {
	_, err := fmt.Fprintln(p.stdin, what, point, nth)
	return err
}

// start runs huicun serve with the configuration.
func (w *world) start() *process { return w.spawn("serve", environ(w.cfg), nil) }
