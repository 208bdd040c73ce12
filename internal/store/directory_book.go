package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/directory"
)

const (
	sqlSaveCustomers = `
INSERT INTO customers (person, external_userid, name, type, gender, avatar, corp_name, position, unionid, updated_at)
SELECT person, external_userid, name, type, gender, avatar, corp_name, position, unionid, $2::timestamptz
FROM jsonb_to_recordset(CAST($1 AS jsonb))
	AS x (person text, external_userid text, name text, type integer, gender integer, avatar text, corp_name text, position text, unionid text)
ON CONFLICT (person) DO UPDATE SET
	name = COALESCE(NULLIF(EXCLUDED.name, ''), customers.name),
	type = EXCLUDED.type, gender = EXCLUDED.gender,
	avatar = COALESCE(NULLIF(EXCLUDED.avatar, ''), customers.avatar),
	corp_name = EXCLUDED.corp_name, position = EXCLUDED.position,
	unionid = COALESCE(NULLIF(EXCLUDED.unionid, ''), customers.unionid),
	updated_at = GREATEST(customers.updated_at, EXCLUDED.updated_at)`

	// followHolds tells whether a relation that WeCom lists holds. One that a
	// callback ended is listed on: for ever when the customer ended it, for some
	// time when the employee did. It holds again once it began anew.
	followHolds = `(
	follows.state IN ('active', 'gone')
	OR COALESCE(EXCLUDED.added_at > follows.state_at, false)
	OR (follows.state IN ('deleted_by_employee', 'transferred') AND follows.state_at < EXCLUDED.updated_at - interval '1 day'))`

	sqlSaveFollows = `
INSERT INTO follows (employee, customer, remark, description, added_at, add_way, source, oper_userid, tags, mobiles, updated_at)
SELECT x.employee, x.customer, x.remark, x.description, x.added_at, x.add_way, x.source, x.oper_userid,
	COALESCE(x.tags, old.tags, '{}'), x.mobiles, $2::timestamptz
FROM jsonb_to_recordset(CAST($1 AS jsonb))
	AS x (employee text, customer text, remark text, description text, added_at timestamptz, add_way integer, source text,
		oper_userid text, tags text[], mobiles text[])
LEFT JOIN follows old ON old.employee = x.employee AND old.customer = x.customer
ON CONFLICT ON CONSTRAINT follows_pkey DO UPDATE SET
	remark = EXCLUDED.remark, description = EXCLUDED.description,
	added_at = COALESCE(EXCLUDED.added_at, follows.added_at), add_way = EXCLUDED.add_way,
	source = COALESCE(NULLIF(EXCLUDED.source, ''), follows.source), oper_userid = EXCLUDED.oper_userid,
	tags = EXCLUDED.tags, mobiles = EXCLUDED.mobiles,
	state = CASE WHEN ` + followHolds + ` THEN 'active' ELSE follows.state END,
	state_at = CASE WHEN follows.state <> 'active' AND ` + followHolds + ` THEN EXCLUDED.updated_at ELSE follows.state_at END,
	updated_at = GREATEST(follows.updated_at, EXCLUDED.updated_at)`

	// What the sync saw, and what a callback changed since it began, has a
	// younger updated_at.
	sqlEndFollows = `
UPDATE follows SET state = 'gone', state_at = $2, updated_at = $2
WHERE employee = ANY ($1) AND state = 'active' AND updated_at < $2`

	// A deletion is older than a relation that began after it, and so is a
	// beginning than a deletion; equal times go to the later arrival.
	sqlMarkFollow = `
INSERT INTO follows (employee, customer, state, state_at, added_at, updated_at)
VALUES (:employee, :customer, :state, :at, CASE WHEN :state = 'active' THEN CAST(:at AS timestamptz) END, now())
ON CONFLICT ON CONSTRAINT follows_pkey DO UPDATE SET
	state = EXCLUDED.state, state_at = EXCLUDED.state_at,
	added_at = COALESCE(EXCLUDED.added_at, follows.added_at), updated_at = GREATEST(follows.updated_at, EXCLUDED.updated_at)
WHERE COALESCE(follows.state_at <= EXCLUDED.state_at, true) AND COALESCE(follows.added_at <= EXCLUDED.state_at, true)`
)

type customerRow struct {
	Person         string `json:"person"`
	ExternalUserID string `json:"external_userid"`
	Name           string `json:"name"`
	Type           int    `json:"type"`
	Gender         int    `json:"gender"`
	Avatar         string `json:"avatar"`
	CorpName       string `json:"corp_name"`
	Position       string `json:"position"`
	UnionID        string `json:"unionid"`
}

type syncFollowRow struct {
	Employee    string     `json:"employee"`
	Customer    string     `json:"customer"`
	Remark      string     `json:"remark"`
	Description string     `json:"description"`
	AddedAt     *time.Time `json:"added_at"`
	AddWay      int        `json:"add_way"`
	Source      string     `json:"source"`
	OperUserID  string     `json:"oper_userid"`
	Tags        []string   `json:"tags"` // null: leave them
	Mobiles     []string   `json:"mobiles"`
}

// ApplyBook implements directory.Store.
func (db *DB) ApplyBook(ctx context.Context, b directory.Book) error {
	customers := make([]customerRow, len(b.Customers))
	for i, c := range b.Customers {
		customers[i] = customerRow{
			Person: dbText(c.Person), ExternalUserID: dbText(c.ExternalUserID), Name: dbText(c.Name), Type: c.Type, Gender: c.Gender,
			Avatar: dbText(c.Avatar), CorpName: dbText(c.CorpName), Position: dbText(c.Position), UnionID: dbText(c.UnionID),
		}
	}
	follows := make([]syncFollowRow, len(b.Follows))
	for i, f := range b.Follows {
		follows[i] = syncFollowRow{
			Employee: dbText(f.Employee), Customer: dbText(f.Customer), Remark: dbText(f.Remark), Description: dbText(f.Description),
			AddedAt: optionalTime(f.AddedAt), AddWay: f.AddWay, Source: dbText(f.Source), OperUserID: dbText(f.OperUserID),
			Tags: dbTexts(f.Tags), Mobiles: nonNil(dbTexts(f.Mobiles)),
		}
	}
	return inDirectory(ctx, db, func(tx *sqlx.Tx) error {
		if err := execRows(ctx, tx, "save customers", sqlSaveCustomers, customers, b.At); err != nil {
			return err
		}
		if err := execRows(ctx, tx, "save follows", sqlSaveFollows, follows, b.At); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, sqlEndFollows, pq.Array(nonNil(b.Read)), b.At)
		return wrap(ctx, "end follows", err)
	})
}

// MarkFollow implements directory.Store.
func (db *DB) MarkFollow(ctx context.Context, m directory.Mark) error {
	row := struct {
		Employee string    `db:"employee"`
		Customer string    `db:"customer"`
		State    string    `db:"state"`
		At       time.Time `db:"at"`
	}{dbText(m.Employee), dbText(m.Customer), string(m.State), m.At}
	return inDirectory(ctx, db, func(tx *sqlx.Tx) error {
		_, err := tx.NamedExecContext(ctx, sqlMarkFollow, row)
		return wrap(ctx, "mark follow", err)
	})
}
