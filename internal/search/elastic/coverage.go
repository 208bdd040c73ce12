package elastic

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"huicun/internal/search"
)

// Coverage implements search.Engine. That the index does not answer is a problem
// that it tells, not an error.
func (e *Engine) Coverage(ctx context.Context) (search.Coverage, error) {
	base, err := e.Base.Coverage(ctx)
	if err != nil {
		return search.Coverage{}, err
	}
	changes, err := e.Generations.ReadChanges(ctx)
	if err != nil {
		return search.Coverage{}, err
	}
	gs, err := e.Generations.FindGenerations(ctx, e.Client.o.Prefix)
	if err != nil {
		return search.Coverage{}, err
	}
	return e.coverage(ctx, base, changes, gs), nil
}

func (e *Engine) coverage(ctx context.Context, base search.Coverage, changes search.Changes, gs []search.Generation) search.Coverage {
	c := search.Coverage{Messages: base.Messages, Behind: base.Behind, Problem: base.Problem}
	g, ok := shown(gs)
	if !ok {
		c.Behind += changes.Change
		c.Problem = "no index is there yet"
		return c
	}
	behind := max(0, changes.Change-g.Change)
	c.Behind += behind
	switch {
	case g.State == search.GenerationLive && behind == 0:
		c.UpTo = base.UpTo
	case g.State == search.GenerationLive && g.CaughtUpAt != nil && (base.UpTo.IsZero() || g.CaughtUpAt.Before(base.UpTo)):
		c.UpTo = *g.CaughtUpAt
	}
	n, err := e.Client.count(ctx, g)
	switch {
	case err != nil:
		c.Indexed, c.Problem = g.Documents, err.Error()
	case g.State != search.GenerationLive:
		c.Indexed, c.Problem = n, "the index is being built"
	default:
		c.Indexed = n
	}
	if g.Error != "" {
		c.Problem = g.Error
	} else if g.Poison > 0 && c.Problem == "" {
		c.Problem = fmt.Sprintf("%d messages are left out: Elasticsearch refuses them", g.Poison)
	}
	if g.State != search.GenerationLive {
		c.Behind = max(c.Behind, 1) // nothing of it is searched
	}
	return c
}

// shown gives the generation that tells how far the index has come.
func shown(gs []search.Generation) (search.Generation, bool) {
	var g search.Generation
	for _, other := range gs {
		if other.State == search.GenerationLive || other.State == search.GenerationBuilding && g.State == "" {
			g = other
		}
	}
	return g, g.State != ""
}

// count counts the documents that can be found.
func (c *Client) count(ctx context.Context, g search.Generation) (int64, error) {
	if len(g.Months) == 0 {
		return 0, nil
	}
	var a struct {
		Count  int64 `json:"count"`
		Shards struct {
			Total  int `json:"total"`
			Failed int `json:"failed"`
		} `json:"_shards"`
	}
	target := g.Name + "-*" // a pattern, as there may be too many names for an address
	if g.State == search.GenerationLive {
		target = g.Alias
	}
	err := c.do(ctx, request{method: http.MethodGet, path: target + "/_count", query: url.Values{"filter_path": {"count,_shards"}}}, &a)
	switch {
	case err != nil:
		return 0, err
	case a.Shards.Failed > 0:
		return 0, fmt.Errorf("elasticsearch: %d of %d shards cannot be counted", a.Shards.Failed, a.Shards.Total)
	}
	return a.Count, nil
}
