package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/rules"
)

var _ rules.Store = (*DB)(nil)

// Hits are counted for people only: scanning asks for rules at every change.
const (
	sqlRulesFrom = `
SELECT r.id, r.name, r.words, r.severity, r.direction, r.scope_all, r.scope_departments, r.scope_employees, r.enabled,
	r.version, r.created_at, r.updated_at, COALESCE(r.viewer_id, 0) AS viewer_id,
	ARRAY(SELECT s.viewer_id FROM rule_subscribers s WHERE s.rule_id = r.id ORDER BY 1) AS subscribers,
	ARRAY(SELECT v.person FROM rule_subscribers s JOIN viewers v ON v.id = s.viewer_id WHERE s.rule_id = r.id ORDER BY s.viewer_id) AS persons`
	sqlHits = `,
	(SELECT count(*) FROM violations x WHERE x.kind = 'word' AND x.rule_id = r.id) AS hits`
	sqlRulesWhere = `
FROM rules r
WHERE r.deleted_at IS NULL`

	// What one viewer wants to be told is nobody else's matter.
	sqlRules        = sqlAllRules + ` AND r.viewer_id IS NULL`
	sqlAllRules     = sqlRulesFrom + sqlHits + sqlRulesWhere
	sqlEnabledRules = sqlRulesFrom + sqlRulesWhere + ` AND r.enabled ORDER BY r.id`
)

type ruleRow struct {
	ID          int64           `db:"id"`
	Name        string          `db:"name"`
	Words       pq.StringArray  `db:"words"`
	Severity    rules.Severity  `db:"severity"`
	Direction   rules.Direction `db:"direction"`
	ScopeAll    bool            `db:"scope_all"`
	Departments pq.Int64Array   `db:"scope_departments"`
	Employees   pq.StringArray  `db:"scope_employees"`
	Enabled     bool            `db:"enabled"`
	Version     int             `db:"version"`
	CreatedAt   time.Time       `db:"created_at"`
	UpdatedAt   time.Time       `db:"updated_at"`
	Subscribers pq.Int64Array   `db:"subscribers"`
	Persons     pq.StringArray  `db:"persons"`
	Hits        int64           `db:"hits"`
	ViewerID    int64           `db:"viewer_id"`
}

func (r ruleRow) rule() rules.Rule {
	return rules.Rule{
		Input: rules.Input{
			Name: r.Name, Words: r.Words, Severity: r.Severity, Direction: r.Direction,
			ScopeAll: r.ScopeAll, ScopeDepartments: r.Departments, ScopeEmployees: r.Employees,
			Subscribers: r.Subscribers, Enabled: r.Enabled, Version: r.Version,
		},
		ID: r.ID, SubscriberPersons: r.Persons, CreatedAt: r.CreatedAt.UTC(), Changed: r.UpdatedAt.UTC(), Hits: r.Hits,
		ViewerID: r.ViewerID,
	}
}

func ruleOf(id int64, in rules.Input) ruleRow {
	return ruleRow{
		ID: id, Name: in.Name, Words: in.Words, Severity: in.Severity, Direction: in.Direction, ScopeAll: in.ScopeAll,
		Departments: in.ScopeDepartments, Employees: in.ScopeEmployees, Enabled: in.Enabled, Version: in.Version,
	}
}

func toRules(rows []ruleRow) []rules.Rule {
	all := make([]rules.Rule, len(rows))
	for i, r := range rows {
		all[i] = r.rule()
	}
	return all
}

// ListRules implements rules.Store.
func (db *DB) ListRules(ctx context.Context) ([]rules.Rule, error) {
	var rows []ruleRow
	err := db.SelectContext(ctx, &rows, sqlRules+` ORDER BY r.name, r.id`)
	return toRules(rows), wrap(ctx, "list rules", err)
}

// GetRule implements rules.Store.
func (db *DB) GetRule(ctx context.Context, id int64) (rules.Rule, error) {
	return getRule(ctx, db, sqlRules, id)
}

