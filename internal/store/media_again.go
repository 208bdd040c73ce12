package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/media"
)

var _ media.ServiceStore = (*DB)(nil)

// sqlRetryMedia makes files be fetched again. What a file holds is noted: it may
// be all that there will ever be of it. Whoever fetches a file has it due within
// the lease $6: what is due later failed, and waits.
const sqlRetryMedia = `
WITH again AS (
	SELECT id, sha256, flag FROM media
	WHERE (state = ANY($1) OR state = 'ready' AND (flag <> '' AND $2 OR sha256 = $3)
			OR state = 'pending' AND waits AND error_class <> '' AND $5 AND due_at > clock_timestamp() + $6 * interval '1 millisecond')
		AND ($4::uuid IS NULL OR id = $4)
	ORDER BY id FOR UPDATE
), held AS (
	INSERT INTO media_held (media_id, sha256, flag) SELECT id, sha256, flag FROM again WHERE sha256 IS NOT NULL
	ON CONFLICT (media_id) DO UPDATE SET sha256 = EXCLUDED.sha256, flag = EXCLUDED.flag, held_at = now()
)
UPDATE media SET state = 'pending', sha256 = NULL, flag = '', waits = false, attempt = 0, error_class = '', error = '',
	failing_since = NULL, finished_at = NULL
FROM again WHERE media.id = again.id
RETURNING media.id`

// given are the states of files that nobody fetches any more.
var given = []archive.FileState{archive.FileRefused, archive.FileBroken, archive.FileOverLimit, archive.FileExpired}

// RetryFile implements media.ServiceStore.
func (db *DB) RetryFile(ctx context.Context, fileID string, bad []byte, entry audit.Entry) (bool, error) {
	if !archive.ValidID(fileID) {
		return false, nil
	}
	n, err := db.retry(ctx, media.Which{States: given, Flagged: true, SHA256: bad, Waiting: true}, &fileID, func(int) audit.Entry { return entry })
	return n > 0, err
}

// RetryFiles lets files be fetched again, with an entry of the operation log, and
// tells how many there were.
func (db *DB) RetryFiles(ctx context.Context, w media.Which, from audit.Origin) (int, error) {
	return db.retry(ctx, w, nil, func(n int) audit.Entry {
		return from.Entry(audit.FileRetried, "", w.Detail(n))
	})
}

func (db *DB) retry(ctx context.Context, w media.Which, fileID *string, entry func(n int) audit.Entry) (int, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (int, error) {
		var ids []string
		args := []any{pq.Array(w.States), w.Flagged, w.SHA256, fileID, w.Waiting, media.FetchLease.Milliseconds()}
		if err := tx.SelectContext(ctx, &ids, sqlRetryMedia, args...); err != nil {
			return 0, wrap(ctx, "retry media", err)
		}
		if len(ids) == 0 {
			return 0, nil
		}
		if fileID != nil {
			if err := notify(ctx, tx, ChannelLive, map[string]string{"file_id": *fileID}); err != nil {
				return 0, err
			}
		}
		if err := wakeMedia(ctx, tx, MediaFetch); err != nil {
			return 0, err
		}
		return len(ids), insertAudit(ctx, tx, entry(len(ids)))
	})
}

const (
	sqlDropHeld = `DELETE FROM media_held WHERE media_id = $1`

	// Rows that another transaction has are finished by it.
	sqlBringBack = `
WITH back AS (
	SELECT m.id, h.sha256 FROM media_held h JOIN media m ON m.id = h.media_id
	WHERE h.sha256 = $1 AND h.flag = '' AND m.state <> 'ready' FOR UPDATE SKIP LOCKED
), dropped AS (
	DELETE FROM media_held USING back WHERE media_id = back.id
)
UPDATE media SET state = 'ready', sha256 = back.sha256, flag = '', attempt = 0, waits = false, claim = claim + 1,
	error_class = '', error = '', failing_since = NULL, finished_at = clock_timestamp()
FROM back WHERE media.id = back.id`

	// A content that could not be read could not be looked into either.
	sqlLookAtMended = `
UPDATE media_objects SET work = 'pending', work_due_at = now(), work_error = '',
	work_attempt = CASE WHEN work = 'failed' THEN 0 ELSE work_attempt END, work_stops = CASE WHEN work = 'failed' THEN 0 ELSE work_stops END,
	work_claim = CASE WHEN work = 'failed' THEN 0 ELSE work_claim END
WHERE sha256 = $1 AND work <> 'done'`
)

