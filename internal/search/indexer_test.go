package search

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

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
	taken    []string // what FindTakenBack says
	refuses  string   // texts that SaveDocuments refuses
	fail     error

	saved []Source
	calls int // of SaveDocuments
}

func (s *indexStore) FindIndexMessages(_ context.Context, _ access.Scope, batch, afterSeq int64, _ string, limit, _ int) ([]archive.Message, error) {
	var page []archive.Message
	for _, m := range s.messages {
		if batch == s.batch && m.Seq > afterSeq && len(page) < limit {
			page = append(page, m)
		}
	}
	return page, s.fail
}

func (s *indexStore) FindMessagesByID(_ context.Context, _ access.Scope, ids []string) ([]archive.Message, error) {
	var found []archive.Message
	for _, m := range s.messages {
		if slices.Contains(ids, m.ID) {
			found = append(found, m)
		}
	}
	return found, s.fail
}

func (s *indexStore) FindTakenBack(context.Context, access.Scope, []archive.Message) ([]string, error) {
	return s.taken, nil
}

func (s *indexStore) SaveDocuments(_ context.Context, sources []Source) (int, error) {
	s.calls++
	for _, x := range sources {
		if s.refuses != "" && x.Text == s.refuses {
			return 0, ErrRefused
		}
	}
	s.saved = append(s.saved, sources...)
	return len(sources), nil
}

func (s *indexStore) texts() string {
	var all []string
	for _, x := range s.saved {
		all = append(all, x.Text)
	}
	return strings.Join(all, " ")
}

func textMessages(texts ...string) []archive.Message {
	ms := make([]archive.Message, len(texts))
	for i, text := range texts {
		ms[i] = archive.Message{ID: archive.MessageID(text), Seq: int64(i), MsgType: "text", Text: text}
	}
	return ms
}

func handle(t *testing.T, s *indexStore, item outbox.Item) error {
	t.Helper()
	return (&Indexer{Store: s, Decode: chatdata.Content}).Handle(t.Context(), item)
}

func args(t *testing.T, v map[string]any) outbox.Item {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return outbox.Item{Args: b, Attempt: 1, MaxAttempts: 20}
}

func TestIndexerReadsBatchesAndMessages(t *testing.T) {
	s := &indexStore{batch: 3, messages: textMessages("a", "b", "c"), taken: []string{archive.MessageID("a"), archive.MessageID("unknown")}}
	if err := handle(t, s, args(t, map[string]any{"batch_id": 3})); err != nil {
		t.Fatal(err)
	}
	if got := s.texts(); got != "a b c a" {
		t.Errorf("indexed %q, want the batch and what it takes back", got)
	}
	s.saved = nil
	if err := handle(t, s, args(t, map[string]any{"message_ids": []string{archive.MessageID("b")}})); err != nil || s.texts() != "b" {
		t.Errorf("indexed %q, %v; want the one message", s.texts(), err)
	}
}

func TestIndexerRefusesStrangeArgs(t *testing.T) {
	for _, text := range []string{``, `{}`, `[`, `{"batch_id":"x"}`, `{"batch_id":-1}`, `{"message_ids":[]}`, `{"message_ids":["x"]}`, `{"message_ids":["'; DROP TABLE x"]}`} {
		if err := handle(t, &indexStore{}, outbox.Item{Args: json.RawMessage(text)}); err == nil {
			t.Errorf("args %s were taken", text)
		}
	}
}

// A message that cannot be stored keeps no other from being found, and is told.
func TestIndexerOneRefusedMessageKeepsNoOther(t *testing.T) {
	s := &indexStore{batch: 1, messages: textMessages("a", "b", "c", "bad", "d", "e"), refuses: "bad"}
	err := handle(t, s, args(t, map[string]any{"batch_id": 1}))
	if err == nil || !strings.Contains(err.Error(), "seq [3]") {
		t.Errorf("Handle = %v, want the seq of the message that was refused", err)
	}
	if diff := cmp.Diff("a b c d e", s.texts()); diff != "" {
		t.Errorf("indexed (-want +got):\n%s", diff)
	}
	if got, want := err.Error(), outbox.Permanent(errors.New("1 messages cannot be indexed, among them seq [3]")).Error(); got != want {
		t.Errorf("Handle = %q, want %q", got, want)
	}
}

func TestIndexerNeverGivesUp(t *testing.T) {
	down := errors.New("down")
	s := &indexStore{batch: 1, messages: textMessages("a"), fail: down}
	item := args(t, map[string]any{"batch_id": 1})
	if err := handle(t, s, item); !errors.Is(err, down) {
		t.Errorf("a store that is down: %v", err)
	}
	item.Attempt = 20
	if err := handle(t, s, item); err == nil || err.Error() != outbox.Snooze(lastAttemptPause).Error() {
		t.Errorf("at the last attempt: %v, want it to be put off: given up, its messages are never found", err)
	}
}

func TestIndexerLivesWithADecoderThatPanics(t *testing.T) {
	s := &indexStore{batch: 1, messages: textMessages("a", "b")}
	s.messages[0].Raw = []byte("bad")
	x := &Indexer{Store: s, Decode: func([]byte) archive.Content { panic("planned") }}
	if err := x.Handle(t.Context(), args(t, map[string]any{"batch_id": 1})); err != nil || s.texts() != "a b" {
		t.Errorf("indexed %q, %v", s.texts(), err)
	}
}
