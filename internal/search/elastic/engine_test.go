package elastic_test

import (
	"testing"
	"time"

	"huicun/internal/search"
	"huicun/internal/search/searchtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	searchtest.Run(t, func(t *testing.T, a *searchtest.Archive) (search.Engine, func(testing.TB)) {
		l := newLabOver(t, a)
		return l.engine, func(testing.TB) { l.feed() }
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
