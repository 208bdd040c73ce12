package elastic

import (
	"context"
	"log/slog"
	"time"

	"huicun/internal/search"
)

const (
	countEvery = time.Minute
	checkPause = 10 * time.Minute // between comparisons that a wrong count led to
	checkAfter = 20 * time.Hour   // a comparison is due in the night
	checkLate  = 48 * time.Hour   // and at any time
	nightFrom  = 2                // o'clock
	nightTo    = 6
)

// duties are done while nothing else is to be done: counting, and comparing
// everything once a night or when the count is not right.
func (f *Feeder) duties(ctx context.Context, g *search.Generation) error {
	due := f.nightly(g, time.Now())
	if !due {
		wrong, err := f.miscounted(ctx, g)
		if err != nil {
			return f.fail(ctx, g, err)
		}
		due = wrong && time.Since(f.tried) >= checkPause
	}
	if !due {
		return nil
	}
	f.tried = time.Now()
	r, err := f.Check(ctx, g, func() error {
		_, err := f.follow(ctx, g, liveWindows)
		return err
	})
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return f.fail(ctx, g, err)
	}
	f.counted = time.Time{} // what came of it is counted at once
	slog.InfoContext(ctx, "search index compared with the database", "generation", g.Name, "compared", r.Compared, "holes", r.Holes, "extras", r.Extras, "poison", r.Poison)
	return nil
}

func (f *Feeder) nightly(g *search.Generation, now time.Time) bool {
	last := g.StartedAt
	for _, t := range []*time.Time{g.FinishedAt, g.CheckedAt} {
		if t != nil && t.After(last) {
			last = *t
		}
	}
	zone := f.Zone
	if zone == nil {
		zone = time.UTC
	}
	hour := now.In(zone).Hour()
	age := now.Sub(last)
	return age >= checkLate || age >= checkAfter && nightFrom <= hour && hour < nightTo
}

// miscounted counts the documents now and then. Where changes come in meanwhile
// it cannot tell.
func (f *Feeder) miscounted(ctx context.Context, g *search.Generation) (bool, error) {
	if time.Since(f.counted) < countEvery {
		return false, nil
	}
	before, err := f.Store.ReadChanges(ctx)
	if err != nil || before.Change != g.Change {
		return false, err
	}
	n, err := f.Client.count(ctx, *g)
	if err != nil {
		return false, err
	}
	after, err := f.Store.ReadChanges(ctx)
	if err != nil || after != (search.Changes{Now: after.Now, Change: before.Change, Indexed: before.Indexed}) {
		return false, err
	}
	f.counted = time.Now()
	return n != before.Indexed-g.Poison, f.Store.CountDocuments(ctx, g.Name, n)
}
