package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/archive"
	"huicun/internal/personid"
)

// previewRunes is the length of conversations.last_text.
const previewRunes = 120

// placeInConversations fills ConvID of the messages, creating conversations
// that do not exist yet.
func placeInConversations(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) error {
	if len(ms) == 0 {
		return nil
	}
	convs, err := upsertConversations(ctx, tx, ms)
	if err != nil {
		return err
	}
	for i := range ms {
		ms[i].ConvID = convs[ms[i].Conv]
	}
	return nil
}

// insertDecoded stores messages whose ids were claimed and whose conversations
// are known: members, rows, revokes, and what lists show of each chat.
func insertDecoded(ctx context.Context, tx *sqlx.Tx, batchID int64, ms []archive.Decoded) error {
	if len(ms) == 0 {
		return nil
	}
	for i := range ms {
		ms[i].BatchID = batchID
	}
	for _, step := range []func(context.Context, *sqlx.Tx, []archive.Decoded) error{
		insertMembers, insertMessages, insertRevokes, touchConversations,
	} {
		if err := step(ctx, tx, ms); err != nil {
			return err
		}
	}
	return nil
}

const sqlInsertConversations = `
INSERT INTO conversations (kind, key, person_a, person_b, roomid)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
ON CONFLICT ON CONSTRAINT conversations_kind_key DO NOTHING`

const sqlFindConversationIDs = `
SELECT u.ord, c.id
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (kind, key, ord)
JOIN conversations c ON c.kind = u.kind AND c.key = u.key`

// upsertConversations returns the conversation ids of the messages' keys. Keys
// go in sorted order, so that two transactions cannot lock each other out.
func upsertConversations(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) (map[archive.ConvKey]int64, error) {
	ids := make(map[archive.ConvKey]int64)
	var keys []archive.ConvKey
	for i := range ms {
		if _, ok := ids[ms[i].Conv]; !ok {
			ids[ms[i].Conv] = 0
			keys = append(keys, ms[i].Conv)
		}
	}
	slices.SortFunc(keys, func(a, b archive.ConvKey) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key(), b.Key()))
	})
	var kinds, texts, as, bs, rooms []string
	for _, k := range keys {
		kinds, texts = append(kinds, k.Kind), append(texts, dbText(k.Key()))
		as, bs, rooms = append(as, dbText(k.A)), append(bs, dbText(k.B)), append(rooms, dbText(k.RoomID))
	}
	if _, err := tx.ExecContext(ctx, sqlInsertConversations, pq.Array(kinds), pq.Array(texts), pq.Array(as), pq.Array(bs), pq.Array(rooms)); err != nil {
		return nil, wrap(ctx, "insert conversations", err)
	}
	var found []struct {
		Ord int   `db:"ord"`
		ID  int64 `db:"id"`
	}
	if err := tx.SelectContext(ctx, &found, sqlFindConversationIDs, pq.Array(kinds), pq.Array(texts)); err != nil {
		return nil, wrap(ctx, "find conversations", err)
	}
	for _, f := range found {
		ids[keys[f.Ord-1]] = f.ID
	}
	return ids, nil
}

const sqlInsertMembers = `
INSERT INTO conv_members (conv_id, person, since)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[])
ON CONFLICT ON CONSTRAINT conv_members_pkey DO NOTHING`

// Whoever is written about as an employee but is not in the directory (yet, or
// out of the app's range) gets a row, so that the chats can be found.
const sqlInsertUnknownEmployees = `
INSERT INTO employees (person, userid, name, status)
SELECT DISTINCT p, p, p, 0 FROM unnest($1::text[]) AS u (p) WHERE p <> ''
ORDER BY 1
ON CONFLICT DO NOTHING`

func insertMembers(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) error {
	type member struct {
		conv   int64
		person string
	}
	since := map[member]time.Time{}
	var order []member
	for i := range ms {
		for _, person := range ms[i].Members {
			m := member{ms[i].ConvID, person}
			if at, ok := since[m]; !ok {
				order = append(order, m)
				since[m] = ms[i].SentAt
			} else if ms[i].SentAt.Before(at) {
				since[m] = ms[i].SentAt
			}
		}
	}
	if len(order) == 0 {
		return nil
	}
	slices.SortFunc(order, func(a, b member) int { return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.conv, b.conv)) })
	var convs []int64
	var persons []string
	var times []time.Time
	for _, m := range order {
		convs, persons, times = append(convs, m.conv), append(persons, dbText(m.person)), append(times, since[m])
	}
	if _, err := tx.ExecContext(ctx, sqlInsertMembers, pq.Array(convs), pq.Array(persons), pq.Array(times)); err != nil {
		return wrap(ctx, "insert members", err)
	}
	internal := slices.DeleteFunc(slices.Compact(persons), personid.External)
	_, err := tx.ExecContext(ctx, sqlInsertUnknownEmployees, pq.Array(internal))
	return wrap(ctx, "insert unknown employees", err)
}

const sqlInsertMessages = `
INSERT INTO messages (msgtime, seq, id, base_id, conv_id, batch_id, from_id, msgtype, time_source, publickey_ver, msgid, text, raw, raw_sha256, pulled_at)
SELECT * FROM unnest($1::timestamptz[], $2::bigint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
	$9::text[], $10::integer[], $11::text[], $12::text[], $13::bytea[], $14::bytea[], $15::timestamptz[])`

