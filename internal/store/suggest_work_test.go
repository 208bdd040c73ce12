package store_test

import (
	"testing"

	"huicun/internal/outbox"
	"huicun/internal/search"
)

// claimNames takes the items that wait for names.
func claimNames(t *testing.T, s *site) []outbox.Item {
	t.Helper()
	items, err := s.ClaimItems(t.Context(), "w", []string{search.KindNames}, 9)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// A name that is being changed while the item of an earlier one is taken is not
// left behind.
func TestNamesThatChangeMeanwhileAreWorkedOn(t *testing.T) {
	t.Parallel()
	s := newNames(t)
	nameKeys(t, s)
	for _, item := range claimNames(t, s) {
		if err := s.FinishItem(t.Context(), item, outbox.Outcome{State: outbox.StateCompleted}); err != nil {
			t.Fatal(err)
		}
	}
	s.exec(t, `UPDATE customers SET name = '赵一' WHERE person = $1`, custZhang)

	tx, err := s.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `UPDATE customers SET name = '赵二' WHERE person = $1`, custChong); err != nil {
		t.Fatal(err)
	}
	taken := claimNames(t, s)
	if len(taken) > 0 {
		nameKeys(t, s) // without the second
	}
	s.exec(t, `UPDATE customers SET name = '赵三' WHERE person = $1`, custOther) // nobody waits for the other transaction
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if len(taken) > 0 || len(claimNames(t, s)) == 0 {
		t.Fatalf("%d items were taken before the second name was there; want 0, and one after", len(taken))
	}
	nameKeys(t, s)
	if got := suggested(t, s, s.admin(t), "赵"); len(got) != 3 {
		t.Errorf("suggested %v, want three", got)
	}
}
