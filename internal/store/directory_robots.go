package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/directory"
	"huicun/internal/personid"
)

const (
	// The pattern is that of personid.External, robots only.
	sqlUnknownRobots = `
SELECT m.person FROM conv_members m
WHERE m.person LIKE 'wb%' AND octet_length(m.person) >= 24 AND NOT m.person = ANY ($1)
	AND NOT EXISTS (SELECT 1 FROM robots r WHERE r.person = m.person)
	AND NOT EXISTS (SELECT 1 FROM employees e WHERE e.person = m.person AND e.status > 0)
GROUP BY m.person
ORDER BY max(m.since) DESC, m.person
LIMIT $2`

	sqlSaveRobots = `
INSERT INTO robots (person, name, creator, updated_at)
SELECT DISTINCT ON (person) person, name, creator, $2::timestamptz
FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x (person text, name text, creator text)
ORDER BY person
ON CONFLICT (person) DO UPDATE SET name = EXCLUDED.name, creator = EXCLUDED.creator, updated_at = EXCLUDED.updated_at`
)

// UnknownRobots implements directory.Store.
func (db *DB) UnknownRobots(ctx context.Context, except []string, limit int) ([]string, error) {
	var ids []string
	err := db.SelectContext(ctx, &ids, sqlUnknownRobots, pq.Array(nonNil(except)), limit)
	return ids, wrap(ctx, "find unknown robots", err)
}

type robotRow struct {
	Person  string `json:"person"`
	Name    string `json:"name"`
	Creator string `json:"creator"`
}

// ApplyRobots implements directory.Store.
func (db *DB) ApplyRobots(ctx context.Context, at time.Time, robots []directory.Robot) error {
	if len(robots) == 0 {
		return nil
	}
	var rows []robotRow
	for _, r := range robots {
		rows = append(rows, robotRow{Person: personid.Key(dbText(r.ID)), Name: dbText(r.Name), Creator: dbText(r.Creator)})
	}
	return inDirectory(ctx, db, func(tx *sqlx.Tx) error { return execRows(ctx, tx, "save robots", sqlSaveRobots, rows, at) })
}
