package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/config"
	"huicun/internal/search/elastic/estest"
)

// reindexHuicun is huicun search reindex in a process of its own.
func reindexHuicun() int {
	return run(context.Background(), []string{"search", "reindex"}, config.Environ(os.Environ()), os.Stdout, os.Stderr)
}

// The making anew of all documents is killed with -9 in the middle of it. It goes
// on where it was, and no document is written twice.
func TestKillsWhileDocumentsAreMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, stop := w.mustRun()
	const batches = 12
	for n := range batches {
		w.utter(string(rune('甲' + n)))
	}
	w.waitFor("documents of all messages", func() bool { return w.count(`SELECT indexed FROM search_state`) == int(w.state().Stored) })
	stop()
	const documents = `SELECT concat_ws(' ', seq, conv_id, msgtype, flags, body, grams) FROM search_messages ORDER BY seq`
	var want, got []string
	if err := w.db.Select(&want, documents); err != nil {
		t.Fatal(err)
	}
	w.change(`UPDATE search_messages SET body = 'x', grams = '{}'`)
	w.change(`DELETE FROM search_messages WHERE seq % 3 = 0`)
	w.gate("search_rebuild", "NEW.batch_id IN (SELECT id FROM test_gates)")
	for _, gate := range []int64{3, 8} {
		w.killWhileRebuilding(gate)
	}
	before := w.count(`SELECT change FROM search_state`)
	out, _ := w.command(0, "search", "reindex", "-json")
	var r rebuildReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Refused != 0 || before <= len(want) {
		t.Errorf("%s, %v; %d changes before it went on", out, err, before)
	}
	if err := w.db.Select(&got, documents); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if n := w.count(`SELECT change FROM search_state`); n != 2*len(want) {
		t.Errorf("%d changes, want each of %d documents written once more", n, len(want))
	}
	w.command(0, "search", "status")
}

// Indices are not begun anew with -restart: that is told, and nothing is done.
func TestRestartIsAboutDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Search.Engine, w.cfg.Search.URLs = config.SearchElastic, []string{"http://" + freeAddress(t)}
	if _, errs := w.command(1, "search", "reindex", "-restart"); !strings.Contains(errs, "-restart is about documents") {
		t.Errorf("reindex -restart: %s", errs)
	}
	if n := w.count(`SELECT count(*) FROM search_indexes`); n != 0 {
		t.Errorf("%d generations were begun", n)
	}
	if out, _ := w.command(0, "search", "reindex", "-documents", "-restart"); !strings.Contains(out, "made again: 0 lacked") {
		t.Errorf("reindex -documents -restart: %s", out)
	}
}

// The building of new indices is killed with -9 when documents are in them and
// that is not noted. It goes on, and each document is there once.
func TestKillWhileIndicesAreBuilt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Search.URLs, w.cfg.Search.Prefix, w.cfg.Search.Replicas = []string{estest.Node(t)}, estest.Prefix(t)+"k", 0
	_, stop := w.mustRun()
	w.utter("合同一", "合同二", "发票")
	w.waitFor("documents of all messages", func() bool { return w.count(`SELECT indexed FROM search_state`) == int(w.state().Stored) })
	stop()
	w.cfg.Search.Engine = config.SearchElastic
	w.gate("search_indexes", "NEW.change > 0 AND EXISTS (SELECT FROM test_gates)")
	w.killWhileRebuilding(1)
	if n := w.count(`SELECT count(*) FROM search_indexes WHERE state = 'building' AND change = 0`); n != 1 {
		t.Errorf("%d generations are being built from the start, want 1", n)
	}
	w.change(`TRUNCATE test_gates`)
	w.change(`UPDATE leases SET expires_at = now() WHERE name = 'search'`) // else it is waited for
	if _, errs := w.command(0, "search", "reindex"); !strings.Contains(errs, "going on with") {
		t.Errorf("reindex: %s", errs)
	}
	if out, _ := w.command(0, "search", "check"); !strings.Contains(out, fmt.Sprintf("%d messages compared: 0 lacked and are added, 0 were too much", w.state().Stored)) {
		t.Errorf("check: %s", out)
	}
	if n := w.count(`SELECT count(*) FROM search_indexes`); n != 1 {
		t.Errorf("%d generations, want 1", n)
	}
}

// gate has a process wait before it notes in a table how far it is.
func (w *world) gate(table, when string) {
	w.t.Helper()
	w.change(`CREATE TABLE test_gates (id bigint)`)
	w.change(`CREATE FUNCTION test_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF ` + when + ` THEN PERFORM pg_advisory_xact_lock_shared(4711); END IF; RETURN NEW; END $$`)
	w.change(`CREATE TRIGGER test_wait BEFORE UPDATE ON ` + table + ` FOR EACH ROW EXECUTE FUNCTION test_wait()`)
}

// killWhileRebuilding lets huicun search reindex run until it has done something
// and not yet noted it, and kills it.
func (w *world) killWhileRebuilding(gate int64) {
	w.t.Helper()
	ctx := w.t.Context()
	held, err := w.db.Connx(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = held.Close() }()
	w.change(`TRUNCATE test_gates`)
	if _, err := held.ExecContext(ctx, `SELECT pg_advisory_lock(4711)`); err != nil {
		w.t.Fatal(err)
	}
	if _, err := held.ExecContext(ctx, `INSERT INTO test_gates VALUES ($1)`, gate); err != nil {
		w.t.Fatal(err)
	}
	p := w.spawn("search-reindex", environ(w.cfg), nil)
	waiting := `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	w.waitFor("the batch to be done", func() bool { return w.count(waiting) == 1 })
	p.kill()
	w.change(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	w.waitFor("its connection to be gone", func() bool { return w.count(waiting) == 0 })
	if _, err := held.ExecContext(ctx, `SELECT pg_advisory_unlock(4711)`); err != nil {
		w.t.Fatal(err)
	}
}

// change changes the database behind huicun's back.
func (w *world) change(query string) {
	w.t.Helper()
	if _, err := w.db.Exec(query); err != nil {
		w.t.Fatal(err)
	}
}
