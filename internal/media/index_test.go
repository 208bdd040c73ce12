package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/outbox"
)

// indexStore holds one batch in memory.
type indexStore struct {
	batch    int64
	messages []archive.Message
	pages    []int
	refs     []Ref
	fail     error
}

func (s *indexStore) FindMediaMessages(_ context.Context, sc access.Scope, batch, afterSeq int64, afterID string, limit int) ([]archive.Message, error) {
	if !sc.All() || batch != s.batch {
		return nil, fmt.Errorf("batch %d in scope %v was asked for", batch, sc)
	}
	var page []archive.Message
	for _, m := range s.messages {
		if (m.Seq > afterSeq || m.Seq == afterSeq && m.ID > afterID) && len(page) < limit {
			page = append(page, m)
		}
	}
	s.pages = append(s.pages, len(page))
	return page, nil
}

func (s *indexStore) SaveRefs(_ context.Context, refs []Ref) error {
	s.refs = append(s.refs, refs...)
	return s.fail
}

func handle(t *testing.T, s *indexStore) error {
	t.Helper()
	x := &Indexer{Store: s, Decode: chatdata.Content}
	return x.Handle(t.Context(), outbox.Item{Kind: KindIndex, Args: json.RawMessage(fmt.Sprintf(`{"batch_id": %d}`, s.batch))})
}

