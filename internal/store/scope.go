package store

import (
	"context"
	"strconv"
	"sync"

	"github.com/jmoiron/sqlx"

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
// the viewer may see.
func (q *query) violationInScope(s access.Scope, violation string) string {
	if s.All() {
		return "true"
	}
	return `EXISTS (SELECT 1 FROM violation_employees sv JOIN viewer_employees se ON se.person = sv.person
		WHERE sv.violation_id = ` + violation + ` AND se.viewer_id = ` + q.arg(s.ViewerID()) + `)`
}

// statements caches prepared statements by text: planning a query over all
// months costs several times its run.
type statements struct {
	mu sync.Mutex
	m  map[string]*sqlx.Stmt
}

// prepared gives the prepared form of a query. Only queries of which there are
// few texts belong here.
func (db *DB) prepared(ctx context.Context, text string) (*sqlx.Stmt, error) {
	db.stmts.mu.Lock()
	defer db.stmts.mu.Unlock()
	if st, ok := db.stmts.m[text]; ok {
		return st, nil
	}
	st, err := db.PreparexContext(context.WithoutCancel(ctx), text)
	if err != nil {
		return nil, wrap(ctx, "prepare", err)
	}
	if db.stmts.m == nil {
		db.stmts.m = map[string]*sqlx.Stmt{}
	}
	db.stmts.m[text] = st
	return st, nil
}
