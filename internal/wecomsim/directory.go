package wecomsim

import (
	"slices"
	"strings"
	"sync"
)

// directory is the corp's address book, customers and groups. Users are found
// regardless of case, customers are not, as in WeCom. It is safe for concurrent
// use.
type directory struct {
	mu          sync.RWMutex
	departments []department
	users       []*user
	userByID    map[string]*user // by lower-case userid
	contacts    []*contact
	contactByID map[string]*contact
	contactsOf  map[string][]*contact // by lower-case userid of a follower
	parted      map[pair]bool         // deleted, by either side, and not added again
	groups      []*group
	groupByID   map[string]*group
	robots      []object // msgaudit/get_robot_info
	tagGroups   []object // get_corp_tag_list
}

type department struct {
	id, parent int64
	raw        object
}

type user struct {
	id, name  string
	depts     []int64
	raw       object
	left      int64 // Unix seconds when the member left the corp; 0 while here
	permitted bool  // inside the archive's scope
	customers bool  // may use customer contact
}

type contact struct {
	id, name string
	raw      object
	follows  []*follow
}

// follow is one employee's relation with a customer.
type follow struct {
	userID    string
	raw       object
	agree     string // "Agree", "Disagree"; "" = never asked
	agreeTime int64  // Unix seconds
	oneWay    bool   // the customer deleted the employee
}

// pair is an employee and a customer, whether the directory has them or not.
type pair struct{ userID, externalID string } // userID in lower case

func pairOf(userID, externalID string) pair { return pair{strings.ToLower(userID), externalID} }

type group struct {
	id, owner string
	internal  bool
	raw       object
}

func newDirectory() *directory {
	return &directory{
		userByID: map[string]*user{}, contactByID: map[string]*contact{},
		contactsOf: map[string][]*contact{}, groupByID: map[string]*group{}, parted: map[pair]bool{},
	}
}

func (d *directory) addUser(u *user) {
	d.users = append(d.users, u)
	d.userByID[strings.ToLower(u.id)] = u
}

func (d *directory) addContact(c *contact) {
	d.contacts = append(d.contacts, c)
	d.contactByID[c.id] = c
	for _, f := range c.follows {
		d.indexFollow(f.userID, c)
	}
}

// indexFollow notes once that userID follows c.
func (d *directory) indexFollow(userID string, c *contact) {
	key := strings.ToLower(userID)
	list := d.contactsOf[key]
	if n := len(list); n == 0 || list[n-1] != c {
		d.contactsOf[key] = append(list, c)
	}
}

func (d *directory) addGroup(g *group) {
	d.groups = append(d.groups, g)
	d.groupByID[g.id] = g
}

// member finds somebody who works here; leavers are not found.
func (d *directory) member(id string) (*user, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	u, ok := d.userByID[strings.ToLower(id)]
	if !ok || u.left > 0 {
		return nil, false
	}
	return u, true
}

// members gives who works here, in the directory's order.
func (d *directory) members() []*user {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := make([]*user, 0, len(d.users))
	for _, u := range d.users {
		if u.left == 0 {
			out = append(out, u)
		}
	}
	return out
}

// name gives what to call an id; the id itself when it is unknown.
func (d *directory) name(id string) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if u, ok := d.userByID[strings.ToLower(id)]; ok && u.name != "" {
		return u.name
	}
	if c, ok := d.contactByID[id]; ok && c.name != "" {
		return c.name
	}
	if g, ok := d.groupByID[id]; ok && g.raw.str("name") != "" {
		return g.raw.str("name")
	}
	return id
}

// below gives a department and everything under it; nil when it is unknown. The
// parents of a file may form a ring, so each is visited once.
func (d *directory) below(id int64) map[int64]bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if !slices.ContainsFunc(d.departments, func(x department) bool { return x.id == id }) {
		return nil
	}
	in := map[int64]bool{id: true}
	for grown := true; grown; {
		grown = false
		for _, x := range d.departments {
			if in[x.parent] && !in[x.id] {
				in[x.id], grown = true, true
			}
		}
	}
	return in
}

// contact finds a customer.
func (d *directory) contact(id string) (*contact, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	c, ok := d.contactByID[id]
	return c, ok
}

// followsOf gives the relations of a customer as they are now.
func (d *directory) followsOf(c *contact) []follow {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := make([]follow, len(c.follows))
	for i, f := range c.follows {
		out[i] = *f
	}
	return out
}

// relation finds the relation of an employee and a customer.
func (d *directory) relation(userID, externalID string) (follow, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if f := d.relationLocked(userID, externalID); f != nil {
		return *f, true
	}
	return follow{}, false
}

func (d *directory) relationLocked(userID, externalID string) *follow {
	c := d.contactByID[externalID]
	if c == nil {
		return nil
	}
	for _, f := range c.follows {
		if strings.EqualFold(f.userID, userID) {
			return f
		}
	}
	return nil
}

// areParted tells whether one of the two has deleted the other and nobody has
// added the customer again.
func (d *directory) areParted(userID, externalID string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.parted[pairOf(userID, externalID)]
}

// customersOf gives the customers of an employee, in the order in which they came.
func (d *directory) customersOf(userID string) []relatedContact {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []relatedContact
	for _, c := range d.contactsOf[strings.ToLower(userID)] {
		for _, f := range c.follows {
			if strings.EqualFold(f.userID, userID) {
				out = append(out, relatedContact{c, *f})
			}
		}
	}
	return out
}

// relatedContact is a customer together with one of its relations.
type relatedContact struct {
	*contact
	follow follow
}

// group finds a group.
func (d *directory) group(id string) (*group, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	g, ok := d.groupByID[id]
	return g, ok
}

// external tells by its form whether an id is no employee's, as message-types.md
// 2.2 describes; the directory has the last word.
func (d *directory) external(id string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if _, ok := d.userByID[strings.ToLower(id)]; ok {
		return false
	}
	if _, ok := d.contactByID[id]; ok {
		return true
	}
	const shortest = 24
	return len(id) >= shortest && (strings.HasPrefix(id, "wm") || strings.HasPrefix(id, "wo"))
}

// leavers gives who worked here once.
func (d *directory) leavers() []*user {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []*user
	for _, u := range d.users {
		if u.left > 0 {
			out = append(out, u)
		}
	}
	return out
}

func (d *directory) customerCount() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.contacts)
}
