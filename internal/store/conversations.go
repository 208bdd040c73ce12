package store

import (
	"context"
	"database/sql"

	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/directory"
	"huicun/internal/fault"
)

const convColumns = `c.id, c.kind, c.person_a, c.person_b, c.roomid, c.message_count, c.last_msgtime, c.last_id,
	c.last_from, c.last_msgtype, c.last_text, COALESCE(g.name, '') AS group_name, COALESCE(g.owner, '') AS owner, COALESCE(g.notice, '') AS notice,
	CASE WHEN c.kind = 'group' THEN (SELECT count(*) FROM conv_members n WHERE n.conv_id = c.id) ELSE 0 END AS member_count,
	COALESCE(f.remark, '') AS remark, COALESCE(f.state, '') AS state`

const convJoins = ` LEFT JOIN groups g ON c.kind = 'group' AND g.roomid = c.roomid
	LEFT JOIN LATERAL (SELECT f.remark, f.state FROM follows f WHERE c.kind = 'direct'
		AND (f.employee = c.person_a AND f.customer = c.person_b OR f.employee = c.person_b AND f.customer = c.person_a) LIMIT 1) f ON true`

// peer is the other side of a direct chat as m.person sees it.
const peer = `(CASE WHEN c.person_a = m.person THEN c.person_b ELSE c.person_a END)`

// peerIsCustomer says on which tab a direct chat belongs; the same rule as in
// sqlFindPersons.
const peerIsCustomer = `(NOT EXISTS (SELECT 1 FROM employees x WHERE x.person = ` + peer + ` AND x.status > 0)
	AND (EXISTS (SELECT 1 FROM customers x WHERE x.person = ` + peer + `) OR ` + peer + ` ~ '^w[mo].{22}'))`

// tabs are the conditions of the three lists.
var tabs = map[string]string{
	"customers":  `c.kind = 'direct' AND ` + peerIsCustomer,
	"colleagues": `c.kind = 'direct' AND NOT ` + peerIsCustomer,
	"groups":     `c.kind = 'group'`,
}

// FindConversations implements archive.Store.
func (db *DB) FindConversations(ctx context.Context, s access.Scope, q archive.ConversationsQuery, after archive.ConvCursor) ([]archive.ConvRow, error) {
	var b query
	text := `SELECT ` + convColumns + `,
	(SELECT count(*) FROM violations v WHERE v.conv_id = c.id AND v.state = 'open' AND v.viewer_id IS NULL AND ` + b.violationInScope(s, "v.id") + `) AS violations
FROM conv_members m JOIN conversations c ON c.id = m.conv_id` + convJoins + `
WHERE m.person = ` + b.arg(q.Person) + ` AND c.message_count > 0 AND ` + tabs[q.Tab] + ` AND ` + b.personInScope(s, "m.person")
	if q.Q != "" {
		p := b.arg("%" + escapeLike(dbText(q.Q)) + "%")
		text += ` AND (g.name ILIKE ` + p + ` OR f.remark ILIKE ` + p + ` OR c.kind = 'direct' AND (
			EXISTS (SELECT 1 FROM customers x WHERE x.person = ` + peer + ` AND x.name ILIKE ` + p + `)
			OR EXISTS (SELECT 1 FROM employees x WHERE x.person = ` + peer + ` AND (x.name ILIKE ` + p + ` OR x.userid ILIKE ` + p + `))))`
	}
	if !after.LastMsgTime.IsZero() {
		text += ` AND (c.last_msgtime, c.id) < (` + b.arg(after.LastMsgTime) + `, ` + b.arg(after.ID) + `)`
	}
	text += ` ORDER BY c.last_msgtime DESC, c.id DESC LIMIT ` + b.arg(q.Limit)
	var rows []archive.ConvRow
	err := db.SelectContext(ctx, &rows, text, b.args...)
	return rows, wrap(ctx, "find conversations", err)
}

// CountConversations implements archive.Store.
func (db *DB) CountConversations(ctx context.Context, s access.Scope, person string) (customers, colleagues, groups int64, err error) {
	var b query
	text := `SELECT
	count(*) FILTER (WHERE ` + tabs["customers"] + `) AS customers,
	count(*) FILTER (WHERE ` + tabs["colleagues"] + `) AS colleagues,
	count(*) FILTER (WHERE ` + tabs["groups"] + `) AS groups
FROM conv_members m JOIN conversations c ON c.id = m.conv_id
WHERE m.person = ` + b.arg(person) + ` AND c.message_count > 0 AND ` + b.personInScope(s, "m.person")
	var row struct{ Customers, Colleagues, Groups int64 }
	err = db.GetContext(ctx, &row, text, b.args...)
	return row.Customers, row.Colleagues, row.Groups, wrap(ctx, "count conversations", err)
}

