// Package directory holds who is who: departments, employees, customers, who
// follows whom, and groups, as WeCom's API gives them, and the sync that keeps
// them up to date. Names are never deleted: leavers and ended relations stay.
//
// Person ids are keys of package personid; UserID and ExternalUserID are the
// same ids as WeCom spells them.
package directory

import (
	"context"
	"time"
)

// Department is one department of the corp.
// Source: developer.work.weixin.qq.com/document/path/90208.
type Department struct {
	ID       int64  `db:"id"`
	ParentID int64  `db:"parent_id"` // 0 for the root; may name a department that the app cannot see
	Name     string `db:"name"`
	Order    int64  `db:"sort_order"` // larger first
}

// Status of an employee, as user/get gives it.
const (
	StatusActive       = 1
	StatusDisabled     = 2
	StatusNotActivated = 4
	StatusLeft         = 5 // left the corp by themselves
)

// Employee is a member of the corp.
// Source: developer.work.weixin.qq.com/document/path/90196.
type Employee struct {
	Person         string       `db:"person"`
	UserID         string       `db:"userid"`
	Name           string       `db:"name"` // the userid when WeCom gives none
	Alias          string       `db:"alias"`
	Position       string       `db:"position"`
	Avatar         string       `db:"avatar"` // URL; withheld from most apps
	MainDepartment int64        `db:"main_department"`
	Status         int          `db:"status"` // see StatusActive
	Departments    []Membership `db:"-"`
	// IDOnly says that WeCom let nothing but the userid be known: what is stored
	// of the employee stays.
	IDOnly bool `db:"-"`
}

// Membership is a department that an employee belongs to.
type Membership struct {
	DepartmentID int64 `db:"department_id"`
	Leader       bool  `db:"is_leader"`
}

// Customer is an external contact.
// Source: developer.work.weixin.qq.com/document/path/92114.
type Customer struct {
	Person         string `db:"person"`
	ExternalUserID string `db:"external_userid"`
	Name           string `db:"name"`
	Type           int    `db:"type"`   // 1 WeChat, 2 WeCom of another corp, 0 unknown
	Gender         int    `db:"gender"` // 1 male, 2 female, 0 unknown
	Avatar         string `db:"avatar"`
	CorpName       string `db:"corp_name"`
	Position       string `db:"position"`
	UnionID        string `db:"unionid"`
}

// Follow says that an employee has a customer, and what they noted.
type Follow struct {
	Employee    string    `db:"employee"` // person
	Customer    string    `db:"customer"` // person
	Remark      string    `db:"remark"`
	Description string    `db:"description"`
	AddedAt     time.Time `db:"added_at"` // UTC; zero when unknown
	AddWay      int       `db:"add_way"`  // developer.work.weixin.qq.com/document/path/92114
	Source      string    `db:"source"`   // state of the QR code or link
	OperUserID  string    `db:"oper_userid"`
	Tags        []string  `db:"tags"`    // names; nil when they could not be read
	Mobiles     []string  `db:"mobiles"` // remark_mobiles
}

// Relation is a customer together with one employee who has them.
type Relation struct {
	Customer Customer
	Follow   Follow
	TagIDs   []string // not yet turned into Follow.Tags
}

// Group is a group chat: a customer group or an internal one.
type Group struct {
	RoomID    string        `db:"roomid"` // chat_id of the API
	Name      string        `db:"name"`   // empty when nobody named it
	Owner     string        `db:"owner"`  // person
	External  bool          `db:"external"`
	Notice    string        `db:"notice"`
	CreatedAt time.Time     `db:"created_at"` // UTC; zero when unknown
	Members   []GroupMember `db:"-"`
}

// GroupMember is a member of a group when it was read.
type GroupMember struct {
	Person   string    `db:"person"`
	Nickname string    `db:"nickname"` // in this group
	Name     string    `db:"name"`     // empty in internal groups
	JoinedAt time.Time `db:"joined_at"`
}

// Batch is what a list call gave. Bad counts entries that could not be read;
// the others are good.
type Batch[T any] struct {
	Items []T
	Bad   int
}

// Relations is what CustomersOf gave.
type Relations struct {
	Batch[Relation]
	Skipped []string // userids that WeCom left out, for want of a licence
}

// FollowState says whether a relation still holds.
type FollowState string

// States of a relation. WeCom keeps listing a customer who deleted the
// employee; only the callback tells.
const (
	FollowActive            FollowState = "active"
	FollowDeletedByEmployee FollowState = "deleted_by_employee"
	FollowDeletedByCustomer FollowState = "deleted_by_customer"
	FollowTransferred       FollowState = "transferred" // handed over to a colleague
	FollowGone              FollowState = "gone"        // absent from the last complete sync
)

// Source is WeCom's API as the sync needs it. Its errors are faults: not_found
// says that one object is unknown or out of sight; everything else concerns
// the whole call.
type Source interface {
	// Departments gives all departments that the app can see.
	Departments(ctx context.Context) ([]Department, error)
	// Members gives the direct members of a department.
	Members(ctx context.Context, departmentID int64) (Batch[Employee], error)
	// Employee gives one member.
	Employee(ctx context.Context, userid string) (Employee, error)
	// PermittedUsers gives the userids that are archived now.
	PermittedUsers(ctx context.Context) ([]string, error)
	// FollowUsers gives the userids of employees who may have customers.
	FollowUsers(ctx context.Context) ([]string, error)
	// Tags gives the names of the corp's customer tags by tag id.
	Tags(ctx context.Context) (map[string]string, error)
	// CustomersOf gives all customers of at most 100 employees.
	CustomersOf(ctx context.Context, userids []string) (Relations, error)
	// Customer gives one customer with the employees who have them.
	Customer(ctx context.Context, externalUserID string) ([]Relation, error)
	// GroupIDs gives the customer groups that at most 100 employees own.
	GroupIDs(ctx context.Context, owners []string) ([]string, error)
	// Group gives a customer group or an internal group.
	Group(ctx context.Context, roomid string) (Group, error)
	// Robot gives a group robot.
	Robot(ctx context.Context, id string) (Robot, error)
}
