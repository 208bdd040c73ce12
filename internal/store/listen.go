package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/lib/pq"
)

// Notification is what came in on a channel of NOTIFY.
type Notification struct {
	Channel string
	Payload string // "" also after the connection was lost: anything may have been missed
}

// Listen passes notifications of the channels to f, one after the other, until
// ctx ends. The connection is its own and is re-made when it breaks; f then
// gets an empty notification for each channel.
func (db *DB) Listen(ctx context.Context, f func(Notification), channels ...string) error {
	report := func(_ pq.ListenerEventType, err error) {
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "database listener", "err", err)
		}
	}
	l := pq.NewListener(db.url, 100*time.Millisecond, 10*time.Second, report)
	defer func() { _ = l.Close() }()
	for _, c := range channels {
		if err := l.Listen(c); err != nil {
			return fmt.Errorf("listen on %s: %w", c, err)
		}
	}
	ping := time.NewTicker(time.Minute)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case n := <-l.Notify:
			if n == nil { // connection re-made
				for _, c := range channels {
					f(Notification{Channel: c})
				}
				continue
			}
			f(Notification{Channel: n.Channel, Payload: n.Extra})
		case <-ping.C:
			if err := l.Ping(); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "database listener", "err", err)
			}
		}
	}
}
