package storetest

import (
	"context"
	_ "embed" // for the watchdog
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"huicun/internal/pgserver"
)

const (
	idleTimeout   = 3 * time.Minute // how long an unused server lives on
	watchInterval = 5 * time.Second
)

// settings make the server fast and forgetful: its data is worth nothing.
var settings = map[string]string{
	"fsync":              "off",
	"synchronous_commit": "off",
	"full_page_writes":   "off",
	"max_connections":    "300",
	"shared_buffers":     "128MB",
}

//go:embed watchdog.sh
var watchdog string

// privateServer gives the address of this clone's test server, running.
func privateServer(ctx context.Context) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	return sharedServer(ctx, filepath.Join(root, ".cache", "testdb"), idleTimeout, watchInterval)
}

// inUse keeps, for each directory, the locks that tell the watchdog that this
// process lives.
var inUse = struct {
	sync.Mutex
	locks map[string][]*os.File
}{locks: map[string][]*os.File{}}

// sharedServer gives the address of the server in dir, which it adopts or
// launches. The server stays until no process that called this has lived for
// the time idle.
func sharedServer(ctx context.Context, dir string, idle, interval time.Duration) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	start, err := lockFile(filepath.Join(dir, "start.lock"), syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer start.Close()
	users, err := lockFile(filepath.Join(dir, "users.lock"), syscall.LOCK_SH)
	if err != nil {
		return "", err
	}
	inUse.Lock()
	inUse.locks[dir] = append(inUse.locks[dir], users)
	inUse.Unlock()
	s, err := startDisposable(ctx, filepath.Join(dir, "server"))
	if err != nil {
		return "", err
	}
	defer s.Detach()
	return s.URL(), startWatchdog(ctx, dir, idle, interval)
}

// lockFile waits for a lock that ends with this process.
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// startDisposable starts the server; data that it cannot be started on, such as
// that of a machine that lost power, is thrown away.
func startDisposable(ctx context.Context, dir string) (*pgserver.Server, error) {
	o := pgserver.Options{DataDir: dir, Settings: settings, Log: slog.New(slog.DiscardHandler)}
	s, err := pgserver.Start(ctx, o)
	if err == nil || errors.Is(err, pgserver.ErrInUse) || ctx.Err() != nil {
		return s, err
	}
	if rmErr := os.RemoveAll(dir); rmErr != nil {
		return nil, errors.Join(err, rmErr)
	}
	return pgserver.Start(ctx, o)
}

// startWatchdog leaves a process behind that ends the server when it is idle,
// and itself with it. There is one at a time: it inherits the lock.
func startWatchdog(ctx context.Context, dir string, idle, interval time.Duration) error {
	lock, err := lockFile(filepath.Join(dir, "watchdog.lock"), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil // there is one
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "sh", "-c", watchdog, "watchdog", dir,
		strconv.Itoa(int(idle.Seconds())), strconv.FormatFloat(interval.Seconds(), 'f', -1, 64))
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{lock}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the test server's watchdog: %w", err)
	}
	return cmd.Process.Release()
}

// moduleRoot finds the directory of go.mod above the test's.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}
