package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
)

var _ archive.FileStore = (*DB)(nil)

// What is fetched again is shown as it is held, where that can be read.
const sqlFindFiles = `
SELECT f.id, CASE WHEN h.sha256 IS NULL THEN f.state ELSE 'ready' END AS state, COALESCE(h.flag, f.flag) AS flag, f.error_class,
	COALESCE(h.sha256, f.sha256) AS sha256, h.sha256 IS NOT NULL AS again,
	COALESCE(o.size_bytes, 0) AS size_bytes, COALESCE(o.md5, '') AS md5, COALESCE(o.mime, '') AS mime,
	COALESCE(o.work <> 'pending', false) AS looked, COALESCE(o.width, 0) AS width, COALESCE(o.height, 0) AS height,
	COALESCE(o.duration_ms, 0) AS duration_ms, COALESCE(o.pages, 0) AS pages, o.waveform, COALESCE(o.codes, '{}') AS codes,
	(SELECT jsonb_agg(jsonb_build_object('Name', r.name, 'Mime', r.mime, 'SizeBytes', r.size_bytes, 'Width', r.width, 'Height', r.height) ORDER BY r.name)
		FROM media_renditions r WHERE r.sha256 = o.sha256) AS renditions
FROM media f
LEFT JOIN media_held h ON h.media_id = f.id AND h.flag <> '' AND f.state = 'pending'
LEFT JOIN media_objects o ON o.sha256 = COALESCE(h.sha256, f.sha256)
WHERE f.id = ANY($1::uuid[])`

type fileRow struct {
	ID         string            `db:"id"`
	State      archive.FileState `db:"state"`
	Flag       string            `db:"flag"`
	ErrorClass string            `db:"error_class"`
	SHA256     []byte            `db:"sha256"`
	Again      bool              `db:"again"`
	SizeBytes  int64             `db:"size_bytes"`
	MD5        string            `db:"md5"`
	Mime       string            `db:"mime"`
	Looked     bool              `db:"looked"`
	Width      int64             `db:"width"`
	Height     int64             `db:"height"`
	DurationMS int64             `db:"duration_ms"`
	Pages      int64             `db:"pages"`
	Waveform   []byte            `db:"waveform"`
	Codes      pq.StringArray    `db:"codes"`
	Renditions []byte            `db:"renditions"` // JSON of []archive.Rendition; nil: none
}

func (r fileRow) file() (archive.File, error) {
	f := archive.File{
		ID: r.ID, State: r.State, Flag: r.Flag, ErrorClass: r.ErrorClass, SHA256: r.SHA256, SizeBytes: r.SizeBytes, MD5: r.MD5, Mime: r.Mime,
		Looked: r.Looked, Width: r.Width, Height: r.Height, DurationMS: r.DurationMS, Pages: r.Pages, Waveform: r.Waveform, Again: r.Again,
	}
	if len(r.Codes) > 0 {
		f.Codes = r.Codes
	}
	if r.Renditions == nil {
		return f, nil
	}
	if err := json.Unmarshal(r.Renditions, &f.Renditions); err != nil {
		return f, fmt.Errorf("renditions of file %s: %w", r.ID, err)
	}
	return f, nil
}

