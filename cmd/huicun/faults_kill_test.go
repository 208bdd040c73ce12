package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Variables of the kill test, for people.
const (
	envSeed     = "HUICUN_TEST_SEED"     // replays a failure
	envKills    = "HUICUN_TEST_KILLS"    // 200 in make faults
	envMessages = "HUICUN_TEST_MESSAGES" // 20,000 there
	envFiles    = "HUICUN_TEST_FILES"    // 500 there
)

// number reads a variable that may be unset.
func envNumber(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s must be a number above 0", name)
	}
	return n
}

// seeded gives the random numbers of a test and says how to replay them when
// it fails.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := envNumber(t, envSeed, int(time.Now().UnixNano()%1_000_000_000)+1)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("replay with %s=%d", envSeed, seed)
		}
	})
	return rand.New(rand.NewPCG(uint64(seed), 1))
}

// Everything that can be killed is killed with -9, again and again, at random
// moments, after every step of a pull and of the follow-up work, and inside
// its transactions, while messages flow. In the end everything is there once:
// each message byte for byte, each violation, and each alert on each phone.
func TestNothingIsLostOrDoubledByKills(t *testing.T) {
	t.Parallel()
	rng := seeded(t)
	messages, kills := envNumber(t, envMessages, 6_000), envNumber(t, envKills, 60)
	load := writeMessages(t, rng, messages)
	l := newLab(t, func(s *simSettings) { s.Load = load })
	l.cfg.Finance.PageSize, l.total = 30, int64(messages)
	receivers := l.watch()
	l.pauseInside()
	l.huicun = l.start()
	for i, b := range newPlan(rng, kills, messages) {
		l.waitUntil(b.after)
		if err := l.strike(b); err != nil {
			t.Fatalf("kill %d, %v: %v", i+1, b, err)
		}
		l.ledger()
	}
	l.waitUntil(int64(messages))
	l.killHuicun() // so that work which a dead connection left claimed need not wait for minutes
	l.waitIdle()
	l.ledger()
	l.checkSums()
	l.checkAlerts(messages, receivers)
}

// watch lets rules watch for the words, each with two managers to be told. It
// gives the managers of each word.
func (l *lab) watch() map[string][]string {
	l.t.Helper()
	usual := l.cfg
	l.cfg.Finance.Client, l.cfg.Sync.Interval = "off", time.Hour
	p := l.start()
	l.waitServing()
	admin := l.signIn("ZhouMingkai", true)
	var people struct{ Members []struct{ ID string } }
	l.call(http.MethodGet, "/sim/people?q=", nil, &people)
	if len(people.Members) < 2*len(watched) {
		l.t.Fatalf("wecomsim shows %d members, too few to tell", len(people.Members))
	}
	told := map[string][]string{}
	for i, word := range watched {
		var ids []string
		for _, m := range people.Members[2*i : 2*i+2] {
			told[word] = append(told[word], m.ID)
			ids = append(ids, l.addViewer(admin, m.ID))
		}
		admin.send(http.MethodPost, "/rules", map[string]any{
			"name": word, "words": []string{word}, "severity": "high", "direction": "both", "scope_all": true,
			"scope_departments": []string{}, "scope_employees": []string{}, "subscribers": ids, "enabled": true,
		}, nil)
	}
	p.kill()
	l.letTimePass()
	l.cfg = usual
	return told
}

// waitServing waits until huicun answers requests.
func (l *lab) waitServing() {
	l.t.Helper()
	l.await("huicun to serve", func() error {
		res, err := http.Get("http://" + l.address + "/healthz")
		if err != nil {
			return err
		}
		return res.Body.Close()
	})
}

// addViewer gives the viewer id of a member who may see all speakers.
func (l *lab) addViewer(admin *browser, userid string) string {
	l.t.Helper()
	if strings.EqualFold(userid, "ZhouMingkai") {
		return admin.id
	}
	var employees []string
	for _, s := range speakers {
		employees = append(employees, strings.ToLower(s))
		l.await("the directory", func() error {
			if status := admin.get("/employees/"+strings.ToLower(s), nil); status != http.StatusOK {
				return fmt.Errorf("%s: status %d", s, status)
			}
			return nil
		})
	}
	var v struct{ ID string }
	admin.send(http.MethodPost, "/viewers", map[string]any{
		"userid": userid, "role": "viewer", "disabled": false, "departments": []string{}, "employees": employees,
	}, &v)
	return v.ID
}

