package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
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

// partFileOf fetches all of a file but keeps the part file as it is then.
func partFileOf(t *testing.T, w *world) (path string, whole []byte, ends []int64) {
	t.Helper()
	path = filepath.Join(w.Dir, w.store.files[0].ID+partSuffix)
	p, err := openPart(w.Dir, w.Vault.keys, w.store.files[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	ends = []int64{0, p.end}
	for !p.finished {
		part, err := w.source.Part(t.Context(), p.next, w.store.files[0].SDKFileID)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.add(part); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, p.end)
	}
	if err := p.release(); err != nil {
		t.Fatal(err)
	}
	if whole, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, whole, ends
}

func TestFetchResumesWhereverItWasCutOff(t *testing.T) {
	w := newWorld(t, pattern(4*testPart+100))
	path, whole, ends := partFileOf(t, w)
	if len(ends) != 7 || ends[6] != int64(len(whole)) {
		t.Fatalf("records end at %v, the file at %d", ends, len(whole))
	}
	f := w.store.files[0]
	for cut := range int64(len(whole)) + 1 {
		if near := slices.ContainsFunc(ends, func(e int64) bool { return cut-e < 40 && e-cut < 40 }); !near && cut%331 != 0 {
			continue
		}
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		w.source.asked, w.blobs.objects = nil, map[string][]byte{}
		f.state, f.due, f.got = archive.FilePending, time.Time{}, Fetched{}
		w.once(t.Context(), t)
		wantReady(t, w, 0, "")
		wantParts(t, w, 0)
		kept := 0
		for _, e := range ends[2:] {
			if e <= cut {
				kept++
			}
		}
		if got := w.source.calls(); len(got) != 5-kept {
			t.Fatalf("cut off at %d of %d, after %d records: asked for %v", cut, len(whole), kept, got)
		}
	}
}

func TestFetchTrustsNoPartFileThatWasChanged(t *testing.T) {
	w := newWorld(t, pattern(3*testPart))
	path, whole, _ := partFileOf(t, w)
	f := w.store.files[0]
	for i := 0; i < len(whole); i += 13 {
		bad := bytes.Clone(whole)
		bad[i] ^= 0x10
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		w.blobs.objects, f.state, f.due = map[string][]byte{}, archive.FilePending, time.Time{}
		w.once(t.Context(), t)
		wantReady(t, w, 0, "")
	}
	other := newWorld(t, pattern(2*testPart))
	other.store.files[0].ID = archive.FileID("another")
	_, foreign, _ := partFileOf(t, other)
	for _, bad := range [][]byte{foreign, []byte("short"), {}, append(bytes.Clone(whole), "more"...)} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		w.blobs.objects, f.state, f.due = map[string][]byte{}, archive.FilePending, time.Time{}
		w.once(t.Context(), t)
		wantReady(t, w, 0, "")
	}
}

func TestFetchPartFileOfAnOlderKey(t *testing.T) {
	w := newWorld(t, pattern(4*testPart))
	partFileOf(t, w)
	w.source.asked = nil
	addKey(t, w.Vault.keys.path)
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
	if got := w.source.calls(); len(got) != 0 {
		t.Errorf("a complete part file was not used: asked for %v", got)
	}
}

