package search

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Reason is why another engine than the configured one answered.
type Reason string

// The reasons; NoFallback: the configured one did.
const (
	NoFallback  Reason = ""
	Unavailable Reason = "unavailable" // it failed, or did a moment ago
	TimedOut    Reason = "timeout"     // it took too long, or did a moment ago
	Behind      Reason = "behind"      // its index lacks too much
	Building    Reason = "building"    // its index is being built
)

// What an engine that cannot answer well says of itself.
var (
	ErrBehind   = errors.New("search: the index is far behind")
	ErrBuilding = errors.New("search: the index is being built")
)

// Answered says which engine answered, and why.
type Answered struct {
	Engine   string
	Fallback Reason
}

// Fallback is an engine that asks Primary, and Secondary when that fails, takes
// too long, or says that its index lacks much. After a failure Primary is left
// alone for a moment, so that not every search waits for it. The zero Secondary
// is none: then failures are failures.
type Fallback struct {
	Primary   Engine
	Secondary Engine        // nil: none
	Within    time.Duration // that Primary has for an answer; 0 means 3 seconds
	Pause     time.Duration // after a failure; 0 means 5 seconds

	mu    sync.Mutex
	until time.Time // Primary is left alone
	why   Reason
}

const (
	defaultWithin = 3 * time.Second
	defaultPause  = 5 * time.Second
)

var _ Engine = (*Fallback)(nil)

// Name implements Engine: that of the configured one.
func (f *Fallback) Name() string { return f.Primary.Name() }

// Find implements Engine.
func (f *Fallback) Find(ctx context.Context, q Query, limit int) (refs []Ref, err error) {
	_, err = f.Do(ctx, func(ctx context.Context, e Engine) (err error) {
		refs, err = e.Find(ctx, q, limit)
		return err
	})
	return refs, err
}

// Count implements Engine.
func (f *Fallback) Count(ctx context.Context, q Query, most int) (n int, err error) {
	_, err = f.Do(ctx, func(ctx context.Context, e Engine) (err error) {
		n, err = e.Count(ctx, q, most)
		return err
	})
	return n, err
}

// Coverage implements Engine: that of the configured one, whoever answers.
func (f *Fallback) Coverage(ctx context.Context) (Coverage, error) { return f.Primary.Coverage(ctx) }

// Do has ask carried out with the engine that is to answer, and once more with
// the other one when that does not. It says which one answered.
func (f *Fallback) Do(ctx context.Context, ask func(context.Context, Engine) error) (Answered, error) {
	if f.Secondary == nil {
		return Answered{Engine: f.Primary.Name()}, ask(ctx, f.Primary)
	}
	why := f.resting()
	if why == NoFallback {
		err := f.tryPrimary(ctx, ask)
		if err == nil || ctx.Err() != nil {
			return Answered{Engine: f.Primary.Name()}, err
		}
		why = f.note(ctx, err)
	}
	return Answered{Engine: f.Secondary.Name(), Fallback: why}, ask(ctx, f.Secondary)
}

func (f *Fallback) tryPrimary(ctx context.Context, ask func(context.Context, Engine) error) error {
	within := f.Within
	if within == 0 {
		within = defaultWithin
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return ask(ctx, f.Primary)
}

// resting tells why Primary is left alone at the moment.
func (f *Fallback) resting() Reason {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Now().Before(f.until) {
		return f.why
	}
	return NoFallback
}

// note keeps in mind that Primary did not answer. An index that is behind says
// so quickly: it is asked again the next time.
func (f *Fallback) note(ctx context.Context, err error) Reason {
	why := reasonOf(err)
	if why == Behind || why == Building {
		return why
	}
	pause := f.Pause
	if pause == 0 {
		pause = defaultPause
	}
	f.mu.Lock()
	f.until, f.why = time.Now().Add(pause), why
	f.mu.Unlock()
	slog.WarnContext(ctx, "search engine did not answer; the other one does", "engine", f.Primary.Name(), "instead", f.Secondary.Name(), "err", err)
	return why
}

func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, ErrBehind):
		return Behind
	case errors.Is(err, ErrBuilding):
		return Building
	case errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	}
	return Unavailable
}
