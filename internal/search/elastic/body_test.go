package elastic

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/search"
)

// sent is a document as Elasticsearch reads it.
type sent struct {
	ID           string   `json:"id"`
	ConvID       int64    `json:"conv"`
	FromID       string   `json:"from"`
	MsgType      string   `json:"type"`
	Time         int64    `json:"time"`
	Seq          int64    `json:"seq"`
	Flags        []string `json:"flags"`
	Length       int      `json:"len"`
	Change       int64    `json:"change"`
	Singles      string   `json:"u"`
	Pairs        string   `json:"b"`
	ExactSingles string   `json:"eu"`
	ExactPairs   string   `json:"eb"`
}

func read(t *testing.T, d search.Document) sent {
	t.Helper()
	a := put("x-202603", d)
	lines := strings.SplitAfter(string(a.body), "\n")
	if len(lines) != 3 || lines[2] != "" {
		t.Fatalf("%d lines", len(lines))
	}
	var s sent
	if err := json.Unmarshal([]byte(lines[1]), &s); err != nil {
		t.Fatalf("%v: %s", err, lines[1])
	}
	return s
}

func TestDocumentsAsTheyAreSent(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 31, 12, 0, 0, 7e6, time.UTC)
	d := search.Document{
		ID: "00000000-0000-4000-8000-000000000001", Seq: 7, ConvID: 9, SentAt: at, FromID: `a"b\`, MsgType: "text",
		Flags: search.HasLink | search.Revoked, Body: `"合" 同\`, Exact: `"合" 衕\`, Change: 77,
	}
	want := sent{
		ID: d.ID, ConvID: 9, FromID: d.FromID, MsgType: "text", Time: at.UnixMilli(), Seq: 7, Flags: []string{"link", "revoked", flagExact}, Length: 6, Change: 77,
		Singles: search.Singles(d.Body), Pairs: search.Pairs(d.Body), ExactSingles: search.Singles(d.Exact), ExactPairs: search.Pairs(d.Exact),
	}
	if diff := cmp.Diff(want, read(t, d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := read(t, search.Document{ID: d.ID}); got.Flags == nil || got.Pairs != "" {
		t.Errorf("without a text %+v", got)
	}
}

// The template of a version is put while that of the one before is still there, and
// beside those of prefixes that begin the same.
func TestTemplatesHaveTheirOwnPriority(t *testing.T) {
	t.Parallel()
	last := 500 // of the first version, whatever the prefix
	for _, of := range []struct {
		prefix  string
		version int
	}{{"huicun", 1}, {"huicun", 2}, {"huicun", 3}, {"huicun-b", 1}, {"huicun-b", 2}, {"huicun-test", 1}} {
		p := templatePriority(of.prefix, of.version)
		if p <= last {
			t.Errorf("%s, version %d: %d, not above %d", of.prefix, of.version, p, last)
		}
		last = p
	}
}

func FuzzBody(f *testing.F) {
	f.Add("合同\x00\n\"\\\u2028\x7f", "a\xffb")
	f.Fuzz(func(t *testing.T, text, from string) {
		got := read(t, search.Document{ID: "00000000-0000-4000-8000-000000000001", FromID: from, Body: text, Exact: text})
		quoted, err := json.Marshal(from)
		if err != nil {
			t.Fatal(err)
		}
		var want string
		if err := json.Unmarshal(quoted, &want); err != nil {
			t.Fatal(err)
		}
		if got.FromID != want || utf8.ValidString(text) && (got.Singles != search.Singles(text) || got.ExactPairs != search.Pairs(text)) {
			t.Errorf("%q, %q became %+v", text, from, got)
		}
	})
}
