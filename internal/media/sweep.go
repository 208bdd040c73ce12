package media

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"huicun/internal/archive"
)

// sweepPage is how many files are looked up at once.
const sweepPage = 500

// sweep removes the part files of files that nobody fetches any more.
func (x *Fetcher) sweep(ctx context.Context) error {
	es, err := os.ReadDir(x.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was fetched yet
	}
	if err != nil {
		return err
	}
	var ids []string
	for _, e := range es {
		if id, ok := strings.CutSuffix(e.Name(), partSuffix); ok && archive.ValidID(id) {
			ids = append(ids, id)
		}
	}
	for len(ids) > 0 {
		n := min(len(ids), sweepPage)
		if err := x.sweepFiles(ctx, ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

func (x *Fetcher) sweepFiles(ctx context.Context, ids []string) error {
	known, err := x.Store.FindFiles(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if known[id].State == archive.FilePending {
			continue
		}
		if err := sweepPart(filepath.Join(x.Dir, id+partSuffix)); err != nil {
			return err
		}
		slog.InfoContext(ctx, "part file of media removed: nobody fetches the file any more", "file", id)
	}
	return nil
}

// sweepPart removes a part file unless somebody works on it.
func sweepPart(path string) error {
	f, err := lockPart(path)
	if errors.Is(err, errPartBusy) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
