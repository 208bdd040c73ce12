package main

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"huicun/internal/wecomsim"
)

// checkStored compares what is stored with what the simulator served.
func (w *world) checkStored() {
	w.t.Helper()
	want := w.simMessages()
	var rows []struct {
		MsgID string `db:"msgid"`
		Raw   []byte `db:"raw"`
		Sum   []byte `db:"raw_sha256"`
	}
	if err := w.db.Select(&rows, `SELECT msgid, raw, raw_sha256 FROM messages`); err != nil {
		w.t.Fatal(err)
	}
	if len(rows) != len(want) {
		w.t.Errorf("%d messages stored, %d served", len(rows), len(want))
	}
	for _, r := range rows {
		sum := sha256.Sum256(r.Raw)
		if !bytes.Equal(r.Raw, want[r.MsgID]) || !bytes.Equal(sum[:], r.Sum) {
			w.t.Errorf("message %s: stored bytes differ from those served", r.MsgID)
		}
		delete(want, r.MsgID)
	}
	if s := w.snapshot(); !s.Recount.Agrees(s.State) {
		w.t.Errorf("rows %+v disagree with the counters %+v", *s.Recount, s.State)
	}
}

func TestFiveThousandMessagesByteForByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *wecomsim.Config) { c.Messages = 5000 })
	w.mustRun()
	w.waitReceived(5000)
	w.checkStored()
}

// examples are the messages printed in the reference, one a line.
func examples(t *testing.T) [][]byte {
	t.Helper()
	b, err := os.ReadFile("testdata/message-types.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(b), []byte("\n"))
}

func TestEveryExampleOfTheReferenceIsStoredByteForByte(t *testing.T) {
	t.Parallel()
	lines := examples(t)
	path := filepath.Join(t.TempDir(), "load.jsonl")
	if err := os.WriteFile(path, bytes.Join(lines, []byte("\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *wecomsim.Config) { c.Load = path })
	w.mustRun()
	w.waitReceived(int64(len(lines)))
	id := regexp.MustCompile(`"msgid":"([^"]*)"`)
	for _, line := range lines {
		msgid := string(id.FindSubmatch(line)[1])
		var raw []byte
		if err := w.db.Get(&raw, `SELECT raw FROM messages WHERE msgid = $1`, msgid); err != nil || !bytes.Equal(raw, line) {
			t.Errorf("%s: %v; stored %q, the file has %q", msgid, err, raw, line)
		}
	}
}

func TestKeyRotationAndItsLateKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *wecomsim.Config) { c.Messages = 50 })
	w.mustRun()
	w.waitReceived(50)
	w.call("POST", "/sim/keys", map[string]any{}, nil)
	for range 20 {
		w.call("POST", "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": "ZhouMingkai", "text": "新钥匙之后的一句话"}, nil)
	}
	w.waitReceived(70)
	if s := w.state(); s.Stored != 50 || s.Quarantined != 20 {
		t.Errorf("with the key missing: %d stored, %d in quarantine; want 50 and 20", s.Stored, s.Quarantined)
	}
	w.giveKey(2)
	w.waitFor("quarantine to open", func() bool { return w.state().Stored == 70 })
	w.checkStored()
}
