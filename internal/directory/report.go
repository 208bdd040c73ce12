package directory

import (
	"time"
)

// maxProblems bounds Report.Problems.
const maxProblems = 100

// Report says what a full sync did.
type Report struct {
	StartedAt  time.Time
	FinishedAt time.Time
	Sections   []Section

	Departments int
	Employees   int // seen in this run
	Permitted   int // archived now
	Missing     int // known, but not seen
	Left        int // of those, noticed as leavers now
	Customers   int
	Follows     int
	Groups      int

	Problems     []Problem // the first hundred
	ProblemCount int
}

// Section is one part of a sync. Parts do not depend on each other: without
// the permission for customers, employees have names all the same.
type Section struct {
	Name  string // org, customers, groups
	Error string // why it is incomplete; "" when complete
}

// Names of the sections.
const (
	SectionOrg       = "org"
	SectionCustomers = "customers"
	SectionGroups    = "groups"
)

// Problem is one object that could not be read. The run goes on without it.
type Problem struct {
	Kind    string // department, employee, employees, customer, group, permitted, tags
	ID      string
	Message string
}

// Complete reports whether every section was read to its end.
func (r Report) Complete() bool {
	for _, s := range r.Sections {
		if s.Error != "" {
			return false
		}
	}
	return len(r.Sections) > 0
}
