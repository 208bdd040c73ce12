package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/personid"
)

const sqlAccounts = `
SELECT v.id, v.person, v.userid, v.role, v.disabled, v.from_config, v.deletion_alerts, v.updated_at,
	ARRAY(SELECT g.department_id FROM grants g WHERE g.viewer_id = v.id AND g.kind = 'department' ORDER BY 1) AS departments,
	ARRAY(SELECT g.person FROM grants g WHERE g.viewer_id = v.id AND g.kind = 'employee' ORDER BY 1) AS employees,
	CASE
		WHEN v.disabled THEN 0
		WHEN v.role = 'admin' THEN (SELECT count(*) FROM employees)
		ELSE (SELECT count(*) FROM viewer_employees ve WHERE ve.viewer_id = v.id)
	END AS scope_size,
	(SELECT max(s.last_seen_at) FROM sessions s WHERE s.viewer_id = v.id) AS seen_at
FROM viewers v`

type accountRow struct {
	access.Viewer
	Departments pq.Int64Array  `db:"departments"`
	Employees   pq.StringArray `db:"employees"`
	ScopeSize   int64          `db:"scope_size"`
	SeenAt      sql.NullTime   `db:"seen_at"`
}

func (r accountRow) account() access.Account {
	return access.Account{
		Viewer: r.Viewer, Departments: r.Departments, Employees: r.Employees,
		ScopeSize: r.ScopeSize, LastSeenAt: r.SeenAt.Time,
	}
}

// ListAccounts gives all accounts, admins first, then by userid.
func (db *DB) ListAccounts(ctx context.Context) ([]access.Account, error) {
	var rows []accountRow
	err := db.SelectContext(ctx, &rows, sqlAccounts+` ORDER BY v.role, lower(v.userid), v.id`)
	if err != nil {
		return nil, wrap(ctx, "list accounts", err)
	}
	accounts := make([]access.Account, len(rows))
	for i, r := range rows {
		accounts[i] = r.account()
	}
	return accounts, nil
}

func getAccount(ctx context.Context, tx *sqlx.Tx, id int64) (access.Account, error) {
	var row accountRow
	err := tx.GetContext(ctx, &row, sqlAccounts+` WHERE v.id = $1`, id)
	return row.account(), wrap(ctx, "get account", err)
}

const sqlInsertViewer = `
INSERT INTO viewers (person, userid, role, disabled) VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT viewers_person DO NOTHING
RETURNING id`

// CreateAccount adds an account for a member of the directory.
func (db *DB) CreateAccount(ctx context.Context, in access.AccountInput, e audit.Entry) (access.Account, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (access.Account, error) {
		userid, err := memberUserID(ctx, tx, in.Person())
		if err != nil {
			return access.Account{}, err
		}
		var id int64
		err = tx.GetContext(ctx, &id, sqlInsertViewer, in.Person(), userid, in.Role, in.Disabled)
		if noRows(err) {
			return access.Account{}, fault.Conflict("this member has an account already")
		}
		if err != nil {
			return access.Account{}, wrap(ctx, "create viewer", err)
		}
		e.Object = audit.Object("viewer", id)
		return saveGrants(ctx, tx, id, in, access.Account{}, e)
	})
}

// memberUserID gives the userid as WeCom spells it.
func memberUserID(ctx context.Context, tx *sqlx.Tx, person string) (string, error) {
	var userid string
	err := tx.GetContext(ctx, &userid, `SELECT userid FROM employees WHERE person = $1`, dbText(person))
	if noRows(err) {
		return "", fault.Invalid("userid", "no such member in the directory")
	}
	return userid, wrap(ctx, "find member", err)
}

const sqlUpdateViewer = `UPDATE viewers SET role = $2, disabled = $3, updated_at = $4 WHERE id = $1`

// UpdateAccount changes an account, and ends its sessions when it is disabled.
func (db *DB) UpdateAccount(ctx context.Context, id int64, in access.AccountInput, now time.Time, e audit.Entry) (access.Account, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (access.Account, error) {
		if err := checkUpdate(ctx, tx, id, in); err != nil {
			return access.Account{}, err
		}
		before, err := getAccount(ctx, tx, id)
		if err != nil {
			return access.Account{}, err
		}
		if _, err := tx.ExecContext(ctx, sqlUpdateViewer, id, in.Role, in.Disabled, now); err != nil {
			return access.Account{}, wrap(ctx, "update viewer", err)
		}
		if in.Disabled {
			if err := endSessions(ctx, tx, id, now); err != nil {
				return access.Account{}, err
			}
		}
		return saveGrants(ctx, tx, id, in, before, e)
	})
}

