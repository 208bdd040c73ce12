package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/fault"
	"huicun/internal/ingest"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
)

// fixture is a migrated database and the lease to pull into it.
type fixture struct {
	*store.DB
	lease ingest.Lease
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: storetest.New(t), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	lease, ok, err := db.TakeLease(t.Context(), ingest.LeasePull, "test", time.Minute)
	if err != nil || !ok {
		t.Fatalf("TakeLease = %v, %v", ok, err)
	}
	return fixture{db, lease}
}

var t0 = time.Date(2026, 3, 31, 15, 59, 0, 0, time.UTC)

// said makes a text message that was sent n seconds after t0.
func said(seq int64, msgid, from, to, roomid, text string) archive.Decoded {
	raw := fmt.Appendf(nil, `{"msgid":%q,"action":"send","from":%q,"tolist":[%q],"roomid":%q,"msgtime":%d,"msgtype":"text","text":{"content":%q}}`,
		msgid, from, to, roomid, t0.UnixMilli()+seq*1000, text)
	return chatdata.Decode(chatdata.Outer{MsgID: msgid, Seq: seq, PublicKeyVer: 1, PulledAt: t0.Add(time.Hour)}, raw)
}

func batch(from int64, ms ...archive.Decoded) ingest.Batch {
	b := ingest.Batch{
		FromSeq: from, FirstSeq: from + 1, LastSeq: from, Received: len(ms), Messages: ms,
		Pull: ingest.Pull{StartedAt: t0, FinishedAt: t0, Holder: "test", FromSeq: from, Calls: 1, Received: len(ms), Outcome: ingest.OutcomeStored},
	}
	for i := range ms {
		b.LastSeq = max(b.LastSeq, ms[i].Seq)
	}
	return b
}

func (f fixture) save(t *testing.T, b ingest.Batch) ingest.Saved {
	t.Helper()
	var times []time.Time
	for i := range b.Messages {
		times = append(times, b.Messages[i].SentAt)
	}
	if err := f.EnsurePartitions(t.Context(), times...); err != nil {
		t.Fatal(err)
	}
	s, err := f.SaveBatch(t.Context(), f.lease, b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (f fixture) checkCounters(t *testing.T, received, stored, quarantined, duplicates int64) {
	t.Helper()
	s, err := f.PullState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := [4]int64{s.Received, s.Stored, s.Quarantined, s.Duplicates}
	if diff := cmp.Diff([4]int64{received, stored, quarantined, duplicates}, got); diff != "" {
		t.Errorf("received, stored, quarantined, duplicates (-want +got):\n%s", diff)
	}
	st, err := f.ReadStatus(t.Context(), 1, true)
	if err != nil {
		t.Fatal(err)
	}
	if want := (ingest.Count{MsgIDs: s.Received, Messages: s.Stored, Quarantined: s.Quarantined}); *st.Recount != want {
		t.Errorf("Recount = %+v, counters say %+v", *st.Recount, want)
	}
}

func TestSaveBatchStoresOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := said(1, "m1_external", "LinXiaoyu", "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", "", "您好"), said(2, "m2", "lisi", "LinXiaoyu", "", "在吗\x00?")
	first := batch(0, a, b)
	if got, want := f.save(t, first), (ingest.Saved{BatchID: 1, Added: 2}); got != want {
		t.Errorf("first save = %+v, want %+v", got, want)
	}
	if _, err := f.SaveBatch(t.Context(), f.lease, first); !errors.Is(err, ingest.ErrCursorMoved) {
		t.Errorf("same page again: error %v, want ErrCursorMoved", err)
	}
	overlap := batch(2, a, b, a, said(3, "m3", "lisi", "LinXiaoyu", "", "好的"), b)
	if got, want := f.save(t, overlap), (ingest.Saved{BatchID: 2, Added: 1, Duplicates: 4}); got != want {
		t.Errorf("overlapping page = %+v, want %+v", got, want)
	}
	f.checkCounters(t, 3, 3, 0, 4)
	var raws [][]byte
	if err := f.Select(&raws, `SELECT raw FROM messages ORDER BY seq`); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raws[0], a.Raw) || !bytes.Equal(raws[1], b.Raw) {
		t.Error("stored bytes are not the decrypted bytes")
	}
	var items int
	if err := f.Get(&items, `SELECT count(*) FROM outbox WHERE kind = 'scan'`); err != nil || items != 2 {
		t.Errorf("%d scan items, %v; want one a batch that added something", items, err)
	}
}

