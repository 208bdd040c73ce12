package elastic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"huicun/internal/archive"
	"huicun/internal/search"
)

// Store is what a Feeder needs of the database: documents by their changes, and
// how far each generation has come.
type Store interface {
	Generations
	FindChanges(ctx context.Context, after, upTo int64, bytes int) (docs []search.Document, through int64, err error)
	FindDocuments(ctx context.Context, ids []string) ([]search.Document, error)
	FindVersions(ctx context.Context, month string, after archive.Position, limit int) ([]search.Version, error)
	FindSearchMonths(ctx context.Context) ([]string, error)

	CreateGeneration(ctx context.Context, alias string, shards int, reason string) error
	AddMonth(ctx context.Context, name, month string) error
	SaveProgress(ctx context.Context, name string, change int64, caughtUp *time.Time) error
	CountDocuments(ctx context.Context, name string, n int64) error
	NoteProblem(ctx context.Context, name, problem string) error
	Promote(ctx context.Context, name string) error
	Retire(ctx context.Context, name string) error
	DeleteGeneration(ctx context.Context, name string) error
	FindOtherGenerations(ctx context.Context, alias string) ([]search.Generation, error)
	ForgetProblems(ctx context.Context, but string) error
	SaveCheck(ctx context.Context, name string, repaired int64, whole bool) error

	SavePoison(ctx context.Context, name string, poison []search.Poison) error
	FindPoison(ctx context.Context, name string, limit int) ([]search.Poison, error)
	DeletePoison(ctx context.Context, name string, ids []string) error
}

// Feeder lets indices follow the documents of the database. One is to run at a
// time; more do no harm. Whatever happens, it begins again where the index is
// known to hold everything, and what is sent twice changes nothing.
type Feeder struct {
	Client *Client
	Store  Store

	Poll       time.Duration  // how often it looks for changes; 0 means 500 ms
	MostPoison int64          // documents that may be refused before it stops; 0 means 100
	Zone       *time.Location // of the night in which it compares everything; nil: UTC
	// Progress is called after each window; nil: nobody asks.
	Progress func(g search.Generation, c search.Changes)

	pressure *pressure
	begun    bool
	verified map[string]time.Time // by generation: when its indices were last seen to be right
	counted  time.Time            // documents were
	noted    time.Time            // how many were sent
	tried    time.Time            // a check was, after a count that was not right
}

const (
	defaultPoll    = 500 * time.Millisecond
	windowChanges  = 4000    // read at once
	windowBytes    = 8 << 20 // texts read at once; two windows are in memory
	liveWindows    = 50      // in one go
	buildWindows   = 10      // in one go, before the live generation has its turn again
	verifyEvery    = 30 * time.Second
	noteCaughtUp   = 15 * time.Second
	noteCount      = time.Second
	longestPause   = 30 * time.Second
	rebuildPause   = 20 * time.Second // age of a generation before another one takes its place
	defaultPoison  = 100
	poisonAttempts = 3
)

// Run feeds until ctx ends.
func (f *Feeder) Run(ctx context.Context) error {
	poll := f.Poll
	if poll == 0 {
		poll = defaultPoll
	}
	pause := time.Second
	for ctx.Err() == nil {
		busy, err := f.Pass(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			slog.WarnContext(ctx, "search index does not go on; it is tried again", "err", err, "retry_in", pause)
			wait(ctx, pause)
			pause = min(longestPause, 2*pause)
			continue
		case !busy:
			wait(ctx, poll)
		}
		pause = time.Second
	}
	return nil
}

