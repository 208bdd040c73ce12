package elastic

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"huicun/internal/search"
)

// An index that knows of later changes than the database follows another
// history: the database came back from a backup. What it holds cannot be mended
// change by change, as numbers are given again.

// errAhead says that an index has a document of a later change than the database.
func errAhead(index, database int64) error {
	return &errDamaged{fmt.Sprintf("the index has newer documents than the database (%d, %d), which may come from a backup", index, database)}
}

// notAhead fails when the index has a change that the database has not made.
func (f *Feeder) notAhead(ctx context.Context, g *search.Generation) error {
	if len(g.Months) == 0 {
		return nil
	}
	last, err := f.Client.lastChange(ctx, *g)
	if err != nil {
		return err
	}
	c, err := f.Store.ReadChanges(ctx) // later: it knows of all that were sent
	if err == nil && last > c.Change {
		err = errAhead(last, c.Change)
	}
	return err
}

// lastChange gives the largest number among the documents that can be found.
func (c *Client) lastChange(ctx context.Context, g search.Generation) (int64, error) {
	var a struct {
		Groups struct {
			Last struct {
				Value float64 `json:"value"` // null where there is no document
			} `json:"last"`
		} `json:"aggregations"`
		Shards struct {
			Total  int `json:"total"`
			Failed int `json:"failed"`
		} `json:"_shards"`
	}
	err := c.do(ctx, request{
		method: http.MethodPost, path: g.Name + "-*/_search", timeout: c.o.BulkTimeout,
		body:  encode(object{"size": 0, "track_total_hits": false, "aggs": object{"last": object{"max": object{"field": fieldChange}}}}),
		query: url.Values{"allow_partial_search_results": {"false"}, "filter_path": {"_shards,aggregations"}},
	}, &a)
	if err == nil && a.Shards.Failed > 0 {
		err = fmt.Errorf("elasticsearch: %d of %d shards cannot be asked for their last change", a.Shards.Failed, a.Shards.Total)
	}
	return int64(a.Groups.Last.Value), err
}

// notNewer looks at documents that the index did not take, as it has newer ones:
// so has the database, unless the index follows another history.
func (f *Feeder) notNewer(ctx context.Context, sent []action) error {
	for part := range slices.Chunk(sent, 500) {
		versions, ids := make(map[string]int64, len(part)), make([]string, len(part))
		for i, a := range part {
			ids[i], versions[a.id] = a.id, a.version
		}
		docs, err := f.Store.FindDocuments(ctx, ids)
		if err != nil {
			return err
		}
		for _, d := range docs {
			if d.Change <= versions[d.ID] {
				return errAhead(versions[d.ID]+1, d.Change)
			}
		}
	}
	return nil
}
