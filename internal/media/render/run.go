package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"huicun/internal/media"
)

// Limits of a program, by prlimit: 1 GiB of addresses, 120 s of CPU, files of
// 512 MiB, no core.
var limitArgs = []string{"--as=1073741824", "--cpu=120:125", "--fsize=536870912", "--core=0", "--"}

// nice is how far programs step back behind everything else.
const nice = 10

// environment of a program. One arena keeps threads from reserving addresses.
var environment = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent", "MALLOC_ARENA_MAX=1"}

// job is one run of a program.
type job struct {
	program string
	args    []string
	in      *os.File  // the program reads it as inPath, from its begin
	file    *os.File  // the program may write it as filePath; nil: none
	out     io.Writer // takes what it prints; nil: run returns it
	max     int64     // bytes that it may print
}

// Where a program finds its files. They have no other name.
const (
	inPath   = "/dev/fd/3"
	filePath = "/dev/fd/4"
)

// errTooMuch is the end of a program that prints more than allowed.
var errTooMuch = errors.New("it is larger than allowed")

// run starts a program apart: no shell, limits, a process group of its own that
// is killed when ctx or the time for a program is over.
func (r *Renderer) run(ctx context.Context, j job) ([]byte, error) {
	if err := r.needs(j.program); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.limits.program, errTooLong)
	defer cancel()
	var got bytes.Buffer
	out := &bounded{w: j.out, left: j.max, stop: cancel}
	if j.out == nil {
		out.w = &got
	}
	errs := &tail{}
	cmd := r.command(ctx, j)
	cmd.Stdout, cmd.Stderr = out, errs
	err := start(cmd)
	switch {
	case out.over:
		return nil, fmt.Errorf("%s: %w", j.program, errTooMuch)
	case err == nil:
		return got.Bytes(), nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", j.program, context.Cause(ctx))
	}
	return nil, programError(j.program, err, errs.last())
}

func (r *Renderer) command(ctx context.Context, j job) *exec.Cmd {
	args := append(slices.Clone(limitArgs), r.programs[j.program])
	cmd := exec.CommandContext(ctx, r.programs[progPrlimit], append(args, j.args...)...)
	cmd.Env = environment
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{j.in}
	if j.file != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, j.file)
	}
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// start runs cmd to its end. The thread is held: the system kills the program
// when the thread that started it ends, which is how it dies with this process.
func start(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w: %w", media.ErrTemporary, err)
	}
	// It may have ended already.
	_ = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, nice)
	return cmd.Wait()
}

// programError says how a program ended. Killed by somebody, such as a system
// short of memory, is temporary; over its limits is not.
func programError(name string, err error, line string) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("%s: %w", name, err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		if status.Signal() == syscall.SIGKILL || status.Signal() == syscall.SIGTERM {
			return fmt.Errorf("%s: %w: %s", name, media.ErrTemporary, status.Signal())
		}
		return &failed{name, "ended by signal: " + status.Signal().String()}
	}
	return &failed{name, line}
}

// failed is a program that did not do what it should with a file. Another try
// would end the same way.
type failed struct{ program, line string }

func (f *failed) Error() string {
	if f.line == "" {
		return f.program + " failed"
	}
	return f.program + ": " + f.line
}

// bounded stops a program that prints too much.
type bounded struct {
	w    io.Writer
	left int64
	stop func()
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		b.over = true
		b.stop()
		return 0, errTooMuch
	}
	return b.w.Write(p)
}

// tail keeps the end of what a program prints for people.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - 4096; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

// last is the last line that says something, printable ASCII only and short: it
// may quote the file.
func (t *tail) last() string {
	lines := strings.FieldsFunc(string(t.b), func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range slices.Backward(lines) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return -1
			}
			return r
		}, line))
		if line != "" {
			return line[:min(len(line), 160)]
		}
	}
	return ""
}
