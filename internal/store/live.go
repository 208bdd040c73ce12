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
	st, err := db.prepared(ctx, text) // every open chat asks this for each violation
	if err != nil {
		return nil, err
	}
	var found []archive.LiveViolation
	return found, wrap(ctx, "find live violations", st.SelectContext(ctx, &found, b.args...))
}

// ListenLive calls on with each notice of new batches and violations, of
// changed accounts and of files, until ctx ends. After a lost connection, and at the start,
// it calls on with an empty one: notices may have been missed.
func (db *DB) ListenLive(ctx context.Context, on func(archive.LiveNotice)) error {
	return db.Listen(ctx, func(n Notification) { on(liveNotice(ctx, n.Payload)) }, ChannelLive)
}

// liveNotice reads a notice; an empty one says that some may have been missed.
func liveNotice(ctx context.Context, text string) archive.LiveNotice {
	if text == "" {
		return archive.LiveNotice{}
	}
	var payload struct {
		BatchID     int64  `json:"batch_id"`
		ViolationID int64  `json:"violation_id"`
		ViewerID    int64  `json:"viewer_id"`
		FileID      string `json:"file_id"`
	}
	if err := json.Unmarshal([]byte(text), &payload); err != nil {
		slog.WarnContext(ctx, "live notice not understood", "bytes", len(text))
	}
	return archive.LiveNotice(payload)
}
