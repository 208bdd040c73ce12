package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/media"
)

var retryEntry = audit.Origin{Actor: "boss"}.Entry(audit.FileRetried, "file:x", nil)

func TestRetryFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.waiting(t, 5)
	states := []archive.FileState{archive.FileRefused, archive.FileBroken, archive.FileOverLimit, archive.FileExpired, archive.FileReady}
	for _, s := range states {
		file, _ := f.claim(t, t0.Add(time.Hour)) // in order of time
		if s == archive.FileReady {
			done(t)(f.SaveFetched(t.Context(), file, content("whole")))
			continue
		}
		done(t)(f.EndFile(t.Context(), file, s, &media.Error{Class: media.Class(s), Err: errors.New("no")}))
	}
	for i, id := range ids {
		ok, err := f.RetryFile(t.Context(), id, content("other").SHA256, retryEntry)
		if want := states[i] != archive.FileReady; err != nil || ok != want {
			t.Errorf("RetryFile of a file that is %s = %v, %v; want %v", states[i], ok, err, want)
		}
		if ok, err := f.RetryFile(t.Context(), id, nil, retryEntry); err != nil || ok {
			t.Errorf("RetryFile again = %v, %v", ok, err)
		}
	}
	if ok, err := f.RetryFile(t.Context(), "no id", nil, retryEntry); err != nil || ok {
		t.Errorf("RetryFile of no id = %v, %v", ok, err)
	}
	if got := f.text(t, `SELECT string_agg(actor || ' ' || action, ', ' ORDER BY id) FROM audit_entries`); got != "boss file.retried, boss file.retried, boss file.retried, boss file.retried" {
		t.Errorf("operation log: %s", got)
	}
	for range ids[:4] {
		if file := f.took(t); file.Attempt != 0 || file.Held != nil {
			t.Errorf("attempt %d, held %x after a retry", file.Attempt, file.Held)
		}
	}
}

func TestRetryFilesOfSomeKinds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.waiting(t, 4)
	for i, flag := range []string{archive.FlagMD5, "", archive.FlagSize} {
		got := content(string(rune('a' + i)))
		got.Flag = flag
		done(t)(f.SaveFetched(t.Context(), f.took(t), got))
	}
	done(t)(f.EndFile(t.Context(), f.took(t), archive.FileExpired, &media.Error{Class: media.ClassExpired, Err: errors.New("over")}))
	for _, tt := range []struct {
		which media.Which
		want  int
	}{
		{media.Which{}, 0},
		{media.Which{States: []archive.FileState{archive.FileBroken}}, 0},
		{media.Which{Flagged: true}, 2},
		{media.Which{States: []archive.FileState{archive.FileExpired}}, 1},
		{media.Which{SHA256: content("c").SHA256}, 0}, // it was flagged
		{media.Which{SHA256: content("b").SHA256}, 1},
		{media.Which{SHA256: content("b").SHA256, Flagged: true, States: []archive.FileState{archive.FileExpired}}, 0},
	} {
		if n, err := f.RetryFiles(t.Context(), tt.which, audit.System()); err != nil || n != tt.want {
			t.Errorf("RetryFiles(%+v) = %d, %v; want %d", tt.which, n, err, tt.want)
		}
	}
	if got := f.text(t, `SELECT string_agg(detail::text, '; ' ORDER BY id) FROM audit_entries WHERE action = 'file.retried'`); got == "" {
		t.Error("nothing in the operation log")
	}
}

// The content of a flagged file is shown until a better one has come.
func TestWhatIsHeldStaysReadable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.waiting(t, 1)[0]
	flagged := content("half")
	flagged.Flag = archive.FlagSize
	done(t)(f.SaveFetched(t.Context(), f.took(t), flagged))
	done(t)(f.RetryFile(t.Context(), id, nil, retryEntry))
	find := func() archive.File {
		t.Helper()
		files, err := f.FindFiles(t.Context(), []string{id})
		if err != nil {
			t.Fatal(err)
		}
		return files[id]
	}
	want := archive.File{
		ID: id, State: archive.FileReady, Flag: archive.FlagSize, SHA256: flagged.SHA256, SizeBytes: 4, MD5: flagged.MD5, Mime: "image/jpeg", Again: true,
	}
	if diff := cmp.Diff(want, find()); diff != "" {
		t.Errorf("while it is fetched again (-want +got):\n%s", diff)
	}
	file := f.took(t)
	if !slices.Equal(file.Held, flagged.SHA256) || file.HeldFlag != archive.FlagSize {
		t.Fatalf("claimed with %x, %q", file.Held, file.HeldFlag)
	}
	done(t)(f.RestoreFile(t.Context(), file, &media.Error{Class: media.ClassExpired, Err: errors.New("over")}))
	lost(t)(f.RestoreFile(t.Context(), file, nil))
	want.Again, want.ErrorClass = false, "expired"
	if diff := cmp.Diff(want, find()); diff != "" {
		t.Errorf("WeCom has it no longer (-want +got):\n%s", diff)
	}
	done(t)(f.RetryFile(t.Context(), id, nil, retryEntry))
	whole := content("whole")
	done(t)(f.SaveFetched(t.Context(), f.took(t), whole))
	if got := find(); !slices.Equal(got.SHA256, whole.SHA256) || got.Flag != "" || got.Again || got.ErrorClass != "" {
		t.Errorf("after the whole file came: %+v", got)
	}
	if n := f.text(t, `SELECT count(*) FROM media_held`); n != "0" {
		t.Errorf("%s contents are held still", n)
	}
}

