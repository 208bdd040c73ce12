package rules_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/rules"
)

// book keeps what it was asked to keep.
type book struct {
	kept    []rules.Input
	entries []audit.Entry
}

func (b *book) ListRules(context.Context) ([]rules.Rule, error) { return []rules.Rule{{ID: 1}}, nil }

func (b *book) GetRule(_ context.Context, id int64) (rules.Rule, error) {
	return rules.Rule{ID: id}, nil
}

func (b *book) CreateRule(_ context.Context, in rules.Input, e audit.Entry) (rules.Rule, error) {
	b.kept, b.entries = append(b.kept, in), append(b.entries, e)
	return rules.Rule{Input: in, ID: 1}, nil
}

func (b *book) UpdateRule(_ context.Context, id int64, in rules.Input, e audit.Entry) (rules.Rule, error) {
	b.kept, b.entries = append(b.kept, in), append(b.entries, e)
	return rules.Rule{Input: in, ID: id}, nil
}

func (b *book) DeleteRule(_ context.Context, _ int64, e audit.Entry) error {
	b.entries = append(b.entries, e)
	return nil
}

var (
	admin  = access.Viewer{ID: 1, Person: "boss", Role: access.RoleAdmin}
	origin = audit.Origin{Actor: "boss", IP: "192.0.2.1", RequestID: "r"}
)

func input() rules.Input {
	return rules.Input{Name: "私下交易", Words: []string{"回扣"}, Severity: rules.Mid, Direction: rules.FromBoth, ScopeAll: true, Enabled: true, Version: 1}
}

func wantFault(t *testing.T, name string, err error, code, field string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Code != code || f.Field != field {
		t.Errorf("%s: error %v, want %s %s", name, err, code, field)
	}
}

func TestInputIsTidied(t *testing.T) {
	b := &book{}
	in := input()
	in.Name, in.Words = "  私下\t交易 ", []string{" 回扣 ", "返点", "回扣", "VX", "vx"}
	in.ScopeDepartments, in.ScopeEmployees, in.Subscribers = []int64{1}, []string{"lin"}, []int64{3, 2, 3}
	if _, err := (&rules.Service{Store: b}).Create(t.Context(), admin, in, origin); err != nil {
		t.Fatal(err)
	}
	in.ScopeAll, in.ScopeDepartments, in.ScopeEmployees = false, []int64{2, 1, 2}, []string{"Lin", "lin", "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw"}
	if _, err := (&rules.Service{Store: b}).Update(t.Context(), admin, 7, in, origin); err != nil {
		t.Fatal(err)
	}
	all := input()
	all.Name, all.Words, all.Subscribers = "私下\t交易", []string{"回扣", "返点", "VX", "vx"}, []int64{3, 2}
	all.ScopeDepartments, all.ScopeEmployees = []int64{}, []string{}
	some := all
	some.ScopeAll, some.ScopeDepartments, some.ScopeEmployees = false, []int64{2, 1}, []string{"lin", "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw"}
	if diff := cmp.Diff([]rules.Input{all, some}, b.kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	want := []audit.Entry{
		{Actor: "boss", Action: audit.RuleCreated, IP: "192.0.2.1", RequestID: "r"},
		{Actor: "boss", Action: audit.RuleUpdated, Object: "rule:7", IP: "192.0.2.1", RequestID: "r"},
	}
	if diff := cmp.Diff(want, b.entries); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func words(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("词%d", i)
	}
	return out
}

func ids(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i + 1)
	}
	return out
}

