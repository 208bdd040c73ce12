package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/alert"
)

// ledger is a database that may be away.
type ledger struct {
	readErr, writeErr error
	snap              Snapshot
	raised            []string
}

func (l *ledger) ReadStatus(context.Context, int, bool) (Snapshot, error) { return l.snap, l.readErr }

func (l *ledger) RaiseAlarm(_ context.Context, n Notice) (bool, error) {
	text := fmt.Sprintf("%s %s step %d, told before: %v", n.Subject, n.Cause, n.Step, n.Message == nil)
	if slices.Contains(l.raised, text) {
		return false, l.writeErr
	}
	if l.writeErr == nil {
		l.raised = append(l.raised, text)
		l.snap.Alarms = append(l.snap.Alarms, OpenAlarm{Subject: n.Subject, Cause: n.Cause, Since: n.Since, Step: n.Step})
	}
	return true, l.writeErr
}

func (l *ledger) EndAlarm(_ context.Context, subject string, m alert.Message) (bool, error) {
	l.raised = append(l.raised, subject+" over: "+m.Title)
	l.snap.Alarms = nil
	return true, l.writeErr
}

// phone takes app messages, or refuses them.
type phone struct {
	err error
	got []alert.Message
}

func (p *phone) Send(_ context.Context, m alert.Message) (alert.Receipt, error) {
	if p.err != nil {
		return alert.Receipt{}, p.err
	}
	p.got = append(p.got, m)
	return alert.Receipt{}, nil
}

// refusal is an error of Postgres.
type refusal string

func (r refusal) Error() string    { return "pq: " + string(r) }
func (r refusal) SQLState() string { return string(r) }

func TestDatabaseCause(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{refusal("53100"), CauseDiskFull},
		{fmt.Errorf("save: %w", refusal("53300")), CauseConnections},
		{refusal("57P03"), CauseUnreachable},
		{refusal("08006"), CauseUnreachable},
		{refusal("XX000"), CauseDatabase},
		{errors.New("connection refused"), CauseUnreachable},
		{context.DeadlineExceeded, CauseUnreachable},
	} {
		if got := databaseCause(tt.err); got != tt.want {
			t.Errorf("databaseCause(%v) = %s, want %s", tt.err, got, tt.want)
		}
	}
}

// watchers are two processes that see the same database from their own clocks.
func watchers(l *ledger, p *phone, clock *time.Time) [2]*Alarm {
	var out [2]*Alarm
	for i := range out {
		out[i] = &Alarm{
			Monitor: &Monitor{Store: l}, Store: l, Sender: p, PublicURL: "https://huicun.example.com",
			Now: func() time.Time { return clock.Add(time.Duration(i) * 7 * time.Second) },
		}
	}
	return out
}

// distinct are the messages that WeCom delivers: it drops those that it has
// seen.
func (p *phone) distinct() []string {
	var out []string
	seen := map[alert.Message]bool{}
	for _, m := range p.got {
		if !seen[m] {
			seen[m] = true
			out = append(out, m.To+" "+m.Title)
		}
	}
	return out
}

func TestOutageIsToldWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	clock := noon.Add(20 * time.Minute)
	healthy := func() Snapshot { return Snapshot{Now: clock, Admins: []string{"Ada", "Bo"}} }
	l, p := &ledger{snap: healthy()}, &phone{}
	both := watchers(l, p, &clock)
	check := func() {
		t.Helper()
		for _, a := range both {
			err := a.Check(t.Context())
			if (err != nil) != (l.readErr != nil || l.writeErr != nil) {
				t.Errorf("Check = %v", err)
			}
		}
	}
	want := func(titles ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string(nil), titles...), p.distinct()); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	}
	check()
	l.readErr = refusal("57P03")
	check()
	clock = clock.Add(9 * time.Minute)
	check()
	want()
	clock = clock.Add(time.Minute)
	p.err = errors.New("no network")
	check()
	p.err = nil
	check()
	told := []string{"Ada 会话存档停止：数据库不可用", "Bo 会话存档停止：数据库不可用"}
	want(told...)
	for _, part := range []string{"已超过 10 分钟", "连不上数据库", "Postgres"} {
		if !strings.Contains(p.got[0].Description, part) {
			t.Errorf("%q is not in %s", part, p.got[0].Description)
		}
	}
	clock = clock.Add(50 * time.Minute)
	check()
	want(append(told, told...)...) // one hour

	l.readErr, l.snap = nil, healthy()
	l.snap.LastSuccessAt, l.snap.Puller = ago(0), "p" // nothing could be pulled meanwhile: the puller gets its minute
	check()
	check()
	if diff := cmp.Diff([]string{"database unreachable step 2, told before: true", "database over: 会话存档已恢复：数据库可用"}, l.raised[:2]); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	for _, what := range l.raised {
		if strings.HasPrefix(what, SubjectPull) {
			t.Errorf("the puller had no time to go on: %s", what)
		}
	}
}

// A second outage within the hour is another one: its message is not the same
// as that of the first, which WeCom would drop.
func TestSecondOutageIsTold(t *testing.T) {
	t.Parallel()
	clock := noon.Add(time.Minute)
	l, p := &ledger{snap: Snapshot{Now: clock, Admins: []string{"Ada"}}}, &phone{}
	both := watchers(l, p, &clock)
	check := func() {
		for _, a := range both {
			_ = a.Check(t.Context())
		}
	}
	check()
	for range 2 {
		l.readErr = refusal("57P03")
		check()
		clock = clock.Add(11 * time.Minute)
		check()
		l.readErr, l.snap.Alarms = nil, nil
		check()
		clock = clock.Add(time.Minute)
	}
	if got := p.distinct(); len(got) != 2 {
		t.Errorf("messages that WeCom delivers: %q, want one of each outage", got)
	}
}

// A database that answers every other time keeps no alarm from being raised.
func TestAlarmIsRaisedBesideShortOutages(t *testing.T) {
	t.Parallel()
	clock := noon
	l := &ledger{snap: failing(time.Hour, ClassStop, 301042)}
	a := watchers(l, &phone{}, &clock)[0]
	for i := range 6 {
		l.snap.Now, l.readErr = clock, nil
		if i%2 == 0 {
			l.readErr = refusal("57P03")
		}
		_ = a.Check(t.Context())
		clock = clock.Add(alarmEvery)
	}
	if len(l.raised) == 0 || !strings.HasPrefix(l.raised[0], SubjectPull) {
		t.Errorf("raised: %q, want an alarm of the puller", l.raised)
	}
}

// A database that can be read but not written, its disk being full.
func TestFullDiskIsToldWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	clock := noon
	l, p := &ledger{writeErr: refusal("53100")}, &phone{}
	l.snap = Snapshot{State: State{LastSuccessAt: ago(10 * time.Minute)}, Now: noon, Puller: "p", Admins: []string{"Ada"}}
	for _, a := range watchers(l, p, &clock) {
		if err := a.Check(t.Context()); !errors.Is(err, refusal("53100")) {
			t.Errorf("Check = %v", err)
		}
	}
	if diff := cmp.Diff([]string{"Ada 会话存档停止：数据库不可用"}, p.distinct()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if !strings.Contains(p.got[0].Description, "磁盘已满") {
		t.Errorf("the cause is not in %s", p.got[0].Description)
	}
}