// sqlLockAdmins locks every admin too, so that of two who demote each other at
// once the second sees what the first did.
const sqlLockAdmins = `
SELECT id, person, userid, role, disabled, from_config, deletion_alerts, updated_at
FROM viewers WHERE id = $1 OR (role = 'admin' AND NOT disabled)
ORDER BY id FOR NO KEY UPDATE`

// checkUpdate refuses a change that would leave no admin, or that takes away
// what the configuration gives.
func checkUpdate(ctx context.Context, tx *sqlx.Tx, id int64, in access.AccountInput) error {
	var locked []access.Viewer
	if err := tx.SelectContext(ctx, &locked, sqlLockAdmins, id); err != nil {
		return wrap(ctx, "lock viewers", err)
	}
	i := slices.IndexFunc(locked, func(v access.Viewer) bool { return v.ID == id })
	if i < 0 {
		return fault.NotFound("account")
	}
	v := locked[i]
	if v.Person != in.Person() {
		return fault.Invalid("userid", "an account cannot be given to another member")
	}
	if in.Role == access.RoleAdmin && !in.Disabled {
		return nil
	}
	if v.FromConfig {
		return &fault.Error{Code: "conflict.from_config", Message: "the configuration names this admin"}
	}
	if v.IsAdmin() && !v.Disabled && len(locked) == 1 {
		return &fault.Error{Code: "conflict.last_admin", Message: "the last admin stays"}
	}
	return nil
}

const sqlEndSessions = `UPDATE sessions SET revoked_at = $2 WHERE viewer_id = $1 AND revoked_at IS NULL`

func endSessions(ctx context.Context, tx *sqlx.Tx, viewerID int64, now time.Time) error {
	_, err := tx.ExecContext(ctx, sqlEndSessions, viewerID, now)
	return wrap(ctx, "end sessions", err)
}

