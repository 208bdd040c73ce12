package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"huicun/internal/fault"
	"huicun/internal/media/s3/s3test"
)

// The server is killed when so many bytes have gone to it. What was put is there
// whole or not at all, what was there before stays, and a repeat works.
func TestServerKilledInMidUpload(t *testing.T) {
	const size = 20 << 20
	want, old := random(1, size), random(2, 1000)
	for _, after := range []int64{1, 1 << 20, 9 << 20, 19 << 20, size + 5_000} {
		t.Run(strconv.FormatInt(after, 10), func(t *testing.T) {
			t.Parallel()
			srv := s3test.Start(t, "")
			put(t, openStore(t, srv, nil), "o/old", old)
			var once sync.Once
			p := (&proxy{onUp: func(total int64) {
				if total >= after {
					once.Do(srv.Kill)
				}
			}}).start(t, srv.Endpoint)
			s := openStore(t, srv, func(o *Options) { o.Endpoint = p.Endpoint })
			errNew := s.Put(t.Context(), "o/new", bytes.NewReader(want), size)
			errOld := s.Put(t.Context(), "o/old", bytes.NewReader(want[:5<<20]), 5<<20)
			srv.Restart()
			wholeOrOld(t, s, "o/new", errNew, want, nil)
			wholeOrOld(t, s, "o/old", errOld, want[:5<<20], old)
			put(t, s, "o/new", want)
			put(t, s, "o/old", want[:5<<20])
			wantBytes(t, s, "o/new", want)
			wantBytes(t, s, "o/old", want[:5<<20])
			wantNoParts(t, srv, s)
		})
	}
}

// wholeOrOld checks what a Put that answered err has left.
func wholeOrOld(t *testing.T, s *Store, name string, err error, want, old []byte) {
	t.Helper()
	if err == nil {
		wantBytes(t, s, name, want)
		return
	}
	size, serr := s.Size(t.Context(), name)
	switch {
	case old == nil && fault.Is(serr, fault.CodeNotFound):
		wantNothing(t, s, name)
	case old != nil && size == int64(len(old)):
		wantBytes(t, s, name, old)
	default: // the answer was lost
		wantBytes(t, s, name, want)
	}
}

func wantBytes(t *testing.T, s *Store, name string, want []byte) {
	t.Helper()
	if got := get(t, s, name); !bytes.Equal(got, want) {
		t.Errorf("%s holds %d bytes, want %d, or others", name, len(got), len(want))
	}
}

// wantNoParts checks that nothing of an upload is left once it has been swept.
func wantNoParts(t *testing.T, srv *s3test.Server, s *Store) {
	t.Helper()
	s.now = func() time.Time { return time.Now().Add(stale + time.Minute) }
	if _, err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	parts, err := filepath.Glob(filepath.Join(srv.Dir, s.bucket, ".sgwtmp", "multipart", "*", "*"))
	if err != nil || len(parts) > 0 {
		t.Errorf("left of uploads: %v, %v", parts, err)
	}
}

// A process that dies leaves its upload; another one aborts it a day later, and
// no other.
func TestSweep(t *testing.T) {
	t.Parallel()
	srv := s3test.Start(t, "")
	ours := openStore(t, srv, func(o *Options) { o.Prefix = "ours" })
	theirs := openStore(t, srv, func(o *Options) { o.Prefix = "theirs" })
	begin := func(s *Store, name string) string {
		id, err := s.client.NewMultipartUpload(t.Context(), s.bucket, s.prefix+name, minio.PutObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.sendPart(t.Context(), s.prefix+name, id, 1, random(1, 5<<20)); err != nil {
			t.Fatal(err)
		}
		return id
	}
	open := func() int {
		page, err := ours.client.ListMultipartUploads(t.Context(), ours.bucket, "", "", "", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Uploads)
	}
	begin(ours, "o/a")
	begin(ours, "o/b")
	begin(theirs, "o/c")
	const left = "_check/left" // by a process that was killed while it checked
	if err := ours.put(t.Context(), ours.prefix+left, strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	if err := ours.List(t.Context(), "", func(name string, _ int64) error { return errors.New(name) }); err != nil {
		t.Errorf("a probe is listed: %v", err)
	}
	if n, err := ours.Sweep(t.Context()); n != 0 || err != nil || open() != 3 {
		t.Errorf("young uploads: %d aborted, %v; %d left", n, err, open())
	}
	ours.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	if err := ours.Check(t.Context()); err != nil || open() != 1 {
		t.Errorf("Check: %v; %d uploads left, want that of the other folder", err, open())
	}
	if _, err := ours.size(t.Context(), ours.prefix+left); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("the probe that was left is still there: %v", err)
	}
	if n, err := ours.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("nothing left: %d aborted, %v", n, err)
	}
}

// What a caller gives up, and what its reader spoils, leaves no parts.
func TestUploadGivenUpLeavesNoParts(t *testing.T) {
	t.Parallel()
	srv := s3test.Start(t, "")
	s := openStore(t, srv, nil)
	data := random(1, 20<<20)
	for name, last := range map[string]func(cancel func()) (int, error){
		"cancelled": func(cancel func()) (int, error) { cancel(); return 0, io.EOF },
		"fails":     func(func()) (int, error) { return 0, errors.New("broke") },
		"too short": func(func()) (int, error) { return 0, io.EOF },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := io.MultiReader(bytes.NewReader(data), readFunc(func([]byte) (int, error) { return last(cancel) }))
			if err := s.Put(ctx, "o/x", r, int64(len(data))+10); err == nil {
				t.Error("stored")
			}
			wantNothing(t, s, "o/x")
			parts, _ := filepath.Glob(filepath.Join(srv.Dir, s.bucket, ".sgwtmp", "multipart", "*", "*"))
			if len(parts) > 0 {
				t.Errorf("left: %v", parts)
			}
		})
	}
}

