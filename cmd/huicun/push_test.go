package main

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/alert"
	"huicun/internal/config"
	"huicun/internal/store"
	"huicun/internal/wecomsim"
)

// alertDesk is a world where 回扣 of LinXiaoyu is told to SuYating.
type alertDesk struct {
	*world
	admin, near *browser
}

func newAlertDesk(t *testing.T) alertDesk {
	t.Helper()
	d := alertDesk{world: newWorld(t, nil)}
	d.mustRun()
	d.admin = d.signIn("ZhouMingkai", true)
	d.near = d.addManager(d.admin, "SuYating", "linxiaoyu")
	d.admin.send(http.MethodPost, "/rules", map[string]any{
		"name": "私下转账", "words": []string{"回扣"}, "severity": "high", "direction": "both", "scope_all": true,
		"scope_departments": []string{}, "scope_employees": []string{}, "subscribers": []string{d.near.id}, "enabled": true,
	}, nil)
	return d
}

// hit says things that the manager is told of, until there are n.
func (d alertDesk) hit(n int) {
	d.t.Helper()
	for i := d.count(`SELECT count(*) FROM violations`); i < n; i++ {
		d.call(http.MethodPost, "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": customer, "text": fmt.Sprintf("第%d次给您回扣", i)}, nil)
	}
	d.waitFor("the violations", func() bool { return d.count(`SELECT count(*) FROM violations`) == n })
}

// hurry makes what waits for another attempt run now, until all is done.
func (d alertDesk) hurry() {
	d.t.Helper()
	d.waitFor("the pushes to be done", func() bool {
		if _, err := d.db.Exec(`UPDATE outbox SET scheduled_at = now() WHERE state = 'retryable' AND scheduled_at > now()`); err != nil {
			d.t.Fatal(err)
		}
		if err := d.db.Notify(d.t.Context(), store.ChannelOutbox); err != nil {
			d.t.Fatal(err)
		}
		return d.count(`SELECT count(*) FROM outbox WHERE kind = 'push' AND state <> 'completed'`) == 0
	})
}

// states counts alerts by state.
func (d alertDesk) states() map[string]int {
	d.t.Helper()
	var rows []struct {
		State string `db:"state"`
		N     int    `db:"n"`
	}
	if err := d.db.Select(&rows, `SELECT state, count(*) AS n FROM alerts GROUP BY state`); err != nil {
		d.t.Fatal(err)
	}
	out := map[string]int{}
	for _, r := range rows {
		out[r.State] = r.N
	}
	return out
}

// Whatever happens to a call, each alert is on the phone once in the end.
func TestEachAlertArrivesOnceWhateverHappensToTheCall(t *testing.T) {
	t.Parallel()
	const send = "message/send"
	for _, tt := range []struct {
		name   string
		faults []wecomsim.Fault
	}{
		{"answers lost", []wecomsim.Fault{{Kind: "send.lost_answer", Every: 2, Times: 6}}},
		{"delivered, answered with an error", []wecomsim.Fault{{Kind: "send.answer_500", Times: 5}}},
		{"not delivered, no answer", []wecomsim.Fault{{Kind: "api.drop", Path: send, Times: 4}, {Kind: "api.reset", Path: send, Times: 3}}},
		{"answers cut short", []wecomsim.Fault{
			{Kind: "api.truncate", Path: send, Times: 3}, {Kind: "api.cut_body", Path: send, Times: 3}, {Kind: "api.empty", Path: send, Times: 3},
		}},
		{"busy, refused tokens", []wecomsim.Fault{
			{Kind: "api.error", Path: send, Code: -1, Times: 4}, {Kind: "api.error", Path: send, Code: 42001, After: 6, Times: 2},
		}},
		{"all at once", []wecomsim.Fault{
			{Kind: "send.lost_answer", Probability: 0.3, Times: 6},
			{Kind: "api.http", Path: send, Code: 502, Probability: 0.3, Times: 4},
			{Kind: "api.error", Path: send, Code: -1, Probability: 0.2, Times: 4},
			{Kind: "api.cut", Path: send, Bytes: 40, Probability: 0.3, Times: 4},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newAlertDesk(t)
			d.cfg.Server.Listen = "127.0.0.1:0"
			d.mustRun() // a replica
			d.faults(tt.faults...)
			d.hit(6)
			d.hurry()
			if diff := cmp.Diff(map[string]int{"sent": 6}, d.states()); diff != "" {
				t.Errorf("alerts by state (-want +got):\n%s", diff)
			}
			got := map[string]int{}
			for _, c := range d.phone("SuYating") {
				got[c.URL]++
			}
			for url, n := range got {
				if n != 1 {
					t.Errorf("%s is on the phone %d times", url, n)
				}
			}
			if len(got) != 6 {
				t.Errorf("%d alerts on the phone, want 6", len(got))
			}
		})
	}
}

