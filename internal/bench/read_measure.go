package bench

import (
	"context"
	"fmt"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/store"
)

// PageResult is what reading pages costs a viewer.
type PageResult struct {
	Bench    string `json:"bench"` // read.page
	Messages int    `json:"messages"`
	Scope    int64  `json:"scope"` // employees

	HTTP       Quantiles `json:"http"`           // wall time of a page through huicun
	BackendCPU Quantiles `json:"backend_cpu"`    // of Postgres, for all statements of a page
	Statement  Quantiles `json:"statement"`      // wall time of the page's own statement
	StatCPU    Quantiles `json:"statement_cpu"`  // backend CPU of it
	Permission Quantiles `json:"permission"`     // wall time of the permission check
	WithOver   Spread    `json:"with_over_sans"` // backend CPU of the statement with permission over without, p50 by p50
	Endpoint   Spread    `json:"endpoint_over_statements"`
	PerSecond  float64   `json:"pages_per_second"` // median of the endpoint's rates
	Workers    int       `json:"workers"`          // goroutines of those rates
	Plan       planInfo  `json:"plan"`
	Checked    int       `json:"checked"`
	Wrong      int       `json:"wrong"`
}

// planInfo tells how Postgres runs the statement of a page.
type planInfo struct {
	Generic    int64 `json:"generic_plans"` // runs of a plan that was made once
	Custom     int64 `json:"custom_plans"`  // runs that were planned anew
	Partitions int64 `json:"partitions"`
	Scanned    int64 `json:"scanned"` // partitions that the plan looked into, on average over pages
}

// Targets of reading.
const (
	targetPageP95, targetPageP99 = 5.0, 10.0
	targetBackendP95             = 1.5
	targetWithOver               = 1.5
	targetPermission             = 0.2
	targetEndpoint               = 0.75
	targetGrowth                 = 1.5
)

// verdict says whether a figure holds.
func verdict(ok bool) string {
	if ok {
		return "holds"
	}
	return "MISSED"
}

// String implements fmt.Stringer.
func (r PageResult) String() string {
	return fmt.Sprintf(`pages of %d, %d messages, a viewer of %d employees, %d pages:
  through HTTP        p50 %.2f  p95 %.2f  p99 %.2f ms   (p95 <= %v, p99 <= %v: %s)
  backend CPU a page  p50 %.2f  p95 %.2f  p99 %.2f ms
  its own statement   p50 %.2f  p95 %.2f ms; backend CPU p50 %.2f  p95 %.2f ms   (p95 <= %v: %s)
  permission check    p50 %.3f  p95 %.3f ms   (p50 <= %v: %s)
  with permission over without, backend CPU  %.2f (%.2f-%.2f)   (<= %v: %s)
  endpoint over its statements without HTTP  %.2f (%.2f-%.2f), %.0f pages/s with %d workers   (>= %v: %s)
  plan: %d runs of a prepared plan, %d planned anew, %d of %d months looked into
  %d answers held against brute force, %d wrong`,
		pageSize, r.Messages, r.Scope, r.HTTP.Count, r.HTTP.P50, r.HTTP.P95, r.HTTP.P99, targetPageP95, targetPageP99,
		verdict(r.HTTP.P95 <= targetPageP95 && r.HTTP.P99 <= targetPageP99),
		r.BackendCPU.P50, r.BackendCPU.P95, r.BackendCPU.P99,
		r.Statement.P50, r.Statement.P95, r.StatCPU.P50, r.StatCPU.P95, targetBackendP95, verdict(r.StatCPU.P95 <= targetBackendP95),
		r.Permission.P50, r.Permission.P95, targetPermission, verdict(r.Permission.P50 <= targetPermission),
		r.WithOver.Median, r.WithOver.Min, r.WithOver.Max, targetWithOver, verdict(r.WithOver.Median <= targetWithOver),
		r.Endpoint.Median, r.Endpoint.Min, r.Endpoint.Max, r.PerSecond, r.Workers, targetEndpoint, verdict(r.Endpoint.Median >= targetEndpoint),
		r.Plan.Generic, r.Plan.Custom, r.Plan.Scanned, r.Plan.Partitions, r.Checked, r.Wrong)
}

// checkedPages is how many pages of a scope are held against brute force.
const checkedPages = 100

