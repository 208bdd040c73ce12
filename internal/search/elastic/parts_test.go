package elastic

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
	"huicun/internal/search"
)

func day(text string) time.Time {
	t, err := time.Parse("2006-01-02", text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestMonthsIn(t *testing.T) {
	t.Parallel()
	all := []string{"202512", "202601", "202602", "202603"}
	after := func(text string, ms int) *archive.Position {
		return &archive.Position{SentAt: day(text).Add(time.Duration(ms) * time.Millisecond)}
	}
	for _, tt := range []struct {
		name string
		q    search.Query
		want []string
	}{
		{"no limit", search.Query{}, all},
		{"from the middle of one", search.Query{Filter: search.Filter{From: day("2026-01-15")}}, all[1:]},
		{"from its end on", search.Query{Filter: search.Filter{From: day("2026-02-01")}}, all[2:]},
		{"before a month", search.Query{Filter: search.Filter{To: day("2026-02-01")}}, all[:2]},
		{"before its first moment", search.Query{Filter: search.Filter{To: day("2026-02-01").Add(time.Millisecond)}}, all[:3]},
		{"nothing", search.Query{Filter: search.Filter{From: day("2027-01-01")}}, nil},
		{"after, newest", search.Query{Order: search.Newest, After: after("2026-01-15", 0)}, all[:2]},
		{"after the first moment of a month, newest", search.Query{Order: search.Newest, After: after("2026-02-01", 0)}, all[:3]},
		{"after, oldest", search.Query{Order: search.Oldest, After: after("2026-01-15", 0)}, all[1:]},
		{"after the last moment of a month, oldest", search.Query{Order: search.Oldest, After: after("2026-02-01", -1)}, all[1:]},
		{"both", search.Query{Order: search.Newest, After: after("2026-03-15", 0), Filter: search.Filter{To: day("2026-01-01")}}, all[:1]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, monthsIn(all, tt.q)); diff != "" {
				t.Errorf("monthsIn (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryIsExact(t *testing.T) {
	t.Parallel()
	words, err := search.ParseWords(`合同 "a b" -发`, true)
	if err != nil {
		t.Fatal(err)
	}
	got := string(encode(filter(search.Query{Words: words, Filter: search.Filter{
		Senders: []string{"a"}, MsgTypes: []string{"text"}, Flags: search.HasQR | search.Revoked, From: day("2026-01-01").Add(time.Microsecond),
	}}, []int64{7})))
	const word = `{"bool":{"should":[{"bool":{"filter":[{"match_phrase":{"b":"合同"}}],"must_not":[{"term":{"flags":"exact"}}]}},{"match_phrase":{"eb":"合同"}}]}}`
	for _, part := range []string{
		word, "\"match_phrase\":{\"b\":\"a\uFDD1 \uFDD1b\"}", `"must_not":[{"bool":{"should":[{"bool":{"filter":[{"term":{"u":"发"}}]`, `{"terms":{"conv":[7]}}`,
		`{"terms":{"from":["a"]}}`, `{"terms":{"type":["text"]}}`, `{"term":{"flags":"qr"}}`, `{"term":{"flags":"revoked"}}`, `{"range":{"time":{"gte":1767225600001}}}`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("the query lacks %s:\n%s", part, got)
		}
	}
}

func TestErrorsQuoteNoText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{
			"a document", `{"error":{"type":"document_parsing_exception","reason":"Preview of field's value: '秘密'","caused_by":{"type":"illegal_argument_exception","reason":"秘密"}}}`,
			"elasticsearch: 400 Bad Request, document_parsing_exception",
		},
		{
			"a query", `{"error":{"type":"search_phase_execution_exception","reason":"all shards failed","root_cause":[{"type":"query_shard_exception","reason":"failed: 秘密"}]}}`,
			"elasticsearch: 400 Bad Request, query_shard_exception",
		},
		{
			"a block", `{"error":{"type":"cluster_block_exception","reason":"index [x] blocked by: [disk usage exceeded]"}}`,
			"elasticsearch: 400 Bad Request, cluster_block_exception: index [x] blocked by: [disk usage exceeded]",
		},
		{"a page of a proxy", `<html>秘密</html>`, "elasticsearch: 400 Bad Request"},
		{"a text", `{"error":"秘密"}`, "elasticsearch: 400 Bad Request"},
		{"nothing", ``, "elasticsearch: 400 Bad Request"},
	} {
		if got := newError(http.StatusBadRequest, []byte(tt.body)).Error(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPressure(t *testing.T) {
	t.Parallel()
	p := newPressure(Options{BulkDocs: 8, BulkBytes: 1 << 20})
	actions := make([]action, 20)
	for i := range actions {
		actions[i].body = make([]byte, 100<<10)
	}
	sizes := func() (n []int) {
		for rest := slices.Clone(actions); len(rest) > 0; {
			var now []action
			now, rest = p.take(rest)
			n = append(n, len(now))
		}
		return n
	}
	if got := sizes(); !slices.Equal(got, []int{8, 8, 4}) {
		t.Errorf("at first %v", got)
	}
	for range 4 {
		p.less()
	}
	if got := sizes(); len(got) != 20 {
		t.Errorf("under pressure %v; what is larger goes alone", got)
	}
	for range 30 {
		p.more()
	}
	if got := sizes(); !slices.Equal(got, []int{8, 8, 4}) {
		t.Errorf("at the end %v", got)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"error":{"type":"x","caused_by":{"type":"y"}}}`), []byte(`[1,2,"a"]`))
	f.Add([]byte(`{"error":[]}`), []byte(`[null,{},-9223372036854775808]`))
	f.Fuzz(func(t *testing.T, body, sort []byte) {
		if newError(http.StatusBadGateway, body).Error() == "" {
			t.Error("no words for an error")
		}
		var p place
		_ = p.UnmarshalJSON(sort) // an error, or a place; no panic
	})
}