func message(n int, raw string) archive.Message {
	return archive.Message{ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", n), Seq: int64(n), ConvID: 7, SentAt: time.Unix(int64(n), 0), Raw: []byte(raw)}
}

const mixedRaw = `{"msgid":"m","msgtype":"mixed","mixed":{"item":[
{"type":"text","content":"{\"content\":\"look\"}"},
{"type":"image","content":"{\"sdkfileid\":\"one\",\"md5sum\":\"900150983CD24FB0D6963F7D28E17F72\",\"filesize\":3}"},
{"type":"emotion","content":"{\"sdkfileid\":\"sticker\",\"type\":1,\"width\":10,\"height\":10,\"imagesize\":5}"},
{"type":"link","content":"{\"title\":\"a page\",\"link_url\":\"https://example.com/\"}"},
{"type":"file","content":"{\"sdkfileid\":\"two\",\"filename\":\"b.pdf\",\"filesize\":12,\"md5sum\":\"not an md5\"}"}]}}`

func TestIndexerNumbersPlacesAsReadersDo(t *testing.T) {
	s := &indexStore{batch: 3, messages: []archive.Message{
		message(1, mixedRaw),
		message(2, `{"msgid":"e","msgtype":"emotion","emotion":{"sdkfileid":"gif","type":1,"imagesize":9,"md5sum":""}}`),
		message(3, `{"msgid":"t","msgtype":"text","text":{"content":"nothing"}}`),
		message(4, `{"msgid":"n","msgtype":"external_redpacket"}`),
	}}
	if err := handle(t, s); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.refs {
		got = append(got, fmt.Sprintf("%d.%d %s %s %q %s %d %s", r.Seq, r.Pos, r.Tab, r.Kind, r.Title, r.SDKFileID, r.SizeBytes, r.MD5))
		if r.ConvID != 7 || !r.SentAt.Equal(time.Unix(r.Seq, 0)) {
			t.Errorf("ref of another message: %+v", r)
		}
	}
	want := []string{
		`1.0 visual image "" one 3 900150983cd24fb0d6963f7d28e17f72`,
		`1.1 link link "a page"  0 `,
		`1.2 file file "b.pdf" two 12 `,
		`1.3 none emotion "" sticker 5 `,
		`2.0 none emotion "" gif 9 `,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refs (-want +got):\n%s", diff)
	}
	c := chatdata.Content([]byte(mixedRaw))
	for _, r := range s.refs[:3] {
		part, ok := c.MediaPart(r.Pos)
		if !ok || part.Kind != r.Kind {
			t.Errorf("place %d is %s for a reader, %s in the index", r.Pos, part.Kind, r.Kind)
		}
	}
}

func TestIndexerKeepsOutWhatCannotBeAskedFor(t *testing.T) {
	long := strings.Repeat("x", 5000)
	s := &indexStore{batch: 1, messages: []archive.Message{
		message(1, `{"msgid":"a","msgtype":"image","image":{"sdkfileid":"`+long+`","filesize":1}}`),
		message(2, `{"msgid":"b","msgtype":"image","image":{"sdkfileid":"a\u0000b","filesize":1}}`),
		message(3, `{"msgid":"c","msgtype":"emotion","emotion":{"sdkfileid":"`+long+`"}}`),
		message(4, `{"msgid":"d","msgtype":"file","file":{"filename":"`+strings.Repeat("名", 2000)+`","filesize":-4,"sdkfileid":"ok"}}`),
	}}
	if err := handle(t, s); err != nil {
		t.Fatal(err)
	}
	if len(s.refs) != 3 {
		t.Fatalf("%d refs, want 3", len(s.refs))
	}
	for _, r := range s.refs[:2] {
		if r.SDKFileID != "" || r.Tab != archive.TabVisual {
			t.Errorf("ref %+v, want the place without a file", r)
		}
	}
	last := s.refs[2]
	if last.SizeBytes != 0 || len(last.Title) > maxTitle || last.Title != strings.Repeat("名", maxTitle/3) {
		t.Errorf("size %d, title of %d bytes", last.SizeBytes, len(last.Title))
	}
}

func TestIndexerReadsPages(t *testing.T) {
	s := &indexStore{batch: 9}
	for i := range 401 {
		s.messages = append(s.messages, message(i/2, fmt.Sprintf(`{"msgid":"x","msgtype":"image","image":{"sdkfileid":"f%d"}}`, i)))
		s.messages[i].ID = fmt.Sprintf("00000000-0000-0000-0000-%012d", i)
	}
	if err := handle(t, s); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range s.refs {
		seen[r.SDKFileID] = true
	}
	if len(seen) != 401 || len(s.refs) != 401 || !slices.Equal(s.pages, []int{200, 200, 1}) {
		t.Errorf("%d files in %d refs of pages %v", len(seen), len(s.refs), s.pages)
	}
}

func TestIndexerErrors(t *testing.T) {
	x := &Indexer{Store: &indexStore{}, Decode: chatdata.Content}
	for _, args := range []string{``, `{}`, `{"batch_id":"x"}`, `{"batch_id":-1}`, `[`} {
		if err := x.Handle(t.Context(), outbox.Item{Args: json.RawMessage(args)}); err == nil {
			t.Errorf("args %s were taken", args)
		}
	}
	down := errors.New("down")
	s := &indexStore{batch: 1, fail: down, messages: []archive.Message{message(1, mixedRaw)}}
	if err := handle(t, s); !errors.Is(err, down) {
		t.Errorf("a store that is down: %v", err)
	}
	x.Store = s
	last := outbox.Item{Args: json.RawMessage(`{"batch_id": 1}`), Attempt: 20, MaxAttempts: 20}
	if err := x.Handle(t.Context(), last); err == nil || err.Error() != outbox.Snooze(lastAttemptPause).Error() {
		t.Errorf("at the last attempt: %v, want it to be put off: given up, its files are lost", err)
	}
}

func TestIndexerOneBadMessageKeepsNoOther(t *testing.T) {
	s := &indexStore{batch: 1, messages: []archive.Message{message(1, mixedRaw), message(2, "bad"), message(3, mixedRaw)}}
	x := &Indexer{Store: s, Decode: func(raw []byte) archive.Content {
		if string(raw) == "bad" {
			panic("planned")
		}
		return chatdata.Content(raw)
	}}
	if err := x.Handle(t.Context(), outbox.Item{Args: json.RawMessage(`{"batch_id": 1}`)}); err != nil {
		t.Fatal(err)
	}
	if len(s.refs) != 8 {
		t.Errorf("%d refs, want those of two messages", len(s.refs))
	}
}
