package store

import (
	"context"
	"time"

	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/rules"
)

var _ rules.ScanStore = (*DB)(nil)

// roleOf tells what a person is: the directory knows best, the form of the id
// is a hint. person is a column of ours; e and c are employees and customers,
// joined on it. It agrees with sqlFindPersons, but takes an id that nobody
// knows for an employee: customers and robots have ids of a known form.
func roleOf(person string) string {
	return `CASE WHEN ` + person + ` = '' THEN 'other'
		WHEN e.status > 0 THEN 'employee'
		WHEN c.person IS NOT NULL THEN 'customer'
		WHEN ` + person + ` ~ '^wb.{22}' THEN 'other'
		WHEN ` + person + ` ~ '^w[mo].{22}' THEN 'customer'
		ELSE 'employee' END`
}

// RulesStamp implements rules.ScanStore: every change of a rule adds one to its
// version, deletion too.
func (db *DB) RulesStamp(ctx context.Context) (int64, error) {
	var stamp int64
	err := db.GetContext(ctx, &stamp, `SELECT COALESCE(sum(version), 0) FROM rules`)
	return stamp, wrap(ctx, "read stamp of rules", err)
}

// EnabledRules implements rules.ScanStore. Hits are not counted.
func (db *DB) EnabledRules(ctx context.Context) ([]rules.Rule, error) {
	var rows []ruleRow
	err := db.SelectContext(ctx, &rows, sqlEnabledRules)
	return toRules(rows), wrap(ctx, "read enabled rules", err)
}

type scanRow struct {
	ID       string     `db:"id"`
	Seq      int64      `db:"seq"`
	ConvID   int64      `db:"conv_id"`
	ConvKind string     `db:"kind"`
	A        string     `db:"person_a"`
	B        string     `db:"person_b"`
	From     string     `db:"from_id"`
	Role     rules.Role `db:"role"`
	MsgType  string     `db:"msgtype"`
	Text     string     `db:"text"`
	SentAt   time.Time  `db:"msgtime"`
}

func (r scanRow) message() rules.ScanMessage {
	m := rules.ScanMessage{
		ID: r.ID, Seq: r.Seq, ConvID: r.ConvID, ConvKind: r.ConvKind, Sender: r.From, Role: r.Role,
		MsgType: r.MsgType, Text: r.Text, SentAt: r.SentAt.UTC(),
	}
	if r.ConvKind == archive.ConvDirect {
		m.Receiver = r.A
		if r.A == r.From {
			m.Receiver = r.B
		}
	}
	return m
}

// FindScanMessages implements rules.ScanStore. The bounds of the batch let
// Postgres skip the other months.
func (db *DB) FindScanMessages(ctx context.Context, s access.Scope, batch, afterSeq int64, afterID string, limit int) ([]rules.ScanMessage, error) {
	lo, hi, err := db.batchTimes(ctx, batch)
	if err != nil || lo == nil || hi == nil {
		return nil, err
	}
	var q query
	text := `
SELECT m.id, m.seq, m.conv_id, v.kind, v.person_a, v.person_b, m.from_id, ` + roleOf("m.from_id") + ` AS role, m.msgtype, m.text, m.msgtime
FROM messages m
JOIN conversations v ON v.id = m.conv_id
LEFT JOIN employees e ON e.person = m.from_id
LEFT JOIN customers c ON c.person = m.from_id
WHERE m.batch_id = ` + q.arg(batch) + ` AND m.msgtime BETWEEN ` + q.arg(*lo) + ` AND ` + q.arg(*hi) + `
	AND m.text <> '' AND (m.seq, m.id) > (` + q.arg(afterSeq) + `, ` + q.arg(afterID) + `) AND ` + q.convInScope(s, "m.conv_id") + `
ORDER BY m.seq, m.id LIMIT ` + q.arg(limit)
	var rows []scanRow
	if err := db.SelectContext(ctx, &rows, text, q.args...); err != nil {
		return nil, wrap(ctx, "find messages of batch", err)
	}
	found := make([]rules.ScanMessage, len(rows))
	for i, r := range rows {
		found[i] = r.message()
	}
	return found, nil
}

