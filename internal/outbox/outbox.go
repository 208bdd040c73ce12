// Package outbox runs durable follow-up work: items written in the transaction
// that causes them, claimed by any replica, retried until done. Handlers must
// be idempotent: an item whose worker dies is run again.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// New is an item to be written. Kind is a constant beside its handler; Args
// are small: ids, not copies of data.
type New struct {
	Kind      string
	Args      any
	UniqueKey string    // "" for none; an item with a key that exists already is not written again
	At        time.Time // not before; zero: at once
}

// Item is a claimed piece of work.
type Item struct {
	ID          int64           `db:"id"`
	Kind        string          `db:"kind"`
	Args        json.RawMessage `db:"args"`
	Attempt     int             `db:"attempt"` // 1 at the first run
	MaxAttempts int             `db:"max_attempts"`
}

// permanentError is a failure that no retry can mend.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent tells the runner to discard the item and keep err.
func Permanent(err error) error { return &permanentError{err} }

// snooze asks for a later run that does not count as a failure.
type snooze struct{ d time.Duration }

func (s *snooze) Error() string { return "snoozed for " + s.d.String() }

// Snooze tells the runner to run the item again after d, without counting the
// attempt.
func Snooze(d time.Duration) error { return &snooze{d} }

// Outcome is what becomes of an item after its handler ran.
type Outcome struct {
	State string        // StateCompleted, StateRetryable or StateDiscarded
	After time.Duration // StateRetryable: next run, counted by the database's clock
	Error string        // kept with the item; "" when it went well
	Count bool          // whether the attempt counts
}

// States of an item.
const (
	StateAvailable = "available" // written, not yet run
	StateRunning   = "running"   // claimed by a worker
	StateRetryable = "retryable" // failed or put back; runs again when due
	StateCompleted = "completed" // done
	StateDiscarded = "discarded" // given up; for the operator
)

// outcome decides what becomes of item after its handler returned err. stop
// says that the runner is being stopped: an item that gave up for that reason goes
// back uncounted.
func outcome(item Item, err error, stop bool) Outcome {
	var perm *permanentError
	var later *snooze
	switch {
	case err == nil:
		return Outcome{State: StateCompleted, Count: true}
	case errors.As(err, &later):
		return Outcome{State: StateRetryable, After: later.d}
	case stop && errors.Is(err, context.Canceled):
		return Outcome{State: StateRetryable}
	case errors.As(err, &perm):
		return Outcome{State: StateDiscarded, Error: err.Error(), Count: true}
	case item.Attempt >= item.MaxAttempts:
		return Outcome{State: StateDiscarded, Error: err.Error(), Count: true}
	default:
		return Outcome{State: StateRetryable, After: backoff(item.Attempt), Error: err.Error(), Count: true}
	}
}

// backoff grows from 1 second by doubling to 10 minutes.
func backoff(attempt int) time.Duration {
	const longest = 10 * time.Minute
	if attempt > 10 {
		return longest
	}
	return min(longest, time.Second<<(attempt-1))
}
