package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/search"
)

var _ search.Store = (*DB)(nil)

// requestJSON is a search as the tables keep it.
type requestJSON struct {
	Q            string     `json:"q,omitempty"`
	Exact        bool       `json:"exact,omitempty"`
	Sender       []string   `json:"sender,omitempty"`
	Person       []string   `json:"person,omitempty"`
	Department   []int64    `json:"department,omitempty"`
	Conversation []int64    `json:"conversation,omitempty"`
	Chat         string     `json:"chat,omitempty"`
	Side         string     `json:"side,omitempty"`
	Type         []string   `json:"type,omitempty"`
	From         *time.Time `json:"from,omitempty"`
	To           *time.Time `json:"to,omitempty"`
	Days         int        `json:"days,omitempty"`
	Has          []string   `json:"has,omitempty"`
	Revoked      bool       `json:"revoked,omitempty"`
	Sensitive    bool       `json:"sensitive,omitempty"`
	Order        string     `json:"order,omitempty"`
}

// encodeRequest gives a search as JSON, and the key of the searches that ask for
// the same, in whatever order.
func encodeRequest(r search.Request) (text, key string, err error) {
	row := requestJSON{
		Q: r.Text, Exact: r.Exact, Sender: r.Senders, Person: r.Persons, Department: r.Departments, Conversation: r.ConvIDs,
		Chat: r.Chat, Side: r.Side, Type: r.MsgTypes, From: timeOrNil(r.From), To: timeOrNil(r.To), Days: r.Days, Has: r.Has,
		Revoked: r.Revoked, Sensitive: r.Sensitive,
	}
	same, err := json.Marshal(row)
	if err != nil {
		return "", "", fmt.Errorf("encode search: %w", err)
	}
	sum := sha256.Sum256(same)
	row.Order = string(r.Order)
	full, err := json.Marshal(row)
	return string(full), hex.EncodeToString(sum[:]), err
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func decodeRequest(text []byte) (search.Request, error) {
	var row requestJSON
	if err := json.Unmarshal(text, &row); err != nil {
		return search.Request{}, fmt.Errorf("read search: %w", err)
	}
	r := search.Request{
		Text: row.Q, Exact: row.Exact, Senders: row.Sender, Persons: row.Person, Departments: row.Department, ConvIDs: row.Conversation,
		Chat: row.Chat, Side: row.Side, MsgTypes: row.Type, Days: row.Days, Has: row.Has, Revoked: row.Revoked, Sensitive: row.Sensitive,
		Order: search.Order(row.Order),
	}
	if row.From != nil {
		r.From = *row.From
	}
	if row.To != nil {
		r.To = *row.To
	}
	return r, nil
}

// sqlInsertSearch notes a search unless it is a part ($8) of one that the viewer
// made in the last $9 seconds, and has in their list still.
const sqlInsertSearch = `
INSERT INTO searches (viewer_id, query, key, total, engine, ip, request_id)
SELECT $1, CAST($2 AS jsonb), $3, CAST($4 AS integer), $5, $6, $7
WHERE NOT $8 OR NOT EXISTS (SELECT 1 FROM searches s JOIN viewers v ON v.id = s.viewer_id WHERE s.viewer_id = $1 AND s.key = $3
	AND s.at > greatest(now() - $9 * interval '1 second', v.recent_since))
RETURNING id`

// SaveSearch implements search.Store. A total that is not exact is kept as one
// more than MaxRefs.
func (db *DB) SaveSearch(ctx context.Context, viewer int64, n search.Note, within time.Duration, e audit.Entry) error {
	text, key, err := encodeRequest(n.Request)
	if err != nil {
		return err
	}
	var total *int
	if n.Total != nil {
		count := n.Total.Count
		if !n.Total.Exact {
			count = search.MaxRefs + 1
		}
		total = &count
	}
	_, err = inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		var id int64
		err := tx.GetContext(ctx, &id, sqlInsertSearch, viewer, text, key, total, n.Engine, dbText(e.IP), dbText(e.RequestID), n.Repeated, within.Seconds())
		if noRows(err) {
			return false, nil
		}
		if err != nil {
			return false, wrap(ctx, "note search", err)
		}
		e.Object = audit.Object("search", id)
		return true, insertAudit(ctx, tx, e)
	})
	return err
}

