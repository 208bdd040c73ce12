package directory

import (
	"context"
	"time"
)

// Known is an employee of the archive, as the sync needs it to notice leavers.
type Known struct {
	Person      string
	UserID      string
	Departments []int64
	Missed      int  // complete syncs in a row without this employee
	Left        bool // noticed before
}

// Missing is an employee who was absent from a complete sync.
type Missing struct {
	Person string `db:"person"`
	Missed int    `db:"missed"` // complete syncs in a row
	Left   bool   `db:"gone"`   // two syncs agree
}

// Org is the departments and employees of one complete read.
type Org struct {
	At          time.Time
	Departments []Department // all: others are gone
	Employees   []Employee
	Missing     []Missing
	Permitted   []string // userids that are archived now, as WeCom spells them
	// PermittedRead says that Permitted was read; else the archive state of
	// employees stays as it is.
	PermittedRead bool
}

// Book is customers and who follows them.
type Book struct {
	At        time.Time // when the reading began
	Customers []Customer
	Follows   []Follow
	// Read names the persons whose customers were all read: relations of theirs
	// that are not in Follows are gone. Empty when single customers were read.
	Read []string
}

// Mark is what a callback tells about a relation: that it began or how it ended.
type Mark struct {
	Employee string // person
	Customer string // person
	State    FollowState
	At       time.Time
}

// Store keeps the directory. Each method is one transaction, and doing it
// twice is harmless.
type Store interface {
	// StartSync records that a full sync began and gives its id.
	StartSync(ctx context.Context, at time.Time) (int64, error)
	// FinishSync records how it ended.
	FinishSync(ctx context.Context, id int64, r Report) error
	// KnownEmployees gives every employee whom a sync ever saw.
	KnownEmployees(ctx context.Context) ([]Known, error)
	// UnknownEmployees gives userids that messages named but no sync ever saw,
	// newest first, without those of except.
	UnknownEmployees(ctx context.Context, except []string, limit int) ([]string, error)
	// UnknownRooms gives group chats of the archive that are no group of the
	// directory yet, most recently used first, without those of except.
	UnknownRooms(ctx context.Context, except []string, limit int) ([]string, error)
	// UnknownCustomers gives external ids of the archive that are no customer of
	// the directory yet, newest in their chat first, without those of except.
	UnknownCustomers(ctx context.Context, except []string, limit int) ([]string, error)
	// UnknownRobots gives ids of robots that take part in chats and have no name
	// yet, newest in their chat first, without those of except.
	UnknownRobots(ctx context.Context, except []string, limit int) ([]string, error)
	// ApplyRobots adds and updates robots.
	ApplyRobots(ctx context.Context, at time.Time, robots []Robot) error
	// ApplyOrg brings departments, employees and viewers' scopes up to date.
	ApplyOrg(ctx context.Context, o Org) error
	// ApplyEmployees adds and updates single employees, and viewers' scopes.
	ApplyEmployees(ctx context.Context, at time.Time, employees []Employee) error
	// ApplyBook adds and updates customers and relations, and ends those of
	// Book.Read that are gone. A relation that a callback ended stays ended
	// unless it began anew.
	ApplyBook(ctx context.Context, b Book) error
	// ApplyGroups adds and updates groups, and replaces their members.
	ApplyGroups(ctx context.Context, at time.Time, groups []Group) error
	// MarkFollow records what a callback told, unless something newer is known.
	MarkFollow(ctx context.Context, m Mark) error
}
