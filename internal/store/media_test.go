package store_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/ingest"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/media"
	"huicun/internal/store"
)

// picture makes an image message with a file, sent seq seconds after t0.
func picture(seq int64, msgid, from, to, sdkFileID string) archive.Decoded {
	raw := fmt.Appendf(nil, `{"msgid":%q,"action":"send","from":%q,"tolist":[%q],"roomid":"","msgtime":%d,"msgtype":"image","image":{"sdkfileid":%q,"md5sum":"0123456789abcdef0123456789abcdef","filesize":1000}}`,
		msgid, from, to, t0.UnixMilli()+seq*1000, sdkFileID)
	return chatdata.Decode(chatdata.Outer{MsgID: msgid, Seq: seq, PublicKeyVer: 1, PulledAt: t0.Add(time.Hour)}, raw)
}

// ref makes what the indexer finds in a picture.
func ref(m archive.Decoded, conv int64, pos int, sdkFileID string) media.Ref {
	return media.Ref{
		MessageID: m.ID, Pos: pos, ConvID: conv, SentAt: m.SentAt, Seq: m.Seq, Tab: archive.TabVisual, Kind: archive.ContentImage,
		SDKFileID: sdkFileID, SizeBytes: 1000, MD5: "0123456789abcdef0123456789abcdef",
	}
}

// waiting stores n files to be fetched, sent a second apart.
func (f fixture) waiting(t *testing.T, n int) []string {
	t.Helper()
	var refs []media.Ref
	var ids []string
	for i := range n {
		name := fmt.Sprintf("file-%d", i)
		refs = append(refs, ref(picture(int64(i), "m-"+name, "a", "b", name), 1, 0, name))
		ids = append(ids, archive.FileID(name))
	}
	if err := f.SaveRefs(t.Context(), refs); err != nil {
		t.Fatal(err)
	}
	return ids
}

func (f fixture) claim(t *testing.T, urgent time.Time) (media.File, bool) {
	t.Helper()
	file, ok, err := f.ClaimFile(t.Context(), "w", time.Minute, urgent)
	if err != nil {
		t.Fatal(err)
	}
	return file, ok
}

// took claims a file that must be there.
func (f fixture) took(t *testing.T) media.File {
	t.Helper()
	file, ok := f.claim(t, t0)
	if !ok {
		t.Fatal("no file is due")
	}
	return file
}

func (f fixture) text(t *testing.T, query string, args ...any) string {
	t.Helper()
	var got string
	if err := f.Get(&got, query, args...); err != nil {
		t.Fatal(err)
	}
	return got
}

func content(text string) media.Fetched {
	sum := sha256.Sum256([]byte(text))
	return media.Fetched{SHA256: sum[:], SizeBytes: int64(len(text)), MD5: "d41d8cd98f00b204e9800998ecf8427e", Mime: "image/jpeg"}
}

func done(t *testing.T) func(bool, error) {
	t.Helper()
	return func(ok bool, err error) {
		t.Helper()
		if err != nil || !ok {
			t.Fatalf("got %v, %v; want it done", ok, err)
		}
	}
}

func lost(t *testing.T) func(bool, error) {
	t.Helper()
	return func(ok bool, err error) {
		t.Helper()
		if err != nil || ok {
			t.Errorf("got %v, %v; want that the claim is lost", ok, err)
		}
	}
}

func TestBatchesAreLookedThroughForMedia(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	items := func(want string) {
		t.Helper()
		const q = `SELECT COALESCE(string_agg(concat(kind, ' ', args->>'batch_id'), ', ' ORDER BY kind, CAST(args->>'batch_id' AS bigint)), '') FROM outbox WHERE kind IN ('media', 'scan')`
		if got := f.text(t, q); got != want {
			t.Errorf("follow-up work is %q, want %q", got, want)
		}
	}
	f.save(t, batch(0, said(1, "m1", "a", "b", "", "x")))
	items("media 1, scan 1")
	f.save(t, batch(1, said(1, "m1", "a", "b", "", "x"))) // nothing new
	items("media 1, scan 1")
	f.save(t, batch(1, said(2, "m2", "a", "b", "", "x")))
	f.MustExec(`DELETE FROM outbox WHERE args->>'batch_id' = '2' AND kind = 'media'`)
	f.MustExec(`UPDATE pull_state SET media_batch_id = 1`) // as an older version leaves it
	f.save(t, batch(2, said(3, "m3", "a", "b", "", "x")))
	items("media 1, media 2, media 3, scan 1, scan 2, scan 3")
	f.save(t, batch(3, said(4, "m4", "a", "b", "", "x")))
	items("media 1, media 2, media 3, media 4, scan 1, scan 2, scan 3, scan 4")
}

