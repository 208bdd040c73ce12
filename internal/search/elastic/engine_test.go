package elastic_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"huicun/internal/search"
	"huicun/internal/search/elastic"
	"huicun/internal/search/searchtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	searchtest.Run(t, func(t *testing.T, a *searchtest.Archive) (search.Engine, func(testing.TB)) {
		l := newLabOver(t, a)
		return pair{l.engine, l.unnamed()}, func(testing.TB) { l.feed() }
	})
}

func TestFollowsTheDocuments(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := l.say(march, numbered(30)...)
	ids = append(ids, l.say(march.AddDate(0, 0, 1), numbered(30)...)...)
	l.feed()
	l.same("合同", ids)
	if !l.complete() {
		c, err := l.engine.Coverage(t.Context())
		t.Errorf("coverage %+v, %v", c, err)
	}
	more := l.say(march.AddDate(0, 2, 0), "合同 another month")
	l.feed()
	l.same("合同", append(ids, more...))
	l.same("another month", more)
	if g := l.generation(); len(g.Months) != 3 || g.Error != "" || time.Since(*g.CaughtUpAt) > time.Hour {
		t.Errorf("generation %+v", g)
	}
}

// A new generation has the index of each month before anything is in one.
func TestIndicesAreMadeTogether(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var ids []string
	for i := range 20 {
		ids = append(ids, l.say(march.AddDate(0, 0, 31*i), fmt.Sprint("合同 ", i))...)
	}
	var months []int
	l.feeder.Progress = func(g search.Generation, _ search.Changes) { months = append(months, len(g.Months)) }
	l.feed()
	want := 0
	for i := range months {
		if months[i] != months[0] {
			t.Errorf("months at each window: %v", months)
		}
		want = months[i]
	}
	if g := l.generation(); len(g.Months) != want || want < 19 {
		t.Errorf("%d months, %d at first", len(g.Months), want)
	}
	l.same("合同", ids)
	if !l.complete() {
		t.Error("not complete")
	}
}

func TestLongTexts(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(o *elastic.Options) { o.BulkBytes = 64 << 10 })
	long := strings.Repeat("一二三四五六七八九十", 9_999) + "末尾" // as long as texts are
	ids := l.say(march, "短的末尾", long, "另一条", long+"完")
	l.feed()
	l.same("末尾", []string{ids[0], ids[1], ids[3]})
	l.same("九十末尾", []string{ids[1], ids[3]})
	l.same("尾完", ids[3:])
	l.same("十一二三四五六七八九十一", []string{ids[1], ids[3]})
}
