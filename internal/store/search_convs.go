package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/search"
)

// Bounds below which a search goes through conversations.
const (
	mostNarrow   = 2000   // conversations that are listed before a search
	leastPersons = 100    // whose conversations are listed; more where there are not that many
	fewMessages  = 20_000 // messages in them: rather all of these than what the index of grams leads to
)

// narrowed are the conversations that a query is about.
type narrowed struct {
	all      bool // ids are all of them; false: there are too many to list
	ids      []int64
	messages int64 // in them
	ofFew    bool  // they are too many, but those of the filter's departments are the chats of few people
}

// conversationOf is a condition: the query is about the conversation. conv is a
// column of ours, not of a table e or c. below are the departments of the filter with those below.
// OFFSET 0 keeps the planner to asking for each conversation by itself.
func (q *query) conversationOf(of search.Query, below []int64, conv string) string {
	f := of.Filter
	text := q.convInScope(of.Scope, conv)
	if len(f.ConvIDs) > 0 {
		text += ` AND ` + conv + ` = ANY (` + q.arg(pq.Array(f.ConvIDs)) + `)`
	}
	for _, p := range f.Persons {
		text += ` AND EXISTS (SELECT 1 FROM conv_members pm WHERE pm.conv_id = ` + conv + ` AND pm.person = ` + q.arg(dbText(p)) + ` OFFSET 0)`
	}
	if len(f.Departments) > 0 {
		text += ` AND EXISTS (SELECT 1 FROM conv_members dm WHERE dm.conv_id = ` + conv + ` AND EXISTS (
	SELECT 1 FROM employee_departments ed WHERE ed.person = dm.person AND ed.department_id = ANY (` + q.arg(pq.Array(below)) + `) OFFSET 0) AND ` + q.personInScope(of.Scope, "dm.person") + ` OFFSET 0)`
	}
	if f.Groups != nil {
		kind := `direct`
		if *f.Groups {
			kind = `group`
		}
		text += ` AND EXISTS (SELECT 1 FROM conversations kc WHERE kc.id = ` + conv + ` AND kc.kind = '` + kind + `' OFFSET 0)`
	}
	if f.External != nil {
		not := ` NOT`
		if *f.External {
			not = ``
		}
		text += ` AND` + not + ` ` + withOutsiders(conv)
	}
	return text
}

func (q *query) personsOfDepartments(below []int64) string {
	return `SELECT DISTINCT person FROM employee_departments WHERE department_id = ANY (` + q.arg(pq.Array(below)) + `)`
}

// chatOfDepartments is the condition of conversationOf about departments, for few
// people: their conversations are listed once in a statement, and not the members of
// each conversation looked at. IS TRUE keeps the planner from making a join of it.
func (q *query) chatOfDepartments(s access.Scope, below []int64, conv string) string {
	return `(` + conv + ` IN (SELECT m.conv_id FROM (` + q.personsOfDepartments(below) + `) x
	CROSS JOIN LATERAL (SELECT m.conv_id FROM conv_members m WHERE m.person = x.person OFFSET 0) m WHERE ` + q.personInScope(s, "x.person") + `)) IS TRUE`
}

// withOutsiders is a condition: somebody from outside is in the conversation, or
// WeCom calls the group one with customers.
func withOutsiders(conv string) string {
	return `(EXISTS (SELECT 1 FROM conv_members om LEFT JOIN employees e ON e.person = om.person LEFT JOIN customers c ON c.person = om.person
		WHERE om.conv_id = ` + conv + ` AND ` + roleOf("om.person") + ` = 'customer' OFFSET 0)
	OR EXISTS (SELECT 1 FROM conversations oc JOIN groups og ON og.roomid = oc.roomid
		WHERE oc.id = ` + conv + ` AND oc.kind = 'group' AND og.external OFFSET 0))`
}