// A transaction waits inside while its point stands in test_pauses.
const sqlPauses = `
CREATE TABLE test_pauses (point text PRIMARY KEY);
CREATE FUNCTION test_pause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	WHILE EXISTS (SELECT 1 FROM test_pauses WHERE point = TG_ARGV[0]) LOOP
		PERFORM pg_sleep(0.002);
	END LOOP;
	RETURN NULL;
END $$;
CREATE TRIGGER test_pause AFTER INSERT ON message_ids FOR EACH STATEMENT EXECUTE FUNCTION test_pause('message_ids');
CREATE TRIGGER test_pause AFTER INSERT ON batches FOR EACH STATEMENT EXECUTE FUNCTION test_pause('batches');
CREATE TRIGGER test_pause AFTER UPDATE ON pull_state FOR EACH STATEMENT EXECUTE FUNCTION test_pause('pull_state');
CREATE CONSTRAINT TRIGGER test_pause_commit AFTER INSERT ON batches DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION test_pause('commit');`

func (l *lab) pauseInside() {
	l.t.Helper()
	if _, err := l.db.Exec(sqlPauses); err != nil {
		l.t.Fatal(err)
	}
}

// strike carries out a blow and mends what does not mend itself.
func (l *lab) strike(b blow) error {
	switch b.kind {
	case blowHuicun:
		<-time.After(b.delay)
		l.killHuicun()
	case blowTrap:
		return l.spring(b)
	case blowInside:
		return l.killInside(b.point)
	case blowHelper:
		if l.cfg.Finance.Client == "pure" { // there are none
			l.killHuicun()
			return nil
		}
		return l.killOne("an SDK helper", l.helpers, b.pick)
	case blowBackend:
		return l.killOne("a backend", l.backends, b.pick)
	case blowPostmaster:
		l.killPostmaster()
	case blowSimulator:
		l.killSimulator()
	}
	return nil
}

// killOne kills one of the processes that find gives.
func (l *lab) killOne(what string, find func() []int, pick int) error {
	var err error
	l.await(what, func() error {
		pids := find()
		if len(pids) == 0 {
			return errors.New("there is none")
		}
		err = syscall.Kill(pids[pick%len(pids)], syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return err // it ended before
		}
		return nil
	})
	return err
}

// spring waits until huicun has walked into its trap. Near the end no alert
// may be left to send: then it is killed where it is.
func (l *lab) spring(b blow) error {
	if err := l.huicun.set("kill", b.point, b.nth); err != nil {
		return err
	}
	l.await("the trap at "+b.point, func() error {
		select {
		case <-l.huicun.done:
			return nil
		default:
		}
		if l.idle() == nil {
			return nil
		}
		return errors.New("it lives")
	})
	l.killHuicun()
	return nil
}

// killInside kills huicun while its transaction waits at a point; the
// transaction goes on without it.
func (l *lab) killInside(point string) error {
	l.await("the pause", func() error {
		_, err := l.db.Exec(`INSERT INTO test_pauses VALUES ($1) ON CONFLICT DO NOTHING`, point)
		return err
	})
	l.await("a transaction to pause at "+point, func() error {
		var n int
		if err := l.db.Get(&n, `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`); err != nil || n > 0 {
			return err
		}
		return l.idle()
	})
	l.huicun.kill()
	l.await("the end of the pause", func() error {
		_, err := l.db.Exec(`DELETE FROM test_pauses`)
		return err
	})
	l.restart()
	return nil
}

// idle is nil when everything is pulled and no follow-up work is left.
func (l *lab) idle() error {
	var left struct {
		Work   int64 `db:"work"`
		Behind int64 `db:"behind"`
	}
	err := l.db.Get(&left, `SELECT
	(SELECT count(*) FROM outbox WHERE state IN ('available', 'retryable', 'running')) AS work,
	(SELECT $1 - received FROM pull_state) AS behind`, l.total)
	if err == nil && (left.Work > 0 || left.Behind > 0) {
		err = fmt.Errorf("%d items of work, %d messages left", left.Work, left.Behind)
	}
	return err
}

func (l *lab) waitIdle() {
	l.t.Helper()
	l.await("the follow-up work", l.idle)
}

