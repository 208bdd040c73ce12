package directory

import (
	"testing"
	"time"
)

func TestAsOf(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	now := Person{ID: "p", Name: "third", CorpName: "New Corp"}
	former := []FormerName{{Person: "p", Until: day(10), Name: "first", CorpName: "Old Corp"}, {Person: "p", Until: day(20), Name: "second"}}
	back := []FormerName{{Person: "p", Until: day(10), Name: "third"}}
	for _, tt := range []struct {
		name      string
		at        time.Time
		former    []FormerName
		want, now string
		wantCorp  string
	}{
		{"never renamed", day(1), nil, "third", "", "New Corp"},
		{"before the first change", day(9), former, "first", "third", "Old Corp"},
		{"at the first change", day(10), former, "second", "third", "New Corp"},
		{"between", day(19), former, "second", "third", "New Corp"},
		{"after the last", day(20), former, "third", "", "New Corp"},
		{"renamed to what it was", day(9), back, "third", "", "New Corp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := now.AsOf(tt.at, tt.former)
			if got.Name != tt.want || got.NameNow != tt.now || got.CorpName != tt.wantCorp {
				t.Errorf("AsOf = %q, now %q, of %q; want %q, %q, %q", got.Name, got.NameNow, got.CorpName, tt.want, tt.now, tt.wantCorp)
			}
		})
	}
}