// sensitiveInScope is a condition: the message is part of a violation that the
// viewer may see and that is no false alarm. One of the viewer's alone does not
// count, as it does not for the flag: with it, the flag would tell that there is
// another violation, out of scope.
func (q *query) sensitiveInScope(s access.Scope, message string) string {
	return `EXISTS (SELECT 1 FROM violations sw WHERE sw.message_id = ` + message + ` AND sw.state <> 'false_alarm' AND sw.viewer_id IS NULL AND ` + q.violationInScope(s, "sw.id") + ` OFFSET 0)`
}

// departmentsBelow gives departments with all below them.
func departmentsBelow(ctx context.Context, db sqlx.QueryerContext, roots []int64) ([]int64, error) {
	if len(roots) == 0 {
		return nil, nil
	}
	var ids []int64
	err := sqlx.SelectContext(ctx, db, &ids, `SELECT DISTINCT id FROM `+departmentTree(`CAST($1 AS bigint[])`)+` AS tree`, pq.Array(roots))
	return ids, err
}

// source is where the conversations of a query can be listed from.
type source struct {
	convs   func(q *query) string // text of a list in the column conv_id
	persons func(q *query) string // text of a list of the people in it; nil: no matter how many
	// departments says that the people are those of the filter's departments.
	departments bool
	each        int // how often a conversation may stand in the list, on average, before it counts as too long
}

// perConversation is each of lists that have a conversation for every person.
const perConversation = 4

// sources gives them, the likely shortest first.
func sources(of search.Query, below []int64) []source {
	f := of.Filter
	var all []source
	if len(f.ConvIDs) > 0 {
		all = append(all, source{each: 1, convs: func(q *query) string {
			return `SELECT unnest(CAST(` + q.arg(pq.Array(f.ConvIDs)) + ` AS bigint[])) AS conv_id`
		}})
	}
	for _, p := range f.Persons {
		all = append(all, source{each: 1, convs: func(q *query) string {
			return `SELECT conv_id FROM conv_members WHERE person = ` + q.arg(dbText(p))
		}})
	}
	if len(f.Departments) > 0 {
		from := chatsOf(func(q *query) string { return q.personsOfDepartments(below) })
		from.departments = true
		all = append(all, from)
	}
	if !of.Scope.All() {
		all = append(all, chatsOf(func(q *query) string {
			return `SELECT person FROM viewer_employees WHERE viewer_id = ` + q.arg(of.Scope.ViewerID())
		}))
	}
	if f.Groups != nil && *f.Groups {
		all = append(all, source{each: 1, convs: func(*query) string { return `SELECT id AS conv_id FROM conversations WHERE kind = 'group'` }})
	}
	return all
}

func chatsOf(persons func(q *query) string) source {
	return source{each: perConversation, persons: persons, convs: func(q *query) string {
		return `SELECT m.conv_id FROM (` + persons(q) + `) x CROSS JOIN LATERAL (SELECT m.conv_id FROM conv_members m WHERE m.person = x.person OFFSET 0) m`
	}}
}

// listConversations lists the conversations of a query from the first source
// that has few.
func listConversations(ctx context.Context, db sqlx.QueryerContext, of search.Query, below []int64, most int) (narrowed, error) {
	ofFew := false
	for _, from := range sources(of, below) {
		if few, err := from.fewPersons(ctx, db, most); err != nil || !few {
			if err != nil {
				return narrowed{}, err
			}
			continue
		}
		n, err := from.list(ctx, db, of, below, most)
		if err != nil || n.all {
			return n, err
		}
		ofFew = ofFew || from.departments
	}
	return narrowed{ofFew: ofFew}, nil
}

// fewPersons reports whether it is worth a try to list the conversations: nearly
// everybody has more than twenty.
func (s source) fewPersons(ctx context.Context, db sqlx.QueryerContext, most int) (bool, error) {
	if s.persons == nil {
		return true, nil
	}
	var b query
	mostPersons := max(leastPersons, most/20)
	var n int
	err := sqlx.GetContext(ctx, db, &n, `SELECT count(*) FROM (`+s.persons(&b)+` LIMIT `+b.arg(mostPersons+1)+`) x`, b.args...)
	return n <= mostPersons, err
}

