package wecomsim

import (
	"slices"
	"strings"
)

const (
	maxGroupPage  = 1000
	maxOwners     = 100  // of owner_filter
	maxUnfiltered = 1000 // members above which owner_filter is compulsory
	maxAgreePairs = 100  // of check_single_agree
	handoverWait  = 1    // status of a group whose owner left
)

func (s *Sim) groupList(c *call) (answer, *apiError) {
	var q struct {
		Status int `json:"status_filter"`
		Owners *struct {
			UserIDs []string `json:"userid_list"`
		} `json:"owner_filter"`
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	var owners []string
	if q.Owners != nil {
		owners = q.Owners.UserIDs
	}
	switch {
	case len(owners) > maxOwners:
		return nil, badParam("owner_filter must hold at most 100 members")
	case len(owners) == 0 && len(s.directory.members()) > maxUnfiltered:
		return nil, &apiError{81017, "too many members without owner_filter"}
	case q.Limit == 0:
		return nil, badParam("limit")
	}
	rows := []answer{}
	for _, g := range s.directory.groups {
		status, ok := s.groupStatus(g)
		if !ok || (q.Status != 0 && q.Status != status) || !ownedBy(g, owners, status) {
			continue
		}
		rows = append(rows, answer{"chat_id": g.id, "status": status})
	}
	page, next, err := paginate(rows, q.Cursor, q.Limit, maxGroupPage, maxGroupPage)
	if err != nil {
		return nil, err
	}
	return answer{"group_chat_list": page, "next_cursor": next}, nil
}

// groupStatus gives the status of a customer group; others, and those whose owner
// the corp does not know, are not listed.
func (s *Sim) groupStatus(g *group) (status int, listed bool) {
	u, known := s.directory.userByID[strings.ToLower(g.owner)]
	if g.internal || !known {
		return 0, false
	}
	if u.left > 0 {
		return handoverWait, true
	}
	return 0, true
}

// ownedBy applies owner_filter, which is compulsory for groups whose owner left.
func ownedBy(g *group, owners []string, status int) bool {
	if len(owners) == 0 {
		return status == 0
	}
	return slices.ContainsFunc(owners, func(id string) bool { return strings.EqualFold(id, g.owner) })
}

func (s *Sim) groupGet(c *call) (answer, *apiError) {
	var q struct {
		ChatID   string `json:"chat_id"`
		NeedName int    `json:"need_name"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	g, ok := s.directory.group(q.ChatID)
	if !ok || g.internal {
		return nil, badParam("chat_id")
	}
	raw := g.raw
	if q.NeedName != 1 {
		members := raw.list("member_list")
		for i := range members {
			members[i] = members[i].without("name")
		}
		raw = raw.with("member_list", members)
	}
	return answer{"group_chat": raw}, nil
}

func (s *Sim) permitUsers(c *call) (answer, *apiError) {
	var q struct {
		Type *int `json:"type"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	const edition = 3 // 企业版: the one that records calls too
	ids := []string{}
	if q.Type != nil && (*q.Type < 1 || *q.Type > 3) {
		return nil, badParam("type")
	}
	if q.Type == nil || *q.Type == edition {
		for _, u := range s.directory.members() {
			if u.permitted {
				ids = append(ids, u.id)
			}
		}
	}
	return answer{"ids": ids}, nil
}

// agreement is one line of the consent calls; the key is misspelt by WeCom.
type agreement struct {
	Time       int64  `json:"status_change_time"`
	UserID     string `json:"userid,omitempty"`
	ExternalID string `json:"exteranalopenid"`
	Status     string `json:"agree_status"`
}

func (s *Sim) checkSingleAgree(c *call) (answer, *apiError) {
	var q struct {
		Info []agreement `json:"info"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	if len(q.Info) < 1 || len(q.Info) > maxAgreePairs {
		return nil, badParam("info must hold 1..100 pairs")
	}
	out := []agreement{}
	for _, p := range q.Info {
		f, ok := s.directory.relation(p.UserID, p.ExternalID)
		if ok && f.agree != "" {
			out = append(out, agreement{f.agreeTime, p.UserID, p.ExternalID, f.agree})
		}
	}
	return answer{"agreeinfo": out}, nil
}

func (s *Sim) checkRoomAgree(c *call) (answer, *apiError) {
	g, err := s.groupOfCall(c)
	if err != nil {
		return nil, err
	}
	if g == nil || g.internal {
		return nil, badParam("roomid")
	}
	out := []agreement{}
	for _, m := range g.raw.list("member_list") {
		if m.num("type") == memberExternal {
			out = append(out, agreement{Time: m.num("join_time"), ExternalID: m.str("userid"), Status: agreed})
		}
	}
	return answer{"agreeinfo": out}, nil
}

// auditGroup describes an internal group.
func (s *Sim) auditGroup(c *call) (answer, *apiError) {
	g, err := s.groupOfCall(c)
	if err != nil {
		return nil, err
	}
	if g == nil || !g.internal {
		return nil, errNotInternal
	}
	members := []answer{}
	for _, m := range g.raw.list("member_list") {
		members = append(members, answer{"memberid": m.str("userid"), "jointime": m.num("join_time")})
	}
	return answer{
		"roomname": g.raw.str("name"), "creator": g.owner, "room_create_time": g.raw.num("create_time"),
		"notice": g.raw.str("notice"), "members": members,
	}, nil
}

// groupOfCall finds the group that a body names by roomid; nil when unknown.
func (s *Sim) groupOfCall(c *call) (*group, *apiError) {
	var q struct {
		RoomID string `json:"roomid"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	if q.RoomID == "" {
		return nil, badParam("roomid")
	}
	g, _ := s.directory.group(q.RoomID)
	return g, nil
}

func (s *Sim) robotInfo(c *call) (answer, *apiError) {
	id := c.query("robot_id")
	for _, r := range s.directory.robots {
		if r.str("robot_id") == id && id != "" {
			return answer{"data": r}, nil
		}
	}
	return nil, badParam("robot_id")
}
