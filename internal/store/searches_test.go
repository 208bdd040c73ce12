package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/search"
)

// fullRequest has every field.
func fullRequest() search.Request {
	return search.Request{
		Text: `"报价 单" -%_\`, Exact: true, Senders: []string{"Lin"}, Persons: []string{"wmA"}, Departments: []int64{2}, ConvIDs: []int64{7, 9},
		Chat: search.ChatGroup, Side: search.SideExternal, MsgTypes: []string{"text"}, From: signInTime, To: signInTime.AddDate(0, 1, 0),
		Has: []string{search.FileName, search.QRName}, Revoked: true, Sensitive: true, Order: search.Oldest,
	}
}

func note(text string, repeated bool) search.Note {
	return search.Note{Request: search.Request{Text: text}, Total: &search.Total{Count: 3, Exact: true}, Engine: "postgres", Repeated: repeated}
}

func TestSearchesAreNoted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.admin(t)
	save := func(n search.Note) {
		t.Helper()
		if err := s.SaveSearch(t.Context(), v.ID, n, time.Hour, from("boss").Entry(audit.Searched, "", nil)); err != nil {
			t.Fatal(err)
		}
	}
	save(note("微信", false))
	save(note("微信", true)) // its second page
	save(note("电话", true)) // nobody noted the first page
	full := note("", false)
	full.Request = fullRequest()
	full.Total = &search.Total{Count: search.MaxRefs}
	save(full)
	moving := note("微信", false)
	moving.Request.Days = 30
	save(moving)
	uncounted := note("微信", false)
	uncounted.Total = nil
	save(uncounted)

	got, err := s.FindRecent(t.Context(), v.ID, 20)
	if err != nil {
		t.Fatal(err)
	}
	want := []search.Recent{
		{Request: search.Request{Text: "微信"}},
		{Request: moving.Request, Total: &search.Total{Count: 3, Exact: true}},
		{Request: fullRequest(), Total: &search.Total{Count: search.MaxRefs}},
		{Request: search.Request{Text: "电话"}, Total: &search.Total{Count: 3, Exact: true}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(search.Recent{}, "At")); diff != "" {
		t.Errorf("recent searches (-want +got):\n%s", diff)
	}
	forgetful := s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Departments: []int64{2}}).Viewer
	if err := s.SaveSearch(t.Context(), forgetful.ID, note("微信", false), time.Hour, from("mei").Entry(audit.Searched, "", nil)); err != nil {
		t.Fatal(err)
	}
	svc := search.Service{Store: s.DB}
	if err := svc.ClearRecent(t.Context(), forgetful, from("mei")); err != nil {
		t.Fatal(err)
	}
	if left, err := s.FindRecent(t.Context(), forgetful.ID, 20); err != nil || len(left) != 0 {
		t.Errorf("recent searches, emptied: %v, %v", left, err)
	}
	if kept, err := s.FindRecent(t.Context(), v.ID, 20); err != nil || len(kept) != len(want) {
		t.Errorf("recent searches of who emptied none: %v, %v", kept, err)
	}
	var onRecord int
	if err := s.Get(&onRecord, `SELECT count(*) FROM searches WHERE viewer_id = $1`, forgetful.ID); err != nil || onRecord != 1 {
		t.Errorf("searches on record: %d, %v", onRecord, err)
	}
	if err := s.SaveSearch(t.Context(), forgetful.ID, note("电话", true), time.Hour, from("mei").Entry(audit.Searched, "", nil)); err != nil {
		t.Fatal(err)
	}
	if anew, err := s.FindRecent(t.Context(), forgetful.ID, 20); err != nil || len(anew) != 1 || anew[0].Text != "电话" {
		t.Errorf("recent searches, anew: %v, %v", anew, err)
	}
	if other, err := s.FindRecent(t.Context(), forgetful.ID+1, 20); err != nil || len(other) != 0 {
		t.Errorf("recent searches of somebody else: %v, %v", other, err)
	}
	wantLog := []string{
		"boss search search:1", "boss search search:2", "boss search search:3", "boss search search:4", "boss search search:5",
		"boss viewer.created viewer:2", "mei search search:6", "mei search.recent_cleared viewer:2", "mei search search:7",
	}
	log := strings.Join(s.actions(t), "\n")
	if !strings.HasSuffix(log, strings.Join(wantLog, "\n")) {
		t.Errorf("log:\n%s\nwant at the end:\n%s", log, strings.Join(wantLog, "\n"))
	}
	for _, q := range []string{`UPDATE searches SET total = 0`, `DELETE FROM searches`, `TRUNCATE searches`} {
		if _, err := s.Exec(q); err == nil {
			t.Errorf("%s is possible", q)
		}
	}
}

func TestSavedSearches(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mei := s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Departments: []int64{2}}).Viewer
	boss := s.admin(t)
	svc := search.Service{Store: s.DB}
	mine, err := svc.CreateSaved(t.Context(), mei, search.SavedInput{Name: " 报价 ", Request: fullRequest()}, from("mei"))
	if err != nil {
		t.Fatal(err)
	}
	want := search.Saved{
		SavedInput: search.SavedInput{Name: "报价", Request: fullRequest(), Version: 1}, ID: mine.ID, ViewerID: mei.ID, Owner: "mei",
	}
	if diff := cmp.Diff(want, mine, cmpopts.IgnoreFields(search.Saved{}, "UpdatedAt")); diff != "" {
		t.Errorf("saved search (-want +got):\n%s", diff)
	}
	names := func(v access.Viewer) string {
		t.Helper()
		list, err := svc.Saved(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, it := range list {
			out = append(out, it.Name)
		}
		return strings.Join(out, " ")
	}
	if _, err := svc.CreateSaved(t.Context(), boss, search.SavedInput{Name: "a", Request: search.Request{Text: "b"}, Shared: true}, from("boss")); err != nil {
		t.Fatal(err)
	}
	if got := names(mei) + "|" + names(boss); got != "报价 a|a" {
		t.Errorf("lists: %s", got)
	}
	in := search.SavedInput{Name: "新", Request: search.Request{Text: "x"}, Shared: true, Version: 1}
	_, err = svc.UpdateSaved(t.Context(), boss, mine.ID, in, from("boss"))
	checkFault(t, "somebody else changes it", err, fault.CodeNotFound, "")
	if err := svc.DeleteSaved(t.Context(), boss, mine.ID, from("boss")); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("somebody else deletes it: %v", err)
	}
	if got, err := svc.UpdateSaved(t.Context(), mei, mine.ID, in, from("mei")); err != nil || got.Version != 2 || !got.Shared || got.Name != "新" {
		t.Errorf("changed: %+v, %v", got, err)
	}
	_, err = svc.UpdateSaved(t.Context(), mei, mine.ID, in, from("mei"))
	checkFault(t, "an old version", err, fault.CodeConflict, "")
	if got := names(boss); got != "a 新" {
		t.Errorf("shared: %s", got)
	}
	s.exec(t, `UPDATE viewers SET disabled = true WHERE id = $1`, mei.ID)
	if got := names(boss); got != "a" {
		t.Errorf("of a disabled account: %s", got)
	}
	if err := svc.DeleteSaved(t.Context(), mei, mine.ID, from("mei")); err != nil {
		t.Error(err)
	}
	log := s.actions(t)
	id := audit.Object("saved_search", mine.ID)
	if diff := cmp.Diff([]string{"mei saved_search.updated " + id, "mei saved_search.deleted " + id}, log[len(log)-2:]); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestSavedSearchesAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	svc := search.Service{Store: s.DB}
	ok := search.Request{Text: "x"}
	for _, tt := range []struct {
		name, field string
		in          search.SavedInput
	}{
		{"without name", "name", search.SavedInput{Name: " ", Request: ok}},
		{"with a long name", "name", search.SavedInput{Name: strings.Repeat("长", 61), Request: ok}},
		{"with NUL", "name", search.SavedInput{Name: "a\x00", Request: ok}},
		{"of nothing", "q", search.SavedInput{Name: "a"}},
		{"of too much", "q", search.SavedInput{Name: "a", Request: search.Request{Text: strings.Repeat("x", 201)}}},
	} {
		_, err := svc.CreateSaved(t.Context(), s.admin(t), tt.in, from("boss"))
		checkFault(t, tt.name, err, fault.CodeInvalid, tt.field)
	}
}

// Ten at once do not get past the bound.
func TestSavedSearchesAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss := s.admin(t)
	s.exec(t, `INSERT INTO saved_searches (viewer_id, name, query) SELECT $1, 'n' || n, '{"q": "x"}' FROM generate_series(1, 97) n`, boss.ID)
	svc := search.Service{Store: s.DB}
	var wg sync.WaitGroup
	errs := make(chan error, 10)
	for i := range 10 {
		wg.Go(func() {
			_, err := svc.CreateSaved(t.Context(), boss, search.SavedInput{Name: fmt.Sprint(i), Request: search.Request{Text: "x"}}, from("boss"))
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	kept := 0
	for err := range errs {
		if err == nil {
			kept++
		} else if !fault.Is(err, fault.CodeConflict) {
			t.Errorf("beyond the bound: %v", err)
		}
	}
	if kept != 3 {
		t.Errorf("%d kept, want 3", kept)
	}
}
