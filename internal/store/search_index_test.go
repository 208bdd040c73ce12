package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/ingest"
	"huicun/internal/outbox"
	"huicun/internal/rules"
	"huicun/internal/search"
	"huicun/internal/search/searchtest"
	"huicun/internal/store"
)

func picturesaid(from, to, file string) searchtest.Said {
	return searchtest.Said{From: from, To: []string{to}, Type: "image", Body: map[string]any{"sdkfileid": file, "md5sum": "0123456789abcdef0123456789abcdef", "filesize": 1000}}
}

// documents lists what the table holds of each message.
func documents(t *testing.T, a *searchtest.Archive) []string {
	t.Helper()
	rows := []string{}
	err := a.Select(&rows, `SELECT concat_ws(' ', seq, from_id, msgtype, flags, replace(body, U&'\FDD0', '|'), exact) FROM search_messages ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func wantDocuments(t *testing.T, a *searchtest.Archive, want ...string) {
	t.Helper()
	a.Index(t)
	if diff := cmp.Diff(append([]string{}, want...), documents(t, a)); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	var state, count int
	if err := a.Get(&state, `SELECT indexed FROM search_state`); err != nil {
		t.Fatal(err)
	}
	if err := a.Get(&count, `SELECT count(*) FROM search_messages`); err != nil || state != count {
		t.Errorf("%d documents are counted, %d are there, %v", state, count, err)
	}
}

// changes gives the number of the last change of each message.
func changes(t *testing.T, a *searchtest.Archive) (numbers []int64) {
	t.Helper()
	if err := a.Select(&numbers, `SELECT change FROM search_messages ORDER BY seq`); err != nil {
		t.Fatal(err)
	}
	return numbers
}

func TestEveryMessageHasADocument(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	a.Save(t,
		searchtest.Said{From: "Lin", To: []string{"wang"}, Text: "Ｈello\r\n 報價單"},
		searchtest.Said{From: "wang", To: []string{"lin"}, Text: ""},
		picturesaid("lin", "wang", "f1"),
		searchtest.Said{From: "wang", To: []string{"lin"}, Type: "link", Body: map[string]any{"title": "Sale", "description": "now", "link_url": "https://example.com/x"}},
		searchtest.Said{From: "wang", To: []string{"lin"}, At: searchtest.Start.AddDate(0, 2, 0), Text: "a\x00b\xffc"},
	)
	wantDocuments(t, a,
		"1 lin text 0 hello  报价单 hello  報價單", "2 wang text 0 ", "3 lin image 1 ", "4 wang link 2 sale now|https://example.com/x", "5 wang text 0 a�b�c")
}

func TestIndexingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	batch, ids := a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Text: "一"}, searchtest.Said{From: "lin", To: []string{"wang"}, Text: "二"})
	a.Index(t)
	before := changes(t, a)
	for range 2 {
		for _, args := range []string{fmt.Sprintf(`{"batch_id":%d}`, batch), fmt.Sprintf(`{"message_ids":[%q,%[1]q,%q]}`, ids[1], ids[0])} {
			if err := a.Indexer.Handle(t.Context(), outbox.Item{Args: []byte(args)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([][]int64{{1, 2}, {1, 2}}, [][]int64{before, changes(t, a)}); diff != "" {
		t.Errorf("numbers of changes before and after (-want +got):\n%s", diff)
	}
	if n, err := a.SaveDocuments(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("nothing to save: %d, %v", n, err)
	}
}

func TestRevokedMessagesAreMarked(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	revoke := func(from, to, msgid string) searchtest.Said {
		return searchtest.Said{From: from, To: []string{to}, Type: "revoke", Body: map[string]string{"pre_msgid": msgid}}
	}
	a.Save(t, revoke("lin", "wang", "late_external"), searchtest.Said{From: "lin", To: []string{"wang"}, MsgID: "first_external", Text: "x"}) // a revoke before what it names
	wantDocuments(t, a, "1 lin revoke 0 ", "2 lin text 0 x")
	before := changes(t, a)
	a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, MsgID: "late_external", Text: "y"}, revoke("lin", "wang", "first"), revoke("mao", "zhu", "late_external"))
	wantDocuments(t, a, "1 lin revoke 0 ", "2 lin text 8 x", "3 lin text 8 y", "4 lin revoke 0 ", "5 mao revoke 0 ")
	if after := changes(t, a); after[0] != before[0] || after[1] <= before[1] {
		t.Errorf("numbers of changes were %v, are %v; want a new one of the second only", before, after)
	}
	a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, MsgID: "first", Text: "meant"}) // the very one that the revoke names
	wantDocuments(t, a, "1 lin revoke 0 ", "2 lin text 0 x", "3 lin text 8 y", "4 lin revoke 0 ", "5 mao revoke 0 ", "6 lin text 8 meant")
}

func TestViolationsMarkTheirMessages(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	_, ids := a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Text: "x"}, searchtest.Said{From: "lin", To: []string{"wang"}, Text: "y"})
	id := a.Violate(t, ids[1], "lin") // before the messages are indexed
	wantDocuments(t, a, "1 lin text 0 x", "2 lin text 16 y")
	for _, step := range []struct {
		state rules.State
		want  string
	}{{rules.StateFalseAlarm, "2 lin text 0 y"}, {rules.StateOpen, "2 lin text 16 y"}, {rules.StateHandled, "2 lin text 16 y"}} {
		if _, err := a.UpdateViolation(t.Context(), access.System(), id, rules.Change{State: step.state, By: "boss", At: searchtest.Start}, audit.Entry{Actor: "boss", Action: audit.ViolationUpdated}); err != nil {
			t.Fatal(err)
		}
		wantDocuments(t, a, "1 lin text 0 x", step.want)
	}
}

func TestCodesInPicturesAreIndexed(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	same := func(string) string { return "one picture" }
	batch, _ := a.Save(t, picturesaid("lin", "wang", "f1"), picturesaid("lin", "wang", "f1"))
	a.NoteFiles(t, batch)
	wantDocuments(t, a, "1 lin image 1 ", "2 lin image 1 ")
	a.Fetch(t, same)
	a.Look(t, "HTTPS://Example.com/加", "二\x00")
	wantDocuments(t, a, "1 lin image 5 |https://example.com/加|二�", "2 lin image 5 |https://example.com/加|二�")

	batch, _ = a.Save(t, picturesaid("lin", "wang", "f1")) // a file that is here
	a.Index(t)
	a.NoteFiles(t, batch)
	batch, _ = a.Save(t, picturesaid("lin", "wang", "f2")) // another file with the same content
	a.NoteFiles(t, batch)
	a.Index(t)
	a.Fetch(t, same)
	wantDocuments(t, a, "1 lin image 5 |https://example.com/加|二�", "2 lin image 5 |https://example.com/加|二�",
		"3 lin image 5 |https://example.com/加|二�", "4 lin image 5 |https://example.com/加|二�")
}

// A link is found by where it leads, which its card shows and its text does not
// have; one in a forwarded chat too.
func TestAddressesOfLinksAreIndexed(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	link := map[string]any{"title": "店庆", "description": "", "link_url": "https://Shop.example.com/activity/667?q=臺"}
	inside, err := json.Marshal(link)
	if err != nil {
		t.Fatal(err)
	}
	a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Type: "link", Body: link},
		searchtest.Said{From: "lin", To: []string{"wang"}, Type: "chatrecord", Body: map[string]any{"title": "记录", "item": []any{
			map[string]any{"type": "ChatRecordLink", "msgtime": 1, "content": string(inside), "from_chatroom": false},
			map[string]any{"type": "ChatRecordLink", "msgtime": 1, "content": string(inside), "from_chatroom": false},
		}}},
		searchtest.Said{From: "lin", To: []string{"wang"}, Type: "link", Body: map[string]any{"title": "坏", "link_url": "javascript:alert(1)"}})
	wantDocuments(t, a, "1 lin link 2 店庆|https://shop.example.com/activity/667?q=台 店庆\ufdd0https://shop.example.com/activity/667?q=臺",
		"2 lin chatrecord 2 记录 店庆 店庆|https://shop.example.com/activity/667?q=台 记录 店庆 店庆\ufdd0https://shop.example.com/activity/667?q=臺",
		"3 lin link 2 坏")
}

func TestReleasedMessagesAreIndexed(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	f := fixture{DB: a.DB}
	f.lease, _, _ = a.TakeLease(t.Context(), ingest.LeasePull, "searchtest", time.Hour)
	b := batch(0)
	b.LastSeq, b.Received, b.Quarantined = 1, 1, []ingest.Quarantined{{ID: archive.MessageID("m1"), Seq: 1, MsgID: "m1", PublicKeyVer: 1, Reason: ingest.ReasonKeyMissing}}
	f.save(t, b)
	wantDocuments(t, a)
	m := said(1, "m1", "a", "b", "", "opened")
	if err := f.EnsurePartitions(t.Context(), m.SentAt); err != nil {
		t.Fatal(err)
	}
	if s, err := f.ReleaseQuarantine(t.Context(), f.lease, []archive.Decoded{m}, nil); err != nil || s.Added != 1 {
		t.Fatalf("ReleaseQuarantine = %+v, %v", s, err)
	}
	wantDocuments(t, a, "1 a text 0 opened")
}

func TestBatchesOfOlderVersionsAreIndexed(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	for i := range 3 {
		a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Text: fmt.Sprint("old ", i)})
	}
	a.MustExec(`DELETE FROM outbox WHERE kind = 'index'`)
	a.MustExec(`UPDATE pull_state SET index_batch_id = 1`) // as an older version leaves it: 2 and 3 have no item
	a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Text: "new"})
	wantDocuments(t, a, "2 lin text 0 old 1", "3 lin text 0 old 2", "4 lin text 0 new")
	a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Text: "newer"})
	var items int
	if err := a.Get(&items, `SELECT count(*) FROM outbox WHERE kind = 'index'`); err != nil || items != 4 {
		t.Errorf("%d items, %v; want one a batch", items, err)
	}
}

func TestLongTextsAreIndexed(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	var b strings.Builder
	for r := rune(0x4E00); b.Len() < 1<<20; r++ {
		b.WriteRune(0x4E00 + (r*7919)%0x5000)
		b.WriteRune(0x3400 + (r*104729)%0x1900)
	}
	said := []searchtest.Said{{From: "lin", To: []string{"wang"}, Text: b.String()}}
	for i := range 8 {
		said = append(said, searchtest.Said{From: "lin", To: []string{"wang"}, Text: strings.Repeat(fmt.Sprintf("第%d段", i), 80_000)})
	}
	a.Save(t, said...) // of each the first 100,000 characters are text
	a.Index(t)
	var n int
	if err := a.Get(&n, `SELECT count(*) FROM search_messages WHERE char_length(body) > 99000`); err != nil || n != 9 {
		t.Errorf("%d of 9 long texts are indexed, %v", n, err)
	}
	whole := search.Source{ID: archive.MessageID("whole"), BaseID: archive.MessageID("whole"), Seq: 99, ConvID: 1, SentAt: searchtest.Start, Text: b.String()}
	if n, err := a.SaveDocuments(t.Context(), []search.Source{whole}); n != 1 || err != nil {
		t.Errorf("a text of a megabyte: %d, %v", n, err)
	}
	if err := a.Get(&n, `SELECT octet_length(body) FROM search_messages WHERE seq = 99`); err != nil || n < 1<<20 {
		t.Errorf("a text of a megabyte has %d bytes, %v", n, err)
	}
}

// Whatever is known of a message while its batch is indexed again and again, by
// several at once, is in its document in the end; and who reads changes in their
// order misses none.
func TestNothingIsLostBetweenIndexers(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	const n = 40
	var said []searchtest.Said
	for i := range n {
		said = append(said, searchtest.Said{MsgID: fmt.Sprint("o", i), From: "lin", To: []string{"wang"}, Text: fmt.Sprint("text ", i)})
		said = append(said, picturesaid("lin", "wang", fmt.Sprint("f", i)))
	}
	batch, ids := a.Save(t, said...)
	ctx, stop := context.WithCancel(t.Context())
	var workers, feed sync.WaitGroup
	for w := range 3 {
		r := &outbox.Runner{Store: a.DB, Handlers: map[string]outbox.Handler{search.KindIndex: a.Indexer.Handle}, Worker: fmt.Sprint("w", w), Workers: 2}
		workers.Add(1)
		go func() { defer workers.Done(); _ = r.Run(ctx) }()
	}
	seen := map[string]string{}
	var cursor int64
	follow := func() { follow(t, a.DB, &cursor, seen) }
	done := make(chan struct{})
	feed.Add(1)
	go func() {
		defer feed.Done()
		for {
			select {
			case <-done:
				return
			default:
				follow()
			}
		}
	}()
	a.NoteFiles(t, batch)
	for i := range n {
		a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Type: "revoke", Body: map[string]string{"pre_msgid": fmt.Sprint("o", i)}})
		a.Violate(t, ids[2*i], "lin")
		if i == n/2 {
			a.Fetch(t, func(name string) string { return name })
			a.Look(t, "code")
		}
	}
	for left := 1; left > 0; {
		if err := a.Get(&left, `SELECT count(*) FROM outbox WHERE kind = 'index' AND state NOT IN ('completed', 'discarded')`); err != nil {
			t.Fatal(err)
		}
		errs := []string{}
		if err := a.Select(&errs, `SELECT unnest(errors) FROM outbox WHERE kind = 'index'`); err != nil || len(errs) > 0 {
			t.Fatalf("indexing failed: %q, %v", errs, err)
		}
	}
	close(done)
	feed.Wait()
	stop()
	workers.Wait()
	follow()
	for i := range n {
		if got, want := seen[ids[2*i]], "24 "+fmt.Sprint("text ", i); got != want {
			t.Errorf("message %d: %q, want %q", i, got, want)
		}
		if got, want := seen[ids[2*i+1]], "5 |code"; got != want {
			t.Errorf("picture %d: %q, want %q", i, got, want)
		}
	}
}

// follow reads the changes beyond a cursor, as who keeps a copy does.
func follow(t *testing.T, db *store.DB, cursor *int64, seen map[string]string) {
	t.Helper()
	var upTo int64
	if err := db.Get(&upTo, `SELECT change FROM search_state`); err != nil {
		t.Error(err)
		return
	}
	var rows []struct{ ID, Doc string }
	err := db.Select(&rows, `SELECT id, concat(flags, ' ', replace(body, U&'\FDD0', '|')) AS doc FROM search_messages WHERE change > $1 AND change <= $2`, *cursor, upTo)
	if err != nil {
		t.Error(err)
		return
	}
	for _, r := range rows {
		seen[r.ID] = r.Doc
	}
	*cursor = upTo
}
