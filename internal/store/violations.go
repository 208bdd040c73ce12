package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/alert"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/outbox"
	"huicun/internal/rules"
)

var _ rules.ViolationStore = (*DB)(nil)

const violationColumns = `
	v.id, v.dedupe_key, v.kind, COALESCE(v.rule_id, 0) AS rule_id, COALESCE(v.rule_version, 0) AS rule_version, v.rule_name,
	v.severity, v.words, v.spans, v.sender, v.receiver, COALESCE(v.conv_id, 0) AS conv_id, COALESCE(g.name, '') AS conv_title,
	COALESCE(CAST(v.message_id AS text), '') AS message_id, COALESCE(v.seq, 0) AS seq, v.msgtype, v.occurred_at,
	v.evidence_text, COALESCE(v.event_id, 0) AS event_id, v.state, v.handled_by, v.handled_at, v.note, COALESCE(v.viewer_id, 0) AS viewer_id`

const violationTables = ` FROM violations v
LEFT JOIN conversations vc ON vc.id = v.conv_id AND vc.kind = 'group'
LEFT JOIN groups g ON g.roomid = vc.roomid`

type violationRow struct {
	ID          int64          `db:"id"`
	DedupeKey   string         `db:"dedupe_key"`
	Kind        rules.Kind     `db:"kind"`
	RuleID      int64          `db:"rule_id"`
	RuleVersion int            `db:"rule_version"`
	RuleName    string         `db:"rule_name"`
	Severity    rules.Severity `db:"severity"`
	Words       pq.StringArray `db:"words"`
	Spans       []byte         `db:"spans"`
	Sender      string         `db:"sender"`
	Receiver    string         `db:"receiver"`
	ConvID      int64          `db:"conv_id"`
	ConvTitle   string         `db:"conv_title"`
	MessageID   string         `db:"message_id"`
	Seq         int64          `db:"seq"`
	MsgType     string         `db:"msgtype"`
	OccurredAt  time.Time      `db:"occurred_at"`
	Evidence    string         `db:"evidence_text"`
	EventID     int64          `db:"event_id"`
	State       rules.State    `db:"state"`
	HandledBy   string         `db:"handled_by"`
	HandledAt   *time.Time     `db:"handled_at"`
	Note        string         `db:"note"`
	ViewerID    int64          `db:"viewer_id"`
}

func (r violationRow) violation() (rules.Violation, error) {
	spans, err := decodeSpans(r.Spans)
	v := rules.Violation{
		ID: r.ID, DedupeKey: r.DedupeKey, Kind: r.Kind, RuleID: r.RuleID, RuleVersion: r.RuleVersion, RuleName: r.RuleName,
		Severity: r.Severity, Words: r.Words, Spans: spans, Sender: r.Sender, Receiver: r.Receiver,
		ConvID: r.ConvID, ConvTitle: r.ConvTitle, MessageID: r.MessageID, Seq: r.Seq, MsgType: r.MsgType,
		OccurredAt: r.OccurredAt.UTC(), Evidence: r.Evidence, EventID: r.EventID,
		State: r.State, HandledBy: r.HandledBy, Note: r.Note, ViewerID: r.ViewerID,
	}
	if r.HandledAt != nil {
		v.HandledAt = r.HandledAt.UTC()
	}
	return v, err
}

// violationFilter gives the conditions of q but the state.
func violationFilter(b *query, s access.Scope, q rules.Query) string {
	where := b.violationInScope(s, "v.id")
	switch q.Tab {
	case rules.TabWords:
		where += ` AND v.kind = 'word'`
	case rules.TabBehaviours:
		where += ` AND v.kind <> 'word'`
	}
	if q.ConvID != 0 {
		where += ` AND v.conv_id = ` + b.arg(q.ConvID)
	}
	return where
}

