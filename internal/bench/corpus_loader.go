package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"huicun/internal/archive"
)

// loader stores decoded messages.
type loader struct {
	loadOptions
	db   *sqlx.DB
	docs *docLoader // nil: nothing for searches

	convs    map[archive.ConvKey]*convState
	order    []*convState // by id
	members  map[member]time.Time
	revokes  []archive.Decoded
	alarms   []alarm
	batches  []batchRow
	stored   int
	attached errgroup.Group // months that are being given their indexes
}

// convState is a row of conversations that grows.
type convState struct {
	id    int64
	key   archive.ConvKey
	count int64
	last  archive.Message // without Raw
}

// member is somebody who takes part in a conversation.
type member struct {
	conv   int64
	person string
}

// batchRow is a row of batches.
type batchRow struct {
	id, first, last int64
	added           int
	min, max        time.Time
	storedAt        time.Time
}

// alarm is a message in which the word of the corpus stands.
type alarm struct {
	m         archive.Message
	receiver  string
	employees []string
}

var messageColumns = strings.Fields(`msgtime seq id base_id conv_id batch_id from_id msgtype time_source publickey_ver msgid text raw raw_sha256 pulled_at`)

// begin takes away what would slow the load down.
func (l *loader) begin(ctx context.Context) error {
	l.attached.SetLimit(1)
	_, err := l.db.ExecContext(ctx, `ALTER TABLE message_ids DROP CONSTRAINT message_ids_pkey`)
	return err
}

// write stores batches in order: the rows of messages month by month, and
// beside them, on a second connection, the ids.
func (l *loader) write(ctx context.Context, batches <-chan chan decodedBatch) error {
	ids, err := startCopy(ctx, l.db, copyInto("message_ids", "id", "seq", "conv_id", "msgtime"))
	if err != nil {
		return err
	}
	defer ids.abort()
	var month *monthCopy
	defer func() {
		if month != nil {
			month.abort()
		}
	}()
	defer l.docs.abort()
	for out := range batches {
		var b decodedBatch
		select {
		case b = <-out:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.note(b)
		for i := range b.messages {
			m := &b.messages[i].Message
			if month == nil || !month.holds(m.SentAt) {
				if err := l.endMonth(ctx, month); err != nil {
					return err
				}
				if month, err = startMonth(ctx, l.db, "messages", messageColumns, m.SentAt); err != nil {
					return err
				}
			}
			if err := month.row(m.SentAt, m.Seq, m.ID, m.BaseID, m.ConvID, m.BatchID, m.FromID, m.MsgType, m.TimeSource,
				m.PublicKeyVer, m.MsgID, m.Text, m.Raw, m.RawSHA256, m.PulledAt); err != nil {
				return err
			}
			if err := ids.row(m.ID, m.Seq, m.ConvID, m.SentAt); err != nil {
				return err
			}
		}
		if err := l.docs.take(ctx, b); err != nil {
			return err
		}
		l.stored += len(b.messages)
		l.progress(l.stored)
	}
	if err := l.docs.flush(ctx); err != nil {
		return err
	}
	if err := l.endMonth(ctx, month); err != nil {
		return err
	}
	month = nil
	if err := ids.commit(); err != nil {
		return err
	}
	return l.attached.Wait() // before ctx ends
}

// endMonth commits a month and gives it its indexes in the background.
func (l *loader) endMonth(ctx context.Context, m *monthCopy) error {
	if m == nil {
		return nil
	}
	if err := m.commit(); err != nil {
		return err
	}
	l.attached.Go(func() error { return m.attach(ctx, l.db) })
	return nil
}

// note gives the messages their conversations and batch, and keeps what the
// small tables will hold.
func (l *loader) note(b decodedBatch) {
	row := batchRow{id: b.id, added: len(b.messages)}
	for i := range b.messages {
		m := &b.messages[i]
		c := l.conversation(m.Conv)
		m.ConvID, m.BatchID = c.id, b.id
		c.count++
		if c.count == 1 || m.SentAt.After(c.last.SentAt) || m.SentAt.Equal(c.last.SentAt) && m.Seq > c.last.Seq {
			c.last = m.Message
			c.last.Raw, c.last.RawSHA256 = nil, nil
		}
		for _, p := range m.Members {
			at := member{c.id, p}
			if since, ok := l.members[at]; !ok || m.SentAt.Before(since) {
				l.members[at] = m.SentAt
			}
		}
		if m.PreMsgID != "" {
			l.revokes = append(l.revokes, *m)
		}
		if strings.Contains(m.Text, alarmWord) {
			l.alarms = append(l.alarms, newAlarm(m))
		}
		if i == 0 {
			row.first, row.last, row.min, row.max = m.Seq, m.Seq, m.SentAt, m.SentAt
		}
		row.first, row.last = min(row.first, m.Seq), max(row.last, m.Seq)
		row.min, row.max = minTime(row.min, m.SentAt), maxTime(row.max, m.SentAt)
		row.storedAt = maxTime(row.storedAt, m.PulledAt)
	}
	l.batches = append(l.batches, row)
}

func (l *loader) conversation(key archive.ConvKey) *convState {
	c := l.convs[key]
	if c == nil {
		c = &convState{id: int64(len(l.order)) + 1, key: key}
		l.convs[key] = c
		l.order = append(l.order, c)
	}
	return c
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// finish writes the small tables, builds what begin took away and lets
// Postgres know what it holds.
func (l *loader) finish(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"conversations", l.copyConversations},
		{"members", l.copyMembers},
		{"revokes", l.copyRevokes},
		{"batches", l.copyBatches},
		{"violations", l.copyAlarms},
		{"search state", l.docs.finish},
		{"index of ids", l.index},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("load %s: %w", step.what, err)
		}
	}
	return nil
}

// index puts back what begin took away.
func (l *loader) index(ctx context.Context) error {
	conn, err := l.db.Connx(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for _, q := range []string{
		`SET maintenance_work_mem = '1GB'`,
		`ALTER TABLE message_ids ADD CONSTRAINT message_ids_pkey PRIMARY KEY (id)`,
		`RESET maintenance_work_mem`,
		`VACUUM (ANALYZE) message_ids, conversations, conv_members, employees, employee_departments, customers, group_members, revokes, violations, violation_employees`,
		`ANALYZE`,
		`CHECKPOINT`,
	} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) copyConversations(ctx context.Context) error {
	columns := strings.Fields(`id kind key person_a person_b roomid message_count last_msgtime last_seq last_id last_from last_msgtype last_text created_at`)
	err := copyRows(ctx, l.db, "conversations", columns, func(row rowFunc) error {
		for _, c := range l.order {
			k, m := c.key, c.last
			a, b := k.A, k.B
			if err := row(c.id, k.Kind, k.Key(), a, b, k.RoomID, c.count, m.SentAt, m.Seq, m.ID, m.FromID, m.MsgType, cutRunes(m.Text, previewRunes), m.PulledAt); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = l.db.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence('conversations', 'id'), $1)`, max(1, len(l.order)))
	return err
}

// previewRunes is the length of conversations.last_text.
const previewRunes = 120

func (l *loader) copyMembers(ctx context.Context) error {
	all := make([]member, 0, len(l.members))
	for m := range l.members {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b member) int { return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.conv, b.conv)) })
	return copyRows(ctx, l.db, "conv_members", []string{"conv_id", "person", "since"}, func(row rowFunc) error {
		for _, m := range all {
			if err := row(m.conv, m.person, l.members[m]); err != nil {
				return err
			}
		}
		return nil
	})
}