// checkSums compares SHA-256 of every message with what the simulator served.
func (l *lab) checkSums() {
	l.t.Helper()
	want := map[string]string{}
	l.eachSimMessage(func(m simMessage) {
		sum := sha256.Sum256(m.Body)
		if _, twice := want[m.MsgID]; !twice { // the first one counts
			want[m.MsgID] = hex.EncodeToString(sum[:])
		}
	})
	var rows []struct {
		MsgID string `db:"msgid"`
		Kept  string `db:"kept"` // what was noted when it was stored
		Now   string `db:"now"`
	}
	if err := l.db.Select(&rows, `SELECT msgid, encode(raw_sha256, 'hex') AS kept, encode(sha256(raw), 'hex') AS now FROM messages`); err != nil {
		l.t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range rows {
		if _, twice := got[r.MsgID]; twice || r.Kept != r.Now {
			l.t.Errorf("message %s: twice %v, sums %s and %s", r.MsgID, twice, r.Kept, r.Now)
		}
		got[r.MsgID] = r.Now
	}
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("messages by SHA-256 (-served +stored):\n%.4000s", diff)
	}
}

// told is an alert, as it should be and as it is on a phone.
type told struct {
	Word  string `db:"word"`
	MsgID string `db:"msgid"`
	To    string `db:"to"`
}

// checkAlerts compares violations, alerts and phones with the words that were
// planted: each once. Where the state says that WeCom's answer was lost, the
// phone may or may not have it.
func (l *lab) checkAlerts(messages int, receivers map[string][]string) {
	l.t.Helper()
	want, wantViolations := map[told]int{}, map[told]int{}
	var served []string
	l.eachSimMessage(func(m simMessage) { served = append(served, m.MsgID) })
	for i := range messages {
		if word := plantedWord(i); word != "" {
			wantViolations[told{Word: word, MsgID: served[i]}]++
			for _, to := range receivers[word] {
				want[told{word, served[i], strings.ToLower(to)}]++
			}
		}
	}
	var rows []struct {
		ID    int64  `db:"id"`
		Word  string `db:"rule_name"`
		MsgID string `db:"msgid"`
		To    string `db:"person"`
		State string `db:"state"`
	}
	if err := l.db.Select(&rows, `SELECT a.violation_id AS id, v.rule_name, m.msgid, w.person, a.state
FROM alerts a JOIN violations v ON v.id = a.violation_id JOIN messages m ON m.id = v.message_id JOIN viewers w ON w.id = a.viewer_id`); err != nil {
		l.t.Fatal(err)
	}
	got, gotViolations, phones := map[told]int{}, map[told]int{}, map[told]int{}
	byViolation := map[int64]told{}
	for _, r := range rows {
		got[told{r.Word, r.MsgID, r.To}]++
		byViolation[r.ID] = told{Word: r.Word, MsgID: r.MsgID}
	}
	var violations []told
	if err := l.db.Select(&violations, `SELECT v.rule_name AS word, m.msgid, '' AS "to" FROM violations v JOIN messages m ON m.id = v.message_id`); err != nil {
		l.t.Fatal(err)
	}
	for _, v := range violations {
		gotViolations[v]++
	}
	if diff := cmp.Diff(wantViolations, gotViolations); diff != "" {
		l.t.Errorf("violations (-want +got):\n%.4000s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("alerts (-want +got):\n%.4000s", diff)
	}
	for _, to := range receivers {
		for _, id := range to {
			for _, c := range l.phone(id) {
				u, err := url.Parse(c.URL)
				n, err2 := strconv.ParseInt(u.Query().Get("a"), 10, 64)
				if err = errors.Join(err, err2); err != nil {
					l.t.Fatal(err)
				}
				a := byViolation[n]
				a.To = strings.ToLower(id)
				phones[a]++
			}
		}
	}
	for _, r := range rows {
		a := told{r.Word, r.MsgID, r.To}
		if r.State == "unknown" && phones[a] == 0 {
			phones[a]++ // as the state says
		}
		if r.State != "sent" && r.State != "unknown" {
			l.t.Errorf("an alert is in state %q", r.State)
		}
	}
	if diff := cmp.Diff(want, phones); diff != "" {
		l.t.Errorf("cards on the phones (-want +got):\n%.4000s", diff)
	}
}