// Of the last thousand searches: whoever pages through more has them still, in
// the table.
const sqlFindRecent = `
SELECT s.query, s.at, s.total FROM (
	SELECT DISTINCT ON (r.key) r.id, r.query, r.at, r.total FROM (
		SELECT id, key, query, at, total FROM searches
		WHERE viewer_id = $1 AND at > COALESCE((SELECT recent_since FROM viewers WHERE id = $1), '-infinity') ORDER BY at DESC LIMIT 1000) r
	ORDER BY r.key, r.at DESC, r.id DESC) s
ORDER BY s.at DESC, s.id DESC LIMIT $2`

// FindRecent implements search.Store.
func (db *DB) FindRecent(ctx context.Context, viewer int64, limit int) ([]search.Recent, error) {
	var rows []struct {
		Query []byte    `db:"query"`
		At    time.Time `db:"at"`
		Total *int      `db:"total"`
	}
	if err := db.SelectContext(ctx, &rows, sqlFindRecent, viewer, limit); err != nil {
		return nil, wrap(ctx, "find recent searches", err)
	}
	out := make([]search.Recent, len(rows))
	for i, r := range rows {
		request, err := decodeRequest(r.Query)
		if err != nil {
			return nil, err
		}
		out[i] = search.Recent{Request: request, At: r.At.UTC()}
		if r.Total != nil {
			out[i].Total = &search.Total{Count: min(*r.Total, search.MaxRefs), Exact: *r.Total <= search.MaxRefs}
		}
	}
	return out, nil
}

