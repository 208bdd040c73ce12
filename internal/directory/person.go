package directory

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
}
