package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"huicun/internal/fault"
	"huicun/internal/outbox"
)

// noRepeat is how far WeCom's duplicate check looks back, its maximum. A
// repeat may not come later than resendWithin after the first attempt.
const (
	noRepeat      = 4 * time.Hour
	resendWithin  = noRepeat - 10*time.Minute
	resendAfter   = 5 * time.Second  // a lost answer is asked for again so soon,
	resendLongest = 10 * time.Minute // then after twice that, up to so long
	recordTimeout = 10 * time.Second

	// sendWithin bounds a call from its attempt's beginning: it is over before
	// the outbox gives the alert of a worker that stands still to another one.
	sendWithin = time.Minute
)

// Push is the outbox handler of KindPush and KindNotice. The attempt is
// committed before the call, so that a crash in between shows as a lost answer.
func (s *Service) Push(ctx context.Context, item outbox.Item) error {
	var args struct {
		AlertID int64 `json:"alert_id"`
	}
	if err := json.Unmarshal(item.Args, &args); err != nil || args.AlertID <= 0 {
		return outbox.Permanent(errors.New("push: args have no alert_id"))
	}
	job, err := s.Store.GetJob(ctx, args.AlertID)
	if fault.Is(err, fault.CodeNotFound) {
		return outbox.Permanent(err)
	}
	if err != nil {
		return fmt.Errorf("push alert %d: %w", args.AlertID, err)
	}
	if job.State != StatePending && job.State != StateSending {
		return nil // done before
	}
	if o, ok := s.refuse(job); ok {
		return s.record(ctx, job.ID, job.Attempt, o)
	}
	return s.send(ctx, item, job)
}

// send makes one attempt.
func (s *Service) send(ctx context.Context, item outbox.Item, job Job) error {
	m, began := s.message(job), s.now()
	m, wait, err := s.Store.StartAttempt(ctx, job.ID, m, job.Attempt, Pace, began)
	if fault.Is(err, fault.CodeConflict) {
		return outbox.Snooze(resendAfter) // another worker is at it: see later what became of it
	}
	if err != nil {
		return fmt.Errorf("push alert %d: %w", job.ID, err)
	}
	if wait > 0 {
		return outbox.Snooze(wait)
	}
	left := sendWithin - s.now().Sub(began)
	if left <= 0 { // the process stood still: others may have sent it long ago
		if err := s.record(ctx, job.ID, job.Attempt+1, Outcome{State: job.State, Code: job.ErrorCode, Error: job.Error}); err != nil {
			return err
		}
		return outbox.Snooze(resendAfter)
	}
	sctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	receipt, err := s.Sender.Send(sctx, m)
	return s.settle(ctx, item, job, receipt, err)
}

// refuse tells what must not be sent any more, and why. An alert found in state
// sending may have arrived: it is repeated inside the duplicate window only.
func (s *Service) refuse(job Job) (Outcome, bool) {
	lost := job.State == StateSending
	switch {
	case lost && s.now().Sub(job.FirstSentAt) > resendWithin:
		return lostForGood(job, ""), true
	case lost && (job.Disabled || !job.InScope):
		return lostForGood(job, "the viewer may not see it any more"), true
	case job.Disabled:
		return Outcome{State: StateRefused, Error: "the account is disabled"}, true
	case !job.InScope:
		return Outcome{State: StateRefused, Error: "out of scope"}, true
	}
	return Outcome{}, false
}

// lostForGood says what is known of an alert whose answers were all lost.
func lostForGood(job Job, why string) Outcome {
	o := Outcome{State: StateUnknown, Code: job.ErrorCode, Error: fmt.Sprintf("WeCom's answer was lost in %d attempts", job.Attempt)}
	if job.Attempt == 1 {
		o.Error = "WeCom's answer was lost"
	}
	for _, more := range []string{job.Error, why} {
		if more != "" {
			o.Error += "; " + more
		}
	}
	return o
}

// settle records the answer and says what comes next.
func (s *Service) settle(ctx context.Context, item outbox.Item, job Job, receipt Receipt, sendErr error) error {
	attempt := job.Attempt + 1
	if sendErr == nil {
		o := Outcome{State: StateSent, MsgID: receipt.MsgID, At: s.now()}
		if receipt.Invalid {
			o = Outcome{State: StateRefused, MsgID: receipt.MsgID, Error: "the receiver is unknown to WeCom or out of the app's range"}
		}
		return s.record(ctx, job.ID, attempt, o)
	}
	failure, ok := errors.AsType[*SendError](sendErr)
	if !ok {
		failure = &SendError{Class: ClassUnknown, Err: sendErr}
	}
	slog.WarnContext(ctx, "alert not sent", "alert", job.ID, "attempt", attempt, "class", failure.Class.String(), "code", failure.Code, "err", failure)
	switch failure.Class {
	case ClassRefused:
		return s.record(ctx, job.ID, attempt, Outcome{State: StateRefused, Code: failure.Code, Error: failure.Error()})
	case ClassRetry:
		return s.again(ctx, item, job, failure)
	case ClassUnknown:
	}
	// State sending stands: it is asked for again as long as WeCom would notice
	// the repeat.
	if err := s.record(ctx, job.ID, attempt, Outcome{State: StateSending, Code: failure.Code, Error: failure.Error()}); err != nil {
		return err
	}
	return outbox.Snooze(resendPause(attempt))
}

// resendPause is how long to wait after so many attempts.
func resendPause(attempts int) time.Duration {
	const doublings = 7 // beyond them it is longer than the longest
	return min(resendAfter<<min(max(attempts-1, 0), doublings), resendLongest)
}

// again puts an alert back that WeCom did not take. One whose earlier answer
// was lost stays in state sending: it may have arrived then.
func (s *Service) again(ctx context.Context, item outbox.Item, job Job, failure *SendError) error {
	o := Outcome{State: job.State, Code: failure.Code, Error: failure.Error()}
	last := job.State == StatePending && item.MaxAttempts > 0 && item.Attempt >= item.MaxAttempts
	if last {
		o.State = StateFailed
	}
	if err := s.record(ctx, job.ID, job.Attempt+1, o); err != nil || last {
		return err
	}
	switch {
	case job.State == StateSending:
		return outbox.Snooze(max(failure.RetryAfter, resendPause(job.Attempt+1)))
	case failure.RetryAfter > 0:
		return outbox.Snooze(failure.RetryAfter)
	}
	return fmt.Errorf("push alert %d: %w", job.ID, failure)
}

// record writes the outcome of attempt n also when the program is being
// stopped.
func (s *Service) record(ctx context.Context, id int64, n int, o Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := s.Store.FinishAttempt(ctx, id, n, o); err != nil {
		return fmt.Errorf("record alert %d: %w", id, err)
	}
	return nil
}
