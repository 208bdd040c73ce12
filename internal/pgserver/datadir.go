package pgserver

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// What the directory of a server holds. The socket lies in it too.
const (
	lockName     = "lock"       // locked by the owner, holds its process id; also marks the directory as ours
	clusterName  = "pgdata"     // the cluster, complete once it exists
	stagePattern = "init-*"     // a cluster in the making
	passwordName = "password"   // of the role, mode 0600
	logName      = "server.log" // what the server prints
	oldLogName   = "server.log.1"

	maxLogBytes = 16 << 20 // a larger log is set aside at the next launch
	childFD     = 3        // the directory's descriptor in the server's processes
)

// dataDir is a directory that this process owns until close.
type dataDir struct {
	path string // absolute
	acc  *account
	lock *os.File
	self *os.File // the open directory, for processes that cannot reach path
}

// openDataDir makes the directory if needed and takes the right to it.
func openDataDir(path string, acc *account) (*dataDir, error) {
	if path == "" {
		return nil, errors.New("no data directory given")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	d := &dataDir{path: abs, acc: acc}
	if err := d.prepare(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *dataDir) prepare() error {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	if err := d.refuseForeign(); err != nil {
		return err
	}
	if err := d.takeLock(); err != nil {
		return err
	}
	if err := d.acc.own(d.path); err != nil {
		return err
	}
	self, err := os.Open(d.path)
	if err != nil {
		return err
	}
	d.self = self
	return nil
}

// refuseForeign fails on a directory that holds something else than a server.
func (d *dataDir) refuseForeign() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return fmt.Errorf("read the directory: %w%s", err, ownerHint(err))
	}
	if len(entries) == 0 {
		return nil
	}
	for _, e := range entries {
		if e.Name() == lockName {
			return nil
		}
	}
	return errors.New("the directory is not empty and was not made by huicun: choose another one")
}

// takeLock fails when another process owns the directory. The kernel releases
// the lock when its holder dies.
func (d *dataDir) takeLock() error {
	f, err := os.OpenFile(d.file(lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("write to the directory: %w%s", err, ownerHint(err))
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		return fmt.Errorf("%w %s: one huicun can own it at a time", ErrInUse, holder(f))
	}
	if err != nil {
		f.Close()
		return fmt.Errorf("lock the directory: %w", err)
	}
	d.lock = f
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("write to the directory: %w", err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		return fmt.Errorf("write to the directory: %w", err)
	}
	return nil
}

func holder(f *os.File) string {
	buf := make([]byte, 20)
	n, _ := f.ReadAt(buf, 0) // a short file is the normal case
	if n == 0 {
		return "unknown"
	}
	return string(buf[:n])
}

func ownerHint(err error) string {
	if !errors.Is(err, fs.ErrPermission) {
		return ""
	}
	return " (does it belong to another user? Run huicun as the user that made it)"
}

// close gives the directory up. The lock is released by name: to close the
// file is not enough while a child that is being started still has a copy.
func (d *dataDir) close() {
	if d.lock != nil {
		_ = syscall.Flock(int(d.lock.Fd()), syscall.LOCK_UN) // it goes with the process otherwise
	}
	for _, f := range []*os.File{d.self, d.lock} {
		if f != nil {
			f.Close()
		}
	}
}

func (d *dataDir) file(elem ...string) string {
	return filepath.Join(append([]string{d.path}, elem...)...)
}

// seenByServer gives the name by which the server's processes reach a file. A
// server that runs as another user may have no access to the directories above
// (such as /root), so it inherits the open directory and goes through that.
func (d *dataDir) seenByServer(elem ...string) string {
	if d.acc == nil || runtime.GOOS != "linux" {
		return d.file(elem...)
	}
	base := "/proc/self/fd/" + strconv.Itoa(childFD)
	return filepath.Join(append([]string{base}, elem...)...)
}

// major gives the PostgreSQL version that wrote the cluster, 0 without one.
func (d *dataDir) major() (int, error) {
	b, err := os.ReadFile(d.file(clusterName, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(d.file(clusterName)); errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
		return 0, errors.New("pgdata has no PG_VERSION, so it is damaged: restore it from a backup")
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || major <= 0 {
		return 0, errors.New("PG_VERSION of the data is not a version, so it is damaged: restore it from a backup")
	}
	return major, nil
}

// ensurePassword reads the role's password. Without a cluster it may make one;
// with a cluster a missing password is an error.
func (d *dataDir) ensurePassword(clusterExists bool) (string, error) {
	b, err := os.ReadFile(d.file(passwordName))
	if pw := strings.TrimSpace(string(b)); err == nil && pw != "" {
		return pw, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the password file: %w", err)
	}
	if clusterExists {
		return "", fmt.Errorf("the password file %s is missing or empty: restore it from a backup", d.file(passwordName))
	}
	pw := rand.Text()
	if err := writeSynced(d.file(passwordName), pw+"\n"); err != nil {
		return "", fmt.Errorf("write the password file: %w", err)
	}
	return pw, nil
}

// writeSynced writes a private file that is whole after a crash, or absent.
func writeSynced(path, text string) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
