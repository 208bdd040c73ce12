package store

import (
	"context"

	"github.com/lib/pq"

	"huicun/internal/media"
)

// sqlCountMedia reads small indexes, each from end to end.
const sqlCountMedia = `
SELECT f.*, o.*, COALESCE(e.error_class, '') AS last_class, COALESCE(e.error, '') AS last_error,
	(SELECT count(*) FROM media WHERE state = 'pending' AND msgtime < now() - interval '3 days') AS overdue,
	(SELECT min(msgtime) FROM media WHERE state = 'pending') AS oldest_pending
FROM (
	SELECT COALESCE(sum(n), 0)::bigint AS files,
		COALESCE(sum(n) FILTER (WHERE state = 'ready'), 0)::bigint AS ready,
		COALESCE(sum(n) FILTER (WHERE state = 'pending'), 0)::bigint AS pending,
		COALESCE(sum(n) FILTER (WHERE state = 'expired'), 0)::bigint AS expired,
		COALESCE(sum(n) FILTER (WHERE state = 'refused'), 0)::bigint AS refused,
		COALESCE(sum(n) FILTER (WHERE state = 'broken'), 0)::bigint AS broken,
		COALESCE(sum(n) FILTER (WHERE state = 'over_limit'), 0)::bigint AS over_limit,
		COALESCE(sum(n) FILTER (WHERE state = 'ready' AND flag <> ''), 0)::bigint AS flagged
	FROM (SELECT state, flag, count(*) AS n FROM media GROUP BY state, flag) s) f,
(
	SELECT COALESCE(sum(bytes), 0)::bigint AS bytes,
		COALESCE(sum(n) FILTER (WHERE work = 'pending'), 0)::bigint AS unlooked,
		COALESCE(sum(n) FILTER (WHERE work = 'failed'), 0)::bigint AS unreadable
	FROM (SELECT work, count(*) AS n, sum(size_bytes) AS bytes FROM media_objects GROUP BY work) w) o
LEFT JOIN LATERAL (SELECT error_class, error FROM media WHERE error_class <> '' ORDER BY failing_since DESC NULLS LAST LIMIT 1) e ON true`

// CountMedia counts the files, as of one moment.
func (db *DB) CountMedia(ctx context.Context) (media.Counts, error) {
	var c media.Counts
	return c, wrap(ctx, "count media", db.GetContext(ctx, &c, sqlCountMedia))
}

// sqlMediaLate is what alarms are about. WeCom gives nothing older than 5 days:
// of that no alarm can save anything.
const sqlMediaLate = `
SELECT l.late, l.oldest_late, COALESCE(e.error, '') AS late_error, s.not_stored_since, COALESCE(s.store_error, '') AS store_error,
	(SELECT max(finished_at) FROM media WHERE state = 'ready') AS last_ready
FROM (
	SELECT count(*) AS late, min(msgtime) AS oldest_late FROM media
	WHERE state = 'pending' AND msgtime < now() - interval '3 days' AND msgtime >= now() - interval '5 days') l
LEFT JOIN LATERAL (
	SELECT error FROM media WHERE state = 'pending' AND msgtime = l.oldest_late AND error <> '' LIMIT 1) e ON true
LEFT JOIN LATERAL (
	SELECT failing_since AS not_stored_since, error AS store_error FROM media
	WHERE state = 'pending' AND error_class = 'store' ORDER BY failing_since LIMIT 1) s ON true`

// mediaPage is how many objects are read at once.
const mediaPage = 1000

// ObjectsInUse calls do with each content of a file that is ready, in order of
// the SHA-256, until do fails.
func (db *DB) ObjectsInUse(ctx context.Context, do func(media.Stored) error) error {
	const q = `
SELECT sha256, ARRAY(SELECT r.name FROM media_renditions r WHERE r.sha256 = f.sha256 ORDER BY r.name) AS forms
FROM (SELECT DISTINCT sha256 FROM media WHERE sha256 IS NOT NULL AND sha256 > $1 ORDER BY sha256 LIMIT $2) f ORDER BY sha256`
	for after := []byte{}; ; {
		var page []struct {
			SHA256 []byte         `db:"sha256"`
			Forms  pq.StringArray `db:"forms"`
		}
		if err := db.SelectContext(ctx, &page, q, after, mediaPage); err != nil {
			return wrap(ctx, "list media objects", err)
		}
		for _, o := range page {
			if err := do(media.Stored{SHA256: o.SHA256, Forms: o.Forms}); err != nil {
				return err
			}
		}
		if len(page) < mediaPage {
			return nil
		}
		after = page[len(page)-1].SHA256
	}
}
