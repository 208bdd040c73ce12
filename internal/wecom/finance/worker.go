package finance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

const (
	maxAttempts  = 3 // of one call whose helper dies
	firstBackoff = 50 * time.Millisecond
	maxBackoff   = 30 * time.Second
	inputBackoff = 50 * time.Millisecond // at most, after a crash that a message caused
	stopGrace    = 2 * time.Second
	tokenPause   = 60 * time.Second // between two renewals
	decryptLimit = 60 * time.Second // of one request, which needs no network
)

// worker keeps one helper process alive. Whoever has taken it from the pool is
// its only user.
type worker struct {
	name    string
	command []string
	setup   setup
	log     *slog.Logger
	grant   *grant // nil without a relay
	now     func() time.Time
	patient time.Duration // how long decryption may take

	proc      *process // nil when none is running
	failures  int      // processes that died in a row
	notBefore time.Time

	renewedAt time.Time // when its token was last refused and the handle renewed
}

// ready returns a running helper, after the back-off that earlier crashes ask
// for.
func (w *worker) ready(ctx context.Context) (*process, error) {
	if w.proc != nil {
		return w.proc, nil
	}
	if err := pause(ctx, w.notBefore.Sub(w.now())); err != nil {
		return nil, err
	}
	p, err := startProcess(ctx, w.command, &stderrLog{log: w.log, worker: w.name})
	if err != nil {
		return nil, configError("the helper process does not start: %v", err)
	}
	limited, cancel := w.deadline(ctx, doInit)
	defer cancel()
	if err := p.initialise(limited, w.setup); err != nil {
		p.stop(stopGrace)
		if errors.Is(err, errHung) {
			err = &errDied{how: "it did not start in time"}
		}
		return nil, err
	}
	w.proc = p
	w.log.DebugContext(ctx, "sdk helper started", "worker", w.name, "pid", p.cmd.Process.Pid)
	return p, nil
}

// pause waits, or returns why it was interrupted.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errHung ends a call that outlives the SDK's own time limits by far.
var errHung = &Error{Op: "helper", Class: ClassRetry, Reason: "the SDK does not come back"}

// deadline bounds a call: the SDK applies its timeout to the token and to the
// request proper, one after the other.
func (w *worker) deadline(ctx context.Context, op uint64) (context.Context, context.CancelFunc) {
	limit := 2*time.Duration(w.setup.Seconds)*time.Second + 15*time.Second
	if op == doDecrypt || op == doCareful {
		limit = w.patient
	}
	return context.WithTimeoutCause(ctx, limit, errHung)
}

// try makes one call in one process.
func (w *worker) try(ctx context.Context, q request, n int, got func(int, reply)) error {
	p, err := w.ready(ctx)
	if err != nil {
		w.died(ctx, err, maxBackoff)
		return err
	}
	limited, cancel := w.deadline(ctx, q.Op)
	defer cancel()
	progress := 0
	err = p.call(limited, q, n, func(i int, r reply) { progress++; got(i, r) })
	if progress > 0 {
		w.failures = 0
	}
	if err != nil {
		w.proc = nil
		w.died(ctx, err, backoffLimit(q.Op))
	}
	return err
}

// backoffLimit is short for messages: each bad one of a page ends two processes
// and must not hold up the others.
func backoffLimit(op uint64) time.Duration {
	if op == doDecrypt || op == doCareful {
		return inputBackoff
	}
	return maxBackoff
}

// died counts a failure of the process and sets the back-off. A process ended
// because its caller went away is no failure.
func (w *worker) died(ctx context.Context, err error, limit time.Duration) {
	if ctx.Err() != nil {
		return
	}
	w.failures++
	var d time.Duration
	if w.failures > 1 { // once may happen
		d = min(firstBackoff<<min(w.failures-2, 16), limit)
	}
	w.notBefore = w.now().Add(d)
	w.log.WarnContext(ctx, "sdk helper ended", "worker", w.name, "failures", w.failures, "retry_in", d, "err", err)
}

func isDied(err error) bool {
	var died *errDied
	return errors.As(err, &died)
}

// call makes one call with one reply, again in a new process when the first one
// dies: all calls only read.
func (w *worker) call(ctx context.Context, op string, q request) (reply, error) {
	var r reply
	var err error
	for range maxAttempts {
		err = w.try(ctx, q, 1, func(_ int, got reply) { r = got })
		if !isDied(err) {
			break
		}
	}
	if isDied(err) {
		return r, &Error{
			Op: op, Class: ClassRetry, Err: ErrCrashed,
			Reason: fmt.Sprintf("%d times in a row (%v)", maxAttempts, err),
		}
	}
	return r, err
}

// decrypt opens items and returns how many results came; fewer than all only
// with an error. op is doDecrypt or doCareful.
func (w *worker) decrypt(ctx context.Context, op uint64, items []Sealed, results []Opened) (int, error) {
	n := 0
	err := w.try(ctx, request{Op: op, Items: items}, len(items), func(i int, r reply) {
		results[i] = opened(r)
		n++
	})
	return n, err
}

// opened is the result of one message.
func opened(r reply) Opened {
	if r.Code != 0 {
		return Opened{Err: codeError(opDecryptData, r.Code)}
	}
	return Opened{Data: r.Data}
}

// decryptAll opens all items, whatever they do to the helper. When it dies, what
// had not come back yet is opened carefully.
func (w *worker) decryptAll(ctx context.Context, items []Sealed, results []Opened) error {
	if len(items) == 0 {
		return nil
	}
	n, err := w.decrypt(ctx, doDecrypt, items, results)
	if n == len(items) {
		return nil
	}
	if !crashed(err) {
		return startError(err)
	}
	return w.decryptCarefully(ctx, items[n:], results[n:])
}

// decryptCarefully knows on which item the helper dies: that is tried once more
// alone and then given up, the others go on.
func (w *worker) decryptCarefully(ctx context.Context, items []Sealed, results []Opened) error {
	for len(items) > 0 {
		n, err := w.decrypt(ctx, doCareful, items, results)
		if n == len(items) {
			return nil
		}
		if !crashed(err) {
			return startError(err)
		}
		items, results = items[n:], results[n:]
		n, err = w.decrypt(ctx, doCareful, items[:1], results[:1])
		if n == 0 && !crashed(err) {
			return startError(err)
		}
		if n == 0 {
			w.log.WarnContext(ctx, "sdk helper dies on a message", "worker", w.name)
			results[0] = Opened{Err: &Error{Op: opDecryptData, Class: ClassPermanent, Err: ErrCrashed}}
		}
		items, results = items[1:], results[1:]
	}
	return nil
}

// crashed reports whether the library ended a process that had been started
// well, or did not come back: then the input may be to blame.
func crashed(err error) bool {
	var died *errDied
	return errors.As(err, &died) && died.started || errors.Is(err, errHung)
}

// close ends the helper.
func (w *worker) close() {
	if w.proc != nil {
		w.proc.stop(stopGrace)
		w.proc = nil
	}
}
