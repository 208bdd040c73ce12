package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/search"
)

var _ search.IndexStore = (*DB)(nil)

// indexColumns are messageColumns without what is evidence only; raw where files
// or links may be in it.
const indexColumns = `m.msgtime, m.seq, m.id, m.base_id, m.conv_id, m.from_id, m.msgtype, m.text,
	CASE WHEN m.msgtype = ANY ($1) THEN NULL ELSE m.raw END AS raw`

// Lengths are known without reading what is long. The bounds of the batch let
// Postgres skip the other months.
const sqlFindIndexMessages = `
SELECT ` + indexColumns + `
FROM (
	SELECT msgtime, seq, id, conv_id, row_number() OVER before AS n,
		sum(octet_length(text) + CASE WHEN msgtype = ANY ($1) THEN 0 ELSE octet_length(raw) END) OVER before AS bytes
	FROM (
		SELECT msgtime, seq, id, conv_id, msgtype, text, raw FROM messages
		WHERE batch_id = $2 AND msgtime BETWEEN $3 AND $4 AND (seq, id) > ($5, $6)
		ORDER BY seq, id LIMIT $7) few
	WINDOW before AS (ORDER BY seq, id ROWS UNBOUNDED PRECEDING)) c
JOIN messages m ON m.conv_id = c.conv_id AND m.msgtime = c.msgtime AND m.seq = c.seq AND m.id = c.id
WHERE (c.bytes <= $8 OR c.n = 1) AND m.msgtime BETWEEN $3 AND $4 AND `

// FindIndexMessages implements search.IndexStore.
func (db *DB) FindIndexMessages(ctx context.Context, s access.Scope, batch, afterSeq int64, afterID string, limit, most int) ([]archive.Message, error) {
	lo, hi, err := db.batchTimes(ctx, batch)
	if err != nil || lo == nil || hi == nil {
		return nil, err
	}
	q := query{args: []any{pq.Array(withoutMedia), batch, *lo, *hi, afterSeq, afterID, limit, most}}
	st, err := db.prepared(ctx, sqlFindIndexMessages+q.convInScope(s, "m.conv_id")+` ORDER BY m.seq, m.id`)
	if err != nil {
		return nil, err
	}
	var ms []archive.Message
	return ms, wrap(ctx, "find messages to index", st.SelectContext(ctx, &ms, q.args...))
}

// FindMessagesByID implements search.IndexStore.
func (db *DB) FindMessagesByID(ctx context.Context, s access.Scope, ids []string) ([]archive.Message, error) {
	q := query{args: []any{pq.Array(withoutMedia), pq.Array(ids)}}
	st, err := db.prepared(ctx, `SELECT `+indexColumns+`
FROM message_ids i JOIN messages m ON m.conv_id = i.conv_id AND m.msgtime = i.msgtime AND m.id = i.id
WHERE i.id = ANY ($2::uuid[]) AND `+q.convInScope(s, "m.conv_id"))
	if err != nil {
		return nil, err
	}
	var ms []archive.Message
	return ms, wrap(ctx, "find messages by id", st.SelectContext(ctx, &ms, q.args...))
}

// Revokes among the messages name others; and of messages that differ in their
// suffix only, one that arrives may be the one that was meant.
const sqlFindTakenBack = `
SELECT pre_msgid, pre_id, pre_base_id FROM revokes r WHERE id = ANY ($1::uuid[]) AND `

