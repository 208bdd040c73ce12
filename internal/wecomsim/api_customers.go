package wecomsim

import (
	"slices"
)

const (
	maxFollows   = 500 // follow_user entries in one externalcontact/get
	maxBatch     = 100 // limit and number of members of batch/get_by_user
	batchUsual   = 50
	maxUnassign  = 1000
	shortBatchAt = 7 // every so many-th row batch/get_by_user stops a page early
)

func (s *Sim) followUsers(*call) (answer, *apiError) {
	ids := []string{}
	for _, u := range s.directory.members() {
		if u.customers {
			ids = append(ids, u.id)
		}
	}
	return answer{"follow_user": ids}, nil
}

func (s *Sim) customerList(c *call) (answer, *apiError) {
	u, ok := s.directory.member(c.query("userid"))
	if !ok {
		return nil, errUserNotFound
	}
	rows := s.directory.customersOf(u.id)
	if len(rows) == 0 {
		return nil, errNoRelation
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	return answer{"external_userid": ids}, nil
}

func (s *Sim) customerGet(c *call) (answer, *apiError) {
	id := c.query("external_userid")
	if id == "" {
		return nil, errBadExternalID
	}
	who, ok := s.directory.contact(id)
	if !ok {
		return nil, errNoRelation
	}
	visible := slices.DeleteFunc(s.directory.followsOf(who), func(f follow) bool {
		_, here := s.directory.member(f.userID)
		return !here
	})
	if len(visible) == 0 {
		return nil, errNoRelation
	}
	page, next, err := paginate(visible, c.query("cursor"), 0, maxFollows, maxFollows)
	if err != nil {
		return nil, err
	}
	follows := make([]object, len(page))
	for i, f := range page {
		follows[i] = f.raw
	}
	return answer{"external_contact": who.raw, "follow_user": follows, "next_cursor": next}, nil
}

func (s *Sim) customerBatch(c *call) (answer, *apiError) {
	var q struct {
		UserIDs []string `json:"userid_list"`
		Cursor  string   `json:"cursor"`
		Limit   int      `json:"limit"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	if len(q.UserIDs) < 1 || len(q.UserIDs) > maxBatch {
		return nil, badParam("userid_list must hold 1..100 members")
	}
	var rows []relatedContact
	for _, id := range q.UserIDs {
		u, ok := s.directory.member(id)
		if !ok {
			return nil, errUserNotFound
		}
		rows = append(rows, s.directory.customersOf(u.id)...)
	}
	limit := q.Limit
	if limit > shortBatchAt { // pages may be shorter than asked: only the cursor tells the end
		if from, ok := openCursor(q.Cursor); ok && (from/shortBatchAt)%2 == 1 {
			limit--
		}
	}
	page, next, err := paginate(rows, q.Cursor, limit, batchUsual, maxBatch)
	if err != nil {
		return nil, err
	}
	list := make([]answer, len(page))
	for i, r := range page {
		list[i] = answer{"external_contact": r.raw, "follow_info": followInfo(r.follow)}
	}
	return answer{"external_contact_list": list, "next_cursor": next}, nil
}

// followInfo is a relation as the batch call gives it: tags by id only.
func followInfo(f follow) object {
	ids := []string{}
	for _, t := range f.raw.list("tags") {
		if id := t.str("tag_id"); id != "" {
			ids = append(ids, id)
		}
	}
	return f.raw.without("tags").with("tag_id", ids)
}

func (s *Sim) corpTags(c *call) (answer, *apiError) {
	var q struct {
		TagIDs   []string `json:"tag_id"`
		GroupIDs []string `json:"group_id"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	out := []object{}
	for _, g := range s.directory.tagGroups {
		switch {
		case len(q.GroupIDs) > 0:
			if slices.Contains(q.GroupIDs, g.str("group_id")) {
				out = append(out, g)
			}
		case len(q.TagIDs) > 0:
			tags := slices.DeleteFunc(g.list("tag"), func(t object) bool { return !slices.Contains(q.TagIDs, t.str("id")) })
			if len(tags) > 0 {
				out = append(out, g.with("tag", tags))
			}
		default:
			out = append(out, g)
		}
	}
	return answer{"tag_group": out}, nil
}

// unassigned lists the customers whose employee has left.
func (s *Sim) unassigned(c *call) (answer, *apiError) {
	var q struct {
		Cursor string `json:"cursor"`
		Size   int    `json:"page_size"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	type row struct {
		UserID     string `json:"handover_userid"`
		ExternalID string `json:"external_userid"`
		Time       int64  `json:"dimission_time"`
	}
	rows := []row{}
	for _, u := range s.directory.leavers() {
		for _, r := range s.directory.customersOf(u.id) {
			rows = append(rows, row{u.id, r.id, u.left})
		}
	}
	page, next, err := paginate(rows, q.Cursor, q.Size, maxUnassign, maxUnassign)
	if err != nil {
		return nil, err
	}
	return answer{"info": page, "is_last": next == "", "next_cursor": next}, nil
}
