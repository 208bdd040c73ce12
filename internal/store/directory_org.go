package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/directory"
	"huicun/internal/personid"
)

const sqlKnownEmployees = `
SELECT e.person, e.userid, e.missed_syncs, e.left_at IS NOT NULL AS gone,
	ARRAY(SELECT ed.department_id FROM employee_departments ed WHERE ed.person = e.person ORDER BY 1) AS departments
FROM employees e
WHERE e.status > 0
ORDER BY e.person`

// KnownEmployees implements directory.Store. Rows of status 0 stand for ids
// that only messages named.
func (db *DB) KnownEmployees(ctx context.Context) ([]directory.Known, error) {
	var rows []struct {
		Person      string        `db:"person"`
		UserID      string        `db:"userid"`
		Missed      int           `db:"missed_syncs"`
		Gone        bool          `db:"gone"`
		Departments pq.Int64Array `db:"departments"`
	}
	if err := db.SelectContext(ctx, &rows, sqlKnownEmployees); err != nil {
		return nil, wrap(ctx, "list employees", err)
	}
	known := make([]directory.Known, len(rows))
	for i, r := range rows {
		known[i] = directory.Known{Person: r.Person, UserID: r.UserID, Departments: r.Departments, Missed: r.Missed, Left: r.Gone}
	}
	return known, nil
}

const sqlUnseenEmployees = `
SELECT e.userid FROM employees e
WHERE e.status = 0 AND NOT e.userid = ANY ($1)
ORDER BY e.updated_at DESC, e.person
LIMIT $2`

// UnknownEmployees implements directory.Store.
func (db *DB) UnknownEmployees(ctx context.Context, except []string, limit int) ([]string, error) {
	var ids []string
	err := db.SelectContext(ctx, &ids, sqlUnseenEmployees, pq.Array(nonNil(except)), limit)
	return ids, wrap(ctx, "find unknown employees", err)
}

const (
	sqlSaveDepartments = `
INSERT INTO departments (id, parent_id, name, sort_order, updated_at)
SELECT id, parent_id, name, sort_order, $2::timestamptz
FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x (id bigint, parent_id bigint, name text, sort_order bigint)
ON CONFLICT (id) DO UPDATE SET
	parent_id = EXCLUDED.parent_id, name = COALESCE(NULLIF(EXCLUDED.name, ''), departments.name),
	sort_order = EXCLUDED.sort_order, gone_at = NULL, updated_at = EXCLUDED.updated_at`

	sqlDropDepartments = `
UPDATE departments SET gone_at = $2, updated_at = $2 WHERE gone_at IS NULL AND NOT id = ANY ($1)`

	// A name that is but the userid is one that WeCom withheld; an avatar that is
	// empty likewise. What is known stays.
	sqlSaveEmployees = `
INSERT INTO employees (person, userid, name, alias, position, avatar, main_department, status, left_at, updated_at)
SELECT person, userid, name, alias, position, avatar, main_department, status,
	CASE WHEN status = 5 THEN $2::timestamptz END, $2::timestamptz
FROM jsonb_to_recordset(CAST($1 AS jsonb))
	AS x (person text, userid text, name text, alias text, position text, avatar text, main_department bigint, status integer)
ORDER BY person
ON CONFLICT (person) DO UPDATE SET
	userid = EXCLUDED.userid,
	name = CASE WHEN EXCLUDED.name = EXCLUDED.userid AND employees.name <> employees.person THEN employees.name ELSE EXCLUDED.name END,
	alias = EXCLUDED.alias, position = EXCLUDED.position,
	avatar = COALESCE(NULLIF(EXCLUDED.avatar, ''), employees.avatar),
	main_department = EXCLUDED.main_department, status = EXCLUDED.status, missed_syncs = 0,
	left_at = CASE WHEN EXCLUDED.status = 5 THEN COALESCE(employees.left_at, EXCLUDED.left_at) END,
	updated_at = EXCLUDED.updated_at`

	// Employees of whom nothing but the userid is known.
	sqlSaveUserIDs = `
INSERT INTO employees (person, userid, name, status, updated_at)
SELECT person, userid, name, status, $2::timestamptz
FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x (person text, userid text, name text, status integer)
ORDER BY person
ON CONFLICT (person) DO UPDATE SET
	userid = EXCLUDED.userid,
	name = CASE WHEN employees.name = employees.person THEN EXCLUDED.name ELSE employees.name END,
	status = CASE WHEN employees.status IN (0, 5) THEN EXCLUDED.status ELSE employees.status END,
	missed_syncs = 0, left_at = NULL, updated_at = EXCLUDED.updated_at`

	// Employees without a row in $1 keep their departments.
	sqlDropMemberships = `
WITH x AS (
	SELECT person, department_id FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x (person text, department_id bigint)
)
DELETE FROM employee_departments ed
WHERE ed.person IN (SELECT person FROM x)
	AND NOT EXISTS (SELECT 1 FROM x WHERE x.person = ed.person AND x.department_id = ed.department_id)`

	sqlSaveMemberships = `
INSERT INTO employee_departments (person, department_id, is_leader)
SELECT person, department_id, is_leader
FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x (person text, department_id bigint, is_leader boolean)
ON CONFLICT ON CONSTRAINT employee_departments_pkey DO UPDATE SET is_leader = EXCLUDED.is_leader
WHERE employee_departments.is_leader <> EXCLUDED.is_leader`

	sqlMissEmployees = `
UPDATE employees e SET missed_syncs = x.missed, left_at = CASE WHEN x.gone THEN $2::timestamptz ELSE e.left_at END,
	updated_at = $2::timestamptz
FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x (person text, missed integer, gone boolean)
WHERE e.person = x.person`

	sqlSetArchived = `
UPDATE employees SET archived = (person = ANY ($1)), archived_before = archived_before OR person = ANY ($1), updated_at = $2
WHERE archived <> (person = ANY ($1))`
)

