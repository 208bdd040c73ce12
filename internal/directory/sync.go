package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"huicun/internal/fault"
)

const (
	parallel     = 4   // reads at a time
	blockSize    = 100 // employees a block call takes
	maxUnknown   = 500 // ids of the archive looked up in one run
	maxLookups   = 200 // employees looked up one by one in one run
	maxFailures  = 10  // failed reads of single objects that end a section
	finishWithin = 10 * time.Second
	forgetAfter  = 24 * time.Hour // an id that WeCom does not know is not asked for again before
)

// Service keeps the directory up to date.
type Service struct {
	Source Source
	Store  Store
	Now    func() time.Time
	Log    *slog.Logger // nil: slog.Default()

	running sync.Mutex // one full sync at a time in this process

	mu      sync.Mutex
	unknown map[string]time.Time // ids that WeCom did not know, and when
}

// run is one full sync.
type run struct {
	*Service
	started time.Time

	follow []string // userids that may have customers, and so own customer groups

	mu     sync.Mutex
	report Report
}

// Sync reads the whole directory and applies each section that was read to its
// end. Single objects that cannot be read are in the report and fail nothing.
// The error joins those of the sections; the report is good either way. While
// another Sync of this Service runs it is a fault.Conflict.
func (s *Service) Sync(ctx context.Context) (Report, error) {
	if !s.running.TryLock() {
		return Report{}, fault.Conflict("a directory sync is running")
	}
	defer s.running.Unlock()
	r := &run{Service: s, started: s.Now().UTC()}
	r.report.StartedAt = r.started
	id, err := s.Store.StartSync(ctx, r.started)
	if err != nil {
		return r.report, fmt.Errorf("start directory sync: %w", err)
	}
	err = errors.Join(
		r.section(ctx, SectionOrg, r.org),
		r.section(ctx, SectionCustomers, r.customers),
		r.section(ctx, SectionGroups, r.groups),
	)
	r.report.FinishedAt = s.Now().UTC()
	// How a cancelled run ended is recorded too.
	recordCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	if finishErr := s.Store.FinishSync(recordCtx, id, r.report); finishErr != nil {
		err = errors.Join(err, fmt.Errorf("record directory sync: %w", finishErr))
	}
	s.log().InfoContext(ctx, "directory synced", "complete", r.report.Complete(), "employees", r.report.Employees,
		"customers", r.report.Customers, "groups", r.report.Groups, "problems", r.report.ProblemCount)
	return r.report, err
}

func (s *Service) log() *slog.Logger {
	if s.Log == nil {
		return slog.Default()
	}
	return s.Log
}

func (r *run) section(ctx context.Context, name string, do func(context.Context) error) error {
	err := ctx.Err()
	if err == nil {
		err = do(ctx)
	}
	done := Section{Name: name}
	if err != nil {
		done.Error = err.Error()
		err = fmt.Errorf("sync %s: %w", name, err)
	}
	r.report.Sections = append(r.report.Sections, done)
	return err
}

// problem notes an object that could not be read.
func (r *run) problem(kind, id, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.ProblemCount++
	if len(r.report.Problems) < maxProblems {
		r.report.Problems = append(r.report.Problems, Problem{Kind: kind, ID: id, Message: message})
	}
}

// bad notes entries of a list that could not be read.
func (r *run) bad(kind, id string, n int) {
	if n > 0 {
		r.problem(kind, id, fmt.Sprintf("%d unreadable entries", n))
	}
}

// ofOneObject reports whether a failed read says something about the object
// that was asked for, and not about WeCom or the network.
func ofOneObject(err error) bool {
	return fault.Is(err, fault.CodeNotFound) || fault.Is(err, fault.CodeInternal) || fault.Is(err, fault.CodeInvalid)
}

// each calls do for every item, some at a time, and ends at the first error.
func each[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, item := range items {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return do(ctx, item) })
	}
	return g.Wait()
}

// failures counts failed reads of single objects that may be WeCom's failure
// rather than the object's.
type failures struct {
	mu sync.Mutex
	n  int
}

// add gives err back when there were too many.
func (f *failures) add(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if f.n >= maxFailures {
		return err
	}
	return nil
}

// inBlocks calls do for blocks of userids. A block that WeCom refuses is
// halved until the one who is to blame is alone; do hears nothing of them.
func (r *run) inBlocks(ctx context.Context, kind string, userids []string, do func(ctx context.Context, block []string) error) error {
	var blocks [][]string
	for len(userids) > 0 {
		n := min(blockSize, len(userids))
		blocks, userids = append(blocks, userids[:n]), userids[n:]
	}
	return each(ctx, blocks, func(ctx context.Context, block []string) error {
		return r.block(ctx, kind, block, do)
	})
}

func (r *run) block(ctx context.Context, kind string, block []string, do func(context.Context, []string) error) error {
	err := do(ctx, block)
	if err == nil || !ofOneObject(err) {
		return err
	}
	if len(block) == 1 {
		r.problem(kind, block[0], err.Error())
		return nil
	}
	half := len(block) / 2
	if err := r.block(ctx, kind, block[:half], do); err != nil {
		return err
	}
	return r.block(ctx, kind, block[half:], do)
}

// notKnown remembers that WeCom does not know an id.
func (s *Service) notKnown(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unknown == nil {
		s.unknown = map[string]time.Time{}
	}
	s.unknown[id] = s.Now()
}

// notWorthAsking gives the ids that WeCom did not know not long ago.
func (s *Service) notWorthAsking() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	ids := []string{}
	for id, at := range s.unknown {
		if now.Sub(at) >= forgetAfter {
			delete(s.unknown, id)
			continue
		}
		ids = append(ids, id)
	}
	return ids
}
