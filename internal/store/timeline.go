package store

import (
	"context"
	"slices"

	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/fault"
)

const messageColumns = `m.msgtime, m.seq, m.id, m.base_id, m.conv_id, m.batch_id, m.from_id, m.msgtype, m.time_source,
	m.publickey_ver, m.msgid, m.text, m.raw, m.raw_sha256, m.pulled_at`

// sides are the fixed parts of the three window queries. The plain bound on
// msgtime, said twice, lets Postgres skip months.
var sides = map[archive.Side][2]string{
	archive.Older:    {`m.msgtime <= $2 AND (m.msgtime, m.seq, m.id) < ($2, $3, $4)`, `m.msgtime DESC, m.seq DESC, m.id DESC`},
	archive.Newer:    {`m.msgtime >= $2 AND (m.msgtime, m.seq, m.id) > ($2, $3, $4)`, `m.msgtime, m.seq, m.id`},
	archive.NewerInc: {`m.msgtime >= $2 AND (m.msgtime, m.seq, m.id) >= ($2, $3, $4)`, `m.msgtime, m.seq, m.id`},
}

// FindWindow implements archive.Store.
func (db *DB) FindWindow(ctx context.Context, s access.Scope, conv int64, from archive.Position, side archive.Side, limit int) ([]archive.Message, bool, error) {
	q := query{args: []any{conv, from.SentAt, from.Seq, from.ID, limit + 1}}
	st, err := db.prepared(ctx, `SELECT `+messageColumns+` FROM messages m
WHERE m.conv_id = $1 AND `+sides[side][0]+` AND `+q.convInScope(s, "$1")+`
ORDER BY `+sides[side][1]+` LIMIT $5`)
	if err != nil {
		return nil, false, err
	}
	var ms []archive.Message
	if err := st.SelectContext(ctx, &ms, q.args...); err != nil {
		return nil, false, wrap(ctx, "find window", err)
	}
	more := len(ms) > limit
	if more {
		ms = ms[:limit]
	}
	if side == archive.Older {
		slices.Reverse(ms)
	}
	return ms, more, nil
}

// GetPosition implements archive.Store.
func (db *DB) GetPosition(ctx context.Context, s access.Scope, id string) (archive.Position, error) {
	var q query
	text := `SELECT i.conv_id, i.msgtime, i.seq, i.id FROM message_ids i
WHERE i.id = ` + q.arg(id) + ` AND i.conv_id IS NOT NULL AND ` + q.convInScope(s, "i.conv_id")
	var p archive.Position
	st, err := db.prepared(ctx, text)
	if err != nil {
		return p, err
	}
	if err := st.GetContext(ctx, &p, q.args...); noRows(err) {
		return p, fault.NotFound("message")
	} else if err != nil {
		return p, wrap(ctx, "get position", err)
	}
	return p, nil
}

// HasConversation implements archive.Store.
func (db *DB) HasConversation(ctx context.Context, s access.Scope, conv int64) (bool, error) {
	var q query
	text := `SELECT EXISTS (SELECT 1 FROM conversations c WHERE c.id = ` + q.arg(conv) + ` AND c.message_count > 0 AND ` + q.convInScope(s, "c.id") + `)`
	st, err := db.prepared(ctx, text)
	if err != nil {
		return false, err
	}
	var ok bool
	return ok, wrap(ctx, "look for conversation", st.GetContext(ctx, &ok, q.args...))
}

// LastBatchID implements archive.Store.
func (db *DB) LastBatchID(ctx context.Context) (int64, error) {
	var id int64
	return id, wrap(ctx, "read last batch", db.GetContext(ctx, &id, `SELECT last_batch_id FROM pull_state WHERE id = 1`))
}

// FindDays implements archive.Store.
func (db *DB) FindDays(ctx context.Context, s access.Scope, conv int64, tz string) ([]archive.Day, error) {
	var b query
	c, zone := b.arg(conv), b.arg(tz)
	text := `
SELECT d.date, d.messages, COALESCE(v.violations, 0) AS violations
FROM (
	SELECT to_char(m.msgtime AT TIME ZONE ` + zone + `, 'YYYY-MM-DD') AS date, count(*) AS messages
	FROM messages m WHERE m.conv_id = ` + c + ` AND ` + b.convInScope(s, c) + ` GROUP BY 1
) d LEFT JOIN (
	SELECT to_char(v.occurred_at AT TIME ZONE ` + zone + `, 'YYYY-MM-DD') AS date, count(*) AS violations
	FROM violations v WHERE v.conv_id = ` + c + ` AND v.state <> 'false_alarm' AND v.viewer_id IS NULL AND ` + b.violationInScope(s, "v.id") + ` GROUP BY 1
) v ON v.date = d.date
ORDER BY d.date`
	days := []archive.Day{}
	err := db.SelectContext(ctx, &days, text, b.args...)
	return days, wrap(ctx, "find days", err)
}

