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

// sqlRebuildScopes spells the grants out. UNION drops what was seen already,
// so that departments that are each other's parents do not go round for ever.
// Admins and disabled viewers have no rows.
const sqlRebuildScopes = `
WITH RECURSIVE below (viewer_id, department_id) AS (
	SELECT g.viewer_id, g.department_id
	FROM grants g JOIN viewers v ON v.id = g.viewer_id
	WHERE g.viewer_id = ANY ($1) AND g.kind = 'department' AND v.role = 'viewer' AND NOT v.disabled
	UNION
	SELECT b.viewer_id, d.id FROM below b JOIN departments d ON d.parent_id = b.department_id
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
