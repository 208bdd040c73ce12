package file

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// abandonedAfter is when a file that is being written counts as left over where
// the file system knows no locks.
const abandonedAfter = 24 * time.Hour

// temp is a file that is being written. It is locked while its process lives:
// that tells it from those left over.
type temp struct {
	*os.File
	renamed bool
}

func newTemp(dir string) (*temp, error) {
	for {
		f, err := os.CreateTemp(dir, "put-*")
		if errors.Is(err, fs.ErrNotExist) { // somebody cleaned up by hand
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return nil, err
			}
			f, err = os.CreateTemp(dir, "put-*")
		}
		if err != nil {
			return nil, err
		}
		t := &temp{File: f}
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) // where there are no locks the age decides
		if t.named() {
			return t, nil
		}
		t.discard() // a sweep came between making and locking it
	}
}

// named reports whether the file still has its name.
func (t *temp) named() bool {
	here, err := t.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(t.Name())
	return err == nil && os.SameFile(here, there)
}

// discard closes the file and removes it unless it was renamed.
func (t *temp) discard() {
	if !t.renamed {
		_ = os.Remove(t.Name()) // else the next start sweeps it
	}
	_ = t.Close() // what counts was flushed
}

// sweep removes what processes that are gone have left in dir. What it cannot
// remove takes up space and harms nobody: a command that root was killed in may
// have left it.
func sweep(dir string) {
	es, err := os.ReadDir(dir)
	if err != nil {
		slog.Warn("left-over files of the media store not removed", "err", err)
	}
	for _, e := range es {
		if err := sweepFile(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			slog.Warn("left-over file of the media store not removed", "err", err)
		}
	}
}

func sweepFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil // its process lives
	}
	if err != nil {
		info, serr := f.Stat()
		if serr != nil || time.Since(info.ModTime()) < abandonedAfter {
			return serr
		}
	}
	return os.Remove(path)
}
