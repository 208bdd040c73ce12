package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"huicun/internal/archive"
)

// Alert measures how long it takes from a word said to the app message about
// it.
type Alert struct {
	Alerts  int
	Rate    float64
	Every   time.Duration
	History int
}

// Flags implements Benchmark.
func (b *Alert) Flags(fs *flag.FlagSet) {
	fs.IntVar(&b.Alerts, "alerts", 200, "`number` of messages that set off an alert")
	fs.Float64Var(&b.Rate, "rate", 200, "`number` of messages a second that flow meanwhile")
	fs.DurationVar(&b.Every, "every", 250*time.Millisecond, "time between two alerts")
	fs.IntVar(&b.History, "history", 5000, "`number` of messages that are there before")
}

// AlertResult says how fast alerts were.
type AlertResult struct {
	Bench     string  `json:"bench"` // alert
	Client    string  `json:"client"`
	Alerts    int     `json:"alerts"` // words said
	Sent      int     `json:"sent"`   // app messages about them that wecomsim received
	Lost      int     `json:"lost"`
	Duplicate int     `json:"duplicated"`
	Stray     int     `json:"stray"` // to somebody else, or about something else
	Managers  int     `json:"managers"`
	FlowWant  float64 `json:"flow_wanted_per_second"`
	Flow      float64 `json:"flow_per_second"` // messages that wecomsim really made
	Behind    int64   `json:"behind"`          // messages not stored yet when the last alert had come
	Quantiles
	Stages []Stage `json:"stages"`
}

// Stage is a part of the way of an alert.
type Stage struct {
	Name string `json:"name"`
	Quantiles
}

const targetAlertP99 = 1000.0 // ms

// String implements fmt.Stringer.
func (r AlertResult) String() string {
	return fmt.Sprintf(`%d alerts to %d managers while %.0f messages a second flow (%s client):
  from said to app message  p50 %.0f  p95 %.0f  p99 %.0f  max %.0f ms   (p99 < %.0f: %s)
  sent %d, lost %d, duplicated %d, stray %d; %d messages behind at the end
  on the way: %s`,
		r.Alerts, r.Managers, r.Flow, r.Client, r.P50, r.P95, r.P99, r.Max, targetAlertP99, verdict(r.P99 < targetAlertP99),
		r.Sent, r.Lost, r.Duplicate, r.Stray, r.Behind, stagesText(r.Stages))
}

func stagesText(stages []Stage) string {
	var list []string
	for _, s := range stages {
		list = append(list, fmt.Sprintf("%s %.0f/%.0f", s.Name, s.P50, s.P99))
	}
	return strings.Join(list, ", ") + " ms (p50/p99)"
}

// Run implements Benchmark.
func (b *Alert) Run(ctx context.Context, o Options) (err error) {
	if b.Alerts < 1 || b.Rate < 0 || b.Rate > 1000 || b.Every < 10*time.Millisecond || b.History < 100 {
		return errors.New("-alerts must be 1 or more, -rate 0 to 1000, -every 10ms or more, -history 100 or more")
	}
	w, err := Start(ctx, o, Setup{SimFlags: []string{"-messages", fmt.Sprint(b.History)}, Callback: true})
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
	if r.Lost+r.Duplicate+r.Stray > 0 {
		return fmt.Errorf("%w: %d alerts lost, %d duplicated, %d stray", errMissed, r.Lost, r.Duplicate, r.Stray)
	}
	return nil
}

func (b *Alert) measure(ctx context.Context, w *World) (AlertResult, error) {
	r := AlertResult{Bench: "alert", Client: w.Client, Alerts: b.Alerts, FlowWant: b.Rate}
	if err := w.settle(ctx); err != nil {
		return r, err
	}
	watch, err := b.managers(ctx, w)
	if err != nil {
		return r, err
	}
	r.Managers = len(watch)
	pairs, err := w.pairs(ctx)
	if err != nil {
		return r, err
	}
	if err := w.flow(ctx, b.Rate); err != nil {
		return r, err
	}
	w.Logf("saying %d words, one each %v", b.Alerts, b.Every)
	said, flow, err := b.say(ctx, w, watch, pairs)
	if err != nil {
		return r, err
	}
	r.Flow = round(flow, 1)
	if err := b.collect(ctx, w, said, &r); err != nil {
		return r, err
	}
	if r.Behind, err = w.behind(ctx); err != nil {
		return r, err
	}
	return r, w.flow(ctx, 0)
}

// mostManagers keeps far from what WeCom lets one member have.
const mostManagers = 20

// watcher is a manager with a word of their own.
type watcher struct{ userid, word string }

// managers makes viewers who see everybody, each told of one word.
func (b *Alert) managers(ctx context.Context, w *World) ([]watcher, error) {
	admin, err := w.SignIn(ctx, Admin)
	if err != nil {
		return nil, err
	}
	root, userids, err := w.staff(ctx, mostManagers)
	if err != nil {
		return nil, err
	}
	var list []watcher
	for i, id := range userids {
		v, err := w.AddViewer(ctx, admin, id, Scope{Departments: []int64{root}})
		if err != nil {
			return nil, err
		}
		at := watcher{userid: id, word: fmt.Sprintf("暗号%c%c", '甲'+rune(i), '丙'+rune(i))}
		if err := admin.AddRule(ctx, at.word, []string{at.word}, fmt.Sprint(v.ID)); err != nil {
			return nil, err
		}
		list = append(list, at)
	}
	return list, nil
}