// GetConversation implements archive.Store.
func (db *DB) GetConversation(ctx context.Context, s access.Scope, conv int64) (archive.ConvRow, error) {
	var b query
	text := `SELECT ` + convColumns + `,
	(SELECT min(m.msgtime) FROM messages m WHERE m.conv_id = c.id) AS first_at,
	(SELECT count(*) FROM violations v WHERE v.conv_id = c.id AND v.state = 'open' AND v.viewer_id IS NULL AND ` + b.violationInScope(s, "v.id") + `) AS violations
FROM conversations c` + convJoins + `
WHERE c.id = ` + b.arg(conv) + ` AND c.message_count > 0 AND ` + b.convInScope(s, "c.id")
	var row archive.ConvRow
	if err := db.GetContext(ctx, &row, text, b.args...); noRows(err) {
		return row, fault.NotFound("conversation")
	} else if err != nil {
		return row, wrap(ctx, "get conversation", err)
	}
	return row, nil
}

// Members seen in messages, with what the directory knows of the group; the
// owner first, then in the order of joining.
const sqlFindMembers = `
SELECT m.person, COALESCE(gm.nickname, '') AS nickname, gm.joined_at
FROM conv_members m
JOIN conversations c ON c.id = m.conv_id
LEFT JOIN groups g ON c.kind = 'group' AND g.roomid = c.roomid
LEFT JOIN group_members gm ON gm.roomid = c.roomid AND c.kind = 'group' AND gm.person = m.person
WHERE m.conv_id = $1
ORDER BY m.person = g.owner DESC NULLS LAST, COALESCE(gm.joined_at, m.since), m.person
LIMIT $2`

// FindMembers implements archive.Store.
func (db *DB) FindMembers(ctx context.Context, conv int64, limit int) ([]archive.MemberRow, error) {
	var rows []archive.MemberRow
	err := db.SelectContext(ctx, &rows, sqlFindMembers, conv, limit)
	return rows, wrap(ctx, "find members", err)
}

// FindFollows implements archive.Store.
func (db *DB) FindFollows(ctx context.Context, s access.Scope, customer string) ([]archive.FollowCard, error) {
	var b query
	text := `SELECT f.employee, f.remark, f.description, f.added_at, f.add_way, f.source, f.tags, f.state, f.state_at
FROM follows f WHERE f.customer = ` + b.arg(customer) + ` AND ` + b.personInScope(s, "f.employee") + ` ORDER BY f.added_at NULLS LAST, f.employee`
	var rows []followRow
	if err := db.SelectContext(ctx, &rows, text, b.args...); err != nil {
		return nil, wrap(ctx, "find follows", err)
	}
	out := make([]archive.FollowCard, len(rows))
	for i, r := range rows {
		out[i] = archive.FollowCard{
			Employee: directory.Person{ID: r.Employee}, Remark: r.Remark, Description: r.Description,
			AddedAt: r.AddedAt.Time, AddWay: r.AddWay, Source: r.Source, Tags: r.Tags, State: r.State, StateAt: r.StateAt.Time,
		}
	}
	return out, nil
}

type followRow struct {
	Employee    string         `db:"employee"`
	Remark      string         `db:"remark"`
	Description string         `db:"description"`
	AddedAt     sql.NullTime   `db:"added_at"`
	AddWay      int            `db:"add_way"`
	Source      string         `db:"source"`
	Tags        pq.StringArray `db:"tags"`
	State       string         `db:"state"`
	StateAt     sql.NullTime   `db:"state_at"`
}

// FindScopeMembers implements archive.Store: the employees of each
// conversation that the scope covers, archived ones first.
func (db *DB) FindScopeMembers(ctx context.Context, s access.Scope, convs []int64) (map[int64][]string, error) {
	var b query
	text := `SELECT m.conv_id, m.person FROM conv_members m JOIN employees e ON e.person = m.person
WHERE m.conv_id = ANY(` + b.arg(pq.Array(convs)) + `) AND ` + b.personInScope(s, "m.person") + `
ORDER BY m.conv_id, e.archived DESC, m.person`
	st, err := db.prepared(ctx, text) // each live read asks this
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Conv   int64  `db:"conv_id"`
		Person string `db:"person"`
	}
	if err := st.SelectContext(ctx, &rows, b.args...); err != nil {
		return nil, wrap(ctx, "find members in scope", err)
	}
	out := map[int64][]string{}
	for _, r := range rows {
		out[r.Conv] = append(out[r.Conv], r.Person)
	}
	return out, nil
}
