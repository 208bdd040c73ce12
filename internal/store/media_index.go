package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/media"
)

var _ media.IndexStore = (*DB)(nil)

// withoutMedia are the types that never hold a file or a link. Every other one
// is looked into, unknown ones too.
var withoutMedia = []string{"text", "revoke", "agree", "disagree", archive.MsgTypeSwitch, "card", "location"}

const zeroID = "00000000-0000-0000-0000-000000000000"

// FindMediaMessages implements media.IndexStore. The bounds of the batch let
// Postgres skip the other months.
func (db *DB) FindMediaMessages(ctx context.Context, s access.Scope, batch, afterSeq int64, afterID string, limit int) ([]archive.Message, error) {
	lo, hi, err := db.batchTimes(ctx, batch)
	if err != nil || lo == nil || hi == nil {
		return nil, err
	}
	if afterID == "" {
		afterID = zeroID
	}
	var q query
	st, err := db.prepared(ctx, `SELECT `+messageColumns+` FROM messages m
WHERE m.batch_id = `+q.arg(batch)+` AND m.msgtime BETWEEN `+q.arg(*lo)+` AND `+q.arg(*hi)+`
	AND m.msgtype <> ALL (`+q.arg(pq.Array(withoutMedia))+`) AND (m.seq, m.id) > (`+q.arg(afterSeq)+`, `+q.arg(afterID)+`) AND `+q.convInScope(s, "m.conv_id")+`
ORDER BY m.seq, m.id LIMIT `+q.arg(limit))
	if err != nil {
		return nil, err
	}
	var ms []archive.Message
	return ms, wrap(ctx, "find media messages of batch", st.SelectContext(ctx, &ms, q.args...))
}

// batchTimes gives the bounds of msgtime of a batch; nil: it has no messages.
func (db *DB) batchTimes(ctx context.Context, batch int64) (lo, hi *time.Time, err error) {
	var bounds struct {
		Min *time.Time `db:"min_msgtime"`
		Max *time.Time `db:"max_msgtime"`
	}
	err = db.GetContext(ctx, &bounds, `SELECT min_msgtime, max_msgtime FROM batches WHERE id = $1`, batch)
	if noRows(err) {
		return nil, nil, nil
	}
	return bounds.Min, bounds.Max, wrap(ctx, "read bounds of batch", err)
}

// A newer message makes WeCom keep the file for longer, and brings one back that
// had expired. What somebody fetches right now is left to them.
const sqlSaveMedia = `
INSERT INTO media (id, sdkfileid, kind, size_bytes, md5, msgtime)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[])
ON CONFLICT (id) DO UPDATE SET
	msgtime = EXCLUDED.msgtime,
	state = CASE WHEN media.state = 'expired' THEN 'pending' ELSE media.state END,
	attempt = CASE WHEN media.state = 'expired' THEN 0 ELSE media.attempt END,
	error_class = CASE WHEN media.state = 'expired' THEN '' ELSE media.error_class END,
	error = CASE WHEN media.state = 'expired' THEN '' ELSE media.error END,
	failing_since = CASE WHEN media.state = 'expired' THEN NULL ELSE media.failing_since END,
	finished_at = CASE WHEN media.state = 'expired' THEN NULL ELSE media.finished_at END
WHERE media.msgtime < EXCLUDED.msgtime`

const sqlSaveMessageMedia = `
INSERT INTO message_media (message_id, pos, media_id, conv_id, msgtime, seq, tab, kind, title)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::bigint[], $7::text[], $8::text[], $9::text[])
ON CONFLICT ON CONSTRAINT message_media_pkey DO NOTHING`

// SaveRefs implements media.IndexStore.
func (db *DB) SaveRefs(ctx context.Context, refs []media.Ref) error {
	if len(refs) == 0 {
		return nil
	}
	_, err := inTx(ctx, db, func(tx *sqlx.Tx) (struct{}, error) {
		var none struct{}
		files := filesOf(refs)
		if err := saveMedia(ctx, tx, files); err != nil {
			return none, err
		}
		if err := saveMessageMedia(ctx, tx, refs); err != nil {
			return none, err
		}
		if len(files) == 0 {
			return none, nil
		}
		return none, wakeMedia(ctx, tx, MediaFetch)
	})
	return err
}

// filesOf gives the files that refs name, each once, in order of their ids, so
// that two transactions cannot lock each other out. What the first says of a
// file counts, and the time of the newest.
func filesOf(refs []media.Ref) []media.File {
	byID := map[string]*media.File{}
	for i := range refs {
		r := &refs[i]
		if r.SDKFileID == "" {
			continue
		}
		id := archive.FileID(r.SDKFileID)
		f, ok := byID[id]
		if !ok {
			f = &media.File{ID: id, SDKFileID: r.SDKFileID, Kind: string(r.Kind), SentAt: r.SentAt}
			byID[id] = f
		}
		if f.SizeBytes == 0 {
			f.SizeBytes = r.SizeBytes
		}
		if f.MD5 == "" {
			f.MD5 = r.MD5
		}
		if r.SentAt.After(f.SentAt) {
			f.SentAt = r.SentAt
		}
	}
	files := make([]media.File, 0, len(byID))
	for _, f := range byID {
		files = append(files, *f)
	}
	slices.SortFunc(files, func(a, b media.File) int { return cmp.Compare(a.ID, b.ID) })
	return files
}

func saveMedia(ctx context.Context, tx *sqlx.Tx, files []media.File) error {
	if len(files) == 0 {
		return nil
	}
	var ids, sdkIDs, kinds, md5s []string
	var sizes []int64
	var times []time.Time
	for _, f := range files {
		ids, sdkIDs, kinds = append(ids, f.ID), append(sdkIDs, dbText(f.SDKFileID)), append(kinds, f.Kind)
		sizes, md5s, times = append(sizes, max(0, f.SizeBytes)), append(md5s, dbText(f.MD5)), append(times, f.SentAt)
	}
	_, err := tx.ExecContext(ctx, sqlSaveMedia, pq.Array(ids), pq.Array(sdkIDs), pq.Array(kinds), pq.Array(sizes), pq.Array(md5s), pq.Array(times))
	return wrap(ctx, "save media", err)
}

func saveMessageMedia(ctx context.Context, tx *sqlx.Tx, refs []media.Ref) error {
	n := len(refs)
	messages, tabs, kinds, titles := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	positions, convs, seqs := make([]int64, n), make([]int64, n), make([]int64, n)
	times, files := make([]time.Time, n), make([]*string, n)
	for i := range refs {
		r := &refs[i]
		messages[i], times[i], tabs[i], kinds[i], titles[i] = r.MessageID, r.SentAt, string(r.Tab), string(r.Kind), dbText(r.Title)
		positions[i], convs[i], seqs[i] = int64(r.Pos), r.ConvID, r.Seq
		if r.SDKFileID != "" {
			id := archive.FileID(r.SDKFileID)
			files[i] = &id
		}
	}
	_, err := tx.ExecContext(ctx, sqlSaveMessageMedia, pq.Array(messages), pq.Array(positions), pq.Array(files), pq.Array(convs),
		pq.Array(times), pq.Array(seqs), pq.Array(tabs), pq.Array(kinds), pq.Array(titles))
	return wrap(ctx, "save media of messages", err)
}

// wakeMedia wakes who waits for files or for objects, at commit.
func wakeMedia(ctx context.Context, tx *sqlx.Tx, what string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, ChannelMedia, what)
	return wrap(ctx, "notify media", err)
}
