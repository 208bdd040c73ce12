package alert

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/cursor"
	"huicun/internal/fault"
	"huicun/internal/outbox"
)

var begin = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func TestPush(t *testing.T) {
	const (
		pace     = "snoozed for 40s"
		soon     = "snoozed for 5s"
		later    = "snoozed for 10s"
		failing  = "push alert 7: busy"
		attempts = 20
	)
	for _, tt := range []struct {
		name    string
		prepare func(*shelf)
		answers []answer
		attempt int      // of the outbox item, at the first run
		runs    []string // errors of the runs; "" is done
		state   State
		code    int
		reason  string
		sent    int // messages
	}{
		{name: "sent", answers: []answer{taken}, runs: []string{"", ""}, state: StateSent, sent: 1},
		{name: "not taken twice, then sent", answers: []answer{retry(0), retry(0), taken}, runs: []string{failing, failing, ""}, state: StateSent, sent: 3},
		{name: "not before WeCom's pause", answers: []answer{retry(40 * time.Second), taken}, runs: []string{pace, ""}, state: StateSent, sent: 2},
		{name: "never taken", answers: []answer{retry(0), retry(0)}, attempt: attempts - 1, runs: []string{failing, "", ""}, state: StateFailed, code: -1, reason: "busy", sent: 2},
		{name: "never taken for its pause", answers: []answer{retry(time.Hour)}, attempt: attempts, runs: []string{"", ""}, state: StateFailed, code: -1, reason: "busy", sent: 1},
		{name: "refused", answers: []answer{refused}, runs: []string{"", ""}, state: StateRefused, code: 81013, reason: "no receiver", sent: 1},
		{
			name: "unknown receiver", answers: []answer{{receipt: Receipt{MsgID: "m", Invalid: true}}}, runs: []string{"", ""},
			state: StateRefused, reason: "the receiver is unknown to WeCom or out of the app's range", sent: 1,
		},
		{name: "lost answer, then sent", answers: []answer{lost, taken}, runs: []string{soon, "", ""}, state: StateSent, sent: 2},
		{name: "lost twice, then sent", answers: []answer{unknown, lost, taken}, runs: []string{soon, later, "", ""}, state: StateSent, sent: 3},
		{
			name: "lost twice so far", answers: []answer{unknown, lost}, runs: []string{soon, later},
			state: StateSending, reason: "connection reset", sent: 2,
		},
		{name: "lost, then not taken, then sent", answers: []answer{lost, retry(0), taken}, runs: []string{soon, later, ""}, state: StateSent, sent: 3},
		{
			name: "lost, then not taken in the last run of the item", answers: []answer{lost, retry(time.Hour)}, attempt: attempts,
			runs: []string{soon, "snoozed for 1h0m0s"}, state: StateSending, code: -1, reason: "busy", sent: 2,
		},
		{name: "lost, then refused", answers: []answer{lost, refused}, runs: []string{soon, ""}, state: StateRefused, code: 81013, reason: "no receiver", sent: 2},
		{name: "too many to one member", prepare: func(s *shelf) { s.wait = 40 * time.Second }, runs: []string{pace}, state: StatePending},
		{
			name: "another worker has it", prepare: func(s *shelf) { s.startErr = fault.Conflict("taken") }, runs: []string{soon}, state: StatePending,
		},
		{
			name: "the database is down", prepare: func(s *shelf) { s.startErr = errors.New("down") }, runs: []string{"push alert 7: down"}, state: StatePending,
		},
		{
			name: "disabled account", prepare: func(s *shelf) { s.job.Disabled = true }, runs: []string{"", ""},
			state: StateRefused, reason: "the account is disabled",
		},
		{
			name: "out of scope", prepare: func(s *shelf) { s.job.InScope = false }, runs: []string{"", ""},
			state: StateRefused, reason: "out of scope",
		},
		{
			name: "out of scope after a lost answer", prepare: func(s *shelf) {
				s.job.State, s.job.Attempt, s.job.FirstSentAt, s.job.InScope = StateSending, 1, begin, false
			}, runs: []string{""}, state: StateUnknown, reason: "WeCom's answer was lost; the viewer may not see it any more",
		},
		{
			name: "crash in the call", prepare: func(s *shelf) {
				s.job.State, s.job.Attempt, s.job.FirstSentAt = StateSending, 1, begin.Add(-3*time.Hour)
			},
			answers: []answer{taken}, runs: []string{"", ""}, state: StateSent, sent: 1,
		},
		{
			name: "crash in the call, found too late", prepare: func(s *shelf) {
				s.job.State, s.job.Attempt, s.job.FirstSentAt = StateSending, 1, begin.Add(-4*time.Hour)
			},
			runs: []string{""}, state: StateUnknown, reason: "WeCom's answer was lost",
		},
		{
			name: "lost again and again", prepare: func(s *shelf) {
				s.job.State, s.job.Attempt, s.job.FirstSentAt, s.job.Error = StateSending, 30, begin.Add(-4*time.Hour), "connection reset"
			},
			runs: []string{""}, state: StateUnknown, reason: "WeCom's answer was lost in 30 attempts; connection reset",
		},
		{
			name: "crash in the repeat", prepare: func(s *shelf) {
				s.job.State, s.job.Attempt, s.job.FirstSentAt = StateSending, 2, begin.Add(-time.Hour)
			},
			answers: []answer{taken}, runs: []string{"", ""}, state: StateSent, sent: 1,
		},
		{name: "done before", prepare: func(s *shelf) { s.job.State = StateFailed }, runs: []string{""}, state: StateFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st, wc := &shelf{job: wordJob()}, &wecom{answers: tt.answers}
			if tt.prepare != nil {
				tt.prepare(st)
			}
			s := &Service{Store: st, Sender: wc, PublicURL: "https://huicun.example.com", Now: func() time.Time { return begin }}
			var runs []string
			for i := range tt.runs {
				err := s.Push(t.Context(), outbox.Item{Args: []byte(`{"alert_id":7}`), Attempt: max(tt.attempt, 1) + i, MaxAttempts: attempts})
				runs = append(runs, text(err))
				st.job.Violation.Evidence += "!" // what a new card would say is never sent
			}
			if diff := cmp.Diff(tt.runs, runs); diff != "" {
				t.Errorf("runs (-want +got):\n%s", diff)
			}
			got := Alert{State: st.job.State, ErrorCode: st.job.ErrorCode, Error: st.job.Error}
			if diff := cmp.Diff(Alert{State: tt.state, ErrorCode: tt.code, Error: tt.reason}, got); diff != "" {
				t.Errorf("alert (-want +got):\n%s", diff)
			}
			if len(wc.got) != tt.sent {
				t.Fatalf("%d messages, want %d", len(wc.got), tt.sent)
			}
			for _, m := range wc.got {
				if diff := cmp.Diff(string(wc.got[0]), string(m)); diff != "" {
					t.Errorf("a repeat differs:\n%s", diff)
				}
			}
		})
	}
}

