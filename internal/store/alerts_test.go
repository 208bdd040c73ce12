package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/alert"
	"huicun/internal/fault"
	"huicun/internal/outbox"
	"huicun/internal/rules"
)

// wecom answers app messages as a test says, in turn; then it takes them.
type wecom struct {
	mu      sync.Mutex
	answers []error
	got     []alert.Message
}

// Send implements alert.Sender.
func (w *wecom) Send(_ context.Context, m alert.Message) (alert.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, m)
	if len(w.answers) == 0 {
		return alert.Receipt{MsgID: fmt.Sprint("msg", len(w.got))}, nil
	}
	err := w.answers[0]
	w.answers = w.answers[1:]
	return alert.Receipt{}, err
}

// pushDesk is a desk where 回扣 of Shop is told to Mei.
type pushDesk struct {
	*desk
	wecom *wecom
	push  *alert.Service
	mei   access.Account
	clock time.Time
}

func newPushDesk(t *testing.T) *pushDesk {
	t.Helper()
	d := &pushDesk{desk: newDesk(t), wecom: &wecom{}, clock: time.Now().UTC().Truncate(time.Microsecond)}
	d.mei = d.manager(t, "Mei", 2)
	d.rule(t, nil, d.mei.ID)
	d.push = &alert.Service{Store: d.DB, Sender: d.wecom, PublicURL: "https://huicun.example.com/", Now: func() time.Time { return d.clock }}
	return d
}

// hit makes n alerts for Mei.
func (d *pushDesk) hit(t *testing.T, n int) {
	t.Helper()
	lines := make([]line, n)
	for i := range lines {
		lines[i] = line{"Shop", buyer, "", fmt.Sprint("回扣", i)}
	}
	d.say(t, lines...)
	d.scan(t)
}

func pushItem(id int64) outbox.Item {
	return outbox.Item{Kind: alert.KindPush, Args: fmt.Appendf(nil, `{"alert_id":%d}`, id), Attempt: 1, MaxAttempts: 20}
}

func (d *pushDesk) run(t *testing.T, id int64) error {
	t.Helper()
	return d.push.Push(t.Context(), pushItem(id))
}

const sqlTestDelivery = `SELECT concat_ws('|', state, attempt, wecom_msgid, error, sent_at IS NOT NULL) FROM alerts ORDER BY id`

func TestPushRepeatsTheMessageWordForWord(t *testing.T) {
	t.Parallel()
	d := newPushDesk(t)
	d.hit(t, 1)
	d.wecom.answers = []error{&alert.SendError{Class: alert.ClassRetry, Code: -1, Err: errors.New("busy")}}
	if err := d.run(t, 1); err == nil {
		t.Error("a message that was not taken counts as sent")
	}
	d.wantRows(t, "delivery", []string{"pending|1||busy|f"}, sqlTestDelivery)
	// What the card says changes meanwhile; the repeat must not.
	d.exec(t, `UPDATE employees SET name = 'Renamed', status = 1 WHERE person = 'shop'`)
	if err := d.run(t, 1); err != nil {
		t.Fatal(err)
	}
	if err := d.run(t, 1); err != nil { // the worker died before it could say that it was done
		t.Fatal(err)
	}
	d.wantRows(t, "delivery", []string{"sent|2|msg2||t"}, sqlTestDelivery)
	if len(d.wecom.got) != 2 {
		t.Fatalf("%d messages, want 2", len(d.wecom.got))
	}
	if diff := cmp.Diff(d.wecom.got[0], d.wecom.got[1]); diff != "" {
		t.Errorf("the repeat differs:\n%s", diff)
	}
}

func TestPushAfterACrash(t *testing.T) {
	t.Parallel()
	d := newPushDesk(t)
	d.hit(t, 2)
	// The process died between the call and its record.
	kept := alert.Message{To: "Mei", Title: "as first sent", URL: "https://huicun.example.com/c/1", NoRepeat: 4 * time.Hour}
	for id := range int64(2) {
		if _, wait, err := d.StartAttempt(t.Context(), id+1, kept, 0, alert.Pace, d.clock); wait != 0 || err != nil {
			t.Fatalf("StartAttempt = %v, %v", wait, err)
		}
	}
	d.clock = d.clock.Add(time.Hour)
	if err := d.run(t, 1); err != nil {
		t.Fatal(err)
	}
	d.clock = d.clock.Add(3 * time.Hour) // too late for the duplicate check
	if err := d.run(t, 2); err != nil {
		t.Fatal(err)
	}
	d.wantRows(t, "delivery", []string{"sent|2|msg1||t", "unknown|1||WeCom's answer was lost|f"}, sqlTestDelivery)
	if diff := cmp.Diff([]alert.Message{kept}, d.wecom.got); diff != "" {
		t.Errorf("repeats (-want +got):\n%s", diff)
	}
}

