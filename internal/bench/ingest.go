package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"huicun/internal/ingest"
	"huicun/internal/store"
	"huicun/internal/wecom/finance"
)

// Ingest measures how fast messages are pulled, decrypted and stored, against
// the RSA decryptions that the same cores can do. The two alternate: a slice of
// the archive, then the bound while nothing is pulled, and so on.
type Ingest struct {
	Messages int
	Pairs    int
	Bound    time.Duration // how long the bound is measured each time

	// Before is called when everything is stored and before it is compared;
	// tests spoil the archive there. May be nil.
	Before func(context.Context, *World) error
}

const (
	maxSlice   = 50_000 // messages; wecomsim holds a slice in memory, encrypted
	warmUp     = 20     // the first one in so many messages is not measured
	mostWarmUp = 5_000
)

// benchWords make work for the rules: now and then one occurs in the chats.
var benchWords = []string{"回扣", "加我微信", "转账", "退款"}

// Flags implements Benchmark.
func (b *Ingest) Flags(fs *flag.FlagSet) {
	fs.IntVar(&b.Messages, "messages", 100_000, "`number` of messages")
	fs.IntVar(&b.Pairs, "pairs", 7, "`number` of slices at least; after each the RSA bound is measured")
	fs.DurationVar(&b.Bound, "bound", 3*time.Second, "`time` to measure the RSA bound each time")
}

