package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/ingest"
)

const sqlTakeLease = `
INSERT INTO leases AS l (name, holder, token, expires_at)
VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
ON CONFLICT (name) DO UPDATE SET
	holder = excluded.holder,
	token = l.token + CASE WHEN l.holder = excluded.holder AND l.expires_at > clock_timestamp() THEN 0 ELSE 1 END,
	expires_at = excluded.expires_at
WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp()
RETURNING token`

// TakeLease implements ingest.Store. A holder that let its own lease expire
// gets a new token, so that what it began before no longer counts.
func (db *DB) TakeLease(ctx context.Context, name, holder string, ttl time.Duration) (ingest.Lease, bool, error) {
	l := ingest.Lease{Name: name, Holder: holder}
	err := db.GetContext(ctx, &l.Token, sqlTakeLease, name, holder, ttl.Milliseconds())
	if noRows(err) {
		return l, false, nil
	}
	return l, err == nil, wrap(ctx, "take lease", err)
}

// DropLease implements ingest.Store. The row stays, so that tokens go on
// growing.
func (db *DB) DropLease(ctx context.Context, l ingest.Lease) error {
	const q = `UPDATE leases SET expires_at = '-infinity' WHERE name = $1 AND holder = $2 AND token = $3`
	_, err := db.ExecContext(ctx, q, l.Name, l.Holder, l.Token)
	return wrap(ctx, "drop lease", err)
}

// fence makes sure, until the transaction ends, that nobody took the lease.
func fence(ctx context.Context, tx *sqlx.Tx, l ingest.Lease) error {
	var token int64
	err := tx.GetContext(ctx, &token, `SELECT token FROM leases WHERE name = $1 FOR SHARE`, l.Name)
	if noRows(err) || err == nil && token != l.Token {
		return ingest.ErrLeaseLost
	}
	return wrap(ctx, "check lease", err)
}
