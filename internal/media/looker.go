package media

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

const (
	lookLease    = 90 * time.Second // kept while somebody looks: what a killed process had is soon looked into again
	lookFor      = 12 * time.Minute // one object
	lookAttempts = 5
	// lookDeaths is how many workers may have vanished with an object.
	lookDeaths = 10
)

// Looker looks into what the Fetcher stored, and stores forms of it that
// browsers show. Several processes may run one each.
type Looker struct {
	Store    LookStore
	Vault    *Vault
	Renderer Renderer
	Worker   string          // name of this process
	Workers  int             // objects at a time; 0 means 1
	Wake     <-chan struct{} // an object may be due; may be nil
	Now      func() time.Time

	gate gate
}

// Run looks until ctx ends; what is in hand is put back.
func (l *Looker) Run(ctx context.Context) error {
	l.prepare()
	p := pool{workers: l.Workers, wake: l.Wake, next: l.Store.NextObjectIn, claim: l.claim}
	p.run(ctx)
	return nil
}

func (l *Looker) prepare() {
	if l.Now == nil {
		l.Now = time.Now
	}
	if l.Workers == 0 {
		l.Workers = 1
	}
}

func (l *Looker) claim(ctx context.Context) (func(context.Context), error) {
	if err := l.gate.wait(ctx, l.Now); err != nil {
		return nil, err
	}
	o, ok, err := seen(ctx, func(ctx context.Context) (Object, bool, error) { return l.Store.ClaimObject(ctx, l.Worker, lookLease) })
	if err != nil || !ok {
		return nil, err
	}
	return func(ctx context.Context) { l.work(ctx, o) }, nil
}

// work looks into one object and records what became of it.
func (l *Looker) work(ctx context.Context, o Object) {
	// A claim and its end count one each: what is over are workers that died.
	if o.Claim-2*int64(o.Attempt+o.Stops) > 1+lookDeaths {
		l.record(ctx, o, errors.New("it was begun again and again, and never came to an end"))
		return
	}
	held, done := hold(ctx, lookLease, func(ctx context.Context) (bool, error) { return l.Store.KeepObject(ctx, o, lookLease) })
	err := l.look(held, o)
	lost := errors.Is(context.Cause(held), errLost)
	done()
	switch {
	case lost:
		slog.WarnContext(ctx, "media object left to the worker that has it now", "object", hex.EncodeToString(o.SHA256))
	case err == nil:
		l.gate.well()
	default:
		l.record(ctx, o, err)
	}
}

// look looks into the object and keeps what was made of it.
func (l *Looker) look(ctx context.Context, o Object) error {
	bounded, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	looked, made, err := l.render(bounded, o)
	if err == nil {
		err = l.keep(bounded, o, &looked, made)
	}
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("after %v: %w: %w", lookFor, ErrTemporary, err)
	}
	return err
}

// render reads the object and hands it to the renderer, whose panic is a failure
// like any other.
func (l *Looker) render(ctx context.Context, o Object) (looked Looked, made []Rendered, err error) {
	r, _, err := l.Vault.Open(ctx, originalName(hex.EncodeToString(o.SHA256)))
	if err != nil {
		return looked, nil, &Error{Class: ClassStore, Err: err}
	}
	defer func() { _ = r.Close() }()
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "media renderer panicked", "object", hex.EncodeToString(o.SHA256), "stack", string(debug.Stack()))
			err = errors.New("the renderer panicked")
		}
	}()
	return l.Renderer.Render(ctx, o, r)
}

// keep stores what was made and says so.
func (l *Looker) keep(ctx context.Context, o Object, looked *Looked, made []Rendered) error {
	for _, m := range made {
		name := renditionName(hex.EncodeToString(o.SHA256), m.Name)
		if err := CheckName(name); err != nil {
			return err
		}
		m.SizeBytes = int64(len(m.Data))
		if err := l.Vault.Put(ctx, name, bytes.NewReader(m.Data), m.SizeBytes); err != nil {
			return &Error{Class: ClassStore, Err: err}
		}
		looked.Renditions = append(looked.Renditions, m.Rendition)
	}
	ok, err := l.Store.SaveLooked(ctx, o, *looked)
	if err != nil {
		return &Error{Class: ClassStore, Err: err}
	}
	if !ok {
		slog.WarnContext(ctx, "media object left to the worker that has it now", "object", hex.EncodeToString(o.SHA256))
	}
	return nil
}

// record puts the object back or gives it up; ctx may have ended.
func (l *Looker) record(ctx context.Context, o Object, err error) {
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if serr := l.decide(sctx, o, err, ctx.Err() != nil); serr != nil {
		slog.ErrorContext(ctx, "failure of media object not recorded; it is looked into again when its claim ends", "object", hex.EncodeToString(o.SHA256), "err", serr)
	}
}

func (l *Looker) decide(ctx context.Context, o Object, err error, stop bool) error {
	object := hex.EncodeToString(o.SHA256)
	if stop {
		_, err := l.Store.PostponeObject(ctx, o, 0, false, "stopped")
		return err
	}
	if classOf(err) == ClassStore {
		d := l.pause(err)
		slog.ErrorContext(ctx, "media object neither read nor stored", "object", object, "next_in", d.String(), "err", err)
		_, err := l.Store.PostponeObject(ctx, o, d, false, err.Error())
		return err
	}
	if errors.Is(err, ErrTemporary) && o.Attempt+1 < lookAttempts {
		d := min(time.Hour, 10*time.Second<<(2*o.Attempt))
		slog.WarnContext(ctx, "media object not looked into yet", "object", object, "attempt", o.Attempt+1, "next_in", d.String(), "err", err)
		_, err := l.Store.PostponeObject(ctx, o, d, true, err.Error())
		return err
	}
	slog.WarnContext(ctx, "media object cannot be looked into; the original stays", "object", object, "err", err)
	_, err = l.Store.EndObject(ctx, o, err.Error())
	return err
}

// pause tells how long an object waits after our own store failed. One that is
// missing or damaged there is alone with that; else everybody pauses.
func (l *Looker) pause(err error) time.Duration {
	if Unreadable(err) || errors.Is(err, ErrNoKey) {
		return time.Hour
	}
	d := l.gate.close(l.Now(), ClassStore)
	return min(8*d, 10*time.Minute)
}
