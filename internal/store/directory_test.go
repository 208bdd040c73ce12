package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lib/pq"

	"huicun/internal/directory"
	"huicun/internal/store/storetest"
)

// dirTime is when the syncs of these tests begin.
var dirTime = time.Date(2026, 1, 1, 4, 0, 0, 0, time.UTC)

func openDirectory(t *testing.T) *DB {
	t.Helper()
	t.Parallel()
	db, err := Open(t.Context(), Options{URL: storetest.New(t), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// strings1 gives one text column, for comparing tables.
func strings1(t *testing.T, db *DB, query string, args ...any) []string {
	t.Helper()
	var out []string
	must(t, db.SelectContext(t.Context(), &out, query, args...))
	return out
}

func wantRows(t *testing.T, db *DB, what string, want []string, query string, args ...any) {
	t.Helper()
	if diff := cmp.Diff(want, strings1(t, db, query, args...), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func staff(person, userid, name string, departments ...int64) directory.Employee {
	e := directory.Employee{Person: person, UserID: userid, Name: name, Status: directory.StatusActive}
	for _, d := range departments {
		e.Departments = append(e.Departments, directory.Membership{DepartmentID: d})
	}
	return e
}

func smallOrg() directory.Org {
	return directory.Org{
		At: dirTime,
		Departments: []directory.Department{
			{ID: 1, Name: "星河", Order: 100},
			{ID: 2, ParentID: 1, Name: "销\x00售"},
		},
		Employees: []directory.Employee{
			{
				Person: "lin", UserID: "Lin", Name: "林", Alias: "小林", Position: "顾问", Avatar: "https://a", MainDepartment: 2, Status: 1,
				Departments: []directory.Membership{{DepartmentID: 1}, {DepartmentID: 2, Leader: true}},
			},
			staff("su", "Su", "苏", 2),
		},
		Permitted:     []string{"LIN"},
		PermittedRead: true,
	}
}

const (
	sqlTestEmployees = `SELECT concat_ws('|', person, userid, name, alias, position, avatar, main_department, status, archived, archived_before,
		missed_syncs, left_at IS NOT NULL) FROM employees ORDER BY person`
	sqlTestMemberships = `SELECT concat_ws('|', person, department_id, is_leader) FROM employee_departments ORDER BY person, department_id`
	sqlTestDepartments = `SELECT concat_ws('|', id, parent_id, name, sort_order, gone_at IS NOT NULL) FROM departments ORDER BY id`
	sqlTestFollows     = `SELECT concat_ws('|', employee, customer, remark, array_to_string(tags, ','), array_to_string(mobiles, ','), state,
		to_char(added_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')) FROM follows ORDER BY employee, customer`
)

func TestApplyOrg(t *testing.T) {
	db := openDirectory(t)
	for range 2 { // twice is harmless
		must(t, db.ApplyOrg(t.Context(), smallOrg()))
		wantRows(t, db, "departments", []string{"1|0|星河|100|f", "2|1|销\uFFFD售|0|f"}, sqlTestDepartments)
		wantRows(t, db, "employees", []string{
			"lin|Lin|林|小林|顾问|https://a|2|1|t|t|0|f",
			"su|Su|苏||||0|1|f|f|0|f",
		}, sqlTestEmployees)
		wantRows(t, db, "memberships", []string{"lin|1|f", "lin|2|t", "su|2|f"}, sqlTestMemberships)
	}
	next := directory.Org{
		At:          dirTime.Add(time.Hour),
		Departments: []directory.Department{{ID: 1, Name: ""}, {ID: 3, ParentID: 1, Name: "新"}},
		Employees: []directory.Employee{
			staff("lin", "LIN", "LIN", 3), // name and avatar withheld now
			{Person: "he", UserID: "He", Name: "He", Status: directory.StatusLeft},
		},
		Missing:       []directory.Missing{{Person: "su", Missed: 1}},
		Permitted:     []string{"He"},
		PermittedRead: true,
	}
	must(t, db.ApplyOrg(t.Context(), next))
	wantRows(t, db, "departments after the second sync", []string{"1|0|星河|0|f", "2|1|销\uFFFD售|0|t", "3|1|新|0|f"}, sqlTestDepartments)
	wantRows(t, db, "employees after the second sync", []string{
		"he|He|He||||0|5|t|t|0|t",
		"lin|LIN|林|||https://a|0|1|f|t|0|f",
		"su|Su|苏||||0|1|f|f|1|f",
	}, sqlTestEmployees)
	wantRows(t, db, "memberships after the second sync", []string{"lin|3|f", "su|2|f"}, sqlTestMemberships)
	known, err := db.KnownEmployees(t.Context())
	must(t, err)
	want := []directory.Known{
		{Person: "he", UserID: "He", Left: true},
		{Person: "lin", UserID: "LIN", Departments: []int64{3}},
		{Person: "su", UserID: "Su", Departments: []int64{2}, Missed: 1},
	}
	if diff := cmp.Diff(want, known, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("KnownEmployees (-want +got):\n%s", diff)
	}
}

func TestLeaversComeBack(t *testing.T) {
	db := openDirectory(t)
	must(t, db.ApplyOrg(t.Context(), smallOrg()))
	gone := smallOrg()
	gone.Employees = gone.Employees[:1]
	gone.Missing = []directory.Missing{{Person: "su", Missed: 2, Left: true}}
	must(t, db.ApplyOrg(t.Context(), gone))
	wantRows(t, db, "leaver", []string{"su|2|t"}, `SELECT concat_ws('|', person, missed_syncs, left_at IS NOT NULL) FROM employees WHERE person = 'su'`)
	wantRows(t, db, "departments of the leaver", []string{"2"}, `SELECT department_id::text FROM employee_departments WHERE person = 'su'`)
	must(t, db.ApplyOrg(t.Context(), smallOrg()))
	wantRows(t, db, "back again", []string{"su|0|f"}, `SELECT concat_ws('|', person, missed_syncs, left_at IS NOT NULL) FROM employees WHERE person = 'su'`)
}

func TestEmployeesOutOfSight(t *testing.T) {
	db := openDirectory(t)
	must(t, db.ApplyOrg(t.Context(), smallOrg()))
	_, err := db.ExecContext(t.Context(), `INSERT INTO employees (person, userid, name, status) VALUES ('qi', 'qi', 'qi', 0), ('wu', 'wu', 'wu', 0)`)
	must(t, err)
	ids, err := db.UnknownEmployees(t.Context(), []string{"wu"}, 10)
	must(t, err)
	if diff := cmp.Diff([]string{"qi"}, ids); diff != "" {
		t.Errorf("UnknownEmployees (-want +got):\n%s", diff)
	}
	o := smallOrg()
	o.Employees = []directory.Employee{
		{Person: "lin", UserID: "Lin", Name: "Lin", Status: 1, IDOnly: true},
		{Person: "qi", UserID: "Qi", Name: "Qi", Status: 1, IDOnly: true},
		staff("wu", "Wu", "Wu", 1),
	}
	must(t, db.ApplyOrg(t.Context(), o))
	wantRows(t, db, "employees", []string{
		"lin|Lin|林|小林|顾问|https://a|2|1|t|t|0|f",
		"qi|Qi|Qi||||0|1|f|f|0|f",
		"su|Su|苏||||0|1|f|f|0|f",
		"wu|Wu|Wu||||0|1|f|f|0|f",
	}, sqlTestEmployees)
	wantRows(t, db, "memberships", []string{"lin|1|f", "lin|2|t", "su|2|f", "wu|1|f"}, sqlTestMemberships)
}

func TestArchiveStateStaysWhenItWasNotRead(t *testing.T) {
	db := openDirectory(t)
	must(t, db.ApplyOrg(t.Context(), smallOrg()))
	o := smallOrg()
	o.Permitted, o.PermittedRead = nil, false
	must(t, db.ApplyOrg(t.Context(), o))
	wantRows(t, db, "archived", []string{"lin"}, `SELECT person FROM employees WHERE archived`)
	o.PermittedRead = true
	must(t, db.ApplyOrg(t.Context(), o))
	wantRows(t, db, "archived", nil, `SELECT person FROM employees WHERE archived`)
	wantRows(t, db, "archived before", []string{"lin"}, `SELECT person FROM employees WHERE archived_before`)
}

func TestScopesFollowTheOrg(t *testing.T) {
	db := openDirectory(t)
	must(t, db.ApplyOrg(t.Context(), smallOrg()))
	_, err := db.ExecContext(t.Context(), `
WITH v AS (INSERT INTO viewers (person, userid, role) VALUES ('zhou', 'Zhou', 'viewer') RETURNING id)
INSERT INTO grants (viewer_id, kind, department_id) SELECT id, 'department', 1 FROM v`)
	must(t, err)
	const scope = `SELECT person FROM viewer_employees ORDER BY person`
	must(t, db.ApplyOrg(t.Context(), smallOrg()))
	wantRows(t, db, "scope", []string{"lin", "su"}, scope)
	o := smallOrg()
	o.Departments[1].ParentID = 7 // moved out of the viewer's tree
	o.Employees[0] = staff("lin", "Lin", "林", 2)
	must(t, db.ApplyOrg(t.Context(), o))
	wantRows(t, db, "scope after the move", nil, scope)
}

func TestApplyEmployees(t *testing.T) {
	db := openDirectory(t)
	must(t, db.ApplyOrg(t.Context(), smallOrg()))
	must(t, db.ApplyEmployees(t.Context(), dirTime, []directory.Employee{staff("qi", "Qi", "戚", 2), staff("su", "Su", "苏苏", 1)}))
	wantRows(t, db, "employees", []string{"lin|林|t", "qi|戚|f", "su|苏苏|f"}, `SELECT concat_ws('|', person, name, archived) FROM employees ORDER BY person`)
	wantRows(t, db, "memberships", []string{"lin|1|f", "lin|2|t", "qi|2|f", "su|1|f"}, sqlTestMemberships)
	wantRows(t, db, "departments", []string{"1|0|星河|100|f", "2|1|销\uFFFD售|0|f"}, sqlTestDepartments)
}

func contact(id, name string) directory.Customer {
	return directory.Customer{Person: id, ExternalUserID: id, Name: name, Type: 1}
}

func TestApplyBook(t *testing.T) {
	db := openDirectory(t)
	b := directory.Book{
		At:        dirTime,
		Customers: []directory.Customer{contact("wmA", "陈\x00"), contact("wmB", "李")},
		Follows: []directory.Follow{
			{Employee: "lin", Customer: "wmA", Remark: "老客户", Tags: []string{"高", "a,b"}, Mobiles: []string{"130"}, AddedAt: dirTime.AddDate(-1, 0, 0)},
			{Employee: "lin", Customer: "wmB"},
			{Employee: "su", Customer: "wmA", Tags: []string{}},
		},
		Read: []string{"lin", "su"},
	}
	for range 2 {
		must(t, db.ApplyBook(t.Context(), b))
		wantRows(t, db, "follows", []string{
			"lin|wmA|老客户|高,a,b|130|active|2025-01-01",
			"lin|wmB||||active",
			"su|wmA||||active",
		}, sqlTestFollows)
	}
	next := directory.Book{
		At:        dirTime.Add(time.Hour),
		Customers: []directory.Customer{contact("wmA", "")}, // name withheld
		Follows:   []directory.Follow{{Employee: "lin", Customer: "wmA", Tags: nil}},
		Read:      []string{"lin"},
	}
	must(t, db.ApplyBook(t.Context(), next))
	wantRows(t, db, "follows after the second sync", []string{
		"lin|wmA||高,a,b||active|2025-01-01",
		"lin|wmB||||gone",
		"su|wmA||||active", // su was not read
	}, sqlTestFollows)
	wantRows(t, db, "customers", []string{"wmA|陈\uFFFD", "wmB|李"}, `SELECT concat_ws('|', person, name) FROM customers ORDER BY person`)
}

func TestRelationsThatCallbacksEnded(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		name    string
		state   directory.FollowState
		ended   time.Time
		addedAt time.Time // as the sync at dirTime reads it
		listed  bool
		want    string
	}{
		{"by the customer: listed on for ever", directory.FollowDeletedByCustomer, dirTime.Add(-30 * day), dirTime.Add(-60 * day), true, "deleted_by_customer"},
		{"by the customer, added anew", directory.FollowDeletedByCustomer, dirTime.Add(-30 * day), dirTime.Add(-day), true, "active"},
		{"by the customer, not listed any more", directory.FollowDeletedByCustomer, dirTime.Add(-day), dirTime.Add(-60 * day), false, "deleted_by_customer"},
		{"by the employee, still listed for some time", directory.FollowDeletedByEmployee, dirTime.Add(-time.Hour), dirTime.Add(-60 * day), true, "deleted_by_employee"},
		{"by the employee, listed a day later", directory.FollowDeletedByEmployee, dirTime.Add(-2 * day), dirTime.Add(-60 * day), true, "active"},
		{"handed over", directory.FollowTransferred, dirTime.Add(-time.Hour), dirTime.Add(-60 * day), false, "transferred"},
		{"while the sync was running", directory.FollowDeletedByEmployee, dirTime.Add(time.Minute), dirTime.Add(-60 * day), true, "deleted_by_employee"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := openDirectory(t)
			follow := directory.Follow{Employee: "lin", Customer: "wmA", AddedAt: dirTime.Add(-60 * day)}
			must(t, db.ApplyBook(t.Context(), directory.Book{At: dirTime.Add(-50 * day), Follows: []directory.Follow{follow}, Read: []string{"lin"}}))
			must(t, db.MarkFollow(t.Context(), directory.Mark{Employee: "lin", Customer: "wmA", State: tt.state, At: tt.ended}))
			b := directory.Book{At: dirTime, Read: []string{"lin"}}
			if tt.listed {
				follow.AddedAt = tt.addedAt
				b.Follows = []directory.Follow{follow}
			}
			must(t, db.ApplyBook(t.Context(), b))
			wantRows(t, db, "state", []string{tt.want}, `SELECT state FROM follows`)
		})
	}
}

func TestMarkFollow(t *testing.T) {
	mark := func(state directory.FollowState, minute int) directory.Mark {
		return directory.Mark{Employee: "lin", Customer: "wmA", State: state, At: dirTime.Add(time.Duration(minute) * time.Minute)}
	}
	const began, ended = directory.FollowActive, directory.FollowDeletedByCustomer
	for _, tt := range []struct {
		name  string
		marks []directory.Mark
		want  string
	}{
		{"an unknown relation", []directory.Mark{mark(ended, 1)}, "deleted_by_customer"},
		{"the same twice", []directory.Mark{mark(ended, 1), mark(ended, 1)}, "deleted_by_customer"},
		{"began and ended", []directory.Mark{mark(began, 1), mark(ended, 2)}, "deleted_by_customer"},
		{"ended and began anew", []directory.Mark{mark(ended, 1), mark(began, 2)}, "active"},
		{"began anew, then the older end arrives", []directory.Mark{mark(began, 2), mark(ended, 1)}, "active"},
		{"both in one second: the later arrival", []directory.Mark{mark(began, 1), mark(ended, 1)}, "deleted_by_customer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := openDirectory(t)
			for _, m := range tt.marks {
				must(t, db.MarkFollow(t.Context(), m))
			}
			wantRows(t, db, "state", []string{tt.want}, `SELECT state FROM follows`)
		})
	}
}

func TestRelationThatBeganDuringASyncIsNotGone(t *testing.T) {
	db := openDirectory(t)
	before := time.Now().Add(-time.Minute)
	must(t, db.MarkFollow(t.Context(), directory.Mark{Employee: "lin", Customer: "wmA", State: directory.FollowActive, At: before}))
	must(t, db.ApplyBook(t.Context(), directory.Book{At: before, Read: []string{"lin"}}))
	wantRows(t, db, "state", []string{"active"}, `SELECT state FROM follows`)
}

func TestApplyGroups(t *testing.T) {
	db := openDirectory(t)
	g := directory.Group{
		RoomID: "wr1", Name: "业主群", Owner: "lin", External: true, CreatedAt: dirTime,
		Members: []directory.GroupMember{
			{Person: "lin", Name: "林", JoinedAt: dirTime},
			{Person: "wmA", Name: "陈", Nickname: "3-1201"},
			{Person: "wmA", Name: "陈", Nickname: "twice"},
		},
	}
	other := directory.Group{RoomID: "wr2", Owner: "su"}
	const members = `SELECT concat_ws('|', roomid, person, name) FROM group_members ORDER BY roomid, person`
	for range 2 {
		must(t, db.ApplyGroups(t.Context(), dirTime, []directory.Group{g, other, other}))
		wantRows(t, db, "groups", []string{"wr1|业主群|lin|t", "wr2||su|f"}, `SELECT concat_ws('|', roomid, name, owner, external) FROM groups ORDER BY roomid`)
		wantRows(t, db, "members", []string{"wr1|lin|林", "wr1|wmA|陈"}, members)
	}
	g.Members = []directory.GroupMember{{Person: "lin"}, {Person: "wmB"}}
	must(t, db.ApplyGroups(t.Context(), dirTime, []directory.Group{g}))
	wantRows(t, db, "members after a change", []string{"wr1|lin|林", "wr1|wmB|"}, members)
	g.Members = nil
	must(t, db.ApplyGroups(t.Context(), dirTime, []directory.Group{g}))
	wantRows(t, db, "members after an answer without any", []string{"wr1|lin|林", "wr1|wmB|"}, members)
}

func TestUnknownIDs(t *testing.T) {
	db := openDirectory(t)
	const known, stranger, older = "wmKnown0000000000000000000000000", "woStranger00000000000000000000000", "wmOlder0000000000000000000000000"
	must(t, db.ApplyBook(t.Context(), directory.Book{At: dirTime, Customers: []directory.Customer{contact(known, "x")}}))
	must(t, db.ApplyGroups(t.Context(), dirTime, []directory.Group{{RoomID: "wrKnown"}}))
	_, err := db.ExecContext(t.Context(), `
INSERT INTO conversations (kind, key, roomid, last_msgtime) VALUES
	('group', 'wrKnown', 'wrKnown', now()), ('group', 'wrOld', 'wrOld', now() - interval '1 day'),
	('group', 'wrNew', 'wrNew', now()), ('group', 'wrSkip', 'wrSkip', now()), ('direct', 'a', '', now())`)
	must(t, err)
	_, err = db.ExecContext(t.Context(), `
INSERT INTO conv_members (conv_id, person, since)
SELECT c.id, p, now() - CASE WHEN p = $2 THEN interval '1 day' ELSE interval '0' END
FROM (SELECT min(id) AS id FROM conversations) c, unnest($1::text[]) AS p`,
		pq.Array([]string{known, stranger, older, "lin", "wmShort", "wbRobot0000000000000000000000000"}), older)
	must(t, err)
	rooms, err := db.UnknownRooms(t.Context(), []string{"wrSkip"}, 10)
	must(t, err)
	if diff := cmp.Diff([]string{"wrNew", "wrOld"}, rooms); diff != "" {
		t.Errorf("UnknownRooms (-want +got):\n%s", diff)
	}
	customers, err := db.UnknownCustomers(t.Context(), nil, 10)
	must(t, err)
	if diff := cmp.Diff([]string{stranger, older}, customers); diff != "" {
		t.Errorf("UnknownCustomers (-want +got):\n%s", diff)
	}
	const robot = "wbRobot0000000000000000000000000"
	robots, err := db.UnknownRobots(t.Context(), nil, 10)
	must(t, err)
	if diff := cmp.Diff([]string{robot}, robots); diff != "" {
		t.Errorf("UnknownRobots (-want +got):\n%s", diff)
	}
	must(t, db.ApplyRobots(t.Context(), dirTime, []directory.Robot{{ID: robot, Name: "日报\x00助手", Creator: "lin"}}))
	if robots, err = db.UnknownRobots(t.Context(), nil, 10); err != nil || len(robots) != 0 {
		t.Errorf("UnknownRobots after it was read: %v, %v", robots, err)
	}
	persons, err := db.FindPersons(t.Context(), []string{robot})
	must(t, err)
	if got, want := persons[robot], (directory.Person{ID: robot, Kind: "robot", Name: dbText("日报\x00助手")}); got != want {
		t.Errorf("FindPersons = %+v, want %+v", got, want)
	}
	if customers, err = db.UnknownCustomers(t.Context(), nil, 1); err != nil || len(customers) != 1 {
		t.Errorf("limit 1: %v, %v", customers, err)
	}
}

func TestSyncRuns(t *testing.T) {
	db := openDirectory(t)
	id, err := db.StartSync(t.Context(), dirTime)
	must(t, err)
	r := directory.Report{
		StartedAt: dirTime, FinishedAt: dirTime.Add(time.Minute), Employees: 3,
		Sections:     []directory.Section{{Name: "org"}, {Name: "groups", Error: "broken"}},
		Problems:     []directory.Problem{{Kind: "customer", ID: "wm\x00", Message: "odd"}},
		ProblemCount: 1,
	}
	must(t, db.FinishSync(t.Context(), id, r))
	wantRows(t, db, "sync_runs", []string{"f|groups: broken|3|[\"groups\"]|wm\uFFFD"}, `
SELECT concat_ws('|', complete, error, report->>'employees', report->>'incomplete', report->'problems'->0->>'id')
FROM sync_runs WHERE finished_at > started_at`)
	r.Sections = r.Sections[:1]
	must(t, db.FinishSync(t.Context(), id, r))
	wantRows(t, db, "sync_runs when complete", []string{"t|"}, `SELECT concat_ws('|', complete, error) FROM sync_runs`)
}
