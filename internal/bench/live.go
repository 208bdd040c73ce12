package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"time"

	"huicun/internal/archive"
	"huicun/internal/personid"
)

// Live measures how soon a message shows in open chats.
type Live struct {
	Chats   int
	Seconds int
	History int
}

// Flags implements Benchmark.
func (b *Live) Flags(fs *flag.FlagSet) {
	fs.IntVar(&b.Chats, "chats", 500, "`number` of chats that are open")
	fs.IntVar(&b.Seconds, "seconds", 30, "`number` of seconds with a message each second in every tenth chat")
	fs.IntVar(&b.History, "history", 20_000, "`number` of messages that are there before")
}

// LiveResult says how soon messages showed.
type LiveResult struct {
	Bench     string  `json:"bench"` // live
	Client    string  `json:"client"`
	Chats     int     `json:"chats"`
	Viewers   int     `json:"viewers"`
	Messages  int     `json:"messages"` // said in open chats
	PerSecond float64 `json:"per_second"`
	Missed    int     `json:"missed"`
	Doubled   int     `json:"doubled"`
	Stray     int     `json:"stray"`  // of another chat than the open one
	Resets    int     `json:"resets"` // streams told to read everything again
	Broken    int     `json:"broken"` // streams that ended before the end
	Quantiles
	News         int      `json:"news"`        // events about chats in lists
	KBAStream    *float64 `json:"kb_a_stream"` // null: too few chats to tell
	CPUSeconds   float64  `json:"cpu_seconds"` // of huicun and Postgres while messages came
	BeforeMB     float64  `json:"rss_before_mb"`
	WithChatsMB  float64  `json:"rss_with_chats_mb"`
	OverSeconds  float64  `json:"over_seconds"`
	OpenInSecond float64  `json:"opened_in_seconds"`
}

// Targets of live reading.
const (
	targetLiveP99  = 1000.0 // ms
	targetKBStream = 200.0
)

// String implements fmt.Stringer.
func (r LiveResult) String() string {
	return fmt.Sprintf(`%d open chats of %d viewers, %d messages at %.1f a second (%s client):
  from said to shown  p50 %.0f  p95 %.0f  p99 %.0f  max %.0f ms   (p99 < %.0f: %s)
  memory of huicun per open chat %s
  missed %d, doubled %d, stray %d, resets %d, streams broken %d; %d events about lists; %.1f CPU seconds in %.0f s`,
		r.Chats, r.Viewers, r.Messages, r.PerSecond, r.Client, r.P50, r.P95, r.P99, r.Max, targetLiveP99, verdict(r.P99 < targetLiveP99),
		r.memory(),
		r.Missed, r.Doubled, r.Stray, r.Resets, r.Broken, r.News, r.CPUSeconds, r.OverSeconds)
}

// fewestForMemory is how many chats must be open for their memory to stand out
// from that of huicun's garbage, which comes and goes by some MiB.
const fewestForMemory = 300

// memory tells what an open chat takes.
func (r LiveResult) memory() string {
	if r.KBAStream == nil {
		return fmt.Sprintf("too few to tell (-chats %d or more)", fewestForMemory)
	}
	return fmt.Sprintf("%.0f KB   (<= %.0f: %s)", *r.KBAStream, targetKBStream, verdict(*r.KBAStream <= targetKBStream))
}

// setMemory says what an open chat takes, where there are enough of them.
func (r *LiveResult) setMemory(before, with float64, chats int) {
	if chats < fewestForMemory {
		return
	}
	kb := round(max(0, with-before)*1024/float64(chats), 0)
	r.KBAStream = &kb
}

// bad reports that something was not shown as it should be.
func (r LiveResult) bad() bool { return r.Missed+r.Doubled+r.Stray+r.Resets+r.Broken > 0 }