func TestFetchTwoProcessesOnePartFile(t *testing.T) {
	w := newWorld(t, pattern(3*testPart))
	p, err := openPart(w.Dir, w.Vault.keys, w.store.files[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	w.once(t.Context(), t)
	if f := w.store.files[0]; f.state != archive.FilePending || len(f.errs) != 1 || len(w.source.calls()) != 0 {
		t.Errorf("while another one has the part file: %s, %v, asked %v", f.state, f.errs, w.source.calls())
	}
	if err := p.release(); err != nil {
		t.Fatal(err)
	}
	w.store.files[0].due = time.Time{}
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
}

func TestFetchLeavesNoPlainTextOnDisk(t *testing.T) {
	planted := []byte("a secret that somebody sent")
	w := newWorld(t, bytes.Repeat(planted, 1000))
	w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
		return Part{}, errors.New("no more"), call == 20
	}
	w.once(t.Context(), t)
	wantParts(t, w, 1)
	grepNot(t, w.Dir, planted)
	if err := w.store.files[0].errs; len(err) != 1 || err[0] != ClassRetry {
		t.Errorf("errors %v", err)
	}
	w.store.files[0].due = time.Time{}
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
	if bytes.Contains(w.blobs.get(w.blobs.names()[0]), planted) {
		t.Error("the object is plain text")
	}
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
		{"another size and no MD5", 2600, "", archive.FlagSize, 6},
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
	w.store.files[0].SizeBytes = 500
	w.once(t.Context(), t)
	if f := w.store.files[0]; f.state != archive.FilePending || !slices.Equal(f.errs, []Class{ClassBroken}) {
		t.Errorf("%s with %v, want pending with broken", f.state, f.errs)
	}
	w = newWorld(t, nil)
	w.store.files[0].SizeBytes = 0
	w.once(t.Context(), t)
	wantReady(t, w, 0, "")
}

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
		<-done
		if d := time.Since(begin); d > time.Second {
			t.Errorf("the others waited for %v", d)
		}
	})
}

func TestFetchLostClaimStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, pattern(5000))
		w.source.trouble = func(call int, _, _ string) (Part, error, bool) {
			if call == 2 {
				w.store.mu.Lock()
				w.store.lost = true
				w.store.mu.Unlock()
				time.Sleep(2 * fetchLease)
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
			time.Sleep(fetchLease)
			return Part{}, nil, false
		}
		w.once(t.Context(), t)
		wantReady(t, w, 0, "")
		if n := w.store.files[0].keeps; n < 15 {
			t.Errorf("the claim was renewed %d times in %v", n, 5*fetchLease)
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

func TestSweepKeepsOnlyPartsOfPendingFiles(t *testing.T) {
	w := newWorld(t, pattern(3000), pattern(3000))
	w.store.files[1].state = archive.FileExpired
	unknown := archive.FileID("unknown")
	for _, id := range []string{w.store.files[0].ID, w.store.files[1].ID, unknown, archive.FileID("locked")} {
		p, err := openPart(w.Dir, w.Vault.keys, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.add(Part{Data: []byte("x"), NextIndex: "1"}); err != nil {
			t.Fatal(err)
		}
		if id == archive.FileID("locked") {
			defer func() { _ = p.Close() }()
			continue
		}
		if err := p.release(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(w.Dir, "not ours"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, id := range []string{w.store.files[0].ID + partSuffix, archive.FileID("locked") + partSuffix, "not ours"} {
		if _, err := os.Stat(filepath.Join(w.Dir, id)); err != nil {
			t.Errorf("%s was removed", id)
		}
		left = append(left, id)
	}
	wantParts(t, w, len(left))
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00data"))
	f.Add([]byte("\x00\x00\x00\x00\x02inDATA"))
	f.Add([]byte("\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseRecord(b)
		if err == nil && 5+len(p.NextIndex)+len(p.Data) != len(b) {
			t.Errorf("%d bytes hold an index of %d and data of %d", len(b), len(p.NextIndex), len(p.Data))
		}
	})
}

func FuzzPartFile(f *testing.F) {
	f.Add([]byte(partMagic + strings.Repeat("\x00", 60)))
	f.Add([]byte(""))
	keys, err := CreateKeys(f.TempDir() + "/keys")
	if err != nil {
		f.Fatal(err)
	}
	id := archive.FileID("x")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, id+partSuffix), b, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := openPart(dir, keys, id)
		if err != nil {
			t.Fatal(err)
		}
		if p.records != 0 || p.finished || p.next != "" {
			t.Errorf("%d records of what nobody sealed", p.records)
		}
		if err := p.remove(); err != nil {
			t.Fatal(err)
		}
	})
}
