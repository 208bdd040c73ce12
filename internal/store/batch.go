package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/archive"
	"huicun/internal/ingest"
	"huicun/internal/media"
	"huicun/internal/rules"
	"huicun/internal/search"
)

const sqlLockCursor = `SELECT seq, last_batch_id, media_batch_id, index_batch_id FROM pull_state WHERE id = 1 FOR UPDATE`

const sqlInsertBatch = `
INSERT INTO batches (id, kind, from_seq, first_seq, last_seq, received, added, quarantined, duplicates, min_msgtime, max_msgtime)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

const sqlAdvance = `
UPDATE pull_state SET
	seq = $1,
	last_batch_id = $2,
	media_batch_id = CASE WHEN $3 > 0 THEN $2 ELSE media_batch_id END,
	index_batch_id = CASE WHEN $3 > 0 THEN $2 ELSE index_batch_id END,
	received = received + $3 + $4,
	stored = stored + $3,
	quarantined = quarantined + $4,
	duplicates = duplicates + $5,
	last_success_at = clock_timestamp(),
	last_msgtime = GREATEST(last_msgtime, $6),
	last_error = ''
WHERE id = 1`

// SaveBatch stores one pulled page, the cursor and the follow-up work, all or
// nothing. The lease's token fences off a puller that was paused; the cursor
// must still be at b.FromSeq. A page whose msgids are all held already only
// moves the cursor.
func (db *DB) SaveBatch(ctx context.Context, l ingest.Lease, b ingest.Batch) (ingest.Saved, error) {
	s, err := db.saveBatch(ctx, l, b)
	if refusesContent(err) {
		err = fmt.Errorf("%w: %w", ingest.ErrRefused, err)
	}
	return s, err
}

// refusesContent reports whether the database works and does not take values
// that it was given, or not so many of them.
func refusesContent(err error) bool {
	var pe *pq.Error
	if !errors.As(err, &pe) {
		return false
	}
	switch pe.Code.Class() {
	case "22", "23", "54": // data exception, integrity constraint violation, program limit exceeded
		return true
	}
	return strings.Contains(pe.Message, "invalid memory alloc request size")
}

func (db *DB) saveBatch(ctx context.Context, l ingest.Lease, b ingest.Batch) (ingest.Saved, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (ingest.Saved, error) {
		var s ingest.Saved
		cursor, err := lockCursor(ctx, tx, l)
		if err != nil {
			return s, err
		}
		if cursor.Seq != b.FromSeq {
			return s, ingest.ErrCursorMoved
		}
		s.BatchID = cursor.LastBatchID + 1
		if err := placeInConversations(ctx, tx, b.Messages); err != nil {
			return s, err
		}
		fresh, err := claimIDs(ctx, tx, b)
		if err != nil {
			return s, err
		}
		added := keepFresh(b.Messages, fresh)
		closed := keepFreshQuarantined(b.Quarantined, fresh)
		s.Duplicates = b.Received - len(added) - len(closed)
		opened, err := releaseDelivered(ctx, tx, s.BatchID, b.Messages, added)
		if err != nil {
			return s, err
		}
		added = append(added, opened...)
		s.Added, s.Quarantined = len(added), len(closed)
		if b.LastSeq == b.FromSeq && s.Added+s.Quarantined == 0 {
			return s, nil // nothing new in a repeated answer: no step of the ledger
		}
		if err := insertDecoded(ctx, tx, s.BatchID, added); err != nil {
			return s, err
		}
		if err := insertQuarantine(ctx, tx, closed); err != nil {
			return s, err
		}
		if err := insertGaps(ctx, tx, b.Gaps); err != nil {
			return s, err
		}
		lo, hi := timeRange(added)
		if _, err := tx.ExecContext(ctx, sqlInsertBatch, s.BatchID, "page", b.FromSeq, b.FirstSeq, b.LastSeq,
			b.Received, s.Added, s.Quarantined, s.Duplicates, lo, hi); err != nil {
			return s, wrap(ctx, "insert batch", err)
		}
		if _, err := tx.ExecContext(ctx, sqlAdvance, b.LastSeq, s.BatchID, s.Added, s.Quarantined-len(opened), s.Duplicates, hi); err != nil {
			return s, wrap(ctx, "advance cursor", err)
		}
		if err := insertPull(ctx, tx, b.Pull, &s.BatchID); err != nil {
			return s, err
		}
		return s, followUp(ctx, tx, s, cursor)
	})
}

// releaseDelivered finds messages of the page that are in quarantine and were
// delivered again, readable this time, and takes them out of it.
func releaseDelivered(ctx context.Context, tx *sqlx.Tx, batchID int64, ms, added []archive.Decoded) ([]archive.Decoded, error) {
	if len(added) == len(ms) {
		return nil, nil
	}
	known := make(map[string]bool, len(added))
	for i := range added {
		known[added[i].ID] = true
	}
	var again []archive.Decoded
	for i := range ms {
		if !known[ms[i].ID] {
			again = append(again, ms[i])
		}
	}
	released, err := markReleased(ctx, tx, again, batchID)
	if err != nil {
		return nil, err
	}
	opened := keepFresh(again, released)
	if len(opened) == 0 {
		return nil, nil
	}
	return opened, placeIDs(ctx, tx, opened)
}

// cursor is what pull_state says while it is locked.
type cursor struct {
	Seq          int64 `db:"seq"`
	LastBatchID  int64 `db:"last_batch_id"`
	MediaBatchID int64 `db:"media_batch_id"` // batches up to it have their item of media.KindIndex
	IndexBatchID int64 `db:"index_batch_id"` // batches up to it have their item of search.KindIndex
}

func lockCursor(ctx context.Context, tx *sqlx.Tx, l ingest.Lease) (cursor, error) {
	var c cursor
	if err := fence(ctx, tx, l); err != nil {
		return c, err
	}
	return c, wrap(ctx, "lock cursor", tx.GetContext(ctx, &c, sqlLockCursor))
}

// Batches between the last that has its item of a kind and this one were stored
// by a process of an older version: they get theirs now.
const sqlFollowUp = `
INSERT INTO outbox (kind, args)
SELECT $1, jsonb_build_object('batch_id', CAST($4 AS bigint))
UNION ALL
SELECT $2, jsonb_build_object('batch_id', id) FROM batches WHERE id > $5 AND id <= $4 AND added > 0
UNION ALL
SELECT $3, jsonb_build_object('batch_id', id) FROM batches WHERE id > $6 AND id <= $4 AND added > 0`

// followUp writes the outbox items of a batch, wakes the runners and tells open
// chats.
func followUp(ctx context.Context, tx *sqlx.Tx, s ingest.Saved, c cursor) error {
	if s.Added == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, sqlFollowUp, rules.KindScan, media.KindIndex, search.KindIndex, s.BatchID, c.MediaBatchID, c.IndexBatchID); err != nil {
		return wrap(ctx, "enqueue follow-up work", err)
	}
	if err := wakeOutbox(ctx, tx); err != nil {
		return err
	}
	return notify(ctx, tx, ChannelLive, map[string]int64{"batch_id": s.BatchID})
}

const sqlClaimIDs = `
INSERT INTO message_ids (id, seq, conv_id, msgtime)
SELECT id, seq, NULLIF(conv_id, 0), msgtime
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[]) AS u (id, seq, conv_id, msgtime)
ON CONFLICT DO NOTHING
RETURNING id`

const sqlFindStored = `
SELECT id FROM message_ids m WHERE id = ANY($1::uuid[])
AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.id = m.id AND q.released_at IS NULL)`

// FindStored implements ingest.Store.
func (db *DB) FindStored(ctx context.Context, ids []string) (map[string]bool, error) {
	var found []string
	if err := db.SelectContext(ctx, &found, sqlFindStored, pq.Array(ids)); err != nil {
		return nil, wrap(ctx, "find msgids", err)
	}
	stored := make(map[string]bool, len(found))
	for _, id := range found {
		stored[id] = true
	}
	return stored, nil
}

// claimIDs writes the msgids of the page that are not held yet and returns
// them. The first record of a msgid wins.
func claimIDs(ctx context.Context, tx *sqlx.Tx, b ingest.Batch) (map[string]bool, error) {
	n := len(b.Messages) + len(b.Quarantined)
	ids, seqs, seen := make([]string, 0, n), make([]int64, 0, n), make(map[string]bool, n)
	convs, times := make([]int64, 0, n), make([]*time.Time, 0, n)
	add := func(id string, seq, conv int64, at *time.Time) {
		if !seen[id] {
			seen[id] = true
			ids, seqs, convs, times = append(ids, id), append(seqs, seq), append(convs, conv), append(times, at)
		}
	}
	for i := range b.Messages {
		m := &b.Messages[i]
		add(m.ID, m.Seq, m.ConvID, &m.SentAt)
	}
	for i := range b.Quarantined {
		add(b.Quarantined[i].ID, b.Quarantined[i].Seq, 0, nil)
	}
	var got []string
	if err := tx.SelectContext(ctx, &got, sqlClaimIDs, pq.Array(ids), pq.Array(seqs), pq.Array(convs), pq.Array(times)); err != nil {
		return nil, wrap(ctx, "claim msgids", err)
	}
	fresh := make(map[string]bool, len(got))
	for _, id := range got {
		fresh[id] = true
	}
	return fresh, nil
}

// keepFresh returns the messages whose id is in fresh, each once, and takes
// them out of fresh.
func keepFresh(ms []archive.Decoded, fresh map[string]bool) []archive.Decoded {
	kept := make([]archive.Decoded, 0, len(ms))
	for i := range ms {
		if fresh[ms[i].ID] {
			delete(fresh, ms[i].ID)
			kept = append(kept, ms[i])
		}
	}
	return kept
}

func keepFreshQuarantined(qs []ingest.Quarantined, fresh map[string]bool) []ingest.Quarantined {
	kept := make([]ingest.Quarantined, 0, len(qs))
	for _, q := range qs {
		if fresh[q.ID] {
			delete(fresh, q.ID)
			kept = append(kept, q)
		}
	}
	return kept
}

// timeRange gives the earliest and latest msgtime; nil when there is none.
func timeRange(ms []archive.Decoded) (lo, hi *time.Time) {
	for i := range ms {
		t := &ms[i].SentAt
		if lo == nil || t.Before(*lo) {
			lo = t
		}
		if hi == nil || t.After(*hi) {
			hi = t
		}
	}
	return lo, hi
}

const sqlInsertGaps = `
INSERT INTO seq_gaps (after_seq, before_seq, kind)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])
ON CONFLICT DO NOTHING`

func insertGaps(ctx context.Context, tx *sqlx.Tx, gaps []ingest.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	var after, before []int64
	var kind []string
	for _, g := range gaps {
		after, before, kind = append(after, g.AfterSeq), append(before, g.BeforeSeq), append(kind, g.Kind)
	}
	_, err := tx.ExecContext(ctx, sqlInsertGaps, pq.Array(after), pq.Array(before), pq.Array(kind))
	return wrap(ctx, "insert gaps", err)
}

const sqlInsertQuarantine = `
INSERT INTO quarantine (id, seq, msgid, publickey_ver, reason, detail, outer_json)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::bytea[])`

func insertQuarantine(ctx context.Context, tx *sqlx.Tx, qs []ingest.Quarantined) error {
	if len(qs) == 0 {
		return nil
	}
	var ids, msgids, reasons, details []string
	var seqs, vers []int64
	var outers [][]byte
	for _, q := range qs {
		ids, seqs, msgids = append(ids, q.ID), append(seqs, q.Seq), append(msgids, dbText(q.MsgID))
		vers, reasons = append(vers, int64(q.PublicKeyVer)), append(reasons, q.Reason)
		details, outers = append(details, dbText(q.Detail)), append(outers, q.OuterJSON)
	}
	_, err := tx.ExecContext(ctx, sqlInsertQuarantine, pq.Array(ids), pq.Array(seqs), pq.Array(msgids),
		pq.Array(vers), pq.Array(reasons), pq.Array(details), pq.Array(outers))
	return wrap(ctx, "insert quarantine", err)
}
