package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"

	"huicun/internal/store"
)

// Media measures how fast the files of messages are fetched, encrypted and
// stored, against a plain copy loop over the same wire: the same files through
// the same client, each written and flushed to the disk. The two alternate. With
// Big it measures memory instead, of one file of so many MiB.
type Media struct {
	Files   int
	Large   int
	Pairs   int
	Workers int
	Look    bool
	Big     int

	// Before is called when everything is fetched and before it is compared;
	// tests spoil the files there. May be nil.
	Before func(context.Context, *World) error
}

// Flags implements Benchmark.
func (b *Media) Flags(fs *flag.FlagSet) {
	fs.IntVar(&b.Files, "files", 500, "`number` of files")
	fs.IntVar(&b.Large, "large", 20, "one file in so many has 1 to 8 MiB, the others are small; 0: none")
	fs.IntVar(&b.Pairs, "pairs", 5, "`number` of slices; each is fetched by huicun and by the plain copy loop")
	fs.IntVar(&b.Workers, "workers", 2, "`number` of files that either fetches at once")
	fs.BoolVar(&b.Look, "look", false, "huicun also makes thumbnails, posters and sound that browsers play, beside it")
	fs.IntVar(&b.Big, "big", 0, "measure memory instead: one file of so many `MiB` against one of 10")
}

// messagesPerFile is how many made-up messages hold one file at least.
const messagesPerFile = 25

// mediaWarmUp is the first one in so many files, which is not measured.
const mediaWarmUp = 20

// Run implements Benchmark.
func (b *Media) Run(ctx context.Context, o Options) (err error) {
	switch {
	case b.Big != 0 && (b.Big < 10 || b.Big > 4095):
		return errors.New("bench media: -big must be 10 to 4095")
	case b.Workers < 1 || b.Workers > 8:
		return errors.New("bench media: -workers must be 1 to 8")
	case b.Big == 0 && (b.Pairs < 1 || b.Files < 2*b.Pairs || b.Files > 100_000 || b.Large < 0):
		return errors.New("bench media: at least one pair and two files for each, at most 100000 files, -large 0 or more")
	}
	messages := messagesPerFile * b.Files
	if b.Big != 0 {
		messages = 100
	}
	w, err := Start(ctx, o, Setup{
		SimFlags: []string{"-messages", strconv.Itoa(messages)},
		Settings: map[string]string{"HUICUN_MEDIA_WORKERS": "0", "HUICUN_MEDIA_LOOKERS": "0"},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if b.Big != 0 {
		return b.runBig(ctx, w)
	}
	return b.runFiles(ctx, w)
}

// runFiles measures the rates.
func (b *Media) runFiles(ctx context.Context, w *World) (err error) {
	r := &mediaRun{World: w, cfg: *b, result: MediaResult{Benchmark: "media", Client: w.Client, Workers: b.Workers, Looked: b.Look}}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.copier.close()) }()
	if err := r.measure(ctx); err != nil {
		return err
	}
	if b.Before != nil {
		if err := b.Before(ctx, w); err != nil {
			return err
		}
	}
	if r.result.FileComparison, err = r.compareFiles(ctx, r.files, r.copier.sums); err != nil {
		return err
	}
	return errors.Join(w.Result(r.result.summed()), r.result.FileComparison.Err(), w.givenUp(ctx))
}

// mediaRun is one run of the benchmark.
type mediaRun struct {
	*World
	cfg    Media
	files  []servedFile
	copier *copier
	result MediaResult
}

const (
	sqlHoldFiles    = `UPDATE media SET waits = true, due_at = now() + interval '1 year' WHERE state = 'pending'`
	sqlReleaseFiles = `UPDATE media SET waits = false, due_at = now() WHERE id = ANY($1::uuid[]) AND state = 'pending'`
)

