package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/alert"
	"huicun/internal/fault"
	"huicun/internal/rules"
	"huicun/internal/search"
)

func TestAWatchNeedsMoreThanOneCharacter(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	svc, mei := d.searches(), d.manager(t, "Mei", 2).Viewer
	for _, tt := range []struct {
		v    access.Viewer
		text string
		ok   bool
	}{
		{mei, "返", false}, {mei, "返点 私", false}, {mei, "a-", false}, {mei, "返 点", false}, {mei, "返点", true}, {mei, "v1", true}, {d.admin(t), "返", true},
	} {
		saved, err := svc.CreateSaved(t.Context(), tt.v, search.SavedInput{Name: tt.text, Request: search.Request{Text: tt.text}}, from("x"))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = svc.CreateRule(t.Context(), tt.v, saved.ID, from("x"))
		if tt.ok != (err == nil) || !tt.ok && !fault.Is(err, fault.CodeInvalid) {
			t.Errorf("%s watches for %q: %v", tt.v.Person, tt.text, err)
		}
	}
}

func TestWatchesOfAViewerAreBounded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	svc, mei := d.searches(), d.manager(t, "Mei", 2).Viewer
	var last search.Saved
	for range rules.MostOwn {
		last, _ = d.watch(t, mei, search.Request{Text: "返点"})
	}
	more, err := svc.CreateSaved(t.Context(), mei, search.SavedInput{Name: "n", Request: search.Request{Text: "返点"}}, from("mei"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := svc.CreateRule(t.Context(), mei, more.ID, from("mei")); !fault.Is(err, fault.CodeConflict) {
		t.Errorf("one too many: %v", err)
	}
	d.watch(t, d.manager(t, "East", 2).Viewer, search.Request{Text: "返点"}) // somebody else's bound is theirs
	if err := svc.DeleteRule(t.Context(), mei, last.ID, from("mei")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := svc.CreateRule(t.Context(), mei, more.ID, from("mei")); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
}

// Every hit is kept; of alerts there are so many a day, and the last one says so.
func TestAWatchTellsSoOftenADay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei := d.manager(t, "Mei", 2).Viewer
	d.watch(t, mei, search.Request{Text: "返点"})
	other, _ := d.watch(t, mei, search.Request{Text: "回扣"})
	d.say(t, slices.Repeat([]line{{"Shop", buyer, "", "返点"}}, alert.MostOfOwnRule+3)...)
	d.scan(t)
	const counts = `SELECT concat_ws(' ', rule_id, count(*), count(a.id), count(*) FILTER (WHERE a.last_of_day))
FROM violations v LEFT JOIN alerts a ON a.violation_id = v.id GROUP BY rule_id ORDER BY rule_id`
	d.wantRows(t, "hits, alerts, last ones", []string{fmt.Sprintf("%d %d %d 1", other.RuleID-1, alert.MostOfOwnRule+3, alert.MostOfOwnRule)}, counts)
	var ids []int64
	if err := d.DB.Select(&ids, `SELECT id FROM alerts ORDER BY id`); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		job, err := d.GetJob(t.Context(), id)
		if err != nil || job.LastOfDay != (i == len(ids)-1) {
			t.Errorf("alert %d of %d: last of the day %v, %v", i+1, len(ids), job.LastOfDay, err)
		}
	}
	d.exec(t, `UPDATE alerts SET created_at = created_at - interval '1 day'`)
	d.say(t, line{"Shop", buyer, "", "返点"}, line{"Shop", buyer, "", "回扣"})
	d.scan(t)
	d.wantRows(t, "the next day", []string{
		fmt.Sprintf("%d %d %d 1", other.RuleID-1, alert.MostOfOwnRule+4, alert.MostOfOwnRule+1), fmt.Sprintf("%d 1 1 0", other.RuleID),
	}, counts)
}

// What one viewer is told of makes no message sensitive: it is not indexed again
// when it is found, nor when it is judged.
func TestAWatchHasNothingIndexed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei, boss := d.manager(t, "Mei", 2).Viewer, d.admin(t)
	d.watch(t, mei, search.Request{Text: "返点"})
	d.say(t, line{"Shop", buyer, "", "返点"}, line{"Shop", buyer, "", "返点"})
	d.scan(t)
	service := &rules.Violations{Store: d.DB, Now: func() time.Time { return d.now }}
	if _, err := service.Update(t.Context(), mei, 1, rules.StateFalseAlarm, "", from("mei")); err != nil {
		t.Fatal(err)
	}
	const items = `SELECT concat_ws(' ', jsonb_array_length(args -> 'message_ids'), (SELECT count(DISTINCT i) FROM jsonb_array_elements(args -> 'message_ids') i))
FROM outbox WHERE kind = 'index' AND args ? 'message_ids' ORDER BY id`
	d.wantRows(t, "items", nil, items)

	d.watch(t, boss, search.Request{Text: "返点"})
	d.watch(t, boss, search.Request{Text: "返点"}) // two ordinary rules
	d.scan(t)
	d.wantRows(t, "items of an ordinary rule, each message once", []string{"2 2"}, items)
	for _, state := range []rules.State{rules.StateHandled, rules.StateFalseAlarm, rules.StateFalseAlarm, rules.StateOpen} {
		if _, err := service.Update(t.Context(), boss, d.ordinary(t), state, "", from("boss")); err != nil {
			t.Fatal(err)
		}
	}
	d.wantRows(t, "items when it is judged", []string{"2 2", "1 1", "1 1"}, items)
}

