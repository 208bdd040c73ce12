package pgserver_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"huicun/internal/pgserver"
)

// Environment of the test binary when it plays the owner of a server.
const (
	envOwnerDir = "PGSERVER_TEST_OWNER_DIR"
	envOwnerBin = "PGSERVER_TEST_OWNER_BIN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(envOwnerDir); dir != "" {
		os.Exit(playOwner(dir, os.Getenv(envOwnerBin)))
	}
	code := m.Run()
	if made.dir != "" {
		os.RemoveAll(made.dir)
	}
	os.Exit(code)
}

// playOwner starts a server, says "ready", and stops it when told to by
// SIGTERM, saying "stopping" first.
func playOwner(dir, bin string) int {
	ctx := context.Background()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	s, err := pgserver.Start(ctx, pgserver.Options{DataDir: dir, BinDir: bin, Log: quiet()})
	if err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	fmt.Println("ready")
	<-stop
	fmt.Println("stopping")
	if err := s.Stop(ctx); err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	return 0
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// owner is another process that owns a server.
type owner struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func startOwner(t *testing.T, dir, bin string) *owner {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envOwnerDir+"="+dir, envOwnerBin+"="+bin)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &owner{t: t, cmd: cmd, lines: bufio.NewScanner(out)}
}

// says waits for a line of the owner.
func (o *owner) says(want string) {
	o.t.Helper()
	if !o.lines.Scan() {
		o.t.Fatalf("the owner ended without saying %q", want)
	}
	if got := o.lines.Text(); got != want {
		o.t.Fatalf("the owner said %q, want %q", got, want)
	}
}

// kill is a kill -9; it waits until the owner is gone.
func (o *owner) kill() {
	o.t.Helper()
	if err := o.cmd.Process.Kill(); err != nil {
		o.t.Fatal(err)
	}
	_ = o.cmd.Wait() // "signal: killed"
}

// trap is a directory of PostgreSQL programs one of which stops at a step.
type trap struct {
	t        *testing.T
	dir      string
	sprung   string // a pipe that tells when the step is reached
	released string // a pipe that holds the program there
}

// newTrap makes one. The script stands for the program; in it, REAL is the
// real program, ARRIVE tells the test and WAIT holds on until release.
func newTrap(t *testing.T, program, script string) *trap {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgtrap")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	tr := &trap{t: t, dir: dir, sprung: filepath.Join(dir, "sprung"), released: filepath.Join(dir, "released")}
	for _, err := range []error{
		os.Chmod(dir, 0o755), // the server's user must get in
		syscall.Mkfifo(tr.sprung, 0o666), os.Chmod(tr.sprung, 0o666),
		syscall.Mkfifo(tr.released, 0o666), os.Chmod(tr.released, 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"initdb", "postgres"} {
		body := "exec REAL \"$@\""
		if name == program {
			body = script
		}
		tr.write(name, body)
	}
	return tr
}

func (tr *trap) write(program, body string) {
	tr.t.Helper()
	r := strings.NewReplacer(
		"REAL", filepath.Join(installedDir(tr.t), program),
		"ARRIVE", "echo here >"+tr.sprung,
		"WAIT", "read line <"+tr.released,
	)
	text := "#!/bin/sh\n[ \"$1\" = --version ] && exec " + r.Replace("REAL \"$@\"\n"+body) + "\n"
	if err := os.WriteFile(filepath.Join(tr.dir, program), []byte(text), 0o755); err != nil {
		tr.t.Fatal(err)
	}
}

// await waits until the step is reached.
func (tr *trap) await() {
	tr.t.Helper()
	f, err := os.Open(tr.sprung)
	if err != nil {
		tr.t.Fatal(err)
	}
	defer f.Close()
	if line, err := bufio.NewReader(f).ReadString('\n'); err != nil || line != "here\n" {
		tr.t.Fatalf("step not reached: %q, %v", line, err)
	}
}

// release lets a program that waits go on.
func (tr *trap) release() {
	tr.t.Helper()
	f, err := os.OpenFile(tr.released, os.O_WRONLY, 0)
	if err != nil {
		tr.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tr.t.Fatal(err)
	}
}

// deadline bounds what waits for a server, so that a fault fails the test.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
