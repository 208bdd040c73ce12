package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/archive"
	"huicun/internal/media"
)

var _ media.FetchStore = (*DB)(nil)

// What waits is put back when its time has come, a piece at a time: then a claim
// reads the index of what is due from either end, whatever waits. now(), since
// no index is searched for clock_timestamp().
const sqlPutBackMedia = `
UPDATE media SET waits = false WHERE id = ANY (ARRAY(
	SELECT id FROM media WHERE state = 'pending' AND waits AND due_at <= now()
	ORDER BY due_at LIMIT 1000 FOR UPDATE SKIP LOCKED))`

const (
	claimMedia = `
UPDATE media SET waits = true, claimed_by = $1, claim = claim + 1, due_at = clock_timestamp() + $2 * interval '1 millisecond'
WHERE id = (SELECT id FROM media WHERE state = 'pending' AND NOT waits`

	claimedMedia = ` LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, sdkfileid, kind, size_bytes, md5, msgtime, attempt, claim,
	(SELECT h.sha256 FROM media_held h WHERE h.media_id = media.id) AS held_sha256,
	COALESCE((SELECT h.flag FROM media_held h WHERE h.media_id = media.id), '') AS held_flag`

	// What is far older than WeCom keeps files comes last: there may be years of
	// it, and what can still be had must not wait for it.
	sqlClaimUrgent = claimMedia + ` AND msgtime < $3 AND msgtime >= CAST($3 AS timestamptz) - interval '4 days' ORDER BY msgtime` + claimedMedia
	sqlClaimNewest = claimMedia + ` ORDER BY msgtime DESC` + claimedMedia
)

// ClaimFile implements media.FetchStore.
func (db *DB) ClaimFile(ctx context.Context, worker string, lease time.Duration, urgent time.Time) (media.File, bool, error) {
	if _, err := db.changed(ctx, "put media back", sqlPutBackMedia); err != nil {
		return media.File{}, false, err
	}
	args := []any{worker, lease.Milliseconds(), urgent}
	for i, text := range []string{sqlClaimUrgent, sqlClaimNewest} {
		st, err := db.prepared(ctx, text)
		if err != nil {
			return media.File{}, false, err
		}
		var f media.File
		err = st.GetContext(ctx, &f, args[:len(args)-i]...) // the newest has no bound
		if err == nil {
			return f, true, nil
		}
		if !noRows(err) {
			return f, false, wrap(ctx, "claim media", err)
		}
	}
	return media.File{}, false, nil
}

