package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/archive"
	"huicun/internal/ingest"
)

// Lengths are known without reading what is long.
const sqlFindQuarantined = `
SELECT q.id, q.seq, q.msgid, q.publickey_ver, q.reason, q.detail, q.outer_json, q.received_at
FROM (
	SELECT id, sum(octet_length(outer_json)) OVER before AS bytes, row_number() OVER before AS n
	FROM (
		SELECT id, seq, outer_json FROM quarantine
		WHERE released_at IS NULL AND publickey_ver = ANY($1) AND (seq, id) > ($2, $3) AND reason <> 'malformed'
		ORDER BY seq, id LIMIT $4) few
	WINDOW before AS (ORDER BY seq, id ROWS UNBOUNDED PRECEDING)) c
JOIN quarantine q ON q.id = c.id
WHERE c.bytes <= $5 OR c.n = 1
ORDER BY q.seq, q.id`

// FindQuarantined implements ingest.Store.
func (db *DB) FindQuarantined(ctx context.Context, versions []int, after ingest.Place, limit, most int) ([]ingest.Quarantined, error) {
	if after.ID == "" {
		after.ID = "00000000-0000-0000-0000-000000000000"
	}
	var rows []struct {
		ID           string    `db:"id"`
		Seq          int64     `db:"seq"`
		MsgID        string    `db:"msgid"`
		PublicKeyVer int       `db:"publickey_ver"`
		Reason       string    `db:"reason"`
		Detail       string    `db:"detail"`
		OuterJSON    []byte    `db:"outer_json"`
		ReceivedAt   time.Time `db:"received_at"`
	}
	err := db.SelectContext(ctx, &rows, sqlFindQuarantined, pq.Array(versions), after.Seq, after.ID, limit, most)
	out := make([]ingest.Quarantined, len(rows))
	for i, r := range rows {
		out[i] = ingest.Quarantined(r)
	}
	return out, wrap(ctx, "find quarantined", err)
}

const sqlMarkReleased = `
UPDATE quarantine SET released_at = clock_timestamp(), tried_at = clock_timestamp(), attempts = attempts + 1, batch_id = $2
WHERE id = ANY($1::uuid[]) AND released_at IS NULL
RETURNING id`

const sqlMarkTried = `
UPDATE quarantine q SET tried_at = clock_timestamp(), attempts = attempts + 1, reason = u.reason, detail = u.detail
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (id, reason, detail)
WHERE q.id = u.id AND q.released_at IS NULL`

const sqlCountReleased = `
UPDATE pull_state SET last_batch_id = $1, media_batch_id = $1, index_batch_id = $1, stored = stored + $2, quarantined = quarantined - $2, last_msgtime = GREATEST(last_msgtime, $3)
WHERE id = 1`

// ReleaseQuarantine implements ingest.Store. A record that somebody else
// released meanwhile is left alone.
func (db *DB) ReleaseQuarantine(ctx context.Context, l ingest.Lease, opened []archive.Decoded, failed []ingest.Quarantined) (ingest.Saved, error) {
	s, err := db.releaseQuarantine(ctx, l, opened, failed)
	if refusesContent(err) {
		err = fmt.Errorf("%w: %w", ingest.ErrRefused, err)
	}
	return s, err
}

func (db *DB) releaseQuarantine(ctx context.Context, l ingest.Lease, opened []archive.Decoded, failed []ingest.Quarantined) (ingest.Saved, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (ingest.Saved, error) {
		var s ingest.Saved
		c, err := lockCursor(ctx, tx, l)
		if err != nil {
			return s, err
		}
		if err := markTried(ctx, tx, failed); err != nil || len(opened) == 0 {
			return s, err
		}
		s.BatchID = c.LastBatchID + 1
		if err := placeInConversations(ctx, tx, opened); err != nil {
			return s, err
		}
		fresh, err := markReleased(ctx, tx, opened, s.BatchID)
		if err != nil {
			return s, err
		}
		added := keepFresh(opened, fresh)
		if len(added) == 0 {
			return s, nil
		}
		s.Added = len(added)
		if err := placeIDs(ctx, tx, added); err != nil {
			return s, err
		}
		if err := insertDecoded(ctx, tx, s.BatchID, added); err != nil {
			return s, err
		}
		lo, hi := timeRange(added)
		first, last := added[0].Seq, added[len(added)-1].Seq
		if _, err := tx.ExecContext(ctx, sqlInsertBatch, s.BatchID, "release", 0, first, last, s.Added, s.Added, 0, 0, lo, hi); err != nil {
			return s, wrap(ctx, "insert batch", err)
		}
		if _, err := tx.ExecContext(ctx, sqlCountReleased, s.BatchID, s.Added, hi); err != nil {
			return s, wrap(ctx, "count released", err)
		}
		return s, followUp(ctx, tx, s, c)
	})
}

func markReleased(ctx context.Context, tx *sqlx.Tx, opened []archive.Decoded, batchID int64) (map[string]bool, error) {
	ids := make([]string, len(opened))
	for i := range opened {
		ids[i] = opened[i].ID
	}
	var got []string
	if err := tx.SelectContext(ctx, &got, sqlMarkReleased, pq.Array(ids), batchID); err != nil {
		return nil, wrap(ctx, "mark released", err)
	}
	fresh := make(map[string]bool, len(got))
	for _, id := range got {
		fresh[id] = true
	}
	return fresh, nil
}

func markTried(ctx context.Context, tx *sqlx.Tx, failed []ingest.Quarantined) error {
	if len(failed) == 0 {
		return nil
	}
	var ids, reasons, details []string
	for _, q := range failed {
		ids, reasons, details = append(ids, q.ID), append(reasons, q.Reason), append(details, dbText(q.Detail))
	}
	_, err := tx.ExecContext(ctx, sqlMarkTried, pq.Array(ids), pq.Array(reasons), pq.Array(details))
	return wrap(ctx, "mark tried", err)
}
