package store

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
)

const sqlLastViolationID = `SELECT COALESCE(max(id), 0) FROM violations`

// LastViolationID is the newest violation, of whomever.
func (db *DB) LastViolationID(ctx context.Context) (int64, error) {
	var id int64
	return id, wrap(ctx, "last violation", db.GetContext(ctx, &id, sqlLastViolationID))
}

// FindLiveViolations returns violations in scope with ids after one, in order.
func (db *DB) FindLiveViolations(ctx context.Context, s access.Scope, after int64, limit int) ([]archive.LiveViolation, error) {
	var b query
	text := `SELECT v.id, COALESCE(v.conv_id, 0) AS conv_id, COALESCE(CAST(v.message_id AS text), '') AS message_id, v.severity
FROM violations v WHERE v.id > ` + b.arg(after) + ` AND ` + b.violationInScope(s, "v.id") + ` ORDER BY v.id LIMIT ` + b.arg(limit)
	var found []archive.LiveViolation
	return found, wrap(ctx, "find live violations", db.SelectContext(ctx, &found, text, b.args...))
}

// Times of a listener's connection.
const (
	listenMinWait = 100 * time.Millisecond // before connecting again
	listenMaxWait = 10 * time.Second
	listenPing    = 30 * time.Second // finds out that a silent connection is dead
)

// ListenLive calls on with the numbers of each notice of new batches and
// violations, until ctx ends; one of the two is 0. After a lost connection, and
// at the start, it calls on(0, 0): notices may have been missed.
func (db *DB) ListenLive(ctx context.Context, on func(batchID, violationID int64)) error {
	l := pq.NewListener(db.URL(), listenMinWait, listenMaxWait, func(_ pq.ListenerEventType, err error) {
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "listener of live events", "err", err)
		}
	})
	defer func() { _ = l.Close() }()
	// Listen waits for the connection; closing the listener ends the wait.
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	if err := l.Listen(ChannelLive); err != nil {
		return wrap(ctx, "listen", err)
	}
	on(0, 0)
	return relay(ctx, l, on)
}

func relay(ctx context.Context, l *pq.Listener, on func(batchID, violationID int64)) error {
	ping := time.NewTicker(listenPing)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ping.C:
			go func() { _ = l.Ping() }() // may wait for a dead connection; ends with the listener
		case n, open := <-l.Notify:
			if !open {
				return wrap(ctx, "listen", context.Canceled)
			}
			on(liveNotice(ctx, n))
		}
	}
}

// liveNotice reads a notice; nil stands for a connection made again.
func liveNotice(ctx context.Context, n *pq.Notification) (batchID, violationID int64) {
	if n == nil {
		return 0, 0
	}
	var payload struct {
		BatchID     int64 `json:"batch_id"`
		ViolationID int64 `json:"violation_id"`
	}
	if err := json.Unmarshal([]byte(n.Extra), &payload); err != nil {
		slog.WarnContext(ctx, "live notice not understood", "bytes", len(n.Extra))
	}
	return payload.BatchID, payload.ViolationID
}
