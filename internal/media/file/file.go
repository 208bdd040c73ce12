// Package file keeps objects in a directory. What is there is whole: an object is
// written beside its place, flushed to the disk and renamed.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"huicun/internal/fault"
	"huicun/internal/media"
)

// tempDir holds what is being written; no object has such a name.
const tempDir = ".tmp"

// Store is a directory of objects; it implements media.Blobs. The files and
// folders are for the owner of the process alone.
type Store struct {
	dir string // absolute
}

// New opens the store in dir, which is made if need be, and removes what
// processes that are gone have left half written.
func New(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("media store: %w", err)
	}
	s := &Store{dir: dir}
	if err := os.MkdirAll(filepath.Join(dir, tempDir), 0o700); err != nil {
		return nil, s.explain("make the folder", err)
	}
	sweep(filepath.Join(dir, tempDir))
	return s, nil
}

// path gives the file of an object, inside the directory whatever the name.
func (s *Store) path(name string) (string, error) {
	if err := media.CheckName(name); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, filepath.FromSlash(name)), nil
}

// Put stores an object. See media.Blobs.
func (s *Store) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	if err := s.put(ctx, path, r, size); err != nil {
		return s.explain("store "+name, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, path string, r io.Reader, size int64) error {
	t, err := newTemp(filepath.Join(s.dir, tempDir))
	if err != nil {
		return err
	}
	defer t.discard()
	n, err := io.Copy(t.File, io.LimitReader(reader{ctx, r}, size+1))
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("it was said to have %d bytes and has %s", size, more(n, size))
	}
	if err := t.Sync(); err != nil {
		return err
	}
	if err := s.makeDirs(filepath.Dir(path)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Rename(t.Name(), path); err != nil {
		return err
	}
	t.renamed = true
	return media.SyncDir(filepath.Dir(path))
}

func more(n, size int64) string {
	if n > size {
		return "more"
	}
	return fmt.Sprint(n)
}

// Open reads a part of an object. See media.Blobs.
func (s *Store) Open(ctx context.Context, name string, offset, n int64) (io.ReadCloser, error) {
	f, _, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	if n < 0 {
		n = 1<<63 - 1 - max(offset, 0)
	}
	return &part{Reader: reader{ctx, io.NewSectionReader(f, offset, n)}, Closer: f}, nil
}

func (s *Store) open(ctx context.Context, name string) (*os.File, fs.FileInfo, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	if missing(err) {
		return nil, nil, fault.NotFound("object")
	}
	if err != nil {
		return nil, nil, s.explain("open "+name, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fault.NotFound("object")
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, nil, err
	}
	return f, info, nil
}

// Size gives the number of bytes of an object. See media.Blobs.
func (s *Store) Size(ctx context.Context, name string) (int64, error) {
	f, info, err := s.open(ctx, name)
	if err != nil {
		return 0, err
	}
	return info.Size(), f.Close()
}

// Delete removes an object. See media.Blobs.
func (s *Store) Delete(ctx context.Context, name string) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if missing(err) || err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		err = os.Remove(path)
	}
	if missing(err) {
		return nil
	}
	if err == nil {
		err = media.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return s.explain("remove "+name, err)
	}
	return nil
}

// Check writes a file, reads it and removes it. See media.Blobs.
func (s *Store) Check(context.Context) error {
	if err := s.check(); err != nil {
		return s.explain("try it", err)
	}
	return nil
}

func (s *Store) check() error {
	t, err := newTemp(filepath.Join(s.dir, tempDir))
	if err != nil {
		return err
	}
	defer t.discard()
	const probe = "huicun"
	if _, err := t.WriteString(probe); err != nil {
		return err
	}
	if err := t.Sync(); err != nil {
		return err
	}
	got := make([]byte, len(probe))
	if _, err := t.ReadAt(got, 0); err != nil {
		return err
	}
	if string(got) != probe {
		return errors.New("it gives back other bytes than were written")
	}
	return nil
}

// explain says what failed where, and what helps if that is known.
func (s *Store) explain(what string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("media store: %s: the disk of %s is full: %w", what, s.dir, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("media store: %s: %s does not belong to the user that huicun runs as, or is read-only: %w", what, s.dir, err)
	}
	return fmt.Errorf("media store %s: %s: %w", s.dir, what, err)
}

// missing: the file is not there, or its name goes through something that is no
// folder.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

type part struct {
	io.Reader
	io.Closer
}

// makeDirs makes dir below the store's and flushes each new name to the disk.
func (s *Store) makeDirs(dir string) error {
	if len(dir) <= len(s.dir) || !strings.HasPrefix(dir, s.dir) {
		return nil
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.makeDirs(filepath.Dir(dir)); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err != nil { // another one made it, and may not have flushed it yet
		return nil
	}
	return media.SyncDir(filepath.Dir(dir))
}