type departmentRow struct {
	ID        int64  `json:"id"`
	ParentID  int64  `json:"parent_id"`
	Name      string `json:"name"`
	SortOrder int64  `json:"sort_order"`
}

type syncEmployeeRow struct {
	Person         string `json:"person"`
	UserID         string `json:"userid"`
	Name           string `json:"name"`
	Alias          string `json:"alias"`
	Position       string `json:"position"`
	Avatar         string `json:"avatar"`
	MainDepartment int64  `json:"main_department"`
	Status         int    `json:"status"`
}

type missingRow struct {
	Person string `json:"person"`
	Missed int    `json:"missed"`
	Gone   bool   `json:"gone"`
}

// ApplyOrg implements directory.Store.
func (db *DB) ApplyOrg(ctx context.Context, o directory.Org) error {
	return inDirectory(ctx, db, func(tx *sqlx.Tx) error {
		if err := saveDepartments(ctx, tx, o); err != nil {
			return err
		}
		if err := saveEmployees(ctx, tx, o.At, o.Employees); err != nil {
			return err
		}
		var missing []missingRow
		for _, m := range o.Missing {
			missing = append(missing, missingRow{Person: m.Person, Missed: m.Missed, Gone: m.Left})
		}
		if err := execRows(ctx, tx, "note missing employees", sqlMissEmployees, missing, o.At); err != nil {
			return err
		}
		if o.PermittedRead {
			if _, err := tx.ExecContext(ctx, sqlSetArchived, pq.Array(personid.Keys(o.Permitted)), o.At); err != nil {
				return wrap(ctx, "set archived employees", err)
			}
		}
		return rebuildScopes(ctx, tx)
	})
}

func saveDepartments(ctx context.Context, tx *sqlx.Tx, o directory.Org) error {
	var rows []departmentRow
	ids := []int64{}
	for _, d := range o.Departments {
		rows = append(rows, departmentRow{ID: d.ID, ParentID: d.ParentID, Name: dbText(d.Name), SortOrder: d.Order})
		ids = append(ids, d.ID)
	}
	if err := execRows(ctx, tx, "save departments", sqlSaveDepartments, rows, o.At); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, sqlDropDepartments, pq.Array(ids), o.At)
	return wrap(ctx, "drop departments", err)
}

// membershipRow is a row of employee_departments.
type membershipRow struct {
	Person       string `json:"person"`
	DepartmentID int64  `json:"department_id"`
	Leader       bool   `json:"is_leader"`
}

// ApplyEmployees implements directory.Store.
func (db *DB) ApplyEmployees(ctx context.Context, at time.Time, employees []directory.Employee) error {
	return inDirectory(ctx, db, func(tx *sqlx.Tx) error {
		if err := saveEmployees(ctx, tx, at, employees); err != nil {
			return err
		}
		return rebuildScopes(ctx, tx)
	})
}

func saveEmployees(ctx context.Context, tx *sqlx.Tx, at time.Time, employees []directory.Employee) error {
	var whole, idOnly []syncEmployeeRow
	var memberships []membershipRow
	for _, e := range employees {
		row := syncEmployeeRow{
			Person: dbText(e.Person), UserID: dbText(e.UserID), Name: dbText(e.Name), Alias: dbText(e.Alias),
			Position: dbText(e.Position), Avatar: dbText(e.Avatar), MainDepartment: e.MainDepartment, Status: e.Status,
		}
		if e.IDOnly {
			idOnly = append(idOnly, row)
			continue
		}
		whole = append(whole, row)
		for _, m := range e.Departments {
			memberships = append(memberships, membershipRow{Person: row.Person, DepartmentID: m.DepartmentID, Leader: m.Leader})
		}
	}
	if err := execRows(ctx, tx, "save employees", sqlSaveEmployees, whole, at); err != nil {
		return err
	}
	if err := execRows(ctx, tx, "save userids", sqlSaveUserIDs, idOnly, at); err != nil {
		return err
	}
	return saveMemberships(ctx, tx, memberships)
}

// saveMemberships replaces the departments of the employees that it names; a
// chunk holds whole employees.
func saveMemberships(ctx context.Context, tx *sqlx.Tx, rows []membershipRow) error {
	for len(rows) > 0 {
		n := min(directoryChunk, len(rows))
		for n < len(rows) && rows[n].Person == rows[n-1].Person {
			n++
		}
		chunk := rows[:n]
		rows = rows[n:]
		if err := execChunk(ctx, tx, "drop memberships", sqlDropMemberships, chunk); err != nil {
			return err
		}
		if err := execChunk(ctx, tx, "save memberships", sqlSaveMemberships, chunk); err != nil {
			return err
		}
	}
	return nil
}
