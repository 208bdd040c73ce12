package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/outbox"
)

// Channels of NOTIFY.
const (
	ChannelOutbox = "huicun_outbox" // an item was written; no payload
	ChannelLive   = "huicun_live"   // {"batch_id":n}, {"violation_id":n}, {"viewer_id":n} or {"file_id":"…"}
	ChannelMedia  = "huicun_media"  // MediaFetch or MediaLook
	ChannelPull   = "huicun_pull"   // new messages wait at WeCom; no payload
)

// Payloads of ChannelMedia.
const (
	MediaFetch = "fetch" // there is a file to fetch
	MediaLook  = "look"  // there is an object to look into
)

const sqlEnqueue = `
INSERT INTO outbox (kind, args, unique_key, scheduled_at)
VALUES (:kind, CAST(:args AS jsonb), NULLIF(:unique_key, ''), COALESCE(:at, now()))
ON CONFLICT ON CONSTRAINT outbox_unique_key DO NOTHING`

type outboxRow struct {
	Kind      string     `db:"kind"`
	Args      string     `db:"args"`
	UniqueKey string     `db:"unique_key"`
	At        *time.Time `db:"at"`
}

// enqueue writes follow-up work and wakes the runners at commit.
func enqueue(ctx context.Context, tx *sqlx.Tx, items ...outbox.New) error {
	if len(items) == 0 {
		return nil
	}
	rows := make([]outboxRow, len(items))
	for i, it := range items {
		args, err := json.Marshal(it.Args)
		if err != nil {
			return fmt.Errorf("enqueue %s: %w", it.Kind, err)
		}
		rows[i] = outboxRow{Kind: it.Kind, Args: string(args), UniqueKey: it.UniqueKey}
		if !it.At.IsZero() {
			rows[i].At = &it.At
		}
	}
	for _, r := range rows {
		if _, err := tx.NamedExecContext(ctx, sqlEnqueue, r); err != nil {
			return wrap(ctx, "enqueue "+r.Kind, err)
		}
	}
	return wakeOutbox(ctx, tx)
}

// wakeOutbox wakes the runners at commit.
func wakeOutbox(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_notify($1, '')`, ChannelOutbox)
	return wrap(ctx, "notify outbox", err)
}

// notify sends a payload to whoever listens on channel, at commit.
func notify(ctx context.Context, tx *sqlx.Tx, channel string, payload any) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, string(b))
	return wrap(ctx, "notify "+channel, err)
}

// Notify wakes whoever listens on channel.
func (db *DB) Notify(ctx context.Context, channel string) error {
	_, err := db.ExecContext(ctx, `SELECT pg_notify($1, '')`, channel)
	return wrap(ctx, "notify "+channel, err)
}

// sqlClaimItems takes its items out of an array: a subquery may be run again for
// each row of the table, and each time locks and gives other items up to the limit.
const sqlClaimItems = `
UPDATE outbox SET state = 'running', attempt = attempt + 1, claimed_at = now(), claimed_by = $1
WHERE id = ANY (ARRAY(
	SELECT id FROM outbox
	WHERE state IN ('available', 'retryable') AND scheduled_at <= now() AND kind = ANY($2)
	ORDER BY scheduled_at, id
	LIMIT $3
	FOR UPDATE SKIP LOCKED))
RETURNING id, kind, args, attempt, max_attempts`

// ClaimItems implements outbox.Store.
func (db *DB) ClaimItems(ctx context.Context, worker string, kinds []string, n int) ([]outbox.Item, error) {
	var items []outbox.Item
	err := db.SelectContext(ctx, &items, sqlClaimItems, worker, pq.Array(kinds), n)
	return items, wrap(ctx, "claim outbox items", err)
}

const sqlFinishItem = `
UPDATE outbox SET
	state = $2,
	attempt = attempt - CASE WHEN $5 THEN 0 ELSE 1 END,
	scheduled_at = CASE WHEN $2 = 'retryable' THEN clock_timestamp() + $3 * interval '1 millisecond' ELSE scheduled_at END,
	finished_at = CASE WHEN $2 IN ('completed', 'discarded') THEN now() END,
	errors = CASE WHEN $4 = '' THEN errors ELSE (errors || $4)[greatest(1, cardinality(errors) - 8):] END
WHERE id = $1 AND state = 'running' AND attempt = $6`

// FinishItem implements outbox.Store. Each claim has its own number of attempt,
// so that a worker that comes back cannot touch what another one runs.
func (db *DB) FinishItem(ctx context.Context, item outbox.Item, o outbox.Outcome) error {
	const longest = 2000
	msg := o.Error
	if len(msg) > longest {
		msg = msg[:longest]
	}
	_, err := db.ExecContext(ctx, sqlFinishItem, item.ID, o.State, o.After.Milliseconds(), dbText(msg), o.Count, item.Attempt)
	return wrap(ctx, "finish outbox item", err)
}

const sqlRescueItems = `
UPDATE outbox SET
	state = CASE WHEN attempt >= max_attempts THEN 'discarded' ELSE 'retryable' END,
	finished_at = CASE WHEN attempt >= max_attempts THEN now() END,
	errors = (array_append(errors, 'the worker died'))[greatest(1, cardinality(errors) - 8):],
	scheduled_at = now()
WHERE state = 'running' AND claimed_at < now() - $1 * interval '1 millisecond'`

// RescueItems implements outbox.Store.
func (db *DB) RescueItems(ctx context.Context, silent time.Duration) (int64, error) {
	return rowsAffected(ctx, db, "rescue outbox items", sqlRescueItems, silent.Milliseconds())
}

// TouchItem implements outbox.Store.
func (db *DB) TouchItem(ctx context.Context, item outbox.Item) (bool, error) {
	const q = `UPDATE outbox SET claimed_at = now() WHERE id = $1 AND state = 'running' AND attempt = $2`
	n, err := rowsAffected(ctx, db, "touch outbox item", q, item.ID, item.Attempt)
	return n > 0, err
}

// PruneItems implements outbox.Store. Items with a unique key stay: the key is
// what makes writing them again harmless.
func (db *DB) PruneItems(ctx context.Context, before time.Time) (int64, error) {
	const q = `DELETE FROM outbox WHERE id IN (
		SELECT id FROM outbox WHERE state = 'completed' AND finished_at < $1 AND unique_key IS NULL LIMIT 5000)`
	return rowsAffected(ctx, db, "prune outbox", q, before)
}

const sqlNextItemIn = `
SELECT CAST(extract(epoch FROM min(scheduled_at) - clock_timestamp()) * 1000 AS bigint)
FROM outbox WHERE state IN ('available', 'retryable') AND kind = ANY($1)`

// NextItemIn implements outbox.Store.
func (db *DB) NextItemIn(ctx context.Context, kinds []string) (time.Duration, bool, error) {
	var ms *int64
	if err := db.GetContext(ctx, &ms, sqlNextItemIn, pq.Array(kinds)); err != nil || ms == nil {
		return 0, false, wrap(ctx, "next outbox item", err)
	}
	return time.Duration(*ms) * time.Millisecond, true, nil
}

func rowsAffected(ctx context.Context, db *DB, op, q string, args ...any) (int64, error) {
	res, err := db.ExecContext(ctx, q, args...)
	if err != nil {
		return 0, wrap(ctx, op, err)
	}
	return res.RowsAffected()
}
