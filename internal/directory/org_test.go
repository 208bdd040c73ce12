package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func known(userid string, missed int, departments ...int64) Known {
	e := employee(userid)
	return Known{Person: e.Person, UserID: userid, Missed: missed, Departments: departments}
}

func TestMissingEmployees(t *testing.T) {
	for _, tt := range []struct {
		name   string
		known  []Known
		change func(*fakeSource)
		want   []Missing
		found  bool // He is among the employees
	}{
		{"everybody is there", []Known{known("Lin", 1, 2)}, nil, nil, false},
		{"absent once", []Known{known("He", 0, 2)}, nil, []Missing{{Person: "he", Missed: 1}}, false},
		{"absent twice, and unknown by name", []Known{known("He", 1, 2)}, nil, []Missing{{Person: "he", Missed: 2, Left: true}}, false},
		{"absent twice, but known by name", []Known{known("He", 1, 2)}, func(f *fakeSource) {
			f.others = map[string]Employee{"He": employee("He", 9)}
		}, nil, true},
		{"absent twice, but WeCom does not answer", []Known{known("He", 1, 2)}, func(f *fakeSource) {
			f.fail["employee He"] = errDown
		}, []Missing{{Person: "he", Missed: 2}}, false},
		{"left before", []Known{{Person: "he", UserID: "He", Missed: 2, Left: true, Departments: []int64{2}}}, nil, nil, false},
		{"vanished together with the department", []Known{known("He", 0, 7)}, nil, nil, false},
		{"one of two departments is still there", []Known{known("He", 0, 7, 1)}, nil, []Missing{{Person: "he", Missed: 1}}, false},
		{"in no department", []Known{known("He", 0)}, nil, []Missing{{Person: "he", Missed: 1}}, false},
		{"archived, so employed", []Known{known("He", 1, 2)}, func(f *fakeSource) { f.permitted = []string{"He"} }, nil, true},
		{"a department could not be read", []Known{known("He", 1, 2)}, func(f *fakeSource) { f.fail["members 1"] = errNotFound }, nil, false},
		{"a member could not be read", []Known{known("He", 1, 2)}, func(f *fakeSource) {
			f.members[1] = Batch[Employee]{Bad: 1}
		}, nil, false},
		{"more than half at once", []Known{
			known("Lin", 0, 2), known("A", 1, 2), known("B", 1, 2), known("C", 1, 2), known("D", 1, 2), known("E", 1, 2), known("F", 1, 2),
		}, nil, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source, store := company(), &fakeStore{known: tt.known}
			if tt.change != nil {
				tt.change(source)
			}
			report := mustSync(t, newService(source, store))
			if diff := cmp.Diff(tt.want, store.org.Missing); diff != "" {
				t.Errorf("Missing (-want +got):\n%s", diff)
			}
			found := false
			for _, e := range store.org.Employees {
				found = found || e.Person == "he"
			}
			if found != tt.found {
				t.Errorf("He among the employees: %v, want %v", found, tt.found)
			}
			left := 0
			for _, m := range tt.want {
				if m.Left {
					left++
				}
			}
			if report.Missing != len(tt.want) || report.Left != left {
				t.Errorf("report: %d missing, %d left", report.Missing, report.Left)
			}
		})
	}
}
