package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"huicun/internal/config"
	"huicun/internal/ingest"
	"huicun/internal/search"
	"huicun/internal/search/elastic"
	"huicun/internal/store"
)

// finding is what finds messages: the engine that is configured, and what keeps
// its indices in step.
type finding struct {
	engine   search.Engine
	postgres *store.Search
	client   *elastic.Client // nil: only the database searches
	elastic  *elastic.Engine // nil likewise
	feeder   *elastic.Feeder // nil likewise
}

// newFinding makes the engine of the configuration. Elasticsearch need not be
// there: the database searches as long as it is not.
func newFinding(c config.Config, db *store.DB, zone *time.Location) (*finding, error) {
	f := &finding{postgres: &store.Search{DB: db}}
	f.engine = f.postgres
	if c.Search.Engine != config.SearchElastic {
		return f, nil
	}
	var err error
	if f.client, err = elastic.NewClient(elasticOptions(c.Search)); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	f.elastic = &elastic.Engine{Client: f.client, Of: f.postgres, Generations: db, Base: f.postgres}
	f.feeder = &elastic.Feeder{Client: f.client, Store: db, Zone: zone}
	f.engine = &search.Fallback{Primary: f.elastic, Secondary: f.postgres, Within: c.Search.Timeout}
	return f, nil
}

func elasticOptions(s config.Search) elastic.Options {
	return elastic.Options{
		URLs: s.URLs, APIKey: s.APIKey, Username: s.Username, Password: s.Password, CAFile: s.CAFile,
		Prefix: s.Prefix, Shards: s.Shards, Replicas: s.Replicas, Timeout: s.Timeout, BulkTimeout: s.BulkTimeout,
		BulkDocs: s.BulkDocs, BulkBytes: s.BulkMB << 20,
	}
}

// Indices are fed under a lease: by one process at a time.
const (
	leaseSearch      = "search"
	leaseSearchTTL   = time.Minute
	leaseSearchRetry = 5 * time.Second
)

// run feeds the indices until ctx ends. Without Elasticsearch there is nothing
// to feed, and nothing that could be wrong with it.
func (f *finding) run(ctx context.Context, g *errgroup.Group, db *database, holder string) {
	if f.feeder == nil {
		g.Go(func() error {
			if err := db.ForgetProblems(ctx, ""); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "problems of search indices not forgotten", "err", err)
			}
			return nil
		})
		return
	}
	g.Go(func() error {
		t := time.NewTicker(leaseSearchRetry)
		defer t.Stop()
		for ctx.Err() == nil {
			_, err := f.underLease(ctx, db, holder, f.feeder.Run)
			if err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "search index not fed", "err", err)
			}
			select {
			case <-ctx.Done():
			case <-t.C:
			}
		}
		return nil
	})
}

// underLease runs do unless another process feeds the indices.
func (f *finding) underLease(ctx context.Context, db *database, holder string, do func(context.Context) error) (held bool, err error) {
	return ingest.UnderLease(ctx, db, leaseSearch, holder, leaseSearchTTL, func(ctx context.Context, _ ingest.Lease) error { return do(ctx) })
}

// Close frees connections.
func (f *finding) Close() error {
	if f.client != nil {
		f.client.Close()
	}
	return nil
}

// generations gives what there is of indices, and what other prefixes have left.
func (f *finding) generations(ctx context.Context, db *database, prefix string) (gs, others []search.Generation, err error) {
	if f.feeder == nil {
		return nil, nil, nil
	}
	gs, err1 := db.FindGenerations(ctx, prefix)
	others, err2 := db.FindOtherGenerations(ctx, prefix)
	return gs, others, errors.Join(err1, err2)
}
