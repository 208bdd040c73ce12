package media

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"huicun/internal/archive"
)

const (
	day = 24 * time.Hour

	// WeCom keeps files for 5 days; from which moment on it counts is not known.
	window      = 5 * day
	windowSlack = day
	urgentAfter = window + windowSlack - 4*day // ClaimFile takes those of the 4 days before first

	pollInterval = 5 * time.Second // safety net beside Wake
	saveTimeout  = 10 * time.Second
	sweepEvery   = time.Hour

	// callsPerMinute stays below the 25,000 that WeCom allows
	// (developer.work.weixin.qq.com/document/path/91774).
	callsPerMinute = 20_000
)

// FetchLease is for how long who fetches a file has it, unless the lease is
// extended: within it, such a file is due again.
const FetchLease = 2 * time.Minute

// Limits are the largest files that are fetched, in bytes, by kind; 0: no limit.
type Limits struct {
	Image, Voice, Video, File, Call int64
}

// of gives the limit of a content kind; 0: none.
func (l Limits) of(kind string) int64 {
	switch archive.ContentKind(kind) {
	case archive.ContentImage, archive.ContentEmotion:
		return l.Image
	case archive.ContentVoice:
		return l.Voice
	case archive.ContentVideo:
		return l.Video
	case archive.ContentCall:
		return l.Call
	}
	return l.File
}

// Fetcher fetches the files that the Indexer found. Several processes may run
// one each.
type Fetcher struct {
	Store   FetchStore
	Source  Source
	Vault   *Vault
	Dir     string // for part files; the fetcher's own, made if need be
	Worker  string // name in media.claimed_by
	Workers int    // files at a time; 0 means 2
	Limits  Limits
	Wake    <-chan struct{} // a file may be due; may be nil
	Now     func() time.Time

	gate  gate
	calls *rate.Limiter
}

// Run fetches until ctx ends. What is in hand is then put back; what was fetched
// of it stays in its part file.
func (x *Fetcher) Run(ctx context.Context) error {
	x.prepare()
	pool := pool{workers: x.Workers, wake: x.Wake, next: x.Store.NextFileIn, claim: x.claim}
	var g errgroup.Group
	g.Go(func() error { x.sweepOften(ctx); return nil })
	pool.run(ctx)
	return g.Wait()
}

func (x *Fetcher) prepare() {
	if x.Now == nil {
		x.Now = time.Now
	}
	if x.Workers == 0 {
		x.Workers = 2
	}
	x.calls = rate.NewLimiter(callsPerMinute/60, callsPerMinute/60)
}

// claim takes a file and gives the work on it; nil: none is due.
func (x *Fetcher) claim(ctx context.Context) (func(context.Context), error) {
	if err := x.gate.wait(ctx, x.Now); err != nil {
		return nil, err
	}
	f, ok, err := seen(ctx, func(ctx context.Context) (File, bool, error) {
		return x.Store.ClaimFile(ctx, x.Worker, FetchLease, x.Now().Add(-urgentAfter))
	})
	if err != nil || !ok {
		return nil, err
	}
	return func(ctx context.Context) { x.work(ctx, f) }, nil
}

// work fetches one file and records what became of it.
func (x *Fetcher) work(ctx context.Context, f File) {
	held, done := hold(ctx, FetchLease, func(ctx context.Context) (bool, error) { return x.Store.KeepFile(ctx, f, FetchLease) })
	err := x.fetchSafely(held, f)
	lost := errors.Is(context.Cause(held), errLost)
	done()
	switch {
	case lost:
		slog.WarnContext(ctx, "media file left to the worker that has it now", "file", f.ID)
	case err == nil:
		x.gate.well()
	default:
		x.failed(ctx, f, err)
	}
}

// fetchSafely turns a panic into a failure of the file.
func (x *Fetcher) fetchSafely(ctx context.Context, f File) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "media fetch panicked", "file", f.ID, "stack", string(debug.Stack()))
			err = &Error{Class: ClassRetry, Err: errors.New("the fetch panicked")}
		}
	}()
	return x.fetch(ctx, f)
}

// sweepOften removes part files that nobody goes on with.
func (x *Fetcher) sweepOften(ctx context.Context) {
	for {
		if err := x.sweep(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "part files of media not swept", "err", err)
		}
		if sleep(ctx, sweepEvery) != nil {
			return
		}
	}
}
