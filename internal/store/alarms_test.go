package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/alert"
	"huicun/internal/fault"
	"huicun/internal/ingest"
)

const (
	sqlTestNotices = `SELECT concat_ws('|', w.person, a.step, a.state, a.body->>'to', a.body->>'title') FROM alerts a
		JOIN viewers w ON w.id = a.viewer_id WHERE a.alarm_id IS NOT NULL ORDER BY a.alarm_id, a.id`
	sqlTestAlarms = `SELECT concat_ws('|', subject, cause, step, ended_at IS NOT NULL) FROM alarms ORDER BY id`
)

// watched is a desk with two admins and a manager, and WeCom for their notices.
type watched struct {
	*pushDesk
	since time.Time
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	d := newPushDesk(t)
	d.admin(t)
	d.create(t, access.AccountInput{UserID: "Svc", Role: access.RoleAdmin})
	d.create(t, access.AccountInput{UserID: "East", Role: access.RoleAdmin, Disabled: true})
	return &watched{d, d.clock.Add(-time.Hour)}
}

func (w *watched) raise(t *testing.T, step int) bool {
	t.Helper()
	ok, err := w.RaiseAlarm(t.Context(), ingest.Notice{
		Subject: ingest.SubjectPull, Cause: ingest.CauseTrustedIP, Since: w.since, Step: step,
		Message: &alert.Message{Title: fmt.Sprint("step ", step), Description: "d", URL: fmt.Sprint("https://huicun.example.com/", step), NoRepeat: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func (w *watched) end(t *testing.T) bool {
	t.Helper()
	ok, err := w.EndAlarm(t.Context(), ingest.SubjectPull, alert.Message{Title: "over"})
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestAlarmTellsEachAdminOnceAStep(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	var mu sync.Mutex
	var wg sync.WaitGroup
	told := map[int]int{}
	for step := 1; step <= 2; step++ {
		for range 4 { // replicas
			wg.Go(func() {
				if w.raise(t, step) {
					mu.Lock()
					defer mu.Unlock()
					told[step]++
				}
			})
		}
		wg.Wait()
		for _, id := range w.rows(t, `SELECT CAST(id AS text) FROM alerts WHERE state = 'pending'`) {
			var n int64
			_, _ = fmt.Sscan(id, &n)
			if err := w.run(t, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	if told[1] != 1 || told[2] != 1 {
		t.Errorf("told by step: %v, want once each", told)
	}
	for i, ended := 0, true; i < 2; i, ended = i+1, false {
		if got := w.end(t); got != ended {
			t.Errorf("end %d = %v, want %v", i+1, got, ended)
		}
	}
	if w.raise(t, 3) {
		t.Error("what is over was raised again by somebody who had not seen that")
	}
	w.wantRows(t, "alarms", []string{"pull|trusted_ip|2|t"}, sqlTestAlarms)
	w.wantRows(t, "notices", []string{
		"boss|1|sent|Boss|step 1", "svc|1|sent|Svc|step 1", "boss|2|sent|Boss|step 2", "svc|2|sent|Svc|step 2",
		"boss|0|pending|Boss|over", "svc|0|pending|Svc|over",
	}, sqlTestNotices)
	w.wantRows(t, "work", []string{"6"}, `SELECT CAST(count(*) AS text) FROM outbox WHERE kind = 'notice'`)
	if len(w.wecom.got) != 4 || w.wecom.got[0].Title != "step 1" {
		t.Errorf("messages %+v", w.wecom.got)
	}
}

// What could not leave makes way for what came later; what may have left stays.
func TestLaterNoticeTakesThePlaceOfAnEarlierOne(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.raise(t, 1)
	if _, _, err := w.StartAttempt(t.Context(), 2, alert.Message{}, 0, nil, w.clock); err != nil {
		t.Fatal(err)
	}
	w.raise(t, 3)
	w.end(t)
	w.wantRows(t, "notices", []string{
		"boss|1|refused|Boss|step 1", "svc|1|sending|Svc|step 1", "boss|3|refused|Boss|step 3", "svc|3|refused|Svc|step 3",
		"boss|0|pending|Boss|over", "svc|0|pending|Svc|over",
	}, sqlTestNotices)
}

// A notice is not told to somebody who is no admin any more, and is in nobody's
// list of alerts.
func TestNoticesAreForAdmins(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.raise(t, 1)
	w.exec(t, `UPDATE viewers SET role = 'viewer' WHERE person = 'svc'`)
	for id := range int64(2) {
		if err := w.run(t, id+1); err != nil {
			t.Fatal(err)
		}
	}
	w.wantRows(t, "notices", []string{"boss|1|sent|Boss|step 1", "svc|1|refused|Svc|step 1"}, sqlTestNotices)
	list, err := w.FindAlerts(t.Context(), w.admin(t).Scope(), 0, 0, 9)
	if err != nil || len(list) != 0 {
		t.Errorf("FindAlerts = %+v, %v", list, err)
	}
	if _, err := w.GetJob(t.Context(), 99); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("GetJob of none: %v", err)
	}
}

func TestReadStatus(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.hit(t, 2)
	w.raise(t, 1)
	w.exec(t, `UPDATE alerts SET state = 'unknown' WHERE id = 1`)
	w.exec(t, `INSERT INTO outbox (kind, args, state, errors) VALUES ('scan', '{}', 'retryable', '{first,last}'), ('scan', '{}', 'discarded', '{}')`)
	s, err := w.ReadStatus(t.Context(), 5, true)
	if err != nil {
		t.Fatal(err)
	}
	if s.Recount == nil || !s.Recount.Agrees(s.State) || s.Received != 2 || s.Now.IsZero() || s.Puller != "test" || s.ExpectedSince != nil {
		t.Errorf("snapshot %+v", s)
	}
	var got []string
	for _, q := range s.Queues {
		got = append(got, fmt.Sprintf("%s %d, %d failed: %s", q.Kind, q.Items, q.Failed, q.Error))
	}
	for _, a := range s.Alerts {
		got = append(got, fmt.Sprintf("%s %d", a.State, a.Alerts))
	}
	for _, d := range s.Discarded {
		got = append(got, fmt.Sprintf("%s given up %d", d.Kind, d.Items))
	}
	for _, a := range s.Alarms {
		got = append(got, fmt.Sprintf("%s %s since %v step %d", a.Subject, a.Cause, a.Since.Equal(w.since), a.Step))
	}
	got = append(got, s.Admins...)
	want := []string{
		"index 2, 0 failed: ", "media 1, 0 failed: ", "names 1, 0 failed: ", "notice 2, 0 failed: ", "push 2, 0 failed: ", "scan 2, 1 failed: last", "pending 1", "unknown 1", "scan given up 1",
		"pull trusted_ip since true step 1", "Boss", "Svc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lists (-want +got):\n%s", diff)
	}
	if err := w.ExpectPulls(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, err := w.ReadStatus(t.Context(), 5, false)
	if err != nil || first.ExpectedSince == nil || first.Recount != nil {
		t.Fatalf("expected since %v, %v", first.ExpectedSince, err)
	}
	if err := w.ExpectPulls(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := w.ReadStatus(t.Context(), 5, false); err != nil || !again.ExpectedSince.Equal(*first.ExpectedSince) {
		t.Errorf("a second start changes since when pulls are expected: %v, %v", again.ExpectedSince, err)
	}
}
