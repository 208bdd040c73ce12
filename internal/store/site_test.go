package store_test

import (
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
)

// site is a company in a database, with the service that signs people in.
//
//	1 Corp ─ 2 Sales ─ 3 East ─ 4 Shops
//	       └ 5 Service          (6 and 7 are each other's parents)
type site struct {
	*store.DB
	access.Service
	now time.Time
}

var signInTime = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func newSite(t *testing.T) *site {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: storetest.New(t), MaxConns: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &site{DB: db, now: signInTime}
	s.Service.Store = db
	s.Service.Now = func() time.Time { return s.now }
	s.exec(t, `INSERT INTO departments (id, parent_id, name) VALUES
		(1, 0, 'Corp'), (2, 1, 'Sales'), (3, 2, 'East'), (4, 3, 'Shops'), (5, 1, 'Service'), (6, 7, 'A'), (7, 6, 'B')`)
	s.exec(t, `INSERT INTO employees (person, userid, name) VALUES
		('boss', 'Boss', 'Boss'), ('mei', 'Mei', 'Mei'), ('east', 'East', 'East'), ('shop', 'Shop', 'Shop'),
		('svc', 'Svc', 'Svc'), ('loop', 'Loop', 'Loop'), ('gone', 'Gone', 'Gone')`)
	s.exec(t, `INSERT INTO employee_departments (person, department_id) VALUES
		('boss', 1), ('mei', 2), ('east', 3), ('shop', 4), ('svc', 5), ('loop', 7), ('gone', 3)`)
	s.exec(t, `UPDATE employees SET status = 5, left_at = $1 WHERE person = 'gone'`, signInTime.Add(-time.Hour))
	if err := s.Service.EnsureAdmins(t.Context(), []string{"BOSS"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := s.DB.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

func (s *site) admin(t *testing.T) access.Viewer {
	t.Helper()
	return s.viewer(t, "boss")
}

func (s *site) viewer(t *testing.T, person string) access.Viewer {
	t.Helper()
	v, ok, err := s.FindViewer(t.Context(), person)
	if err != nil || !ok {
		t.Fatalf("FindViewer(%q) = %v, %v", person, ok, err)
	}
	return v
}

func (s *site) create(t *testing.T, in access.AccountInput) access.Account {
	t.Helper()
	a, err := s.Service.CreateAccount(t.Context(), s.admin(t), in, from("boss"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (s *site) update(t *testing.T, id int64, in access.AccountInput) (access.Account, error) {
	t.Helper()
	return s.Service.UpdateAccount(t.Context(), s.admin(t), id, in, from("boss"))
}

func (s *site) signIn(t *testing.T, userid string) string {
	t.Helper()
	token, err := s.SignIn(t.Context(), userid, audit.Origin{IP: "192.0.2.7", RequestID: "req"}, "browser")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (s *site) holds(t *testing.T, token string) bool {
	t.Helper()
	_, _, err := s.Session(t.Context(), token)
	if err != nil && !fault.Is(err, fault.CodeUnauthenticated) {
		t.Fatal(err)
	}
	return err == nil
}

// scope lists what a viewer's rows spell out.
func (s *site) scope(t *testing.T, viewerID int64) []string {
	t.Helper()
	var persons []string
	err := s.DB.Select(&persons, `SELECT person FROM viewer_employees WHERE viewer_id = $1 ORDER BY person`, viewerID)
	if err != nil {
		t.Fatal(err)
	}
	return persons
}

func (s *site) actions(t *testing.T) []string {
	t.Helper()
	var actions []string
	err := s.DB.Select(&actions, `SELECT actor || ' ' || action || ' ' || object FROM audit_entries ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	return actions
}

func from(person string) audit.Origin {
	return audit.Origin{Actor: person, IP: "192.0.2.7", RequestID: "req"}
}