// Pass does what is to be done now, up to some windows. busy says that there is
// more.
func (f *Feeder) Pass(ctx context.Context) (busy bool, err error) {
	if err := f.begin(ctx); err != nil {
		return false, err
	}
	gs, err := f.Store.FindGenerations(ctx, f.Client.o.Prefix)
	if err != nil {
		return false, err
	}
	var live, building *search.Generation
	for i := range gs {
		switch gs[i].State {
		case search.GenerationLive:
			live = &gs[i]
		case search.GenerationBuilding:
			building = &gs[i]
		case search.GenerationOld:
			f.drop(ctx, gs[i])
		}
	}
	if live == nil && building == nil {
		return true, f.Store.CreateGeneration(ctx, f.Client.o.Prefix, f.Client.o.Shards, "the first")
	}
	caughtUp := true
	if live != nil {
		caughtUp, err = f.guarded(ctx, live, liveWindows)
	}
	if building != nil && ctx.Err() == nil { // perhaps because the live one cannot go on: that must not stop it
		windows := liveWindows
		if live != nil {
			windows = buildWindows
		}
		return true, errors.Join(err, f.build(ctx, building, windows))
	}
	if err != nil {
		return false, err
	}
	if caughtUp {
		err = f.duties(ctx, live)
	}
	return !caughtUp, err
}

// build goes on with a generation, to which searches go when it holds everything.
func (f *Feeder) build(ctx context.Context, g *search.Generation, windows int) error {
	built, err := f.guarded(ctx, g, windows)
	if err == nil && built {
		err = f.promote(ctx, g)
	}
	return err
}

// begin ends, once, the problems of generations of other prefixes: nobody feeds
// them any more.
func (f *Feeder) begin(ctx context.Context) error {
	f.setUp()
	if f.begun {
		return nil
	}
	err := f.Store.ForgetProblems(ctx, f.Client.o.Prefix)
	f.begun = err == nil
	return err
}

func (f *Feeder) setUp() {
	if f.pressure == nil {
		f.pressure, f.verified = newPressure(f.Client.o), map[string]time.Time{}
	}
}

// guarded follows the changes, and notes what is wrong. A generation that is
// damaged is given up, and another one begun.
func (f *Feeder) guarded(ctx context.Context, g *search.Generation, windows int) (caughtUp bool, err error) {
	caughtUp, err = f.follow(ctx, g, windows)
	if err == nil || ctx.Err() != nil {
		return caughtUp, err
	}
	delete(f.verified, g.Name) // look again
	return false, f.fail(ctx, g, err)
}

func (f *Feeder) fail(ctx context.Context, g *search.Generation, err error) error {
	damaged, ok := errors.AsType[*errDamaged](err)
	if !ok || time.Since(g.StartedAt) < rebuildPause {
		if nerr := f.Store.NoteProblem(ctx, g.Name, err.Error()); nerr != nil {
			err = errors.Join(err, nerr)
		}
		return err
	}
	slog.ErrorContext(ctx, "search indices are damaged and built again", "generation", g.Name, "err", err)
	if err := f.Store.Retire(ctx, g.Name); err != nil {
		return err
	}
	return f.Store.CreateGeneration(ctx, f.Client.o.Prefix, f.Client.o.Shards, damaged.problem)
}

// follow sends windows of changes. caughtUp says that there are no others.
func (f *Feeder) follow(ctx context.Context, g *search.Generation, windows int) (caughtUp bool, err error) {
	if err := f.look(ctx, g); err != nil {
		return false, err
	}
	if err := f.prepare(ctx, g); err != nil {
		return false, err
	}
	next, stop := f.windows(ctx, *g, windows)
	defer stop()
	for w := range next {
		switch {
		case w.err != nil:
			return false, w.err
		case w.none:
			return true, f.idle(ctx, g, w.changes)
		}
		if err := f.pass(ctx, g, w); err != nil {
			return false, err
		}
	}
	return false, ctx.Err()
}

// idle notes now and then that nothing is missing.
func (f *Feeder) idle(ctx context.Context, g *search.Generation, c search.Changes) error {
	if g.Error == "" && g.CaughtUpAt != nil && c.Now.Sub(*g.CaughtUpAt) < noteCaughtUp {
		return nil
	}
	return f.Store.SaveProgress(ctx, g.Name, g.Change, &c.Now)
}