func getRule(ctx context.Context, q sqlx.QueryerContext, text string, id int64) (rules.Rule, error) {
	var row ruleRow
	err := sqlx.GetContext(ctx, q, &row, text+` AND r.id = $1`, id)
	if noRows(err) {
		return rules.Rule{}, fault.NotFound("rule")
	}
	return row.rule(), wrap(ctx, "get rule", err)
}

const sqlInsertRule = `
INSERT INTO rules (name, words, severity, direction, scope_all, scope_departments, scope_employees, enabled)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id`

// CreateRule implements rules.Store.
func (db *DB) CreateRule(ctx context.Context, in rules.Input, e audit.Entry) (rules.Rule, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (rules.Rule, error) {
		id, err := insertRule(ctx, tx, in)
		if err != nil {
			return rules.Rule{}, err
		}
		e.Object = audit.Object("rule", id)
		return saveRule(ctx, tx, id, in, e)
	})
}

func insertRule(ctx context.Context, tx *sqlx.Tx, in rules.Input) (id int64, err error) {
	if err := checkRuleRefs(ctx, tx, in); err != nil {
		return 0, err
	}
	r := ruleOf(0, in)
	err = tx.GetContext(ctx, &id, sqlInsertRule, r.Name, r.Words, r.Severity, r.Direction, r.ScopeAll, r.Departments, r.Employees, r.Enabled)
	return id, wrap(ctx, "create rule", err)
}

const (
	sqlLockRule   = `SELECT version FROM rules WHERE id = $1 AND deleted_at IS NULL AND viewer_id IS NULL FOR UPDATE`
	sqlUpdateRule = `
UPDATE rules SET name = :name, words = :words, severity = :severity, direction = :direction, scope_all = :scope_all,
	scope_departments = :scope_departments, scope_employees = :scope_employees, enabled = :enabled,
	version = version + 1, updated_at = now()
WHERE id = :id`
)

// UpdateRule implements rules.Store.
func (db *DB) UpdateRule(ctx context.Context, id int64, in rules.Input, e audit.Entry) (rules.Rule, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (rules.Rule, error) {
		version, err := lockRule(ctx, tx, id)
		if err != nil {
			return rules.Rule{}, err
		}
		if version != in.Version {
			return rules.Rule{}, fault.Conflict("somebody else changed this rule meanwhile")
		}
		return changeRule(ctx, tx, id, in, e)
	})
}

// changeRule changes a rule that is locked.
func changeRule(ctx context.Context, tx *sqlx.Tx, id int64, in rules.Input, e audit.Entry) (rules.Rule, error) {
	if err := checkRuleRefs(ctx, tx, in); err != nil {
		return rules.Rule{}, err
	}
	if _, err := tx.NamedExecContext(ctx, sqlUpdateRule, ruleOf(id, in)); err != nil {
		return rules.Rule{}, wrap(ctx, "update rule", err)
	}
	return saveRule(ctx, tx, id, in, e)
}

func lockRule(ctx context.Context, tx *sqlx.Tx, id int64) (int, error) {
	var version int
	err := tx.GetContext(ctx, &version, sqlLockRule, id)
	if noRows(err) {
		return 0, fault.NotFound("rule")
	}
	return version, wrap(ctx, "lock rule", err)
}

const sqlDeleteRule = `
UPDATE rules SET deleted_at = now(), enabled = false, version = version + 1, updated_at = now()
WHERE id = $1`

// DeleteRule implements rules.Store.
func (db *DB) DeleteRule(ctx context.Context, id int64, e audit.Entry) error {
	return db.change(ctx, e, func(tx *sqlx.Tx) error {
		if _, err := lockRule(ctx, tx, id); err != nil {
			return err
		}
		return dropRule(ctx, tx, id, e.Actor)
	})
}

// dropRule hides a rule that is locked.
func dropRule(ctx context.Context, tx *sqlx.Tx, id int64, by string) error {
	before, err := getRule(ctx, tx, sqlAllRules, id)
	if err != nil {
		return err
	}
	before.Version++
	before.Enabled = false
	if _, err := tx.ExecContext(ctx, sqlDeleteRule, id); err != nil {
		return wrap(ctx, "delete rule", err)
	}
	return insertRuleVersion(ctx, tx, before, true, by)
}

