package bench

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// However often a benchmark is interrupted, it leaves no folder and no process,
// and says so in one line.
func TestInterruptedBenchmarkLeavesNothing(t *testing.T) {
	t.Parallel()
	if err := buildPrograms(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		after []string // a signal when a line begins so
	}{
		{"once, in its middle", []string{"opening"}},
		{"twice, while it starts", []string{"data and logs are in", "interrupted:"}},
		{"three times", []string{"opening", "interrupted:", "again:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "bench-interrupt-*") // the private Postgres may belong to another user
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			if err := os.Chmod(dir, 0o711); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), filepath.Join(programDir, "huicun"), "bench", "live", "-pure", "-chats", "20", "-history", "1000")
			cmd.Env = append(cleanEnviron(), "TMPDIR="+dir)
			said := interrupt(t, cmd, tt.after)
			if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
			for _, pid := range pidsIn(t, dir) {
				t.Errorf("process %s still runs", pid)
			}
			last := said[len(said)-1]
			if cmd.ProcessState.ExitCode() != 130 || last != "huicun bench: interrupted; everything removed" || strings.Contains(strings.Join(said, "\n"), "in vain") {
				t.Errorf("exit status %d, said\n%s", cmd.ProcessState.ExitCode(), strings.Join(said, "\n"))
			}
		})
	}
}

// interrupt runs a program, sends a signal at each of the lines, and gives what
// it said until its end.
func interrupt(t *testing.T, cmd *exec.Cmd, after []string) (said []string) {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(io.LimitReader(stderr, 1<<20)); lines.Scan(); {
		said = append(said, lines.Text())
		if len(after) > 0 && strings.HasPrefix(lines.Text(), after[0]) {
			after = after[1:]
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("interrupt: %v", err)
			}
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if len(after) > 0 || len(said) == 0 {
		t.Fatalf("it never said %v, but\n%s", after, strings.Join(said, "\n"))
	}
	return said
}

// pidsIn lists the processes that work below a folder or have it in their
// command line.
func pidsIn(t *testing.T, dir string) (pids []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, proc := range all {
		cwd, _ := os.Readlink(proc + "/cwd") // gone, or a secret of somebody else
		args, _ := os.ReadFile(proc + "/cmdline")
		if strings.HasPrefix(cwd, dir) || strings.Contains(string(args), dir) {
			pids = append(pids, filepath.Base(proc)+" "+strings.ReplaceAll(string(args), "\x00", " "))
		}
	}
	return pids
}