// prepare lets huicun pull all messages while it fetches no file, holds the files
// back one by one, and starts it again so that it fetches what is let out.
func (r *mediaRun) prepare(ctx context.Context) (err error) {
	if err := r.settle(ctx); err != nil {
		return err
	}
	if err := r.chooseFiles(ctx); err != nil {
		return err
	}
	if err := r.restartFetching(ctx, r.cfg.Workers, r.cfg.Look, sqlHoldFiles); err != nil {
		return err
	}
	r.copier, err = newCopier(ctx, r.World, r.cfg.Workers)
	return err
}

// chooseFiles sends the large files and mixes them evenly with the small ones.
func (r *mediaRun) chooseFiles(ctx context.Context) error {
	people, err := r.pairs(ctx)
	if err != nil {
		return err
	}
	var large []servedFile
	for i := 0; r.cfg.Large > 0 && i < r.cfg.Files/r.cfg.Large; i++ {
		f, err := r.Sim.sendFile(ctx, people[i%len(people)], 1<<(i%4))
		if err != nil {
			return err
		}
		large = append(large, f)
	}
	small, err := r.Sim.files(ctx, r.cfg.Files-len(large))
	if err != nil {
		return err
	}
	r.files = mixed(small, large)
	return r.settle(ctx)
}

// mixed puts the large files evenly among the small ones.
func mixed(small, large []servedFile) []servedFile {
	var all []servedFile
	for i, f := range large {
		all = append(all, small[len(small)*i/len(large):len(small)*(i+1)/len(large)]...)
		all = append(all, f)
	}
	if len(large) == 0 {
		return small
	}
	return all
}

// restartFetching starts huicun anew, so that it fetches; hold is a statement that
// keeps it from fetching all there is.
func (w *World) restartFetching(ctx context.Context, workers int, look bool, hold string) error {
	if _, err := w.DB.ExecContext(ctx, hold); err != nil {
		return err
	}
	if err := w.Huicun.Stop(stopPatience); err != nil {
		return err
	}
	w.set("HUICUN_MEDIA_WORKERS", strconv.Itoa(workers))
	if look {
		w.set("HUICUN_MEDIA_LOOKERS", "1")
	}
	return w.StartHuicun(ctx)
}

// set changes a setting for the next start: the last value of a variable counts.
func (w *World) set(name, value string) { w.environ = append(w.environ, name+"="+value) }