// utterance is a word that was said.
type utterance struct {
	userid string // who is to be told
	at     time.Time
	heard  int
}

// say says the words, one after the other, and measures how many messages flow.
func (b *Alert) say(ctx context.Context, w *World, watch []watcher, pairs []pairOfPeople) (map[string]*utterance, float64, error) {
	before, begin, err := w.made(ctx)
	if err != nil {
		return nil, 0, err
	}
	said := map[string]*utterance{}
	tick := time.NewTicker(b.Every)
	defer tick.Stop()
	for i := range b.Alerts {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, 0, context.Cause(ctx)
		}
		who, chat := watch[i%len(watch)], pairs[i%len(pairs)]
		m, err := w.Sim.Say(ctx, chat.employee, chat.customer, fmt.Sprintf("第%d次说%s", i, who.word))
		if err != nil {
			return nil, 0, err
		}
		said[archive.MessageID(m.MsgID)] = &utterance{userid: who.userid, at: m.AcceptedAt}
	}
	after, end, err := w.made(ctx)
	return said, float64(after-before) / end.Sub(begin).Seconds(), err
}

// alertPatience is how long an alert may take before it counts as lost.
const alertPatience = time.Minute

// lateCopies is when an alert would have come again whose answer was lost.
const lateCopies = 7 * time.Second

// collect waits for the app messages and counts them.
func (b *Alert) collect(ctx context.Context, w *World, said map[string]*utterance, r *AlertResult) error {
	deadline := time.Now().Add(alertPatience)
	var got []appMessage
	err := w.WaitFor(ctx, "the alerts", func() bool {
		var err error
		if got, err = w.Sim.AppMessages(ctx); err != nil {
			return false
		}
		return countHeard(said, got) == len(said) || time.Now().After(deadline)
	})
	if err != nil {
		return err
	}
	select { // for a second copy
	case <-time.After(lateCopies):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if got, err = w.Sim.AppMessages(ctx); err != nil {
		return err
	}
	r.count(said, got)
	r.Stages, err = w.stages(ctx, said, got)
	return err
}

const sqlWay = `
SELECT m.id, m.pulled_at, b.stored_at, v.created_at AS found_at, a.first_sent_at
FROM alerts a JOIN violations v ON v.id = a.violation_id JOIN message_ids i ON i.id = v.message_id
JOIN messages m ON m.id = i.id AND m.msgtime = i.msgtime JOIN batches b ON b.id = m.batch_id
WHERE a.first_sent_at IS NOT NULL`

// stages takes the way of the alerts apart, by what the database noted.
func (w *World) stages(ctx context.Context, said map[string]*utterance, got []appMessage) ([]Stage, error) {
	var rows []struct {
		ID     string    `db:"id"`
		Pulled time.Time `db:"pulled_at"`
		Stored time.Time `db:"stored_at"`
		Found  time.Time `db:"found_at"`
		Begun  time.Time `db:"first_sent_at"`
	}
	if err := w.DB.SelectContext(ctx, &rows, sqlWay); err != nil {
		return nil, fmt.Errorf("look up the way of the alerts: %w", err)
	}
	received := map[string]time.Time{}
	for _, m := range got {
		received[m.about()] = m.SentAt
	}
	names := []string{"pulled", "being stored", "found", "being sent", "received"}
	times := make([][]time.Duration, len(names))
	for _, r := range rows {
		u, end := said[r.ID], received[r.ID]
		if u == nil || end.IsZero() {
			continue
		}
		last := u.at
		for i, at := range []time.Time{r.Pulled, r.Stored, r.Found, r.Begun, end} {
			times[i] = append(times[i], at.Sub(last))
			last = at
		}
	}
	var list []Stage
	for i, name := range names {
		list = append(list, Stage{Name: name, Quantiles: quantiles(times[i])})
	}
	return list, nil
}

// countHeard tells of how many words a message has come.
func countHeard(said map[string]*utterance, got []appMessage) int {
	heard := map[string]bool{}
	for _, m := range got {
		if id := m.about(); said[id] != nil {
			heard[id] = true
		}
	}
	return len(heard)
}

// count adds up what came of the words.
func (r *AlertResult) count(said map[string]*utterance, got []appMessage) {
	var times []time.Duration
	for _, m := range got {
		u := said[m.about()]
		if u == nil || !strings.EqualFold(u.userid, m.UserID) || m.Dropped {
			r.Stray++
			continue
		}
		r.Sent++
		if u.heard++; u.heard > 1 {
			r.Duplicate++
			continue
		}
		times = append(times, m.SentAt.Sub(u.at))
	}
	r.Lost = len(said) - len(times)
	r.Quantiles = quantiles(times)
}

// appMessage is an app message on a phone of wecomsim.
type appMessage struct {
	UserID  string    `json:"userid"`
	SentAt  time.Time `json:"sent_at"`
	Dropped bool      `json:"dropped"`
	Content struct {
		URL string `json:"url"`
	} `json:"content"`
}

// about gives the id of the message that the link leads to.
func (m appMessage) about() string {
	u, err := url.Parse(m.Content.URL)
	if err != nil {
		return ""
	}
	return u.Query().Get("m")
}

// AppMessages gives all app messages that wecomsim received.
func (s *Sim) AppMessages(ctx context.Context) ([]appMessage, error) {
	var page struct {
		Messages []appMessage `json:"messages"`
	}
	return page.Messages, s.Call(ctx, http.MethodGet, "/sim/app-messages", nil, &page)
}
