package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/archive"
	"huicun/internal/search"
)

// ReadChanges tells how far the documents have come.
func (db *DB) ReadChanges(ctx context.Context) (search.Changes, error) {
	const q = `SELECT clock_timestamp() AS now, change, indexed FROM search_state WHERE id = 1`
	var c search.Changes
	return c, wrap(ctx, "read search state", db.GetContext(ctx, &c, q))
}

// documentColumns are those of documentRow.
const documentColumns = `id, seq, conv_id, msgtime, from_id, msgtype, flags, change, body, COALESCE(exact, '') AS exact`

// What is compressed or kept apart is not read for its length.
const sqlFindChanges = `
WITH w AS MATERIALIZED (
	SELECT ` + documentColumns + `, sum(octet_length(body) + COALESCE(octet_length(exact), 0)) OVER (ORDER BY change) AS bytes
	FROM search_messages WHERE change > $1 AND change <= $2)
SELECT id, seq, conv_id, msgtime, from_id, msgtype, flags, change, body, exact FROM w
WHERE bytes <= $3 OR change = (SELECT min(change) FROM w) ORDER BY change`

type documentRow struct {
	ID      string       `db:"id"`
	Seq     int64        `db:"seq"`
	ConvID  int64        `db:"conv_id"`
	SentAt  time.Time    `db:"msgtime"`
	FromID  string       `db:"from_id"`
	MsgType string       `db:"msgtype"`
	Flags   search.Flags `db:"flags"`
	Body    string       `db:"body"`
	Exact   string       `db:"exact"`
	Change  int64        `db:"change"`
}

func documents(rows []documentRow) []search.Document {
	docs := make([]search.Document, len(rows))
	for i := range rows {
		docs[i] = search.Document(rows[i])
	}
	return docs
}

// FindChanges gives documents by change, those beyond after and up to upTo, of
// about so many bytes at most, but one if there is any. through is the number up
// to which none is missing from them.
func (db *DB) FindChanges(ctx context.Context, after, upTo int64, bytes int) (docs []search.Document, through int64, err error) {
	var rows []documentRow
	if err := db.SelectContext(ctx, &rows, sqlFindChanges, after, upTo, bytes); err != nil {
		return nil, after, wrap(ctx, "find changed documents", err)
	}
	through = upTo
	if n := len(rows); n > 0 && rows[n-1].Change < upTo {
		var more bool
		const q = `SELECT EXISTS (SELECT 1 FROM search_messages WHERE change > $1 AND change <= $2)`
		if err := db.GetContext(ctx, &more, q, rows[n-1].Change, upTo); err != nil {
			return nil, after, wrap(ctx, "find changed documents", err)
		}
		if more {
			through = rows[n-1].Change
		}
	}
	return documents(rows), through, nil
}

const sqlFindDocuments = `
SELECT s.id, s.seq, s.conv_id, s.msgtime, s.from_id, s.msgtype, s.flags, s.change, s.body, COALESCE(s.exact, '') AS exact
FROM message_ids i JOIN search_messages s ON s.msgtime = i.msgtime AND s.seq = i.seq AND s.id = i.id
WHERE i.id = ANY ($1::uuid[])`

// FindDocuments gives the documents of messages, those that there are.
func (db *DB) FindDocuments(ctx context.Context, ids []string) ([]search.Document, error) {
	var rows []documentRow
	err := db.SelectContext(ctx, &rows, sqlFindDocuments, pq.Array(ids))
	return documents(rows), wrap(ctx, "find documents", err)
}

const sqlFindVersions = `
SELECT id, seq, msgtime, change FROM search_messages
WHERE msgtime >= $1 AND msgtime < $2 AND (msgtime, seq, id) > ($3, $4, $5) ORDER BY msgtime, seq, id LIMIT $6`

// FindVersions gives the versions of the documents of a month (YYYYMM), oldest
// first, beyond a place; the zero place is before all.
func (db *DB) FindVersions(ctx context.Context, month string, after archive.Position, limit int) ([]search.Version, error) {
	from, err := time.Parse("200601", month)
	if err != nil {
		return nil, err
	}
	if after.ID == "" {
		after = archive.Position{SentAt: from.Add(-time.Second), ID: "00000000-0000-0000-0000-000000000000"}
	}
	var vs []search.Version
	err = db.SelectContext(ctx, &vs, sqlFindVersions, from, from.AddDate(0, 1, 0), after.SentAt, after.Seq, after.ID, limit)
	return vs, wrap(ctx, "find versions", err)
}

