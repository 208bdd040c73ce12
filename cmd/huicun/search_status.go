package main

import (
	"context"

	"huicun/internal/search"
	"huicun/server"
)

// searchStatus is what GET /status says of search. An engine that does not say
// what it holds has that as its problem: the rest of the status is told.
func (a *app) searchStatus(ctx context.Context) (*server.SearchStatus, error) {
	out := &server.SearchStatus{Engine: a.finding.engine.Name()}
	if a.finding.elastic != nil {
		index := coverageOf(ctx, a.finding.elastic)
		gs, _, err := a.finding.generations(ctx, a.db, a.cfg.Search.Prefix)
		if err != nil {
			return nil, err
		}
		for _, g := range gs {
			if g.State == search.GenerationBuilding {
				index.Building = &server.SearchBuilding{Documents: g.Documents, Target: index.Messages}
			}
		}
		out.Engines = append(out.Engines, index)
	}
	out.Engines = append(out.Engines, coverageOf(ctx, a.finding.postgres))
	return out, ctx.Err()
}

func coverageOf(ctx context.Context, e search.Engine) server.SearchIndex {
	c, err := e.Coverage(ctx)
	if err != nil {
		c.Problem = "it does not answer"
	}
	return server.SearchIndex{Name: e.Name(), Coverage: c}
}