// ClearRecent implements search.Store.
func (db *DB) ClearRecent(ctx context.Context, viewer int64, e audit.Entry) error {
	return db.change(ctx, e, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE viewers SET recent_since = now() WHERE id = $1`, viewer)
		return wrap(ctx, "clear recent searches", err)
	})
}

const sqlSaved = `
SELECT s.id, s.viewer_id, v.person, s.name, s.query, s.shared, s.version, s.updated_at,
	COALESCE((SELECT r.id FROM rules r WHERE r.id = s.rule_id AND r.deleted_at IS NULL), 0) AS rule_id
FROM saved_searches s JOIN viewers v ON v.id = s.viewer_id`

type savedRow struct {
	ID        int64     `db:"id"`
	ViewerID  int64     `db:"viewer_id"`
	Person    string    `db:"person"`
	Name      string    `db:"name"`
	Query     []byte    `db:"query"`
	Shared    bool      `db:"shared"`
	RuleID    int64     `db:"rule_id"`
	Version   int       `db:"version"`
	UpdatedAt time.Time `db:"updated_at"`
}

func (r savedRow) saved() (search.Saved, error) {
	request, err := decodeRequest(r.Query)
	return search.Saved{
		SavedInput: search.SavedInput{Name: r.Name, Request: request, Shared: r.Shared, Version: r.Version},
		ID:         r.ID, ViewerID: r.ViewerID, Owner: r.Person, RuleID: r.RuleID, UpdatedAt: r.UpdatedAt.UTC(),
	}, err
}

// maxSavedShown bounds the list of saved searches: the viewer's own, and as many
// shared ones as there is room for.
const maxSavedShown = 1000

// FindSaved implements search.Store. What disabled accounts share is left out.
func (db *DB) FindSaved(ctx context.Context, viewer int64) ([]search.Saved, error) {
	var rows []savedRow
	err := db.SelectContext(ctx, &rows, sqlSaved+` WHERE s.viewer_id = $1 OR s.shared AND NOT v.disabled
ORDER BY s.viewer_id <> $1, s.name, s.id LIMIT $2`, viewer, maxSavedShown)
	if err != nil {
		return nil, wrap(ctx, "find saved searches", err)
	}
	out := make([]search.Saved, len(rows))
	for i, r := range rows {
		if out[i], err = r.saved(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// GetSaved implements search.Store.
func (db *DB) GetSaved(ctx context.Context, viewer, id int64) (search.Saved, error) {
	return getSaved(ctx, db, viewer, id, "")
}

func getSaved(ctx context.Context, q sqlx.QueryerContext, viewer, id int64, lock string) (search.Saved, error) {
	var row savedRow
	err := sqlx.GetContext(ctx, q, &row, sqlSaved+` WHERE s.viewer_id = $1 AND s.id = $2`+lock, viewer, id)
	if noRows(err) {
		return search.Saved{}, fault.NotFound("search")
	}
	if err != nil {
		return search.Saved{}, wrap(ctx, "get saved search", err)
	}
	return row.saved()
}

const forUpdate = ` FOR UPDATE OF s`

// The row of the viewer is locked, so that two at once do not pass the bound.
const (
	sqlLockViewer  = `SELECT 1 FROM viewers WHERE id = $1 FOR NO KEY UPDATE`
	sqlCountSaved  = `SELECT count(*) FROM saved_searches WHERE viewer_id = $1`
	sqlInsertSaved = `INSERT INTO saved_searches (viewer_id, name, query, shared) VALUES ($1, $2, CAST($3 AS jsonb), $4) RETURNING id`
	sqlUpdateSaved = `UPDATE saved_searches SET name = $2, query = CAST($3 AS jsonb), shared = $4, version = version + 1, updated_at = now() WHERE id = $1`
)

// CreateSaved implements search.Store.
func (db *DB) CreateSaved(ctx context.Context, viewer int64, in search.SavedInput, most int, e audit.Entry) (search.Saved, error) {
	text, _, err := encodeRequest(in.Request)
	if err != nil {
		return search.Saved{}, err
	}
	return inTx(ctx, db, func(tx *sqlx.Tx) (search.Saved, error) {
		if _, err := tx.ExecContext(ctx, sqlLockViewer, viewer); err != nil {
			return search.Saved{}, wrap(ctx, "lock viewer", err)
		}
		var n int
		if err := tx.GetContext(ctx, &n, sqlCountSaved, viewer); err != nil {
			return search.Saved{}, wrap(ctx, "count saved searches", err)
		}
		if n >= most {
			return search.Saved{}, &fault.Error{Code: "conflict.too_many", Message: fmt.Sprintf("at most %d searches can be saved", most)}
		}
		var id int64
		if err := tx.GetContext(ctx, &id, sqlInsertSaved, viewer, in.Name, text, in.Shared); err != nil {
			return search.Saved{}, wrap(ctx, "save search", err)
		}
		e.Object = audit.Object("saved_search", id)
		if err := insertAudit(ctx, tx, e); err != nil {
			return search.Saved{}, err
		}
		return getSaved(ctx, tx, viewer, id, "")
	})
}

var errSearchChanged = fault.Conflict("this search was changed meanwhile")

// UpdateSaved implements search.Store.
func (db *DB) UpdateSaved(ctx context.Context, viewer, id int64, in search.SavedInput, rule *search.Follow, e audit.Entry) (search.Saved, error) {
	text, _, err := encodeRequest(in.Request)
	if err != nil {
		return search.Saved{}, err
	}
	return inTx(ctx, db, func(tx *sqlx.Tx) (search.Saved, error) {
		before, err := getSaved(ctx, tx, viewer, id, forUpdate)
		if err != nil {
			return search.Saved{}, err
		}
		if before.Version != in.Version || before.RuleID != 0 && rule == nil {
			return search.Saved{}, errSearchChanged
		}
		if _, err := tx.ExecContext(ctx, sqlUpdateSaved, id, in.Name, text, in.Shared); err != nil {
			return search.Saved{}, wrap(ctx, "update saved search", err)
		}
		if before.RuleID != 0 {
			if err := followSearch(ctx, tx, before, *rule, e); err != nil {
				return search.Saved{}, err
			}
		}
		if err := insertAudit(ctx, tx, e); err != nil {
			return search.Saved{}, err
		}
		return getSaved(ctx, tx, viewer, id, "")
	})
}

// DeleteSaved implements search.Store.
func (db *DB) DeleteSaved(ctx context.Context, viewer, id int64, e audit.Entry) error {
	return db.change(ctx, e, func(tx *sqlx.Tx) error {
		saved, err := getSaved(ctx, tx, viewer, id, forUpdate)
		if err != nil {
			return err
		}
		if private, err := dropPrivateRule(ctx, tx, saved.RuleID, e); err != nil {
			return err
		} else if private {
			e.Detail = map[string]any{"rule_id": saved.RuleID}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM saved_searches WHERE id = $1`, id)
		return wrap(ctx, "delete saved search", err)
	})
}