// changed runs a statement that is called often, and tells whether it changed
// any row.
func (db *DB) changed(ctx context.Context, op, text string, args ...any) (bool, error) {
	st, err := db.prepared(ctx, text)
	if err != nil {
		return false, err
	}
	res, err := st.ExecContext(ctx, args...)
	if err != nil {
		return false, wrap(ctx, op, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

const sqlKeepMedia = `
UPDATE media SET waits = true, due_at = clock_timestamp() + $3 * interval '1 millisecond'
WHERE id = $1 AND claim = $2 AND state = 'pending'`

// KeepFile implements media.FetchStore. A claim that ran out, and that nobody
// else took, goes on.
func (db *DB) KeepFile(ctx context.Context, f media.File, lease time.Duration) (bool, error) {
	return db.changed(ctx, "keep media", sqlKeepMedia, f.ID, f.Claim, lease.Milliseconds())
}

const (
	sqlSaveFetched = `
UPDATE media SET state = 'ready', flag = $3, sha256 = $4, attempt = 0, waits = false, claim = claim + 1,
	error_class = '', error = '', failing_since = NULL, finished_at = clock_timestamp()
WHERE id = $1 AND claim = $2 AND state = 'pending'`

	sqlSaveObject = `
INSERT INTO media_objects (sha256, size_bytes, md5, mime) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING`
)

// SaveFetched implements media.FetchStore, and wakes who looks into objects.
func (db *DB) SaveFetched(ctx context.Context, f media.File, got media.Fetched) (bool, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		ok, err := changedIn(ctx, tx, "save fetched media", sqlSaveFetched, f.ID, f.Claim, got.Flag, got.SHA256)
		if err != nil || !ok {
			return false, err
		}
		fresh, err := changedIn(ctx, tx, "save media object", sqlSaveObject, got.SHA256, got.SizeBytes, dbText(got.MD5), dbText(got.Mime))
		if err != nil {
			return false, err
		}
		if err := settleHeld(ctx, tx, f, got.SHA256); err != nil {
			return false, err
		}
		if fresh {
			if err := wakeMedia(ctx, tx, MediaLook); err != nil {
				return false, err
			}
		}
		return true, notify(ctx, tx, ChannelLive, map[string]string{"file_id": f.ID})
	})
}

func changedIn(ctx context.Context, tx *sqlx.Tx, op, text string, args ...any) (bool, error) {
	res, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return false, wrap(ctx, op, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

const sqlPostponeMedia = `
UPDATE media SET waits = true, claim = claim + 1, due_at = clock_timestamp() + $3 * interval '1 millisecond',
	attempt = attempt + CASE WHEN $4 THEN 1 ELSE 0 END,
	error_class = CASE WHEN $5 = '' THEN error_class ELSE $5 END, error = CASE WHEN $5 = '' THEN error ELSE $6 END,
	failing_since = CASE WHEN $5 = '' THEN failing_since ELSE COALESCE(failing_since, clock_timestamp()) END
WHERE id = $1 AND claim = $2 AND state = 'pending'`

// PostponeFile implements media.FetchStore. Without e the file did not fail: it
// is given back as it was.
func (db *DB) PostponeFile(ctx context.Context, f media.File, after time.Duration, counts bool, e *media.Error) (bool, error) {
	class, text := failure(e)
	return db.changed(ctx, "postpone media", sqlPostponeMedia, f.ID, f.Claim, after.Milliseconds(), counts, class, text)
}

// mostErrorBytes bounds the text of an error that is kept.
const mostErrorBytes = 2000

// failure gives what is kept of an error.
func failure(e *media.Error) (class, text string) {
	if e == nil {
		return "", ""
	}
	if e.Err != nil {
		text = e.Err.Error()
	}
	return string(e.Class), dbText(text[:min(len(text), mostErrorBytes)])
}

const sqlEndMedia = `
UPDATE media SET state = $3, waits = false, claim = claim + 1, attempt = attempt + 1, error_class = $4, error = $5,
	failing_since = COALESCE(failing_since, clock_timestamp()), finished_at = clock_timestamp()
WHERE id = $1 AND claim = $2 AND state = 'pending'`

// EndFile implements media.FetchStore, and tells open chats.
func (db *DB) EndFile(ctx context.Context, f media.File, state archive.FileState, e *media.Error) (bool, error) {
	class, text := failure(e)
	return inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		ok, err := changedIn(ctx, tx, "end media", sqlEndMedia, f.ID, f.Claim, state, class, text)
		if err != nil || !ok {
			return false, err
		}
		return true, notify(ctx, tx, ChannelLive, map[string]string{"file_id": f.ID})
	})
}

const sqlNextMedia = `
SELECT CASE WHEN (SELECT min(msgtime) FROM media WHERE state = 'pending' AND NOT waits) IS NOT NULL THEN 0
	ELSE (SELECT CAST(extract(epoch FROM min(due_at) - clock_timestamp()) * 1000 AS bigint) FROM media WHERE state = 'pending' AND waits) END`

// NextFileIn implements media.FetchStore. What somebody fetches counts too: it is
// due when they die.
func (db *DB) NextFileIn(ctx context.Context) (time.Duration, bool, error) {
	return db.nextIn(ctx, "next media", sqlNextMedia)
}

// nextIn reads in how many milliseconds work is due; NULL: there is none.
func (db *DB) nextIn(ctx context.Context, op, text string) (time.Duration, bool, error) {
	st, err := db.prepared(ctx, text)
	if err != nil {
		return 0, false, err
	}
	var ms *int64
	if err := st.GetContext(ctx, &ms); err != nil || ms == nil {
		return 0, false, wrap(ctx, op, err)
	}
	return time.Duration(*ms) * time.Millisecond, true, nil
}
