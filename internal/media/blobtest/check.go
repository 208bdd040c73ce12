package blobtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/fault"
	"huicun/internal/media"
)

// onlyReader hides everything but Read: what is put comes from a pipe.
type onlyReader struct{ io.Reader }

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// put stores an object of random bytes and gives them.
func put(t *testing.T, b media.Blobs, name string, size int) []byte {
	t.Helper()
	p := random(size)
	if err := b.Put(t.Context(), name, onlyReader{bytes.NewReader(p)}, int64(size)); err != nil {
		t.Fatalf("Put(%q, %d bytes): %v", name, size, err)
	}
	return p
}

func read(ctx context.Context, b media.Blobs, name string, offset, n int64) ([]byte, error) {
	r, err := b.Open(ctx, name, offset, n)
	if err != nil {
		return nil, err
	}
	p, err := io.ReadAll(r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return p, err
}

func wantObject(t *testing.T, b media.Blobs, name string, want []byte) {
	t.Helper()
	got, err := read(t.Context(), b, name, 0, -1)
	if err != nil {
		t.Errorf("Open(%q): %v", name, err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("%q holds %d bytes, want %d, or others", name, len(got), len(want))
	}
	if size, err := b.Size(t.Context(), name); err != nil || size != int64(len(want)) {
		t.Errorf("Size(%q) = %d, %v; want %d", name, size, err, len(want))
	}
}

func wantMissing(t *testing.T, b media.Blobs, name string) {
	t.Helper()
	if _, err := read(t.Context(), b, name, 0, -1); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("Open(%q): %v, want not_found", name, err)
	}
	if _, err := read(t.Context(), b, name, 10, 10); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("Open(%q) of a range: %v, want not_found", name, err)
	}
	if _, err := b.Size(t.Context(), name); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("Size(%q): %v, want not_found", name, err)
	}
}

func wantNames(t *testing.T, b media.Blobs, prefix string, want []string) {
	t.Helper()
	var got []string
	err := b.List(t.Context(), prefix, func(name string, _ int64) error {
		got = append(got, name)
		return nil
	})
	if err != nil {
		t.Errorf("List(%q): %v", prefix, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("List(%q) (-want +got):\n%s", prefix, diff)
	}
}

// sameName: one of them wins, whole.
func sameName(t *testing.T, b media.Blobs) {
	const n = 8
	contents := make([][]byte, n)
	for i := range contents {
		contents[i] = bytes.Repeat([]byte{byte('a' + i)}, 200_000+1000*i)
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			errs[i] = b.Put(t.Context(), "o/same", onlyReader{bytes.NewReader(contents[i])}, int64(len(contents[i])))
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Errorf("Put: %v", err)
		}
	}
	got, err := read(t.Context(), b, "o/same", 0, -1)
	if err != nil || len(got) == 0 || got[0] < 'a' || got[0] >= 'a'+n || !bytes.Equal(got, contents[got[0]-'a']) {
		t.Errorf("%d bytes that nobody put, %v", len(got), err)
	}
	wantNames(t, b, "", []string{"o/same"})
}

func manyNames(t *testing.T, b media.Blobs) {
	const n = 20
	contents := make([][]byte, n)
	var wg sync.WaitGroup
	for i := range n {
		contents[i] = random(10_000 + i)
		wg.Go(func() {
			name := fmt.Sprintf("o/%02d/x", i)
			if err := b.Put(t.Context(), name, bytes.NewReader(contents[i]), int64(len(contents[i]))); err != nil {
				t.Errorf("Put: %v", err)
			}
			if got, err := read(t.Context(), b, name, 0, -1); err != nil || !bytes.Equal(got, contents[i]) {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
		})
	}
	wg.Wait()
	for i := range n {
		wantObject(t, b, fmt.Sprintf("o/%02d/x", i), contents[i])
	}
}
