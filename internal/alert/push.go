package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"huicun/internal/fault"
	"huicun/internal/outbox"
)

// noRepeat is how far WeCom's duplicate check looks back, its maximum. A
// repeat may not come later than resendWithin after the first attempt.
const (
	noRepeat      = 4 * time.Hour
	resendWithin  = noRepeat - 10*time.Minute
	resendAfter   = 5 * time.Second // a lost answer is asked for again so soon
	recordTimeout = 10 * time.Second
)

// Push is the outbox handler of KindPush. The attempt is committed before the
// call, so that a crash in between shows as a lost answer.
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
		return s.record(ctx, job.ID, o)
	}
	m := s.message(job)
	if job.Message != nil {
		m = *job.Message
	}
	m, wait, err := s.Store.StartAttempt(ctx, job.ID, m, job.State == StateSending, Pace, s.now())
	if fault.Is(err, fault.CodeConflict) {
		return outbox.Snooze(resendAfter) // another worker is at it: see later what became of it
	}
	if err != nil {
		return fmt.Errorf("push alert %d: %w", job.ID, err)
	}
	if wait > 0 {
		return outbox.Snooze(wait)
	}
	receipt, err := s.Sender.Send(ctx, m)
	return s.settle(ctx, item, job, receipt, err)
}

// refuse tells what must not be sent any more, and why. An alert found in state
// sending may have arrived: it is repeated once, inside the duplicate window.
func (s *Service) refuse(job Job) (Outcome, bool) {
	lost := job.State == StateSending
	switch {
	case lost && (job.Resent || s.now().Sub(job.FirstSentAt) > resendWithin):
		return Outcome{State: StateUnknown, Error: "WeCom's answer was lost"}, true
	case lost && (job.Disabled || !job.InScope):
		return Outcome{State: StateUnknown, Error: "WeCom's answer was lost; the viewer may not see it any more"}, true
	case job.Disabled:
		return Outcome{State: StateRefused, Error: "the account is disabled"}, true
	case !job.InScope:
		return Outcome{State: StateRefused, Error: "out of scope"}, true
	}
	return Outcome{}, false
}

// settle records the answer and says what comes next.
func (s *Service) settle(ctx context.Context, item outbox.Item, job Job, receipt Receipt, sendErr error) error {
	if sendErr == nil {
		o := Outcome{State: StateSent, MsgID: receipt.MsgID, At: s.now()}
		if receipt.Invalid {
			o = Outcome{State: StateRefused, MsgID: receipt.MsgID, Error: "the receiver is unknown to WeCom or out of the app's range"}
		}
		return s.record(ctx, job.ID, o)
	}
	failure, ok := errors.AsType[*SendError](sendErr)
	if !ok {
		failure = &SendError{Class: ClassUnknown, Err: sendErr}
	}
	switch failure.Class {
	case ClassRefused:
		return s.record(ctx, job.ID, Outcome{State: StateRefused, Code: failure.Code, Error: failure.Error()})
	case ClassRetry:
		return s.again(ctx, item, job, failure)
	case ClassUnknown:
	}
	if job.State == StateSending { // the repeat was lost too
		return s.record(ctx, job.ID, Outcome{State: StateUnknown, Code: failure.Code, Error: failure.Error()})
	}
	return outbox.Snooze(resendAfter) // state sending stands: an answer was lost
}

// again puts an alert back that WeCom did not take. One whose earlier answer
// was lost stays in state sending: it may have arrived then.
func (s *Service) again(ctx context.Context, item outbox.Item, job Job, failure *SendError) error {
	o := Outcome{State: job.State, Code: failure.Code, Error: failure.Error()}
	last := item.MaxAttempts > 0 && item.Attempt >= item.MaxAttempts
	if last {
		o.State = StateFailed
		if job.State == StateSending {
			o.State = StateUnknown
		}
	}
	if err := s.record(ctx, job.ID, o); err != nil || last {
		return err
	}
	if failure.RetryAfter > 0 {
		return outbox.Snooze(failure.RetryAfter)
	}
	return fmt.Errorf("push alert %d: %w", job.ID, failure)
}

// record writes an outcome also when the program is being stopped.
func (s *Service) record(ctx context.Context, id int64, o Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := s.Store.FinishAttempt(ctx, id, o); err != nil {
		return fmt.Errorf("record alert %d: %w", id, err)
	}
	return nil
}
