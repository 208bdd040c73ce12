package audit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/audit"
)

// memory is a Store that fails as often as it is told.
type memory struct {
	entries []audit.Entry
	fail    int
}

func (m *memory) SaveAuditEntry(_ context.Context, e audit.Entry) error {
	if m.fail > 0 {
		m.fail--
		return errors.New("no room")
	}
	m.entries = append(m.entries, e)
	return nil
}

func TestRecordOnce(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	store := &memory{}
	rec := &audit.Recorder{Store: store, Now: func() time.Time { return now }}
	read := func(actor, object string) {
		t.Helper()
		o := audit.Origin{Actor: actor, IP: "192.0.2.1", RequestID: "r"}
		if err := rec.RecordOnce(t.Context(), o.Entry(audit.ConversationRead, object, nil)); err != nil {
			t.Fatal(err)
		}
	}
	read("wang", "conversation:1")
	read("wang", "conversation:1") // within the window: no entry
	read("wang", "conversation:2")
	read("zhao", "conversation:1")
	now = now.Add(10*time.Minute - time.Second)
	read("wang", "conversation:1") // still within
	now = now.Add(time.Second)
	read("wang", "conversation:1")

	var got []string
	for _, e := range store.entries {
		got = append(got, e.Actor+" "+e.Object)
	}
	want := []string{"wang conversation:1", "wang conversation:2", "zhao conversation:1", "wang conversation:1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestRecordOnceForgetsWhatWasNotWritten(t *testing.T) {
	store := &memory{fail: 1}
	rec := &audit.Recorder{Store: store}
	e := audit.Origin{Actor: "wang"}.Entry(audit.ConversationRead, "conversation:1", nil)
	if err := rec.RecordOnce(t.Context(), e); err == nil {
		t.Fatal("RecordOnce hides that the store failed")
	}
	if err := rec.RecordOnce(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]audit.Entry{e}, store.entries); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestObject(t *testing.T) {
	if got, want := audit.Object("rule", 7), "rule:7"; got != want {
		t.Errorf("Object = %q, want %q", got, want)
	}
}

// RecordFirst writes each time, and what RecordOnce finds after it is done.
func TestRecordFirst(t *testing.T) {
	store := &memory{}
	rec := &audit.Recorder{Store: store}
	e := audit.Origin{Actor: "wang"}.Entry(audit.FileOpened, "file:1", nil)
	count := func(what string, want int, err error) {
		t.Helper()
		if err != nil || len(store.entries) != want {
			t.Errorf("%s: %d entries, %v; want %d", what, len(store.entries), err, want)
		}
	}
	count("opened", 1, rec.RecordFirst(t.Context(), e))
	count("a further part", 1, rec.RecordOnce(t.Context(), e))
	count("opened again", 2, rec.RecordFirst(t.Context(), e))
	e.Object, store.fail = "file:2", 1
	if err := rec.RecordFirst(t.Context(), e); err == nil {
		t.Error("an entry that was not written is no error")
	}
	count("a part of what was not noted", 3, rec.RecordOnce(t.Context(), e))
}