// The parts of search_messages that are made are months; their names end in it.
const sqlFindSearchMonths = `
SELECT right(c.relname, 6) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'search_messages'::regclass AND c.relname ~ '_[0-9]{6}$' ORDER BY 1`

// FindSearchMonths gives the months (YYYYMM) that may have documents.
func (db *DB) FindSearchMonths(ctx context.Context) ([]string, error) {
	var months []string
	return months, wrap(ctx, "find months", db.SelectContext(ctx, &months, sqlFindSearchMonths))
}

const sqlGenerations = `
SELECT name, alias, state, change, documents, target, shards, months, reason, started_at, finished_at, caught_up_at, checked_at, repaired, error, error_at,
	(SELECT count(*) FROM search_poison p WHERE p.index_name = x.name) AS poison
FROM search_indexes x `

const (
	sqlFindGenerations      = sqlGenerations + `WHERE alias = $1 ORDER BY started_at, name`
	sqlFindOtherGenerations = sqlGenerations + `WHERE alias <> $1 ORDER BY started_at, name`
)

// FindGenerations gives the generations of an alias, oldest first.
func (db *DB) FindGenerations(ctx context.Context, alias string) ([]search.Generation, error) {
	return db.findGenerations(ctx, sqlFindGenerations, alias)
}

// FindOtherGenerations gives the generations of all other aliases, oldest first:
// what is left of earlier ones.
func (db *DB) FindOtherGenerations(ctx context.Context, alias string) ([]search.Generation, error) {
	return db.findGenerations(ctx, sqlFindOtherGenerations, alias)
}

func (db *DB) findGenerations(ctx context.Context, q, alias string) ([]search.Generation, error) {
	var rows []struct {
		search.Generation
		Months pq.StringArray `db:"months"`
	}
	if err := db.SelectContext(ctx, &rows, q, alias); err != nil {
		return nil, wrap(ctx, "find generations", err)
	}
	gs := make([]search.Generation, len(rows))
	for i, r := range rows {
		gs[i] = r.Generation
		gs[i].Months = r.Months
	}
	return gs, nil
}

// Names are never used again: what was meant for an earlier one must not be
// taken for it.
const sqlCreateGeneration = `
INSERT INTO search_indexes (name, alias, state, target, shards, reason)
SELECT $1 || '-' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSMS'), $1, 'building', change, $2, $3 FROM search_state
WHERE NOT EXISTS (SELECT 1 FROM search_indexes WHERE alias = $1 AND state = 'building')
ON CONFLICT DO NOTHING`

// CreateGeneration begins a generation of an alias, unless one is being built.
func (db *DB) CreateGeneration(ctx context.Context, alias string, shards int, reason string) error {
	_, err := db.ExecContext(ctx, sqlCreateGeneration, alias, shards, dbText(reason))
	return wrap(ctx, "create generation", err)
}

// AddMonth notes that a generation has an index for a month.
func (db *DB) AddMonth(ctx context.Context, name, month string) error {
	const q = `UPDATE search_indexes SET months = ARRAY(SELECT DISTINCT m FROM unnest(months || $2::text) m ORDER BY m) WHERE name = $1`
	_, err := db.ExecContext(ctx, q, name, month)
	return wrap(ctx, "add month", err)
}

// A cursor never goes back, whoever is late.
const sqlSaveProgress = `
UPDATE search_indexes SET change = GREATEST(change, $2), caught_up_at = GREATEST(caught_up_at, $3), error = '', error_at = NULL
WHERE name = $1 AND (change < $2 OR error <> '' OR caught_up_at IS DISTINCT FROM GREATEST(caught_up_at, $3))`

// SaveProgress notes that all changes up to change can be searched, and that
// nothing is wrong. caughtUp is when there were no others; nil: there are.
func (db *DB) SaveProgress(ctx context.Context, name string, change int64, caughtUp *time.Time) error {
	_, err := db.ExecContext(ctx, sqlSaveProgress, name, change, caughtUp)
	return wrap(ctx, "save progress", err)
}

// CountDocuments notes how many documents a generation has.
func (db *DB) CountDocuments(ctx context.Context, name string, n int64) error {
	_, err := db.ExecContext(ctx, `UPDATE search_indexes SET documents = $2 WHERE name = $1 AND documents <> $2`, name, n)
	return wrap(ctx, "note the count of documents", err)
}

