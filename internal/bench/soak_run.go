package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// soaking is a soak that runs.
type soaking struct {
	*Soak
	w     *World
	temp  string // temporary files of huicun
	chaos *chaos

	begin   time.Time
	samples []sample // of the last 40 % of the time
}

// sample is what huicun used at one time.
type sample struct {
	at                      time.Time
	memory, routines, files float64
}

const (
	soakStep    = time.Second
	sampleEvery = 10 // steps
	drainTime   = 10 * time.Minute
)

// alarmRule is what the rule of a soak looks for; the made-up company says it.
const alarmRule = "回扣"

func (s *soaking) run(ctx context.Context) (SoakResult, error) {
	r := SoakResult{Bench: "soak", Minutes: s.Minutes, Client: s.w.Client, KillEvery: s.Kill.Seconds()}
	if err := s.w.settle(ctx); err != nil {
		return r, err
	}
	admin, err := s.w.SignIn(ctx, Admin)
	if err != nil {
		return r, err
	}
	if err := admin.AddRule(ctx, alarmRule, []string{alarmRule}); err != nil {
		return r, err
	}
	if err := s.w.flow(ctx, s.Rate); err != nil {
		return r, err
	}
	before, _, err := s.w.made(ctx)
	if err != nil {
		return r, err
	}
	if err := s.suffer(ctx); err != nil {
		return r, err
	}
	if err := errors.Join(s.w.flow(ctx, 0), s.chaos.calm(ctx, s.w)); err != nil {
		return r, err
	}
	after, end, err := s.w.made(ctx)
	if err != nil {
		return r, err
	}
	r.PerSecond = round(float64(after-before)/end.Sub(s.begin).Seconds(), 1)
	if err := s.drain(ctx); err != nil {
		return r, err
	}
	if r.Comparison, err = s.w.Compare(ctx); err != nil {
		return r, err
	}
	if err := s.balance(ctx, &r); err != nil {
		return r, err
	}
	r.Chaos = s.chaos.done
	return r, s.aftermath(&r)
}

// suffer breaks things until the time is over.
func (s *soaking) suffer(ctx context.Context) error {
	s.begin = time.Now()
	whole := time.Duration(s.Minutes * float64(time.Minute))
	nextReport, nextKill := s.begin.Add(s.Report), s.begin.Add(s.Kill)
	tick := time.NewTicker(soakStep)
	defer tick.Stop()
	for step := 1; ; step++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		gone := time.Since(s.begin)
		if gone >= whole {
			return s.report(ctx)
		}
		if s.Kill > 0 && time.Now().After(nextKill) && gone < whole/2 {
			if err := s.chaos.killHuicun(ctx, s.w); err != nil {
				return err
			}
			nextKill = time.Now().Add(s.Kill)
		}
		if err := s.chaos.step(ctx, s.w); err != nil {
			return err
		}
		if step%sampleEvery == 0 && gone > whole*6/10 {
			if err := s.sample(); err != nil {
				return err
			}
		}
		if time.Now().After(nextReport) {
			nextReport = nextReport.Add(s.Report)
			if err := s.report(ctx); err != nil {
				return err
			}
		}
	}
}

// sample notes what huicun uses.
func (s *soaking) sample() error {
	u, err := s.w.Usage()
	if err != nil {
		return err
	}
	x := sample{at: time.Now(), memory: u.HuicunNow, routines: float64(s.w.goroutines()), files: float64(openFiles(s.w.Huicun.Process.Pid))}
	if x.memory <= 0 || x.routines == 0 || x.files == 0 { // what is not measured would look flat
		return fmt.Errorf("what huicun uses cannot be read: %v MiB, %v goroutines, %v files", x.memory, x.routines, x.files)
	}
	s.samples = append(s.samples, x)
	return nil
}

const sqlCounters = `SELECT received, stored, quarantined, duplicates FROM pull_state`

