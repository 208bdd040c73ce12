package store

import (
	"context"
	"strings"
	"time"

	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
)

// positions are places of messages as one argument for each column.
func positions(b *query, at []archive.Position) string {
	convs, times, seqs, ids := make([]int64, len(at)), make([]time.Time, len(at)), make([]int64, len(at)), make([]string, len(at))
	for i, p := range at {
		convs[i], times[i], seqs[i], ids[i] = p.ConvID, p.SentAt, p.Seq, p.ID
	}
	return `unnest(` + b.arg(pq.Array(convs)) + `::bigint[], ` + b.arg(pq.Array(times)) + `::timestamptz[], ` +
		b.arg(pq.Array(seqs)) + `::bigint[], ` + b.arg(pq.Array(ids)) + `::uuid[]) AS u (conv_id, msgtime, seq, id)`
}

// FindMessages implements archive.Store. LATERAL with LIMIT makes Postgres look
// each one up, in its month alone.
func (db *DB) FindMessages(ctx context.Context, s access.Scope, at []archive.Position) ([]archive.Message, error) {
	var b query
	text := `SELECT ` + messageColumns + ` FROM ` + positions(&b, at) + `
CROSS JOIN LATERAL (SELECT ` + strings.ReplaceAll(messageColumns, "m.", "x.") + ` FROM messages x WHERE x.conv_id = u.conv_id AND x.msgtime = u.msgtime AND x.seq = u.seq AND x.id = u.id LIMIT 1) m
WHERE ` + b.convInScope(s, "m.conv_id")
	st, err := db.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	var ms []archive.Message
	return ms, wrap(ctx, "find messages", st.SelectContext(ctx, &ms, b.args...))
}

// neighbour is one side of sqlFindNeighbours.
func neighbour(after, condition, order string) string {
	return `SELECT u.id AS of, ` + after + ` AS after, n.* FROM u CROSS JOIN LATERAL (
	SELECT x.conv_id, x.msgtime, x.seq, x.id, x.from_id, x.msgtype, left(x.text, 120) AS text FROM messages x
	WHERE x.conv_id = u.conv_id AND ` + condition + ` ORDER BY ` + order + ` LIMIT 1) n`
}

// FindNeighbours implements archive.Store.
func (db *DB) FindNeighbours(ctx context.Context, s access.Scope, at []archive.Position) ([]archive.Neighbour, error) {
	var b query
	text := `WITH u AS MATERIALIZED (SELECT u.conv_id, u.msgtime, u.seq, u.id FROM ` + positions(&b, at) + ` WHERE ` + b.convInScope(s, "u.conv_id") + `)
` + neighbour("false", `x.msgtime <= u.msgtime AND (x.msgtime, x.seq, x.id) < (u.msgtime, u.seq, u.id)`, `x.msgtime DESC, x.seq DESC, x.id DESC`) + `
UNION ALL
` + neighbour("true", `x.msgtime >= u.msgtime AND (x.msgtime, x.seq, x.id) > (u.msgtime, u.seq, u.id)`, `x.msgtime, x.seq, x.id`)
	st, err := db.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	var rows []archive.Neighbour
	return rows, wrap(ctx, "find neighbours", st.SelectContext(ctx, &rows, b.args...))
}

// FindConversationRows implements archive.Store.
func (db *DB) FindConversationRows(ctx context.Context, s access.Scope, ids []int64) ([]archive.ConvRow, error) {
	var b query
	text := `SELECT ` + convColumns + `,
	(SELECT count(*) FROM violations v WHERE v.conv_id = c.id AND v.state = 'open' AND v.viewer_id IS NULL AND ` + b.violationInScope(s, "v.id") + `) AS violations
FROM conversations c` + convJoins + `
WHERE c.id = ANY(` + b.arg(pq.Array(ids)) + `) AND c.message_count > 0 AND ` + b.convInScope(s, "c.id")
	var rows []archive.ConvRow
	err := db.SelectContext(ctx, &rows, text, b.args...)
	return rows, wrap(ctx, "find conversations by id", err)
}
