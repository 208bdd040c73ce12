package store

import (
	"context"
	"strconv"
	"sync"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/singleflight"

	"huicun/internal/access"
)

// query is a statement under construction: fixed text and arguments.
type query struct {
	args []any
}

// arg adds an argument and gives its placeholder.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

// convInScope is a condition: the conversation has a member that the viewer
// may see. conv is a column or placeholder of ours, never outside text. OFFSET 0
// keeps the planner to asking member by member: where it takes a scope for
// small, as before the first ANALYZE, it would go through all conversations of
// the scope instead.
func (q *query) convInScope(s access.Scope, conv string) string {
	if s.All() {
		return "true"
	}
	return `EXISTS (SELECT 1 FROM conv_members sm WHERE sm.conv_id = ` + conv + ` AND EXISTS (
		SELECT 1 FROM viewer_employees se WHERE se.viewer_id = ` + q.arg(s.ViewerID()) + ` AND se.person = sm.person OFFSET 0) OFFSET 0)`
}

// personInScope is a condition: the viewer may see the employee.
func (q *query) personInScope(s access.Scope, person string) string {
	if s.All() {
		return "true"
	}
	return `EXISTS (SELECT 1 FROM viewer_employees se WHERE se.person = ` + person + ` AND se.viewer_id = ` + q.arg(s.ViewerID()) + `)`
}

// violationInScope is a condition: an employee of the violation is one that
// the viewer may see, and it is not another viewer's alone.
func (q *query) violationInScope(s access.Scope, violation string) string {
	if s == access.System() {
		return "true"
	}
	viewer := q.arg(s.ViewerID())
	private := `NOT EXISTS (SELECT 1 FROM violations pv WHERE pv.id = ` + violation + ` AND pv.viewer_id IS NOT NULL AND pv.viewer_id <> ` + viewer + `)`
	if s.All() {
		return private
	}
	return `EXISTS (SELECT 1 FROM violation_employees sv JOIN viewer_employees se ON se.person = sv.person
		WHERE sv.violation_id = ` + violation + ` AND se.viewer_id = ` + viewer + `) AND ` + private
}

// statements caches prepared statements by text: planning a query over all
// months costs several times its run.
type statements struct {
	preparing singleflight.Group // by text

	mu sync.RWMutex // never held while the database is asked
	m  map[string]*sqlx.Stmt
}

// prepared gives the prepared form of a query. Only queries of which there are
// few texts belong here. A caller whose context ends leaves; the statement is
// prepared for the others all the same. What failed is tried again by who comes
// next.
func (db *DB) prepared(ctx context.Context, text string) (*sqlx.Stmt, error) {
	if st := db.stmts.get(text); st != nil {
		return st, nil
	}
	c := db.stmts.preparing.DoChan(text, func() (any, error) { return db.prepare(context.WithoutCancel(ctx), text) })
	select {
	case <-ctx.Done():
		return nil, wrap(ctx, "prepare", ctx.Err())
	case r := <-c:
		st, _ := r.Val.(*sqlx.Stmt)
		return st, wrap(ctx, "prepare", r.Err)
	}
}

// prepare asks the database, unless that was done between a look and the call.
func (db *DB) prepare(ctx context.Context, text string) (*sqlx.Stmt, error) {
	if st := db.stmts.get(text); st != nil {
		return st, nil
	}
	st, err := db.PreparexContext(ctx, text)
	if err != nil {
		return nil, err
	}
	db.stmts.keep(text, st)
	return st, nil
}

// get gives nil for what is not prepared.
func (s *statements) get(text string) *sqlx.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[text]
}

func (s *statements) keep(text string, st *sqlx.Stmt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string]*sqlx.Stmt{}
	}
	s.m[text] = st
}
