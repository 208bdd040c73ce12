package pgserver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"

	"huicun/internal/pgserver"
)

// fast spares the tests' disks; nothing here pulls the machine's plug.
var fast = map[string]string{"fsync": "off"}

// made is a directory with a stopped server, to copy: faster than making one.
var made struct {
	sync.Once
	dir string
	err error
}

func makeDir() {
	if made.dir, made.err = os.MkdirTemp("", "pgserver"); made.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := pgserver.Start(ctx, pgserver.Options{DataDir: filepath.Join(made.dir, "made"), Settings: fast, Log: quiet()})
	if err != nil {
		made.err = err
		return
	}
	made.err = s.Stop(ctx)
}

// madeDir gives a directory of its own to a test, where a server has run and
// has been stopped.
func madeDir(t *testing.T) string {
	t.Helper()
	if made.Do(makeDir); made.err != nil {
		t.Fatal(made.err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	copyDir(t, filepath.Join(made.dir, "made"), dir)
	return dir
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func mustStart(t *testing.T, o pgserver.Options) *pgserver.Server {
	t.Helper()
	o.Log = quiet()
	if o.Settings == nil {
		o.Settings = fast
	}
	s, err := pgserver.Start(deadline(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustStop(t *testing.T, s *pgserver.Server) {
	t.Helper()
	if err := s.Stop(deadline(t)); err != nil {
		t.Fatal(err)
	}
}

func mustExec(t *testing.T, s *pgserver.Server, query string) {
	t.Helper()
	if _, err := open(t, s.URL()).ExecContext(deadline(t), query); err != nil {
		t.Fatal(err)
	}
}

func mustGet(t *testing.T, s *pgserver.Server, query string) string {
	t.Helper()
	var got string
	if err := open(t, s.URL()).QueryRowContext(deadline(t), query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func open(t *testing.T, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// installedDir gives the directory of the real programs.
func installedDir(t *testing.T) string {
	t.Helper()
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		t.Fatal(err)
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		if _, err := os.Stat(filepath.Join(dirs[i], "initdb")); err == nil {
			return dirs[i]
		}
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		t.Fatal("the tests need the postgresql package: run make setup")
	}
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(path)
}

func TestStartKeepsDataAcrossRestarts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not there", "数据 \"yet\"")
	s := mustStart(t, pgserver.Options{DataDir: dir})
	mustExec(t, s, `CREATE TABLE kept AS SELECT '会话存档'::text AS v`)
	mustStop(t, s)
	if _, err := os.Stat(filepath.Join(dir, "pgdata", "postmaster.pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the stopped server left its pid file: %v", err)
	}

	s = mustStart(t, pgserver.Options{DataDir: dir})
	if got := mustGet(t, s, `SELECT v FROM kept`); got != "会话存档" {
		t.Errorf("after a restart got %q", got)
	}
	if s.Adopted() {
		t.Error("Adopted() = true for a server that was launched")
	}
}

func TestServerSettings(t *testing.T) {
	t.Parallel()
	s := mustStart(t, pgserver.Options{DataDir: madeDir(t), Settings: map[string]string{"work_mem": "7MB"}})
	for _, tt := range []struct{ name, query, want string }{
		{"encoding is UTF-8", `SHOW server_encoding`, "UTF8"},
		{"order is by code point", `SELECT datcollate FROM pg_database WHERE datname = current_database()`, "C"},
		{"writes are durable", `SHOW fsync`, "on"},
		{"checksums are on", `SHOW data_checksums`, "on"},
		{"passwords are scram", `SHOW password_encryption`, "scram-sha-256"},
		{"no address is listened on", `SHOW listen_addresses`, ""},
		{"errors are not logged", `SHOW log_min_messages`, "log"},
		{"option is passed on", `SHOW work_mem`, "7MB"},
		{"database is huicun's", `SELECT current_database()`, "huicun"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := mustGet(t, s, tt.query); got != tt.want {
				t.Errorf("%s = %q, want %q", tt.query, got, tt.want)
			}
		})
	}
}

func TestPasswordIsNeededAndPrivate(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	s := mustStart(t, pgserver.Options{DataDir: dir})
	info, err := os.Stat(filepath.Join(dir, "password"))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode of the password file = %o, want 600", got)
	}
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "wrong")
	if err := open(t, u.String()).PingContext(deadline(t)); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("with a wrong password: %v, want a refusal", err)
	}
}

func TestDirectoriesThatCannotHoldASocketUseALoopbackPort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, dir string }{
		{"path longer than a socket's may be", strings.Repeat("long", 30)},
		{"comma, which clients split addresses at", "a,b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), tt.dir)
			s := mustStart(t, pgserver.Options{DataDir: dir})
			u, err := url.Parse(s.URL())
			if err != nil {
				t.Fatal(err)
			}
			if got := u.Query().Get("host"); got != "127.0.0.1" {
				t.Errorf("host = %q, want 127.0.0.1", got)
			}
			s.Detach()
			again := mustStart(t, pgserver.Options{DataDir: dir})
			if !again.Adopted() || again.URL() != s.URL() {
				t.Error("the server on a port was not adopted as it is")
			}
		})
	}
}

