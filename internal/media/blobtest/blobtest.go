// Package blobtest says what a store of objects must do. Every implementation of
// media.Blobs passes Run in its tests.
package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"huicun/internal/media"
)

// Run checks a store. open gives an empty one that is gone with the test.
func Run(t *testing.T, open func(t *testing.T) media.Blobs) {
	for _, tt := range []struct {
		name string
		test func(t *testing.T, b media.Blobs)
	}{
		{"a check passes and leaves nothing", checkLeavesNothing},
		{"what was put is read", putAndOpen},
		{"ranges", ranges},
		{"an object without bytes", emptyObject},
		{"8 MiB", large},
		{"what was there is replaced", replaced},
		{"another size stores nothing", wrongSize},
		{"a reader that fails stores nothing", failingReader},
		{"objects that are not there", missing},
		{"deleted", deleted},
		{"listed in order, by prefix", listed},
		{"a list ends when the caller says so", listStopped},
		{"names", names},
		{"many put one name at once", sameName},
		{"many put many names at once", manyNames},
		{"a context that is over", cancelled},
		{"a context that ends in the middle of a put", cancelledInside},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t)) })
	}
}

func checkLeavesNothing(t *testing.T, b media.Blobs) {
	if err := b.Check(t.Context()); err != nil {
		t.Fatalf("Check: %v", err)
	}
	wantNames(t, b, "", nil)
}

func putAndOpen(t *testing.T, b media.Blobs) {
	want := put(t, b, "o/ab/cd/abcd", 1000)
	wantObject(t, b, "o/ab/cd/abcd", want)
}

func ranges(t *testing.T, b media.Blobs) {
	want := put(t, b, "o/r", 1000)
	for _, r := range []struct{ offset, n int64 }{
		{0, 1},
		{0, 1000},
		{0, -1},
		{0, 0},
		{1, 998},
		{999, 1},
		{999, -1},
		{500, 0},
		{500, 10_000}, // more than there is
		{999, 2},
		{1000, 1}, // at the end
		{1000, -1},
		{1000, 0},
		{5000, 1}, // after it
		{5000, -1},
	} {
		end := int64(len(want))
		if r.n >= 0 {
			end = min(end, r.offset+r.n)
		}
		part := want[min(r.offset, int64(len(want))):max(end, min(r.offset, int64(len(want))))]
		got, err := read(t.Context(), b, "o/r", r.offset, r.n)
		if err != nil {
			t.Errorf("Open(%d, %d): %v", r.offset, r.n, err)
		} else if !bytes.Equal(got, part) {
			t.Errorf("Open(%d, %d) gave %d bytes, want %d, or others", r.offset, r.n, len(got), len(part))
		}
	}
}

func emptyObject(t *testing.T, b media.Blobs) {
	put(t, b, "o/empty", 0)
	wantObject(t, b, "o/empty", nil)
	if got, err := read(t.Context(), b, "o/empty", 0, 5); err != nil || len(got) != 0 {
		t.Errorf("a range of nothing: %d bytes, %v", len(got), err)
	}
	wantNames(t, b, "o/", []string{"o/empty"})
}

func large(t *testing.T, b media.Blobs) {
	const size = 8<<20 + 17
	want := put(t, b, "o/large", size)
	wantObject(t, b, "o/large", want)
	got, err := read(t.Context(), b, "o/large", size-100, 50)
	if err != nil || !bytes.Equal(got, want[size-100:size-50]) {
		t.Errorf("a range near the end: %d bytes, %v", len(got), err)
	}
}

func replaced(t *testing.T, b media.Blobs) {
	put(t, b, "o/x", 5000)
	want := put(t, b, "o/x", 70)
	wantObject(t, b, "o/x", want)
	wantNames(t, b, "", []string{"o/x"})
}

func wrongSize(t *testing.T, b media.Blobs) {
	old := put(t, b, "o/there", 100)
	for _, size := range []int{0, 10, 6 << 20} {
		for _, d := range []int64{-1, 1, 1000} {
			said := int64(size) + d
			if said < 0 {
				continue
			}
			for _, name := range []string{"o/new", "o/there"} {
				if err := b.Put(t.Context(), name, onlyReader{bytes.NewReader(random(size))}, said); err == nil {
					t.Errorf("%d bytes that were said to be %d were stored as %s", size, said, name)
				}
			}
		}
	}
	wantObject(t, b, "o/there", old)
	wantMissing(t, b, "o/new")
	wantNames(t, b, "", []string{"o/there"})
}

func failingReader(t *testing.T, b media.Blobs) {
	old := put(t, b, "o/there", 100)
	broken := errors.New("the reader broke")
	for _, before := range []int{0, 10, 6 << 20} {
		for _, name := range []string{"o/new", "o/there"} {
			r := io.MultiReader(bytes.NewReader(random(before)), iotest.ErrReader(broken))
			if err := b.Put(t.Context(), name, r, int64(before)+10); err == nil {
				t.Errorf("stored as %s although the reader failed after %d bytes", name, before)
			}
		}
	}
	wantObject(t, b, "o/there", old)
	wantMissing(t, b, "o/new")
	wantNames(t, b, "", []string{"o/there"})
}

