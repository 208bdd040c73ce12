package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/directory"
)

var _ directory.Store = (*DB)(nil)

// directoryLock is the advisory lock under which the directory is written, so
// that two writers never meet in different order.
const directoryLock = 0x6469726563

// directoryChunk is how many rows go into one statement.
const directoryChunk = 10_000

// inDirectory runs f in a transaction that writes the directory.
func inDirectory(ctx context.Context, db *DB, f func(tx *sqlx.Tx) error) error {
	_, err := inTx(ctx, db, func(tx *sqlx.Tx) (struct{}, error) {
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, directoryLock); err != nil {
			return struct{}{}, wrap(ctx, "lock directory", err)
		}
		return struct{}{}, f(tx)
	})
	return err
}

// execRows runs a statement whose $1 is a JSON array of rows, a chunk at a
// time; rest follows as $2 and on.
func execRows[T any](ctx context.Context, tx *sqlx.Tx, op, query string, rows []T, rest ...any) error {
	for chunk := range slices.Chunk(rows, directoryChunk) {
		if err := execChunk(ctx, tx, op, query, chunk, rest...); err != nil {
			return err
		}
	}
	return nil
}

// execChunk is execRows in one piece.
func execChunk[T any](ctx context.Context, tx *sqlx.Tx, op, query string, rows []T, rest ...any) error {
	data, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	_, err = tx.ExecContext(ctx, query, append([]any{string(data)}, rest...)...)
	return wrap(ctx, op, err)
}

// optionalTime gives nil, NULL in SQL, for the zero time.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// dbTexts is dbText for each string; nil stays nil.
func dbTexts(list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = dbText(s)
	}
	return out
}

const (
	sqlStartSync  = `INSERT INTO sync_runs (started_at) VALUES ($1) RETURNING id`
	sqlFinishSync = `
UPDATE sync_runs SET finished_at = $2, complete = $3, report = CAST($4 AS jsonb), error = $5 WHERE id = $1`
)

// StartSync implements directory.Store.
func (db *DB) StartSync(ctx context.Context, at time.Time) (int64, error) {
	var id int64
	err := db.GetContext(ctx, &id, sqlStartSync, at)
	return id, wrap(ctx, "start sync", err)
}

// syncReport is sync_runs.report.
type syncReport struct {
	Departments  int           `json:"departments"`
	Employees    int           `json:"employees"`
	Permitted    int           `json:"permitted"`
	Missing      int           `json:"missing"`
	Left         int           `json:"left"`
	Customers    int           `json:"customers"`
	Follows      int           `json:"follows"`
	Groups       int           `json:"groups"`
	ProblemCount int           `json:"problem_count"`
	Problems     []syncProblem `json:"problems"`
	Incomplete   []string      `json:"incomplete"` // sections
}

type syncProblem struct {
	Kind    string `json:"kind"`
	ID      string `json:"id"`
	Message string `json:"message"`
}

// FinishSync implements directory.Store.
func (db *DB) FinishSync(ctx context.Context, id int64, r directory.Report) error {
	report := syncReport{
		Departments: r.Departments, Employees: r.Employees, Permitted: r.Permitted, Missing: r.Missing, Left: r.Left,
		Customers: r.Customers, Follows: r.Follows, Groups: r.Groups,
		ProblemCount: r.ProblemCount, Problems: []syncProblem{}, Incomplete: []string{},
	}
	for _, p := range r.Problems {
		report.Problems = append(report.Problems, syncProblem{Kind: p.Kind, ID: dbText(p.ID), Message: dbText(p.Message)})
	}
	var failures []string
	for _, s := range r.Sections {
		if s.Error != "" {
			report.Incomplete = append(report.Incomplete, s.Name)
			failures = append(failures, s.Name+": "+s.Error)
		}
	}
	data, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("finish sync: %w", err)
	}
	_, err = db.ExecContext(ctx, sqlFinishSync, id, r.FinishedAt, r.Complete(), string(data), dbText(strings.Join(failures, "; ")))
	return wrap(ctx, "finish sync", err)
}

const (
	sqlUnknownRooms = `
SELECT c.roomid FROM conversations c
WHERE c.kind = 'group' AND NOT c.roomid = ANY ($1) AND NOT EXISTS (SELECT 1 FROM groups g WHERE g.roomid = c.roomid)
ORDER BY c.last_msgtime DESC NULLS LAST, c.roomid
LIMIT $2`

	// The pattern is that of personid.External, without robots.
	sqlUnknownCustomers = `
SELECT m.person FROM conv_members m
WHERE (m.person LIKE 'wm%' OR m.person LIKE 'wo%') AND octet_length(m.person) >= 24 AND NOT m.person = ANY ($1)
	AND NOT EXISTS (SELECT 1 FROM customers c WHERE c.person = m.person)
	AND NOT EXISTS (SELECT 1 FROM employees e WHERE e.person = m.person AND e.status > 0)
GROUP BY m.person
ORDER BY max(m.since) DESC, m.person
LIMIT $2`
)

