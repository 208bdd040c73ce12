package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
)

func wantParts(t *testing.T, w *world, want int) {
	t.Helper()
	es, err := os.ReadDir(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(es) != want {
		t.Errorf("%d part files, want %d", len(es), want)
	}
}

// wantReady checks that file i is ready and its content in the vault.
func wantReady(t *testing.T, w *world, i int, flag string) {
	t.Helper()
	f := w.store.files[i]
	want := w.source.contents[f.SDKFileID]
	if f.state != archive.FileReady || f.got.Flag != flag || f.got.SizeBytes != int64(len(want)) || !bytes.Equal(f.got.SHA256, sha(want)) {
		t.Errorf("file %d is %s with flag %q, %d bytes, errors %v; want ready with %q and %d bytes", i, f.state, f.got.Flag, f.got.SizeBytes, f.errs, flag, len(want))
		return
	}
	got, err := readVault(t.Context(), w.Vault, originalName(fmt.Sprintf("%x", f.got.SHA256)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("file %d: %d other bytes are stored, %v", i, len(got), err)
	}
}

func TestFetch(t *testing.T) {
	for _, size := range []int{1, testPart - 1, testPart, testPart + 1, 10 * testPart, 3*testPart + 7} {
		w := newWorld(t, pattern(size))
		w.once(t.Context(), t)
		wantReady(t, w, 0, "")
		wantParts(t, w, 0)
		if got, want := len(w.source.calls()), (size+testPart-1)/testPart; got != want {
			t.Errorf("%d bytes took %d calls, want %d", size, got, want)
		}
	}
}

func TestFetchSameContentIsStoredOnce(t *testing.T) {
	w := newWorld(t, pattern(3000), pattern(3000), pattern(2000))
	for range 3 {
		w.once(t.Context(), t)
	}
	for i := range 3 {
		wantReady(t, w, i, "")
	}
	if names := w.blobs.names(); len(names) != 2 {
		t.Errorf("objects %v, want one for each content", names)
	}
}

func TestFetchManyFilesByManyWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var contents [][]byte
		for i := range 60 {
			contents = append(contents, pattern(100*i+1))
		}
		w := newWorld(t, contents...)
		w.Workers = 5
		w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
			return Part{}, errors.New("a hiccup that nobody classified"), call%7 == 0
		}
		w.run(t)
		for i := range contents {
			wantReady(t, w, i, "")
		}
		wantParts(t, w, 0)
	})
}

func TestFetchComparesWithTheMessage(t *testing.T) {
	const other = "900150983cd24fb0d6963f7d28e17f72"
	p := pattern(2500)
	for _, tt := range []struct {
		name  string
		size  int64
		md5   string
		flag  string
		calls int
	}{
		{"right", 2500, "right", "", 3},
		{"another MD5: once more, kept with a flag", 2500, other, archive.FlagMD5, 6},
		{"another size", 2400, "right", archive.FlagSize, 6},
		{"fewer bytes said, no MD5", 2400, "", archive.FlagSize, 6},
		{"more bytes said, the MD5 is right", 2600, "right", archive.FlagSize, 6},
		{"no MD5, the size is right", 2500, "", "", 3},
		{"the MD5 is right, no size", 0, "right", "", 3},
		{"neither: once more, and both are the same", 0, "", "", 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, p)
			f := &w.store.files[0].File
			f.SizeBytes = tt.size
			if tt.md5 != "right" {
				f.MD5 = tt.md5
			}
			w.once(t.Context(), t)
			wantReady(t, w, 0, tt.flag)
			if got := len(w.source.calls()); got != tt.calls {
				t.Errorf("%d calls, want %d", got, tt.calls)
			}
		})
	}
}

func TestFetchSecondTimeRight(t *testing.T) {
	w := newWorld(t, pattern(2500))
	w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
		return Part{Data: []byte("other bytes"), Finished: true}, nil, call == 1
	}
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
}

func TestFetchDifferentBytesEachTimeAreFlagged(t *testing.T) {
	w := newWorld(t, pattern(500))
	f := &w.store.files[0].File
	f.SizeBytes, f.MD5 = 0, ""
	w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
		return Part{Data: []byte("other bytes"), Finished: true}, nil, call == 1
	}
	w.once(t.Context(), t)
	wantReady(t, w, 0, archive.FlagMD5)
}

func TestFetchWithoutBytesIsBroken(t *testing.T) {
	w := newWorld(t, nil)
	w.store.files[0].SizeBytes, w.store.files[0].MD5 = 500, ""
	w.once(t.Context(), t)
	if f := w.store.files[0]; f.state != archive.FilePending || !slices.Equal(f.errs, []Class{ClassBroken}) {
		t.Errorf("%s with %v, want pending with broken", f.state, f.errs)
	}
	w = newWorld(t, nil)
	w.store.files[0].SizeBytes = 0
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
}

func TestFetchLostClaimStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, pattern(5000))
		w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
			if call == 2 {
				w.store.mu.Lock()
				w.store.lost = true
				w.store.mu.Unlock()
				time.Sleep(2 * FetchLease)
			}
			return Part{}, nil, false
		}
		w.once(t.Context(), t)
		f := w.store.files[0]
		if n := len(w.source.calls()); n != 2 || f.state != archive.FilePending || len(f.errs) != 0 || len(w.blobs.names()) != 0 {
			t.Errorf("after the claim was lost: %d calls, %s, %v, objects %v", n, f.state, f.errs, w.blobs.names())
		}
	})
}

func TestFetchSlowFileKeepsItsClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, pattern(5000))
		w.source.trouble = func(int, string, string) (Part, error, bool) {
			time.Sleep(FetchLease)
			return Part{}, nil, false
		}
		w.once(t.Context(), t)
		wantReady(t, w, 0, "")
		if n := w.store.files[0].keeps; n < 15 {
			t.Errorf("the claim was renewed %d times in %v", n, 5*FetchLease)
		}
	})
}

func TestFetchStoppedGoesBackUncounted(t *testing.T) {
	w := newWorld(t, pattern(5000))
	ctx, cancel := context.WithCancel(t.Context())
	w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
		if call == 3 {
			cancel()
			return Part{}, context.Canceled, true
		}
		return Part{}, nil, false
	}
	w.once(ctx, t)
	f := w.store.files[0]
	if diff := cmp.Diff([]time.Duration{0}, f.waits); diff != "" || f.counted != 0 || len(f.errs) != 0 {
		t.Errorf("put back %v, %d counted, %v", f.waits, f.counted, f.errs)
	}
	wantParts(t, w, 1)
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
	if n := len(w.source.calls()); n != 6 {
		t.Errorf("%d calls, want 5 and the one that was cut short", n)
	}
}
