package main

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// realm is what the database holds, as plain lists, and who may see what of
// it, by plain loops: the reference that huicun's answers are compared with.
type realm struct {
	departments []*refDepartment
	employees   []*refEmployee
	customers   []*refCustomer
	groups      []*refGroup
	follows     []*refFollow
	chats       []*refChat
	messages    []*refMessage // in the order in which they were stored
	files       []*refFile
	violations  []*refViolation
	alerts      []*refAlert
	rules       []*refRule
	viewers     []*refViewer
	saved       []*refSaved
}

type refDepartment struct {
	id, parent, order int64
	name              string
	gone              bool
}

type refEmployee struct {
	person, userid, name string
	departments          []int64
	main                 int64
	unlisted             bool // known from chats only
	archived, formerly   bool
	left                 bool
}

type refCustomer struct{ person, name string }

type refGroup struct{ roomid, name, owner, notice string }

type refFollow struct {
	employee, customer, remark, state string
	addedAt                           time.Time
}

// refChat is a conversation; members is everybody whom a message ever named.
type refChat struct {
	id       int64
	kind     string // direct | group | log
	a, b     string // direct: a <= b; log: a
	roomid   string
	members  []string
	messages []*refMessage // oldest first
}

type refMessage struct {
	id, msgid, text, from string
	revokes               string // msgid
	seq                   int64
	at                    time.Time
	chat                  *refChat
	places                []refPlace
}

// refPlace is a file or link of a message, in reading order.
type refPlace struct {
	tab  string
	file *refFile // nil: a link, or a file that WeCom gives no id for
}

// refFile is a file that WeCom holds. Several messages may name it.
type refFile struct {
	id, sdkFileID string
	state         string // pending until it is fetched
	code          string // of a QR code in it
}

type refViolation struct {
	id        int64
	key, kind string
	rule      *refRule // nil: a deletion
	employees []string
	chat      *refChat
	message   *refMessage
	at        time.Time
	state     string
	handledBy string
}

type refAlert struct {
	id        int64
	violation *refViolation
	viewer    *refViewer
}

type refRule struct {
	id          int64
	name        string
	subscribers []*refViewer
}

type refViewer struct {
	id             int64
	person, userid string
	admin          bool
	disabled       bool
	deletionAlerts bool
	departments    []int64
	employees      []string
	session        refSession
}

func findOne[T any](list []T, ok func(T) bool) (found T) {
	if i := slices.IndexFunc(list, ok); i >= 0 {
		return list[i]
	}
	return found
}

func keepOnly[T any](list []T, ok func(T) bool) []T {
	var out []T
	for _, x := range list {
		if ok(x) {
			out = append(out, x)
		}
	}
	return out
}

func mapEach[T, R any](list []T, f func(T) R) []R {
	out := make([]R, 0, len(list))
	for _, x := range list {
		out = append(out, f(x))
	}
	return out
}

func (r *realm) employee(person string) *refEmployee {
	return findOne(r.employees, func(e *refEmployee) bool { return e.person == person })
}

func (r *realm) department(id int64) *refDepartment {
	return findOne(r.departments, func(d *refDepartment) bool { return d.id == id })
}

// above reports whether department top is id or above it.
func (r *realm) above(top, id int64) bool {
	seen := map[int64]bool{}
	for !seen[id] {
		if id == top {
			return true
		}
		seen[id] = true
		d := r.department(id)
		if d == nil {
			return false
		}
		id = d.parent
	}
	return false
}

// sees reports whether v may see an employee.
func (r *realm) sees(v *refViewer, person string) bool {
	e := r.employee(person)
	switch {
	case v.disabled:
		return false
	case v.admin:
		return e != nil
	case slices.Contains(v.employees, person):
		return true
	case e == nil:
		return false
	}
	for _, granted := range v.departments {
		for _, d := range e.departments {
			if r.above(granted, d) {
				return true
			}
		}
	}
	return false
}

// seesChat: somebody whom v may see was ever in it.
func (r *realm) seesChat(v *refViewer, c *refChat) bool {
	if v.admin {
		return !v.disabled
	}
	return slices.ContainsFunc(c.members, func(p string) bool { return r.sees(v, p) })
}