// checkRuleRefs refuses what names things that are not there.
func checkRuleRefs(ctx context.Context, tx *sqlx.Tx, in rules.Input) error {
	for _, ref := range []struct {
		field, query string
		ids          any
		want         int
	}{
		{"scope_departments", `SELECT count(*) FROM departments WHERE id = ANY ($1)`, pq.Array(in.ScopeDepartments), len(in.ScopeDepartments)},
		{"scope_employees", `SELECT count(*) FROM employees WHERE person = ANY ($1)`, pq.Array(in.ScopeEmployees), len(in.ScopeEmployees)},
		{"subscribers", `SELECT count(*) FROM viewers WHERE id = ANY ($1)`, pq.Array(in.Subscribers), len(in.Subscribers)},
	} {
		var n int
		if err := tx.GetContext(ctx, &n, ref.query, ref.ids); err != nil {
			return wrap(ctx, "check "+ref.field, err)
		}
		if n != ref.want {
			return fault.Invalid(ref.field, "names something that does not exist")
		}
	}
	return nil
}

const (
	sqlDropSubscribers = `DELETE FROM rule_subscribers WHERE rule_id = $1 AND NOT viewer_id = ANY ($2)`
	sqlAddSubscribers  = `
INSERT INTO rule_subscribers (rule_id, viewer_id) SELECT $1, unnest($2::bigint[])
ON CONFLICT ON CONSTRAINT rule_subscribers_pkey DO NOTHING`
)

// saveRule writes what hangs on a rule: subscribers, the version, the entry.
func saveRule(ctx context.Context, tx *sqlx.Tx, id int64, in rules.Input, e audit.Entry) (rules.Rule, error) {
	for _, q := range []string{sqlDropSubscribers, sqlAddSubscribers} {
		if _, err := tx.ExecContext(ctx, q, id, pq.Int64Array(in.Subscribers)); err != nil {
			return rules.Rule{}, wrap(ctx, "save subscribers", err)
		}
	}
	r, err := getRule(ctx, tx, sqlAllRules, id)
	if err != nil {
		return rules.Rule{}, err
	}
	if err := insertRuleVersion(ctx, tx, r, false, e.Actor); err != nil {
		return rules.Rule{}, err
	}
	e.Detail = map[string]any{"version": r.Version, "words": len(r.Words), "enabled": r.Enabled}
	return r, insertAudit(ctx, tx, e)
}

// ruleSnapshot is a rule as rule_versions keeps it.
type ruleSnapshot struct {
	Name             string   `json:"name"`
	Words            []string `json:"words"`
	Severity         string   `json:"severity"`
	Direction        string   `json:"direction"`
	ScopeAll         bool     `json:"scope_all"`
	ScopeDepartments []int64  `json:"scope_departments"`
	ScopeEmployees   []string `json:"scope_employees"`
	Subscribers      []int64  `json:"subscribers"`
	Enabled          bool     `json:"enabled"`
	Deleted          bool     `json:"deleted"`
}

const sqlInsertRuleVersion = `
INSERT INTO rule_versions (rule_id, version, snapshot, changed_by) VALUES ($1, $2, CAST($3 AS jsonb), $4)`

func insertRuleVersion(ctx context.Context, tx *sqlx.Tx, r rules.Rule, deleted bool, by string) error {
	snapshot, err := json.Marshal(ruleSnapshot{
		Name: r.Name, Words: r.Words, Severity: string(r.Severity), Direction: string(r.Direction), ScopeAll: r.ScopeAll,
		ScopeDepartments: r.ScopeDepartments, ScopeEmployees: r.ScopeEmployees, Subscribers: r.Subscribers,
		Enabled: r.Enabled, Deleted: deleted,
	})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, sqlInsertRuleVersion, r.ID, r.Version, string(snapshot), dbText(by))
	return wrap(ctx, "save version of rule", err)
}