// FindViolations implements rules.ViolationStore.
func (db *DB) FindViolations(ctx context.Context, s access.Scope, q rules.Query, before rules.Position) ([]rules.Violation, error) {
	var b query
	text := `SELECT` + violationColumns + violationTables + ` WHERE ` + violationFilter(&b, s, q)
	if q.State != "" {
		text += ` AND v.state = ` + b.arg(q.State)
	}
	if !before.At.IsZero() {
		text += ` AND (v.occurred_at, v.id) < (` + b.arg(before.At) + `, ` + b.arg(before.ID) + `)`
	}
	text += ` ORDER BY v.occurred_at DESC, v.id DESC LIMIT ` + b.arg(q.Limit)
	var rows []violationRow
	if err := db.SelectContext(ctx, &rows, text, b.args...); err != nil {
		return nil, wrap(ctx, "find violations", err)
	}
	found := make([]rules.Violation, len(rows))
	for i, r := range rows {
		var err error
		if found[i], err = r.violation(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// CountOpenViolations implements rules.ViolationStore.
func (db *DB) CountOpenViolations(ctx context.Context, s access.Scope, q rules.Query) (int64, error) {
	var b query
	text := `SELECT count(*) FROM violations v WHERE v.state = 'open' AND ` + violationFilter(&b, s, q)
	var n int64
	return n, wrap(ctx, "count violations", db.GetContext(ctx, &n, text, b.args...))
}

// GetViolation implements rules.ViolationStore.
func (db *DB) GetViolation(ctx context.Context, s access.Scope, id int64) (rules.Violation, error) {
	return getViolation(ctx, db, s, id)
}

func getViolation(ctx context.Context, q sqlx.QueryerContext, s access.Scope, id int64) (rules.Violation, error) {
	var b query
	text := `SELECT` + violationColumns + violationTables + ` WHERE v.id = ` + b.arg(id) + ` AND ` + b.violationInScope(s, "v.id")
	var row violationRow
	err := sqlx.GetContext(ctx, q, &row, text, b.args...)
	if noRows(err) {
		return rules.Violation{}, fault.NotFound("violation")
	}
	if err != nil {
		return rules.Violation{}, wrap(ctx, "get violation", err)
	}
	return row.violation()
}

// UpdateViolation implements rules.ViolationStore.
func (db *DB) UpdateViolation(ctx context.Context, s access.Scope, id int64, c rules.Change, e audit.Entry) (rules.Violation, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (rules.Violation, error) {
		var b query
		text := `UPDATE violations v SET state = ` + b.arg(c.State) + `, note = ` + b.arg(c.Note) + `, handled_by = ` + b.arg(dbText(c.By)) +
			`, handled_at = ` + b.arg(c.At)
		if c.State == rules.StateOpen {
			b = query{}
			text = `UPDATE violations v SET state = ` + b.arg(c.State) + `, note = ` + b.arg(c.Note) + `, handled_by = '', handled_at = NULL`
		}
		text += ` WHERE v.id = ` + b.arg(id) + ` AND ` + b.violationInScope(s, "v.id")
		res, err := tx.ExecContext(ctx, text, b.args...)
		if err != nil {
			return rules.Violation{}, wrap(ctx, "update violation", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return rules.Violation{}, fault.NotFound("violation")
		}
		if err := insertAudit(ctx, tx, e); err != nil {
			return rules.Violation{}, err
		}
		return getViolation(ctx, tx, s, id)
	})
}

// SaveViolations implements rules.ScanStore. A trigger has their messages
// indexed again.
func (db *DB) SaveViolations(ctx context.Context, vs []rules.Violation) (int, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (int, error) {
		added := 0
		for _, v := range vs {
			ok, err := insertViolation(ctx, tx, v)
			if err != nil {
				return 0, err
			}
			if ok {
				added++
			}
		}
		return added, nil
	})
}

// The raw evidence of a word is the message's own bytes; of a callback it comes
// along.
const sqlInsertViolation = `
INSERT INTO violations (dedupe_key, kind, rule_id, rule_version, rule_name, severity, words, spans, sender, receiver,
	conv_id, message_id, seq, msgtype, occurred_at, evidence_text, evidence_raw, event_id, viewer_id)
VALUES (:dedupe_key, :kind, NULLIF(:rule_id, 0), NULLIF(:rule_version, 0), :rule_name, :severity, :words, CAST(:spans AS jsonb),
	:sender, :receiver, NULLIF(:conv_id, 0), CAST(NULLIF(:message_id, '') AS uuid), NULLIF(:seq, 0), :msgtype, :occurred_at, :evidence_text,
	COALESCE(CAST(:raw AS bytea), (SELECT m.raw FROM messages m
		WHERE m.conv_id = :conv_id AND m.msgtime = :occurred_at AND m.seq = :seq AND m.id = CAST(NULLIF(:message_id, '') AS uuid))),
	NULLIF(:event_id, 0), NULLIF(:viewer_id, 0))
ON CONFLICT ON CONSTRAINT violations_dedupe_key DO NOTHING
RETURNING id`

type newViolation struct {
	violationRow
	SpansText string `db:"spans"`
	Raw       []byte `db:"raw"`
}

// advisory lock that writers of violations take, one after the other.
const lockViolations = 7_401_002

// insertViolation stores a violation with its employees, alerts and pushes;
// false when it is there already.
func insertViolation(ctx context.Context, tx *sqlx.Tx, v rules.Violation) (bool, error) {
	row := newViolation{violationRow: violationRow{
		DedupeKey: dbText(v.DedupeKey), Kind: v.Kind, RuleID: v.RuleID, RuleVersion: v.RuleVersion, RuleName: v.RuleName,
		Severity: v.Severity, Words: v.Words, Sender: dbText(v.Sender), Receiver: dbText(v.Receiver), ConvID: v.ConvID,
		MessageID: v.MessageID, Seq: v.Seq, MsgType: dbText(v.MsgType), OccurredAt: v.OccurredAt, Evidence: dbText(v.Evidence), EventID: v.EventID,
		ViewerID: v.ViewerID,
	}, SpansText: encodeSpans(v.Spans), Raw: v.EvidenceRaw}
	// Ids become visible in their order: live streams go on after the last one seen.
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, lockViolations); err != nil {
		return false, wrap(ctx, "lock violations", err)
	}
	stmt, err := tx.PrepareNamedContext(ctx, sqlInsertViolation)
	if err != nil {
		return false, wrap(ctx, "prepare violation", err)
	}
	defer stmt.Close()
	var id int64
	err = stmt.GetContext(ctx, &id, row)
	if noRows(err) {
		return false, nil
	}
	if err != nil {
		return false, wrap(ctx, "insert violation", err)
	}
	if err := tellAbout(ctx, tx, id, v); err != nil {
		return false, err
	}
	return true, notify(ctx, tx, ChannelLive, map[string]int64{"violation_id": id})
}

const (
	sqlInsertViolationEmployees = `
INSERT INTO violation_employees (violation_id, person) SELECT $1, unnest($2::text[])
ON CONFLICT ON CONSTRAINT violation_employees_pkey DO NOTHING`

	// viewerMay: the viewer v may see violation $1, now.
	viewerMay = `NOT v.disabled AND (v.role = 'admin' OR EXISTS (SELECT 1 FROM viewer_employees ve
		JOIN violation_employees x ON x.person = ve.person WHERE ve.viewer_id = v.id AND x.violation_id = $1))`

	sqlAlertSubscribers = `
INSERT INTO alerts (violation_id, viewer_id, userid)
SELECT $1, v.id, v.userid FROM viewers v
JOIN rule_subscribers s ON s.viewer_id = v.id AND s.rule_id = $2
WHERE ` + viewerMay + `
ON CONFLICT ON CONSTRAINT alerts_once DO NOTHING RETURNING id`

	// Of a rule of one viewer alone, $3 a day at most; the day is that of the card.
	sqlAlertWatcher = `
INSERT INTO alerts (violation_id, viewer_id, userid, last_of_day)
SELECT $1, v.id, v.userid, today.n = $3 - 1 FROM viewers v
JOIN rule_subscribers s ON s.viewer_id = v.id AND s.rule_id = $2
CROSS JOIN LATERAL (SELECT count(*) AS n FROM (
	SELECT FROM alerts a JOIN violations x ON x.id = a.violation_id
	WHERE a.viewer_id = v.id AND a.created_at >= date_trunc('day', now(), 'Asia/Shanghai') AND x.kind = 'word' AND x.rule_id = $2
	LIMIT $3) few) today
WHERE today.n < $3 AND ` + viewerMay + `
ON CONFLICT ON CONSTRAINT alerts_once DO NOTHING RETURNING id`

	sqlAlertOfDeletion = `
INSERT INTO alerts (violation_id, viewer_id, userid)
SELECT $1, v.id, v.userid FROM viewers v
WHERE v.deletion_alerts AND ` + viewerMay + `
ON CONFLICT ON CONSTRAINT alerts_once DO NOTHING RETURNING id`
)

// tellAbout writes whose violation it is, and an alert with its push for each
// viewer who is to be told.
func tellAbout(ctx context.Context, tx *sqlx.Tx, id int64, v rules.Violation) error {
	if _, err := tx.ExecContext(ctx, sqlInsertViolationEmployees, id, pq.Array(v.Employees)); err != nil {
		return wrap(ctx, "insert employees of violation", err)
	}
	query, args := sqlAlertOfDeletion, []any{id}
	switch {
	case v.Kind == rules.KindWord && v.ViewerID != 0:
		query, args = sqlAlertWatcher, []any{id, v.RuleID, alert.MostOfOwnRule}
	case v.Kind == rules.KindWord:
		query, args = sqlAlertSubscribers, []any{id, v.RuleID}
	}
	var alerts []int64
	if err := tx.SelectContext(ctx, &alerts, query, args...); err != nil {
		return wrap(ctx, "insert alerts", err)
	}
	pushes := make([]outbox.New, len(alerts))
	for i, a := range alerts {
		pushes[i] = outbox.New{Kind: alert.KindPush, Args: map[string]int64{"alert_id": a}}
	}
	return enqueue(ctx, tx, pushes...)
}