var sqlInRuleScope = `
SELECT p FROM unnest($3::text[]) AS p
WHERE p = ANY ($2)
	OR EXISTS (SELECT 1 FROM employee_departments ed WHERE ed.person = p
		AND ed.department_id IN (SELECT id FROM ` + departmentTree(`$1::bigint[]`) + ` AS tree))`

// InRuleScope implements rules.ScanStore.
func (db *DB) InRuleScope(ctx context.Context, in rules.Input, persons []string) ([]string, error) {
	if in.ScopeAll {
		return persons, nil
	}
	var found []string
	err := db.SelectContext(ctx, &found, sqlInRuleScope, pq.Array(in.ScopeDepartments), pq.Array(in.ScopeEmployees), pq.Array(persons))
	return found, wrap(ctx, "look up scope of rule", err)
}

const sqlInViewerScope = `
SELECT p.person FROM unnest($2::text[]) AS p (person) JOIN viewers v ON v.id = $1 AND NOT v.disabled
WHERE v.role = 'admin' OR EXISTS (SELECT 1 FROM viewer_employees ve WHERE ve.viewer_id = v.id AND ve.person = p.person)
ORDER BY p.person`

// InViewerScope implements rules.ScanStore.
func (db *DB) InViewerScope(ctx context.Context, viewer int64, persons []string) ([]string, error) {
	var found []string
	err := db.SelectContext(ctx, &found, sqlInViewerScope, viewer, pq.Array(persons))
	return found, wrap(ctx, "look up scope of viewer", err)
}

// EmployeesOfConversation implements rules.ScanStore.
func (db *DB) EmployeesOfConversation(ctx context.Context, s access.Scope, conv int64) ([]string, error) {
	var q query
	text := `
SELECT m.person FROM conv_members m
LEFT JOIN employees e ON e.person = m.person
LEFT JOIN customers c ON c.person = m.person
WHERE m.conv_id = ` + q.arg(conv) + ` AND ` + roleOf("m.person") + ` = 'employee' AND ` + q.convInScope(s, "m.conv_id") + `
ORDER BY m.person`
	var persons []string
	err := db.SelectContext(ctx, &persons, text, q.args...)
	return persons, wrap(ctx, "find employees of conversation", err)
}

const sqlAnyUnlisted = `
SELECT EXISTS (SELECT FROM employees WHERE status = 0 AND updated_at > now() - $1 * interval '1 millisecond')`

// From the few who are new in the chats to the batch, not from the batch to all
// who are in its chats.
const sqlHasUnlistedMembers = `
WITH fresh AS MATERIALIZED (
	SELECT person FROM employees WHERE status = 0 AND updated_at > now() - $2 * interval '1 millisecond')
SELECT EXISTS (
	SELECT 1 FROM fresh f
	JOIN conv_members cm ON cm.person = f.person
	JOIN batches b ON b.id = $1
	JOIN messages m ON m.conv_id = cm.conv_id AND m.msgtime BETWEEN b.min_msgtime AND b.max_msgtime AND m.batch_id = b.id)`

// HasUnlistedMembers reports whether somebody in the chats of a batch was first
// seen within the time given and is not in the directory yet, so that nobody's
// scope can hold them. Nearly always there is no such person at all, which is
// far cheaper to find out than who is in the chats.
func (db *DB) HasUnlistedMembers(ctx context.Context, batch int64, within time.Duration) (bool, error) {
	var found bool
	err := db.GetContext(ctx, &found, sqlAnyUnlisted, within.Milliseconds())
	if err == nil && found {
		err = db.GetContext(ctx, &found, sqlHasUnlistedMembers, batch, within.Milliseconds())
	}
	return found, wrap(ctx, "look for unlisted members", err)
}
