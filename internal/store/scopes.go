package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/access"
)

// sqlLockViewers makes rebuilds of the same scope wait for each other, so that
// the later one sees the grants, departments and employees of the earlier one.
// Sign-ins, which only refer to the row, go on.
const sqlLockViewers = `
SELECT id FROM viewers WHERE $1::bigint[] IS NULL OR id = ANY ($1) ORDER BY id FOR NO KEY UPDATE`

// departmentTree is a table (root, id) of departments, an array, and all that
// are below each of them; a root counts as below itself, known or not. UNION
// drops what was seen already, so that departments that are each other's
// parents do not go round for ever.
func departmentTree(roots string) string {
	return `(WITH RECURSIVE tree (root, id) AS (
		SELECT r, r FROM unnest(` + roots + `) AS r
		UNION SELECT t.root, d.id FROM tree t JOIN departments d ON d.parent_id = t.id
	) SELECT root, id FROM tree)`
}

// sqlRebuildScopes spells the grants out. Admins and disabled viewers have no
// rows.
var sqlRebuildScopes = `
WITH granted AS (
	SELECT g.viewer_id, g.department_id
	FROM grants g JOIN viewers v ON v.id = g.viewer_id
	WHERE g.viewer_id = ANY ($1) AND g.kind = 'department' AND v.role = 'viewer' AND NOT v.disabled
), below AS (
	SELECT g.viewer_id, tree.id AS department_id
	FROM granted g JOIN ` + departmentTree(`ARRAY(SELECT DISTINCT department_id FROM granted)`) + ` AS tree ON tree.root = g.department_id
), wanted AS (
	SELECT b.viewer_id, ed.person FROM below b JOIN employee_departments ed USING (department_id)
	UNION
	SELECT g.viewer_id, g.person
	FROM grants g JOIN viewers v ON v.id = g.viewer_id
	WHERE g.viewer_id = ANY ($1) AND g.kind = 'employee' AND v.role = 'viewer' AND NOT v.disabled
), dropped AS (
	DELETE FROM viewer_employees ve
	WHERE ve.viewer_id = ANY ($1)
		AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.viewer_id = ve.viewer_id AND w.person = ve.person)
)
INSERT INTO viewer_employees (viewer_id, person)
SELECT viewer_id, person FROM wanted
ON CONFLICT ON CONSTRAINT viewer_employees_pkey DO NOTHING`

// rebuildScopes spells out what the viewers may see; of all viewers when none
// is named. It belongs at the end of each transaction that changes grants,
// viewers, departments or who is in them.
func rebuildScopes(ctx context.Context, tx *sqlx.Tx, viewerIDs ...int64) error {
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, sqlLockViewers, pq.Array(viewerIDs)); err != nil {
		return wrap(ctx, "lock viewers", err)
	}
	_, err := tx.ExecContext(ctx, sqlRebuildScopes, pq.Array(ids))
	return wrap(ctx, "rebuild scopes", err)
}

const (
	sqlCountEmployees = `SELECT count(*) FROM employees`
	sqlCountScope     = `SELECT count(*) FROM viewer_employees WHERE viewer_id = $1`
)

// CountScope gives the number of employees in scope.
func (db *DB) CountScope(ctx context.Context, s access.Scope) (int64, error) {
	query, args := sqlCountScope, []any{s.ViewerID()}
	if s.All() {
		query, args = sqlCountEmployees, nil
	}
	var n int64
	err := db.GetContext(ctx, &n, query, args...)
	return n, wrap(ctx, "count scope", err)
}
