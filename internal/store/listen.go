package store

import (
	"context"
	"log/slog"
	"time"

	"github.com/lib/pq"
)

// Notification is what came in on a channel of NOTIFY.
type Notification struct {
	Channel string
	Payload string // "" at the start and after a lost connection: some may have been missed
}

// Times of a listener's connection.
const (
	listenMinWait = 100 * time.Millisecond // before connecting again
	listenMaxWait = 10 * time.Second
	listenPing    = 30 * time.Second // finds out that a silent connection is dead
	listenSilence = 75 * time.Second // each ping is answered
)

// Listen passes notifications of the channels to f, one after the other, until
// ctx ends. Its connection is its own and is made again when it breaks. f gets
// an empty notification of each channel at the start and after each break.
func (db *DB) Listen(ctx context.Context, f func(Notification), channels ...string) error {
	l := pq.NewDialListener(dialer{listenSilence}, db.url, listenMinWait, listenMaxWait, func(_ pq.ListenerEventType, err error) {
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "database listener", "err", err)
		}
	})
	defer func() { _ = l.Close() }()
	// Listen waits for the connection; closing the listener ends the wait.
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for _, c := range channels {
		if err := l.Listen(c); err != nil {
			return wrap(ctx, "listen on "+c, err)
		}
	}
	missed := func() {
		for _, c := range channels {
			f(Notification{Channel: c})
		}
	}
	missed()
	return relay(ctx, l, f, missed)
}

func relay(ctx context.Context, l *pq.Listener, f func(Notification), missed func()) error {
	ping := time.NewTicker(listenPing)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ping.C:
			go func() { _ = l.Ping() }() // may wait for a dead connection; ends with the listener
		case n, open := <-l.Notify:
			switch {
			case !open:
				return wrap(ctx, "listen", context.Canceled)
			case n == nil:
				missed()
			default:
				f(Notification{Channel: n.Channel, Payload: n.Extra})
			}
		}
	}
}
