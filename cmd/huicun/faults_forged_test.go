package main

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/rules"
	"huicun/internal/wecomsim"
)

// TestForgedCallbacksAreRefused lets wecomsim send forged events ahead of each
// genuine one; huicun must answer none of them with 200, and still take the
// genuine ones, each once however often it comes.
func TestForgedCallbacksAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *wecomsim.Config) {
		c.Faults = []wecomsim.Fault{
			{Kind: "callback.forged_signature"},
			{Kind: "callback.forged_receiver"},
			{Kind: "callback.forged_cipher"},
			{Kind: "callback.double", Every: 2},
			{Kind: "callback.replayed", DelayMS: 10},
		}
	})
	w.mustRun()
	var report struct {
		Faults []struct {
			Kind             string
			Struck, Accepted int
		}
	}
	event := func(n string) {
		w.call(http.MethodPost, "/sim/delete", map[string]string{"userid": "Nobody" + n, "external_userid": "wmNobody" + n, "by": "customer"}, nil)
	}
	w.waitFor("huicun to take callbacks", func() bool {
		var verified map[string]string
		w.call(http.MethodPost, "/sim/callbacks/verify", nil, &verified)
		return verified["app"] == "ok"
	})
	for _, n := range []string{"1", "2", "3"} {
		event(n)
	}
	w.waitFor("the events", func() bool {
		var stats struct {
			Callbacks struct{ Delivered, Failed int }
		}
		w.call(http.MethodGet, "/sim/stats", nil, &stats)
		if stats.Callbacks.Failed > 0 {
			t.Fatalf("%d genuine events were refused", stats.Callbacks.Failed)
		}
		return stats.Callbacks.Delivered >= 4 // one of the three comes twice
	})
	w.waitFor("the work that follows from the events", func() bool {
		var left int
		if err := w.db.Get(&left, `SELECT count(*) FROM outbox WHERE kind = $1 AND state <> 'completed'`, rules.KindCallback); err != nil {
			t.Fatal(err)
		}
		return left == 0
	})
	var found []string
	if err := w.db.Select(&found, `SELECT sender || ' ' || kind FROM violations ORDER BY 1`); err != nil {
		t.Fatal(err)
	}
	want := []string{"wmnobody1 customer_deleted_employee", "wmnobody2 customer_deleted_employee", "wmnobody3 customer_deleted_employee"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("violations of events that came twice and were replayed (-want +got):\n%s", diff)
	}
	w.call(http.MethodGet, "/sim/faults", nil, &report)
	for _, f := range report.Faults[:3] {
		if f.Struck < 3 || f.Accepted != 0 {
			t.Errorf("%s: sent %d, accepted %d, want 3 and none", f.Kind, f.Struck, f.Accepted)
		}
	}
}
