package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/ingest"
)

// auditor reads the status again and again beside everything else, and notes
// the first that does not add up.
type auditor struct {
	stop  context.CancelFunc
	done  chan struct{}
	seen  map[string]int // samples, by what was in quarantine
	wrong string
}

func (w *world) audit() *auditor {
	ctx, cancel := context.WithCancel(context.Background())
	a := &auditor{stop: cancel, done: make(chan struct{}), seen: map[string]int{}}
	go func() {
		defer close(a.done)
		var last ingest.Snapshot
		for t := time.NewTicker(2 * time.Millisecond); ctx.Err() == nil; <-t.C {
			s, err := w.db.ReadStatus(ctx, 20, true)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				a.note("status cannot be read: %v", err)
				return
			}
			a.look(last, s)
			last = s
		}
	}()
	w.t.Cleanup(func() { cancel(); <-a.done })
	return a
}

func (a *auditor) note(format string, args ...any) {
	if a.wrong == "" {
		a.wrong = fmt.Sprintf(format, args...)
	}
}

func (a *auditor) look(last, s ingest.Snapshot) {
	var grouped int64
	for _, q := range s.Quarantine {
		grouped += q.Messages
	}
	switch {
	case s.Received != s.Stored+s.Quarantined:
		a.note("received %d, stored %d, quarantined %d", s.Received, s.Stored, s.Quarantined)
	case !s.Recount.Agrees(s.State):
		a.note("rows %+v, counters %+v", *s.Recount, s.State)
	case grouped != s.Quarantined:
		a.note("%d in quarantine by key, %d in all", grouped, s.Quarantined)
	case s.Received < last.Received || s.Stored < last.Stored:
		a.note("counters went back: %+v after %+v", s.State, last.State)
	}
	phase := "all open"
	switch {
	case s.Quarantined > 0 && s.Stored > last.Stored && last.Quarantined > 0:
		phase = "opening"
	case s.Quarantined > 0:
		phase = "closed"
	}
	a.seen[phase]++
}

// finish ends the audit and gives how often it looked in each phase.
func (a *auditor) finish(t *testing.T) map[string]int {
	t.Helper()
	a.stop()
	<-a.done
	if a.wrong != "" {
		t.Errorf("counters: %s", a.wrong)
	}
	return a.seen
}

// chatTexts reads a whole conversation through the API, oldest first.
func (b *browser) chatTexts(conv int64) []string {
	b.t.Helper()
	var texts []string
	for older := ""; ; {
		var page struct {
			Items    []struct{ ID, Text string }
			HasOlder bool `json:"has_older"`
		}
		path := fmt.Sprintf("/conversations/%d/messages?limit=100", conv)
		if older != "" {
			path += "&older=" + older
		}
		if status := b.get(path, &page); status != http.StatusOK {
			b.t.Fatalf("GET %s answers %d", path, status)
		}
		for _, m := range slices.Backward(page.Items) {
			texts = append(texts, m.Text)
		}
		if !page.HasOlder {
			slices.Reverse(texts)
			return texts
		}
		older = page.Items[0].ID
	}
}

// A thousand messages whose private key comes late are then like all others:
// readable, in order, found, looked at by rules, told to who subscribed.
func TestThousandMessagesWithALateKey(t *testing.T) {
	t.Parallel()
	const n, every = 1000, 100
	w := newWorld(t, nil)
	w.mustRun()
	admin := w.signIn("ZhouMingkai", true)
	near := w.addManager(admin, "SuYating", "linxiaoyu")
	admin.send(http.MethodPost, "/rules", map[string]any{
		"name": "私下转账", "words": []string{"回扣"}, "severity": "high", "direction": "both", "scope_all": true,
		"scope_departments": []string{}, "scope_employees": []string{}, "subscribers": []string{near.id}, "enabled": true,
	}, nil)
	say := func(text string) {
		w.call(http.MethodPost, "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": customer, "text": text}, nil)
	}
	audit := w.audit()
	want := []string{"之前"}
	say(want[0])
	w.waitReceived(1)
	w.call(http.MethodPost, "/sim/keys", map[string]any{}, nil)
	for i := range n {
		text := fmt.Sprintf("第%d句", i)
		if i%every == every/2 {
			text += "给您回扣"
		}
		want = append(want, text)
		say(text)
	}
	w.waitReceived(n + 1)
	if s := w.state(); s.Stored != 1 || s.Quarantined != n {
		t.Fatalf("with the key missing: %d stored, %d in quarantine", s.Stored, s.Quarantined)
	}
	w.giveKey(2)
	w.waitFor("quarantine to open", func() bool { return w.state().Quarantined == 0 })
	w.waitFor("the alerts", func() bool { return len(w.phone("SuYating")) == n/every })
	w.waitFor("the follow-up work", func() bool { return w.count(`SELECT count(*) FROM outbox WHERE state <> 'completed'`) == 0 })

	seen := audit.finish(t)
	if seen["closed"] == 0 || seen["opening"] == 0 {
		t.Errorf("the counters were looked at in these phases only: %v", seen)
	}
	w.checkStored()
	conv := int64(w.count(`SELECT id FROM conversations`))
	if diff := cmp.Diff(want, near.chatTexts(conv)); diff != "" {
		t.Errorf("chat (-want +got):\n%s", diff)
	}
	for q, hits := range map[string]int{"回扣": n / every, "第999句": 1, "之前": 1} {
		var page struct {
			Items []struct{ Message struct{ Text string } }
		}
		path := fmt.Sprintf("/conversations/%d/find?limit=100&q=%s", conv, url.QueryEscape(q))
		if status := near.get(path, &page); status != http.StatusOK || len(page.Items) != hits {
			t.Errorf("GET %s answers %d with %d hits, want %d", path, status, len(page.Items), hits)
		}
	}
	if got := w.count(`SELECT count(*) FROM violations`); got != n/every {
		t.Errorf("%d violations, want %d", got, n/every)
	}
	if got := len(w.phone("SuYating")); got != n/every {
		t.Errorf("%d alerts, want %d", got, n/every)
	}
}
