package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"syscall"
	"time"
)

// simFault is a fault of wecomsim.
type simFault struct {
	Kind        string  `json:"kind"`
	Path        string  `json:"path,omitempty"`
	Code        int     `json:"code,omitempty"`
	Every       int     `json:"every,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	DelayMS     int     `json:"delay_ms,omitempty"`
}

// soakFaults are those that an archive has to come through by itself.
var soakFaults = []simFault{
	{Kind: "api.slow", Probability: 0.2, DelayMS: 400},
	{Kind: "api.cut_body", Probability: 0.1},
	{Kind: "api.truncate", Probability: 0.1},
	{Kind: "api.drop", Probability: 0.1},
	{Kind: "api.reset", Probability: 0.1},
	{Kind: "api.garbage", Probability: 0.1},
	{Kind: "api.error", Probability: 0.1, Code: -1},
	{Kind: "page.duplicate", Probability: 0.3},
	{Kind: "page.overlap", Probability: 0.3},
	{Kind: "page.unsorted", Probability: 0.3},
	{Kind: "page.short", Probability: 0.3},
	{Kind: "proxy.refuse", Probability: 0.2},
	{Kind: "proxy.drop", Probability: 0.2},
	{Kind: "stream.gap", Every: 500},
	{Kind: "callback.lost", Probability: 0.5},
	{Kind: "callback.double", Probability: 0.5},
}

// chaos decides what breaks next; the same seed breaks the same things in the
// same order.
type chaos struct {
	r    *rand.Rand
	seed uint64
	done Chaos
}

func newChaos(seed uint64) *chaos {
	return &chaos{r: rand.New(rand.NewPCG(seed, 0)), seed: seed, done: Chaos{Faults: map[string]int{}}} //nolint:gosec // repeatable on purpose
}

// How often something breaks, in steps of a second, on average.
const (
	stepsFaults   = 15
	stepsHelper   = 30
	stepsBackends = 60
)

// step breaks something, or nothing.
func (c *chaos) step(ctx context.Context, w *World) error {
	if c.r.IntN(stepsFaults) == 0 {
		c.seed++
		var set []simFault
		for range 1 + c.r.IntN(3) {
			set = append(set, soakFaults[c.r.IntN(len(soakFaults))])
		}
		if c.r.IntN(4) == 0 {
			set = nil // a quiet time
		}
		if err := w.Sim.setFaults(ctx, c.seed, set); err != nil {
			return err
		}
	}
	if c.r.IntN(stepsHelper) == 0 {
		if err := c.killHelper(w); err != nil {
			return err
		}
	}
	if c.r.IntN(stepsBackends) == 0 {
		return c.killBackends(ctx, w)
	}
	return nil
}

// calm switches all faults off.
func (c *chaos) calm(ctx context.Context, w *World) error {
	if err := c.count(ctx, w); err != nil {
		return err
	}
	return w.Sim.setFaults(ctx, 0, nil)
}

// killHelper kills a process with WeCom's library.
func (c *chaos) killHelper(w *World) error {
	tree, err := processTree(w.Huicun.Process.Pid)
	if err != nil {
		return err
	}
	for _, p := range tree {
		if p.parent == w.Huicun.Process.Pid && p.name != "postgres" {
			if syscall.Kill(p.pid, syscall.SIGKILL) == nil {
				c.done.HelperKills++
			}
			return nil
		}
	}
	return nil // the pure client has none
}

const sqlKillBackends = `
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()`

// killBackends cuts all connections to Postgres.
func (c *chaos) killBackends(ctx context.Context, w *World) error {
	var n int
	err := w.patiently(ctx, func() error { return w.DB.GetContext(ctx, &n, sqlKillBackends) })
	c.done.BackendKills += n
	return err
}

// killHuicun kills huicun, not its Postgres, and starts it again.
func (c *chaos) killHuicun(ctx context.Context, w *World) error {
	if err := w.Huicun.Process.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill huicun: %w", err)
	}
	<-w.Huicun.Done()
	c.done.HuicunKills++
	return w.StartHuicun(ctx)
}

// count asks how often wecomsim's faults have struck.
func (c *chaos) count(ctx context.Context, w *World) error {
	var state struct {
		Struck map[string]int `json:"struck"`
	}
	if err := w.Sim.Call(ctx, http.MethodGet, "/sim/faults", nil, &state); err != nil {
		return err
	}
	c.done.Faults = map[string]int{}
	for kind, n := range state.Struck {
		if n > 0 {
			c.done.Faults[kind] = n
		}
	}
	return nil
}

// openFiles counts the files that a process has open.
func openFiles(pid int) int {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return 0
	}
	return len(list)
}

// goroutines is what huicun, at log level debug, said last about itself.
func (w *World) goroutines() int {
	text, err := os.ReadFile(w.Huicun.log)
	if err != nil {
		return 0
	}
	i := bytes.LastIndex(text, []byte(`"msg":"runtime"`))
	if i < 0 {
		return 0
	}
	begin := bytes.LastIndexByte(text[:i], '\n') + 1
	line, _, _ := bytes.Cut(text[begin:], []byte("\n"))
	var said struct {
		Goroutines int `json:"goroutines"`
	}
	if json.Unmarshal(line, &said) != nil {
		return 0
	}
	return said.Goroutines
}

// Trend is how a figure went.
type Trend struct {
	First float64 `json:"first"`
	Last  float64 `json:"last"`
	Mean  float64 `json:"mean"`
	// Growth is that of the line of least squares from the first sample to the
	// last one.
	Growth  float64 `json:"growth"`
	Samples int     `json:"samples"`
}

// String implements fmt.Stringer.
func (t Trend) String() string {
	return fmt.Sprintf("%.0f to %.0f, trend %+.1f", t.First, t.Last, t.Growth)
}

// flat reports that the growth is small, beside the mean or in itself.
func (t Trend) flat(allowed float64) bool { return t.Growth <= max(allowed, flatShare*t.Mean) }

// trendOf draws the line of least squares through samples.
func trendOf(at []time.Time, values []float64) Trend {
	n := len(values)
	if n == 0 {
		return Trend{}
	}
	var meanX, meanY float64
	for i := range n {
		meanX += at[i].Sub(at[0]).Seconds() / float64(n)
		meanY += values[i] / float64(n)
	}
	var xy, xx float64
	for i := range n {
		dx := at[i].Sub(at[0]).Seconds() - meanX
		xy += dx * (values[i] - meanY)
		xx += dx * dx
	}
	t := Trend{First: values[0], Last: values[n-1], Mean: round(meanY, 1), Samples: n}
	if xx > 0 {
		t.Growth = round(xy/xx*at[n-1].Sub(at[0]).Seconds(), 2)
	}
	return t
}
