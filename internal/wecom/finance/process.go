package finance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// errDied says that a helper process ended, or was ended, in the middle of a
// call. started tells a crash in the library from a helper that never ran.
type errDied struct {
	how     string
	started bool
}

// Error says how it ended.
func (e *errDied) Error() string { return "the helper process ended: " + e.how }

// process is one running helper. One goroutine at a time may use it.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr *stderrLog
	ended  bool // it has been waited for
}

// inherited is what a helper keeps of the environment, as far as a library may
// need it: no settings of ours and no proxy variables, which libcurl would obey.
var inherited = []string{"PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"}

// startProcess runs a helper.
func startProcess(ctx context.Context, command []string, stderr *stderrLog) (*process, error) {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...) // it outlives the call that starts it
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Env = append(cmd.Env, "GOTRACEBACK=none")
	cmd.Stderr = stderr
	cmd.WaitDelay = 2 * time.Second // in case something else holds standard error open
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, stdin.Close())
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, stdin: stdin, stdout: bufio.NewReaderSize(stdout, 64<<10), stderr: stderr}, nil
}

// initialise opens the library in the helper.
func (p *process) initialise(ctx context.Context, s setup) error {
	var r reply
	err := p.call(ctx, request{Op: doInit, Setup: s}, 1, func(_ int, got reply) { r = got })
	switch {
	case err != nil:
		var died *errDied
		if errors.As(err, &died) {
			died.started = false
		}
		return err
	case r.Failure != "":
		return configError("%s", r.Failure)
	case string(r.Data) != protocol:
		return configError("the helper command does not start a helper of this version of huicun")
	case r.Code != 0:
		e := codeError(opInit, r.Code)
		e.Class = ClassConfig
		return e
	}
	return nil
}

// call sends a request and passes each of its n replies to got. After an error
// the process is gone: errDied when it ended by itself, else why it was ended.
func (p *process) call(ctx context.Context, q request, n int, got func(int, reply)) error {
	stop := context.AfterFunc(ctx, p.kill)
	err := p.exchange(q, n, got)
	if stop() && err == nil {
		return nil
	}
	p.kill()
	how := p.wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, errFrame) {
		return configError("the helper command does not speak the protocol of a helper")
	}
	return &errDied{how: how, started: true}
}

func (p *process) exchange(q request, n int, got func(int, reply)) error {
	if err := writeFrame(p.stdin, q.encode()); err != nil {
		if _, said := readFrame(p.stdout); errors.Is(said, errFrame) {
			return said // another program, which has ended
		}
		return err
	}
	for i := range n {
		payload, err := readFrame(p.stdout)
		if err != nil {
			return err
		}
		r, err := decodeReply(payload)
		if err != nil {
			return err
		}
		got(i, r)
	}
	return nil
}

// kill ends the process at once; wait must follow.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only when it has ended already
}

// wait reaps a process that ends and says how it ended.
func (p *process) wait() string {
	_, _ = io.Copy(io.Discard, p.stdout) // until it is closed, as Wait demands
	_ = p.stdin.Close()
	err := p.cmd.Wait()
	p.ended = true
	p.stderr.flush()
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// stop lets an idle helper give its handle back and end, and kills it if it does
// not within the grace time.
func (p *process) stop(grace time.Duration) {
	if p.ended {
		return
	}
	_ = p.stdin.Close()
	timer := time.AfterFunc(grace, p.kill)
	defer timer.Stop()
	_ = p.wait()
}

// startError words why a helper could not be started or initialised.
func startError(err error) error {
	var died *errDied
	if errors.As(err, &died) {
		return &Error{
			Op: opInit, Class: ClassRetry,
			Reason: fmt.Sprintf("the helper process ended while the SDK was being loaded (%s)", died.how), Err: ErrCrashed,
		}
	}
	return err
}