func insertMessages(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) error {
	n := len(ms)
	at, pulled := make([]time.Time, n), make([]time.Time, n)
	seqs, convs, batches, vers := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	ids, bases, froms, types := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	sources, msgids, texts := make([]string, n), make([]string, n), make([]string, n)
	raws, sums := make([][]byte, n), make([][]byte, n)
	for i := range ms {
		m := &ms[i].Message
		at[i], pulled[i] = m.SentAt, m.PulledAt
		seqs[i], convs[i], batches[i], vers[i] = m.Seq, m.ConvID, m.BatchID, int64(m.PublicKeyVer)
		ids[i], bases[i], froms[i], types[i] = m.ID, m.BaseID, dbText(m.FromID), dbText(m.MsgType)
		sources[i], msgids[i], texts[i] = m.TimeSource, dbText(m.MsgID), dbText(m.Text)
		raws[i], sums[i] = m.Raw, m.RawSHA256
	}
	_, err := tx.ExecContext(ctx, sqlInsertMessages, pq.Array(at), pq.Array(seqs), pq.Array(ids), pq.Array(bases),
		pq.Array(convs), pq.Array(batches), pq.Array(froms), pq.Array(types), pq.Array(sources), pq.Array(vers),
		pq.Array(msgids), pq.Array(texts), pq.Array(raws), pq.Array(sums), pq.Array(pulled))
	return wrap(ctx, "insert messages", err)
}

const sqlPlaceIDs = `
UPDATE message_ids i SET conv_id = u.conv_id, msgtime = u.msgtime
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) AS u (id, conv_id, msgtime)
WHERE i.id = u.id`

// placeIDs notes where each message is, so that a link finds its month.
func placeIDs(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) error {
	var ids []string
	var convs []int64
	var times []time.Time
	for i := range ms {
		ids, convs, times = append(ids, ms[i].ID), append(convs, ms[i].ConvID), append(times, ms[i].SentAt)
	}
	_, err := tx.ExecContext(ctx, sqlPlaceIDs, pq.Array(ids), pq.Array(convs), pq.Array(times))
	return wrap(ctx, "place msgids", err)
}

const sqlInsertRevokes = `
INSERT INTO revokes (id, pre_id, pre_base_id, pre_msgid, conv_id, from_id, msgtime)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[])`

func insertRevokes(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) error {
	var ids, exact, bases, pres, froms []string
	var convs []int64
	var times []time.Time
	for i := range ms {
		if m := &ms[i]; m.PreMsgID != "" {
			ids, exact, bases = append(ids, m.ID), append(exact, archive.MessageID(m.PreMsgID)), append(bases, archive.BaseMessageID(m.PreMsgID))
			convs = append(convs, m.ConvID)
			pres, froms, times = append(pres, dbText(m.PreMsgID)), append(froms, dbText(m.FromID)), append(times, m.SentAt)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, sqlInsertRevokes, pq.Array(ids), pq.Array(exact), pq.Array(bases), pq.Array(pres), pq.Array(convs), pq.Array(froms), pq.Array(times))
	return wrap(ctx, "insert revokes", err)
}

const sqlTouchConversations = `
UPDATE conversations c SET
	message_count = c.message_count + u.n,
	last_msgtime = CASE WHEN newer THEN u.msgtime ELSE c.last_msgtime END,
	last_seq     = CASE WHEN newer THEN u.seq ELSE c.last_seq END,
	last_id      = CASE WHEN newer THEN u.id ELSE c.last_id END,
	last_from    = CASE WHEN newer THEN u.from_id ELSE c.last_from END,
	last_msgtype = CASE WHEN newer THEN u.msgtype ELSE c.last_msgtype END,
	last_text    = CASE WHEN newer THEN u.text ELSE c.last_text END
FROM (
	SELECT u.*, x.last_msgtime IS NULL OR (u.msgtime, u.seq) > (x.last_msgtime, x.last_seq) AS newer
	FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::text[])
		AS u (conv_id, n, msgtime, seq, id, from_id, msgtype, text)
	JOIN conversations x ON x.id = u.conv_id
) AS u
WHERE c.id = u.conv_id`

// touchConversations counts the messages and shows the newest of each chat.
func touchConversations(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) error {
	newest, count := map[int64]*archive.Message{}, map[int64]int64{}
	for i := range ms {
		m := &ms[i].Message
		count[m.ConvID]++
		last := newest[m.ConvID]
		if last == nil || m.SentAt.After(last.SentAt) || m.SentAt.Equal(last.SentAt) && m.Seq > last.Seq {
			newest[m.ConvID] = m
		}
	}
	var convs, ns, seqs []int64
	var times []time.Time
	var ids, froms, types, texts []string
	for conv, m := range newest {
		convs, ns, seqs, times = append(convs, conv), append(ns, count[conv]), append(seqs, m.Seq), append(times, m.SentAt)
		ids, froms, types = append(ids, m.ID), append(froms, dbText(m.FromID)), append(types, dbText(m.MsgType))
		texts = append(texts, dbText(firstRunes(m.Text, previewRunes)))
	}
	_, err := tx.ExecContext(ctx, sqlTouchConversations, pq.Array(convs), pq.Array(ns), pq.Array(times), pq.Array(seqs),
		pq.Array(ids), pq.Array(froms), pq.Array(types), pq.Array(texts))
	return wrap(ctx, "touch conversations", err)
}

// firstRunes cuts s after n characters.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
