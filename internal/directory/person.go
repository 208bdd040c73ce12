package directory

import "time"

// Kind tells what a person of a chat is.
type Kind string

// The kinds of person.
const (
	KindEmployee Kind = "employee"
	KindCustomer Kind = "customer"
	KindRobot    Kind = "robot"
	KindUnknown  Kind = "unknown" // neither in the directory nor of a known id form
)

// Person is whoever takes part in a chat, as far as the directory knows.
type Person struct {
	ID       string `db:"person"` // personid.Key
	Kind     Kind   `db:"kind"`
	Name     string `db:"name"` // best known name; the id when none is known
	Avatar   string `db:"avatar"`
	CorpName string `db:"corp_name"` // customers of WeCom: their company
	Account  string `db:"account"`   // customers: wechat, wecom or ""
	Left     bool   `db:"left"`      // employees: has left the company
	UserID   string `db:"userid"`    // employees: as WeCom spells it, where that is not the ID; "" otherwise
	NameNow  string `db:"-"`         // Name is as of a message's time: the name now; "" where it is the same
}

// FormerName is what a person was called until some time.
type FormerName struct {
	Person   string    `db:"person"`
	Until    time.Time `db:"until"` // exclusive
	Name     string    `db:"name"`
	CorpName string    `db:"corp_name"`
}

// AsOf gives p as they were called at a time. former are the names that p had
// before, oldest first.
func (p Person) AsOf(at time.Time, former []FormerName) Person {
	for _, f := range former {
		if !at.Before(f.Until) {
			continue
		}
		if f.Name != p.Name {
			p.NameNow, p.Name = p.Name, f.Name
		}
		if f.CorpName != "" {
			p.CorpName = f.CorpName
		}
		return p
	}
	return p
}

// Robot is a group robot whose messages are archived.
type Robot struct {
	ID      string // begins with wb
	Name    string
	Creator string // person
}
