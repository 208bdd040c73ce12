package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// Soak lets messages flow for a long time while everything around breaks.
type Soak struct {
	Minutes float64
	Rate    float64
	Seed    uint64
	Kill    time.Duration
	Report  time.Duration
}

// Flags implements Benchmark.
func (b *Soak) Flags(fs *flag.FlagSet) {
	fs.Float64Var(&b.Minutes, "minutes", 30, "`number` of minutes")
	fs.Float64Var(&b.Rate, "rate", 500, "`number` of messages a second")
	fs.Uint64Var(&b.Seed, "seed", 1, "`number` that decides what breaks, and when")
	b.Kill = killFits
	fs.Func("kill", "`time` between two kills of huicun, in the first half; 0: none (default 3m, in short runs a fifth of -minutes)", func(v string) (err error) {
		b.Kill, err = time.ParseDuration(v)
		return err
	})
	fs.DurationVar(&b.Report, "report", time.Minute, "`time` between two lines")
}

// killFits stands for a time between two kills that fits the length of the run.
const (
	killFits  = time.Duration(math.MinInt64)
	killUsual = 3 * time.Minute
	killShare = 5 // of the run
)

// fitKill chooses the time between two kills unless it is given.
func (b *Soak) fitKill() {
	if b.Kill == killFits {
		b.Kill = min(killUsual, time.Duration(b.Minutes*float64(time.Minute)/killShare).Round(time.Second))
	}
}

// SoakLine is how things stand, once a minute.
type SoakLine struct {
	Bench       string  `json:"bench"` // soak.minute
	Seconds     float64 `json:"seconds"`
	Made        int64   `json:"made"`
	Received    int64   `json:"received"`
	Stored      int64   `json:"stored"`
	Quarantined int64   `json:"quarantined"`
	Duplicates  int64   `json:"duplicates"` // deliveries of what was held already
	Behind      int64   `json:"behind"`
	HuicunMB    float64 `json:"huicun_mb"`
	Goroutines  int     `json:"goroutines"`
	Files       int     `json:"files"` // open ones of huicun
	Chaos
}

// Chaos counts what was broken.
type Chaos struct {
	HuicunKills  int            `json:"huicun_kills"`
	HelperKills  int            `json:"helper_kills"`
	BackendKills int            `json:"backend_kills"`
	Faults       map[string]int `json:"faults"` // of wecomsim, by kind: how often they struck
}

// faultList names the faults that struck, with how often each did.
func (c Chaos) faultList() string {
	var list []string
	for _, kind := range slices.Sorted(maps.Keys(c.Faults)) {
		list = append(list, fmt.Sprintf("%s %d", kind, c.Faults[kind]))
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// String implements fmt.Stringer.
func (l SoakLine) String() string {
	struck := 0
	for _, n := range l.Faults {
		struck += n
	}
	return fmt.Sprintf("%4.0f s: %d made, %d received, %d stored, %d in quarantine, %d behind; %.0f MB, %d goroutines, %d files; killed: huicun %d, helpers %d, backends %d; %d faults",
		l.Seconds, l.Made, l.Received, l.Stored, l.Quarantined, l.Behind, l.HuicunMB, l.Goroutines, l.Files, l.HuicunKills, l.HelperKills, l.BackendKills, struck)
}

// SoakResult is the verdict.
type SoakResult struct {
	Bench     string  `json:"bench"` // soak
	Minutes   float64 `json:"minutes"`
	Client    string  `json:"client"`
	PerSecond float64 `json:"per_second"` // that wecomsim really made
	Comparison
	Balanced  bool     `json:"balanced"`  // counters, rows and wecomsim agree
	Unscanned int64    `json:"unscanned"` // messages with the rule's word and without a violation
	Memory    Trend    `json:"memory_mb"`
	Routines  Trend    `json:"goroutines"`
	Files     Trend    `json:"files"`
	LeftFiles []string `json:"left_files"`         // temporary ones, after a clean stop
	KillEvery float64  `json:"kill_every_seconds"` // 0: huicun was not to be killed
	Chaos
	Holds bool `json:"holds"`
}

// String implements fmt.Stringer.
func (r SoakResult) String() string {
	return fmt.Sprintf(`%.1f minutes at %.0f messages a second (%s client): %s
  %d served, %d stored, %d lost, %d duplicated, %d differing; counters agree: %v; %d not scanned
  last 40 %% of it: memory %v, goroutines %v, open files %v; temporary files left: %d
  huicun killed %d times (-kill %v), helpers %d, Postgres backends %d; faults of wecomsim: %s`,
		r.Minutes, r.PerSecond, r.Client, verdict(r.Holds), r.Served, r.Stored, r.Lost, r.Duplicated, r.Differing, r.Balanced, r.Unscanned,
		r.Memory, r.Routines, r.Files, len(r.LeftFiles), r.HuicunKills, time.Duration(r.KillEvery*float64(time.Second)), r.HelperKills, r.BackendKills, r.faultList())
}

// What grows by more than these in the last 40 % of the time is not flat.
const (
	flatShare    = 0.15 // of the mean
	flatMemory   = 24.0 // MiB
	flatRoutines = 25.0
	flatFiles    = 15.0
)

// judge sets Holds.
func (r *SoakResult) judge() {
	r.Holds = r.Comparison.Err() == nil && r.Balanced && r.Unscanned == 0 && len(r.LeftFiles) == 0 &&
		r.Memory.flat(flatMemory) && r.Routines.flat(flatRoutines) && r.Files.flat(flatFiles)
}

// Run implements Benchmark.
func (b *Soak) Run(ctx context.Context, o Options) (err error) {
	b.fitKill()
	if b.Minutes <= 0 || b.Rate <= 0 || b.Rate > 1000 || b.Kill < 0 || b.Report <= 0 {
		return errors.New("-minutes and -report must be above 0, -rate above 0 up to 1000, -kill 0 or more")
	}
	temp, err := os.MkdirTemp("", "huicun-soak-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeAll(temp)) }()
	if err := os.Chmod(temp, 0o777|os.ModeSticky); err != nil { //nolint:gosec // the private Postgres may belong to another user
		return err
	}
	w, err := Start(ctx, o, Setup{
		SimFlags: []string{"-messages", "1000"}, Callback: true,
		Settings: map[string]string{"HUICUN_LOG_LEVEL": "debug", "HUICUN_LOG_FORMAT": "json", "TMPDIR": temp},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	s := &soaking{Soak: b, w: w, temp: temp, chaos: newChaos(b.Seed)}
	r, err := s.run(ctx)
	if err != nil {
		return err
	}
	if err := w.Result(r); err != nil {
		return err
	}
	if !r.Holds {
		return fmt.Errorf("%w: the archive or huicun itself did not keep well", errMissed)
	}
	return nil
}
