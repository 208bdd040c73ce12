package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/directory"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/store"
)

// endpoint compares the rate of pages through HTTP with the rate at which as
// many goroutines get through the same statements without it.
func (b *Read) endpoint(ctx context.Context, w *World, s readScope, r *PageResult) error {
	r.Workers = 2 * runtime.GOMAXPROCS(0)
	db, err := store.Open(ctx, store.Options{URL: w.DB.URL(), MaxConns: r.Workers})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	scripts, err := s.record(ctx, db)
	if err != nil {
		return err
	}
	service := access.Service{Store: db}
	overHTTP := func(ctx context.Context, i int) error {
		_, err := s.fetch(ctx, i, s.pages[i%len(s.pages)])
		return err
	}
	bare := func(ctx context.Context, i int) error {
		if _, _, err := service.Session(ctx, s.sessions[i%len(s.sessions)].token); err != nil {
			return err
		}
		for _, statement := range scripts[i%len(scripts)] {
			if err := statement(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	var ratios, perSecond []float64
	for round := range b.Pairs + 1 { // the first warms up
		a, err := rate(ctx, r.Workers, b.Slice, overHTTP)
		if err != nil {
			return err
		}
		bound, err := rate(ctx, r.Workers, b.Slice, bare)
		if err != nil {
			return err
		}
		if round > 0 {
			ratios, perSecond = append(ratios, a/bound), append(perSecond, a)
		}
	}
	r.Endpoint, r.PerSecond = spread(ratios), round(median(perSecond), 0)
	return nil
}

// rate gives how often a second do is done by some goroutines.
func rate(ctx context.Context, workers int, d time.Duration, do func(ctx context.Context, i int) error) (float64, error) {
	var done atomic.Int64
	begin := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for range workers {
		g.Go(func() error {
			for time.Since(begin) < d {
				if err := do(ctx, int(done.Add(1))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds(), err
}

// script is the statements of one page, ready to be run again.
type script []func(ctx context.Context) error

// recorder notes what a page asks of the store.
type recorder struct {
	*store.DB
	script script
	byName map[string]script // the same by method, of all pages; nil: not wanted
}

func (r *recorder) note(name string, statement func(ctx context.Context) error) {
	r.script = append(r.script, statement)
	if r.byName != nil {
		r.byName[name] = append(r.byName[name], statement)
	}
}

// HasConversation implements archive.Store.
func (r *recorder) HasConversation(ctx context.Context, s access.Scope, conv int64) (bool, error) {
	r.note("HasConversation", func(ctx context.Context) error { _, err := r.DB.HasConversation(ctx, s, conv); return err })
	return r.DB.HasConversation(ctx, s, conv)
}

// LastBatchID implements archive.Store.
func (r *recorder) LastBatchID(ctx context.Context) (int64, error) {
	r.note("LastBatchID", func(ctx context.Context) error { _, err := r.DB.LastBatchID(ctx); return err })
	return r.DB.LastBatchID(ctx)
}

// GetPosition implements archive.Store.
func (r *recorder) GetPosition(ctx context.Context, s access.Scope, id string) (archive.Position, error) {
	r.note("GetPosition", func(ctx context.Context) error { _, err := r.DB.GetPosition(ctx, s, id); return err })
	return r.DB.GetPosition(ctx, s, id)
}

// FindWindow implements archive.Store.
func (r *recorder) FindWindow(ctx context.Context, s access.Scope, conv int64, from archive.Position, side archive.Side, limit int) ([]archive.Message, bool, error) {
	r.note("FindWindow", func(ctx context.Context) error {
		_, _, err := r.DB.FindWindow(ctx, s, conv, from, side, limit)
		return err
	})
	return r.DB.FindWindow(ctx, s, conv, from, side, limit)
}

// FindRevocations implements archive.Store.
func (r *recorder) FindRevocations(ctx context.Context, s access.Scope, ms []archive.Message) (map[string]archive.Revocation, error) {
	r.note("FindRevocations", func(ctx context.Context) error { _, err := r.DB.FindRevocations(ctx, s, ms); return err })
	return r.DB.FindRevocations(ctx, s, ms)
}

// FindOriginals implements archive.Store.
func (r *recorder) FindOriginals(ctx context.Context, s access.Scope, pres []string) (map[string]string, error) {
	r.note("FindOriginals", func(ctx context.Context) error { _, err := r.DB.FindOriginals(ctx, s, pres); return err })
	return r.DB.FindOriginals(ctx, s, pres)
}

// FindMarks implements archive.Store.
func (r *recorder) FindMarks(ctx context.Context, s access.Scope, ids []string) (map[string][]archive.Mark, error) {
	r.note("FindMarks", func(ctx context.Context) error { _, err := r.DB.FindMarks(ctx, s, ids); return err })
	return r.DB.FindMarks(ctx, s, ids)
}

// FindPersons implements archive.Store.
func (r *recorder) FindPersons(ctx context.Context, ids []string) (map[string]directory.Person, error) {
	r.note("FindPersons", func(ctx context.Context) error { _, err := r.DB.FindPersons(ctx, ids); return err })
	return r.DB.FindPersons(ctx, ids)
}

// recordedPages bounds the memory of recorded pages: each holds its messages.
const recordedPages = 500

// record reads pages once, as the server does, and keeps their statements.
func (s *readScope) record(ctx context.Context, db *store.DB) ([]script, error) {
	var scripts []script
	for _, t := range s.pages[:min(recordedPages, len(s.pages))] {
		r := &recorder{DB: db}
		service := archive.Service{Store: r, Decode: chatdata.Content, Zone: time.UTC}
		if _, err := service.Timeline(ctx, s.viewer, archive.TimelineQuery{ConvID: t.conv, Older: t.from.ID, Limit: pageSize}); err != nil {
			return nil, err
		}
		scripts = append(scripts, r.script)
	}
	return scripts, nil
}

const sqlPlans = `
SELECT name, generic_plans, custom_plans FROM pg_prepared_statements
WHERE statement LIKE '%FROM messages m%' AND statement LIKE '%viewer_employees%' LIMIT 1`

// explain tells whether the page's statement runs a plan that was made once,
// and how many months it looks into.
func explain(ctx context.Context, one *store.DB, s readScope) (planInfo, error) {
	var p planInfo
	var st struct {
		Name    string `db:"name"`
		Generic int64  `db:"generic_plans"`
		Custom  int64  `db:"custom_plans"`
	}
	if err := one.GetContext(ctx, &st, sqlPlans); err != nil {
		return p, fmt.Errorf("the page's statement is not prepared: %w", err)
	}
	p.Generic, p.Custom = st.Generic, st.Custom
	if err := one.GetContext(ctx, &p.Partitions, `SELECT count(*) FROM pg_inherits WHERE inhparent = 'messages'::regclass`); err != nil {
		return p, err
	}
	const sample = 20
	pages := s.pages[:min(sample, len(s.pages))]
	for _, t := range pages {
		var plan []byte
		q := fmt.Sprintf(`EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE %q (%d, '%s', %d, '%s', %d, %d)`, st.Name,
			t.conv, t.from.SentAt.Format(time.RFC3339Nano), t.from.Seq, t.from.ID, pageSize+1, s.viewer.ID)
		if err := one.GetContext(ctx, &plan, q); err != nil {
			return p, fmt.Errorf("explain a page: %w", err)
		}
		var tree []struct{ Plan planNode }
		if err := json.Unmarshal(plan, &tree); err != nil {
			return p, err
		}
		for _, root := range tree {
			p.Scanned += root.Plan.scanned()
		}
	}
	p.Scanned /= int64(len(pages))
	return p, nil
}

// planNode is a node of a plan.
type planNode struct {
	Relation string     `json:"Relation Name"`
	Loops    float64    `json:"Actual Loops"`
	Plans    []planNode `json:"Plans"`
}

// scanned counts the months that were looked into.
func (n planNode) scanned() int64 {
	var sum int64
	if strings.HasPrefix(n.Relation, "messages_") && n.Loops > 0 {
		sum++
	}
	for _, child := range n.Plans {
		sum += child.scanned()
	}
	return sum
}

// GrowthResult compares the pages of two sizes.
type GrowthResult struct {
	Bench  string  `json:"bench"` // read.growth
	Scope  int64   `json:"scope"`
	From   int     `json:"from"` // messages
	To     int     `json:"to"`
	Factor float64 `json:"p50_factor"` // of pages through HTTP
}

// String implements fmt.Stringer.
func (r GrowthResult) String() string {
	return fmt.Sprintf("p50 of a page at %d messages over %d, scope of %d: %.2f   (<= %v: %s)",
		r.To, r.From, r.Scope, r.Factor, targetGrowth, verdict(r.Factor <= targetGrowth))
}

// growth prints how pages got slower from one size to the next.
func growth(o Options, small, large []PageResult) error {
	w := World{opts: o}
	for i := range large {
		if i >= len(small) || small[i].HTTP.P50 == 0 {
			continue
		}
		r := GrowthResult{
			Bench: "read.growth", Scope: large[i].Scope, From: small[i].Messages, To: large[i].Messages,
			Factor: round(large[i].HTTP.P50/small[i].HTTP.P50, 2),
		}
		if err := w.Result(r); err != nil {
			return err
		}
	}
	return nil
}