func (s source) list(ctx context.Context, db sqlx.QueryerContext, of search.Query, below []int64, most int) (narrowed, error) {
	var b query
	pairs := most*s.each + 1
	text := `WITH pairs AS MATERIALIZED (` + s.convs(&b) + ` LIMIT ` + b.arg(pairs) + `), convs AS MATERIALIZED (SELECT DISTINCT conv_id FROM pairs)
SELECT (SELECT count(*) FROM pairs) AS pairs, CAST(NULL AS bigint) AS id, 0 AS messages
UNION ALL (SELECT 0, lc.id, lc.message_count FROM convs x JOIN conversations lc ON lc.id = x.conv_id
	WHERE (SELECT count(*) FROM pairs) < ` + b.arg(pairs) + ` AND ` + b.conversationOf(of, below, "lc.id") + ` LIMIT ` + b.arg(most+1) + `)`
	var rows []struct {
		Pairs    int    `db:"pairs"`
		ID       *int64 `db:"id"`
		Messages int64  `db:"messages"`
	}
	if err := sqlx.SelectContext(ctx, db, &rows, text, b.args...); err != nil {
		return narrowed{}, err
	}
	n := narrowed{all: true, ids: []int64{}}
	for _, r := range rows {
		if r.ID == nil {
			n.all = n.all && r.Pairs < pairs
			continue
		}
		n.ids, n.messages = append(n.ids, *r.ID), n.messages+r.Messages
	}
	if !n.all || len(n.ids) > most {
		return narrowed{}, nil
	}
	return n, nil
}

// FindConversations lists the conversations that a query is about, scope and
// filter, up to most; all is false when there are more, or finding out would
// take long.
func (s *Search) FindConversations(ctx context.Context, q search.Query, most int) (ids []int64, all bool, err error) {
	below, err := departmentsBelow(ctx, s.DB, q.Filter.Departments)
	if err != nil {
		return nil, false, wrap(ctx, "find departments", err)
	}
	n, err := listConversations(ctx, s.DB, q, below, most)
	return n.ids, n.all, wrap(ctx, "find conversations of search", err)
}

// KeepConversations gives those of the conversations that a query is about.
func (s *Search) KeepConversations(ctx context.Context, q search.Query, ids []int64) (map[int64]bool, error) {
	below, err := departmentsBelow(ctx, s.DB, q.Filter.Departments)
	if err != nil {
		return nil, wrap(ctx, "find departments", err)
	}
	var b query
	text := `SELECT u.id FROM unnest(CAST(` + b.arg(pq.Array(ids)) + ` AS bigint[])) AS u (id) WHERE ` + b.conversationOf(q, below, "u.id")
	var kept []int64
	if err := s.DB.SelectContext(ctx, &kept, text, b.args...); err != nil {
		return nil, wrap(ctx, "keep conversations of search", err)
	}
	out := make(map[int64]bool, len(kept))
	for _, id := range kept {
		out[id] = true
	}
	return out, nil
}

// KeepSensitive gives those of the messages that are part of a violation in
// scope which is no false alarm.
func (s *Search) KeepSensitive(ctx context.Context, scope access.Scope, ids []string) (map[string]bool, error) {
	var b query
	text := `SELECT u.id FROM unnest(CAST(` + b.arg(pq.Array(ids)) + ` AS uuid[])) AS u (id) WHERE ` + b.sensitiveInScope(scope, "u.id")
	var kept []string
	if err := s.DB.SelectContext(ctx, &kept, text, b.args...); err != nil {
		return nil, wrap(ctx, "keep sensitive messages", err)
	}
	out := make(map[string]bool, len(kept))
	for _, id := range kept {
		out[id] = true
	}
	return out, nil
}
