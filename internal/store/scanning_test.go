package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/rules"
)

func TestHasUnlistedMembers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.say(t, line{"Newcomer", buyer, "", "您好"}, line{"Shop", buyer, "", "您好"})
	with := d.batch
	d.say(t, line{"Shop", buyer, "", "再见"})
	without := d.batch
	look := func(batch int64) bool {
		t.Helper()
		found, err := d.HasUnlistedMembers(t.Context(), batch, 30*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if !look(with) {
		t.Error("somebody new is in the batch, and is not seen")
	}
	if look(without) || look(99) {
		t.Error("somebody new is seen in a batch of others, or in none")
	}
	d.exec(t, `UPDATE employees SET updated_at = now() - interval '31 seconds' WHERE person = 'newcomer'`)
	if look(with) {
		t.Error("somebody is waited for whom nobody knew in time")
	}
	d.exec(t, `UPDATE employees SET status = 1, updated_at = now() WHERE person = 'newcomer'`)
	if look(with) {
		t.Error("somebody is waited for whom the directory knows")
	}
}

// Scanning asks for rules without their hits; people who look at rules see them.
func TestHitsAreCountedForPeopleOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.rule(t, nil)
	d.rule(t, func(in *rules.Input) { in.Name, in.Enabled = "停用", false })
	d.say(t, line{"Shop", buyer, "", "回扣"}, line{"Shop", buyer, "", "回扣"})
	d.scan(t)
	shown, err := d.GetRule(t.Context(), r.ID)
	if err != nil || shown.Hits != 2 {
		t.Errorf("GetRule = %d hits, %v; want 2", shown.Hits, err)
	}
	scanned, err := d.EnabledRules(t.Context())
	if err != nil || len(scanned) != 1 {
		t.Fatalf("EnabledRules = %+v, %v; want the one that is enabled", scanned, err)
	}
	shown.Hits = 0
	if diff := cmp.Diff(shown, scanned[0]); diff != "" {
		t.Errorf("the rule as scanned (-as shown +as scanned):\n%s", diff)
	}
	plan := d.rows(t, `SELECT indexdef FROM pg_indexes WHERE indexname = 'violations_rule'`)
	if len(plan) != 1 || !strings.Contains(plan[0], "(rule_id)") {
		t.Errorf("hits of a rule have no index: %v", plan)
	}
}

// Ids of violations become visible in their order, whoever writes at once: a
// live stream goes on after the last one that it saw.
func TestViolationsBecomeVisibleInOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.rule(t, nil)
	const writers, each = 4, 15
	stop, watched := make(chan struct{}), make(chan string, 1)
	go func() {
		var last int64
		seen := map[int64]bool{}
		for end := false; ; {
			select {
			case <-stop:
				end = true
			default:
			}
			var ids []int64
			if err := d.DB.Select(&ids, `SELECT id FROM violations ORDER BY id`); err != nil {
				watched <- err.Error()
				return
			}
			for _, id := range ids {
				if !seen[id] && id < last {
					watched <- fmt.Sprintf("violation %d became visible after %d", id, last)
					return
				}
				seen[id] = true
			}
			for _, id := range ids {
				last = max(last, id)
			}
			if end {
				if len(seen) != writers*each {
					watched <- fmt.Sprintf("%d violations, want %d", len(seen), writers*each)
				}
				close(watched)
				return
			}
		}
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				_, err := d.SaveViolations(t.Context(), []rules.Violation{{
					DedupeKey: fmt.Sprintf("word:%d:%d", w, i), Kind: rules.KindWord, Severity: rules.High, Words: []string{"回扣"},
					Sender: "shop", Employees: []string{"shop"}, OccurredAt: time.Now(), State: rules.StateOpen,
				}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	if wrong := <-watched; wrong != "" {
		t.Error(wrong)
	}
	found, err := d.FindViolations(t.Context(), access.System(), rules.Query{Limit: 100}, rules.Position{})
	if err != nil || len(found) != writers*each {
		t.Errorf("%d violations, %v", len(found), err)
	}
}
