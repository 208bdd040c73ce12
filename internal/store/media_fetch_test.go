package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
	"huicun/internal/media"
)

func TestTwoClaimersNeverGetTheSameFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const files, claimers = 60, 4
	f.waiting(t, files)
	got := make(chan string, 2*files)
	var wg sync.WaitGroup
	for range claimers {
		wg.Go(func() {
			for {
				file, ok, err := f.ClaimFile(t.Context(), "w", time.Minute, t0.Add(files/2*time.Second))
				if err != nil {
					t.Error(err)
				}
				if !ok || err != nil {
					return
				}
				got <- file.ID
			}
		})
	}
	wg.Wait()
	close(got)
	seen := map[string]bool{}
	for id := range got {
		if seen[id] {
			t.Errorf("file %s was claimed twice", id)
		}
		seen[id] = true
	}
	if len(seen) != files {
		t.Errorf("%d files were claimed, want all %d", len(seen), files)
	}
}

func TestClaimsTakeUrgentFilesFirstThenTheNewest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.waiting(t, 5)
	old := ref(picture(-5*24*3600, "m-old", "a", "b", "old"), 1, 0, "old") // WeCom keeps it no longer
	if err := f.SaveRefs(t.Context(), []media.Ref{old}); err != nil {
		t.Fatal(err)
	}
	var order []string
	for {
		file, ok := f.claim(t, t0.Add(2*time.Second)) // 0 and 1 are urgent
		if !ok {
			break
		}
		order = append(order, file.SDKFileID)
	}
	if diff := cmp.Diff([]string{"file-0", "file-1", "file-4", "file-3", "file-2", "old"}, order); diff != "" {
		t.Errorf("order of claims (-want +got):\n%s", diff)
	}
	d, ok, err := f.NextFileIn(t.Context())
	if err != nil || !ok || d <= 0 || d > time.Minute {
		t.Errorf("NextFileIn = %v, %v, %v; want within the lease", d, ok, err)
	}
}

func TestClaimHasWhatTheMessageSays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.waiting(t, 1)
	got := f.took(t)
	got.SentAt = got.SentAt.UTC()
	want := media.File{
		ID: archive.FileID("file-0"), SDKFileID: "file-0", Kind: "image", SizeBytes: 1000,
		MD5: "0123456789abcdef0123456789abcdef", SentAt: t0, Claim: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ClaimFile (-want +got):\n%s", diff)
	}
}

func TestLostClaimChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.waiting(t, 1)
	old := f.took(t)
	done(t)(f.KeepFile(t.Context(), old, time.Minute))
	if _, ok := f.claim(t, t0); ok {
		t.Fatal("what somebody fetches was claimed")
	}
	f.MustExec(`UPDATE media SET due_at = now() - interval '1 second'`) // its holder died
	if d, ok, err := f.NextFileIn(t.Context()); err != nil || !ok || d > 0 {
		t.Errorf("NextFileIn = %v, %v, %v; want that it is due", d, ok, err)
	}
	held := f.took(t)
	const state = `SELECT concat_ws('|', state, attempt, claim, due_at, error_class) FROM media`
	before := f.text(t, state)
	e := &media.Error{Class: media.ClassRetry, Err: errors.New("cut")}
	lost(t)(f.KeepFile(t.Context(), old, time.Hour))
	lost(t)(f.PostponeFile(t.Context(), old, time.Hour, true, e))
	lost(t)(f.EndFile(t.Context(), old, archive.FileBroken, e))
	lost(t)(f.SaveFetched(t.Context(), old, content("x")))
	if got := f.text(t, state); got != before {
		t.Errorf("a lost claim changed %s to %s", before, got)
	}
	if got := f.text(t, `SELECT count(*) FROM media_objects`); got != "0" {
		t.Errorf("a lost claim left %s objects", got)
	}
	done(t)(f.SaveFetched(t.Context(), held, content("x")))
	lost(t)(f.SaveFetched(t.Context(), held, content("y")))
	lost(t)(f.PostponeFile(t.Context(), held, time.Hour, true, e))
}

func TestPostponedFileComesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.waiting(t, 1)
	e := &media.Error{Class: media.ClassRetry, Err: errors.New("the network\x00is down")}
	done(t)(f.PostponeFile(t.Context(), f.took(t), time.Hour, true, e))
	if _, ok := f.claim(t, t0); ok {
		t.Error("a postponed file was claimed too soon")
	}
	if d, ok, err := f.NextFileIn(t.Context()); err != nil || !ok || d < 59*time.Minute || d > time.Hour {
		t.Errorf("NextFileIn = %v, %v, %v; want an hour", d, ok, err)
	}
	f.MustExec(`UPDATE media SET due_at = now()`)
	again := f.took(t)
	if again.Attempt != 1 {
		t.Errorf("attempt %d, want 1", again.Attempt)
	}
	done(t)(f.PostponeFile(t.Context(), again, 0, false, nil)) // given back at a stop
	if got := f.text(t, `SELECT concat_ws('|', attempt, error_class, error, failing_since IS NOT NULL) FROM media`); got != "1|retry|the network\uFFFDis down|t" {
		t.Errorf("after it was given back: %s", got)
	}
	done(t)(f.SaveFetched(t.Context(), f.took(t), content("x")))
	if got := f.text(t, `SELECT concat_ws('|', state, attempt, error_class, error, failing_since IS NULL) FROM media`); got != "ready|0|||t" {
		t.Errorf("after it was fetched: %s", got)
	}
	if _, ok, err := f.NextFileIn(t.Context()); ok || err != nil {
		t.Errorf("NextFileIn = %v, %v; want none", ok, err)
	}
}

func TestExpiredFileIsFetchedAgainForANewerMessage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old, newer := picture(1, "m1", "a", "b", "x"), picture(9, "m2", "a", "b", "x")
	refs := func(ms ...archive.Decoded) {
		t.Helper()
		for _, m := range ms {
			if err := f.SaveRefs(t.Context(), []media.Ref{ref(m, 1, 0, "x")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	refs(old)
	done(t)(f.EndFile(t.Context(), f.took(t), archive.FileExpired, &media.Error{Class: media.ClassExpired, Err: errors.New("over")}))
	refs(old, old)
	if _, ok := f.claim(t, t0); ok {
		t.Fatal("the same message brought an expired file back")
	}
	refs(newer)
	file := f.took(t)
	if !file.SentAt.Equal(newer.SentAt) || file.Attempt != 0 {
		t.Errorf("fetched again as of %v after %d attempts, want %v and none", file.SentAt, file.Attempt, newer.SentAt)
	}
	done(t)(f.EndFile(t.Context(), file, archive.FileRefused, &media.Error{Class: media.ClassRefused, Err: errors.New("no")}))
	refs(picture(20, "m3", "a", "b", "x"))
	if _, ok := f.claim(t, t0); ok {
		t.Error("a newer message brought a refused file back")
	}
	if got := f.text(t, `SELECT count(*) FROM message_media WHERE media_id = $1`, file.ID); got != "3" {
		t.Errorf("%s messages name the file, want 3", got)
	}
}
