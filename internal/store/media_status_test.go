package store_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
	"huicun/internal/ingest"
	"huicun/internal/media"
)

func TestCountMedia(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if got, err := f.CountMedia(t.Context()); err != nil || got != (media.Counts{}) {
		t.Errorf("of an empty archive: %+v, %v", got, err)
	}
	f.waiting(t, 9)
	f.MustExec(`UPDATE media SET msgtime = now() - interval '3 days 1 minute' WHERE sdkfileid = 'file-0'`)
	f.MustExec(`UPDATE media SET msgtime = now() - interval '2 days' WHERE sdkfileid <> 'file-0'`)
	far := time.Now().Add(-365 * 24 * time.Hour)
	end := func(s archive.FileState) {
		t.Helper()
		file, ok, err := f.ClaimFile(t.Context(), "w", time.Minute, far)
		if err != nil || !ok {
			t.Fatalf("ClaimFile = %v, %v", ok, err)
		}
		done(t)(f.EndFile(t.Context(), file, s, &media.Error{Class: media.Class(s), Err: errors.New("why " + string(s))}))
	}
	for _, s := range []archive.FileState{archive.FileExpired, archive.FileRefused, archive.FileBroken, archive.FileOverLimit} {
		end(s)
	}
	for i, text := range []string{"same", "same", "other"} {
		file, _, err := f.ClaimFile(t.Context(), "w", time.Minute, far)
		if err != nil {
			t.Fatal(err)
		}
		got := content(text)
		if i == 2 {
			got.Flag = archive.FlagMD5
		}
		done(t)(f.SaveFetched(t.Context(), file, got))
	}
	o, _, err := f.ClaimObject(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	done(t)(f.EndObject(t.Context(), o, "odd"))
	got, err := f.CountMedia(t.Context())
	if err != nil || got.OldestPending == nil || time.Since(*got.OldestPending).Round(time.Hour) != 72*time.Hour {
		t.Fatalf("CountMedia = %+v, %v", got, err)
	}
	got.OldestPending = nil
	want := media.Counts{
		Files: 9, Ready: 3, Pending: 2, Overdue: 1, Expired: 1, Refused: 1, Broken: 1, OverLimit: 1, Flagged: 1,
		Bytes: 9, Unlooked: 1, Unreadable: 1, LastClass: media.ClassLimit, LastError: "why over_limit",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CountMedia (-want +got):\n%s", diff)
	}
	var shas [][]byte
	if err := f.ObjectsInUse(t.Context(), func(o media.Stored) error { shas = append(shas, o.SHA256); return nil }); err != nil || len(shas) != 2 || !slices.IsSortedFunc(shas, bytes.Compare) {
		t.Errorf("ObjectsInUse gives %x, %v; want two in order", shas, err)
	}
}

func TestStatusTellsOfFilesThatMayBeLost(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	late := func() ingest.MediaLate {
		t.Helper()
		s, err := f.ReadStatus(t.Context(), 1, false)
		if err != nil {
			t.Fatal(err)
		}
		return s.Media
	}
	if got := late(); got != (ingest.MediaLate{}) {
		t.Errorf("of an empty archive: %+v", got)
	}
	f.waiting(t, 4)
	f.MustExec(`UPDATE media SET msgtime = now() - CAST(CASE sdkfileid WHEN 'file-0' THEN '6 days' WHEN 'file-1' THEN '4 days' WHEN 'file-2' THEN '74 hours' ELSE '1 day' END AS interval)`)
	f.MustExec(`UPDATE media SET error_class = 'retry', error = 'cut', failing_since = now() WHERE sdkfileid = 'file-1'`)
	got := late()
	if got.Late != 2 || got.OldestLate == nil || time.Since(*got.OldestLate).Round(time.Hour) != 96*time.Hour || got.LateError != "cut" || got.NotStoredSince != nil || got.LastReady != nil {
		t.Errorf("two are late: %+v", got)
	}
	file := f.took(t)
	done(t)(f.PostponeFile(t.Context(), file, 0, false, &media.Error{Class: media.ClassStore, Err: errors.New("no space")}))
	if got = late(); got.NotStoredSince == nil || got.StoreError != "no space" {
		t.Errorf("the store refuses: %+v", got)
	}
	done(t)(f.SaveFetched(t.Context(), f.took(t), content("x")))
	if got = late(); got.NotStoredSince != nil || got.LastReady == nil {
		t.Errorf("the store takes it: %+v", got)
	}
}
