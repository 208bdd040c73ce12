package store_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/ingest"
	"huicun/internal/outbox"
	"huicun/internal/rules"
)

const buyer = "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw" // a customer whom the directory does not know

// desk is a company whose chats are pulled and looked at by rules.
type desk struct {
	*site
	pull    fixture
	scanner *rules.Scanner
	seq     int64
	batch   int64 // last one
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	s := newSite(t)
	lease, ok, err := s.TakeLease(t.Context(), ingest.LeasePull, "test", time.Minute)
	if err != nil || !ok {
		t.Fatalf("TakeLease = %v, %v", ok, err)
	}
	return &desk{site: s, pull: fixture{s.DB, lease}, scanner: &rules.Scanner{Store: s.DB}}
}

// line is what somebody says in a test.
type line struct{ from, to, room, text string }

// say stores lines as one batch.
func (d *desk) say(t *testing.T, lines ...line) {
	t.Helper()
	from := d.seq
	var ms []archive.Decoded
	for _, l := range lines {
		d.seq++
		ms = append(ms, said(d.seq, fmt.Sprintf("m%d_external", d.seq), l.from, l.to, l.room, l.text))
	}
	d.batch = d.pull.save(t, batch(from, ms...)).BatchID
}

// scan looks at the last batch.
func (d *desk) scan(t *testing.T) {
	t.Helper()
	if err := d.scanner.Handle(t.Context(), scanItem(d.batch)); err != nil {
		t.Fatal(err)
	}
}

func scanItem(batch int64) outbox.Item {
	return outbox.Item{Kind: rules.KindScan, Args: fmt.Appendf(nil, `{"batch_id":%d}`, batch), Attempt: 1, MaxAttempts: 20}
}

