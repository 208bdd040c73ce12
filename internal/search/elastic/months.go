package elastic

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"huicun/internal/search"
)

const madeAtOnce = 8 // indices

// ensureMonths makes the indices of months, some at once. Each has the shards of
// its generation, whatever is configured now: by their number a search sees that
// none is missing.
func (f *Feeder) ensureMonths(ctx context.Context, g *search.Generation, months []string) error {
	var names, lacking []string
	for _, m := range months {
		if !g.HasMonth(m) {
			names, lacking = append(names, g.Index(m)), append(lacking, m)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	alias := ""
	if g.State == search.GenerationLive {
		alias = g.Alias
	}
	making, mctx := errgroup.WithContext(ctx)
	making.SetLimit(madeAtOnce)
	for _, name := range names {
		making.Go(func() error { return f.Client.createIndex(mctx, name, alias, max(1, g.Shards)) })
	}
	if err := making.Wait(); err != nil {
		return err
	}
	if err := f.Client.verify(ctx, names); err != nil {
		return fmt.Errorf("a new index is not as it was asked for; another template may be in the way: %w", errors.New(err.Error()))
	}
	for _, m := range lacking {
		if err := f.Store.AddMonth(ctx, g.Name, m); err != nil {
			return err
		}
		g.Months = append(g.Months, m)
	}
	return nil
}

// prepare makes the indices of a new generation before anything is written:
// together that takes a fraction of the time.
func (f *Feeder) prepare(ctx context.Context, g *search.Generation) error {
	if g.State != search.GenerationBuilding || g.Change > 0 {
		return nil
	}
	months, err := f.Store.FindSearchMonths(ctx)
	if err != nil {
		return err
	}
	return f.ensureMonths(ctx, g, months)
}
