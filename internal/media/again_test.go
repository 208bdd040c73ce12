package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"

	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/fault"
)

// damage changes the last byte of an object.
func (m *memory) damage(name string) {
	p := m.get(name)
	p[len(p)-1] ^= 1
	m.set(name, p)
}

func originalOf(p []byte) string { return originalName(fmt.Sprintf("%x", sha(p))) }

func TestRetryOfWhatIsNotWhole(t *testing.T) {
	const pic = "thumb"
	from := audit.Origin{Actor: "a"}
	for _, tt := range []struct {
		name    string
		with    func(s *shop, f *archive.File)
		code    string // of the fault; "": none
		fetched bool
		bad     bool // the store was told that the content is bad
		looked  bool
	}{
		{"whole", func(*shop, *archive.File) {}, fault.CodeConflict, false, false, false},
		{"flagged", func(_ *shop, f *archive.File) { f.Flag = archive.FlagMD5 }, "", true, false, false},
		{"expired", func(_ *shop, f *archive.File) { *f = archive.File{ID: f.ID, State: archive.FileExpired} }, "", true, false, false},
		{"broken", func(_ *shop, f *archive.File) { *f = archive.File{ID: f.ID, State: archive.FileBroken} }, "", true, false, false},
		{"waits after a failure", func(_ *shop, f *archive.File) { *f = archive.File{ID: f.ID, State: archive.FilePending} }, "", true, false, false},
		{"waits again after a failure", func(_ *shop, f *archive.File) { f.Flag, f.Again = archive.FlagMD5, true }, "", true, false, false},
		{"not known yet", func(s *shop, _ *archive.File) { s.messages.media.File = nil }, fault.CodeNotFound, false, false, false},
		{"missing", func(s *shop, _ *archive.File) { _ = s.blobs.Delete(t.Context(), originalOf(pattern(100_000))) }, "", true, true, false},
		{"damaged at its end", func(s *shop, _ *archive.File) { s.blobs.damage(originalOf(pattern(100_000))) }, "", true, true, false},
		{"a form is missing", func(s *shop, f *archive.File) {
			_ = s.blobs.Delete(t.Context(), renditionName(fmt.Sprintf("%x", f.SHA256), pic))
		}, "", false, false, true},
		{"a form is damaged", func(s *shop, f *archive.File) { s.blobs.damage(renditionName(fmt.Sprintf("%x", f.SHA256), pic)) }, "", false, false, true},
		{"its key is missing", func(s *shop, _ *archive.File) { addKey(t, s.keyFile); dropKeys(t, s.keyFile) }, fault.CodeUnavailable, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			store := &retryStore{ok: true}
			s.Store = store
			hash := s.messages.media.File.SHA256
			tt.with(s, s.messages.media.File)
			err := s.Retry(t.Context(), admin, messageID, s.file, from)
			if tt.code == "" && err != nil || tt.code != "" && !fault.Is(err, tt.code) {
				t.Errorf("Retry: %v, want %q", err, tt.code)
			}
			if (len(store.bad) == 1) != tt.fetched || tt.fetched && tt.bad != bytes.Equal(store.bad[0], hash) {
				t.Errorf("fetched again: %x, want %v, bad %v", store.bad, tt.fetched, tt.bad)
			}
			if (len(store.looks) == 1) != tt.looked || tt.looked && !bytes.Equal(store.looks[0], hash) {
				t.Errorf("looked into again: %x, want %v", store.looks, tt.looked)
			}
		})
	}
}

