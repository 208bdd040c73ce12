package store

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/archive"
	"huicun/internal/ingest"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/store/storetest"
	"huicun/internal/wecomsim/corpus"
)

const benchPage = 1000 // messages of a batch

// benchDB is a database with one connection, whose CPU time can be read.
type benchDB struct {
	*DB
	pid int
}

func newBenchDB(b *testing.B, pages [][]archive.Decoded) benchDB {
	b.Helper()
	db, err := Open(b.Context(), Options{URL: storetest.New(b), MaxConns: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	d := benchDB{DB: db}
	if err := db.Get(&d.pid, `SELECT pg_backend_pid()`); err != nil {
		b.Fatal(err)
	}
	var times []time.Time
	for _, p := range pages {
		for i := range p {
			times = append(times, p[i].SentAt)
		}
	}
	if err := db.EnsurePartitions(b.Context(), times...); err != nil {
		b.Fatal(err)
	}
	return d
}

// cpu is the time that the backend has been on a core.
func (d benchDB) cpu(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", d.pid))
	if err != nil {
		b.Skip("the CPU time of Postgres cannot be read: ", err)
	}
	ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(ns)
}

// benchPages are pages of the made-up company, decoded.
func benchPages(n int) [][]archive.Decoded {
	c := corpus.New(corpus.Options{Seed: 1, Messages: n * benchPage, End: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)})
	pages := make([][]archive.Decoded, n)
	for i := range n * benchPage {
		m := c.Message(i)
		d := chatdata.Decode(chatdata.Outer{MsgID: m.MsgID, Seq: int64(i + 1), PublicKeyVer: 1, PulledAt: m.Time}, m.JSON)
		d.ConvID = int64(i%1000 + 1) // for the writers that place nothing
		pages[i/benchPage] = append(pages[i/benchPage], d)
	}
	return pages
}

// writer stores one page in one transaction.
type writer struct {
	name  string
	write func(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) error
	db    benchDB
	wall  []time.Duration
	cpu   []time.Duration
}

// copyMessages is the bound: COPY straight into the table, with its indexes and
// nothing else.
func copyMessages(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) error {
	stmt, err := tx.PrepareContext(ctx, `COPY messages (msgtime, seq, id, base_id, conv_id, batch_id, from_id, msgtype,
		time_source, publickey_ver, msgid, text, raw, raw_sha256, pulled_at) FROM STDIN`)
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }() // the commit tells whether all went well
	for i := range ms {
		m := &ms[i].Message
		if _, err := stmt.ExecContext(ctx, m.SentAt, m.Seq, m.ID, m.BaseID, m.ConvID, 1, dbText(m.FromID), dbText(m.MsgType),
			m.TimeSource, m.PublicKeyVer, dbText(m.MsgID), dbText(m.Text), m.Raw, m.RawSHA256, m.PulledAt); err != nil {
			return err
		}
	}
	_, err = stmt.ExecContext(ctx)
	return err
}

// saveWithoutLedger is SaveBatch without lease, cursor, batch, record of the
// pull, outbox item and notice.
func saveWithoutLedger(ctx context.Context, tx *sqlx.Tx, ms []archive.Decoded) error {
	if err := placeInConversations(ctx, tx, ms); err != nil {
		return err
	}
	fresh, err := claimIDs(ctx, tx, ingest.Batch{Messages: ms})
	if err != nil {
		return err
	}
	return insertDecoded(ctx, tx, 1, keepFresh(ms, fresh))
}

// saveInFull is SaveBatch.
func saveInFull(db *DB, l ingest.Lease) func(context.Context, *sqlx.Tx, []archive.Decoded) error {
	return func(ctx context.Context, _ *sqlx.Tx, ms []archive.Decoded) error {
		first, last := ms[0].Seq, ms[len(ms)-1].Seq
		s, err := db.SaveBatch(ctx, l, ingest.Batch{
			FromSeq: first - 1, FirstSeq: first, LastSeq: last, Received: len(ms), Messages: ms,
			Pull: ingest.Pull{Holder: l.Holder, FromSeq: first - 1, Calls: 1, Received: len(ms), Outcome: ingest.OutcomeStored},
		})
		if err == nil && s.Added != len(ms) {
			err = fmt.Errorf("%d of %d messages added", s.Added, len(ms))
		}
		return err
	}
}

// BenchmarkBatchWriter compares what a page costs with its bounds, page by page
// in turn. Rates are ratios: 1 is as fast as the bound. cpu- is by the CPU time
// of the Postgres process alone.
//
//	insert/copy   INSERT … SELECT unnest into messages, to COPY into messages
//	save/copy     everything that a page needs, to COPY
//	ledger        everything, to the same without cursor and outbox row
func BenchmarkBatchWriter(b *testing.B) {
	pages := benchPages(16)
	copies, insert := &writer{name: "copy", write: copyMessages}, &writer{name: "insert", write: insertMessages}
	parts, full := &writer{name: "parts", write: saveWithoutLedger}, &writer{name: "full"}
	writers := []*writer{copies, insert, parts, full}
	for b.Loop() {
		for _, w := range writers {
			w.db = newBenchDB(b, pages)
		}
		lease, ok, err := full.db.TakeLease(b.Context(), ingest.LeasePull, "bench", time.Hour)
		if err != nil || !ok {
			b.Fatal(ok, err)
		}
		full.write = saveInFull(full.db.DB, lease)
		for i, page := range pages {
			for _, w := range writers {
				w.run(b, slices.Clone(page), i > 0) // the first page makes the conversations
			}
		}
	}
	for _, r := range []struct {
		name     string
		of, over *writer
	}{{"insert/copy", insert, copies}, {"save/copy", full, copies}, {"ledger", full, parts}} {
		b.ReportMetric(medianRatio(r.over.wall, r.of.wall), r.name)
		b.ReportMetric(medianRatio(r.over.cpu, r.of.cpu), "cpu-"+r.name)
	}
	for _, w := range writers {
		b.ReportMetric(float64(slices.Sorted(slices.Values(w.cpu))[len(w.cpu)/2].Microseconds())/benchPage, "us-cpu-"+w.name)
	}
}

// run writes one page and notes the time when it counts.
func (w *writer) run(b *testing.B, page []archive.Decoded, counts bool) {
	b.Helper()
	start, cpu := time.Now(), w.db.cpu(b)
	var err error
	if w.name == "full" {
		err = w.write(b.Context(), nil, page)
	} else {
		_, err = inTx(b.Context(), w.db.DB, func(tx *sqlx.Tx) (struct{}, error) { return struct{}{}, w.write(b.Context(), tx, page) })
	}
	if err != nil {
		b.Fatalf("%s: %v", w.name, err)
	}
	if counts {
		w.wall, w.cpu = append(w.wall, time.Since(start)), append(w.cpu, w.db.cpu(b)-cpu)
	}
}

// medianRatio is the median of a[i]/b[i].
func medianRatio(a, b []time.Duration) float64 {
	var r []float64
	for i := range a {
		r = append(r, float64(a[i])/float64(b[i]))
	}
	slices.Sort(r)
	return r[len(r)/2]
}
