package store

import (
	"context"
	"time"

	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/directory"
	"huicun/internal/fault"
)

// Pictures of people are on other hosts; they are not passed on.
const sqlFindPersons = `
SELECT u.id AS person,
	CASE WHEN e.status > 0 THEN 'employee'
		WHEN c.person IS NOT NULL THEN 'customer'
		WHEN u.id ~ '^wb.{22}' THEN 'robot'
		WHEN u.id ~ '^w[mo].{22}' THEN 'customer'
		WHEN e.person IS NOT NULL THEN 'employee'
		ELSE 'unknown' END AS kind,
	COALESCE(NULLIF(CASE WHEN e.status > 0 THEN e.name END, ''), NULLIF(c.name, ''), NULLIF(r.name, ''), gm.name, u.id) AS name,
	'' AS avatar,
	COALESCE(c.corp_name, '') AS corp_name,
	CASE WHEN e.status > 0 THEN '' WHEN c.type = 1 THEN 'wechat' WHEN c.type = 2 THEN 'wecom'
		WHEN u.id ~ '^wm.{22}' THEN 'wechat' WHEN u.id ~ '^wo.{22}' THEN 'wecom' ELSE '' END AS account,
	COALESCE(e.left_at IS NOT NULL OR e.status = 5, false) AS "left",
	CASE WHEN e.userid <> u.id THEN e.userid ELSE '' END AS userid
FROM (SELECT DISTINCT unnest($1::text[]) AS id) u
LEFT JOIN employees e ON e.person = u.id
LEFT JOIN customers c ON c.person = u.id
LEFT JOIN robots r ON r.person = u.id
LEFT JOIN LATERAL (SELECT g.name FROM group_members g WHERE g.person = u.id AND g.name <> '' LIMIT 1) gm
	ON e.person IS NULL AND c.person IS NULL`

// FindPersons implements archive.Store: every id gets an answer.
func (db *DB) FindPersons(ctx context.Context, ids []string) (map[string]directory.Person, error) {
	clean := make([]string, len(ids))
	for i, id := range ids {
		clean[i] = dbText(id)
	}
	var rows []directory.Person
	st, err := db.prepared(ctx, sqlFindPersons)
	if err != nil {
		return nil, err
	}
	if err := st.SelectContext(ctx, &rows, pq.Array(clean)); err != nil {
		return nil, wrap(ctx, "find persons", err)
	}
	out := make(map[string]directory.Person, len(rows))
	for _, p := range rows {
		out[p.ID] = p
	}
	return out, nil
}

const sqlFindFormerNames = `SELECT person, until, name, corp_name FROM former_names WHERE person = ANY ($1) ORDER BY person, until`

// FindFormerNames implements archive.Store: oldest first of each person.
func (db *DB) FindFormerNames(ctx context.Context, ids []string) (map[string][]directory.FormerName, error) {
	clean := make([]string, len(ids))
	for i, id := range ids {
		clean[i] = dbText(id)
	}
	st, err := db.prepared(ctx, sqlFindFormerNames)
	if err != nil {
		return nil, err
	}
	var rows []directory.FormerName
	if err := st.SelectContext(ctx, &rows, pq.Array(clean)); err != nil {
		return nil, wrap(ctx, "find former names", err)
	}
	out := map[string][]directory.FormerName{}
	for _, f := range rows {
		out[f.Person] = append(out[f.Person], f)
	}
	return out, nil
}

// employeeColumns counts what the list shows beside each employee; $1 is when
// today began.
const employeeColumns = `
	e.person, e.userid, e.name, e.position, e.left_at, (e.left_at IS NOT NULL OR e.status = 5) AS "left", e.status = 0 AS unlisted,
	CASE WHEN e.archived THEN 'archived' WHEN e.archived_before THEN 'formerly' ELSE 'never' END AS archive_state,
	ARRAY(SELECT d.name FROM employee_departments ed JOIN departments d ON d.id = ed.department_id
		WHERE ed.person = e.person ORDER BY d.id = e.main_department DESC, d.id) AS departments,
	(SELECT count(*) FROM conv_members m JOIN conversations c ON c.id = m.conv_id
		WHERE m.person = e.person AND c.kind <> 'log') AS conversations,
	(SELECT count(*) FROM conv_members m JOIN conversations c ON c.id = m.conv_id
		WHERE m.person = e.person AND c.kind <> 'log' AND c.last_msgtime >= $1) AS conversations_today,
	(SELECT count(*) FROM follows f WHERE f.employee = e.person AND f.state IN ('active', 'deleted_by_customer')) AS customers,
	(SELECT count(*) FROM violation_employees ve JOIN violations v ON v.id = ve.violation_id
		WHERE ve.person = e.person AND v.state = 'open' AND v.viewer_id IS NULL) AS violations`

type employeeRow struct {
	Person             string         `db:"person"`
	UserID             string         `db:"userid"`
	Name               string         `db:"name"`
	Position           string         `db:"position"`
	LeftAt             *time.Time     `db:"left_at"`
	Left               bool           `db:"left"`
	Unlisted           bool           `db:"unlisted"`
	ArchiveState       string         `db:"archive_state"`
	Departments        pq.StringArray `db:"departments"`
	Conversations      int64          `db:"conversations"`
	ConversationsToday int64          `db:"conversations_today"`
	Customers          int64          `db:"customers"`
	Violations         int64          `db:"violations"`
}

