package chatdata_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
)

// strange are values that no field expects.
var strange = map[string]string{
	"null": `null`, "object": `{"a":{"b":[1]}}`, "array": `["x",1,null]`, "empty": `""`, "number": `7`, "negative": `-7`,
	"fraction": `1e2`, "huge": `1` + strings.Repeat("0", 400), "bool": `true`, "number as text": `"42"`, "text": `"plain words"`,
	"deep": strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100), "long": `"` + strings.Repeat("长", 17<<10) + `"`,
	"html": `"<img src=x onerror=alert(1)><script>alert(1)</script>"`, "turned": `"\u202Egpj.exe"`, "nul": `"a\u0000b"`,
	"half": `"\ud83d"`, "control": "\"a\x01b\nc\"", "bytes": "\"\xff\xfe\"", "json in text": `"{\"content\":\"inner\"}"`,
}

// TestEveryFieldMayBeAnything takes each field of each case away and puts what
// does not belong there in its place.
func TestEveryFieldMayBeAnything(t *testing.T) {
	t.Parallel()
	for _, name := range cases(t) {
		raw := readCase(t, name)
		if !json.Valid(raw) || raw[0] != '{' { // cases that no JSON object is made of
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := chatdata.Content(raw)
			n := 0
			mutations(raw, func(path, how string, changed []byte) {
				n++
				got := checkMutated(t, path+" "+how, changed)
				if inPayload(path) && got.Kind != whole.Kind && got.Kind != archive.ContentUnsupported {
					t.Errorf("%s %s: kind %s, want %s", path, how, got.Kind, whole.Kind)
				}
				if inPayload(path) && strings.Count(path, ".") > 1 && got.Kind != whole.Kind {
					t.Errorf("%s %s: kind %s, want %s: the rest of the payload is as it was", path, how, got.Kind, whole.Kind)
				}
			})
			if n < len(strange) {
				t.Errorf("only %d mutations", n)
			}
		})
	}
}

// inPayload tells whether a path leads into the message's content.
func inPayload(path string) bool {
	top, _, _ := strings.Cut(strings.TrimPrefix(path, "."), ".")
	return !slices.Contains([]string{"msgid", "action", "from", "tolist", "roomid", "msgtime", "msgtype"}, top)
}

// checkMutated reads a message and holds what must hold of any.
func checkMutated(t *testing.T, what string, raw []byte) archive.Content {
	t.Helper()
	before := bytes.Clone(raw)
	d := chatdata.Decode(outer(), raw)
	c := chatdata.Content(raw)
	if !bytes.Equal(raw, before) || !bytes.Equal(d.Raw, before) {
		t.Errorf("%s: the bytes are not as they came", what)
	}
	for _, s := range []string{d.Text, d.FromID, d.MsgType, d.PreMsgID, d.MsgID} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("%s: a text that Postgres does not take: %.60q", what, s)
		}
	}
	if d.SentAt.IsZero() || d.ID == "" || d.Conv.Kind == "" {
		t.Errorf("%s: time %v, id %q, conversation %+v", what, d.SentAt, d.ID, d.Conv)
	}
	return c
}

// mutations calls do with every change of one field.
func mutations(raw []byte, do func(path, how string, changed []byte)) {
	var walk func(v json.RawMessage, path string, put func(json.RawMessage) []byte)
	walk = func(v json.RawMessage, path string, put func(json.RawMessage) []byte) {
		var object map[string]json.RawMessage
		var list []json.RawMessage
		switch {
		case json.Unmarshal(v, &object) == nil && object != nil:
			for _, key := range slices.Sorted(maps.Keys(object)) {
				at := path + "." + key
				set := func(value json.RawMessage) []byte { return put(encodeObject(object, key, value)) }
				do(at, "removed", set(nil))
				for how, value := range strange {
					do(at, how, set(json.RawMessage(value)))
				}
				walk(object[key], at, set)
			}
		case json.Unmarshal(v, &list) == nil && len(list) > 0:
			walk(list[0], path+".0", func(value json.RawMessage) []byte {
				return put(append(append([]byte("["), value...), ']'))
			})
		}
	}
	walk(raw, "", func(value json.RawMessage) []byte { return value })
}

// encodeObject writes object with another value for key; nil leaves it out.
func encodeObject(object map[string]json.RawMessage, key string, value json.RawMessage) []byte {
	var b bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(object)) {
		v := object[k]
		if k == key {
			v = value
		}
		if v == nil {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", k, v)
	}
	return append(append([]byte{'{'}, b.Bytes()...), '}')
}
