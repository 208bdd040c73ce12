package server

import (
	"testing"

	"huicun/internal/archive"
	"huicun/internal/directory"
	"huicun/internal/rules"
)

// A robot's Markdown names people as they were called then.
func TestMarkdownNamesPeople(t *testing.T) {
	e := archive.Entry{People: map[string]directory.Person{
		"linxiaoyu": {ID: "linxiaoyu", Name: "林晓雨"}, "nameless": {ID: "nameless", Name: "nameless"},
	}}
	const source = "<@LinXiaoyu>、<@Nameless> 和 <@Stranger>"
	part := archive.Content{Kind: archive.ContentMarkdown, Notice: source}
	whole := archive.Content{Kind: archive.ContentMixed, Parts: []archive.Content{part}}
	got := shower{}.content(whole, e)
	if n := *(*got.Parts)[0].Notice; n != "@林晓雨、@Nameless 和 @Stranger" {
		t.Errorf("the text is %q", n)
	}
	part.Kind = archive.ContentUnsupported
	if n := *(shower{}).content(part, e).Notice; n != source {
		t.Errorf("of another kind the text is %q", n)
	}
}

// What a viewer's own rule has found is told apart from a violation.
func TestRemindersAreToldApart(t *testing.T) {
	if m := newMark("a", archive.Mark{ViolationID: 1}); m.Private != nil {
		t.Errorf("a mark is private: %v", *m.Private)
	}
	if m := newMark("a", archive.Mark{ViolationID: 1, Private: true}); m.Private == nil || !*m.Private {
		t.Errorf("the mark of a reminder is %+v", m)
	}
	if v := newViolation(rules.Violation{ID: 1}, nil); v.Private != nil {
		t.Errorf("a violation is private: %v", *v.Private)
	}
	if v := newViolation(rules.Violation{ID: 1, ViewerID: 7}, nil); v.Private == nil || !*v.Private {
		t.Errorf("the violation of a reminder is %+v", v)
	}
}
