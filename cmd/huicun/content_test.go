package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"huicun/internal/wecomsim"
	"huicun/server/api"
)

// foreignValues stand where something else belongs: what nobody who wrote a
// message file for this program has thought of.
var foreignValues = []string{
	`null`, `{}`, `[]`, `""`, `7`, `-1`, `1e400`, `true`, `"42"`, `{"a":{"b":[1,null]}}`, `[[[[[[[[[[[1]]]]]]]]]]]`,
	`"<img src=x onerror=alert(1)>"`, `"\u202Egpj.exe"`, `"a\u0000b\ud83d"`, `"javascript:alert(1)"`, `"../../etc/passwd"`,
	`"` + strings.Repeat("长", 17<<10) + `"`,
}

const foreignRoom = "wrForeign000000000000000000000000"

// foreignMessages are the examples of the reference in one group, each with one
// field of its payload removed or replaced, and one with fields nobody knows.
// usable ones keep something of their payload.
func foreignMessages(t *testing.T) (out [][]byte, usable map[string]bool) {
	t.Helper()
	usable = map[string]bool{}
	add := func(m map[string]json.RawMessage, something bool) {
		m = maps.Clone(m)
		m["msgid"] = json.RawMessage(fmt.Sprintf(`"foreign%d_1767240015321_external"`, len(out)))
		m["roomid"] = json.RawMessage(`"` + foreignRoom + `"`)
		m["msgtime"] = json.RawMessage(fmt.Sprint(1767240000000 + len(out)*1000))
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
		usable[string(b)] = something
	}
	turn := 0
	for _, line := range examples(t) {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		if _, ok := m["msgtype"]; !ok {
			continue // a switch belongs to no chat
		}
		with := maps.Clone(m)
		with["a_new_field"], with["another"] = json.RawMessage(`{"x":[1,2]}`), json.RawMessage(`"text"`)
		add(with, true)
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if slices.Contains([]string{"msgid", "action", "from", "tolist", "roomid", "msgtime", "msgtype"}, key) {
				continue
			}
			changed := maps.Clone(m)
			delete(changed, key)
			add(changed, true)
			changed[key] = json.RawMessage(foreignValues[turn%len(foreignValues)])
			turn++
			add(changed, false)
			var payload map[string]json.RawMessage
			if json.Unmarshal(m[key], &payload) != nil {
				continue
			}
			for _, field := range slices.Sorted(maps.Keys(payload)) {
				for range 3 {
					inner := maps.Clone(payload)
					inner[field] = json.RawMessage(foreignValues[turn%len(foreignValues)])
					turn++
					b, err := json.Marshal(inner)
					if err != nil {
						continue // 1e400 is a number that Go does not write
					}
					changed[key] = b
					add(changed, true)
				}
			}
		}
	}
	return out, usable
}

func TestForeignMessagesAreStoredAndShown(t *testing.T) {
	t.Parallel()
	lines, usable := foreignMessages(t)
	path := filepath.Join(t.TempDir(), "load.jsonl")
	if err := os.WriteFile(path, bytes.Join(lines, []byte("\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *wecomsim.Config) { c.Load = path })
	w.mustRun()
	w.waitReceived(int64(len(lines)))
	w.checkStored()

	admin := w.patient("ZhouMingkai")
	shown := map[string]string{} // kind by raw bytes
	for _, m := range admin().wholeChat(t, w.conversation(foreignRoom)) {
		res, raw := admin().do(http.MethodGet, "/api/v1/messages/"+m.ID+"/raw", nil)
		if res.StatusCode != http.StatusOK {
			t.Errorf("raw of %s: %d", m.ID, res.StatusCode)
		}
		shown[raw] = m.Content.Kind
	}
	for _, line := range lines {
		kind, ok := shown[string(line)]
		if !ok {
			t.Errorf("not in the chat: %.200s", line)
		}
		if kind == "unsupported" && usable[string(line)] {
			t.Errorf("shown as unsupported: %.300s", line)
		}
	}
}

// TestRawIsWhatWeComSent reads every type and variant of message back.
func TestRawIsWhatWeComSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *wecomsim.Config) { c.Messages, c.Gallery = 300, true })
	w.mustRun()
	w.waitReceived(300)
	served := w.simMessages()
	admin := w.patient("ZhouMingkai")
	types := map[string]int{}
	var stored []struct{ ID, MsgID, MsgType string }
	if err := w.db.Select(&stored, `SELECT id, msgid, msgtype FROM messages`); err != nil {
		t.Fatal(err)
	}
	for _, m := range stored {
		res, raw := admin().do(http.MethodGet, "/api/v1/messages/"+m.ID+"/raw", nil)
		if got, want := sha256.Sum256([]byte(raw)), sha256.Sum256(served[m.MsgID]); res.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s %s: status %d, or other bytes than were served", m.MsgType, m.MsgID, res.StatusCode)
		}
		types[m.MsgType]++
	}
	for _, line := range examples(t) {
		var m struct{ MsgType string }
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		if types[cmp.Or(m.MsgType, "switch")] == 0 {
			t.Errorf("the simulator sent no %s", m.MsgType)
		}
	}
}

// patient gives a member's browser for one request: a new session once the old
// one may have asked as much as one may at a time.
func (w *world) patient(userid string) func() *browser {
	const burst = 80
	var b *browser
	n := 0
	return func() *browser {
		if n%burst == 0 {
			b = w.signIn(userid, true)
		}
		n++
		return b
	}
}

// conversation gives the id of a group chat.
func (w *world) conversation(roomid string) string {
	w.t.Helper()
	var id string
	if err := w.db.Get(&id, `SELECT id::text FROM conversations WHERE kind = 'group' AND roomid = $1`, roomid); err != nil {
		w.t.Fatalf("group %s: %v", roomid, err)
	}
	return id
}

// chatMessage is what tests look at of a message.
type chatMessage struct {
	ID      string `json:"id"`
	MsgType string `json:"msgtype"`
	Content struct {
		Kind string `json:"kind"`
	} `json:"content"`
}

// wholeChat reads a chat from its end to its beginning; every answer must be as
// openapi.yaml says.
func (b *browser) wholeChat(t *testing.T, conv string) []chatMessage {
	t.Helper()
	page := schemaOf(t, "MessagePage")
	var all []chatMessage
	for path := "/conversations/" + conv + "/messages?limit=100"; ; {
		res, text := b.do(http.MethodGet, "/api/v1"+path, nil)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("GET %s: %d %s", path, res.StatusCode, text)
		}
		var any any
		if err := json.Unmarshal([]byte(text), &any); err != nil {
			t.Fatal(err)
		}
		if err := page.VisitJSON(any); err != nil {
			t.Fatalf("GET %s: not as openapi.yaml says: %v", path, err)
		}
		var answer struct {
			Items    []chatMessage `json:"items"`
			HasOlder bool          `json:"has_older"`
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		all = append(answer.Items, all...)
		if !answer.HasOlder {
			return all
		}
		path = "/conversations/" + conv + "/messages?limit=100&older=" + answer.Items[0].ID
	}
}

// schemaOf gives a schema of openapi.yaml.
func schemaOf(t *testing.T, name string) *openapi3.Schema {
	t.Helper()
	spec, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return spec.Components.Schemas[name].Value
}
