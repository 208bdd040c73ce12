package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huicun/internal/config"
	"huicun/internal/search/elastic/estest"
)

// utter lets an employee say something, and waits until it is stored.
func (w *world) utter(texts ...string) {
	w.t.Helper()
	n := w.state().Received
	for _, text := range texts {
		w.call(http.MethodPost, "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": "ZhouMingkai", "text": text}, nil)
	}
	w.waitReceived(n + int64(len(texts)))
}

// foundPage is what tests look at of an answer to a search.
type foundPage struct {
	Items []struct {
		Message struct {
			ID string `json:"id"`
		} `json:"message"`
	} `json:"items"`
	Engine   string `json:"engine"`
	Fallback string `json:"fallback"`
	Complete struct {
		Complete bool  `json:"complete"`
		Behind   int64 `json:"behind"`
	} `json:"complete"`
}

func (w *world) search(b *browser, text string) foundPage {
	w.t.Helper()
	var p foundPage
	if status := b.get("/search?q="+url.QueryEscape(text), &p); status != http.StatusOK {
		w.t.Fatalf("search: status %d", status)
	}
	return p
}

// found waits until a search answers as it should.
func (w *world) found(b *browser, text string, want int, engine, fallback string) {
	w.t.Helper()
	var p foundPage
	defer func() {
		if w.t.Failed() {
			w.t.Logf("the last answer: %d hits of %d, engine %s, fallback %q, %+v", len(p.Items), want, p.Engine, p.Fallback, p.Complete)
		}
	}()
	tick := time.NewTicker(250 * time.Millisecond) // within the limits of a viewer
	defer tick.Stop()
	w.waitFor("hits of "+engine, func() bool {
		<-tick.C
		p = w.search(b, text)
		return len(p.Items) == want && p.Engine == engine && p.Fallback == fallback && (fallback != "" || p.Complete.Complete)
	})
}

// Engines are switched by the configuration, while messages come in; each finds
// everything, also what was said while it was off.
func TestSearchEnginesAreSwitched(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Search.URLs, w.cfg.Search.Prefix, w.cfg.Search.Replicas = []string{estest.Node(t)}, estest.Prefix(t)+"s", 0
	w.cfg.Search.Timeout = 30 * time.Second
	engine := func(name string) (*browser, func()) {
		w.cfg.Search.Engine = name
		_, stop := w.mustRun()
		return w.signIn("ZhouMingkai", true), stop
	}
	b, stop := engine(config.SearchElastic)
	w.utter("合同一", "合同二", "发票")
	w.found(b, "合同", 2, "elastic", "")
	stop()

	b, stop = engine(config.SearchPostgres)
	w.utter("合同三")
	w.found(b, "合同", 3, "postgres", "")
	if out, _ := w.command(0, "search", "reindex"); !strings.Contains(out, "made again: 0 lacked or differed") {
		t.Errorf("reindex without Elasticsearch: %s", out)
	}
	stop()

	b, stop = engine(config.SearchElastic)
	w.found(b, "合同", 3, "elastic", "")
	w.utter("合同四")
	w.found(b, "合同", 4, "elastic", "")

	// Beside the running huicun.
	var was, is generationReport
	status := func() (r searchReport) {
		out, _ := w.command(0, "search", "status", "-json")
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := status(); !r.Complete || r.Indexed != 5 || r.Messages != 5 || r.Engine != "elastic" || len(r.Indices) != 1 {
		t.Errorf("status %+v", r)
	} else {
		was = r.Indices[0]
	}
	if out, _ := w.command(0, "search", "check"); !strings.Contains(out, "5 messages compared: 0 lacked") {
		t.Errorf("check: %s", out)
	}
	out, _ := w.command(0, "search", "reindex", "-json")
	if err := json.Unmarshal([]byte(out), &is); err != nil || is.Name == was.Name || is.State != "live" {
		t.Errorf("reindex: %+v, %v", is, err)
	}
	w.found(b, "合同", 4, "elastic", "")
	stop()

	// Without huicun serve, and stopped at once: it goes on.
	if r := status(); len(r.Indices) != 1 || r.Indices[0].Name != is.Name {
		t.Errorf("status %+v", r)
	}
	if err := w.db.CreateGeneration(t.Context(), w.cfg.Search.Prefix, 1, "stopped"); err != nil {
		t.Fatal(err)
	}
	if _, errs := w.command(0, "search", "reindex"); !strings.Contains(errs, "going on with") {
		t.Errorf("reindex: %s", errs)
	}

	// Another prefix: what is left of the first is told, and deleted when asked for.
	first := status().Indices[0].Name
	w.cfg.Search.Prefix = estest.Prefix(t) + "t"
	b, stop = engine(config.SearchElastic)
	w.found(b, "合同", 4, "elastic", "")
	stop()
	if r := status(); len(r.Indices) != 1 || len(r.Others) != 1 || r.Others[0].Name != first {
		t.Errorf("status after another prefix: %+v", r)
	}
	if w.command(0, "search", "reindex"); len(status().Others) != 1 {
		t.Error("reindex has deleted what nobody asked for")
	}
	if out, _ := w.command(0, "search", "reindex", "-others"); !strings.Contains(out, first+" is deleted") {
		t.Errorf("reindex -others: %s", out)
	}
	if r := status(); len(r.Others) != 0 || !r.Complete {
		t.Errorf("status afterwards: %+v", r)
	}

	// Nobody answers there.
	w.cfg.Search.URLs, w.cfg.Search.Timeout = []string{"http://" + freeAddress(t)}, time.Second
	b, stop = engine(config.SearchElastic)
	defer stop()
	w.utter("合同五")
	w.found(b, "合同", 5, "postgres", "unavailable")
	w.waitFor("the reason", func() bool {
		return w.count(`SELECT count(*) FROM search_indexes WHERE error LIKE '%cannot be reached%' AND error_at IS NOT NULL`) == 1
	})
	if out, _ := w.command(1, "search", "status"); !strings.Contains(out, "cannot be reached") || strings.Contains(out, "complete\n") {
		t.Errorf("status: %s", out)
	}
}

// searchEnviron gives the settings of a huicun of its own process.
func searchEnviron(c config.Config) []string {
	if c.Search.Engine != config.SearchElastic {
		return nil
	}
	return []string{
		"HUICUN_SEARCH_ENGINE=elastic", "HUICUN_SEARCH_URLS=" + strings.Join(c.Search.URLs, ","), "HUICUN_SEARCH_PREFIX=" + c.Search.Prefix,
		fmt.Sprintf("HUICUN_SEARCH_REPLICAS=%d", c.Search.Replicas), "HUICUN_SEARCH_TIMEOUT=" + c.Search.Timeout.String(),
	}
}
