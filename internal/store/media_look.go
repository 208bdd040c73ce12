package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/archive"
	"huicun/internal/media"
)

var _ media.LookStore = (*DB)(nil)

// The newest that is due comes first: somebody may have its chat open.
const sqlClaimObject = `
UPDATE media_objects o SET work_claim = work_claim + 1, work_due_at = clock_timestamp() + $1 * interval '1 millisecond'
WHERE sha256 = (
	SELECT sha256 FROM media_objects WHERE work = 'pending' AND work_due_at <= now()
	ORDER BY work_due_at DESC LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING sha256, size_bytes, mime, work_attempt, work_stops, work_claim,
	COALESCE((SELECT kind FROM media f WHERE f.sha256 = o.sha256 LIMIT 1), '') AS kind`

// ClaimObject implements media.LookStore.
func (db *DB) ClaimObject(ctx context.Context, _ string, lease time.Duration) (media.Object, bool, error) {
	var o media.Object
	st, err := db.prepared(ctx, sqlClaimObject)
	if err != nil {
		return o, false, err
	}
	if err := st.GetContext(ctx, &o, lease.Milliseconds()); noRows(err) {
		return o, false, nil
	} else if err != nil {
		return o, false, wrap(ctx, "claim object", err)
	}
	return o, true, nil
}

const (
	sqlSaveLooked = `
UPDATE media_objects SET work = 'done', work_claim = work_claim + 1, work_error = '',
	width = $3, height = $4, duration_ms = $5, pages = $6, waveform = $7, codes = $8
WHERE sha256 = $1 AND work_claim = $2 AND work = 'pending'`

	sqlDropRenditions = `DELETE FROM media_renditions WHERE sha256 = $1`

	sqlSaveRenditions = `
INSERT INTO media_renditions (sha256, name, mime, size_bytes, width, height)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::integer[], $6::integer[])`
)

// SaveLooked implements media.LookStore, and tells open chats.
func (db *DB) SaveLooked(ctx context.Context, o media.Object, l media.Looked) (bool, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		codes := make([]string, len(l.Codes))
		for i, c := range l.Codes {
			codes[i] = dbText(c)
		}
		ok, err := changedIn(ctx, tx, "save looked", sqlSaveLooked, o.SHA256, o.Claim, l.Width, l.Height, l.DurationMS, l.Pages, l.Waveform, pq.Array(codes))
		if err != nil || !ok {
			return false, err
		}
		if err := saveRenditions(ctx, tx, o.SHA256, l.Renditions); err != nil {
			return false, err
		}
		return true, tellFilesOf(ctx, tx, o.SHA256)
	})
}

func saveRenditions(ctx context.Context, tx *sqlx.Tx, sha []byte, rs []archive.Rendition) error {
	if _, err := tx.ExecContext(ctx, sqlDropRenditions, sha); err != nil {
		return wrap(ctx, "drop renditions", err)
	}
	var names, mimes []string
	var sizes, widths, heights []int64
	for _, r := range rs {
		names, mimes = append(names, dbText(r.Name)), append(mimes, dbText(r.Mime))
		sizes, widths, heights = append(sizes, r.SizeBytes), append(widths, r.Width), append(heights, r.Height)
	}
	_, err := tx.ExecContext(ctx, sqlSaveRenditions, sha, pq.Array(names), pq.Array(mimes), pq.Array(sizes), pq.Array(widths), pq.Array(heights))
	return wrap(ctx, "save renditions", err)
}

// sqlTellFiles tells of a bounded number of files: the others are shown when the
// chat is opened again.
const sqlTellFiles = `
SELECT pg_notify($2, json_build_object('file_id', id)::text)
FROM (SELECT id FROM media WHERE sha256 = $1 ORDER BY msgtime DESC LIMIT 50) f`

// tellFilesOf tells open chats of the files that hold an object.
func tellFilesOf(ctx context.Context, tx *sqlx.Tx, sha []byte) error {
	_, err := tx.ExecContext(ctx, sqlTellFiles, sha, ChannelLive)
	return wrap(ctx, "notify "+ChannelLive, err)
}

const sqlKeepObject = `
UPDATE media_objects SET work_due_at = clock_timestamp() + $3 * interval '1 millisecond'
WHERE sha256 = $1 AND work_claim = $2 AND work = 'pending'`

// KeepObject implements media.LookStore.
func (db *DB) KeepObject(ctx context.Context, o media.Object, lease time.Duration) (bool, error) {
	return db.changed(ctx, "keep object", sqlKeepObject, o.SHA256, o.Claim, lease.Milliseconds())
}

const sqlPostponeObject = `
UPDATE media_objects SET work_claim = work_claim + 1, work_error = $5,
	work_attempt = work_attempt + CASE WHEN $4 THEN 1 ELSE 0 END, work_stops = work_stops + CASE WHEN $4 THEN 0 ELSE 1 END,
	work_due_at = clock_timestamp() + $3 * interval '1 millisecond'
WHERE sha256 = $1 AND work_claim = $2 AND work = 'pending'`

// PostponeObject implements media.LookStore.
func (db *DB) PostponeObject(ctx context.Context, o media.Object, after time.Duration, counts bool, why string) (bool, error) {
	return db.changed(ctx, "postpone object", sqlPostponeObject, o.SHA256, o.Claim, after.Milliseconds(), counts, dbText(why[:min(len(why), mostErrorBytes)]))
}

const sqlEndObject = `
UPDATE media_objects SET work = 'failed', work_claim = work_claim + 1, work_attempt = work_attempt + 1, work_error = $3
WHERE sha256 = $1 AND work_claim = $2 AND work = 'pending'`

// EndObject implements media.LookStore, and tells open chats.
func (db *DB) EndObject(ctx context.Context, o media.Object, why string) (bool, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		ok, err := changedIn(ctx, tx, "end object", sqlEndObject, o.SHA256, o.Claim, dbText(why[:min(len(why), mostErrorBytes)]))
		if err != nil || !ok {
			return false, err
		}
		return true, tellFilesOf(ctx, tx, o.SHA256)
	})
}

const sqlNextObject = `
SELECT CAST(extract(epoch FROM min(work_due_at) - clock_timestamp()) * 1000 AS bigint) FROM media_objects WHERE work = 'pending'`

// NextObjectIn implements media.LookStore. What somebody looks into counts too:
// it is due when they die.
func (db *DB) NextObjectIn(ctx context.Context) (time.Duration, bool, error) {
	return db.nextIn(ctx, "next object", sqlNextObject)
}
