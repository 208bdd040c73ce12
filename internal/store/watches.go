package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/rules"
	"huicun/internal/search"
)

const (
	sqlOwnRule     = `UPDATE rules SET viewer_id = $2 WHERE id = $1`
	sqlSavedRule   = `UPDATE saved_searches SET rule_id = NULLIF($2::bigint, 0) WHERE id = $1`
	sqlLockAnyRule = `SELECT viewer_id IS NULL FROM rules WHERE id = $1 AND deleted_at IS NULL FOR UPDATE`
)

// CreateWatch implements search.Store.
func (db *DB) CreateWatch(ctx context.Context, viewer, id int64, w search.Watch, e audit.Entry) (search.Saved, error) {
	in, err := rules.Input{
		Name: w.Name, Words: w.Words, Severity: rules.Low, Direction: rules.FromBoth, Subscribers: []int64{viewer}, Enabled: true,
		ScopeAll: len(w.Employees)+len(w.Departments) == 0, ScopeEmployees: w.Employees, ScopeDepartments: w.Departments,
	}.Check()
	if err != nil {
		return search.Saved{}, err
	}
	return inTx(ctx, db, func(tx *sqlx.Tx) (search.Saved, error) {
		saved, err := getSaved(ctx, tx, viewer, id, forUpdate)
		if err != nil || saved.RuleID != 0 {
			return saved, err
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
