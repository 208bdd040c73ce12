package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/directory"
)

func TestUserIDsAsWeComSpellsThem(t *testing.T) {
	db := openDirectory(t)
	const customer = "wmKnown0000000000000000000000000"
	must(t, db.ApplyEmployees(t.Context(), dirTime, []directory.Employee{staff("lin", "Lin", "林晓雨", 1), staff("mei", "mei", "李梅", 1)}))
	found, err := db.FindPersons(t.Context(), []string{"lin", "mei", customer, "nobody"})
	must(t, err)
	got := map[string]string{}
	for id, p := range found {
		got[id] = p.UserID
	}
	if diff := cmp.Diff(map[string]string{"lin": "Lin", "mei": "", customer: "", "nobody": ""}, got); diff != "" {
		t.Errorf("userids (-want +got):\n%s", diff)
	}
}