// ordinary gives a violation of an ordinary rule.
func (d *desk) ordinary(t *testing.T) (id int64) {
	t.Helper()
	if err := d.DB.Get(&id, `SELECT max(id) FROM violations WHERE viewer_id IS NULL`); err != nil {
		t.Fatal(err)
	}
	return id
}

// A rule changes with its search, both or none.
func TestAWatchFollowsItsSearch(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	svc, mei, boss := d.searches(), d.manager(t, "Mei", 2).Viewer, d.admin(t)
	own, _ := d.watch(t, mei, search.Request{Text: "返点"})
	all, _ := d.watch(t, boss, search.Request{Text: "返点", Senders: []string{"Shop"}})
	if _, err := (&rules.Service{Store: d.DB}).Update(t.Context(), boss, all.RuleID, rules.Input{
		Name: "看返点", Words: []string{"返点", "反点"}, Severity: rules.High, Direction: rules.FromEmployee, ScopeEmployees: []string{"shop"},
		Subscribers: []int64{mei.ID}, Enabled: true, Version: 1,
	}, from("boss")); err != nil {
		t.Fatal(err)
	}
	const want = `SELECT concat_ws('|', name, array_to_string(words, ' '), severity, scope_all, array_to_string(scope_employees, ' '), version)
FROM rules WHERE deleted_at IS NULL ORDER BY id`
	update := func(v access.Viewer, s *search.Saved, name string, r search.Request) error {
		t.Helper()
		got, err := svc.UpdateSaved(t.Context(), v, s.ID, search.SavedInput{Name: name, Request: r, Version: s.Version}, from(v.Person))
		if err == nil {
			*s = got
		}
		return err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(update(mei, &own, "佣金", search.Request{Text: "佣金"}))
	must(update(boss, &all, "新名", search.Request{Text: "返点", Senders: []string{"Svc"}})) // the words stay as the admin made them
	d.wantRows(t, "rules", []string{"佣金|佣金|low|t||2", "看返点|返点 反点|high|f|svc|3"}, want)
	must(update(boss, &all, "新名", search.Request{Text: "佣金"}))
	must(update(boss, &all, "别名", search.Request{Text: "佣金"})) // nothing of the rule's
	d.wantRows(t, "rules", []string{"佣金|佣金|low|t||2", "看返点|佣金|high|t||4"}, want)
	for text, code := range map[string]string{"": fault.CodeConflict, "佣": fault.CodeInvalid} {
		if err := update(mei, &own, "佣金", search.Request{Text: text, Revoked: true}); !fault.Is(err, code) {
			t.Errorf("words become %q: %v, want %s", text, err, code)
		}
	}
	if got, err := d.GetSaved(t.Context(), mei.ID, own.ID); err != nil || got.Request.Text != "佣金" || got.RuleID == 0 {
		t.Errorf("after a refusal: %+v, %v", got, err)
	}
	d.say(t, line{"Shop", buyer, "", "返点1"}, line{"Shop", buyer, "", "佣金2"})
	d.scan(t)
	d.wantRows(t, "violations", []string{"佣金2", "佣金2"}, `SELECT evidence_text FROM violations ORDER BY id`)
	d.wantRows(t, "log", []string{"mei", "boss", "boss", "boss"}, `SELECT actor FROM audit_entries WHERE action = 'rule.updated' ORDER BY actor DESC`)

	// The reminder ends, the search stays; and the other way round.
	must(svc.DeleteRule(t.Context(), mei, own.ID, from("mei")))
	must(update(mei, &own, "佣金", search.Request{Text: "x"}))
	own, _, err := svc.CreateRule(t.Context(), mei, own.ID, from("mei"))
	if !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("one letter: %v, %v", own.RuleID, err)
	}
	must(svc.DeleteSaved(t.Context(), boss, all.ID, from("boss")))
	d.wantRows(t, "rules", []string{"看返点|佣金|high|t||4"}, want)
}

// Who is no admin any more changes the search, not the rule of all.
func TestAWatchOfAFormerAdminLetsGo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	boss := d.admin(t)
	saved, _ := d.watch(t, boss, search.Request{Text: "返点"})
	boss.Role = access.RoleViewer
	got, err := d.searches().UpdateSaved(t.Context(), boss, saved.ID, search.SavedInput{Name: "n", Request: search.Request{Text: "佣金"}, Version: 1}, from("boss"))
	if err != nil || got.RuleID != 0 || got.Request.Text != "佣金" {
		t.Fatalf("%+v, %v", got, err)
	}
	if rule, err := d.GetRule(t.Context(), saved.RuleID); err != nil || rule.Words[0] != "返点" || rule.Version != 1 {
		t.Errorf("rule: %+v, %v", rule, err)
	}
}