func TestPushRepeatsALostAnswerWhileWeComWouldNotice(t *testing.T) {
	t.Parallel()
	d := newPushDesk(t)
	d.hit(t, 1)
	lost := errors.New("connection reset")
	d.wecom.answers = []error{lost, lost, lost}
	for range 3 {
		_ = d.run(t, 1)
		d.clock = d.clock.Add(time.Hour)
	}
	d.wantRows(t, "delivery", []string{"sending|3||connection reset|f"}, sqlTestDelivery)
	d.clock = d.clock.Add(time.Hour)
	for range 2 {
		if err := d.run(t, 1); err != nil {
			t.Fatal(err)
		}
	}
	d.wantRows(t, "delivery", []string{"unknown|3||WeCom's answer was lost in 3 attempts; connection reset|f"}, sqlTestDelivery)
	if len(d.wecom.got) != 3 {
		t.Errorf("%d messages, want 3", len(d.wecom.got))
	}
}

// What a worker that stood still has to say counts only if it is that WeCom
// took the message.
func TestFinishAttemptOfAnEarlierOne(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		late alert.Outcome
		want string
	}{
		{"taken", alert.Outcome{State: alert.StateSent, MsgID: "m"}, "sent|2|m||t"},
		{"refused", alert.Outcome{State: alert.StateRefused, Error: "late"}, "sending|2|||f"},
		{"not taken", alert.Outcome{State: alert.StatePending, Error: "late"}, "sending|2|||f"},
		{"lost", alert.Outcome{State: alert.StateSending, Error: "late"}, "sending|2|||f"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newPushDesk(t)
			d.hit(t, 1)
			for attempts := range 2 {
				if _, _, err := d.StartAttempt(t.Context(), 1, alert.Message{To: "Mei"}, attempts, nil, d.clock); err != nil {
					t.Fatal(err)
				}
			}
			tt.late.At = d.clock
			if err := d.FinishAttempt(t.Context(), 1, 1, tt.late); err != nil {
				t.Fatal(err)
			}
			d.wantRows(t, "delivery", []string{tt.want}, sqlTestDelivery)
		})
	}
}

func TestPushChecksTheScopeOfTheMoment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		change     func(t *testing.T, d *pushDesk)
	}{
		{"the grant was withdrawn", "refused|0||out of scope|f", func(t *testing.T, d *pushDesk) {
			_, err := d.update(t, d.mei.ID, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Departments: []int64{5}})
			if err != nil {
				t.Fatal(err)
			}
		}},
		{"the employee left the department", "refused|0||out of scope|f", func(t *testing.T, d *pushDesk) {
			d.exec(t, `DELETE FROM viewer_employees WHERE person = 'shop'`)
		}},
		{"the account was disabled", "refused|0||the account is disabled|f", func(t *testing.T, d *pushDesk) {
			_, err := d.update(t, d.mei.ID, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Departments: []int64{2}, Disabled: true})
			if err != nil {
				t.Fatal(err)
			}
		}},
		{"the viewer became an admin", "sent|1|msg1||t", func(t *testing.T, d *pushDesk) {
			if _, err := d.update(t, d.mei.ID, access.AccountInput{UserID: "Mei", Role: access.RoleAdmin}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newPushDesk(t)
			d.hit(t, 1)
			tt.change(t, d)
			if err := d.run(t, 1); err != nil {
				t.Fatal(err)
			}
			d.wantRows(t, "delivery", []string{tt.want}, sqlTestDelivery)
		})
	}
}

