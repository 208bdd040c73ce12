package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/search"
)

var (
	_ search.NameStore = (*DB)(nil)
	_ search.Names     = (*DB)(nil)
)

// advisory lock that whoever makes keys of names takes, so that none is made of
// a name that was read before another change.
const lockNames = 7_401_003

const (
	sqlTakeNameChanges = `
DELETE FROM name_changes WHERE id IN (SELECT id FROM name_changes ORDER BY id LIMIT $1) RETURNING kind, owner`

	// All that the taken people and groups are and were called.
	sqlNamesOf = `
SELECT 1 AS kind, 0 AS source, e.person AS owner, '' AS noted_by, n.name
FROM employees e CROSS JOIN LATERAL (VALUES (e.name), (e.alias), (e.userid)) AS n (name) WHERE e.person = ANY ($1)
UNION ALL SELECT 1, 1, e.person, '', f.name FROM former_names f JOIN employees e ON e.person = f.person WHERE f.person = ANY ($1)
UNION ALL SELECT 2, 0, c.person, '', c.name FROM customers c WHERE c.person = ANY ($2)
UNION ALL SELECT 2, 1, c.person, '', f.name FROM former_names f JOIN customers c ON c.person = f.person WHERE f.person = ANY ($2)
UNION ALL SELECT 2, 2, f.customer, f.employee, f.remark FROM follows f WHERE f.customer = ANY ($2)
UNION ALL SELECT 3, 0, g.roomid, '', g.name FROM groups g WHERE g.roomid = ANY ($3)`

	sqlDropNameKeys = `
DELETE FROM name_keys WHERE kind = 1 AND owner = ANY ($1) OR kind = 2 AND owner = ANY ($2) OR kind = 3 AND owner = ANY ($3)`
)

type nameRow struct {
	Kind    int16  `db:"kind"`
	Source  int16  `db:"source"`
	Owner   string `db:"owner"`
	NotedBy string `db:"noted_by"`
	Name    string `db:"name"`
}

// SaveNameKeys implements search.NameStore.
func (db *DB) SaveNameKeys(ctx context.Context, n int, keys func(name string) []search.NameKey) (int, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (int, error) {
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, lockNames); err != nil {
			return 0, wrap(ctx, "lock names", err)
		}
		var taken []nameRow
		if err := tx.SelectContext(ctx, &taken, sqlTakeNameChanges, n); err != nil {
			return 0, wrap(ctx, "take changes of names", err)
		}
		if len(taken) == 0 {
			return 0, nil
		}
		owners := [4]pq.StringArray{{}, {}, {}, {}} // by kind
		for _, t := range taken {
			owners[t.Kind] = append(owners[t.Kind], t.Owner)
		}
		if _, err := tx.ExecContext(ctx, sqlDropNameKeys, owners[1], owners[2], owners[3]); err != nil {
			return 0, wrap(ctx, "drop keys of names", err)
		}
		var names []nameRow
		if err := tx.SelectContext(ctx, &names, sqlNamesOf, owners[1], owners[2], owners[3]); err != nil {
			return 0, wrap(ctx, "read names", err)
		}
		return len(taken), insertNameKeys(ctx, tx, names, keys)
	})
}

const sqlInsertNameKeys = `
INSERT INTO name_keys (kind, inside, key, form, source, owner, noted_by, name)
SELECT * FROM unnest($1::smallint[], $2::boolean[], $3::text[], $4::smallint[], $5::smallint[], $6::text[], $7::text[], $8::text[])`

func insertNameKeys(ctx context.Context, tx *sqlx.Tx, names []nameRow, keys func(name string) []search.NameKey) error {
	var kinds, forms, sources []int64
	var insides []bool
	var texts, owners, notedBy, whole []string
	done := map[nameRow]bool{}
	for _, n := range names {
		if done[n] {
			continue
		}
		done[n] = true
		for _, k := range keys(n.Name) {
			kinds, insides, texts = append(kinds, int64(n.Kind)), append(insides, k.Inside), append(texts, k.Key)
			forms, sources = append(forms, int64(k.Form)), append(sources, int64(n.Source))
			owners, notedBy, whole = append(owners, n.Owner), append(notedBy, n.NotedBy), append(whole, n.Name)
		}
	}
	_, err := tx.ExecContext(ctx, sqlInsertNameKeys, pq.Array(kinds), pq.Array(insides), pq.Array(texts), pq.Array(forms), pq.Array(sources),
		pq.Array(owners), pq.Array(notedBy), pq.Array(whole))
	return wrap(ctx, "insert keys of names", err)
}

