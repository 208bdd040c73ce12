package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"huicun/internal/archive"
)

func TestFetchLimits(t *testing.T) {
	for _, tt := range []struct {
		name      string
		announced int64
		calls     int
	}{
		{"announced", 5000, 0},
		{"not announced", 0, 3},
		{"announced as less", 10, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, pattern(5000), pattern(5000), pattern(2000))
			w.Limits = Limits{File: 2000}
			w.store.files[0].SizeBytes = tt.announced
			w.store.files[1].Kind = "image"
			for range 3 {
				w.once(t.Context(), t)
			}
			if f := w.store.files[0]; f.state != archive.FileOverLimit || len(w.source.calls()) != tt.calls+5+2 {
				t.Errorf("%s after %d calls, want over_limit after %d", f.state, len(w.source.calls())-7, tt.calls)
			}
			wantReady(t, w, 1, "")
			wantReady(t, w, 2, "")
			wantParts(t, w, 0)
		})
	}
}

func TestFetchRefusedIsAskedOnceMoreFromTheStart(t *testing.T) {
	w := newWorld(t, pattern(3000))
	w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
		return Part{}, &Error{Class: ClassRefused, Err: errors.New("index too old")}, call == 3
	}
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
	if got := w.source.calls(); len(got) != 6 || got[3] != "sdk-0:" {
		t.Errorf("asked for %v", got)
	}
	w = newWorld(t, pattern(3000))
	delete(w.source.contents, "sdk-0")
	w.once(t.Context(), t)
	if f := w.store.files[0]; f.state != archive.FileRefused || len(w.source.calls()) != 2 {
		t.Errorf("%s after %d calls, want refused after 2", f.state, len(w.source.calls()))
	}
}

// failing fetches one file that always fails with a class, until it ends or n
// attempts were made.
func failing(t *testing.T, c Class, age time.Duration, n int) *fetchFile {
	w := newWorld(t, pattern(3000))
	f := w.store.files[0]
	f.SentAt = time.Now().Add(-age)
	w.source.trouble = func(int, string, string) (Part, error, bool) {
		return Part{}, &Error{Class: c, Err: errors.New("planned")}, true
	}
	for len(f.errs) < n && f.state == archive.FilePending {
		time.Sleep(time.Until(f.due))
		w.once(t.Context(), t)
	}
	return f
}

func TestFetchClasses(t *testing.T) {
	for _, tt := range []struct {
		class    Class
		age      time.Duration
		state    archive.FileState
		attempts int // failures seen
		counted  int
	}{
		{ClassExpired, 0, archive.FileExpired, 1, 0},
		{ClassRetry, 0, archive.FilePending, 20, 20},
		{"", 0, archive.FilePending, 20, 20},
		{ClassRetry, 30 * day, archive.FileExpired, 10, 9},
		{ClassBroken, 0, archive.FilePending, 20, 20},
		{ClassBroken, 30 * day, archive.FileBroken, 5, 4},
		{ClassWait, 30 * day, archive.FilePending, 20, 0},
		{ClassStop, 30 * day, archive.FilePending, 20, 0},
		{ClassStore, 30 * day, archive.FilePending, 20, 0},
	} {
		t.Run(fmt.Sprint(tt.class, tt.age), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				f := failing(t, tt.class, tt.age, 20)
				if f.state != tt.state || len(f.errs) != tt.attempts || f.counted != tt.counted {
					t.Errorf("%s after %d failures, %d of them counted; want %s, %d, %d", f.state, len(f.errs), f.counted, tt.state, tt.attempts, tt.counted)
				}
				if tt.state == archive.FileBroken && time.Since(begin) != time.Hour {
					t.Errorf("given up after %v, want an hour", time.Since(begin))
				}
			})
		})
	}
}

func TestFetchBrokenForFiveDaysEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		f := failing(t, ClassBroken, 0, 1000)
		if since := time.Since(begin); f.state != archive.FileBroken || since < window || since > window+2*day {
			t.Errorf("%s after %v", f.state, since)
		}
		if n := len(f.errs); n < 20 || n > 50 {
			t.Errorf("%d attempts", n)
		}
	})
}