// setting gives the value of a setting; "" when it is left at its default.
func (w *World) setting(name string) string {
	for _, kv := range slices.Backward(w.environ) {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// measure lets the slices out one after the other; who is first alternates.
func (r *mediaRun) measure(ctx context.Context) error {
	warm := max(1, len(r.files)/mediaWarmUp)
	r.Logf("%d files through the %s client, %d at once; the first %d warm up", len(r.files), r.Client, r.cfg.Workers, warm)
	if _, err := r.pair(ctx, r.files[:warm], true); err != nil {
		return err
	}
	rest := r.files[warm:]
	for i := range r.cfg.Pairs {
		p, err := r.pair(ctx, rest[len(rest)*i/r.cfg.Pairs:len(rest)*(i+1)/r.cfg.Pairs], i%2 == 0)
		if err != nil {
			return err
		}
		r.result.pairs = append(r.result.pairs, p)
		r.Logf("%4d files, %.1f MiB: huicun %.1f, plain copy %.1f MiB a second; ratio %.3f, CPU s %.2f and %.2f",
			p.files, mib(p.bytes), p.fetched.rate(p.bytes), p.copied.rate(p.bytes), p.ratio(), p.fetched.cpu.All(), p.copied.cpu.All())
	}
	return nil
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// transfer is how long something took, and what it used.
type transfer struct {
	took   time.Duration
	cpu    CPU
	simCPU float64 // seconds of wecomsim meanwhile
	after  Usage   // of huicun
}

// rate is in MiB a second.
func (t transfer) rate(bytes int64) float64 { return mib(bytes) / t.took.Seconds() }

// mediaPair is a slice of the files, fetched by both.
type mediaPair struct {
	files           int
	bytes           int64
	fetched, copied transfer
}

// ratio is how fast huicun is, the plain copy being 1.
func (p mediaPair) ratio() float64 { return p.copied.took.Seconds() / p.fetched.took.Seconds() }

func (r *mediaRun) pair(ctx context.Context, files []servedFile, huicunFirst bool) (p mediaPair, err error) {
	p.files = len(files)
	fetch := func() (err error) { p.fetched, err = r.fetch(ctx, files); return err }
	plain := func() (err error) { p.copied, err = r.copy(ctx, files); return err }
	first, second := fetch, plain
	if !huicunFirst {
		first, second = plain, fetch
	}
	if err := first(); err != nil {
		return p, err
	}
	if err := second(); err != nil {
		return p, err
	}
	for _, f := range files {
		p.bytes += r.copier.sums[f.ID].size
	}
	return p, nil
}

// fetch lets files out and waits until huicun has them all, and until the work
// that follows from them is done.
func (r *mediaRun) fetch(ctx context.Context, files []servedFile) (t transfer, err error) {
	before, err := r.Usage()
	if err != nil {
		return t, err
	}
	sim, err := treeCPU(r.Sim.Process.Process.Pid)
	if err != nil {
		return t, err
	}
	start := time.Now()
	if _, err := r.DB.ExecContext(ctx, sqlReleaseFiles, pq.Array(idsOf(files))); err != nil {
		return t, err
	}
	if err := r.DB.Notify(ctx, store.ChannelMedia); err != nil {
		return t, err
	}
	if err := r.waitFetched(ctx, idsOf(files), stallPatience); err != nil {
		return t, err
	}
	t.took = time.Since(start)
	simAfter, err1 := treeCPU(r.Sim.Process.Process.Pid)
	after, err2 := r.Usage()
	t.after, t.cpu, t.simCPU = after, after.CPU.minus(before.CPU), simAfter-sim
	return t, errors.Join(err1, err2, r.waitLooked(ctx))
}

const (
	sqlFilesOpen = `
SELECT (SELECT count(*) FROM media WHERE id = ANY($1::uuid[]) AND state <> 'pending') AS done,
	COALESCE((SELECT max(error_class || ': ' || error) FROM media WHERE id = ANY($1::uuid[]) AND state = 'pending' AND error_class <> ''), '') AS trouble`

	sqlLooking = `SELECT EXISTS (SELECT FROM media_objects WHERE work = 'pending')`

	filePoll     = 20 * time.Millisecond
	lookPatience = 10 * time.Minute // for one slice
)

// waitFetched waits until none of the files is to be fetched any more. patience is
// how long none may come.
func (w *World) waitFetched(ctx context.Context, ids []string, patience time.Duration) error {
	var last int
	moved := time.Now()
	tick := time.NewTicker(filePoll)
	defer tick.Stop()
	for {
		var state struct {
			Done    int
			Trouble string
		}
		if err := w.DB.GetContext(ctx, &state, sqlFilesOpen, pq.Array(ids)); err != nil {
			return err
		}
		if state.Done == len(ids) {
			return nil
		}
		if state.Done != last {
			last, moved = state.Done, time.Now()
		}
		if time.Since(moved) > patience {
			return fmt.Errorf("no file came for %v: %d of %d are there; last error: %s", patience, state.Done, len(ids), state.Trouble)
		}
		select {
		case <-tick.C:
		case <-w.Huicun.Done():
			return w.Huicun.waitFor(ctx, "files to be fetched", func() bool { return false })
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// waitLooked waits until what was fetched has been looked into, where huicun does so.
func (r *mediaRun) waitLooked(ctx context.Context) error {
	if !r.cfg.Look {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lookPatience, fmt.Errorf("not done within %v", lookPatience))
	defer cancel()
	return r.WaitFor(ctx, "files to be looked into", func() bool {
		var open bool
		return r.DB.GetContext(ctx, &open, sqlLooking) == nil && !open
	})
}
