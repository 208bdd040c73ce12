package bench

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"huicun/internal/archive"
	"huicun/internal/ingest"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
)

// smallCorpus is a company of a size for tests.
func smallCorpus(messages int) *Corpus {
	return NewCorpus(CorpusOptions{Messages: messages, Employees: 60, Customers: 500, Groups: 30, Months: 3})
}

func allMessages(t *testing.T, c *Corpus) []CorpusMessage {
	t.Helper()
	var all []CorpusMessage
	if err := c.EachMessage(func(m CorpusMessage) error {
		all = append(all, m)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCorpusIsTheSameForASeed(t *testing.T) {
	t.Parallel()
	sum := func(o CorpusOptions) [32]byte {
		h := sha256.New()
		for _, m := range allMessages(t, NewCorpus(o)) {
			h.Write(m.Body)
		}
		return [32]byte(h.Sum(nil))
	}
	o := CorpusOptions{Messages: 2000, Employees: 60, Customers: 500, Groups: 30}
	other := o
	other.Seed = 2
	if first, again := sum(o), sum(o); first != again || first == sum(other) {
		t.Error("the bytes do not follow from the seed")
	}
}

// The corpus has the shape that PERFORMANCE figures are about.
func TestCorpusShape(t *testing.T) {
	t.Parallel()
	const n = 40_000
	c := NewCorpus(CorpusOptions{Messages: n})
	all := allMessages(t, c)
	if len(all) != n {
		t.Fatalf("%d messages, want %d", len(all), n)
	}
	kinds, convs, msgids := map[string]float64{}, map[archive.ConvKey]int{}, map[string]bool{}
	var lengths []int
	for i, d := range decodeAll(all) {
		if d.Seq != int64(i+1) || !d.SentAt.Equal(all[i].At) || d.TimeSource != archive.TimeFromMsgTime || i > 0 && d.SentAt.Before(all[i-1].At) {
			t.Fatalf("message %d: seq %d at %v (%s), said at %v", i, d.Seq, d.SentAt, d.TimeSource, all[i].At)
		}
		kinds[d.MsgType]++
		convs[d.Conv]++
		msgids[d.MsgID] = true
		var m struct {
			Text struct{ Content string }
		}
		if err := json.Unmarshal(d.Raw, &m); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if d.MsgType == "text" {
			lengths = append(lengths, utf8.RuneCountInString(m.Text.Content))
		}
	}
	for kind, want := range map[string]float64{"text": 80, "image": 10, "voice": 4, "file": 2, "link": 3, "revoke": 1} {
		if got := kinds[kind] * 100 / n; math.Abs(got-want) > 0.1*want+0.5 {
			t.Errorf("%.1f%% are of type %s, want about %v%%", got, kind, want)
		}
	}
	if len(msgids) != n {
		t.Errorf("%d msgids of %d messages", len(msgids), n)
	}
	slices.Sort(lengths)
	if p95 := lengths[len(lengths)*95/100]; p95 < 50 || p95 > 75 || lengths[len(lengths)-1] > maxRunes+utf8.RuneCountInString(alarmWord) {
		t.Errorf("95%% of texts have up to %d characters, the longest has %d", p95, lengths[len(lengths)-1])
	}
	busiest := 0
	for _, k := range convs {
		busiest = max(busiest, k)
	}
	if mean := n / len(convs); busiest < 10*mean {
		t.Errorf("the busiest chat has %d messages, the mean is %d: nobody is more active than others", busiest, mean)
	}
	if begin, end := all[0].At, all[n-1].At; end.Sub(begin) < 700*24*time.Hour || !end.Before(c.opts.End) {
		t.Errorf("the corpus goes from %v to %v", begin, end)
	}
}

// comparisons read every table that SaveBatch writes, with what names a
// conversation in place of its number.
var comparisons = map[string]string{
	"messages": `SELECT c.kind || ':' || c.key AS conv, m.msgtime, m.seq, m.id, m.base_id, m.batch_id, m.from_id, m.msgtype, m.time_source,
		m.publickey_ver, m.msgid, m.text, encode(m.raw, 'hex') AS raw, encode(m.raw_sha256, 'hex') AS sum, m.pulled_at, m.tableoid::regclass::text AS part
		FROM messages m JOIN conversations c ON c.id = m.conv_id ORDER BY m.seq`,
	"message_ids": `SELECT i.id, i.seq, c.kind || ':' || c.key AS conv, i.msgtime FROM message_ids i LEFT JOIN conversations c ON c.id = i.conv_id ORDER BY i.id`,
	"conversations": `SELECT kind, key, person_a, person_b, roomid, message_count, last_msgtime, last_seq, last_id, last_from, last_msgtype, last_text
		FROM conversations ORDER BY kind, key`,
	"conv_members": `SELECT c.kind || ':' || c.key AS conv, m.person, m.since FROM conv_members m JOIN conversations c ON c.id = m.conv_id ORDER BY 1, 2`,
	"revokes": `SELECT r.id, r.pre_id, r.pre_base_id, r.pre_msgid, c.kind || ':' || c.key AS conv, r.from_id, r.msgtime
		FROM revokes r JOIN conversations c ON c.id = r.conv_id ORDER BY r.id`,
	"batches":   `SELECT id, kind, from_seq, first_seq, last_seq, received, added, quarantined, duplicates, min_msgtime, max_msgtime FROM batches ORDER BY id`,
	"counters":  `SELECT seq, last_batch_id, received, stored, quarantined, duplicates, last_msgtime FROM pull_state`,
	"employees": `SELECT person, userid, name, status FROM employees ORDER BY person`,
	"next id":   `SELECT nextval(pg_get_serial_sequence('conversations', 'id')) > (SELECT max(id) FROM conversations) AS free`,
	"indexes": `SELECT tablename, replace(indexname, '_idx1', '_idx') AS name, regexp_replace(indexdef, 'INDEX \S+', '') AS def FROM pg_indexes
		WHERE schemaname = 'public' ORDER BY tablename, regexp_replace(indexdef, 'INDEX \S+', '')`,
}

// A corpus that was loaded by COPY is what the same messages make when they
// are pulled and saved.
func TestLoadedCorpusEqualsSavedBatches(t *testing.T) {
	t.Parallel()
	c := smallCorpus(3500)
	loaded, saved := storetest.NewDB(t), storetest.NewDB(t)
	last := 0
	if err := c.Load(t.Context(), loaded, func(n int) { last = n }); err != nil {
		t.Fatal(err)
	}
	if last != 3500 {
		t.Errorf("progress ended at %d", last)
	}
	saveCorpus(t, c, saved)
	for what, q := range comparisons {
		if diff := cmp.Diff(rows(t, saved, q), rows(t, loaded, q)); diff != "" {
			t.Errorf("%s (-saved +loaded):\n%.2000s", what, diff)
		}
	}
	if len(rows(t, loaded, comparisons["revokes"])) == 0 {
		t.Error("nothing was revoked")
	}
	if err := c.Load(t.Context(), loaded, func(int) {}); err == nil {
		t.Error("a corpus was loaded over another one")
	}
}

// saveCorpus stores the corpus as the puller does.
func saveCorpus(t *testing.T, c *Corpus, x *sqlx.DB) {
	t.Helper()
	ctx := t.Context()
	if err := c.loadDirectory(ctx, x); err != nil {
		t.Fatal(err)
	}
	db := openStore(t, x)
	lease, ok, err := db.TakeLease(ctx, ingest.LeasePull, "test", time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	from := int64(0)
	err = c.eachBatch(func(_ int64, batch []CorpusMessage) error {
		ms := decodeAll(batch)
		b := ingest.Batch{FromSeq: from, FirstSeq: ms[0].Seq, LastSeq: ms[len(ms)-1].Seq, Received: len(ms), Messages: ms}
		for i := range ms {
			if err := db.EnsurePartitions(ctx, ms[i].SentAt); err != nil {
				return err
			}
		}
		from = b.LastSeq
		_, err := db.SaveBatch(ctx, lease, b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// openStore opens a store on the database of x.
func openStore(t *testing.T, x *sqlx.DB) *store.DB {
	t.Helper()
	return &store.DB{DB: x}
}

// rows reads a query as text.
func rows(t *testing.T, db *sqlx.DB, query string) []string {
	t.Helper()
	var list []string
	if err := db.SelectContext(context.Background(), &list, `SELECT row_to_json(q)::text FROM (`+query+`) q`); err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	return list
}