// FindFiles implements archive.FileStore.
func (db *DB) FindFiles(ctx context.Context, ids []string) (map[string]archive.File, error) {
	st, err := db.prepared(ctx, sqlFindFiles)
	if err != nil {
		return nil, err
	}
	var rows []fileRow
	if err := st.SelectContext(ctx, &rows, pq.Array(ids)); err != nil {
		return nil, wrap(ctx, "find files", err)
	}
	files := make(map[string]archive.File, len(rows))
	for _, r := range rows {
		if files[r.ID], err = r.file(); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// FindConversationMedia implements archive.FileStore. Of places of one time and
// seq the order goes up by message and position. The bound on both, said twice,
// is what the index begins at.
func (db *DB) FindConversationMedia(ctx context.Context, s access.Scope, m archive.MediaQuery, after archive.MediaPlace) ([]archive.MediaPlace, map[string]archive.Message, error) {
	q := query{args: []any{m.ConvID, m.Tab, after.SentAt, after.Seq, after.MessageID, after.Pos, m.Limit}}
	read := q.mediaPlaces
	if m.Newer {
		read = q.newerMediaPlaces
	}
	st, err := db.prepared(ctx, read(s))
	if err != nil {
		return nil, nil, err
	}
	var places []archive.MediaPlace
	if err := st.SelectContext(ctx, &places, q.args...); err != nil {
		return nil, nil, wrap(ctx, "find media of conversation", err)
	}
	if m.Newer {
		slices.Reverse(places)
	}
	found, err := db.messagesAt(ctx, s, m.ConvID, places)
	return places, found, err
}

func (q *query) mediaPlaces(s access.Scope) string {
	return `SELECT p.msgtime, p.seq, p.message_id, p.pos FROM message_media p
WHERE p.conv_id = $1 AND p.tab = $2 AND (p.msgtime, p.seq) <= ($3, $4)
	AND ((p.msgtime, p.seq) < ($3, $4) OR (p.message_id, p.pos) > ($5, $6)) AND ` + q.convInScope(s, "$1") + `
ORDER BY p.msgtime DESC, p.seq DESC, p.message_id, p.pos LIMIT $7`
}

// newerMediaPlaces is the same list read backwards.
func (q *query) newerMediaPlaces(s access.Scope) string {
	return `SELECT p.msgtime, p.seq, p.message_id, p.pos FROM message_media p
WHERE p.conv_id = $1 AND p.tab = $2 AND (p.msgtime, p.seq) >= ($3, $4)
	AND ((p.msgtime, p.seq) > ($3, $4) OR (p.message_id, p.pos) < ($5, $6)) AND ` + q.convInScope(s, "$1") + `
ORDER BY p.msgtime, p.seq, p.message_id DESC, p.pos DESC LIMIT $7`
}

// messagesAt reads the messages of one conversation that places are in. Their
// times let Postgres skip months.
func (db *DB) messagesAt(ctx context.Context, s access.Scope, conv int64, places []archive.MediaPlace) (map[string]archive.Message, error) {
	found := map[string]archive.Message{}
	if len(places) == 0 {
		return found, nil
	}
	u := unnested(places)
	q := query{args: []any{conv, pq.Array(u.times), pq.Array(u.seqs), pq.Array(u.ids)}}
	st, err := db.prepared(ctx, `SELECT `+messageColumns+`
FROM unnest($2::timestamptz[], $3::bigint[], $4::uuid[]) AS u (msgtime, seq, id)
JOIN messages m ON m.conv_id = $1 AND m.msgtime = u.msgtime AND m.seq = u.seq AND m.id = u.id
WHERE `+q.convInScope(s, "$1"))
	if err != nil {
		return nil, err
	}
	var ms []archive.Message
	if err := st.SelectContext(ctx, &ms, q.args...); err != nil {
		return nil, wrap(ctx, "find messages of media", err)
	}
	for i := range ms {
		found[ms[i].ID] = ms[i]
	}
	return found, nil
}

// placeArrays are the messages of places, each once.
type placeArrays struct {
	times []time.Time
	seqs  []int64
	ids   []string
}

func unnested(places []archive.MediaPlace) placeArrays {
	var u placeArrays
	seen := make(map[string]bool, len(places))
	for _, p := range places {
		if !seen[p.MessageID] {
			seen[p.MessageID] = true
			u.times, u.seqs, u.ids = append(u.times, p.SentAt), append(u.seqs, p.Seq), append(u.ids, p.MessageID)
		}
	}
	return u
}

// mostFileMessages bounds how many messages of a file are told; the newest ones
// are. Somebody may have sent one sticker ten thousand times.
const mostFileMessages = 500

// FindFileMessages implements archive.FileStore.
func (db *DB) FindFileMessages(ctx context.Context, s access.Scope, fileID string, convs []int64) (map[int64][]string, error) {
	if !archive.ValidID(fileID) {
		return map[int64][]string{}, nil
	}
	var q query
	st, err := db.prepared(ctx, `SELECT conv_id, message_id FROM (
	SELECT DISTINCT p.conv_id, p.message_id, p.msgtime, p.seq FROM message_media p
	WHERE p.media_id = `+q.arg(fileID)+` AND p.conv_id = ANY(`+q.arg(pq.Array(convs))+`) AND `+q.convInScope(s, "p.conv_id")+`) d
ORDER BY msgtime DESC, seq DESC, message_id LIMIT `+q.arg(mostFileMessages))
	if err != nil {
		return nil, err
	}
	var rows []struct {
		ConvID    int64  `db:"conv_id"`
		MessageID string `db:"message_id"`
	}
	if err := st.SelectContext(ctx, &rows, q.args...); err != nil {
		return nil, wrap(ctx, "find messages of file", err)
	}
	found := map[int64][]string{}
	for _, r := range rows {
		found[r.ConvID] = append(found[r.ConvID], r.MessageID)
	}
	return found, nil
}