// Run implements Benchmark.
func (b *Ingest) Run(ctx context.Context, o Options) (err error) {
	if b.Pairs < 1 || b.Messages < 20*b.Pairs || b.Bound <= 0 {
		return errors.New("bench ingest: at least one pair, 20 messages for each, and some time for the bound")
	}
	w, err := Start(ctx, o, Setup{
		SimFlags: []string{"-hold", "-messages", strconv.Itoa(b.Messages)},
		// Messages alone: files are noted, and fetched by bench media.
		Settings: map[string]string{"HUICUN_MEDIA_WORKERS": "0", "HUICUN_MEDIA_LOOKERS": "0"},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	r := &ingestRun{World: w, cfg: *b, result: IngestResult{
		Benchmark: "ingest", Messages: b.Messages, Client: w.Client, Decrypter: finance.DecrypterName(), Cores: runtime.GOMAXPROCS(0),
	}}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.measure(ctx); err != nil {
		return err
	}
	if b.Before != nil {
		if err := b.Before(ctx, w); err != nil {
			return err
		}
	}
	if r.result.Comparison, err = w.Compare(ctx); err != nil {
		return err
	}
	return errors.Join(w.Result(r.result.summed()), r.result.Comparison.Err(), w.givenUp(ctx))
}

// givenUp is an error when follow-up work was given up: it looks done, and the
// rates with the scan done would be those of a scan that was not.
func (w *World) givenUp(ctx context.Context) error {
	var n int
	if err := w.DB.GetContext(ctx, &n, `SELECT count(*) FROM outbox WHERE state = 'discarded'`); err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%w: %d items of follow-up work were given up", errMissed, n)
	}
	return nil
}

// ingestRun is one run of the benchmark.
type ingestRun struct {
	*World
	cfg      Ingest
	bound    *bound
	progress chan struct{} // something was stored
	released int           // messages let out so far
	result   IngestResult
}

// prepare gets everything out of the way that is no ingest: the first sync of
// the directory, the rules, the start of the Finance client.
func (r *ingestRun) prepare(ctx context.Context) error {
	var err error
	if r.bound, err = newBound(); err != nil {
		return err
	}
	admin, err := r.SignIn(ctx, Admin)
	if err != nil {
		return err
	}
	if err := admin.AddRule(ctx, "bench", benchWords); err != nil {
		return err
	}
	return r.WaitFor(ctx, "the first sync of the directory", func() bool {
		var done bool
		const q = `SELECT EXISTS (SELECT FROM leases WHERE name = 'sync' AND expires_at = '-infinity')`
		return r.DB.GetContext(ctx, &done, q) == nil && done
	})
}

// listen has progress told when something is stored, until end is called.
func (r *ingestRun) listen(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	r.progress = make(chan struct{}, 1)
	var listening sync.WaitGroup
	listening.Go(func() {
		if err := r.DB.Listen(ctx, func(store.Notification) { poke(r.progress) }, store.ChannelLive); ctx.Err() == nil {
			r.Logf("the end of each slice is found by polling, within a second: %v", err)
		}
	})
	return func() {
		cancel()
		listening.Wait()
	}
}

// measure lets the slices out one after the other.
func (r *ingestRun) measure(ctx context.Context) error {
	defer r.listen(ctx)()
	warm := min(mostWarmUp, r.cfg.Messages/warmUp)
	r.Logf("%d messages through the %s client, RSA by %s, on %d cores; the first %d warm up", r.cfg.Messages, r.Client, r.result.Decrypter, r.result.Cores, warm)
	if _, err := r.slice(ctx, warm); err != nil {
		return err
	}
	rest := r.cfg.Messages - warm
	slices := max(r.cfg.Pairs, (rest+maxSlice-1)/maxSlice)
	for i := range slices {
		p, err := r.slice(ctx, rest*(i+1)/slices-rest*i/slices)
		if err != nil {
			return err
		}
		if p.rsa, err = r.bound.measure(ctx, r.cfg.Bound); err != nil {
			return err
		}
		r.result.add(p)
		r.Logf("%8d stored: %.0f a second, %.0f with the scan done; RSA %.0f a second; ratio %.3f, by CPU time %.3f; huicun %.0f, helpers %.0f, Postgres %.0f MiB",
			r.released, p.perSecond(), p.scannedPerSecond(), p.rsa.InUse, p.perSecond()/p.rsa.InUse, p.cpuRatio(),
			p.after.HuicunPeak, p.after.HelpersPeak, p.after.Postgres)
	}
	return nil
}

// pair is a slice of the archive and the bound measured after it.
type pair struct {
	total           int // messages stored until then
	messages        int
	stored, scanned time.Duration // from the release of the slice
	cpu             CPU           // until the scan was done
	simCPU          float64       // seconds of wecomsim meanwhile
	after           Usage
	rsa             rates
}

func (p pair) perSecond() float64        { return float64(p.messages) / p.stored.Seconds() }
func (p pair) scannedPerSecond() float64 { return float64(p.messages) / p.scanned.Seconds() }

// cpuRatio is the share of RSA in the CPU time of a message.
func (p pair) cpuRatio() float64 { return p.rsa.CPUPer1000 / p.cpu.per1000(p.messages).All() }

// slice lets n more messages out and waits until they are stored, and until the
// work that follows from them is done. wecomsim encrypts before it lets out.
func (r *ingestRun) slice(ctx context.Context, n int) (pair, error) {
	p := pair{messages: n}
	before, err := r.Usage()
	if err != nil {
		return p, err
	}
	r.released += n
	p.total = r.released
	if err := r.Sim.Call(ctx, http.MethodPost, "/sim/release", map[string]int{"to_seq": r.released}, nil); err != nil {
		return p, err
	}
	sim, err := treeCPU(r.Sim.Process.Process.Pid) // what it does from now on is done beside huicun
	if err != nil {
		return p, err
	}
	start := time.Now()
	if err := r.DB.Notify(ctx, store.ChannelPull); err != nil { // as WeCom's callback does
		return p, err
	}
	if err := r.waitStored(ctx, int64(r.released)); err != nil {
		return p, err
	}
	p.stored = time.Since(start)
	err = r.WaitFor(ctx, "the scan", func() bool {
		var open bool
		const q = `SELECT EXISTS (SELECT FROM outbox WHERE state NOT IN ('completed', 'discarded'))`
		return r.DB.GetContext(ctx, &open, q) == nil && !open
	})
	if err != nil {
		return p, err
	}
	p.scanned = time.Since(start)
	simAfter, err1 := treeCPU(r.Sim.Process.Process.Pid)
	after, err2 := r.Usage()
	p.after, p.cpu, p.simCPU = after, after.CPU.minus(before.CPU), simAfter-sim
	return p, errors.Join(err1, err2)
}

// stallPatience is how long nothing may be stored.
const stallPatience = 2 * time.Minute

// waitStored waits until the cursor has reached seq.
func (r *ingestRun) waitStored(ctx context.Context, seq int64) error {
	var last ingest.State
	moved := time.Now()
	for {
		s, err := r.DB.PullState(ctx)
		if err != nil || s.Seq >= seq {
			return err
		}
		if s.Seq != last.Seq {
			last, moved = s, time.Now()
		}
		if time.Since(moved) > stallPatience {
			return fmt.Errorf("nothing was stored for %v: at seq %d of %d; last error: %s", stallPatience, s.Seq, seq, s.LastError)
		}
		select {
		case <-r.progress:
		case <-time.After(time.Second): // a page of nothing but quarantine tells nobody
		case <-r.Huicun.Done():
			return r.Huicun.waitFor(ctx, "messages to be stored", func() bool { return false })
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// poke wakes whoever waits on c, without waiting.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