// Run implements Benchmark.
func (b *Live) Run(ctx context.Context, o Options) (err error) {
	if b.Chats < 1 || b.Chats > 1500 || b.Seconds < 1 || b.History < 1000 {
		return errors.New("-chats must be 1 to 1500, -seconds 1 or more, -history 1000 or more")
	}
	w, err := Start(ctx, o, Setup{
		SimFlags: []string{"-messages", fmt.Sprint(b.History)}, Callback: true, Settings: map[string]string{"HUICUN_LOG_LEVEL": "warn"},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	r, err := b.measure(ctx, w)
	if err != nil {
		return err
	}
	if err := w.Result(r); err != nil {
		return err
	}
	if r.bad() {
		return fmt.Errorf("%w: %d messages missed, %d doubled, %d stray, %d resets, %d streams broken", errMissed, r.Missed, r.Doubled, r.Stray, r.Resets, r.Broken)
	}
	return nil
}

func (b *Live) measure(ctx context.Context, w *World) (LiveResult, error) {
	r := LiveResult{Bench: "live", Client: w.Client, Chats: b.Chats}
	if err := w.settle(ctx); err != nil {
		return r, err
	}
	chats, err := b.chats(ctx, w, &r)
	if err != nil {
		return r, err
	}
	before, err := w.Usage()
	if err != nil {
		return r, err
	}
	w.Logf("opening %d chats", len(chats))
	begin := time.Now()
	readers, stop, err := openAll(ctx, chats)
	if err != nil {
		return r, err
	}
	defer stop()
	r.OpenInSecond = round(time.Since(begin).Seconds(), 1)
	with, err := w.Usage()
	if err != nil {
		return r, err
	}
	w.Logf("talking for %d s", b.Seconds)
	said, err := b.talk(ctx, w, chats)
	if err != nil {
		return r, err
	}
	r.OverSeconds = round(said.took.Seconds(), 1)
	arrived(readers, said)
	after, err := w.Usage()
	if err != nil {
		return r, err
	}
	stop()
	r.BeforeMB, r.WithChatsMB = round(before.HuicunNow, 1), round(after.HuicunNow, 1)
	r.setMemory(before.HuicunNow, max(after.HuicunNow, with.HuicunNow), len(chats))
	r.CPUSeconds = round(after.CPU.minus(with.CPU).All(), 1)
	r.count(readers, said)
	return r, nil
}

// openChat is a chat that a viewer has open.
type openChat struct {
	pairOfPeople
	conv    int64
	browser *Browser
}

const sqlConversationOf = `SELECT id FROM conversations WHERE kind = 'direct' AND key = $1 AND message_count > 0`

// streamsAViewer keeps below what one session may have open.
const streamsAViewer = 8

// chats makes viewers, each for an employee and four more, and picks for each
// of their sessions some chats of that employee.
func (b *Live) chats(ctx context.Context, w *World, r *LiveResult) ([]openChat, error) {
	admin, err := w.SignIn(ctx, Admin)
	if err != nil {
		return nil, err
	}
	pairs, err := w.pairs(ctx)
	if err != nil {
		return nil, err
	}
	byEmployee := map[string][]openChat{}
	var order []string
	for _, p := range pairs {
		var conv int64
		key := archive.DirectKey(personid.Key(p.employee), p.customer).Key()
		if err := w.DB.GetContext(ctx, &conv, sqlConversationOf, key); err != nil || p.employee == Admin {
			continue // they have not talked yet
		}
		if byEmployee[p.employee] == nil {
			order = append(order, p.employee)
		}
		byEmployee[p.employee] = append(byEmployee[p.employee], openChat{pairOfPeople: p, conv: conv})
	}
	const alsoSees = 4
	for i, employee := range order {
		scope := Scope{}
		for j := range min(alsoSees+1, len(order)) {
			scope.Employees = append(scope.Employees, personid.Key(order[(i+j)%len(order)]))
		}
		if _, err := w.AddViewer(ctx, admin, employee, scope); err != nil {
			return nil, err
		}
	}
	r.Viewers = len(order)
	return b.deal(ctx, w, order, byEmployee)
}

// deal opens sessions and gives each as many chats as one browser has tabs.
func (b *Live) deal(ctx context.Context, w *World, order []string, byEmployee map[string][]openChat) ([]openChat, error) {
	var list []openChat
	for round := 0; len(list) < b.Chats; round++ {
		any := false
		for _, employee := range order {
			all := byEmployee[employee]
			mine := all[min(round*streamsAViewer, len(all)):min((round+1)*streamsAViewer, len(all))]
			if len(mine) == 0 || len(list) >= b.Chats {
				continue
			}
			any = true
			session, err := w.OpenSession(ctx, employee)
			if err != nil {
				return nil, err
			}
			for _, c := range mine[:min(len(mine), b.Chats-len(list))] {
				c.browser = session
				list = append(list, c)
			}
		}
		if !any {
			return nil, fmt.Errorf("the company has %d chats between employees and customers, not %d: ask for more with -history", len(list), b.Chats)
		}
	}
	return list, nil
}

// conversation is what was said in the open chats.
type talked struct {
	said map[string]*shown // by message id
	took time.Duration
}

// shown is a message of an open chat.
type shown struct {
	conv int64
	at   time.Time
}

// everyNth chat has a message each second.
const everyNth = 10

// talk says a message each second in every tenth chat.
func (b *Live) talk(ctx context.Context, w *World, chats []openChat) (talked, error) {
	t := talked{said: map[string]*shown{}}
	busy := max(1, len(chats)/everyNth)
	tick := time.NewTicker(time.Second / time.Duration(busy))
	defer tick.Stop()
	begin := time.Now()
	for i := range busy * b.Seconds {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return t, context.Cause(ctx)
		}
		c := chats[(i%busy)*everyNth%len(chats)]
		m, err := w.Sim.Say(ctx, c.employee, c.customer, fmt.Sprintf("现场第%d句", i))
		if err != nil {
			return t, err
		}
		t.said[archive.MessageID(m.MsgID)] = &shown{conv: c.conv, at: m.AcceptedAt}
	}
	t.took = time.Since(begin)
	return t, nil
}

// livePatience is how long a message may take before it counts as missed.
const livePatience = 20 * time.Second

// arrived waits until all messages have shown, or for so long.
func arrived(readers []*reader, t talked) {
	deadline := time.Now().Add(livePatience)
	for time.Now().Before(deadline) {
		got := 0
		for _, rd := range readers {
			got += rd.messages()
		}
		if got >= len(t.said) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(500 * time.Millisecond) // a second copy would come now
}

// count holds what the streams showed against what was said.
func (r *LiveResult) count(readers []*reader, t talked) {
	seen := map[string]int{}
	var times []time.Duration
	for _, rd := range readers {
		rd.mu.Lock()
		r.Resets += rd.resets
		r.News += rd.news
		if rd.broken {
			r.Broken++
		}
		for _, e := range rd.events {
			m := t.said[e.id]
			if e.conv != rd.conv || m == nil || m.conv != e.conv {
				r.Stray++
				continue
			}
			if seen[e.id]++; seen[e.id] > 1 {
				r.Doubled++
				continue
			}
			times = append(times, e.at.Sub(m.at))
		}
		rd.mu.Unlock()
	}
	r.Messages, r.Missed = len(t.said), len(t.said)-len(seen)
	r.Quantiles = quantiles(times)
	if r.OverSeconds > 0 {
		r.PerSecond = round(float64(r.Messages)/r.OverSeconds, 1)
	}
}

// openAll opens a stream for each chat, some at a time.
func openAll(ctx context.Context, chats []openChat) (readers []*reader, stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	stop = func() { cancel(); wg.Wait() }
	for _, c := range chats {
		rd := &reader{conv: c.conv}
		body, err := rd.open(ctx, c.browser)
		if err != nil {
			stop()
			return nil, nil, err
		}
		readers = append(readers, rd)
		wg.Go(func() { rd.read(ctx, body) })
	}
	return readers, stop, nil
}
