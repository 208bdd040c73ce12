package elastic

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"huicun/internal/search"
)

// drop deletes what is left of an old generation. It keeps nothing else from
// going on.
func (f *Feeder) drop(ctx context.Context, g search.Generation) {
	err := f.Client.deleteGeneration(ctx, g.Name)
	if err == nil {
		err = f.Store.DeleteGeneration(ctx, g.Name)
	}
	if err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "old search indices not deleted; it is tried again", "generation", g.Name, "err", err)
		return
	}
	delete(f.verified, g.Name)
}

// DropOthers deletes the generations of other prefixes than the one that is
// configured, their indices and templates, and gives their names. Indices in
// another cluster are left there.
func (f *Feeder) DropOthers(ctx context.Context) (names []string, err error) {
	f.setUp()
	gs, err := f.Store.FindOtherGenerations(ctx, f.Client.o.Prefix)
	for _, g := range gs {
		if err := f.dropOther(ctx, g); err != nil {
			return names, fmt.Errorf("delete %s: %w", g.Name, err)
		}
		names = append(names, g.Name)
	}
	return names, err
}

func (f *Feeder) dropOther(ctx context.Context, g search.Generation) error {
	if err := f.Store.Retire(ctx, g.Name); err != nil {
		return err
	}
	if err := f.Client.deleteGeneration(ctx, g.Name); err != nil {
		return err
	}
	if err := f.Client.deleteTemplates(ctx, g.Alias); err != nil {
		return err
	}
	return f.Store.DeleteGeneration(ctx, g.Name)
}

// deleteTemplates deletes those that were made for a prefix.
func (c *Client) deleteTemplates(ctx context.Context, prefix string) error {
	for v := 1; v <= schemaVersion; v++ {
		path := fmt.Sprintf("_index_template/%s-v%d", prefix, v)
		err := c.do(ctx, request{method: http.MethodDelete, path: path, timeout: c.o.BulkTimeout}, nil)
		if err != nil && !missing(err) {
			return err
		}
	}
	return nil
}