// A slow server is waited for: all takes longer than it may be silent.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	srv := s3test.Start(t, "")
	p := (&proxy{pause: 50 * time.Millisecond}).start(t, srv.Endpoint)
	const timeout = 3 * time.Second
	s := openStore(t, srv, func(o *Options) { o.Endpoint, o.Timeout = p.Endpoint, timeout })
	want := random(1, 5<<19) // 80 pieces
	begun := time.Now()
	put(t, s, "o/slow", want)
	if took := time.Since(begun); took < timeout {
		t.Fatalf("the server was not slow: %v", took)
	}
	wantBytes(t, s, "o/slow", want)
}

// A server that accepts and says nothing does not hold a worker.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	srv := s3test.Start(t, "")
	s := openStore(t, srv, func(o *Options) { o.Timeout = 300 * time.Millisecond })
	openStore(t, srv, nil)
	srv.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for op, call := range map[string]func() error{
		"put":   func() error { return s.Put(ctx, "o/x", strings.NewReader("x"), 1) },
		"large": func() error { return s.Put(ctx, "o/x", bytes.NewReader(make([]byte, 9<<20)), 9<<20) },
		"open":  func() error { _, err := s.Open(ctx, "o/x", 0, -1); return err },
		"list":  func() error { return s.List(ctx, "", func(string, int64) error { return nil }) },
		"check": func() error { return s.Check(ctx) },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "silent") {
			t.Errorf("%s: %v, want an error that says it was silent", op, err)
		}
	}
	if ctx.Err() != nil {
		t.Error("they held on until the caller gave up")
	}
	srv.Resume()
	s = openStore(t, srv, nil)
	put(t, s, "o/x", []byte("again"))
	wantBytes(t, s, "o/x", []byte("again"))
}

// A connection that is cut while an object is read is an error, never the end.
func TestCutWhileReading(t *testing.T) {
	t.Parallel()
	srv := s3test.Start(t, "")
	want := random(1, 3<<20)
	put(t, openStore(t, srv, nil), "o/x", want)
	p := (&proxy{onDown: func(total int64) bool { return total < 1<<20 }}).start(t, srv.Endpoint)
	s := openStore(t, srv, func(o *Options) { o.Endpoint = p.Endpoint })
	r, err := s.Open(t.Context(), "o/x", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	got, err := io.ReadAll(r)
	if err == nil || !strings.HasPrefix(err.Error(), "s3: cannot read: ") {
		t.Errorf("after %d bytes of %d: %v", len(got), len(want), err)
	}
	if !bytes.HasPrefix(want, got) {
		t.Error("other bytes")
	}
}

// No space at the server: an error that says so, nothing half there, and a
// repeat works when there is space again.
func TestServerDiskIsFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755,size=64m"); err != nil {
		t.Skipf("a small disk can be mounted by root only: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	srv := s3test.Start(t, dir)
	s := openStore(t, srv, nil)
	old, want := random(1, 1000), random(2, 20<<20)
	put(t, s, "o/old", old)
	filler := filepath.Join(dir, "filler")
	for _, room := range []int64{15 << 20, 4 << 20, 0} { // in mid-upload, in the first part, at once
		fill(t, dir, filler, room)
		for _, name := range []string{"o/new", "o/old"} {
			err := s.Put(t.Context(), name, bytes.NewReader(want), int64(len(want)))
			if err == nil {
				t.Fatalf("20 MiB were stored in %d", room)
			}
			if !strings.Contains(err.Error(), "no space left at the server") {
				t.Errorf("%s, room for %d bytes: %v, want an error that says so", name, room, err)
			}
		}
		wantNothing(t, s, "o/new")
		wantBytes(t, s, "o/old", old)
	}
	if err := s.Put(t.Context(), "o/small", bytes.NewReader(want[:1<<20]), 1<<20); err == nil {
		t.Error("1 MiB was stored on a full disk")
	}
	wantNothing(t, s, "o/small")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	wantNoParts(t, srv, s)
	put(t, s, "o/new", want)
	wantBytes(t, s, "o/new", want)
}

// fill leaves room bytes on the disk of dir.
func fill(t *testing.T, dir, filler string, room int64) {
	t.Helper()
	_ = os.Remove(filler)
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	size := int64(st.Bavail)*st.Bsize - room //nolint:unconvert // differs by platform
	f, err := os.Create(filler)
	if err == nil {
		_, err = io.CopyN(f, zeros{}, size)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatalf("fill the disk: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// More objects than one answer lists come all, once, in order.
func TestListOfManyPages(t *testing.T) {
	t.Parallel()
	srv := s3test.Start(t, "")
	s := openStore(t, srv, nil)
	dir := filepath.Join(srv.Dir, s.bucket, "o")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	const n = 2500
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d", i)), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "NOT OURS"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := s.List(t.Context(), "o/", func(name string, size int64) error {
		if want := fmt.Sprintf("o/%05d", seen); name != want || size != 1 {
			t.Fatalf("object %d is %s of %d bytes, want %s of 1", seen, name, size, want)
		}
		seen++
		return nil
	})
	if err != nil || seen != n {
		t.Errorf("%d objects, %v; want %d", seen, err, n)
	}
}
