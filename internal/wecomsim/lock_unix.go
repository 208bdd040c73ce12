//go:build unix

package wecomsim

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockDir keeps a second simulator out of dir. The kernel releases the lock when
// the process ends, however it ends.
func lockDir(dir string) (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: lock data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		return nil, fmt.Errorf("wecomsim: another simulator uses the data directory %s: %w", dir, err)
	}
	return f.Close, nil
}