func TestFetchPausesForAllWorkers(t *testing.T) {
	for _, c := range []Class{ClassWait, ClassStop} {
		t.Run(string(c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var contents [][]byte
				for i := range 20 {
					contents = append(contents, pattern(5000+i))
				}
				w := newWorld(t, contents...)
				begin, until := time.Now(), time.Now().Add(25*time.Minute)
				var failed atomic.Int32
				w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
					bad := call > 10 && time.Now().Before(until)
					if bad {
						failed.Add(1)
					}
					return Part{}, &Error{Class: c, Err: errors.New("planned")}, bad
				}
				w.run(t)
				for i := range contents {
					wantReady(t, w, i, "")
					if n := w.store.files[i].counted; n != 0 {
						t.Errorf("file %d: %d attempts counted", i, n)
					}
				}
				if n := failed.Load(); n > 15 {
					t.Errorf("%d calls while everything was to pause", n)
				}
				if d := time.Since(begin); d < 25*time.Minute || d > 45*time.Minute {
					t.Errorf("all was fetched after %v", d)
				}
			})
		})
	}
}

func TestFetchFullStoreLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, pattern(5000), pattern(6000), pattern(500))
		w.blobs.fail = errors.New("no space left on device")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		for range 6 {
			<-w.store.change
		}
		calls := len(w.source.calls())
		wantParts(t, w, 3)
		w.blobs.mu.Lock()
		w.blobs.fail = nil
		w.blobs.mu.Unlock()
		for !w.store.settled() {
			<-w.store.change
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			wantReady(t, w, i, "")
			if n := w.store.files[i].counted; n != 0 {
				t.Errorf("file %d: %d attempts counted", i, n)
			}
		}
		if n := len(w.source.calls()); n != calls {
			t.Errorf("WeCom was asked %d times more although everything was fetched", n-calls)
		}
		wantParts(t, w, 0)
	})
}

func TestFetchOneBadFileBlocksNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, pattern(5000), pattern(6000), pattern(500))
		w.Workers = 1
		w.source.trouble = func(_ int, _, id string) (Part, error, bool) {
			if id == "sdk-0" {
				panic("planned")
			}
			return Part{}, nil, false
		}
		begin := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		for w.store.state(1) != archive.FileReady || w.store.state(2) != archive.FileReady {
			<-w.store.change
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begin); d > time.Second {
			t.Errorf("the others waited for %v", d)
		}
	})
}

func TestFetchDatabaseDownAtTheEnd(t *testing.T) {
	w := newWorld(t, pattern(5000))
	w.store.down = errors.New("database is down")
	w.once(t.Context(), t)
	wantParts(t, w, 1)
	w.store.down, w.store.files[0].due = nil, time.Time{}
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
	if n := len(w.source.calls()); n != 5 {
		t.Errorf("%d calls, want 5: everything was fetched", n)
	}
}

func TestFetchLeadsNowhere(t *testing.T) {
	for _, bad := range []Part{{NextIndex: "1000"}, {Data: []byte("x")}, {Data: []byte("x"), NextIndex: "1000"}} {
		w := newWorld(t, pattern(5000))
		w.source.trouble = func(call int, _, _ string) (Part, error, bool) { return bad, nil, call == 2 }
		w.once(t.Context(), t)
		if f := w.store.files[0]; !slices.Equal(f.errs, []Class{ClassBroken}) {
			t.Errorf("%+v: %v", bad, f.errs)
		}
	}
}

