package estest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	idleTimeout   = 3 * time.Minute // how long an unused node lives on
	watchInterval = 5 * time.Second
)

// privateNode gives the address of this clone's test node, running.
func privateNode(ctx context.Context) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	return sharedNode(ctx, filepath.Join(root, ".cache", "testelastic"), idleTimeout, watchInterval)
}

// inUse keeps the locks that tell the watch that this process lives.
var inUse struct {
	sync.Mutex
	locks []*os.File
}

// sharedNode gives the address of the node in dir, started if it does not run.
// It stays until no process that called this has lived for the time idle.
func sharedNode(ctx context.Context, dir string, idle, interval time.Duration) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	users, err := os.OpenFile(filepath.Join(dir, "users.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	if err := syscall.Flock(int(users.Fd()), syscall.LOCK_SH); err != nil {
		return "", errors.Join(err, users.Close())
	}
	inUse.Lock()
	inUse.locks = append(inUse.locks, users)
	inUse.Unlock()
	if err := script(ctx, "start", dir, "--fresh"); err != nil {
		return "", err
	}
	if err := watch(ctx, dir, idle, interval); err != nil {
		return "", err
	}
	url, err := os.ReadFile(filepath.Join(dir, "urls"))
	return strings.TrimSpace(string(url)), err
}

// watch leaves a process behind that ends the node when it is idle, and itself
// with it, or at once when there is another one.
func watch(ctx context.Context, dir string, idle, interval time.Duration) error {
	path, err := scriptPath()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, "watch", dir,
		strconv.Itoa(int(idle.Seconds())), strconv.FormatFloat(interval.Seconds(), 'f', -1, 64))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the test node's watch: %w", err)
	}
	return cmd.Process.Release()
}

// script runs elasticsearch.sh to its end.
func script(ctx context.Context, args ...string) error {
	path, err := scriptPath()
	if err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(path), args[0], err, said.String())
	}
	return nil
}

func scriptPath() (string, error) {
	root, err := moduleRoot()
	return filepath.Join(root, "deploy", "dev", "elasticsearch", "elasticsearch.sh"), err
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
