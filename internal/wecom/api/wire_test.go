package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNum(t *testing.T) {
	for _, tt := range []struct {
		json string
		want num
	}{
		{`1`, 1},
		{`"1"`, 1},
		{`1.0`, 1},
		{`1e3`, 1000},
		{`" 7 "`, 7},
		{`-5`, -5},
		{`9223372036854775807`, 9223372036854775807},
		{`""`, 0},
		{`null`, 0},
		{`true`, 0},
		{`{}`, 0},
		{`"x"`, 0},
		{`1e300`, 0},
		{`"NaN"`, 0},
		{`"Inf"`, 0},
	} {
		t.Run(tt.json, func(t *testing.T) {
			var got num
			if err := json.Unmarshal([]byte(tt.json), &got); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
	if got := num(1 << 60).unix(); !got.IsZero() {
		t.Errorf("a time beyond the calendar reads as %v", got)
	}
	if got, want := num(1767240000).unix(), time.Date(2026, 1, 1, 4, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		json string
		want text
	}{
		{`"林"`, "林"}, {`"a\u0000b"`, "ab"}, {`12345678901234567890`, "12345678901234567890"}, {`null`, ""}, {`{}`, ""}, {`[1]`, ""}, {`true`, ""},
	} {
		t.Run(tt.json, func(t *testing.T) {
			got := text("old")
			if err := json.Unmarshal([]byte(tt.json), &got); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRows(t *testing.T) {
	type row struct {
		A map[string]int `json:"a"`
	}
	one := row{A: map[string]int{"x": 1}}
	for _, tt := range []struct {
		json  string
		items []row
		bad   int
	}{
		{`[{"a":{"x":1}},{"a":7},null]`, []row{one, {}}, 1},
		{`[]`, nil, 0},
		{`null`, nil, 0},
		{`{}`, nil, 0},
		{`""`, nil, 0},
		{`{"a":1}`, nil, 1},
		{`7`, nil, 1},
	} {
		t.Run(tt.json, func(t *testing.T) {
			var got rows[row]
			if err := json.Unmarshal([]byte(tt.json), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.items, got.items); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			if got.bad != tt.bad {
				t.Errorf("bad %d, want %d", got.bad, tt.bad)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"errcode":0,"external_contact_list":[{"external_contact":{"external_userid":"wm","type":"1"},"follow_info":{"userid":"a","tag_id":[1]}}]}`))
	f.Add([]byte(`{"errcode":"x"}`))
	c, err := New(Options{CorpID: "ww", AgentID: 1, AppSecret: "s"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var answer struct {
			List rows[wireRelation] `json:"external_contact_list"`
			User wireUser           `json:"user"`
		}
		if err := c.decode(request{op: "x"}, body, &answer); err != nil && asError(err).Class == "" {
			t.Errorf("error without a class: %v", err)
		}
		for _, row := range answer.List.items {
			_, _ = row.ExternalContact.customer(), row.FollowInfo.follow("wm")
		}
		_ = answer.User.employee()
	})
}