// Of one kind of name, so many keys are looked at in their order before their
// owners are asked for in the scope instead: where the scope is small, and what
// was typed common, few of them are in it.
const (
	keysAhead  = 1000
	keysEach   = 8     // keys for each name that is wanted: one has several
	fewKeys    = 200   // so many owners are looked up in the scope one by one
	smallScope = 15000 // a scope with fewer conversations and customers is read at once
)

// FindNames implements search.Names.
func (db *DB) FindNames(ctx context.Context, s access.Scope, typed string, limit int) ([]search.Match, error) {
	var begin, within []search.Match
	small, err := db.isSmall(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, kind := range []search.NameKind{search.NameEmployee, search.NameCustomer, search.NameGroup} {
		b, w, err := db.namesOf(ctx, s, nameQuery{kind: kind, typed: typed, limit: limit}, small)
		if err != nil {
			return nil, err
		}
		begin, within = append(begin, b...), append(within, w...)
	}
	return append(begin, within...), nil
}

// isSmall: it costs less to ask for everybody in the scope than to look for them
// among the names of all.
func (db *DB) isSmall(ctx context.Context, s access.Scope) (bool, error) {
	if s.All() {
		return false, nil
	}
	const text = `SELECT count(*) FROM (SELECT FROM viewer_employees se
CROSS JOIN LATERAL (SELECT FROM conv_members sm WHERE sm.person = se.person UNION ALL SELECT FROM follows f WHERE f.employee = se.person OFFSET 0) x
WHERE se.viewer_id = $1 LIMIT $2) x`
	var n int
	err := db.GetContext(ctx, &n, text, s.ViewerID(), smallScope)
	return n < smallScope, wrap(ctx, "size of scope", err)
}

// nameQuery asks for the keys of one kind that begin with what was typed.
type nameQuery struct {
	kind   search.NameKind
	inside bool
	typed  string
	limit  int // names
}

func (q nameQuery) condition(b *query) string {
	return `k.kind = ` + b.arg(q.kind) + ` AND k.key >= ` + b.arg(q.typed) + ` AND k.key < ` + b.arg(q.typed+"\U0010FFFF")
}

// inOrder is a condition and an order that an index has, which the most are
// read from.
func (q nameQuery) inOrder(b *query, most int) string {
	return ` FROM name_keys k WHERE ` + q.condition(b) + ` AND k.inside = ` + b.arg(q.inside) + nameOrder + b.arg(most)
}

// The shortest keys come first.
const nameOrder = ` ORDER BY k.key, k.owner, k.source LIMIT `

// namesOf gives the keys of one kind; those that begin within a name only where
// too few names begin so.
func (db *DB) namesOf(ctx context.Context, s access.Scope, q nameQuery, small bool) (begin, within []search.Match, err error) {
	if small {
		few, err := db.isRare(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		if !few {
			return db.namesOfSmall(ctx, s, q)
		}
	}
	begin, whole, err := db.firstNames(ctx, s, q)
	if err != nil || whole && owners(begin) >= q.limit {
		return begin, nil, err
	}
	if whole {
		q.inside = true
		within, whole, err = db.firstNames(ctx, s, q)
	}
	if err != nil || whole {
		return begin, within, err
	}
	return db.namesInScope(ctx, s, q)
}

// firstNames looks at the first keys in their order. It did not see the whole
// when there are more of them, and too few names were in scope.
func (db *DB) firstNames(ctx context.Context, s access.Scope, q nameQuery) (found []search.Match, whole bool, err error) {
	var b query
	if s.All() {
		most := q.limit * keysEach
		found, err = db.nameMatches(ctx, &b, `name_keys k WHERE `+q.condition(&b)+` AND k.inside = `+b.arg(q.inside)+everyGroup(q.kind)+nameOrder+b.arg(most))
		return found, true, err
	}
	ahead := `(SELECT *` + q.inOrder(&b, keysAhead) + `) k WHERE `
	found, err = db.nameMatches(ctx, &b, ahead+b.nameInScope(s, q.kind)+nameOrder+b.arg(q.limit*keysEach))
	if err != nil || owners(found) >= q.limit {
		return found, true, err
	}
	var c query
	var n int
	err = db.GetContext(ctx, &n, `SELECT count(*) FROM (SELECT`+q.inOrder(&c, keysAhead)+`) k`, c.args...)
	return found, n < keysAhead, wrap(ctx, "count names", err)
}

// isRare: few keys begin with what was typed.
func (db *DB) isRare(ctx context.Context, q nameQuery) (bool, error) {
	var b query
	var n int
	of := `(SELECT FROM name_keys k WHERE ` + q.condition(&b) + ` AND k.inside = `
	most := ` LIMIT ` + b.arg(fewKeys) + `)`
	err := db.GetContext(ctx, &n, `SELECT count(*) FROM (`+of+`false`+most+` UNION ALL `+of+`true`+most+`) k`, b.args...)
	return n < fewKeys, wrap(ctx, "count names", err)
}

// namesOfSmall reads a small scope once and goes through the keys in their order
// until enough of them are of somebody in it. It finds them in the index alone,
// which does not have who noted a remark: where too many were noted by others,
// all in scope are asked.
func (db *DB) namesOfSmall(ctx context.Context, s access.Scope, q nameQuery) (begin, within []search.Match, err error) {
	var b query
	most := q.limit * keysEach
	first := func(inside string) string {
		return `(SELECT ` + inside + ` AS inside, o.*, row_number() OVER (ORDER BY o.key, o.owner, o.source) AS place FROM (
	SELECT DISTINCT k.key, k.owner, k.source FROM name_keys k WHERE ` + q.condition(&b) + ` AND k.inside = ` + inside + `
		AND (k.owner IN (SELECT owner FROM seen)) IS TRUE` + nameOrder + b.arg(most) + `) o)`
	}
	text := `WITH seen AS MATERIALIZED (SELECT v.owner FROM ` + b.namesOfScope(s, q.kind) + ` v)
SELECT` + nameColumns + `, o.place, true` + b.remarkInScope(s, q.kind) + ` AS mine
FROM (` + first(`false`) + ` UNION ALL ` + first(`true`) + `) o
CROSS JOIN LATERAL (SELECT * FROM name_keys k WHERE k.owner = o.owner AND k.kind = ` + b.arg(q.kind) + ` AND k.key = o.key
	AND k.inside = o.inside AND k.source = o.source OFFSET 0) k
ORDER BY k.inside, o.place`
	var rows []struct {
		search.Match
		Place int  `db:"place"`
		Mine  bool `db:"mine"`
	}
	if err := db.SelectContext(ctx, &rows, text, b.args...); err != nil {
		return nil, nil, wrap(ctx, "find names", err)
	}
	var cut [2]bool // begin, within
	for _, r := range rows {
		list, at := &begin, 0
		if r.Inside {
			list, at = &within, 1
		}
		if r.Mine {
			*list = append(*list, r.Match)
		}
		cut[at] = cut[at] || r.Place == most
	}
	if owners(begin) < q.limit && (cut[0] || cut[1] && owners(within) < q.limit) {
		return db.namesInScope(ctx, s, q)
	}
	return begin, within, nil
}

// namesInScope asks for the names of those whom the viewer may see. OFFSET 0 has
// the planner go from the people to their names: the other way took a minute.
func (db *DB) namesInScope(ctx context.Context, s access.Scope, q nameQuery) (begin, within []search.Match, err error) {
	var b query
	from := `(SELECT k.*, row_number() OVER (PARTITION BY k.inside ORDER BY k.key, k.owner, k.source) AS place
FROM ` + b.namesOfScope(s, q.kind) + ` v CROSS JOIN LATERAL (SELECT * FROM name_keys k WHERE k.owner = v.owner AND ` + q.condition(&b) + ` OFFSET 0) k
WHERE true` + b.remarkInScope(s, q.kind) + `) k WHERE k.place <= ` + b.arg(q.limit*keysEach) + ` ORDER BY k.inside, k.place`
	found, err := db.nameMatches(ctx, &b, from)
	for _, m := range found {
		if m.Inside {
			within = append(within, m)
		} else {
			begin = append(begin, m)
		}
	}
	return begin, within, err
}

const nameColumns = ` k.kind, k.inside, k.form, k.source, k.owner, k.name,
	COALESCE((SELECT c.id FROM conversations c WHERE k.kind = 3 AND c.kind = 'group' AND c.key = k.owner), 0) AS conv_id`

// nameMatches reads keys.
func (db *DB) nameMatches(ctx context.Context, b *query, from string) ([]search.Match, error) {
	text := `SELECT` + nameColumns + ` FROM ` + from
	var rows []search.Match
	return rows, wrap(ctx, "find names", db.SelectContext(ctx, &rows, text, b.args...))
}

func owners(found []search.Match) int {
	seen := map[string]bool{}
	for _, m := range found {
		seen[m.Owner] = true
	}
	return len(seen)
}

// everyGroup leaves out groups in which nothing was said.
func everyGroup(kind search.NameKind) string {
	if kind != search.NameGroup {
		return ""
	}
	return ` AND EXISTS (SELECT 1 FROM conversations c WHERE c.kind = 'group' AND c.key = k.owner AND c.message_count > 0)`
}

// nameInScope is a condition: the viewer may see the owner of the key k, as an
// employee in scope, a customer of one or a group with one; a remark only as
// that employee noted it. IS TRUE has the planner read the employees once and
// keep them.
func (q *query) nameInScope(s access.Scope, kind search.NameKind) string {
	viewer := q.arg(s.ViewerID())
	seen := func(person string) string {
		return `(` + person + ` IN (SELECT se.person FROM viewer_employees se WHERE se.viewer_id = ` + viewer + `)) IS TRUE`
	}
	switch kind {
	case search.NameEmployee:
		return seen("k.owner")
	case search.NameGroup:
		return `EXISTS (SELECT 1 FROM conversations c JOIN conv_members sm ON sm.conv_id = c.id
	WHERE c.kind = 'group' AND c.key = k.owner AND c.message_count > 0 AND ` + seen("sm.person") + ` OFFSET 0)`
	default:
		return `(EXISTS (SELECT 1 FROM follows f WHERE f.customer = k.owner AND ` + seen("f.employee") + ` OFFSET 0)
	OR EXISTS (SELECT 1 FROM conv_members cm JOIN conv_members sm ON sm.conv_id = cm.conv_id WHERE cm.person = k.owner AND ` + seen("sm.person") + ` OFFSET 0))` + q.remarkInScope(s, kind)
	}
}

func (q *query) remarkInScope(s access.Scope, kind search.NameKind) string {
	if kind != search.NameCustomer {
		return ""
	}
	return ` AND (k.source <> 2 OR ` + q.personInScope(s, "k.noted_by") + `)`
}

// namesOfScope gives those whom the viewer may see, as nameInScope does.
func (q *query) namesOfScope(s access.Scope, kind search.NameKind) string {
	of := `FROM viewer_employees se JOIN conv_members sm ON sm.person = se.person `
	mine := ` WHERE se.viewer_id = ` + q.arg(s.ViewerID())
	switch kind {
	case search.NameEmployee:
		return `(SELECT se.person AS owner FROM viewer_employees se` + mine + `)`
	case search.NameGroup:
		return `(SELECT DISTINCT c.key AS owner ` + of + `JOIN conversations c ON c.id = sm.conv_id AND c.kind = 'group' AND c.message_count > 0` + mine + `)`
	default:
		return `(SELECT cm.person AS owner ` + of + `JOIN conv_members cm ON cm.conv_id = sm.conv_id` + mine + `
	UNION SELECT f.customer FROM viewer_employees se JOIN follows f ON f.employee = se.person` + mine + `)`
	}
}
