package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/directory"
)

func TestFormerNames(t *testing.T) {
	db := openDirectory(t)
	const customer = "wmKnown0000000000000000000000000"
	day := func(n int) time.Time { return dirTime.AddDate(0, 0, n) }
	employee := func(n int, name string) {
		must(t, db.ApplyEmployees(t.Context(), day(n), []directory.Employee{staff("lin", "Lin", name, 1)}))
	}
	person := func(n int, name, corp string) {
		c := contact(customer, name)
		c.CorpName = corp
		must(t, db.ApplyBook(t.Context(), directory.Book{At: day(n), Customers: []directory.Customer{c}}))
	}
	employee(0, "Lin") // WeCom withholds the name
	employee(1, "林晓")
	employee(2, "林晓")
	employee(3, "林晓雨")
	employee(4, "Lin") // withheld again: the name stays
	employee(5, "林小雨")
	person(0, "", "")
	person(1, "陈", "")
	person(2, "陈", "甲公司")
	person(3, "陈先生", "甲公司")

	got, err := db.FindFormerNames(t.Context(), []string{"lin", customer, "nobody", "bad\x00id"})
	must(t, err)
	want := map[string][]directory.FormerName{
		"lin": {{Person: "lin", Until: day(3), Name: "林晓"}, {Person: "lin", Until: day(5), Name: "林晓雨"}},
		customer: {
			{Person: customer, Until: day(2), Name: "陈"},
			{Person: customer, Until: day(3), Name: "陈", CorpName: "甲公司"},
		},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("FindFormerNames (-want +got):\n%s", diff)
	}
}