// report prints a line.
func (s *soaking) report(ctx context.Context) error {
	l := SoakLine{Bench: "soak.minute", Seconds: round(time.Since(s.begin).Seconds(), 0)}
	var err error
	if l.Made, _, err = s.w.made(ctx); err != nil {
		return err
	}
	var c struct{ Received, Stored, Quarantined, Duplicates int64 }
	if err := s.w.patiently(ctx, func() error { return s.w.DB.GetContext(ctx, &c, sqlCounters) }); err != nil {
		return err
	}
	l.Received, l.Stored, l.Quarantined, l.Duplicates = c.Received, c.Stored, c.Quarantined, c.Duplicates
	l.Behind = l.Made - l.Received
	u, err := s.w.Usage()
	if err != nil {
		return err
	}
	l.HuicunMB, l.Goroutines, l.Files = round(u.HuicunNow, 1), s.w.goroutines(), openFiles(s.w.Huicun.Process.Pid)
	if err := s.chaos.count(ctx, s.w); err != nil {
		return err
	}
	l.Chaos = s.chaos.done
	return s.w.Result(l)
}

// drain waits until everything is stored and scanned.
func (s *soaking) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	const left = `SELECT EXISTS (SELECT 1 FROM outbox WHERE state NOT IN ('completed', 'discarded'))`
	return s.w.WaitFor(ctx, "huicun to catch up", func() bool {
		var busy bool
		n, err := s.w.behind(ctx)
		return err == nil && n <= 0 && s.w.DB.GetContext(ctx, &busy, left) == nil && !busy
	})
}

const (
	sqlRows      = `SELECT (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM message_ids) AS ids`
	sqlUnscanned = `SELECT count(*) FROM messages m WHERE m.msgtype NOT IN ('revoke', 'agree', 'disagree', 'switch') AND m.pulled_at > $2
		AND m.text LIKE '%' || $1 || '%' AND NOT EXISTS (SELECT 1 FROM violations v WHERE v.message_id = m.id AND v.kind = 'word')`
)

// balance holds counters, rows and wecomsim's count against each other.
func (s *soaking) balance(ctx context.Context, r *SoakResult) error {
	made, _, err := s.w.made(ctx)
	if err != nil {
		return err
	}
	var c struct{ Received, Stored, Quarantined, Duplicates int64 }
	var n struct{ Messages, IDs int64 }
	err = errors.Join(
		s.w.DB.GetContext(ctx, &c, sqlCounters), s.w.DB.GetContext(ctx, &n, sqlRows),
		s.w.DB.GetContext(ctx, &r.Unscanned, sqlUnscanned, alarmRule, s.begin),
	)
	r.Balanced = c.Received == c.Stored+c.Quarantined && c.Received == made && n.Messages == c.Stored && n.IDs == c.Received
	return err
}

// aftermath stops huicun and looks at what it left and how it grew.
func (s *soaking) aftermath(r *SoakResult) error {
	var memory, routines, files []float64
	var at []time.Time
	for _, x := range s.samples {
		at = append(at, x.at)
		memory, routines, files = append(memory, x.memory), append(routines, x.routines), append(files, x.files)
	}
	r.Memory, r.Routines, r.Files = trendOf(at, memory), trendOf(at, routines), trendOf(at, files)
	_ = s.w.DB.Close() // connections that were cut cannot be closed well
	s.w.DB = nil
	if err := s.w.Huicun.Stop(stopPatience); err != nil {
		return err
	}
	left, err := os.ReadDir(s.temp)
	if err != nil {
		return err
	}
	r.LeftFiles = []string{}
	for _, f := range left {
		r.LeftFiles = append(r.LeftFiles, filepath.Base(f.Name()))
	}
	r.judge()
	return nil
}

// patiently tries again for a while: Postgres connections are being cut.
func (w *World) patiently(ctx context.Context, do func() error) error {
	var err error
	for range 20 {
		if err = do(); err == nil {
			return nil
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return err
}

// setFaults replaces what goes wrong at wecomsim.
func (s *Sim) setFaults(ctx context.Context, seed uint64, faults []simFault) error {
	if faults == nil {
		faults = []simFault{}
	}
	if err := s.Call(ctx, http.MethodPost, "/sim/faults", map[string]any{"seed": seed, "faults": faults}, nil); err != nil {
		return fmt.Errorf("switch faults on: %w", err)
	}
	return nil
}