func TestReleasedMessagesAreLookedThroughForMedia(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := batch(0)
	b.LastSeq, b.Received, b.Quarantined = 1, 1, []ingest.Quarantined{{ID: archive.MessageID("m1"), Seq: 1, MsgID: "m1", PublicKeyVer: 1, Reason: ingest.ReasonKeyMissing}}
	f.save(t, b)
	m := picture(1, "m1", "a", "b", "x")
	if err := f.EnsurePartitions(t.Context(), m.SentAt); err != nil {
		t.Fatal(err)
	}
	s, err := f.ReleaseQuarantine(t.Context(), f.lease, []archive.Decoded{m}, nil)
	if err != nil || s.Added != 1 {
		t.Fatalf("ReleaseQuarantine = %+v, %v", s, err)
	}
	if got, want := f.text(t, `SELECT string_agg(kind || ' ' || (args->>'batch_id'), ', ' ORDER BY id) FROM outbox WHERE kind IN ('media', 'scan')`), fmt.Sprintf("scan %d, media %[1]d", s.BatchID); got != want {
		t.Errorf("follow-up work is %q, want %q", got, want)
	}
	if ms, err := f.FindMediaMessages(t.Context(), access.System(), s.BatchID, -1, "", 10); err != nil || len(ms) != 1 {
		t.Errorf("FindMediaMessages = %d, %v; want the one that was released", len(ms), err)
	}
}

func TestRefsTwiceChangeNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := picture(1, "m1", "a", "b", "x")
	refs := []media.Ref{ref(m, 1, 0, "x"), ref(m, 1, 1, "x"), ref(m, 1, 2, "y"), {
		MessageID: m.ID, Pos: 3, ConvID: 1, SentAt: m.SentAt, Seq: 1, Tab: archive.TabLink, Kind: archive.ContentLink, Title: "标题\x00",
	}, {MessageID: m.ID, Pos: 4, ConvID: 1, SentAt: m.SentAt, Seq: 1, Tab: archive.TabNone, Kind: archive.ContentEmotion, SDKFileID: "z"}}
	const all = `SELECT (SELECT jsonb_agg(to_jsonb(m) ORDER BY id)::text FROM media m) || (SELECT jsonb_agg(to_jsonb(p) ORDER BY pos)::text FROM message_media p)`
	var first string
	for i := range 3 {
		if err := f.SaveRefs(t.Context(), refs); err != nil {
			t.Fatal(err)
		}
		if got := f.text(t, all); i == 0 {
			first = got
		} else if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("saved again (-first +got):\n%s", diff)
		}
	}
	if got := f.text(t, `SELECT concat((SELECT count(*) FROM media), ' ', (SELECT count(*) FROM message_media))`); got != "3 5" {
		t.Errorf("files and places: %s, want 3 5", got)
	}
	if err := f.SaveRefs(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestOneContentUnderTwoNamesIsOneObject(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.waiting(t, 2)
	for range 2 {
		done(t)(f.SaveFetched(t.Context(), f.took(t), content("same")))
	}
	if got := f.text(t, `SELECT count(*) FROM media_objects`); got != "1" {
		t.Errorf("%s objects, want 1", got)
	}
	o, ok, err := f.ClaimObject(t.Context(), "w", time.Minute)
	if err != nil || !ok || o.Kind != "image" || o.Mime != "image/jpeg" || o.SizeBytes != 4 {
		t.Fatalf("ClaimObject = %+v, %v, %v", o, ok, err)
	}
	if _, ok, err := f.ClaimObject(t.Context(), "w", time.Minute); ok || err != nil {
		t.Errorf("the object was claimed twice: %v", err)
	}
	looked := media.Looked{
		Width: 40, Height: 30, Waveform: []byte{1, 255}, Codes: []string{"https://example.com/?a=b", `"{`},
		Renditions: []archive.Rendition{
			{Name: archive.RenditionThumb, Mime: "image/jpeg", SizeBytes: 10, Width: 4, Height: 3},
			{Name: archive.RenditionLarge, Mime: "image/jpeg", SizeBytes: 20, Width: 8, Height: 6},
		},
	}
	done(t)(f.SaveLooked(t.Context(), o, looked))
	lost(t)(f.SaveLooked(t.Context(), o, media.Looked{}))
	files, err := f.FindFiles(t.Context(), append(ids, archive.FileID("unknown")))
	if err != nil || len(files) != 2 {
		t.Fatalf("FindFiles = %d files, %v; want 2", len(files), err)
	}
	for _, id := range ids {
		want := archive.File{
			ID: id, State: archive.FileReady, SHA256: content("same").SHA256, SizeBytes: 4, MD5: content("same").MD5, Mime: "image/jpeg",
			Looked: true, Width: 40, Height: 30, Waveform: looked.Waveform, Codes: looked.Codes,
			Renditions: []archive.Rendition{looked.Renditions[1], looked.Renditions[0]},
		}
		if diff := cmp.Diff(want, files[id]); diff != "" {
			t.Errorf("file %s (-want +got):\n%s", id, diff)
		}
	}
}

func TestObjectsAreGivenBackAndGivenUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.waiting(t, 1)
	done(t)(f.SaveFetched(t.Context(), f.took(t), content("x")))
	claim := func() media.Object {
		t.Helper()
		o, ok, err := f.ClaimObject(t.Context(), "w", time.Minute)
		if err != nil || !ok {
			t.Fatalf("ClaimObject = %v, %v", ok, err)
		}
		return o
	}
	first := claim()
	done(t)(f.PostponeObject(t.Context(), first, time.Hour, true, "busy"))
	lost(t)(f.EndObject(t.Context(), first, "late"))
	if d, ok, err := f.NextObjectIn(t.Context()); err != nil || !ok || d < 59*time.Minute {
		t.Errorf("NextObjectIn = %v, %v, %v; want an hour", d, ok, err)
	}
	f.MustExec(`UPDATE media_objects SET work_due_at = now() - interval '1 second'`)
	second := claim()
	if second.Attempt != 1 {
		t.Errorf("attempt %d, want 1", second.Attempt)
	}
	f.MustExec(`UPDATE media_objects SET work_due_at = now() - interval '1 second'`) // its holder died
	third := claim()
	lost(t)(f.SaveLooked(t.Context(), second, media.Looked{Width: 1}))
	done(t)(f.EndObject(t.Context(), third, "no picture"))
	files, err := f.FindFiles(t.Context(), []string{archive.FileID("file-0")})
	if err != nil {
		t.Fatal(err)
	}
	if got := files[archive.FileID("file-0")]; !got.Looked || got.State != archive.FileReady || got.Width != 0 {
		t.Errorf("given up: %+v, want it ready and looked at", got)
	}
	if _, ok, err := f.NextObjectIn(t.Context()); ok || err != nil {
		t.Errorf("NextObjectIn = %v, %v; want none", ok, err)
	}
	for i, want := range []int{1, 0} {
		if n, err := f.RetryObjects(t.Context()); err != nil || n != want {
			t.Errorf("RetryObjects, time %d = %d, %v; want %d", i+1, n, err, want)
		}
	}
	if again := claim(); again.Attempt != 0 {
		t.Errorf("attempt %d after a retry", again.Attempt)
	}
}

