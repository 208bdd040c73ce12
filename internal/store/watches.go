package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/rules"
	"huicun/internal/search"
)

const (
	sqlCountOwn    = `SELECT count(*) FROM rules WHERE viewer_id = $1 AND deleted_at IS NULL`
	sqlOwnRule     = `UPDATE rules SET viewer_id = $2 WHERE id = $1`
	sqlSavedRule   = `UPDATE saved_searches SET rule_id = NULLIF($2::bigint, 0) WHERE id = $1`
	sqlLockAnyRule = `SELECT viewer_id IS NULL FROM rules WHERE id = $1 AND deleted_at IS NULL FOR UPDATE`
)

// CreateWatch implements search.Store.
func (db *DB) CreateWatch(ctx context.Context, viewer, id int64, w search.Watch, e audit.Entry) (search.Saved, error) {
	in := rules.Input{
		Name: w.Name, Words: w.Words, Severity: rules.Low, Direction: rules.FromBoth, Subscribers: []int64{viewer}, Enabled: true,
		ScopeAll: len(w.Employees)+len(w.Departments) == 0, ScopeEmployees: w.Employees, ScopeDepartments: w.Departments,
	}
	check := in.Check
	if w.Private {
		check = in.CheckOwn
	}
	in, err := check()
	if err != nil {
		return search.Saved{}, err
	}
	return inTx(ctx, db, func(tx *sqlx.Tx) (search.Saved, error) {
		saved, err := getSaved(ctx, tx, viewer, id, forUpdate)
		if err != nil || saved.RuleID != 0 {
			return saved, err
		}
		if saved.Version != w.Version {
			return saved, errSearchChanged
		}
		if w.Private {
			if err := roomForOwn(ctx, tx, viewer); err != nil {
				return saved, err
			}
		}
		rule, err := insertRule(ctx, tx, in)
		if err != nil {
			return saved, err
		}
		if w.Private {
			if _, err := tx.ExecContext(ctx, sqlOwnRule, rule, viewer); err != nil {
				return saved, wrap(ctx, "make rule private", err)
			}
		}
		e.Object = audit.Object("rule", rule)
		if _, err := saveRule(ctx, tx, rule, in, e); err != nil {
			return saved, err
		}
		if _, err := tx.ExecContext(ctx, sqlSavedRule, id, rule); err != nil {
			return saved, wrap(ctx, "keep rule of search", err)
		}
		return getSaved(ctx, tx, viewer, id, "")
	})
}

// roomForOwn refuses one rule of a viewer too many. The row of the viewer is
// locked, so that two at once do not pass the bound.
func roomForOwn(ctx context.Context, tx *sqlx.Tx, viewer int64) error {
	if _, err := tx.ExecContext(ctx, sqlLockViewer, viewer); err != nil {
		return wrap(ctx, "lock viewer", err)
	}
	var n int
	if err := tx.GetContext(ctx, &n, sqlCountOwn, viewer); err != nil {
		return wrap(ctx, "count rules of viewer", err)
	}
	if n >= rules.MostOwn {
		return &fault.Error{Code: "conflict.too_many", Message: fmt.Sprintf("at most %d searches can tell when it is said again", rules.MostOwn)}
	}
	return nil
}

// followSearch changes the rule of a search with it. An ordinary rule that its
// maker may not change any more lets go of the search instead.
func followSearch(ctx context.Context, tx *sqlx.Tx, s search.Saved, f search.Follow, e audit.Entry) error {
	private, err := isPrivate(ctx, tx, s.RuleID)
	if err != nil {
		return err
	}
	if !private && f.Now.Private {
		_, err := tx.ExecContext(ctx, sqlSavedRule, s.ID, 0)
		return wrap(ctx, "forget rule of search", err)
	}
	rule, err := getRule(ctx, tx, sqlAllRules, s.RuleID)
	if err != nil {
		return err
	}
	in, changed := followed(rule.Input, f, private)
	if !changed {
		return nil
	}
	check := in.Check
	if private && !slices.Equal(in.Words, rule.Words) {
		check = in.CheckOwn
	}
	if in, err = check(); err != nil {
		return err
	}
	e.Action, e.Object = audit.RuleUpdated, audit.Object("rule", s.RuleID)
	_, err = changeRule(ctx, tx, s.RuleID, in, e)
	return err
}

// followed gives a rule as it is after its search changed.
func followed(in rules.Input, f search.Follow, private bool) (_ rules.Input, changed bool) {
	if f.Was.Name != f.Now.Name && in.Name == f.Was.Name {
		in.Name, changed = f.Now.Name, true
	}
	if !slices.Equal(f.Was.Words, f.Now.Words) {
		in.Words, changed = f.Now.Words, true
	}
	if !private && !(slices.Equal(f.Was.Employees, f.Now.Employees) && slices.Equal(f.Was.Departments, f.Now.Departments)) {
		in.ScopeEmployees, in.ScopeDepartments, changed = f.Now.Employees, f.Now.Departments, true
		in.ScopeAll = len(in.ScopeEmployees)+len(in.ScopeDepartments) == 0
	}
	return in, changed
}

// DeleteWatch implements search.Store.
func (db *DB) DeleteWatch(ctx context.Context, viewer, id int64, ordinary bool, e audit.Entry) error {
	_, err := inTx(ctx, db, func(tx *sqlx.Tx) (struct{}, error) {
		saved, err := getSaved(ctx, tx, viewer, id, forUpdate)
		if err != nil {
			return struct{}{}, err
		}
		if saved.RuleID == 0 {
			return struct{}{}, fault.NotFound("rule")
		}
		if private, err := isPrivate(ctx, tx, saved.RuleID); err != nil {
			return struct{}{}, err
		} else if !private && !ordinary {
			return struct{}{}, fault.Forbidden("only admins delete this rule")
		}
		e.Object = audit.Object("rule", saved.RuleID)
		if err := dropRule(ctx, tx, saved.RuleID, e.Actor); err != nil {
			return struct{}{}, err
		}
		if _, err := tx.ExecContext(ctx, sqlSavedRule, id, 0); err != nil {
			return struct{}{}, wrap(ctx, "forget rule of search", err)
		}
		return struct{}{}, insertAudit(ctx, tx, e)
	})
	return err
}

// isPrivate reports whether a rule is one viewer's alone. It locks the rule;
// fault.NotFound.
func isPrivate(ctx context.Context, tx *sqlx.Tx, rule int64) (bool, error) {
	var ordinary bool
	err := tx.GetContext(ctx, &ordinary, sqlLockAnyRule, rule)
	if noRows(err) {
		return false, fault.NotFound("rule")
	}
	return !ordinary, wrap(ctx, "look at rule", err)
}

// dropPrivateRule deletes a rule if it is there and one viewer's alone.
func dropPrivateRule(ctx context.Context, tx *sqlx.Tx, rule int64, e audit.Entry) (bool, error) {
	if rule == 0 {
		return false, nil
	}
	private, err := isPrivate(ctx, tx, rule)
	if err != nil || !private {
		return false, err
	}
	return true, dropRule(ctx, tx, rule, e.Actor)
}