// A repeat is tried for as long as WeCom notices that it is one, and no longer.
func TestRepeatsUseTheWholeWindow(t *testing.T) {
	clock := begin
	st, wc := &shelf{job: wordJob()}, &wecom{}
	s := &Service{Store: st, Sender: wc, Now: func() time.Time { return clock }}
	for st.job.State == StatePending || st.job.State == StateSending {
		wc.answers = []answer{lost}
		last := clock.Sub(begin)
		err := s.Push(t.Context(), outbox.Item{Args: []byte(`{"alert_id":7}`), Attempt: 1, MaxAttempts: 20})
		if err == nil {
			break
		}
		pause, perr := time.ParseDuration(strings.TrimPrefix(err.Error(), "snoozed for "))
		if perr != nil {
			t.Fatal(err)
		}
		if last >= noRepeat {
			t.Fatalf("a repeat came %v after the first attempt", last)
		}
		clock = clock.Add(pause)
	}
	want := Alert{State: StateUnknown, Attempt: 29, Error: "WeCom's answer was lost in 29 attempts; connection reset"}
	got := Alert{State: st.job.State, Attempt: st.job.Attempt, Error: st.job.Error}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alert (-want +got):\n%s", diff)
	}
}

// A worker that stood still between the attempt's record and the call does not
// send: somebody else may have sent it hours ago.
func TestPushThatStoodStill(t *testing.T) {
	for _, tt := range []struct {
		name  string
		other bool // another worker has begun an attempt since
		want  Alert
	}{
		{"nobody else has it", false, Alert{State: StatePending, Attempt: 1}},
		{"another worker has it", true, Alert{State: StateSending, Attempt: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := begin
			st, wc := &shelf{job: wordJob()}, &wecom{}
			st.started = func() {
				clock = clock.Add(5 * time.Hour)
				if tt.other {
					st.job.Attempt++
				}
			}
			s := &Service{Store: st, Sender: wc, Now: func() time.Time { return clock }}
			if err := s.Push(t.Context(), outbox.Item{Args: []byte(`{"alert_id":7}`), Attempt: 1}); text(err) != "snoozed for 5s" {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, Alert{State: st.job.State, Attempt: st.job.Attempt}); diff != "" {
				t.Errorf("alert (-want +got):\n%s", diff)
			}
			if len(wc.got) != 0 {
				t.Errorf("%d messages were sent", len(wc.got))
			}
		})
	}
}

// slow is a WeCom that does not answer.
type slow struct{ left time.Duration }

