package file

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"huicun/internal/media"
)

// List calls do for each object. See media.Blobs. It holds one folder of each
// level in memory.
func (s *Store) List(ctx context.Context, prefix string, do func(name string, size int64) error) error {
	if err := media.CheckPrefix(prefix); err != nil {
		return err
	}
	return s.list(ctx, "", prefix, do)
}

// list goes through the folder under, which is "" or ends with "/".
func (s *Store) list(ctx context.Context, under, prefix string, do func(string, int64) error) error {
	es, err := os.ReadDir(filepath.Join(s.dir, filepath.FromSlash(under)))
	if missing(err) {
		return nil
	}
	if err != nil {
		return s.explain("list "+under, err)
	}
	// A folder stands where the names in it do: a-b, a.b, a/…, ab.
	slices.SortFunc(es, func(a, b fs.DirEntry) int { return strings.Compare(sortName(a), sortName(b)) })
	for _, e := range es {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := under + sortName(e)
		if strings.HasPrefix(e.Name(), ".") || !strings.HasPrefix(name, prefix) && !strings.HasPrefix(prefix, name) {
			continue
		}
		if e.IsDir() {
			err = s.list(ctx, name, prefix, do)
		} else if strings.HasPrefix(name, prefix) {
			err = listOne(e, name, do)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func listOne(e fs.DirEntry, name string, do func(string, int64) error) error {
	info, err := e.Info()
	if missing(err) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if err != nil {
		return err
	}
	return do(name, info.Size())
}

func sortName(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