// FindTakenBack implements search.IndexStore.
func (db *DB) FindTakenBack(ctx context.Context, s access.Scope, ms []archive.Message) ([]string, error) {
	known := make(map[string]bool, len(ms))
	var revokes, bases []string
	for i := range ms {
		known[ms[i].ID] = true
		bases = append(bases, ms[i].BaseID)
		if ms[i].MsgType == "revoke" {
			revokes = append(revokes, ms[i].ID)
		}
	}
	q := query{args: []any{pq.Array(revokes), pq.Array(bases)}}
	inScope := q.convInScope(s, "r.conv_id")
	st, err := db.prepared(ctx, sqlFindTakenBack+inScope+` UNION
SELECT pre_msgid, pre_id, pre_base_id FROM revokes r WHERE pre_base_id = ANY ($2::uuid[]) AND `+inScope)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		MsgID  string `db:"pre_msgid"`
		ID     string `db:"pre_id"`
		BaseID string `db:"pre_base_id"`
	}
	if err := st.SelectContext(ctx, &rows, q.args...); err != nil {
		return nil, wrap(ctx, "find taken back", err)
	}
	var found []string
	for _, r := range rows {
		for _, id := range append(archive.OriginalIDs(r.MsgID), r.ID, r.BaseID) {
			if !known[id] {
				known[id] = true
				found = append(found, id)
			}
		}
	}
	return found, nil
}

// SaveDocuments implements search.IndexStore. Texts are folded before the row of
// search_state is taken, all that may change is read after.
func (db *DB) SaveDocuments(ctx context.Context, sources []search.Source) (int, error) {
	if len(sources) == 0 {
		return 0, nil
	}
	docs, err := documentsOf(sources)
	if err != nil {
		return 0, err
	}
	times := make([]time.Time, len(docs))
	for i := range docs {
		times[i] = docs[i].SentAt
	}
	if err := db.ensurePartitions(ctx, "search_messages", times...); err != nil {
		return 0, err
	}
	n, err := inTx(ctx, db, func(tx *sqlx.Tx) (int, error) { return saveDocuments(ctx, tx, sources, docs) })
	if refusesContent(err) {
		err = fmt.Errorf("%w: %w", search.ErrRefused, err)
	}
	return n, err
}

// documentsOf makes documents. Whatever a text does to the folding, it is known
// which.
func documentsOf(sources []search.Source) (docs []search.Document, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %w", search.ErrRefused, errors.New("folding panicked"))
		}
	}()
	docs = make([]search.Document, len(sources))
	for i := range sources {
		docs[i] = sources[i].Document()
	}
	return docs, nil
}

func saveDocuments(ctx context.Context, tx *sqlx.Tx, sources []search.Source, docs []search.Document) (int, error) {
	if _, err := tx.ExecContext(ctx, `SELECT change FROM search_state WHERE id = 1 FOR UPDATE`); err != nil {
		return 0, wrap(ctx, "lock search state", err)
	}
	if err := addFacts(ctx, tx, sources, docs); err != nil {
		return 0, err
	}
	differ, fresh, err := differing(ctx, tx, docs)
	if err != nil || len(differ) == 0 {
		return 0, err
	}
	var last int64
	const advance = `UPDATE search_state SET change = change + $1, indexed = indexed + $2 WHERE id = 1 RETURNING change`
	if err := tx.GetContext(ctx, &last, advance, len(differ), fresh); err != nil {
		return 0, wrap(ctx, "count changes", err)
	}
	for i := range differ {
		differ[i].Change = last - int64(len(differ)-1-i)
	}
	return len(differ), upsertDocuments(ctx, tx, differ)
}

// A message is taken back when FindRevocations finds who did it. OFFSET 0 keeps
// the planner to asking message by message.
const sqlFindFacts = `
SELECT u.ord - 1 AS at,
	EXISTS (SELECT 1 FROM revokes r WHERE r.pre_base_id = u.base_id AND (r.conv_id = u.conv_id OR r.from_id = u.from_id AND r.from_id <> '')
		AND (r.pre_id = u.id OR NOT EXISTS (SELECT 1 FROM message_ids i WHERE i.id = r.pre_id))) AS revoked,
	EXISTS (SELECT 1 FROM violations v WHERE v.message_id = u.id AND v.state <> 'false_alarm' AND v.viewer_id IS NULL) AS sensitive,
	ARRAY(SELECT c.code FROM message_media p
		JOIN media f ON f.id = p.media_id
		JOIN media_objects o ON o.sha256 = f.sha256 AND o.codes <> '{}'
		CROSS JOIN LATERAL unnest(o.codes) WITH ORDINALITY AS c (code, n)
		WHERE p.message_id = u.id ORDER BY p.pos, c.n) AS codes
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[]) WITH ORDINALITY AS u (id, base_id, conv_id, from_id, ord)`

