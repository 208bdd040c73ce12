package pgserver_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"huicun/internal/pgserver"
)

// postmasterPID reads the process id from the pid file of a running server.
func postmasterPID(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "pgdata", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// running reports whether a process runs; one that is dead and not collected
// by its parent, as happens in containers, has no command line.
func running(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && len(b) > 0
}

func TestKilledOwnerLeavesAServerToAdopt(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	o := startOwner(t, dir, "")
	o.says("ready")
	o.kill()
	left := postmasterPID(t, dir)

	s := mustStart(t, pgserver.Options{DataDir: dir})
	if !s.Adopted() || s.PID() != left {
		t.Errorf("Adopted() = %v, PID() = %d, want the running server %d", s.Adopted(), s.PID(), left)
	}
	mustExec(t, s, `CREATE TABLE t ()`)
	mustStop(t, s)
	if running(left) {
		t.Error("Stop did not end the adopted server")
	}
}

func TestKilledOwnerAndServer(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	o := startOwner(t, dir, "")
	o.says("ready")
	adopted := startAndDetach(t, o, dir)
	mustExec(t, adopted, `CREATE TABLE kept AS SELECT 'safe'::text AS v`)
	if err := syscall.Kill(adopted.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}

	s := mustStart(t, pgserver.Options{DataDir: dir})
	if s.Adopted() {
		t.Error("adopted a dead server")
	}
	if got := mustGet(t, s, `SELECT v FROM kept`); got != "safe" {
		t.Errorf("after crash recovery got %q", got)
	}
}

// startAndDetach kills the owner and takes a look at the server it leaves.
func startAndDetach(t *testing.T, o *owner, dir string) *pgserver.Server {
	t.Helper()
	o.kill()
	s, err := pgserver.Start(deadline(t), pgserver.Options{DataDir: dir, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	s.Detach()
	return s
}

// The owner dies at each step of its first start; programs that it started
// live on, as they do in life.
func TestKilledDuringFirstStart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, program, script string }{
		{"before the cluster is made", "initdb", "ARRIVE\nWAIT\nexit 1"},
		{"while the cluster is made, which goes on", "initdb", "ARRIVE\nexec REAL \"$@\""},
		{"after the cluster is made", "initdb", "REAL \"$@\"\nARRIVE\nWAIT"},
		{"before the server runs, which never does", "postgres", "ARRIVE\nWAIT\nexit 1"},
		{"while the server starts, which goes on", "postgres", "ARRIVE\nexec REAL \"$@\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tr := newTrap(t, tt.program, tt.script)
			o := startOwner(t, dir, tr.dir)
			tr.await()
			o.kill()

			s := mustStart(t, pgserver.Options{DataDir: dir})
			mustExec(t, s, `CREATE TABLE t ()`)
			if strings.Contains(tt.script, "WAIT") {
				tr.release()
			}
		})
	}
}

func TestLeftoverStagesAreCleared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tr := newTrap(t, "initdb", "REAL \"$@\"\nARRIVE\nWAIT")
	o := startOwner(t, dir, tr.dir)
	tr.await()
	o.kill()
	tr.release()
	mustStart(t, pgserver.Options{DataDir: dir})
	left, err := filepath.Glob(filepath.Join(dir, "init-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("unfinished clusters left: %v, %v", left, err)
	}
}

func TestKilledWhileStopping(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	o := startOwner(t, dir, "")
	o.says("ready")
	if err := o.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	o.says("stopping")
	o.kill()
	s := mustStart(t, pgserver.Options{DataDir: dir})
	mustExec(t, s, `CREATE TABLE t ()`)
}

func TestSecondOwnerIsRefused(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	o := startOwner(t, dir, "")
	o.says("ready")
	_, err := pgserver.Start(deadline(t), pgserver.Options{DataDir: dir, Log: quiet()})
	want := "in use by process " + strconv.Itoa(o.cmd.Process.Pid)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("second Start = %v, want %q", err, want)
	}
	o.kill()
	mustStart(t, pgserver.Options{DataDir: dir})
}