func (r employeeRow) employee() archive.Employee {
	e := archive.Employee{
		Person: directory.Person{ID: r.Person, Kind: directory.KindEmployee, Name: r.Name, Left: r.Left},
		UserID: r.UserID, Unlisted: r.Unlisted,
		Position: r.Position, Departments: r.Departments, ArchiveState: r.ArchiveState,
		Conversations: r.Conversations, ConversationsToday: r.ConversationsToday, Customers: r.Customers, Violations: r.Violations,
	}
	if r.LeftAt != nil {
		e.LeftAt = *r.LeftAt
	}
	return e
}

// employeeFilter gives the conditions of q.
func employeeFilter(b *query, s access.Scope, q archive.EmployeesQuery) string {
	where := b.personInScope(s, "e.person")
	if q.Q != "" {
		p := b.arg("%" + escapeLike(dbText(q.Q)) + "%")
		where += ` AND (e.name ILIKE ` + p + ` OR e.alias ILIKE ` + p + ` OR e.userid ILIKE ` + p + `)`
	}
	if q.Department != 0 {
		where += ` AND EXISTS (SELECT 1 FROM employee_departments ed WHERE ed.person = e.person AND ed.department_id IN ` +
			`(SELECT id FROM ` + departmentTree(`ARRAY[`+b.arg(q.Department)+`]::bigint[]`) + ` AS tree))`
	}
	switch q.State {
	case "archived":
		where += ` AND e.archived`
	case "formerly":
		where += ` AND e.archived_before AND NOT e.archived AND e.left_at IS NULL`
	case "left":
		where += ` AND (e.left_at IS NOT NULL OR e.status = 5)`
	}
	return where
}

const employeeOrder = `(e.left_at IS NOT NULL OR e.status IN (0, 5)), e.name, e.person`

// FindEmployees implements archive.Store.
func (db *DB) FindEmployees(ctx context.Context, s access.Scope, q archive.EmployeesQuery, after archive.NameCursor, today time.Time) ([]archive.Employee, error) {
	b := query{args: []any{today}}
	text := `SELECT ` + employeeColumns + ` FROM employees e WHERE ` + employeeFilter(&b, s, q)
	if after.Person != "" {
		text += ` AND (` + employeeOrder + `) > (` + b.arg(after.Last) + `, ` + b.arg(after.Name) + `, ` + b.arg(after.Person) + `)`
	}
	text += ` ORDER BY ` + employeeOrder + ` LIMIT ` + b.arg(q.Limit)
	var rows []employeeRow
	if err := db.SelectContext(ctx, &rows, text, b.args...); err != nil {
		return nil, wrap(ctx, "find employees", err)
	}
	out := make([]archive.Employee, len(rows))
	for i, r := range rows {
		out[i] = r.employee()
	}
	return out, nil
}

// CountEmployees implements archive.Store.
func (db *DB) CountEmployees(ctx context.Context, s access.Scope, q archive.EmployeesQuery) (int64, error) {
	var b query
	text := `SELECT count(*) FROM employees e WHERE ` + employeeFilter(&b, s, q)
	var n int64
	return n, wrap(ctx, "count employees", db.GetContext(ctx, &n, text, b.args...))
}

// GetEmployee implements archive.Store.
func (db *DB) GetEmployee(ctx context.Context, s access.Scope, person string, today time.Time) (archive.Employee, error) {
	b := query{args: []any{today}}
	text := `SELECT ` + employeeColumns + ` FROM employees e WHERE e.person = ` + b.arg(dbText(person)) + ` AND ` + b.personInScope(s, "e.person")
	var r employeeRow
	if err := db.GetContext(ctx, &r, text, b.args...); noRows(err) {
		return archive.Employee{}, fault.NotFound("employee")
	} else if err != nil {
		return archive.Employee{}, wrap(ctx, "get employee", err)
	}
	return r.employee(), nil
}

// FindDepartments implements archive.Store. An employee of two departments
// counts once above both.
func (db *DB) FindDepartments(ctx context.Context, s access.Scope) ([]archive.Department, error) {
	var all []archive.Department
	const q = `SELECT id, parent_id, name, 0 AS employees FROM departments WHERE gone_at IS NULL ORDER BY sort_order DESC, id`
	if err := db.SelectContext(ctx, &all, q); err != nil {
		return nil, wrap(ctx, "find departments", err)
	}
	var b query
	var placed []struct {
		Department int64  `db:"department_id"`
		Person     string `db:"person"`
	}
	text := `SELECT ed.department_id, ed.person FROM employee_departments ed WHERE ` + b.personInScope(s, "ed.person")
	if err := db.SelectContext(ctx, &placed, text, b.args...); err != nil {
		return nil, wrap(ctx, "find members of departments", err)
	}
	parent := map[int64]int64{}
	for _, d := range all {
		parent[d.ID] = d.ParentID
	}
	persons := map[int64]map[string]bool{}
	for _, p := range placed {
		for id, depth := p.Department, 0; id != 0 && depth < len(all)+1; id, depth = parent[id], depth+1 {
			if persons[id] == nil {
				persons[id] = map[string]bool{}
			}
			persons[id][p.Person] = true
		}
	}
	out := []archive.Department{}
	for _, d := range all {
		if d.Employees = int64(len(persons[d.ID])); d.Employees == 0 {
			continue
		}
		if _, ok := parent[d.ParentID]; !ok {
			d.ParentID = 0 // the app does not see the parent
		}
		out = append(out, d)
	}
	return out, nil
}