func TestSaveBatchIsFenced(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, ok, err := f.TakeLease(t.Context(), ingest.LeasePull, "other", time.Minute); ok || err != nil {
		t.Fatalf("a held lease was taken: %v, %v", ok, err)
	}
	if _, err := f.Exec(`UPDATE leases SET expires_at = now() - interval '1 second'`); err != nil {
		t.Fatal(err)
	}
	other, ok, err := f.TakeLease(t.Context(), ingest.LeasePull, "other", time.Minute)
	if err != nil || !ok || other.Token <= f.lease.Token {
		t.Fatalf("TakeLease after expiry = %+v, %v, %v", other, ok, err)
	}
	b := batch(0, said(1, "m1", "a", "b", "", "x"))
	if err := f.EnsurePartitions(t.Context(), t0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.SaveBatch(t.Context(), f.lease, b); !errors.Is(err, ingest.ErrLeaseLost) {
		t.Errorf("save with a lost lease: %v, want ErrLeaseLost", err)
	}
	f.checkCounters(t, 0, 0, 0, 0)
	if _, err := f.SaveBatch(t.Context(), other, b); err != nil {
		t.Errorf("save with the new lease: %v", err)
	}
	f.checkCounters(t, 1, 1, 0, 0)
}

func TestQuarantineIsKeptAndReleased(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	late := said(2, "m2\x00odd", "a", "b", "", "late")
	q := ingest.Quarantined{ID: late.ID, Seq: 2, MsgID: "m2\x00odd", PublicKeyVer: 2, Reason: ingest.ReasonKeyMissing, Detail: "no key", OuterJSON: []byte(`{"seq":2,"msgid":"m2\u0000odd"}`)}
	b := batch(0, said(1, "m1", "a", "b", "", "x"))
	b.Quarantined, b.Received, b.LastSeq = []ingest.Quarantined{q, q}, 3, 2
	if got, want := f.save(t, b), (ingest.Saved{BatchID: 1, Added: 1, Quarantined: 1, Duplicates: 1}); got != want {
		t.Errorf("save = %+v, want %+v", got, want)
	}
	f.checkCounters(t, 2, 1, 1, 1)
	found, err := f.FindQuarantined(t.Context(), []int{2}, ingest.Place{Seq: -1}, 10, 1<<20)
	if err != nil || len(found) != 1 || !bytes.Equal(found[0].OuterJSON, q.OuterJSON) {
		t.Fatalf("FindQuarantined = %+v, %v", found, err)
	}
	for want := 1; want >= 0; want-- { // the second release finds nothing to do
		s, err := f.ReleaseQuarantine(t.Context(), f.lease, []archive.Decoded{late}, nil)
		if err != nil || s.Added != want {
			t.Fatalf("ReleaseQuarantine = %+v, %v; want %d added", s, err, want)
		}
		f.checkCounters(t, 2, 2, 0, 1)
	}
	if pos, err := f.GetPosition(t.Context(), access.System(), late.ID); err != nil || pos.Seq != 2 {
		t.Errorf("GetPosition of the released message = %+v, %v", pos, err)
	}
}

// A message in quarantine that is delivered again, readable this time, opens.
func TestQuarantinedMessageDeliveredAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := said(1, "m1", "a", "b", "", "readable after all")
	b := batch(0)
	b.Quarantined = []ingest.Quarantined{{ID: m.ID, Seq: 1, MsgID: "m1", PublicKeyVer: 1, Reason: ingest.ReasonSDKCrashed, OuterJSON: []byte(`{}`)}}
	b.Received, b.LastSeq = 1, 1
	f.save(t, b)
	f.checkCounters(t, 1, 0, 1, 0)
	if got, want := f.save(t, batch(1, said(2, "m2", "a", "b", "", "x"), m)), (ingest.Saved{BatchID: 2, Added: 2, Duplicates: 1}); got != want {
		t.Errorf("save = %+v, want %+v", got, want)
	}
	f.checkCounters(t, 2, 2, 0, 1)
	if _, err := f.GetPosition(t.Context(), access.System(), m.ID); err != nil {
		t.Errorf("the opened message is not found: %v", err)
	}
}

func TestRevokeFindsItsOriginal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	by := func(from string, seq int64, id, pre string) archive.Decoded {
		raw := fmt.Appendf(nil, `{"msgid":%q,"action":"recall","from":%q,"tolist":["b"],"roomid":"","msgtime":%d,"msgtype":"revoke","revoke":{"pre_msgid":%q}}`, id, from, t0.UnixMilli()+seq*1000, pre)
		return chatdata.Decode(chatdata.Outer{MsgID: id, Seq: seq, PublicKeyVer: 1, PulledAt: t0.Add(time.Hour)}, raw)
	}
	revoke := func(seq int64, id, pre string) archive.Decoded { return by("a", seq, id, pre) }
	ms := []archive.Decoded{
		said(1, "exact_external", "a", "b", "", "1"), said(2, "loose_external", "a", "b", "", "2"),
		said(3, "twin", "a", "b", "", "3"), said(4, "twin_external", "a", "b", "", "4"), said(5, "kept", "a", "b", "", "5"),
		revoke(6, "r1", "exact_external"), revoke(7, "r2", "loose"), revoke(8, "r3", "twin"), revoke(9, "r4", "missing"),
		by("stranger", 10, "r5", "kept"), // of another chat: takes nothing back
	}
	f.save(t, batch(0, ms...))
	var stored []archive.Message
	for i := range ms {
		stored = append(stored, ms[i].Message)
	}
	found, err := f.FindRevocations(t.Context(), access.System(), stored)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for id, r := range found {
		got[id] = r.MessageID
	}
	want := map[string]string{ms[0].ID: ms[5].ID, ms[1].ID: ms[6].ID, ms[2].ID: ms[7].ID}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("original -> revoke (-want +got):\n%s", diff)
	}
}