func TestFetchFullDiskKeepsWhatWasFetched(t *testing.T) {
	w := newWorld(t, pattern(1<<20))
	if err := syscall.Mount("tmpfs", w.Dir, "tmpfs", 0, "mode=0700,size=512k"); err != nil {
		t.Skip("a small file system can be made by root only:", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(w.Dir, 0) })
	w.once(t.Context(), t)
	f := w.store.files[0]
	if !slices.Equal(f.errs, []Class{ClassStore}) || f.counted != 0 {
		t.Fatalf("a full disk: %v, %d counted", f.errs, f.counted)
	}
	wantParts(t, w, 1)
	before := len(w.source.calls())
	if err := syscall.Mount("tmpfs", w.Dir, "tmpfs", syscall.MS_REMOUNT, "mode=0700,size=8m"); err != nil {
		t.Fatal(err)
	}
	f.due, w.gate.until = time.Time{}, time.Time{}
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
	// The part that did not fit is asked for again, no other.
	if got, want := len(w.source.calls())-before, (1<<20+testPart-1)/testPart-before+1; got != want {
		t.Errorf("%d calls after the disk had space again, want %d", got, want)
	}
}

func TestFetchLeavesObjectsOfUnknownKeysAlone(t *testing.T) {
	w := newWorld(t, pattern(3000))
	foreign, _ := newVault(t, newMemory())
	foreign.blobs = w.blobs
	name := originalName(fmt.Sprintf("%x", sha(pattern(3000))))
	putVault(t, foreign, name, pattern(3000))
	w.once(t.Context(), t)
	if f := w.store.files[0]; !slices.Equal(f.errs, []Class{ClassStore}) {
		t.Errorf("%s, %v; want trouble of the store", f.state, f.errs)
	}
	if got, err := readVault(t.Context(), foreign, name); err != nil || !bytes.Equal(got, pattern(3000)) {
		t.Errorf("what another process stored: %d bytes, %v", len(got), err)
	}
}

func TestFetchThatEndsTooSoonMayStillCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := pattern(2500)
		for _, good := range []int{3, 100} { // the attempt that gets everything
			w := newWorld(t, whole)
			f := w.store.files[0]
			for n := 1; f.state == archive.FilePending; n++ {
				w.source.contents["sdk-0"] = whole[:1300]
				if n == good {
					w.source.contents["sdk-0"] = whole
				}
				time.Sleep(time.Until(f.due))
				w.once(t.Context(), t)
			}
			if good == 3 {
				wantReady(t, w, 0, "")
				continue
			}
			wantReady(t, w, 0, archive.FlagMD5)
			if f.counted != brokenAttempts-1 {
				t.Errorf("kept as it is after %d failures, want %d", f.counted, brokenAttempts-1)
			}
		}
	})
}

func TestFetchStaysBelowTheRateOfWeCom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 2000
		w := newWorld(t, pattern(calls*testPart))
		var at []time.Time
		w.source.trouble = func(int, string, string) (Part, error, bool) {
			at = append(at, time.Now())
			return Part{}, nil, false
		}
		w.run(t)
		wantReady(t, w, 0, "")
		// What is called at once in the beginning counts too.
		if d := at[calls-1].Sub(at[0]); d < 4*time.Second || d > 6*time.Second {
			t.Errorf("%d calls in %v", calls, d)
		}
	})
}

// A disk that is full, or not there, must not end the whole process.
func TestFetchGoesOnOnceTheFolderOfPartFilesCanBeMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, pattern(3000))
		above := filepath.Join(t.TempDir(), "disk")
		if err := os.WriteFile(above, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		w.Dir = filepath.Join(above, "parts")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		select {
		case err := <-done:
			t.Fatalf("Run ended: %v", err)
		case <-w.store.change:
		}
		if got := w.store.files[0].errs; !slices.Equal(got, []Class{ClassStore}) {
			t.Errorf("classes %v, want store", got)
		}
		if err := os.Remove(above); err != nil {
			t.Fatal(err)
		}
		for !w.store.settled() {
			<-w.store.change
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		wantReady(t, w, 0, "")
	})
}

func TestFetchThatPanicsLeavesItsPartFileToTheNextAttempt(t *testing.T) {
	w := newWorld(t, pattern(3000))
	w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
		if call == 2 {
			panic("a library that stumbled")
		}
		return Part{}, nil, false
	}
	w.once(t.Context(), t)
	w.store.files[0].due = time.Time{}
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
}