// seesViolation: it is one of an employee whom v may see.
func (r *realm) seesViolation(v *refViewer, x *refViolation) bool {
	if v.admin {
		return !v.disabled
	}
	return slices.ContainsFunc(x.employees, func(p string) bool { return r.sees(v, p) })
}

// seesAlert: viewers see what was sent to themselves, about what they still see.
func (r *realm) seesAlert(v *refViewer, a *refAlert) bool {
	return r.seesViolation(v, a.violation) && (v.admin || a.viewer == v)
}

func (r *realm) scopeSize(v *refViewer) int {
	return len(keepOnly(r.employees, func(e *refEmployee) bool { return r.sees(v, e.person) }))
}

// kindOf tells what a person is, from the directory, else from the id.
func (r *realm) kindOf(person string) string {
	if e := r.employee(person); e != nil && !e.unlisted {
		return "employee"
	}
	switch {
	case slices.ContainsFunc(r.customers, func(c *refCustomer) bool { return c.person == person }):
		return "customer"
	case len(person) >= 24 && strings.HasPrefix(person, "wb"):
		return "robot"
	case len(person) >= 24 && (strings.HasPrefix(person, "wm") || strings.HasPrefix(person, "wo")):
		return "customer"
	case r.employee(person) != nil:
		return "employee"
	}
	return "unknown"
}

// peer is the other side of a direct chat.
func (c *refChat) peer(person string) string {
	if c.a == person {
		return c.b
	}
	return c.a
}

func (c *refChat) last() *refMessage { return c.messages[len(c.messages)-1] }

// tabOf says on which tab of an employee a chat stands; "" on none.
func (r *realm) tabOf(c *refChat, person string) string {
	switch {
	case c.kind == "group":
		return "groups"
	case c.kind == "log":
		return ""
	case r.kindOf(c.peer(person)) == "customer":
		return "customers"
	}
	return "colleagues"
}

// chatsOf are the chats of an employee, newest message first.
func (r *realm) chatsOf(person string) []*refChat {
	list := keepOnly(r.chats, func(c *refChat) bool { return slices.Contains(c.members, person) })
	slices.SortFunc(list, func(a, b *refChat) int {
		return cmp.Or(b.last().at.Compare(a.last().at), cmp.Compare(b.id, a.id))
	})
	return list
}

func (r *realm) group(roomid string) *refGroup {
	return findOne(r.groups, func(g *refGroup) bool { return g.roomid == roomid })
}

// followBetween is the relation of the two sides of a direct chat.
func (r *realm) followBetween(c *refChat) *refFollow {
	return findOne(r.follows, func(f *refFollow) bool {
		return c.kind == "direct" && (f.employee == c.a && f.customer == c.b || f.employee == c.b && f.customer == c.a)
	})
}

// openIn counts the open violations of a chat that v may see.
func (r *realm) openIn(v *refViewer, c *refChat) int {
	return len(keepOnly(r.violations, func(x *refViolation) bool { return x.chat == c && x.state == "open" && r.seesViolation(v, x) }))
}

func (r *realm) messageByMsgID(msgid string) *refMessage {
	return findOne(r.messages, func(m *refMessage) bool { return m.msgid == msgid })
}

// revokeOf is the first message that takes m back: of the same chat or sender.
func (r *realm) revokeOf(m *refMessage) *refMessage {
	list := keepOnly(r.messages, func(x *refMessage) bool {
		return x.revokes == m.msgid && (x.chat == m.chat || x.from == m.from)
	})
	slices.SortFunc(list, func(a, b *refMessage) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// newestViolations are those of a list that v may see, newest first.
func (r *realm) newestViolations(v *refViewer, ok func(*refViolation) bool) []*refViolation {
	list := keepOnly(r.violations, func(x *refViolation) bool { return r.seesViolation(v, x) && ok(x) })
	slices.SortFunc(list, func(a, b *refViolation) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.id, a.id)) })
	return list
}