// What is held is kept until what WeCom gives is whole, and whatever WeCom says.
func TestFetchAgain(t *testing.T) {
	whole, half, none := pattern(50_000), pattern(20_000), []byte(nil)
	for _, tt := range []struct {
		name     string
		held     []byte // content before
		flag     string
		object   string // of what was held: "", missing, damaged
		wecom    []byte // what WeCom gives; nil: it has no more
		state    archive.FileState
		want     []byte // content then; nil: none
		wantFlag string
		restored bool
	}{
		{"a flagged file comes whole", half, archive.FlagSize, "", whole, archive.FileReady, whole, "", false},
		{"a flagged file is gone at WeCom", half, archive.FlagSize, "", none, archive.FileReady, half, archive.FlagSize, true},
		{"a flagged file comes with other wrong bytes", half, archive.FlagSize, "", append(pattern(50_000), 1), archive.FileReady, half, archive.FlagSize, true},
		{"a flagged file comes as it was", half, archive.FlagMD5, "", half, archive.FileReady, half, archive.FlagMD5, false},
		{"a missing object comes", whole, "", "missing", whole, archive.FileReady, whole, "", false},
		{"a damaged object comes", whole, "", "damaged", whole, archive.FileReady, whole, "", false},
		{"a missing object is gone at WeCom", whole, "", "missing", none, archive.FileRefused, nil, "", false},
		{"an object that was away is back", whole, "", "", none, archive.FileReady, whole, "", true},
		{"a flagged file with a missing object comes wrong", half, archive.FlagSize, "missing", append(pattern(50_000), 1), archive.FileReady, append(pattern(50_000), 1), archive.FlagMD5, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, whole)
				f := w.store.files[0]
				f.Held, f.HeldFlag = sha(tt.held), tt.flag
				name := originalOf(tt.held)
				putVault(t, w.Vault, name, tt.held)
				switch tt.object {
				case "missing":
					_ = w.blobs.Delete(t.Context(), name)
				case "damaged":
					w.blobs.damage(name)
				}
				delete(w.source.contents, "sdk-0")
				if tt.wecom != nil {
					w.source.contents["sdk-0"] = tt.wecom
				}
				w.run(t)
				if f.state != tt.state || f.restored != tt.restored {
					t.Fatalf("the file is %s, restored %v; want %s, %v", f.state, f.restored, tt.state, tt.restored)
				}
				if tt.want == nil {
					return
				}
				if !bytes.Equal(f.got.SHA256, sha(tt.want)) || f.got.Flag != tt.wantFlag {
					t.Errorf("content %x, flag %q; want %x, %q", f.got.SHA256, f.got.Flag, sha(tt.want), tt.wantFlag)
				}
				if err := w.Vault.Verify(t.Context(), f.got.SHA256); err != nil {
					t.Errorf("its object: %v", err)
				}
			})
		})
	}
}

// While the store does not answer nobody knows what is held: nothing ends.
func TestFetchAgainStoreIsAway(t *testing.T) {
	whole := pattern(50_000)
	w := newWorld(t, whole)
	f := w.store.files[0]
	f.Held, f.HeldFlag = sha(whole), archive.FlagMD5
	delete(w.source.contents, "sdk-0")
	w.blobs.away = errors.New("away")
	w.once(t.Context(), t)
	if f.state != archive.FilePending || len(f.errs) != 1 || f.errs[0] != ClassStore {
		t.Errorf("the file is %s after %v", f.state, f.errs)
	}
}

func TestVerifyForms(t *testing.T) {
	m := newMemory()
	v, _ := newVault(t, m)
	hash := sha(pattern(10))
	name := renditionName(fmt.Sprintf("%x", hash), "thumb")
	if err := v.VerifyForm(t.Context(), hash, "thumb"); !fault.Is(err, fault.CodeNotFound) || !Unreadable(err) {
		t.Errorf("a missing form: %v", err)
	}
	putVault(t, v, name, pattern(200_000))
	if err := v.VerifyForm(t.Context(), hash, "thumb"); err != nil {
		t.Errorf("a whole form: %v", err)
	}
	m.damage(name)
	if err := v.VerifyForm(t.Context(), hash, "thumb"); !errors.Is(err, ErrDamaged) || !Unreadable(err) {
		t.Errorf("a damaged form: %v", err)
	}
	if Unreadable(io.ErrUnexpectedEOF) || Unreadable(ErrNoKey) || Unreadable(nil) {
		t.Error("what is not about the object counts")
	}
}