// saveGrants replaces the grants of an account, spells its scope out and
// writes the log entry with what was and what is.
func saveGrants(ctx context.Context, tx *sqlx.Tx, id int64, in access.AccountInput, before access.Account, e audit.Entry) (access.Account, error) {
	if err := checkGrants(ctx, tx, in, before); err != nil {
		return access.Account{}, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM grants WHERE viewer_id = $1`, id); err != nil {
		return access.Account{}, wrap(ctx, "delete grants", err)
	}
	if err := insertGrants(ctx, tx, id, in); err != nil {
		return access.Account{}, err
	}
	if err := rebuildScopes(ctx, tx, id); err != nil {
		return access.Account{}, err
	}
	if err := notifyViewer(ctx, tx, id); err != nil {
		return access.Account{}, err
	}
	after, err := getAccount(ctx, tx, id)
	if err != nil {
		return access.Account{}, err
	}
	e.Detail = map[string]any{"after": accountDetail(after)}
	if before.ID != 0 {
		e.Detail["before"] = accountDetail(before)
	}
	return after, insertAudit(ctx, tx, e)
}

const (
	sqlCountUnknownDepartments = `
SELECT count(*) FROM unnest($1::bigint[]) AS w (id) WHERE NOT EXISTS (SELECT 1 FROM departments d WHERE d.id = w.id)`

	sqlCountUnknownEmployees = `
SELECT count(*) FROM unnest($1::text[]) AS w (person) WHERE NOT EXISTS (SELECT 1 FROM employees e WHERE e.person = w.person)`
)

// checkGrants refuses grants of what the directory does not know. What was
// granted before may stay: the directory may have lost sight of it.
func checkGrants(ctx context.Context, tx *sqlx.Tx, in access.AccountInput, before access.Account) error {
	departments := without(in.Departments, before.Departments)
	employees := without(in.Employees, before.Employees)
	for i, p := range employees {
		employees[i] = dbText(p)
	}
	for _, c := range []struct {
		field, query string
		arg          any
	}{
		{"departments", sqlCountUnknownDepartments, pq.Array(departments)},
		{"employees", sqlCountUnknownEmployees, pq.Array(employees)},
	} {
		var unknown int
		if err := tx.GetContext(ctx, &unknown, c.query, c.arg); err != nil {
			return wrap(ctx, "check grants", err)
		}
		if unknown > 0 {
			return fault.Invalid(c.field, "%d of them not in the directory", unknown)
		}
	}
	return nil
}

func without[T comparable](list, known []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return slices.Contains(known, x) })
}

const (
	sqlGrantDepartments = `
INSERT INTO grants (viewer_id, kind, department_id) SELECT $1, 'department', unnest($2::bigint[])`

	sqlGrantEmployees = `
INSERT INTO grants (viewer_id, kind, person) SELECT $1, 'employee', unnest($2::text[])`
)

func insertGrants(ctx context.Context, tx *sqlx.Tx, id int64, in access.AccountInput) error {
	if _, err := tx.ExecContext(ctx, sqlGrantDepartments, id, pq.Array(in.Departments)); err != nil {
		return wrap(ctx, "grant departments", err)
	}
	_, err := tx.ExecContext(ctx, sqlGrantEmployees, id, pq.Array(in.Employees))
	return wrap(ctx, "grant employees", err)
}

func accountDetail(a access.Account) map[string]any {
	return map[string]any{
		"role": a.Role, "disabled": a.Disabled, "departments": a.Departments, "employees": a.Employees,
	}
}

const (
	sqlEnsureAdmin = `
INSERT INTO viewers (person, userid, role, from_config)
VALUES ($1, COALESCE((SELECT e.userid FROM employees e WHERE e.person = $1), $2), 'admin', true)
ON CONFLICT ON CONSTRAINT viewers_person DO UPDATE
SET role = 'admin', disabled = false, from_config = true, updated_at = now()
WHERE viewers.role <> 'admin' OR viewers.disabled OR NOT viewers.from_config
RETURNING id`

	sqlReleaseAdmins = `
UPDATE viewers SET from_config = false, updated_at = now() WHERE from_config AND person <> ALL ($1) RETURNING id`
)

// EnsureAdmins makes an enabled admin of each userid and remembers that the
// configuration names exactly these. It changes, and logs, only what differs.
func (db *DB) EnsureAdmins(ctx context.Context, userids []string, e audit.Entry) error {
	_, err := inTx(ctx, db, func(tx *sqlx.Tx) (struct{}, error) {
		changed, err := ensureAdmins(ctx, tx, userids)
		if err != nil || len(changed) == 0 {
			return struct{}{}, err
		}
		if err := rebuildScopes(ctx, tx, changed...); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, logAccounts(ctx, tx, changed, e)
	})
	return err
}

func ensureAdmins(ctx context.Context, tx *sqlx.Tx, userids []string) ([]int64, error) {
	var changed []int64
	persons := personid.Keys(userids)
	for i, person := range persons {
		var ids []int64
		if err := tx.SelectContext(ctx, &ids, sqlEnsureAdmin, person, userids[i]); err != nil {
			return nil, wrap(ctx, "ensure admin", err)
		}
		changed = append(changed, ids...)
	}
	var released []int64
	if err := tx.SelectContext(ctx, &released, sqlReleaseAdmins, pq.Array(persons)); err != nil {
		return nil, wrap(ctx, "release admins", err)
	}
	return append(changed, released...), nil
}

// logAccounts tells of changed accounts.
func logAccounts(ctx context.Context, tx *sqlx.Tx, ids []int64, e audit.Entry) error {
	for _, id := range ids {
		a, err := getAccount(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := notifyViewer(ctx, tx, id); err != nil {
			return err
		}
		e.Object = audit.Object("viewer", id)
		e.Detail = map[string]any{"after": accountDetail(a), "from_config": a.FromConfig}
		if err := insertAudit(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

const sqlUpdateDeletionAlerts = `
UPDATE viewers SET deletion_alerts = $2, updated_at = now() WHERE id = $1
RETURNING id, person, userid, role, disabled, from_config, deletion_alerts, updated_at`

// UpdateDeletionAlerts sets whether a viewer is told of deletions.
func (db *DB) UpdateDeletionAlerts(ctx context.Context, viewerID int64, on bool, e audit.Entry) (access.Viewer, error) {
	var v access.Viewer
	err := db.change(ctx, e, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &v, sqlUpdateDeletionAlerts, viewerID, on)
		if noRows(err) {
			return fault.NotFound("account")
		}
		return wrap(ctx, "update deletion alerts", err)
	})
	return v, err
}