// NoteProblem notes why a generation does not go on.
func (db *DB) NoteProblem(ctx context.Context, name, problem string) error {
	const q = `UPDATE search_indexes SET error = $2, error_at = COALESCE(error_at, clock_timestamp()) WHERE name = $1 AND error <> $2`
	_, err := db.ExecContext(ctx, q, name, dbText(problem))
	return wrap(ctx, "note problem of index", err)
}

// ForgetProblems ends all problems but those of an alias ("": all): nobody lets
// the other indices follow the changes any more.
func (db *DB) ForgetProblems(ctx context.Context, but string) error {
	_, err := db.ExecContext(ctx, `UPDATE search_indexes SET error = '', error_at = NULL WHERE error <> '' AND alias <> $1`, but)
	return wrap(ctx, "forget problems of indices", err)
}

// Promote makes a generation the one that is searched, and the one before it
// old.
func (db *DB) Promote(ctx context.Context, name string) error {
	_, err := inTx(ctx, db, func(tx *sqlx.Tx) (struct{}, error) {
		const retire = `UPDATE search_indexes SET state = 'old' WHERE state = 'live' AND alias = (SELECT alias FROM search_indexes WHERE name = $1) AND name <> $1`
		if _, err := tx.ExecContext(ctx, retire, name); err != nil {
			return struct{}{}, wrap(ctx, "retire generation", err)
		}
		const promote = `UPDATE search_indexes SET state = 'live', finished_at = clock_timestamp() WHERE name = $1 AND state = 'building'`
		_, err := tx.ExecContext(ctx, promote, name)
		return struct{}{}, wrap(ctx, "promote generation", err)
	})
	return err
}

// Retire makes a generation one whose indices are to be deleted.
func (db *DB) Retire(ctx context.Context, name string) error {
	_, err := db.ExecContext(ctx, `UPDATE search_indexes SET state = 'old' WHERE name = $1`, name)
	return wrap(ctx, "retire generation", err)
}

// DeleteGeneration forgets an old generation.
func (db *DB) DeleteGeneration(ctx context.Context, name string) error {
	_, err := db.ExecContext(ctx, `DELETE FROM search_indexes WHERE name = $1 AND state = 'old'`, name)
	return wrap(ctx, "delete generation", err)
}

// SaveCheck notes that a generation was compared with the documents, and how
// much was mended.
func (db *DB) SaveCheck(ctx context.Context, name string, repaired int64, whole bool) error {
	const q = `UPDATE search_indexes SET repaired = repaired + $2, checked_at = CASE WHEN $3 THEN clock_timestamp() ELSE checked_at END WHERE name = $1`
	_, err := db.ExecContext(ctx, q, name, repaired, whole)
	return wrap(ctx, "save check", err)
}

const sqlSavePoison = `
INSERT INTO search_poison AS p (index_name, message_id, change, attempts, error) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT search_poison_pkey DO UPDATE SET
	change = EXCLUDED.change, attempts = p.attempts + EXCLUDED.attempts, error = EXCLUDED.error, at = now()`

// SavePoison notes documents that a generation has to do without.
func (db *DB) SavePoison(ctx context.Context, name string, poison []search.Poison) error {
	_, err := inTx(ctx, db, func(tx *sqlx.Tx) (struct{}, error) {
		for _, p := range poison {
			if _, err := tx.ExecContext(ctx, sqlSavePoison, name, p.MessageID, p.Change, p.Attempts, dbText(p.Error)); err != nil {
				return struct{}{}, wrap(ctx, "save poison", err)
			}
		}
		return struct{}{}, nil
	})
	return err
}

// FindPoison gives what a generation does without.
func (db *DB) FindPoison(ctx context.Context, name string, limit int) ([]search.Poison, error) {
	const q = `SELECT message_id, change, attempts, error, at FROM search_poison WHERE index_name = $1 ORDER BY at, message_id LIMIT $2`
	var ps []search.Poison
	return ps, wrap(ctx, "find poison", db.SelectContext(ctx, &ps, q, name, limit))
}

// DeletePoison notes that documents are in the index after all, or in the
// archive no more.
func (db *DB) DeletePoison(ctx context.Context, name string, ids []string) error {
	_, err := db.ExecContext(ctx, `DELETE FROM search_poison WHERE index_name = $1 AND message_id = ANY ($2::uuid[])`, name, pq.Array(ids))
	return wrap(ctx, "delete poison", err)
}
