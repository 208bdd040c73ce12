package alert

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"huicun/internal/access"
	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/rules"
)

// shelf keeps one alert, as the store does.
type shelf struct {
	job      Job
	wait     time.Duration // of the next attempts
	started  func()        // called when an attempt was committed
	startErr error
	finish   error
	ended    []Outcome
	ctxErr   error // of the context that FinishAttempt was called with
}

func (s *shelf) GetJob(_ context.Context, id int64) (Job, error) {
	if id != s.job.ID {
		return Job{}, fault.NotFound("alert")
	}
	return s.job, nil
}

func (s *shelf) StartAttempt(_ context.Context, _ int64, m Message, attempts int, _ []Limit, now time.Time) (Message, time.Duration, error) {
	if s.startErr != nil || s.wait > 0 {
		return m, s.wait, s.startErr
	}
	if attempts != s.job.Attempt {
		return m, 0, fault.Conflict("another attempt")
	}
	if s.job.State == StatePending {
		s.job.FirstSentAt = now
	}
	s.job.State = StateSending
	s.job.Attempt++
	if s.job.Message == nil {
		s.job.Message = &m
	}
	if s.started != nil {
		s.started()
	}
	return *s.job.Message, 0, nil
}

func (s *shelf) FinishAttempt(ctx context.Context, _ int64, n int, o Outcome) error {
	s.ctxErr = ctx.Err()
	if s.finish != nil {
		return s.finish
	}
	if n != s.job.Attempt {
		return nil
	}
	s.job.State, s.job.ErrorCode, s.job.Error = o.State, o.Code, o.Error
	s.ended = append(s.ended, o)
	return nil
}

func (s *shelf) FindAlerts(_ context.Context, sc access.Scope, violation, before int64, limit int) ([]Alert, error) {
	var found []Alert
	for id := int64(5); id >= 1 && len(found) < limit; id-- {
		if sc.ViewerID() != 0 && (before == 0 || id < before) && (violation == 0 || violation == id) {
			found = append(found, Alert{ID: id, ViolationID: id})
		}
	}
	return found, nil
}

// answer is what WeCom says to one message.
type answer struct {
	receipt Receipt
	err     error
}

// wecom gives answers in turn.
type wecom struct {
	answers []answer
	got     [][]byte // messages, as they would be written
}

func (w *wecom) Send(_ context.Context, m Message) (Receipt, error) {
	b, err := json.Marshal(m)
	if err != nil || len(w.answers) == 0 {
		return Receipt{}, errors.New("more messages than the test expects")
	}
	w.got = append(w.got, b)
	a := w.answers[0]
	w.answers = w.answers[1:]
	return a.receipt, a.err
}

func wordJob() Job {
	text := "回扣给您"
	return Job{
		Alert:  Alert{ID: 7, ViolationID: 3, State: StatePending, CreatedAt: begin},
		UserID: "SuYating", InScope: true,
		Violation: rules.Violation{
			ID: 3, Kind: rules.KindWord, RuleName: "私下转账", Sender: "lin", Receiver: "wm1", ConvID: 5, MessageID: "m-1",
			OccurredAt: begin, Evidence: text, Spans: []rules.Span{{Start: 0, End: 6}},
		},
		Names: map[string]directory.Person{"lin": {ID: "lin", Name: "林晓雨"}, "wm1": {ID: "wm1", Name: "陈先生"}},
	}
}

func retry(after time.Duration) answer {
	return answer{err: &SendError{Class: ClassRetry, Code: -1, RetryAfter: after, Err: errors.New("busy")}}
}

var (
	taken   = answer{receipt: Receipt{MsgID: "msg1"}}
	lost    = answer{err: errors.New("connection reset")}
	unknown = answer{err: &SendError{Class: ClassUnknown, Err: errors.New("timed out")}}
	refused = answer{err: &SendError{Class: ClassRefused, Code: 81013, Err: errors.New("no receiver")}}
)