// addFacts puts into the documents what others than the messages themselves say.
func addFacts(ctx context.Context, tx *sqlx.Tx, sources []search.Source, docs []search.Document) error {
	var ids, bases, froms []string
	var convs []int64
	for i := range sources {
		s := &sources[i]
		ids, bases, convs, froms = append(ids, s.ID), append(bases, s.BaseID), append(convs, s.ConvID), append(froms, dbText(s.FromID))
	}
	var rows []struct {
		At        int            `db:"at"`
		Revoked   bool           `db:"revoked"`
		Sensitive bool           `db:"sensitive"`
		Codes     pq.StringArray `db:"codes"`
	}
	if err := tx.SelectContext(ctx, &rows, sqlFindFacts, pq.Array(ids), pq.Array(bases), pq.Array(convs), pq.Array(froms)); err != nil {
		return wrap(ctx, "find facts of messages", err)
	}
	for _, r := range rows {
		d := &docs[r.At]
		if len(r.Codes) > 0 {
			s := sources[r.At]
			s.Codes = r.Codes
			made, err := documentsOf([]search.Source{s})
			if err != nil {
				return err
			}
			*d = made[0]
		}
		if r.Revoked {
			d.Flags |= search.Revoked
		}
		if r.Sensitive {
			d.Flags |= search.Sensitive
		}
	}
	return nil
}

const sqlFindSame = `
SELECT s.id, s.conv_id, s.from_id, s.msgtype, s.flags, s.body, COALESCE(s.exact, '') AS exact, s.grams
FROM unnest($1::timestamptz[], $2::bigint[], $3::uuid[]) AS u (msgtime, seq, id)
JOIN search_messages s ON s.msgtime = u.msgtime AND s.seq = u.seq AND s.id = u.id
WHERE s.msgtime BETWEEN $4 AND $5`

// heldDocument is a row of search_messages.
type heldDocument struct {
	ID      string        `db:"id"`
	ConvID  int64         `db:"conv_id"`
	FromID  string        `db:"from_id"`
	MsgType string        `db:"msgtype"`
	Flags   search.Flags  `db:"flags"`
	Body    string        `db:"body"`
	Exact   string        `db:"exact"`
	Grams   pq.Int32Array `db:"grams"`
}

// is reports whether the row is as the document is written.
func (h *heldDocument) is(d *search.Document) bool {
	return h.Flags == d.Flags && h.Body == d.Body && h.Exact == d.Exact && h.ConvID == d.ConvID && h.FromID == dbText(d.FromID) &&
		h.MsgType == dbText(d.MsgType) && slices.Equal([]int32(h.Grams), columnGrams(d))
}

// columnGrams is what the column grams has.
func columnGrams(d *search.Document) []int32 {
	return append(factGrams(dbText(d.MsgType), d.Flags), search.Grams(d.Body)...)
}