// start begins an attempt at each alert and gives how long the last one waits.
func (d *pushDesk) start(t *testing.T, from, to int64, pace []alert.Limit) time.Duration {
	t.Helper()
	var last time.Duration
	for id := from; id <= to; id++ {
		job, err := d.GetJob(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		_, wait, err := d.StartAttempt(t.Context(), id, alert.Message{To: "Mei"}, job.Attempt, pace, d.clock)
		if err != nil {
			t.Fatal(err)
		}
		if id < to && wait != 0 {
			t.Fatalf("alert %d waits %v", id, wait)
		}
		last = wait
	}
	return last
}

func TestPace(t *testing.T) {
	t.Parallel()
	d := newPushDesk(t)
	d.hit(t, 30)
	begin := d.clock
	if wait := d.start(t, 1, 1, alert.Pace); wait != 0 {
		t.Fatalf("the first waits %v", wait)
	}
	d.clock = begin.Add(20 * time.Second)
	if wait := d.start(t, 2, 26, alert.Pace); wait != 40*time.Second {
		t.Errorf("the 26th of a minute waits %v, want 40s", wait)
	}
	d.wantRows(t, "alerts begun", []string{"25"}, `SELECT CAST(count(*) AS text) FROM alerts WHERE state = 'sending' AND attempt = 1`)
	d.clock = begin.Add(time.Minute)
	if wait := d.start(t, 26, 27, alert.Pace); wait != 20*time.Second {
		t.Errorf("the next one waits %v, want 20s", wait)
	}
	d.clock = begin.Add(2 * time.Minute)
	if wait := d.start(t, 27, 28, []alert.Limit{{Per: time.Minute, Messages: 25}, {Per: time.Hour, Messages: 27}}); wait != 58*time.Minute {
		t.Errorf("the 28th of an hour waits %v, want 58m", wait)
	}
	if err := d.run(t, 29); err != nil {
		t.Errorf("by the limits of the product it may go: %v", err)
	}
}

func TestPaceHoldsAfterAnOutage(t *testing.T) {
	t.Parallel()
	d := newPushDesk(t)
	d.hit(t, 27)
	for from := int64(1); from <= 27; from += 9 {
		if wait := d.start(t, from, from+8, alert.Pace); wait != 0 {
			t.Fatalf("waits %v", wait)
		}
		d.clock = d.clock.Add(time.Minute)
	}
	d.exec(t, `UPDATE alerts SET state = 'pending'`) // none was taken
	d.clock = d.clock.Add(time.Hour)
	if wait := d.start(t, 1, 26, alert.Pace); wait != time.Minute {
		t.Errorf("the 26th of a minute waits %v, want 1m", wait)
	}
}

func TestStartAttemptIsForOneWorker(t *testing.T) {
	t.Parallel()
	d := newPushDesk(t)
	d.hit(t, 1)
	var wg sync.WaitGroup
	var mu sync.Mutex
	refused := map[int]int{}
	try := func(attempts int, title string) {
		for range 4 {
			wg.Go(func() {
				_, _, err := d.StartAttempt(t.Context(), 1, alert.Message{To: "Mei", Title: title}, attempts, nil, d.clock)
				if err != nil && !fault.Is(err, fault.CodeConflict) {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					refused[attempts]++
				}
			})
		}
		wg.Wait()
	}
	try(0, "as first sent")
	try(1, "made again")
	if diff := cmp.Diff(map[int]int{0: 3, 1: 3}, refused); diff != "" {
		t.Errorf("refused, by the attempts there were (-want +got):\n%s", diff)
	}
	d.wantRows(t, "message kept", []string{"as first sent"}, `SELECT body->>'title' FROM alerts`)
	if err := d.FinishAttempt(t.Context(), 1, 2, alert.Outcome{State: alert.StateSent, MsgID: "m", At: d.clock}); err != nil {
		t.Fatal(err)
	}
	// Whoever comes later changes nothing.
	if err := d.FinishAttempt(t.Context(), 1, 2, alert.Outcome{State: alert.StateUnknown, Error: "late"}); err != nil {
		t.Fatal(err)
	}
	d.wantRows(t, "delivery", []string{"sent|2|m||t"}, sqlTestDelivery)
}

func TestFindAlertsWithinScope(t *testing.T) {
	t.Parallel()
	d := newPushDesk(t)
	admin := d.admin(t)
	d.rule(t, func(in *rules.Input) { in.Name = "二" }, d.mei.ID, admin.ID)
	d.hit(t, 2) // alerts 1 to 6: a message makes two violations, and three alerts
	if err := d.run(t, 1); err != nil {
		t.Fatal(err)
	}
	svc := d.manager(t, "Svc", 5)
	for _, tt := range []struct {
		name              string
		scope             access.Scope
		violation, before int64
		limit             int
		want              []string
	}{
		{"all of an admin", admin.Scope(), 0, 0, 9, []string{"mei|二", "boss|二", "mei|私下交易", "mei|二", "boss|二", "mei|私下交易"}},
		{"own ones", d.mei.Viewer.Scope(), 0, 0, 9, []string{"mei|二", "mei|私下交易", "mei|二", "mei|私下交易"}},
		{"of one violation", admin.Scope(), 2, 0, 9, []string{"mei|二", "boss|二"}},
		{"a page", d.mei.Viewer.Scope(), 1, 0, 1, []string{"mei|私下交易"}},
		{"what comes before", d.mei.Viewer.Scope(), 0, 4, 9, []string{"mei|二", "mei|私下交易"}},
		{"of another department", svc.Viewer.Scope(), 0, 0, 9, nil},
		{"nobody", access.Scope{}, 0, 0, 9, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := d.FindAlerts(t.Context(), tt.scope, tt.violation, tt.before, tt.limit)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range found {
				got = append(got, a.To+"|"+a.RuleName)
			}
			if diff := cmp.Diff(counts(tt.want), counts(got)); diff != "" {
				t.Errorf("alerts (-want +got):\n%s", diff)
			}
		})
	}
	first, err := d.FindAlerts(t.Context(), admin.Scope(), 0, 2, 1)
	if err != nil || len(first) != 1 {
		t.Fatalf("FindAlerts = %+v, %v", first, err)
	}
	want := alert.Alert{
		ID: 1, ViolationID: 1, Kind: rules.KindWord, RuleName: "私下交易", To: "mei", State: alert.StateSent, Attempt: 1,
		CreatedAt: first[0].CreatedAt, SentAt: d.clock,
	}
	if diff := cmp.Diff(want, first[0]); diff != "" {
		t.Errorf("alert (-want +got):\n%s", diff)
	}
}

// counts tells how often each stands in all: alerts of one violation have no
// order of their own.
func counts(all []string) map[string]int {
	n := map[string]int{}
	for _, s := range all {
		n[s]++
	}
	return n
}
