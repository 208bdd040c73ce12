package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huicun/internal/search"
)

// searchEngine is an engine under measurement.
type searchEngine struct {
	search.Engine
	cpu func() time.Duration // of Postgres' backend that answers; nil: not known
	// of all that answers, coarse; nil: not known
	allCPU func() (float64, error)
}

// agreement counts how an engine's answers agree with those of brute force.
type agreement struct {
	Checked    int `json:"checked"` // answers, of hits or of totals
	Expected   int `json:"expected_hits"`
	Given      int `json:"given_hits"`
	Right      int `json:"right_hits"` // of those given, as the same message is expected
	Misplaced  int `json:"misordered"` // answers that are not the same hits in the same order
	WrongTotal int `json:"wrong_totals"`
	TimedOut   int `json:"timed_out"`        // searches that were not answered in time: their hits were not found
	Uncounted  int `json:"totals_timed_out"` // totals that were not counted in time: then huicun shows none

	classes []string // of the first wrong answers
}

func (a *agreement) recall() float64    { return share(a.Right, a.Expected) }
func (a *agreement) precision() float64 { return share(a.Right, a.Given) }
func (a *agreement) sameOrder() bool    { return a.Misplaced == 0 }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// Err says what is wrong, nil when every answer is that of brute force.
func (a *agreement) Err() error {
	if a.Right == a.Expected && a.Right == a.Given && a.sameOrder() && a.WrongTotal == 0 && a.Checked > 0 {
		return nil
	}
	return fmt.Errorf("%w: of %d hits %d were found, of %d given %d were hits, %d answers of %d are not in order, %d totals are wrong; %d searches had no answer within %s, whose hits count as not found; among them: %q",
		errMissed, a.Expected, a.Right, a.Given, a.Right, a.Misplaced, a.Checked, a.WrongTotal, a.TimedOut, searchPatience, a.classes)
}

const toldClasses = 8

func (a *agreement) blame(c searchClass, what string) {
	if len(a.classes) < toldClasses {
		a.classes = append(a.classes, fmt.Sprintf("%s (%d %s %s)", what, c.Length, c.Frequency, c.With))
	}
}

// hits holds an answer against the one expected.
func (a *agreement) hits(c searchClass, got, want []search.Ref) {
	a.Checked++
	a.Expected, a.Given = a.Expected+len(want), a.Given+len(got)
	expected := map[search.Ref]bool{}
	for _, r := range want {
		expected[r] = true
	}
	for i := range got {
		got[i].SentAt = got[i].SentAt.UTC()
		if expected[got[i]] {
			a.Right++
			delete(expected, got[i]) // a second one is too many
		}
	}
	if !slices.Equal(got, want) {
		a.Misplaced++
		a.blame(c, "hits")
	}
}

func (a *agreement) total(c searchClass, got, want int) {
	a.Checked++
	if got != want {
		a.WrongTotal++
		a.blame(c, "total")
	}
}

// classTimes are the times of one class.
type classTimes struct {
	searches        int
	wall, cpu, sums []time.Duration
}

// searchRun measures one engine.
type searchRun struct {
	engine  searchEngine
	oracle  *oracle
	rounds  int
	answers agreement
	classes map[searchClass]*classTimes
	cpu     float64 // seconds of everything that answers, of the timed searches
	timed   int
}

// run checks every search, which warms up, and times each some times.
func (r *searchRun) run(ctx context.Context, cases []searchCase, told func(done int)) error {
	r.classes = map[searchClass]*classTimes{}
	for i, c := range cases {
		if err := r.check(ctx, c); err != nil {
			return fmt.Errorf("%s, %d %s %s: %w", r.engine.Name(), c.class.Length, c.class.Frequency, c.class.With, err)
		}
		told(i + 1)
	}
	before, err := r.allCPU()
	if err != nil {
		return err
	}
	for range r.rounds {
		for _, c := range cases {
			if err := r.time(ctx, c); err != nil {
				return err
			}
		}
	}
	after, err := r.allCPU()
	r.cpu = after - before
	return err
}

func (r *searchRun) allCPU() (float64, error) {
	if r.engine.allCPU == nil {
		return 0, nil
	}
	return r.engine.allCPU()
}

func (r *searchRun) times(c searchClass) *classTimes {
	t := r.classes[c]
	if t == nil {
		t = &classTimes{}
		r.classes[c] = t
	}
	return t
}

// check holds the page and the total of a search against brute force, and of
// those without filter the whole answer.
func (r *searchRun) check(ctx context.Context, c searchCase) error {
	if err := r.find(ctx, c, searchPage); err != nil {
		return err
	}
	if c.class.With == "" {
		if err := r.find(ctx, c, search.MaxRefs); err != nil {
			return err
		}
	}
	begin := time.Now()
	n, err := r.engine.Count(ctx, c.query, search.MaxRefs+1)
	t := r.times(c.class)
	t.searches++
	t.sums = append(t.sums, time.Since(begin))
	if tooSlow(ctx, err) {
		r.answers.Uncounted++
		return nil
	}
	if err != nil {
		return fmt.Errorf("count: %w", err)
	}
	r.answers.total(c.class, n, r.oracle.count(c.query, c.sight, search.MaxRefs+1))
	return nil
}

func (r *searchRun) find(ctx context.Context, c searchCase, limit int) error {
	got, err := r.engine.Find(ctx, c.query, limit)
	if tooSlow(ctx, err) {
		r.answers.TimedOut++
		err = nil
	}
	if err != nil {
		return err
	}
	r.answers.hits(c.class, got, r.expect(c, limit))
	return nil
}

// tooSlow reports whether an engine did not answer in its own time.
func tooSlow(ctx context.Context, err error) bool {
	return errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
}

func (r *searchRun) expect(c searchCase, limit int) []search.Ref {
	var refs []search.Ref
	for _, i := range r.oracle.first(c.query, c.sight, limit) {
		refs = append(refs, r.oracle.ref(i))
	}
	return refs
}

func (r *searchRun) time(ctx context.Context, c searchCase) error {
	t := r.times(c.class)
	var before time.Duration
	if r.engine.cpu != nil {
		before = r.engine.cpu()
	}
	begin := time.Now()
	if _, err := r.engine.Find(ctx, c.query, searchPage); err != nil && !tooSlow(ctx, err) {
		return err
	}
	t.wall = append(t.wall, time.Since(begin))
	if r.engine.cpu != nil {
		t.cpu = append(t.cpu, r.engine.cpu()-before)
	}
	r.timed++
	return nil
}

// group puts the classes together that one target is about.
func (r *searchRun) group(in func(searchClass) bool) (wall, cpu, sums Quantiles) {
	var all classTimes
	for c, t := range r.classes {
		if in(c) {
			all.wall, all.cpu, all.sums = append(all.wall, t.wall...), append(all.cpu, t.cpu...), append(all.sums, t.sums...)
		}
	}
	return quantiles(all.wall), quantiles(all.cpu), quantiles(all.sums)
}

// list gives the classes in order: by what they are with, length and frequency.
func (r *searchRun) list() (list []ClassResult) {
	for c, t := range r.classes {
		list = append(list, ClassResult{c, t.searches, quantiles(t.wall), quantiles(t.cpu), quantiles(t.sums)})
	}
	slices.SortFunc(list, func(a, b ClassResult) int {
		return cmp.Or(cmp.Compare(a.With, b.With), a.Length-b.Length, cmp.Compare(b.Frequency, a.Frequency))
	})
	return list
}
