package finance

import (
	"context"
	"sync"
)

// lifetime ties calls to the client that they were made on. Its zero value is
// ready.
type lifetime struct {
	mu     sync.Mutex
	ended  bool
	cancel map[*context.CancelCauseFunc]struct{} // of the calls in flight
	calls  sync.WaitGroup
}

// begin returns a ctx that also ends with the client, then with ErrClosed as its
// cause, and what to call when the call is over.
func (l *lifetime) begin(ctx context.Context) (context.Context, func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil, nil, ErrClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	if l.cancel == nil {
		l.cancel = map[*context.CancelCauseFunc]struct{}{}
	}
	l.cancel[&cancel] = struct{}{}
	l.calls.Add(1)
	return ctx, func() {
		l.mu.Lock()
		delete(l.cancel, &cancel)
		l.mu.Unlock()
		cancel(nil)
		l.calls.Done()
	}, nil
}

// end refuses new calls, ends those in flight and waits for them.
func (l *lifetime) end() {
	l.mu.Lock()
	l.ended = true
	for cancel := range l.cancel {
		(*cancel)(ErrClosed)
	}
	l.mu.Unlock()
	l.calls.Wait()
}
