package main

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/config"
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
	// A batch that is done is noted, and before that is kept the process waits.
	w.change(`CREATE FUNCTION test_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF NEW.batch_id IN (SELECT id FROM test_gates) THEN PERFORM pg_advisory_xact_lock_shared(4711); END IF; RETURN NEW; END $$`)
	w.change(`CREATE TABLE test_gates (id bigint)`)
	w.change(`CREATE TRIGGER test_wait BEFORE UPDATE ON search_rebuild FOR EACH ROW EXECUTE FUNCTION test_wait()`)
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

// killWhileRebuilding lets huicun search reindex run until it has done a batch
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
