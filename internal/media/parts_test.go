package media

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"huicun/internal/archive"
)

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
