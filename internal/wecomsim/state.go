package wecomsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// meta says which stream a data directory belongs to.
type meta struct {
	Identity string    `json:"identity"` // of the source
	StartSeq uint64    `json:"start_seq"`
	End      time.Time `json:"end"` // of the made-up history
}

func metaFile(dir string) string { return filepath.Join(dir, "state.json") }

// readMeta gives the zero value for a new directory.
func readMeta(dir string) (meta, error) {
	var m meta
	b, err := os.ReadFile(metaFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return m, fmt.Errorf("wecomsim: read %s: %w", metaFile(dir), err)
	}
	return m, nil
}

func (m meta) write(dir string) error {
	b, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = writeFile(metaFile(dir), append(b, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("wecomsim: write %s: %w", metaFile(dir), err)
	}
	return nil
}

// openDir makes the data directory, a temporary one when dir is "".
func openDir(dir string) (path string, temporary bool, err error) {
	if dir == "" {
		path, err = os.MkdirTemp("", "wecomsim-*")
		temporary = true
	} else if path, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(path, 0o700)
	}
	if err != nil {
		return "", false, fmt.Errorf("wecomsim: data directory: %w", err)
	}
	return path, temporary, nil
}