// An alert whose answers are lost for as long as WeCom would notice a repeat
// ends as unknown, and everybody can see what is known of it.
func TestAlertWhoseAnswersAreAllLost(t *testing.T) {
	t.Parallel()
	d := newAlertDesk(t)
	d.faults(wecomsim.Fault{Kind: "send.lost_answer"})
	d.hit(1)
	attempts := func(n int) func() bool {
		return func() bool {
			_, err := d.db.Exec(`UPDATE outbox SET scheduled_at = now() WHERE kind = 'push' AND state = 'retryable'`)
			return err == nil && d.count(`SELECT attempt FROM alerts`) >= n
		}
	}
	d.waitFor("four attempts", attempts(4))
	if diff := cmp.Diff(map[string]int{string(alert.StateSending): 1}, d.states()); diff != "" {
		t.Errorf("while WeCom would notice (-want +got):\n%s", diff)
	}
	if _, err := d.db.Exec(`UPDATE alerts SET first_sent_at = first_sent_at - interval '3 hours 55 minutes'`); err != nil {
		t.Fatal(err)
	}
	d.hurry()
	if diff := cmp.Diff(map[string]int{string(alert.StateUnknown): 1}, d.states()); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
	if got := len(d.phone("SuYating")); got != 1 {
		t.Errorf("%d cards on the phone, want 1", got)
	}
	var list struct {
		Items []struct{ State, Error string }
	}
	if status := d.admin.get("/alerts", &list); status != http.StatusOK || len(list.Items) != 1 || list.Items[0].State != "unknown" {
		t.Fatalf("GET /alerts answers %d: %+v", status, list)
	}
	contains(t, list.Items[0].Error, "WeCom's answer was lost in", "attempts")
	var out, errs bytes.Buffer
	run(t.Context(), []string{"status"}, config.Environ(environ(d.cfg)), &out, &errs)
	contains(t, out.String(), "1 may have arrived: WeCom's answer was lost")
}

// While WeCom does not answer, pushes wait for it and nothing else does.
func TestPushesThatHangKeepNoBatchFromBeingScanned(t *testing.T) {
	t.Parallel()
	d := newAlertDesk(t)
	d.faults(wecomsim.Fault{Kind: "api.slow", Path: "message/send", DelayMS: 10 * 60 * 1000})
	const workers = 4 // of a runner
	d.hit(workers + 1)
	d.waitFor("all workers to hang", func() bool {
		return d.count(`SELECT count(*) FROM outbox WHERE kind = 'push' AND state = 'running'`) == workers
	})
	d.hit(2*workers + 2)
	d.waitFor("the scan to be done", func() bool {
		return d.count(`SELECT count(*) FROM outbox WHERE kind = 'scan' AND state <> 'completed'`) == 0
	})
	if got := d.count(`SELECT count(*) FROM outbox WHERE kind = 'push' AND state = 'completed'`); got != 0 {
		t.Errorf("%d pushes are done, and WeCom has not answered any", got)
	}
}
