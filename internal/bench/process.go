package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Process is a program that a benchmark started.
type Process struct {
	*exec.Cmd
	name  string
	log   string // file with what it said on standard error
	done  chan struct{}
	err   error           // how it ended; valid once done is closed
	told  bool            // that it ended by itself has been said
	hurry <-chan struct{} // closed when nobody wants to wait for an orderly end
}

// poll is how often a condition is looked at.
const poll = 10 * time.Millisecond

// startProcess runs a program. Its standard error goes to the file log, its
// standard output to the same name with .out. It runs until it is stopped: a
// second signal would make huicun leave its Postgres behind, so that neither the
// end of ctx nor a Ctrl-C of the terminal reaches it.
func startProcess(ctx context.Context, log string, environ []string, program string, args ...string) (*Process, error) {
	stdout, err1 := os.OpenFile(log+".out", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	stderr, err2 := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	defer func() { _, _ = stdout.Close(), stderr.Close() }() // the process has its own
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	p := &Process{Cmd: exec.CommandContext(context.WithoutCancel(ctx), program, args...), name: filepath.Base(program), log: log, done: make(chan struct{})}
	p.Env, p.Stdout, p.Stderr = environ, stdout, stderr
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	go func() {
		p.err = p.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stop asks the process to end, and kills it after the patience given. Ending
// in an orderly way is no error.
func (p *Process) Stop(patience time.Duration) error {
	_ = p.Process.Signal(syscall.SIGCONT)
	_ = p.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-p.hurry:
		p.killTree()
		<-p.done
		return nil
	case <-timer.C:
		p.killTree()
		<-p.done
		return fmt.Errorf("%s did not stop within %v and was killed", p.name, patience)
	}
	var exit *exec.ExitError
	if errors.As(p.err, &exit) && exit.ExitCode() > 0 && !p.told {
		return fmt.Errorf("%s: %w%s", p.name, p.err, p.lastWords())
	}
	return nil
}

// killTree ends the process and what it started: a killed huicun leaves its
// Postgres running.
func (p *Process) killTree() {
	tree, err := processTree(p.Process.Pid)
	if err != nil {
		tree = []running{{pid: p.Process.Pid}}
	}
	for _, q := range tree {
		_ = syscall.Kill(q.pid, syscall.SIGKILL) // it may have ended
	}
}

// waitFor polls until ok. It fails when the process or ctx ends before.
func (p *Process) waitFor(ctx context.Context, what string, ok func() bool) error {
	t := time.NewTicker(poll)
	defer t.Stop()
	for !ok() {
		select {
		case <-t.C:
		case <-p.done:
			p.told = true
			return fmt.Errorf("waiting for %s: %s ended: %w%s", what, p.name, cmp.Or(p.err, errEnded), p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w%s", what, context.Cause(ctx), p.lastWords())
		}
	}
	return nil
}

var errEnded = errors.New("by itself and without an error")

// lastWords are the last lines that the process logged.
func (p *Process) lastWords() string {
	b, err := os.ReadFile(p.log)
	if err != nil || len(b) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return "; its last words:\n" + strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// cleanEnviron is the environment without settings of another huicun.
func cleanEnviron() []string {
	var out []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "HUICUN_") {
			out = append(out, kv)
		}
	}
	return out
}

// answers reports whether a GET is answered with 200.
func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}