// measure reads the pages of a scope in every way.
func (b *Read) measure(ctx context.Context, w *World, s readScope) (PageResult, error) {
	r := PageResult{Bench: "read.page", Scope: s.size}
	w.Logf("scope of %d employees: checking answers", s.size)
	var err error
	if r.Wrong, err = s.check(ctx, w, checkedPages); err != nil {
		return r, err
	}
	r.Checked = min(checkedPages, len(s.pages)) + len(s.others)
	w.Logf("scope of %d employees: reading %d pages", s.size, len(s.pages))
	if err := s.overHTTP(ctx, w, &r); err != nil {
		return r, err
	}
	one, err := store.Open(ctx, store.Options{URL: w.DB.URL(), MaxConns: 1})
	if err != nil {
		return r, err
	}
	defer func() { _ = one.Close() }()
	if err := b.statements(ctx, one, s, &r); err != nil {
		return r, err
	}
	if err := permission(ctx, one, s, &r); err != nil {
		return r, err
	}
	if r.Plan, err = explain(ctx, one, s); err != nil {
		return r, err
	}
	w.Logf("scope of %d employees: rates", s.size)
	return r, b.endpoint(ctx, w, s, &r)
}

// overHTTP reads each page twice, the first time to warm up.
func (s *readScope) overHTTP(ctx context.Context, w *World, r *PageResult) error {
	for i, t := range s.pages {
		if _, err := s.fetch(ctx, i, t); err != nil {
			return err
		}
	}
	pids, err := findBackends(ctx, w.DB.DB)
	if err != nil {
		return err
	}
	var wall, cpu []time.Duration
	for i, t := range s.pages {
		before, begin := pids.cpu(), time.Now()
		if _, err := s.fetch(ctx, i, t); err != nil {
			return err
		}
		wall = append(wall, time.Since(begin))
		cpu = append(cpu, pids.cpu()-before)
	}
	r.HTTP, r.BackendCPU = quantiles(wall), quantiles(cpu)
	return nil
}

// statements runs the page's statement alone, with permission and without in
// turns.
func (b *Read) statements(ctx context.Context, one *store.DB, s readScope, r *PageResult) error {
	pids, err := ownBackend(ctx, one)
	if err != nil {
		return err
	}
	read := func(t target, scope access.Scope) (wall, cpu time.Duration, err error) {
		before, begin := pids.cpu(), time.Now()
		_, _, err = one.FindWindow(ctx, scope, t.conv, t.from, archive.Older, pageSize)
		return time.Since(begin), pids.cpu() - before, err
	}
	var wall, cpu []time.Duration
	var ratios []float64
	for round := range b.Pairs + 1 { // the first warms up
		var with, without []time.Duration
		for i := round; i < len(s.pages); i += b.Pairs {
			took, used, err := read(s.pages[i], s.viewer.Scope())
			if err != nil {
				return err
			}
			_, sans, err := read(s.pages[i], access.System())
			if err != nil {
				return err
			}
			wall, cpu = append(wall, took), append(cpu, used)
			with, without = append(with, used), append(without, sans)
		}
		if round == 0 {
			wall, cpu = nil, nil
			continue
		}
		if base := quantiles(without).P50; base > 0 {
			ratios = append(ratios, quantiles(with).P50/base)
		}
	}
	r.Statement, r.StatCPU = quantiles(wall), quantiles(cpu)
	if len(ratios) > 0 { // schedstat may not be readable
		r.WithOver = spread(ratios)
	}
	return nil
}

// ownBackend is the process of the only connection of a pool.
func ownBackend(ctx context.Context, one *store.DB) (backends, error) {
	var pid int
	err := one.GetContext(ctx, &pid, `SELECT pg_backend_pid()`)
	return backends{pid}, err
}

// permission measures the check whether a conversation may be read: of one
// that may, and of one that may not.
func permission(ctx context.Context, one *store.DB, s readScope, r *PageResult) error {
	var times []time.Duration
	for round := range 2 { // the first warms up
		times = nil
		for i, t := range s.pages {
			conv, want := t.conv, true
			if len(s.others) > 0 && i%2 == 1 {
				conv, want = s.others[i%len(s.others)], false
			}
			begin := time.Now()
			ok, err := one.HasConversation(ctx, s.viewer.Scope(), conv)
			if err != nil {
				return err
			}
			times = append(times, time.Since(begin))
			if ok != want && round == 0 {
				r.Wrong++
			}
		}
	}
	r.Permission = quantiles(times)
	return nil
}
