// Package searchtest has what every search.Engine must pass, and an archive to
// pass it on, which is filled the way messages come: pulled, indexed, decided on
// by rules, looked into.
package searchtest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/ingest"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/media"
	"huicun/internal/outbox"
	"huicun/internal/rules"
	"huicun/internal/search"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
)

// Archive is an archive in a database of its own. Its methods end the test when
// something fails.
type Archive struct {
	*store.DB
	Indexer *search.Indexer
	lease   ingest.Lease
	seq     int64
}

// NewArchive makes an empty archive, closed with the test.
func NewArchive(t testing.TB) *Archive {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: storetest.New(t), MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	lease, ok, err := db.TakeLease(t.Context(), ingest.LeasePull, "searchtest", time.Hour)
	if err != nil || !ok {
		t.Fatalf("TakeLease = %v, %v", ok, err)
	}
	return &Archive{DB: db, Indexer: &search.Indexer{Store: db, Decode: chatdata.Content}, lease: lease}
}

// Said is a message that somebody sent.
type Said struct {
	MsgID string    // "": m and its number
	At    time.Time // zero: Start and as many seconds as its number
	From  string
	To    []string
	Room  string // roomid of a group; "": a direct chat
	Type  string // "": text
	Text  string // content of a text
	Body  any    // of other types: what stands under the name of the type
}

// Start is the time from which messages are counted that have none of their own.
var Start = time.Date(2026, 3, 31, 15, 59, 0, 0, time.UTC)

// Decoded gives the message as the puller hands it over.
func (s Said) Decoded(seq int64) archive.Decoded {
	if s.MsgID == "" {
		s.MsgID = fmt.Sprintf("m%d", seq)
	}
	if s.At.IsZero() {
		s.At = Start.Add(time.Duration(seq) * time.Second)
	}
	if s.Type == "" {
		s.Type, s.Body = "text", map[string]string{"content": s.Text}
	}
	raw, err := json.Marshal(map[string]any{
		"msgid": s.MsgID, "action": "send", "from": s.From, "tolist": s.To, "roomid": s.Room, "msgtime": s.At.UnixMilli(), "msgtype": s.Type, s.Type: s.Body,
	})
	if err != nil {
		panic(err) // the test's own
	}
	return chatdata.Decode(chatdata.Outer{MsgID: s.MsgID, Seq: seq, PublicKeyVer: 1, PulledAt: s.At.Add(time.Minute)}, raw)
}

// Save stores messages as one batch and gives its number and their ids.
func (a *Archive) Save(t testing.TB, said ...Said) (batch int64, ids []string) {
	t.Helper()
	from := a.seq
	var ms []archive.Decoded
	for _, s := range said {
		a.seq++
		m := s.Decoded(a.seq)
		ms, ids = append(ms, m), append(ids, m.ID)
	}
	return a.SaveDecoded(t, from, ms), ids
}