// What one file brings back of a lost content, all files have again that had it.
func TestLostContentComesBackForAllItsFiles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.waiting(t, 4)
	same := content("same")
	for range 3 {
		done(t)(f.SaveFetched(t.Context(), f.took(t), same))
	}
	o, _, err := f.ClaimObject(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	done(t)(f.EndObject(t.Context(), o, "it cannot be read"))
	if n, err := f.RetryFiles(t.Context(), media.Which{SHA256: same.SHA256}, audit.System()); err != nil || n != 3 {
		t.Fatalf("RetryFiles = %d, %v; want 3", n, err)
	}
	first := f.took(t)
	files, err := f.FindFiles(t.Context(), ids)
	if err != nil || files[first.ID].State != archive.FilePending || files[first.ID].SHA256 != nil {
		t.Errorf("what cannot be read is shown: %+v, %v", files[first.ID], err)
	}
	done(t)(f.EndFile(t.Context(), first, archive.FileExpired, &media.Error{Class: media.ClassExpired, Err: errors.New("over")}))
	second, third := f.took(t), f.took(t)
	done(t)(f.SaveFetched(t.Context(), second, same))
	lost(t)(f.SaveFetched(t.Context(), third, same)) // it has it already
	for _, file := range []media.File{first, second, third} {
		if files, err = f.FindFiles(t.Context(), ids); err != nil || files[file.ID].State != archive.FileReady || !slices.Equal(files[file.ID].SHA256, same.SHA256) {
			t.Errorf("file %s: %+v, %v", file.SDKFileID, files[file.ID], err)
		}
	}
	if _, ok, err := f.ClaimObject(t.Context(), "w", time.Minute); err != nil || !ok {
		t.Errorf("the content is not looked into again: %v, %v", ok, err)
	}
	if n := f.text(t, `SELECT count(*) FROM media_held`); n != "0" {
		t.Errorf("%s contents are held still", n)
	}
}

func TestLookAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.waiting(t, 1)
	sha := content("x").SHA256
	done(t)(f.SaveFetched(t.Context(), f.took(t), content("x")))
	lost(t)(f.LookAgain(t.Context(), sha, retryEntry)) // it waits for its first look
	claim := func() media.Object {
		t.Helper()
		o, ok, err := f.ClaimObject(t.Context(), "w", time.Minute)
		if err != nil || !ok {
			t.Fatalf("ClaimObject = %v, %v", ok, err)
		}
		return o
	}
	o := claim()
	done(t)(f.KeepObject(t.Context(), o, time.Hour))
	if d, ok, err := f.NextObjectIn(t.Context()); err != nil || !ok || d < 59*time.Minute {
		t.Errorf("NextObjectIn = %v, %v, %v; want an hour", d, ok, err)
	}
	done(t)(f.PostponeObject(t.Context(), o, 0, false, "stopped"))
	lost(t)(f.KeepObject(t.Context(), o, time.Hour))
	if o = claim(); o.Attempt != 0 || o.Stops != 1 {
		t.Errorf("after a stop: %d attempts, %d stops", o.Attempt, o.Stops)
	}
	thumb := archive.Rendition{Name: "thumb", Mime: "image/jpeg", SizeBytes: 3}
	done(t)(f.SaveLooked(t.Context(), o, media.Looked{Renditions: []archive.Rendition{thumb}}))
	var stored []media.Stored
	if err := f.ObjectsInUse(t.Context(), func(s media.Stored) error { stored = append(stored, s); return nil }); err != nil || len(stored) != 1 || !slices.Equal(stored[0].Forms, []string{"thumb"}) {
		t.Errorf("ObjectsInUse gives %+v, %v", stored, err)
	}
	done(t)(f.LookAgain(t.Context(), sha, retryEntry))
	if o = claim(); o.Attempt != 0 || o.Stops != 0 || !slices.Equal(o.SHA256, sha) {
		t.Errorf("claimed again: %+v", o)
	}
	if got := f.text(t, `SELECT count(*) FROM audit_entries WHERE action = 'file.retried'`); got != "1" {
		t.Errorf("%s entries in the operation log, want 1", got)
	}
}

// What failed waits for up to hours: a person need not, unless it is in hand.
func TestRetryOfWhatWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.waiting(t, 1)[0]
	failed := &media.Error{Class: media.ClassRetry, Err: errors.New("no")}
	lost(t)(f.RetryFile(t.Context(), id, nil, retryEntry)) // it is due
	file := f.took(t)
	lost(t)(f.RetryFile(t.Context(), id, nil, retryEntry)) // it is being fetched
	done(t)(f.PostponeFile(t.Context(), file, time.Hour, true, failed))
	if _, ok := f.claim(t, t0); ok {
		t.Fatal("a file is due that waits for an hour")
	}
	done(t)(f.RetryFile(t.Context(), id, nil, retryEntry))
	lost(t)(f.RetryFile(t.Context(), id, nil, retryEntry)) // it is due now
	if file = f.took(t); file.Attempt != 0 {
		t.Errorf("%d attempts after a retry, want 0", file.Attempt)
	}
	done(t)(f.PostponeFile(t.Context(), file, time.Hour, true, failed))
	for _, tt := range []struct {
		which media.Which
		want  int
	}{{media.Which{Flagged: true}, 0}, {media.Which{Waiting: true}, 1}, {media.Which{Waiting: true}, 0}} {
		if n, err := f.RetryFiles(t.Context(), tt.which, audit.System()); err != nil || n != tt.want {
			t.Errorf("RetryFiles(%+v) = %d, %v; want %d", tt.which, n, err, tt.want)
		}
	}
	file = f.took(t)
	// Taken again after it failed, it is not given to a second one.
	done(t)(f.PostponeFile(t.Context(), file, 0, true, failed))
	file = f.took(t)
	lost(t)(f.RetryFile(t.Context(), id, nil, retryEntry))
	done(t)(f.SaveFetched(t.Context(), file, content("x")))
}