func TestInputIsChecked(t *testing.T) {
	for _, tt := range []struct {
		name, field string // field "": it is taken
		change      func(*rules.Input)
	}{
		{"as it is", "", func(*rules.Input) {}},
		{"no name", "name", func(in *rules.Input) { in.Name = " \t" }},
		{"the longest name", "", func(in *rules.Input) { in.Name = strings.Repeat("名", 60) }},
		{"a longer name", "name", func(in *rules.Input) { in.Name = strings.Repeat("名", 61) }},
		{"a name that is no text", "name", func(in *rules.Input) { in.Name = "a\x00b" }},
		{"a name that is not UTF-8", "name", func(in *rules.Input) { in.Name = "a\xff" }},
		{"no words", "words", func(in *rules.Input) { in.Words = nil }},
		{"an empty word", "words", func(in *rules.Input) { in.Words = []string{"回扣", " "} }},
		{"the longest word", "", func(in *rules.Input) { in.Words = []string{strings.Repeat("回", 100)} }},
		{"a longer word", "words", func(in *rules.Input) { in.Words = []string{strings.Repeat("回", 101)} }},
		{"a word that is no text", "words", func(in *rules.Input) { in.Words = []string{"回\x00扣"} }},
		{"a word of punctuation", "words", func(in *rules.Input) { in.Words = []string{"！？"} }},
		{"a word that shows nothing", "words", func(in *rules.Input) { in.Words = []string{"\u200b\u200b"} }},
		{"the most words", "", func(in *rules.Input) { in.Words = words(1000) }},
		{"more words", "words", func(in *rules.Input) { in.Words = words(1001) }},
		{"many words that are the same", "", func(in *rules.Input) { in.Words = append(words(1000), words(1000)...) }},
		{"no severity", "severity", func(in *rules.Input) { in.Severity = "" }},
		{"an unknown severity", "severity", func(in *rules.Input) { in.Severity = "extreme" }},
		{"no direction", "direction", func(in *rules.Input) { in.Direction = "" }},
		{"an unknown direction", "direction", func(in *rules.Input) { in.Direction = "robot" }},
		{"too many subscribers", "subscribers", func(in *rules.Input) { in.Subscribers = ids(1001) }},
		{"about nobody", "scope_all", func(in *rules.Input) { in.ScopeAll = false }},
		{"about one department", "", func(in *rules.Input) { in.ScopeAll, in.ScopeDepartments = false, []int64{1} }},
		{"about one employee", "", func(in *rules.Input) { in.ScopeAll, in.ScopeEmployees = false, []string{"lin"} }},
		{"too many departments", "scope_departments", func(in *rules.Input) { in.ScopeAll, in.ScopeDepartments = false, ids(1001) }},
		{"too many employees", "scope_employees", func(in *rules.Input) { in.ScopeAll, in.ScopeEmployees = false, words(1001) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := &book{}
			s := &rules.Service{Store: b}
			in := input()
			tt.change(&in)
			_, err := s.Create(t.Context(), admin, in, origin)
			_, updateErr := s.Update(t.Context(), admin, 7, in, origin)
			if tt.field == "" {
				if err != nil || updateErr != nil || len(b.kept) != 2 {
					t.Errorf("refused: %v, %v", err, updateErr)
				}
				return
			}
			wantFault(t, "create", err, fault.CodeInvalid, tt.field)
			wantFault(t, "update", updateErr, fault.CodeInvalid, tt.field)
			if len(b.kept) != 0 {
				t.Errorf("kept %+v", b.kept)
			}
		})
	}
}

func TestUpdateNeedsTheVersion(t *testing.T) {
	for _, version := range []int{0, -1} {
		in := input()
		in.Version = version
		_, err := (&rules.Service{Store: &book{}}).Update(t.Context(), admin, 7, in, origin)
		wantFault(t, fmt.Sprint("version ", version), err, fault.CodeInvalid, "version")
	}
}

func TestRulesAreForAdmins(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    access.Viewer
		ok   bool
	}{
		{"an admin", admin, true},
		{"a viewer", access.Viewer{ID: 2, Role: access.RoleViewer}, false},
		{"a disabled admin", access.Viewer{ID: 1, Role: access.RoleAdmin, Disabled: true}, false},
		{"an admin who is nobody", access.Viewer{Role: access.RoleAdmin}, false},
		{"nobody", access.Viewer{}, false},
	} {
		s, ctx := &rules.Service{Store: &book{}}, t.Context()
		errs := map[string]error{}
		_, errs["list"] = s.List(ctx, tt.v)
		_, errs["get"] = s.Get(ctx, tt.v, 1)
		_, errs["create"] = s.Create(ctx, tt.v, input(), origin)
		_, errs["update"] = s.Update(ctx, tt.v, 1, input(), origin)
		errs["delete"] = s.Delete(ctx, tt.v, 1, origin)
		_, _, errs["test"] = s.Test(ctx, tt.v, []string{"回扣"}, "回扣")
		for call, err := range errs {
			if tt.ok && err != nil || !tt.ok && !fault.Is(err, fault.CodeForbidden) {
				t.Errorf("%s by %s: %v", call, tt.name, err)
			}
		}
	}
}

func TestServiceTest(t *testing.T) {
	s := &rules.Service{Store: &book{}}
	for _, tt := range []struct {
		name  string
		words []string
		text  string
		found []string
		spans []rules.Span
	}{
		{"nothing", []string{"回扣"}, "您好", []string{}, []rules.Span{}},
		{"one word twice", []string{"回扣"}, "回扣回扣", []string{"回扣"}, []rules.Span{{Start: 0, End: 6}, {Start: 6, End: 12}}},
		{"as the rule spells it", []string{" Vx "}, "加vX", []string{"Vx"}, []rules.Span{{Start: 3, End: 5}}},
		{"two spellings of one word", []string{"VX", "vx"}, "vx", []string{"vx", "VX"}, []rules.Span{{Start: 0, End: 2}}},
	} {
		found, spans, err := s.Test(t.Context(), admin, tt.words, tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.found, found); diff != "" {
			t.Errorf("%s: words (-want +got):\n%s", tt.name, diff)
		}
		if diff := cmp.Diff(tt.spans, spans); diff != "" {
			t.Errorf("%s: spans (-want +got):\n%s", tt.name, diff)
		}
	}
	_, _, err := s.Test(t.Context(), admin, []string{"回扣"}, strings.Repeat("扣", 5001))
	wantFault(t, "a long text", err, fault.CodeInvalid, "text")
	_, _, err = s.Test(t.Context(), admin, nil, "")
	wantFault(t, "no words", err, fault.CodeInvalid, "words")
}