// differing gives the documents that are not in the table as they are, each
// message once, and how many are not there at all.
func differing(ctx context.Context, tx *sqlx.Tx, docs []search.Document) (differ []search.Document, fresh int, err error) {
	times, seqs, ids := make([]time.Time, len(docs)), make([]int64, len(docs)), make([]string, len(docs))
	lo, hi := docs[0].SentAt, docs[0].SentAt
	for i := range docs {
		d := &docs[i]
		times[i], seqs[i], ids[i] = d.SentAt, d.Seq, d.ID
		if d.SentAt.Before(lo) {
			lo = d.SentAt
		}
		if d.SentAt.After(hi) {
			hi = d.SentAt
		}
	}
	var rows []heldDocument
	if err := tx.SelectContext(ctx, &rows, sqlFindSame, pq.Array(times), pq.Array(seqs), pq.Array(ids), lo, hi); err != nil {
		return nil, 0, wrap(ctx, "find documents", err)
	}
	held := make(map[string]int, len(rows))
	for i := range rows {
		held[rows[i].ID] = i
	}
	for i := range docs {
		d := &docs[i]
		at, ok := held[d.ID]
		if !ok {
			fresh++
		}
		if !ok || at >= 0 && !rows[at].is(d) {
			differ = append(differ, *d)
		}
		held[d.ID] = -1 // seen
	}
	return differ, fresh, nil
}

// The grams of all rows come in one array, of which each takes its piece.
const sqlUpsertDocuments = `
INSERT INTO search_messages (msgtime, seq, id, conv_id, from_id, msgtype, flags, change, body, exact, grams)
SELECT msgtime, seq, id, conv_id, from_id, msgtype, flags, change, body, NULLIF(exact, ''), ($11::integer[])[first:last]
FROM unnest($1::timestamptz[], $2::bigint[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::smallint[], $8::bigint[], $9::text[], $10::text[],
	$12::integer[], $13::integer[]) AS u (msgtime, seq, id, conv_id, from_id, msgtype, flags, change, body, exact, first, last)
ON CONFLICT (msgtime, seq, id) DO UPDATE SET
	conv_id = EXCLUDED.conv_id, from_id = EXCLUDED.from_id, msgtype = EXCLUDED.msgtype,
	flags = EXCLUDED.flags, change = EXCLUDED.change, body = EXCLUDED.body, exact = EXCLUDED.exact, grams = EXCLUDED.grams`

func upsertDocuments(ctx context.Context, tx *sqlx.Tx, docs []search.Document) error {
	n := len(docs)
	times, seqs, ids, convs := make([]time.Time, n), make([]int64, n), make([]string, n), make([]int64, n)
	froms, types, flags, changes := make([]string, n), make([]string, n), make([]int32, n), make([]int64, n)
	bodies, exacts, first, last := make([]string, n), make([]string, n), make([]int32, n), make([]int32, n)
	var grams []int32
	for i := range docs {
		d := &docs[i]
		times[i], seqs[i], ids[i], convs[i] = d.SentAt, d.Seq, d.ID, d.ConvID
		froms[i], types[i], flags[i], changes[i] = dbText(d.FromID), dbText(d.MsgType), int32(d.Flags), d.Change
		bodies[i], exacts[i] = d.Body, d.Exact
		first[i] = int32(len(grams) + 1)
		grams = append(grams, columnGrams(d)...)
		last[i] = int32(len(grams))
	}
	_, err := tx.ExecContext(ctx, sqlUpsertDocuments, pq.Array(times), pq.Array(seqs), pq.Array(ids), pq.Array(convs), pq.Array(froms), pq.Array(types),
		pq.Array(flags), pq.Array(changes), pq.Array(bodies), pq.Array(exacts), pq.Array(grams), pq.Array(first), pq.Array(last))
	return wrap(ctx, "save documents", err)
}

// factGrams are what the column grams has besides search.Grams: negative
// numbers, one a flag and one of the type, so that what is rare is found without
// a look at all messages. Text is the type of most, and not found this way.
func factGrams(msgType string, flags search.Flags) []int32 {
	var grams []int32
	for bit := range 15 {
		if flags&(1<<bit) != 0 {
			grams = append(grams, -1-int32(bit))
		}
	}
	if msgType != msgTypeText {
		grams = append(grams, typeGram(msgType))
	}
	return grams
}

const msgTypeText = "text"

// typeGram is below the numbers of flags; two types may share one.
func typeGram(msgType string) int32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(msgType))
	return -64 - int32(h.Sum32()>>12)
}