// SaveDecoded stores messages that come after a cursor as one batch.
func (a *Archive) SaveDecoded(t testing.TB, from int64, ms []archive.Decoded) (batch int64) {
	t.Helper()
	times := make([]time.Time, len(ms))
	for i := range ms {
		times[i], a.seq = ms[i].SentAt, max(a.seq, ms[i].Seq)
	}
	if err := a.EnsurePartitions(t.Context(), times...); err != nil {
		t.Fatal(err)
	}
	s, err := a.SaveBatch(t.Context(), a.lease, ingest.Batch{
		FromSeq: from, FirstSeq: from + 1, LastSeq: a.seq, Received: len(ms), Messages: ms,
		Pull: ingest.Pull{StartedAt: Start, FinishedAt: Start, Holder: "searchtest", FromSeq: from, Calls: 1, Received: len(ms), Outcome: ingest.OutcomeStored},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.BatchID
}

// Index does all that waits to be indexed.
func (a *Archive) Index(t testing.TB) {
	t.Helper()
	for {
		items, err := a.ClaimItems(t.Context(), "searchtest", []string{search.KindIndex}, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			if err := a.Indexer.Handle(t.Context(), item); err != nil {
				t.Fatal(err)
			}
			if err := a.FinishItem(t.Context(), item, outbox.Outcome{State: outbox.StateCompleted, Count: true}); err != nil {
				t.Fatal(err)
			}
		}
		if len(items) == 0 {
			return
		}
	}
}

// Violate makes a violation of employees out of a message, and gives its id.
func (a *Archive) Violate(t testing.TB, messageID string, employees ...string) int64 {
	t.Helper()
	key := fmt.Sprintf("%s %v", messageID, employees)
	_, err := a.SaveViolations(t.Context(), []rules.Violation{{
		DedupeKey: key, Kind: rules.KindWord, RuleName: "searchtest", Severity: rules.High, MessageID: messageID,
		Words: []string{"x"}, Spans: []archive.Span{}, MsgType: "text", OccurredAt: Start, State: rules.StateOpen, Employees: employees,
	}})
	if err != nil {
		t.Fatal(err)
	}
	var id int64
	if err := a.Get(&id, `SELECT id FROM violations WHERE dedupe_key = $1`, key); err != nil {
		t.Fatal(err)
	}
	return id
}

// Dismiss calls a violation a false alarm.
func (a *Archive) Dismiss(t testing.TB, id int64) {
	t.Helper()
	c := rules.Change{State: rules.StateFalseAlarm, By: "boss", At: Start}
	if _, err := a.UpdateViolation(t.Context(), access.System(), id, c, audit.Entry{Actor: "boss", Action: audit.ViolationUpdated}); err != nil {
		t.Fatal(err)
	}
}

// NoteFiles notes the files of a batch, as the indexer of media does.
func (a *Archive) NoteFiles(t testing.TB, batch int64) {
	t.Helper()
	x := &media.Indexer{Store: a.DB, Decode: chatdata.Content}
	if err := x.Handle(t.Context(), outbox.Item{Args: fmt.Appendf(nil, `{"batch_id":%d}`, batch)}); err != nil {
		t.Fatal(err)
	}
}

// Fetch stores every file that waits, with the content that content gives
// its sdkfileid.
func (a *Archive) Fetch(t testing.TB, content func(sdkFileID string) string) {
	t.Helper()
	for {
		f, ok, err := a.ClaimFile(t.Context(), "searchtest", time.Minute, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		if ok, err := a.SaveFetched(t.Context(), f, fetched(content(f.SDKFileID))); err != nil || !ok {
			t.Fatalf("SaveFetched = %v, %v", ok, err)
		}
	}
}

// Look finds codes in every content that waits to be looked into.
func (a *Archive) Look(t testing.TB, codes ...string) {
	t.Helper()
	for {
		o, ok, err := a.ClaimObject(t.Context(), "searchtest", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		if ok, err := a.SaveLooked(t.Context(), o, media.Looked{Codes: codes}); err != nil || !ok {
			t.Fatalf("SaveLooked = %v, %v", ok, err)
		}
	}
}

// Viewer makes a viewer who may see some employees, and gives their scope.
func (a *Archive) Viewer(t testing.TB, name string, sees ...string) access.Scope {
	t.Helper()
	v := access.Viewer{Role: access.RoleViewer}
	if err := a.Get(&v.ID, `INSERT INTO viewers (person, userid, role) VALUES ($1, $1, 'viewer') RETURNING id`, name); err != nil {
		t.Fatal(err)
	}
	for _, e := range sees {
		a.MustExec(`INSERT INTO viewer_employees (viewer_id, person) VALUES ($1, $2)`, v.ID, e)
	}
	return v.Scope()
}

func fetched(content string) media.Fetched {
	sum := sha256.Sum256([]byte(content))
	return media.Fetched{SHA256: sum[:], SizeBytes: int64(len(content)), MD5: "d41d8cd98f00b204e9800998ecf8427e", Mime: "image/jpeg"}
}