// look verifies, now and then, that the indices are there and as they were made.
func (f *Feeder) look(ctx context.Context, g *search.Generation) error {
	if time.Since(f.verified[g.Name]) < verifyEvery {
		return nil
	}
	if err := f.Client.putTemplate(ctx); err != nil {
		return err
	}
	if err := f.verify(ctx, g); err != nil {
		return err
	}
	if err := f.notAhead(ctx, g); err != nil {
		return err
	}
	if g.State == search.GenerationLive {
		if err := f.Client.swapAlias(ctx, indices(g)); err != nil {
			return err
		}
	}
	f.verified[g.Name] = time.Now()
	return nil
}

func (f *Feeder) verify(ctx context.Context, g *search.Generation) error {
	return f.Client.verify(ctx, indices(g))
}

// write writes actions, and keeps apart what is refused for good.
func (f *Feeder) write(ctx context.Context, g *search.Generation, actions []action) error {
	o, err := f.Client.write(ctx, f.pressure, actions, func(why error) {
		if err := f.Store.NoteProblem(ctx, g.Name, why.Error()); err != nil {
			slog.WarnContext(ctx, "problem of the search index not noted", "err", err)
		}
	})
	if err == nil {
		err = f.notNewer(ctx, o.newer)
	}
	if err != nil {
		return err
	}
	refused := o.refused
	if len(refused) > 0 {
		if refused, err = f.refuse(ctx, g, refused); err != nil {
			return err
		}
	}
	if g.Poison == 0 || len(refused) == len(actions) {
		return nil
	}
	bad := map[string]bool{}
	for _, r := range refused {
		bad[r.id] = true
	}
	var good []string
	for _, a := range actions {
		if !bad[a.id] {
			good = append(good, a.id)
		}
	}
	return f.Store.DeletePoison(ctx, g.Name, good)
}

// refuse tries documents again that were refused, one by one, and notes those of
// which nothing comes. It gives these. Too many of them are no fault of theirs.
func (f *Feeder) refuse(ctx context.Context, g *search.Generation, refused []refusal) ([]refusal, error) {
	if err := f.verify(ctx, g); err != nil {
		return nil, err
	}
	most := f.MostPoison
	if most == 0 {
		most = defaultPoison
	}
	var bad []refusal
	for _, r := range refused {
		again := []refusal{r}
		for n := 1; n < poisonAttempts && len(again) > 0; n++ {
			if !wait(ctx, firstPause) {
				return nil, ctx.Err()
			}
			o, err := f.Client.write(ctx, f.pressure, []action{r.action}, func(error) {})
			if err != nil {
				return nil, err
			}
			again = o.refused
		}
		bad = append(bad, again...)
		if g.Poison+int64(len(bad)) > most {
			return nil, fmt.Errorf("more than %d documents are refused, the last one as: %w", most, r.why)
		}
	}
	if len(bad) == 0 {
		return nil, nil
	}
	poison := make([]search.Poison, len(bad))
	for i, r := range bad {
		poison[i] = search.Poison{MessageID: r.id, Change: r.version, Attempts: poisonAttempts, Error: r.why.Error()}
		slog.ErrorContext(ctx, "document left out of the search index: it is refused again and again", "message_id", r.id, "err", r.why)
	}
	g.Poison += int64(len(bad))
	return bad, f.Store.SavePoison(ctx, g.Name, poison)
}

// promote lets searches go to a generation that has caught up.
func (f *Feeder) promote(ctx context.Context, g *search.Generation) error {
	if err := f.Client.refresh(ctx, indices(g)...); err != nil {
		return f.fail(ctx, g, err)
	}
	if err := f.Client.swapAlias(ctx, indices(g)); err != nil {
		return f.fail(ctx, g, err)
	}
	slog.InfoContext(ctx, "search goes to new indices", "generation", g.Name, "reason", g.Reason)
	return f.Store.Promote(ctx, g.Name)
}

// indices names those that a generation is known to have.
func indices(g *search.Generation) []string {
	names := make([]string, len(g.Months))
	for i, m := range g.Months {
		names[i] = g.Index(m)
	}
	return names
}