// settleHeld ends what was held for f, whose content sha was just stored, and
// gives that content back to other files that had it and lost it.
func settleHeld(ctx context.Context, tx *sqlx.Tx, f media.File, sha []byte) error {
	if f.Held != nil {
		if _, err := tx.ExecContext(ctx, sqlDropHeld, f.ID); err != nil {
			return wrap(ctx, "drop what was held", err)
		}
		if mended, err := changedIn(ctx, tx, "look at mended object", sqlLookAtMended, sha); err != nil {
			return err
		} else if mended {
			if err := wakeMedia(ctx, tx, MediaLook); err != nil {
				return err
			}
		}
	}
	back, err := changedIn(ctx, tx, "bring files back", sqlBringBack, sha)
	if err != nil || !back {
		return err
	}
	return tellFilesOf(ctx, tx, sha)
}

const sqlRestoreMedia = `
UPDATE media SET state = 'ready', sha256 = h.sha256, flag = h.flag, attempt = 0, waits = false, claim = claim + 1,
	error_class = $3, error = $4, failing_since = CASE WHEN $3 = '' THEN NULL ELSE COALESCE(failing_since, clock_timestamp()) END,
	finished_at = clock_timestamp()
FROM media_held h WHERE h.media_id = id AND id = $1 AND claim = $2 AND state = 'pending'`

// RestoreFile implements media.FetchStore, and tells open chats.
func (db *DB) RestoreFile(ctx context.Context, f media.File, e *media.Error) (bool, error) {
	class, text := failure(e)
	return inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		ok, err := changedIn(ctx, tx, "restore media", sqlRestoreMedia, f.ID, f.Claim, class, text)
		if err != nil || !ok {
			return false, err
		}
		if _, err := tx.ExecContext(ctx, sqlDropHeld, f.ID); err != nil {
			return false, wrap(ctx, "drop what was held", err)
		}
		return true, notify(ctx, tx, ChannelLive, map[string]string{"file_id": f.ID})
	})
}

// sqlLookAgain leaves alone what waits for its turn already.
const sqlLookAgain = `
UPDATE media_objects SET work = 'pending', work_attempt = 0, work_stops = 0, work_claim = 0, work_error = '', work_due_at = now()
WHERE work <> 'pending' AND (sha256 = $1 OR $1 IS NULL AND work = 'failed')`

// RetryObjects lets contents be looked into again of which no form could be made,
// and tells how many there were.
func (db *DB) RetryObjects(ctx context.Context) (int, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (int, error) { return lookAgain(ctx, tx, nil) })
}

// LookAgain implements media.ServiceStore.
func (db *DB) LookAgain(ctx context.Context, sha []byte, entry audit.Entry) (bool, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		n, err := lookAgain(ctx, tx, sha)
		if err != nil || n == 0 {
			return false, err
		}
		return true, insertAudit(ctx, tx, entry)
	})
}

// lookAgain lets one content be looked into again; nil: all that failed.
func lookAgain(ctx context.Context, tx *sqlx.Tx, sha []byte) (int, error) {
	res, err := tx.ExecContext(ctx, sqlLookAgain, sha)
	if err != nil {
		return 0, wrap(ctx, "look at objects again", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return 0, err
	}
	return int(n), wakeMedia(ctx, tx, MediaLook)
}