// FindBatchMessages implements archive.Store.
func (db *DB) FindBatchMessages(ctx context.Context, s access.Scope, after, conv int64, limit int) ([]archive.Message, error) {
	var b query
	text := `SELECT ` + messageColumns + ` FROM messages m WHERE m.batch_id > ` + b.arg(after)
	if conv != 0 {
		text += ` AND m.conv_id = ` + b.arg(conv)
	}
	text += ` AND ` + b.convInScope(s, "m.conv_id") + ` ORDER BY m.batch_id, m.msgtime, m.seq, m.id LIMIT ` + b.arg(limit)
	st, err := db.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	var ms []archive.Message
	return ms, wrap(ctx, "find batch messages", st.SelectContext(ctx, &ms, b.args...))
}

// FindRevocations implements archive.Store. By carries the id only. A revoke
// names its original by msgid; when the archive does not hold that very msgid,
// one that differs in the suffix counts (message-types.md 2.1). The sender may
// have revoked from another chat, to which there is no link out of scope.
func (db *DB) FindRevocations(ctx context.Context, s access.Scope, ms []archive.Message) (map[string]archive.Revocation, error) {
	ids, bases, froms, convs := make([]string, len(ms)), make([]string, len(ms)), make([]string, len(ms)), make([]int64, len(ms))
	for i := range ms {
		ids[i], bases[i], froms[i], convs[i] = ms[i].ID, ms[i].BaseID, dbText(ms[i].FromID), ms[i].ConvID
	}
	b := query{args: []any{pq.Array(ids), pq.Array(bases), pq.Array(convs), pq.Array(froms)}}
	text := `
SELECT DISTINCT ON (u.id) u.id AS original, CASE WHEN r.conv_id = u.conv_id OR ` + b.convInScope(s, "r.conv_id") + ` THEN r.id::text ELSE '' END AS message_id,
	r.from_id, r.msgtime
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[]) AS u (id, base_id, conv_id, from_id)
JOIN revokes r ON r.pre_base_id = u.base_id AND (r.conv_id = u.conv_id OR r.from_id = u.from_id AND r.from_id <> '')
WHERE r.pre_id = u.id OR NOT EXISTS (SELECT 1 FROM message_ids i WHERE i.id = r.pre_id)
ORDER BY u.id, r.msgtime, r.id`
	st, err := db.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryxContext(ctx, b.args...)
	if err != nil {
		return nil, wrap(ctx, "find revocations", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string]archive.Revocation{}
	for rows.Next() {
		var original string
		var r archive.Revocation
		if err := rows.Scan(&original, &r.MessageID, &r.By.ID, &r.At); err != nil {
			return nil, wrap(ctx, "scan revocation", err)
		}
		out[original] = r
	}
	return out, wrap(ctx, "find revocations", rows.Err())
}

// FindOriginals implements archive.Store: the id of each named msgid that is
// in the archive and in scope.
func (db *DB) FindOriginals(ctx context.Context, s access.Scope, preMsgIDs []string) (map[string]string, error) {
	var candidates []string
	for _, pre := range preMsgIDs {
		candidates = append(candidates, archive.OriginalIDs(pre)...)
	}
	var b query
	text := `SELECT i.id FROM message_ids i WHERE i.id = ANY(` + b.arg(pq.Array(candidates)) + `::uuid[]) AND i.conv_id IS NOT NULL AND ` + b.convInScope(s, "i.conv_id")
	st, err := db.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	var found []string
	if err := st.SelectContext(ctx, &found, b.args...); err != nil {
		return nil, wrap(ctx, "find originals", err)
	}
	out := map[string]string{}
	for _, pre := range preMsgIDs {
		for _, id := range archive.OriginalIDs(pre) {
			if slices.Contains(found, id) {
				out[pre] = id
				break
			}
		}
	}
	return out, nil
}

// FindMarks implements archive.Store.
func (db *DB) FindMarks(ctx context.Context, s access.Scope, messageIDs []string) (map[string][]archive.Mark, error) {
	var b query
	text := `SELECT v.message_id, v.id, v.severity, v.rule_name, v.words, v.spans, v.viewer_id IS NOT NULL FROM violations v
WHERE v.message_id = ANY(` + b.arg(pq.Array(messageIDs)) + `::uuid[]) AND v.state <> 'false_alarm' AND ` + b.violationInScope(s, "v.id") + ` ORDER BY v.id`
	st, err := db.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryxContext(ctx, b.args...)
	if err != nil {
		return nil, wrap(ctx, "find marks", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string][]archive.Mark{}
	for rows.Next() {
		var id string
		var m archive.Mark
		var spans []byte
		if err := rows.Scan(&id, &m.ViolationID, &m.Severity, &m.RuleName, (*pq.StringArray)(&m.Words), &spans, &m.Private); err != nil {
			return nil, wrap(ctx, "scan mark", err)
		}
		if m.Spans, err = decodeSpans(spans); err != nil {
			return nil, err
		}
		out[id] = append(out[id], m)
	}
	return out, wrap(ctx, "find marks", rows.Err())
}
