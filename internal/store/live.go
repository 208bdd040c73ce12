package store

import (
	"context"
	"encoding/json"
	"log/slog"

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

// ListenLive calls on with the numbers of each notice of new batches and
// violations, until ctx ends; one of the two is 0. After a lost connection, and
// at the start, it calls on(0, 0): notices may have been missed.
func (db *DB) ListenLive(ctx context.Context, on func(batchID, violationID int64)) error {
	return db.Listen(ctx, func(n Notification) { on(liveNotice(ctx, n.Payload)) }, ChannelLive)
}

// liveNotice reads a notice; an empty one says that some may have been missed.
func liveNotice(ctx context.Context, text string) (batchID, violationID int64) {
	if text == "" {
		return 0, 0
	}
	var payload struct {
		BatchID     int64 `json:"batch_id"`
		ViolationID int64 `json:"violation_id"`
	}
	if err := json.Unmarshal([]byte(text), &payload); err != nil {
		slog.WarnContext(ctx, "live notice not understood", "bytes", len(text))
	}
	return payload.BatchID, payload.ViolationID
}