// rule adds a rule of everybody on 回扣; change says how it differs.
func (d *desk) rule(t *testing.T, change func(*rules.Input), subscribers ...int64) rules.Rule {
	t.Helper()
	in := rules.Input{
		Name: "私下交易", Words: []string{"回扣"}, Severity: rules.High, Direction: rules.FromBoth, ScopeAll: true,
		ScopeDepartments: []int64{}, ScopeEmployees: []string{}, Subscribers: subscribers, Enabled: true,
	}
	if change != nil {
		change(&in)
	}
	r, err := (&rules.Service{Store: d.DB}).Create(t.Context(), d.admin(t), in, from("boss"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// manager adds a viewer of departments.
func (d *desk) manager(t *testing.T, userid string, departments ...int64) access.Account {
	t.Helper()
	return d.create(t, access.AccountInput{UserID: userid, Role: access.RoleViewer, Departments: departments})
}

// rows gives one text column.
func (d *desk) rows(t *testing.T, query string, args ...any) []string {
	t.Helper()
	var out []string
	if err := d.DB.Select(&out, query, args...); err != nil {
		t.Fatal(err)
	}
	return out
}

func (d *desk) wantRows(t *testing.T, what string, want []string, query string, args ...any) {
	t.Helper()
	if diff := cmp.Diff(want, d.rows(t, query, args...), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const (
	// sender, text and whose violation it is
	sqlTestViolations = `SELECT concat_ws('|', v.sender, v.evidence_text,
		(SELECT string_agg(x.person, ',' ORDER BY x.person) FROM violation_employees x WHERE x.violation_id = v.id))
		FROM violations v ORDER BY v.id`
	sqlTestAlerts = `SELECT concat_ws('|', w.person, a.userid, a.state) FROM alerts a JOIN viewers w ON w.id = a.viewer_id
		ORDER BY a.violation_id, 1`
	// pushes that lead to an alert
	sqlTestPushes = `SELECT w.person FROM outbox o JOIN alerts a ON a.id = CAST(o.args->>'alert_id' AS bigint)
		JOIN viewers w ON w.id = a.viewer_id WHERE o.kind = 'push' ORDER BY a.violation_id, 1`
)

func TestScanStoresAViolationWithItsEvidence(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.rule(t, func(in *rules.Input) { in.Words = []string{"没有的", "回扣", "加我微信"} })
	d.say(t, line{"Shop", buyer, "", "您好"}, line{"Shop", buyer, "", "回 扣给您，加我微信，回扣"})
	d.scan(t)
	found, err := d.FindViolations(t.Context(), access.System(), rules.Query{Limit: 9}, rules.Position{})
	if err != nil || len(found) != 1 {
		t.Fatalf("FindViolations = %+v, %v; want one", found, err)
	}
	var at struct {
		ID   string    `db:"id"`
		Conv int64     `db:"conv_id"`
		Time time.Time `db:"msgtime"`
	}
	if err := d.DB.Get(&at, `SELECT id, conv_id, msgtime FROM messages WHERE seq = 2`); err != nil {
		t.Fatal(err)
	}
	text := "回 扣给您，加我微信，回扣"
	want := rules.Violation{
		ID: 1, DedupeKey: fmt.Sprintf("word:%d:%s", r.ID, at.ID), Kind: rules.KindWord, RuleID: r.ID, RuleVersion: 1, RuleName: "私下交易",
		Severity: rules.High, Words: []string{"回扣", "加我微信"}, Sender: "shop", Receiver: buyer,
		ConvID: at.Conv, MessageID: at.ID, Seq: 2, MsgType: "text", OccurredAt: at.Time.UTC(), Evidence: text, State: rules.StateOpen,
		Spans: []rules.Span{{Start: 0, End: 7}, {Start: 16, End: 28}, {Start: 31, End: 37}},
	}
	if diff := cmp.Diff(want, found[0]); diff != "" {
		t.Errorf("violation (-want +got):\n%s", diff)
	}
	d.wantRows(t, "raw evidence is the message", []string{"true"},
		`SELECT CAST(v.evidence_raw = m.raw AS text) FROM violations v JOIN messages m ON m.id = v.message_id`)
}

func TestScanAgainAddsNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	near := d.manager(t, "Mei", 3)
	d.rule(t, nil, near.ID, d.admin(t).ID)
	d.say(t, line{"Shop", buyer, "", "回扣"}, line{buyer, "Shop", "", "什么回扣？"})
	var wg sync.WaitGroup
	for range 4 { // each its own process: nothing but the database in common
		wg.Go(func() {
			s := &rules.Scanner{Store: d.DB}
			if err := s.Handle(t.Context(), scanItem(d.batch)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d.scan(t)
	d.wantRows(t, "violations", []string{"shop|回扣|shop", buyer + "|什么回扣？|shop"}, sqlTestViolations)
	d.wantRows(t, "alerts", []string{"boss", "boss", "mei", "mei"},
		`SELECT w.person FROM alerts a JOIN viewers w ON w.id = a.viewer_id ORDER BY 1`)
	d.wantRows(t, "pushes", []string{"2", "2"}, `SELECT CAST(count(*) AS text) FROM outbox o JOIN alerts a ON a.id = CAST(o.args->>'alert_id' AS bigint)
		WHERE o.kind = 'push' GROUP BY a.viewer_id`)
}

func TestScanReadsBatchesOfManyPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.rule(t, nil)
	lines := make([]line, 450)
	for i := range lines {
		lines[i] = line{"Shop", buyer, "", fmt.Sprintf("第%d次回扣", i)}
	}
	d.say(t, lines...)
	d.scan(t)
	d.wantRows(t, "violations", []string{"450"}, `SELECT CAST(count(DISTINCT message_id) AS text) FROM violations`)
}

func TestWhatARuleIsAbout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*rules.Input)
		want   []string // violations of the lines below
	}{
		{"both sides, everybody", nil, []string{
			"shop|店回扣|shop", buyer + "|客回扣|shop", "svc|内回扣|svc", "svc|群回扣|svc", buyer + "|客群回扣|east,shop,svc", "loop|环回扣|loop",
		}},
		{"employees", func(in *rules.Input) { in.Direction = rules.FromEmployee }, []string{
			"shop|店回扣|shop", "svc|内回扣|svc", "svc|群回扣|svc", "loop|环回扣|loop",
		}},
		{"customers", func(in *rules.Input) { in.Direction = rules.FromCustomer }, []string{
			buyer + "|客回扣|shop", buyer + "|客群回扣|east,shop,svc",
		}},
		{"a department and those below", func(in *rules.Input) { in.ScopeAll, in.ScopeDepartments = false, []int64{2} }, []string{
			"shop|店回扣|shop", buyer + "|客回扣|shop", buyer + "|客群回扣|east,shop",
		}},
		{"departments that are each other's parents", func(in *rules.Input) { in.ScopeAll, in.ScopeDepartments = false, []int64{6} }, []string{
			"loop|环回扣|loop",
		}},
		{"single employees, however spelt", func(in *rules.Input) { in.ScopeAll, in.ScopeEmployees = false, []string{"SVC", "mei"} }, []string{
			"svc|内回扣|svc", "svc|群回扣|svc", buyer + "|客群回扣|svc",
		}},
		{"a department and an employee", func(in *rules.Input) {
			in.ScopeAll, in.ScopeDepartments, in.ScopeEmployees = false, []int64{4}, []string{"loop"}
		}, []string{"shop|店回扣|shop", buyer + "|客回扣|shop", buyer + "|客群回扣|shop", "loop|环回扣|loop"}},
		{"nobody while it is disabled", func(in *rules.Input) { in.Enabled = false }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.rule(t, tt.change)
			d.say(t, line{"Shop", "East", "R1", "大家好"}, line{"Svc", buyer, "R1", "在"},
				line{"Shop", buyer, "", "店回扣"}, line{buyer, "Shop", "", "客回扣"}, line{"Svc", "Shop", "", "内回扣"},
				line{"Svc", "Shop", "R1", "群回扣"}, line{buyer, "Shop", "R1", "客群回扣"}, line{"Loop", buyer, "", "环回扣"})
			d.scan(t)
			d.wantRows(t, "violations", tt.want, sqlTestViolations)
			d.wantRows(t, "receivers of what is said in groups", nil,
				`SELECT v.receiver FROM violations v JOIN conversations c ON c.id = v.conv_id WHERE c.kind = 'group' AND v.receiver <> ''`)
		})
	}
}

func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	near, far, idle := d.manager(t, "Mei", 2), d.manager(t, "Svc", 5), d.manager(t, "East", 3)
	off := d.create(t, access.AccountInput{UserID: "Shop", Role: access.RoleViewer, Departments: []int64{2}, Disabled: true})
	offAdmin := d.create(t, access.AccountInput{UserID: "Loop", Role: access.RoleAdmin, Disabled: true})
	d.rule(t, nil, near.ID, far.ID, off.ID, offAdmin.ID, d.admin(t).ID)
	_ = idle // may see it, and did not subscribe
	d.say(t, line{"Shop", buyer, "", "回扣"})
	d.scan(t)
	want := []string{"boss|Boss|pending", "mei|Mei|pending"}
	d.wantRows(t, "alerts", want, sqlTestAlerts)
	d.wantRows(t, "pushes", []string{"boss", "mei"}, sqlTestPushes)
	d.say(t, line{"Svc", buyer, "", "回扣"})
	d.scan(t)
	d.wantRows(t, "alerts of the other department", append(want, "boss|Boss|pending", "svc|Svc|pending"), sqlTestAlerts)
}

func TestScanUsesTheRulesOfTheMoment(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	service := &rules.Service{Store: d.DB}
	d.say(t, line{"Shop", buyer, "", "回扣"})
	d.scan(t) // no rule yet
	r := d.rule(t, nil)
	d.say(t, line{"Shop", buyer, "", "回扣1"})
	d.scan(t)
	in := r.Input
	in.Words = []string{"返点"}
	r, err := service.Update(t.Context(), d.admin(t), r.ID, in, from("boss"))
	if err != nil {
		t.Fatal(err)
	}
	d.say(t, line{"Shop", buyer, "", "回扣2"}, line{"Shop", buyer, "", "返点2"})
	d.scan(t)
	in = r.Input
	in.Enabled = false
	if r, err = service.Update(t.Context(), d.admin(t), r.ID, in, from("boss")); err != nil {
		t.Fatal(err)
	}
	d.say(t, line{"Shop", buyer, "", "返点3"})
	d.scan(t)
	in = r.Input
	in.Enabled = true
	if _, err = service.Update(t.Context(), d.admin(t), r.ID, in, from("boss")); err != nil {
		t.Fatal(err)
	}
	d.say(t, line{"Shop", buyer, "", "返点4"})
	d.scan(t)
	if err := service.Delete(t.Context(), d.admin(t), r.ID, from("boss")); err != nil {
		t.Fatal(err)
	}
	d.say(t, line{"Shop", buyer, "", "返点5"})
	d.scan(t)
	d.wantRows(t, "violations outlive their rule, each with its version", []string{"回扣1|1", "返点2|2", "返点4|4"},
		`SELECT evidence_text || '|' || rule_version FROM violations ORDER BY id`)
}

func TestMessagesThatAreNotMatched(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.rule(t, nil)
	d.say(t, line{"Shop", buyer, "", "回扣"})
	d.exec(t, `UPDATE messages SET msgtype = 'revoke'`)
	d.scan(t)
	d.wantRows(t, "violations", nil, sqlTestViolations)
	for _, args := range []string{``, `{}`, `{"batch_id":0}`, `[]`} {
		if err := d.scanner.Handle(t.Context(), outbox.Item{Args: json.RawMessage(args)}); err == nil {
			t.Errorf("args %q are taken", args)
		}
	}
	if err := d.scanner.Handle(t.Context(), scanItem(99)); err != nil {
		t.Errorf("a batch without messages: %v", err)
	}
}
