package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"huicun/internal/search"
	"huicun/internal/search/elastic"
	"huicun/internal/store"
)

const (
	warmShare  = 3 // the first of so many parts of the documents goes by before bulk requests are kept
	bareRounds = 5
)

// elastic fills an index by huicun's feed and measures the engine over it.
func (b *searchBench) elastic(ctx context.Context) (r SearchResult, err error) {
	r = b.base
	b.Logf("elastic: starting a node")
	node, err := startNode(ctx, b.opts.Huicun, filepath.Join(b.Dir, "elasticsearch"), b.cfg.Heap, b.cfg.ElasticURL)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, node.stop(ctx)) }()
	prefix := fmt.Sprintf("huicun-bench-%d-%d", os.Getpid(), time.Now().Unix())
	if b.cfg.ElasticURL != "" {
		defer func() { err = errors.Join(err, node.remove(context.WithoutCancel(ctx), prefix)) }()
	}
	if r.Indexing, err = b.feed(ctx, node, prefix); err != nil {
		return r, err
	}
	r.IndexedPerSecond = r.Indexing.perSecond()
	if r.IndexBytes, err = node.bytes(ctx, prefix); err != nil {
		return r, err
	}
	client, err := elastic.NewClient(elastic.Options{URLs: []string{node.url}, Prefix: prefix, Timeout: searchPatience})
	if err != nil {
		return r, err
	}
	defer client.Close()
	of := &store.Search{DB: b.DB}
	e := searchEngine{Engine: &elastic.Engine{Client: client, Of: of, Generations: b.DB, Base: of}, allCPU: node.cpu}
	return r, b.measure(ctx, e, &r)
}

// feed runs the feed until the index holds everything, then the bare loop.
func (b *searchBench) feed(ctx context.Context, node *elasticNode, prefix string) (r IndexingResult, err error) {
	t, err := newTap(ctx, node.url, b.oracle.len()/warmShare)
	if err != nil {
		return r, err
	}
	defer t.close()
	client, err := elastic.NewClient(elastic.Options{URLs: []string{t.url}, Prefix: prefix})
	if err != nil {
		return r, err
	}
	defer client.Close()
	told := time.Now()
	f := &elastic.Feeder{Client: client, Store: b.DB, Progress: func(_ search.Generation, c search.Changes) {
		if docs, took := t.rate(); time.Since(told) > 10*time.Second && took > 0 {
			told = time.Now()
			b.Logf("elastic: %d of %d documents fed (%.0f/s)", docs, c.Indexed, float64(docs)/took.Seconds())
		}
	}}
	var live search.Generation
	for done := false; !done; {
		if _, err := f.Pass(ctx); err != nil {
			return r, err
		}
		if live, done, err = b.caughtUp(ctx, prefix); err != nil {
			return r, err
		}
	}
	docs, took := t.rate()
	r.Documents, r.Seconds = docs, round(took.Seconds(), 3)
	fed, err := t.keptRate()
	if err != nil {
		return r, err
	}
	b.Logf("elastic: %d documents in the index after %.0f s; the same bodies by a bare loop", docs, took.Seconds())
	var rates, ratios []float64
	for round := range bareRounds {
		bare, err := t.again(ctx, node, live.Name, live.Months, round)
		if err != nil {
			return r, fmt.Errorf("bare loop: %w", err)
		}
		rates, ratios = append(rates, bare), append(ratios, fed/bare)
	}
	over := spread(ratios)
	r.BareLoop, r.OverBare = round(median(rates), 0), &over
	return r, nil
}

// caughtUp tells whether the generation that is searched holds all documents.
func (b *searchBench) caughtUp(ctx context.Context, prefix string) (live search.Generation, ok bool, err error) {
	gs, err1 := b.DB.FindGenerations(ctx, prefix)
	c, err2 := b.DB.ReadChanges(ctx)
	for _, g := range gs {
		if g.State == search.GenerationLive {
			return g, g.Change >= c.Change, errors.Join(err1, err2)
		}
	}
	return live, false, errors.Join(err1, err2)
}

// bytes is what the indices take on disk.
func (n *elasticNode) bytes(ctx context.Context, prefix string) (int64, error) {
	if err := n.call(ctx, http.MethodPost, "/"+prefix+"-*/_flush", nil, nil); err != nil {
		return 0, err
	}
	var stats struct {
		All struct {
			Primaries struct {
				Store struct {
					Size int64 `json:"size_in_bytes"`
				} `json:"store"`
			} `json:"primaries"`
		} `json:"_all"`
	}
	err := n.call(ctx, http.MethodGet, "/"+prefix+"-*/_stats/store", nil, &stats)
	return stats.All.Primaries.Store.Size, err
}
