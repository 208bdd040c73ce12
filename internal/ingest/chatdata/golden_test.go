package chatdata_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var pulledAt = time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)

// golden is what is compared: all that Decode derives, and the content.
type golden struct {
	MsgType, FromID    string
	Conv               archive.ConvKey
	Members            []string
	SentAt, TimeSource string
	PreMsgID           string `json:",omitempty"`
	Text               string
	Content            any
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, name := range cases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := readCase(t, name)
			d := chatdata.Decode(outer(), raw)
			got := encode(t, golden{
				MsgType: d.MsgType, FromID: d.FromID, Conv: d.Conv, Members: d.Members,
				SentAt: d.SentAt.Format(time.RFC3339Nano), TimeSource: d.TimeSource,
				PreMsgID: d.PreMsgID, Text: d.Text, Content: chatdata.Content(raw),
			})
			file := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		})
	}
}

func outer() chatdata.Outer {
	return chatdata.Outer{MsgID: "9000_1767240122870_external", Seq: 7, PublicKeyVer: 3, PulledAt: pulledAt}
}

func cases(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if !strings.HasSuffix(file, ".golden.json") {
			names = append(names, strings.TrimSuffix(filepath.Base(file), ".json"))
		}
	}
	if len(names) < 35 {
		tb.Fatalf("only %d cases in testdata", len(names))
	}
	return names
}

func readCase(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// encode writes indented JSON without the keys that are empty.
func encode(tb testing.TB, g golden) []byte {
	tb.Helper()
	content, err := json.Marshal(g.Content)
	if err != nil {
		tb.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(content, &tree); err != nil {
		tb.Fatal(err)
	}
	g.Content = prune(tree)
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(g); err != nil {
		tb.Fatal(err)
	}
	return []byte(b.String())
}

// prune leaves out null, "" and 0, so that a golden file shows what is there.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			if x == nil || x == "" || x == 0.0 || x == "0001-01-01T00:00:00Z" {
				delete(v, key)
				continue
			}
			v[key] = prune(x)
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}
