package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/search"
	"huicun/internal/store"
)

// docRow is a row of search_messages on its way into it.
type docRow struct {
	search.Document
	grams string // what Postgres indexes, as an array is written; "" where the row is not for the loader
}

func (r *docRow) setGrams() {
	b := []byte{'{'}
	for i, g := range store.DocumentGrams(r.Document) {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(g), 10)
	}
	r.grams = string(append(b, '}'))
}

var docColumns = strings.Fields(`msgtime seq id conv_id from_id msgtype flags change body exact grams`)

// docWindow is how many documents wait for what is said about them: nearly all
// that is taken back is so within a minute.
const docWindow = 20 * corpusBatch

// docLoader fills search_messages as the indexer would have done. A nil one does
// nothing.
type docLoader struct {
	*loader
	upTo    int64 // the last batch whose documents are stored
	month   *monthCopy
	waiting []*docRow
	recent  map[string]*docRow // those that wait, by id
	late    []string           // ids of those that were taken back when they were stored already
	change  int64
}

// make writes the documents of a batch; several batches at a time.
func (l *docLoader) make(b decodedBatch) []docRow {
	rows := make([]docRow, len(b.messages))
	for i := range b.messages {
		m, r := &b.messages[i], &rows[i]
		s := search.Source{ID: m.ID, BaseID: m.BaseID, Seq: m.Seq, SentAt: m.SentAt, FromID: m.FromID, MsgType: m.MsgType, Text: m.Text}
		if m.MsgType != "text" && m.MsgType != "revoke" {
			content := chatdata.Content(m.Raw)
			s.Flags, s.Links = search.FlagsOf(content), search.LinksOf(content)
		}
		r.Document = s.Document()
		if strings.Contains(m.Text, alarmWord) {
			r.Flags |= search.Sensitive
		}
		if b.id <= l.upTo {
			r.setGrams()
		}
	}
	return rows
}

// take stores the documents of a batch a little later.
func (l *docLoader) take(ctx context.Context, b decodedBatch) error {
	if l == nil {
		return nil
	}
	for i := range b.docs {
		b.docs[i].ConvID = b.messages[i].ConvID
	}
	if l.each != nil {
		if err := l.each(b.messages, b.docs); err != nil {
			return err
		}
	}
	if b.id > l.upTo {
		return nil
	}
	for i := range b.docs {
		r := &b.docs[i]
		l.recent[r.ID] = r
		l.waiting = append(l.waiting, r)
		if pre := b.messages[i].PreMsgID; pre != "" {
			l.takeBack(archive.MessageID(pre))
		}
	}
	return l.store(ctx, docWindow)
}

func (l *docLoader) takeBack(id string) {
	if r := l.recent[id]; r != nil {
		r.Flags |= search.Revoked
		r.setGrams()
		return
	}
	l.late = append(l.late, id)
}

// store stores what waits, but not the last ones.
func (l *docLoader) store(ctx context.Context, last int) error {
	n := max(0, len(l.waiting)-last)
	for i, r := range l.waiting[:n] {
		if l.month == nil || !l.month.holds(r.SentAt) {
			if err := l.endMonth(ctx, l.month); err != nil {
				return err
			}
			var err error
			if l.month, err = startMonth(ctx, l.db, "search_messages", docColumns, r.SentAt); err != nil {
				return err
			}
		}
		var exact any
		if r.Exact != "" {
			exact = r.Exact
		}
		l.change++
		if err := l.month.row(r.SentAt, r.Seq, r.ID, r.ConvID, r.FromID, r.MsgType, int16(r.Flags), l.change, r.Body, exact, r.grams); err != nil {
			return err
		}
		delete(l.recent, r.ID)
		l.waiting[i] = nil
	}
	l.waiting = l.waiting[n:]
	return nil
}

// flush stores all that waits.
func (l *docLoader) flush(ctx context.Context) error {
	if l == nil {
		return nil
	}
	if err := l.store(ctx, 0); err != nil {
		return err
	}
	month := l.month
	l.month = nil
	return l.endMonth(ctx, month)
}

func (l *docLoader) abort() {
	if l != nil && l.month != nil {
		l.month.abort()
	}
}

const sqlIndexMessages = `INSERT INTO outbox (kind, args) VALUES ($1, jsonb_build_object('message_ids', string_to_array($2, ',')))`

// finish counts the documents, and has huicun look again at those that were
// taken back late.
func (l *docLoader) finish(ctx context.Context) error {
	if l == nil {
		return nil
	}
	if _, err := l.db.ExecContext(ctx, `UPDATE search_state SET change = $1, indexed = $1 WHERE id = 1`, l.change); err != nil {
		return err
	}
	for from := 0; from < len(l.late); from += corpusBatch {
		ids := l.late[from:min(from+corpusBatch, len(l.late))]
		if _, err := l.db.ExecContext(ctx, sqlIndexMessages, search.KindIndex, strings.Join(ids, ",")); err != nil {
			return err
		}
	}
	return nil
}

// indexBatches has huicun make the documents of batches that Load left.
func indexBatches(ctx context.Context, db *store.DB, from, to int64) error {
	const q = `INSERT INTO outbox (kind, args) SELECT $1, jsonb_build_object('batch_id', n) FROM generate_series($2::bigint, $3) n`
	if _, err := db.ExecContext(ctx, q, search.KindIndex, from, to); err != nil {
		return fmt.Errorf("ask for documents: %w", err)
	}
	return db.Notify(ctx, store.ChannelOutbox)
}