func (s *slow) Send(ctx context.Context, _ Message) (Receipt, error) {
	end, _ := ctx.Deadline()
	s.left = time.Until(end)
	return Receipt{}, context.DeadlineExceeded
}

func TestPushEndsBeforeTheOutboxGivesItAway(t *testing.T) {
	wc := &slow{}
	s := &Service{Store: &shelf{job: wordJob()}, Sender: wc, Now: func() time.Time { return begin }}
	_ = s.Push(t.Context(), outbox.Item{Args: []byte(`{"alert_id":7}`), Attempt: 1})
	if wc.left <= 0 || wc.left > sendWithin {
		t.Errorf("the call may last %v, want at most %v", wc.left, sendWithin)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPushRecordsTheReceipt(t *testing.T) {
	st := &shelf{job: wordJob()}
	s := &Service{Store: st, Sender: &wecom{answers: []answer{taken}}, Now: func() time.Time { return begin.In(shanghai) }}
	if err := s.Push(t.Context(), outbox.Item{Args: []byte(`{"alert_id":7}`)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Outcome{{State: StateSent, MsgID: "msg1", At: begin}}, st.ended); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// stopping is WeCom while the program is told to stop.
type stopping struct{ stop func() }

func (s stopping) Send(context.Context, Message) (Receipt, error) {
	s.stop()
	return Receipt{MsgID: "msg1"}, nil
}

func TestPushRecordsWhileTheProgramStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	st := &shelf{job: wordJob()}
	s := &Service{Store: st, Sender: stopping{stop}, Now: func() time.Time { return begin }}
	if err := s.Push(ctx, outbox.Item{Args: []byte(`{"alert_id":7}`)}); err != nil {
		t.Fatal(err)
	}
	if st.job.State != StateSent || st.ctxErr != nil {
		t.Errorf("state %s, recorded with a context that says %v", st.job.State, st.ctxErr)
	}
}

func TestPushThatCannotRecordRunsAgain(t *testing.T) {
	st, wc := &shelf{job: wordJob(), finish: errors.New("down")}, &wecom{answers: []answer{taken, taken}}
	s := &Service{Store: st, Sender: wc, Now: func() time.Time { return begin }}
	item := outbox.Item{Args: []byte(`{"alert_id":7}`)}
	if err := s.Push(t.Context(), item); text(err) != "record alert 7: down" {
		t.Errorf("error %v", err)
	}
	st.finish = nil
	if err := s.Push(t.Context(), item); err != nil || st.job.State != StateSent {
		t.Errorf("second run: state %s, %v", st.job.State, err)
	}
	if string(wc.got[0]) != string(wc.got[1]) {
		t.Error("WeCom cannot see that it is the same message")
	}
}

func TestPushOfNothing(t *testing.T) {
	s := &Service{Store: &shelf{job: wordJob()}}
	for _, args := range []string{``, `{}`, `[]`, `{"alert_id":-1}`, `{"alert_id":"7"}`, `{"alert_id":8}`} {
		err := s.Push(t.Context(), outbox.Item{Args: []byte(args)})
		if err == nil || errors.As(err, new(*SendError)) {
			t.Errorf("args %q: error %v", args, err)
		}
	}
}

func TestList(t *testing.T) {
	s := &Service{Store: &shelf{}}
	v := access.Viewer{ID: 4, Role: access.RoleViewer}
	var pages [][]int64
	for after, more := "", true; more; {
		page, err := s.List(t.Context(), v, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		var ids []int64
		for _, a := range page.Items {
			ids = append(ids, a.ID)
		}
		pages = append(pages, ids)
		after, more = page.Next, page.Next != ""
	}
	if diff := cmp.Diff([][]int64{{5, 4}, {3, 2}, {1}}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		cursor string
		limit  int
		field  string
	}{
		{"", -1, "limit"},
		{"", 101, "limit"},
		{"%%", 0, "cursor"},
		{"YWJj", 0, "cursor"},
		{cursor.Encode("violations", int64(3)), 0, "cursor"},
		{cursor.Encode(cursorList, int64(0)), 0, "cursor"},
		{cursor.Encode(cursorList, int64(-3)), 0, "cursor"},
	} {
		_, err := s.List(t.Context(), v, tt.cursor, tt.limit)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.CodeInvalid || f.Field != tt.field {
			t.Errorf("cursor %q, limit %d: error %v, want invalid %s", tt.cursor, tt.limit, err, tt.field)
		}
	}
	of, err := s.OfViolation(t.Context(), v, 3)
	if err != nil || len(of) != 1 || of[0].ViolationID != 3 {
		t.Errorf("OfViolation = %+v, %v", of, err)
	}
	if of, err = s.OfViolation(t.Context(), v, 0); err != nil || len(of) != 0 {
		t.Errorf("OfViolation of none = %+v, %v", of, err)
	}
}
