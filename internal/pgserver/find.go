package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
)

// ErrNotRunning is what Find fails with when no server runs in the directory.
var ErrNotRunning = errors.New("no server is running")

// Find gives the address of the server that runs in a directory, for a look
// beside its owner: it takes no right to the directory and starts nothing. Its
// user must be allowed to read the directory.
func Find(ctx context.Context, dataDir string) (string, error) {
	address, err := find(ctx, dataDir)
	if err != nil {
		return "", fmt.Errorf("private postgres in %s: %w", dataDir, err)
	}
	return address, nil
}

func find(ctx context.Context, path string) (string, error) {
	acc, err := serviceAccount()
	if err != nil {
		return "", err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	d := &dataDir{path: abs, acc: acc}
	p, err := d.settledPidFile(ctx)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!alive(p.pid) || !d.worksHere(p.pid)) {
		return "", ErrNotRunning
	}
	if err != nil {
		return "", fmt.Errorf("look for the server: %w%s", err, ownerHint(err))
	}
	s := &Server{dir: d, log: slog.Default(), patience: probeTimeout, proc: watch(p.pid)}
	defer s.proc.unwatch()
	if s.password, err = d.ensurePassword(true); err != nil {
		return "", err
	}
	if err := s.waitReady(ctx); err != nil {
		return "", err
	}
	return s.URL(), nil
}
