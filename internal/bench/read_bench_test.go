package bench

import (
	"context"
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
)

// BenchmarkPageStatements tells which statement of a page costs what:
// backend-us/op is time of Postgres on the CPU.
func BenchmarkPageStatements(b *testing.B) {
	ctx := b.Context()
	db, err := store.Open(ctx, store.Options{URL: storetest.New(b), MaxConns: 4})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	c := NewCorpus(CorpusOptions{Messages: 100_000})
	if err := c.Load(ctx, db.DB, func(int) {}); err != nil {
		b.Fatal(err)
	}
	viewer := corpusViewer(b, db, 500)
	s := readScope{viewer: viewer, size: 500}
	if err := s.choose(ctx, &World{DB: db}, c, 200); err != nil {
		b.Fatal(err)
	}
	one, err := store.Open(ctx, store.Options{URL: db.URL(), MaxConns: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer one.Close()
	pids, err := ownBackend(ctx, one)
	if err != nil {
		b.Fatal(err)
	}
	r := &recorder{DB: one, byName: map[string]script{}}
	service := archive.Service{Store: r, Decode: chatdata.Content, Zone: time.UTC}
	for _, t := range s.pages {
		if _, err := service.Timeline(ctx, viewer, archive.TimelineQuery{ConvID: t.conv, Older: t.from.ID, Limit: pageSize}); err != nil {
			b.Fatal(err)
		}
	}
	for name, script := range r.byName {
		b.Run(name, func(b *testing.B) {
			before := pids.cpu()
			for i := range b.N {
				if err := script[i%len(script)](ctx); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((pids.cpu()-before).Microseconds())/float64(b.N), "backend-us/op")
		})
	}
}

// corpusViewer makes a viewer of the first employees.
func corpusViewer(tb testing.TB, db *store.DB, employees int) access.Viewer {
	tb.Helper()
	ctx := context.Background()
	v := access.Viewer{Role: access.RoleViewer}
	if err := db.GetContext(ctx, &v.ID, `INSERT INTO viewers (person, userid, role) VALUES ('emp00001', 'Emp00001', 'viewer') RETURNING id`); err != nil {
		tb.Fatal(err)
	}
	const q = `INSERT INTO viewer_employees SELECT $1, person FROM employees ORDER BY person LIMIT $2`
	if _, err := db.ExecContext(ctx, q, v.ID, employees); err != nil {
		tb.Fatal(err)
	}
	return v
}