// UnknownRooms implements directory.Store.
func (db *DB) UnknownRooms(ctx context.Context, except []string, limit int) ([]string, error) {
	var ids []string
	err := db.SelectContext(ctx, &ids, sqlUnknownRooms, pq.Array(nonNil(except)), limit)
	return ids, wrap(ctx, "find unknown rooms", err)
}

// UnknownCustomers implements directory.Store.
func (db *DB) UnknownCustomers(ctx context.Context, except []string, limit int) ([]string, error) {
	var ids []string
	err := db.SelectContext(ctx, &ids, sqlUnknownCustomers, pq.Array(nonNil(except)), limit)
	return ids, wrap(ctx, "find unknown customers", err)
}

// nonNil makes nil an empty array rather than NULL, to which nothing compares.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

const (
	sqlSaveGroups = `
INSERT INTO groups (roomid, name, owner, external, notice, created_at, updated_at)
SELECT DISTINCT ON (roomid) roomid, name, owner, external, notice, created_at, $2::timestamptz
FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x (roomid text, name text, owner text, external boolean, notice text, created_at timestamptz)
ORDER BY roomid
ON CONFLICT (roomid) DO UPDATE SET
	name = EXCLUDED.name, owner = EXCLUDED.owner, external = EXCLUDED.external, notice = EXCLUDED.notice,
	created_at = COALESCE(EXCLUDED.created_at, groups.created_at), updated_at = EXCLUDED.updated_at`

	// A group of which no member was given keeps those it has.
	sqlDropGroupMembers = `
WITH x AS (
	SELECT roomid, person FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x (roomid text, person text)
)
DELETE FROM group_members m
WHERE m.roomid IN (SELECT roomid FROM x) AND NOT EXISTS (SELECT 1 FROM x WHERE x.roomid = m.roomid AND x.person = m.person)`

	sqlSaveGroupMembers = `
INSERT INTO group_members (roomid, person, nickname, name, joined_at)
SELECT DISTINCT ON (roomid, person) roomid, person, nickname, name, joined_at
FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x (roomid text, person text, nickname text, name text, joined_at timestamptz)
ORDER BY roomid, person
ON CONFLICT ON CONSTRAINT group_members_pkey DO UPDATE SET
	nickname = EXCLUDED.nickname, name = COALESCE(NULLIF(EXCLUDED.name, ''), group_members.name),
	joined_at = COALESCE(EXCLUDED.joined_at, group_members.joined_at)`
)

type groupRow struct {
	RoomID    string     `json:"roomid"`
	Name      string     `json:"name"`
	Owner     string     `json:"owner"`
	External  bool       `json:"external"`
	Notice    string     `json:"notice"`
	CreatedAt *time.Time `json:"created_at"`
}

type groupMemberRow struct {
	RoomID   string     `json:"roomid"`
	Person   string     `json:"person"`
	Nickname string     `json:"nickname"`
	Name     string     `json:"name"`
	JoinedAt *time.Time `json:"joined_at"`
}

// ApplyGroups implements directory.Store.
func (db *DB) ApplyGroups(ctx context.Context, at time.Time, groups []directory.Group) error {
	if len(groups) == 0 {
		return nil
	}
	return inDirectory(ctx, db, func(tx *sqlx.Tx) error {
		// Members are replaced a group at a time, so a chunk holds whole groups.
		for chunk := range slices.Chunk(groups, 200) {
			if err := saveGroups(ctx, tx, at, chunk); err != nil {
				return err
			}
		}
		return nil
	})
}

func saveGroups(ctx context.Context, tx *sqlx.Tx, at time.Time, groups []directory.Group) error {
	var rows []groupRow
	var members []groupMemberRow
	for _, g := range groups {
		rows = append(rows, groupRow{
			RoomID: dbText(g.RoomID), Name: dbText(g.Name), Owner: dbText(g.Owner),
			External: g.External, Notice: dbText(g.Notice), CreatedAt: optionalTime(g.CreatedAt),
		})
		for _, m := range g.Members {
			members = append(members, groupMemberRow{
				RoomID: dbText(g.RoomID), Person: dbText(m.Person), Nickname: dbText(m.Nickname),
				Name: dbText(m.Name), JoinedAt: optionalTime(m.JoinedAt),
			})
		}
	}
	if err := execRows(ctx, tx, "save groups", sqlSaveGroups, rows, at); err != nil {
		return err
	}
	if len(members) == 0 {
		return nil
	}
	if err := execChunk(ctx, tx, "drop group members", sqlDropGroupMembers, members); err != nil {
		return err
	}
	return execChunk(ctx, tx, "save group members", sqlSaveGroupMembers, members)
}
