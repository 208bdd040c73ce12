package wecomsim

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// directoryFile is the shape of -directory: the objects of server-api.md in
// lists. Optional are permitted (userids in the archive's scope, default all),
// robots and tag_groups; a user with dimission_time has left.
type directoryFile struct {
	Departments []object  `json:"departments"`
	Users       []object  `json:"users"`
	Contacts    []object  `json:"external_contacts"`
	Groups      []object  `json:"groupchats"`
	Permitted   *[]string `json:"permitted"`
	Robots      []object  `json:"robots"`
	TagGroups   []object  `json:"tag_groups"`
}

func readDirectory(path string) (*directory, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: read directory: %w", err)
	}
	d, err := parseDirectory(b)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: read directory %s: %w", path, err)
	}
	return d, nil
}

func parseDirectory(b []byte) (*directory, error) {
	var f directoryFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
	}
	d := newDirectory()
	d.robots, d.tagGroups = f.Robots, f.TagGroups
	for i, raw := range f.Departments {
		if raw.num("id") <= 0 {
			return nil, fmt.Errorf("departments[%d]: id missing", i)
		}
		d.departments = append(d.departments, department{id: raw.num("id"), parent: raw.num("parentid"), raw: raw})
	}
	for i, raw := range f.Users {
		u := userOf(raw)
		if u.id == "" {
			return nil, fmt.Errorf("users[%d]: userid missing", i)
		}
		if f.Permitted != nil {
			u.permitted = slices.Contains(*f.Permitted, u.id)
		}
		d.addUser(u)
	}
	for i, raw := range f.Contacts {
		c := contactOf(raw)
		if c.id == "" {
			return nil, fmt.Errorf("external_contacts[%d]: external_userid missing", i)
		}
		d.addContact(c)
	}
	for i, raw := range f.Groups {
		g := groupOf(raw)
		if g.id == "" {
			return nil, fmt.Errorf("groupchats[%d]: chat_id missing", i)
		}
		d.addGroup(g)
	}
	return d, nil
}

// userOf reads a user as user/get answers it, with or without the wrapping of an
// answer.
func userOf(raw object) *user {
	left := raw.num("dimission_time")
	raw = raw.without("errcode", "errmsg", "dimission_time")
	return &user{
		id: raw.str("userid"), name: raw.str("name"), depts: raw.nums("department"), raw: raw,
		left: left, permitted: true, customers: true,
	}
}

// contactOf reads a customer as externalcontact/get answers it, or flat with
// follow_user beside the other fields.
func contactOf(raw object) *contact {
	inner := raw.sub("external_contact")
	if inner == nil {
		inner = raw.without("errcode", "errmsg", "next_cursor", "follow_user")
	}
	c := &contact{id: inner.str("external_userid"), name: inner.str("name"), raw: inner}
	for _, f := range raw.list("follow_user") {
		if f.str("userid") != "" {
			c.follows = append(c.follows, &follow{
				userID: f.str("userid"), raw: f, agree: agreed, agreeTime: f.num("createtime"),
			})
		}
	}
	return c
}

// groupOf reads a group as externalcontact/groupchat/get answers it, with or
// without the wrapping. A group is internal if it says so ("internal": true) or
// comes as msgaudit/groupchat/get answers it (roomname, members).
func groupOf(raw object) *group {
	if inner := raw.sub("group_chat"); inner != nil {
		raw = inner
	}
	if raw["roomname"] != nil || raw["members"] != nil {
		return internalGroupOf(raw)
	}
	var internal bool
	if json.Unmarshal(raw["internal"], &internal) != nil {
		internal = false
	}
	return &group{id: raw.str("chat_id"), owner: raw.str("owner"), internal: internal, raw: raw.without("internal")}
}

// internalGroupOf turns the answer of msgaudit/groupchat/get into the form that
// all groups have here.
func internalGroupOf(raw object) *group {
	members := []object{}
	for _, m := range raw.list("members") {
		members = append(members, object{}.with("userid", m.str("memberid")).with("type", memberEmployee).
			with("join_time", m.num("jointime")))
	}
	id, owner := raw.str("roomid"), raw.str("creator")
	if id == "" {
		id = raw.str("chat_id")
	}
	o := object{}.with("chat_id", id).with("name", raw.str("roomname")).with("owner", owner).
		with("create_time", raw.num("room_create_time")).with("notice", raw.str("notice")).with("member_list", members)
	return &group{id: id, owner: owner, internal: true, raw: o}
}

// Values of WeCom's enumerations.
const (
	agreed    = "Agree"
	disagreed = "Disagree"

	memberEmployee = 1 // member_list[].type
	memberExternal = 2
)