// notices collects what is told on a channel until want of them came.
func (f fixture) notices(t *testing.T, want int, channel string) func() []string {
	t.Helper()
	got, ready := make(chan string, 100), make(chan struct{})
	var once sync.Once
	go func() {
		_ = f.Listen(t.Context(), func(n store.Notification) {
			once.Do(func() { close(ready) })
			if n.Payload != "" {
				got <- n.Payload
			}
		}, channel)
	}()
	<-ready
	return func() []string {
		t.Helper()
		var all []string
		for len(all) < want {
			select {
			case p := <-got:
				all = append(all, p)
			case <-time.After(2 * time.Minute):
				t.Fatalf("told %v, want %d", all, want)
			}
		}
		return all
	}
}

func TestFilesAreToldToOpenChatsAndWorkers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	live, work := f.notices(t, 2, store.ChannelLive), f.notices(t, 2, store.ChannelMedia)
	id := f.waiting(t, 1)[0]
	done(t)(f.SaveFetched(t.Context(), f.took(t), content("x")))
	o, _, err := f.ClaimObject(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	done(t)(f.SaveLooked(t.Context(), o, media.Looked{}))
	for _, payload := range live() {
		var got map[string]string
		if err := json.Unmarshal([]byte(payload), &got); err != nil || got["file_id"] != id {
			t.Errorf("told %s, %v; want file %s", payload, err, id)
		}
	}
	if diff := cmp.Diff([]string{store.MediaFetch, store.MediaLook}, work()); diff != "" {
		t.Errorf("workers (-want +got):\n%s", diff)
	}
}

func TestFindMediaMessages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.save(t, batch(0, said(1, "m1", "a", "b", "", "text"), picture(2, "m2", "a", "b", "x"), picture(3, "m3", "a", "b", "y"), picture(3, "m4", "a", "b", "z")))
	var got []string
	after, id := int64(-1), ""
	for {
		ms, err := f.FindMediaMessages(t.Context(), access.System(), s.BatchID, after, id, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(ms) == 0 {
			break
		}
		got = append(got, ms[0].MsgID)
		after, id = ms[0].Seq, ms[0].ID
		if len(ms[0].Raw) == 0 {
			t.Error("a message without its bytes")
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"m2", "m3", "m4"}, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		scope access.Scope
		batch int64
	}{{access.Scope{}, s.BatchID}, {access.System(), 99}} {
		if ms, err := f.FindMediaMessages(t.Context(), tt.scope, tt.batch, -1, "", 10); err != nil || len(ms) != 0 {
			t.Errorf("%+v gives %d messages, %v; want none", tt, len(ms), err)
		}
	}
}