// addViewer makes a viewer who may see one employee.
func (f fixture) addViewer(t *testing.T, person string, sees ...string) access.Viewer {
	t.Helper()
	v := access.Viewer{Person: person, UserID: person, Role: access.RoleViewer}
	if err := f.Get(&v.ID, `INSERT INTO viewers (person, userid, role) VALUES ($1, $1, 'viewer') RETURNING id`, person); err != nil {
		t.Fatal(err)
	}
	for _, e := range sees {
		if _, err := f.Exec(`INSERT INTO viewer_employees (viewer_id, person) VALUES ($1, $2)`, v.ID, e); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func TestTimelinePagesWithoutHolesAndWithinScope(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var ms []archive.Decoded
	for i := int64(1); i <= 90; i++ { // crosses the end of a month; three messages share each second
		m := said(i, fmt.Sprintf("m%d", i), "lin", "wmCustomer0000000000000000000001", "", fmt.Sprintf("第%d句", i))
		m.SentAt = t0.Add(time.Duration(i/3) * time.Second * 4)
		ms = append(ms, m)
	}
	f.save(t, batch(0, ms...))
	svc := &archive.Service{Store: f.DB, Decode: chatdata.Content}
	lin, other := f.addViewer(t, "boss", "lin"), f.addViewer(t, "stranger", "somebody")
	conv := ms[0].ConvID
	if conv == 0 {
		if err := f.Get(&conv, `SELECT id FROM conversations`); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	page, err := svc.Timeline(t.Context(), lin, archive.TimelineQuery{ConvID: conv, Around: ms[44].ID, Limit: 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		got = append(got, e.ID)
	}
	for w := page; w.HasOlder; {
		if w, err = svc.Timeline(t.Context(), lin, archive.TimelineQuery{ConvID: conv, Older: got[0], Limit: 7}); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, e := range w.Entries {
			ids = append(ids, e.ID)
		}
		got = append(ids, got...)
	}
	for w := page; w.HasNewer; {
		if w, err = svc.Timeline(t.Context(), lin, archive.TimelineQuery{ConvID: conv, Newer: got[len(got)-1], Limit: 7}); err != nil {
			t.Fatal(err)
		}
		for _, e := range w.Entries {
			got = append(got, e.ID)
		}
	}
	var want []string
	for i := range ms {
		want = append(want, ms[i].ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paged messages (-want +got):\n%s", diff)
	}
	for name, q := range map[string]archive.TimelineQuery{"newest": {ConvID: conv}, "around": {ConvID: conv, Around: ms[1].ID}} {
		if _, err := svc.Timeline(t.Context(), other, q); !fault.Is(err, fault.CodeNotFound) {
			t.Errorf("%s out of scope: %v, want not_found", name, err)
		}
	}
	if _, err := svc.Entry(t.Context(), other, ms[3].ID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("message out of scope: %v, want not_found", err)
	}
	at, err := svc.Timeline(t.Context(), lin, archive.TimelineQuery{ConvID: conv, At: ms[60].SentAt, Limit: 10})
	if err != nil || at.Target != ms[60].ID && ms[60].Seq%3 == 0 {
		t.Errorf("at = target %s, %v; want %s", at.Target, err, ms[60].ID)
	}
	last := want[len(want)-1]
	late, err := svc.Timeline(t.Context(), lin, archive.TimelineQuery{ConvID: conv, At: time.Now().AddDate(1, 0, 0), Limit: 1})
	if err != nil || late.Target != last || len(late.Entries) != 1 || late.Entries[0].ID != last || !late.HasOlder || late.HasNewer {
		t.Errorf("at a time after the last message: target %s of %d, older %v, newer %v, %v; want %s", late.Target, len(late.Entries), late.HasOlder, late.HasNewer, err, last)
	}
}

func TestEnsurePartitionsTogether(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	errs := make(chan error)
	for range 4 {
		go func() {
			other, err := store.Open(context.Background(), store.Options{URL: f.URL(), MaxConns: 2})
			if err == nil {
				err = other.EnsurePartitions(context.Background(), t0, t0.AddDate(0, 1, 0), t0.AddDate(0, 2, 0))
				_ = other.Close()
			}
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