func missing(t *testing.T, b media.Blobs) {
	put(t, b, "o/ab/there", 3)
	for _, name := range []string{"o/nothing", "o/ab", "o/ab/there/below", "o/ab/ther"} {
		wantMissing(t, b, name)
		if err := b.Delete(t.Context(), name); err != nil {
			t.Errorf("Delete of %s, which is not there: %v", name, err)
		}
	}
	wantNames(t, b, "", []string{"o/ab/there"})
}

func deleted(t *testing.T, b media.Blobs) {
	put(t, b, "o/a", 10)
	want := put(t, b, "o/b", 10)
	for range 2 {
		if err := b.Delete(t.Context(), "o/a"); err != nil {
			t.Fatalf("Delete: %v", err)
		}
	}
	wantMissing(t, b, "o/a")
	wantObject(t, b, "o/b", want)
	want = put(t, b, "o/a", 12)
	wantObject(t, b, "o/a", want)
}

func listed(t *testing.T, b media.Blobs) {
	wantNames(t, b, "", nil)
	all := []string{"o/00/aa", "o/00/ab", "o/00/b", "o/0a", "o/1", "o/a-b", "o/a.b", "o/a/b", "o/ab", "o/ab.c/d", "o/b", "r/00/aa.page-1", "r/00/aa.thumb"}
	slices.Sort(all)
	mixed := slices.Clone(all)
	slices.Reverse(mixed)
	for i, name := range mixed {
		put(t, b, name, i)
	}
	for _, prefix := range []string{"", "o", "o/", "o/0", "o/00/", "o/00/a", "o/00/ab", "o/a", "o/ab", "r/00/aa.", "r/x", "x"} {
		var want []string
		for _, name := range all {
			if len(name) >= len(prefix) && name[:len(prefix)] == prefix {
				want = append(want, name)
			}
		}
		wantNames(t, b, prefix, want)
	}
	err := b.List(t.Context(), "", func(name string, size int64) error {
		if want := slices.Index(mixed, name); size != int64(want) {
			t.Errorf("List says that %s has %d bytes, want %d", name, size, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func listStopped(t *testing.T, b media.Blobs) {
	for i := range 5 {
		put(t, b, fmt.Sprintf("o/%d", i), 1)
	}
	enough, seen := errors.New("enough"), 0
	err := b.List(t.Context(), "o/", func(string, int64) error {
		if seen++; seen == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || seen != 2 {
		t.Errorf("List went on to %d objects and returned %v", seen, err)
	}
}

func names(t *testing.T, b media.Blobs) {
	for _, name := range []string{"a", "0", "o/ab.cd/e-f.g", "r/ab/cd/" + string(bytes.Repeat([]byte("e"), 64)) + ".page-20"} {
		want := put(t, b, name, 20)
		wantObject(t, b, name, want)
	}
	for _, name := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../x", "a/../b", "a/./b", "a/..", "A", "ä", "a b", "a\\b", "a\x00b", "a\nb", "a%2fb", "~", "con:",
	} {
		if err := b.Put(t.Context(), name, bytes.NewReader([]byte("x")), 1); err == nil {
			t.Errorf("an object was stored as %q", name)
		}
		if _, err := read(t.Context(), b, name, 0, -1); err == nil {
			t.Errorf("%q could be read", name)
		}
		if _, err := b.Size(t.Context(), name); err == nil {
			t.Errorf("%q has a size", name)
		}
		if err := b.Delete(t.Context(), name); err == nil {
			t.Errorf("%q could be deleted", name)
		}
	}
}

func cancelled(t *testing.T, b media.Blobs) {
	old := put(t, b, "o/there", 100)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"o/new", "o/there"} {
		if err := b.Put(ctx, name, bytes.NewReader(random(10)), 10); err == nil {
			t.Errorf("%s was stored under a context that is over", name)
		}
	}
	if _, err := read(ctx, b, "o/there", 0, -1); err == nil {
		t.Error("read under a context that is over")
	}
	if err := b.List(ctx, "", func(string, int64) error { return nil }); err == nil {
		t.Error("listed under a context that is over")
	}
	wantObject(t, b, "o/there", old)
	wantMissing(t, b, "o/new")
}

func cancelledInside(t *testing.T, b media.Blobs) {
	old := put(t, b, "o/there", 100)
	for _, name := range []string{"o/new", "o/there"} {
		ctx, cancel := context.WithCancel(t.Context())
		r := io.MultiReader(bytes.NewReader(random(6<<20)), readerFunc(func([]byte) (int, error) { cancel(); return 0, ctx.Err() }))
		if err := b.Put(ctx, name, r, 7<<20); err == nil {
			t.Errorf("%s was stored although the context ended", name)
		}
		cancel()
	}
	wantObject(t, b, "o/there", old)
	wantNames(t, b, "", []string{"o/there"})
}

func random(size int) []byte {
	p := make([]byte, size)
	_, _ = rand.Read(p)
	return p
}