func TestSecretsAndValuesStayOutOfTheServerLog(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	s := mustStart(t, pgserver.Options{DataDir: dir})
	mustExec(t, s, `CREATE TABLE m (body text CONSTRAINT short CHECK (length(body) < 5))`)
	if _, err := open(t, s.URL()).ExecContext(deadline(t), `INSERT INTO m VALUES ('planted-chat-text')`); err == nil {
		t.Fatal("the insert should have failed")
	}
	mustStop(t, s)
	log, err := os.ReadFile(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	if len(log) == 0 {
		t.Fatal("the server logged nothing at all")
	}
	pw, err := os.ReadFile(filepath.Join(dir, "password"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"planted-chat-text", strings.TrimSpace(string(pw))} {
		if strings.Contains(string(log), secret) {
			t.Errorf("the server's log holds a secret of %d bytes", len(secret))
		}
	}
}

func TestDoneTellsOfTheServersEnd(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	launched := mustStart(t, pgserver.Options{DataDir: dir})
	launched.Detach()
	adopted := mustStart(t, pgserver.Options{DataDir: dir})
	if err := syscall.Kill(adopted.PID(), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*pgserver.Server{"launched": launched, "adopted": adopted} {
		select {
		case <-s.Done():
		case <-deadline(t).Done():
			t.Errorf("%s: Done was not closed", name)
		}
	}
}

func TestStopAfterTheServersOwnEnd(t *testing.T) {
	t.Parallel()
	s := mustStart(t, pgserver.Options{DataDir: madeDir(t)})
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	for range 2 {
		mustStop(t, s)
	}
}

func TestCancelledStartLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tr := newTrap(t, "postgres", "ARRIVE\nWAIT\nexec REAL \"$@\"")
	ctx, cancel := context.WithCancel(deadline(t))
	failed := make(chan error, 1)
	go func() {
		_, err := pgserver.Start(ctx, pgserver.Options{DataDir: dir, BinDir: tr.dir, Log: quiet()})
		failed <- err
	}()
	tr.await()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("Start = %v, want context.Canceled", err)
	}
	s := mustStart(t, pgserver.Options{DataDir: dir})
	if s.Adopted() {
		t.Error("the cancelled start left a server behind")
	}
}

// A pid file whose number belongs to another program now, as after a reboot.
func TestStalePidFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text string }{
		{"number of another program", fmt.Sprintf("%d\n/x\n1\n5432\n/x\n\n  1 1\nready\n", os.Getpid())},
		{"number of no program", strconv.Itoa(1<<22) + "\n/x\n1\n5432\n/x\n\n  1 1\nready\n"},
		{"empty", ""},
		{"rubbish", "\x00\x00\x00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := madeDir(t)
			for _, path := range []string{"pgdata/postmaster.pid", ".s.PGSQL.5432.lock"} {
				if err := os.WriteFile(filepath.Join(dir, path), []byte(tt.text), 0o600); err != nil {
					t.Fatal(err)
				}
				giveLike(t, filepath.Join(dir, path), filepath.Join(dir, "pgdata"))
			}
			if s := mustStart(t, pgserver.Options{DataDir: dir}); s.Adopted() {
				t.Error("adopted a server that is not there")
			}
		})
	}
}

// giveLike gives path the owner of like.
func giveLike(t *testing.T, path, like string) {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(like, &st); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, int(st.Uid), int(st.Gid)); err != nil {
		t.Fatal(err)
	}
}

// A copy of a running server's directory must not lead to the original.
func TestCopyDoesNotAdoptTheOriginal(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	original := mustStart(t, pgserver.Options{DataDir: dir})
	mustExec(t, original, `CREATE TABLE kept AS SELECT 1 AS v; CHECKPOINT`)
	dup := filepath.Join(t.TempDir(), "copy")
	copyDir(t, dir, dup)
	s := mustStart(t, pgserver.Options{DataDir: dup})
	if s.PID() == original.PID() {
		t.Fatal("the copy adopted the original's server")
	}
}

// A server that ended by itself comes back at the same address, over a socket
// and over a port, with its data.
func TestReviveKeepsAddressAndData(t *testing.T) {
	t.Parallel()
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	for name, dir := range map[string]string{"socket": madeDir(t), "port": long} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mustStart(t, pgserver.Options{DataDir: dir, Settings: map[string]string{"fsync": "off"}})
			mustExec(t, s, `CREATE TABLE kept AS SELECT 'safe'::text AS v`)
			address := s.URL()
			if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			<-s.Done()
			if err := s.Revive(deadline(t)); err != nil {
				t.Fatal(err)
			}
			if s.URL() != address {
				t.Error("the address is another one")
			}
			if got := mustGet(t, s, `SELECT v FROM kept`); got != "safe" {
				t.Errorf("after the revival got %q", got)
			}
		})
	}
}
