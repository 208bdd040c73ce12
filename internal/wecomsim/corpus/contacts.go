package corpus

import (
	"fmt"
	"time"
)

// describe writes the customers' public records.
func (c *Corpus) describe() {
	c.tags = c.newTags()
	for n, cu := range c.customers {
		x := ExternalContact{Contact: Contact{ExternalUserID: cu.id, Name: cu.nick, Type: 1, Gender: cu.gender, UnionID: cu.unionID}}
		if cu.kind == business {
			p := partners[cu.partner]
			x.Contact.Type, x.Contact.UnionID = 2, ""
			x.Contact.Position, x.Contact.CorpName, x.Contact.CorpFullName = p.title, p.short, p.full
		}
		for _, i := range cu.relation {
			x.FollowUsers = append(x.FollowUsers, c.followUser(n, i))
		}
		c.contacts = append(c.contacts, x)
	}
}

func (c *Corpus) newTags() []TagGroup {
	var groups []TagGroup
	created := c.cal.begin.AddDate(0, -3, 0).Unix()
	n := 0
	for g, row := range corpTagGroups {
		tg := TagGroup{GroupID: fmt.Sprintf("etQx7kDAAAgrp%03d", g+1), GroupName: row.name, CreateTime: created, Order: uint32(len(corpTagGroups) - g)}
		for k, name := range row.tags {
			n++
			tg.Tags = append(tg.Tags, CorpTag{ID: fmt.Sprintf("etQx7kDAAAtag%03d", n), Name: name, CreateTime: created, Order: uint32(len(row.tags) - k)})
		}
		groups = append(groups, tg)
	}
	return groups
}

func (c *Corpus) followUser(cust, rel int) FollowUser {
	cu, rl := c.customers[cust], &c.relations[rel]
	e := c.staff[rl.emp]
	r := newRNG(c.seed, 0xF0110, uint64(rel))
	// The story's first session of the day begins after this moment.
	rl.addedAt = c.cal.date(rl.from).Add(time.Duration(r.between(8*3600, 8*3600+1200)) * time.Second)
	f := FollowUser{
		UserID: e.id, Remark: cu.remark(r), CreateTime: rl.addedAt.Unix(), Tags: c.tagsFor(r, cu), RemarkMobiles: []string{},
		OperUserID: cu.id, AddWay: rl.way.addWay, Description: rl.way.note, AgreeStatus: "Agree", AgreeTime: rl.addedAt.Unix() + 40,
	}
	if rl.way.state {
		f.State = storeOf(e).code
	}
	if rl.handed {
		f.OperUserID, f.Description = e.id, "离职继承"
	}
	if cu.kind == business {
		f.RemarkCorpName = partners[cu.partner].short
	}
	if r.chance(0.4) {
		f.RemarkMobiles = append(f.RemarkMobiles, cu.phone)
	}
	return f
}

// remark is how the employee noted the customer.
func (c *customer) remark(r *rng) string {
	switch {
	case c.kind == business:
		return partners[c.partner].short + "-" + c.calls
	case c.kind == trader:
		return c.calls + pick(r, []string{"（装修队）", "-木工", "-水电", "（转介绍）"})
	case r.chance(0.12):
		return ""
	}
	return pick(r, []string{c.calls + "-" + c.estate, c.estate + c.house + c.calls, c.estate + c.calls, c.calls + " " + c.estate + " " + fmt.Sprint(c.area) + "平"})
}

func (c *Corpus) tagsFor(r *rng, cu *customer) []Tag {
	tags := []Tag{}
	for _, g := range c.tags {
		if r.chance(0.42) {
			t := pick(r, g.Tags)
			if g.GroupName == "户型" {
				t = g.Tags[areaTag(cu.area)]
			}
			tags = append(tags, Tag{GroupName: g.GroupName, TagName: t.Name, TagID: t.ID, Type: 1})
		}
	}
	if r.chance(0.2) {
		tags = append(tags, Tag{TagName: pick(r, personalTags), Type: 2})
	}
	return tags
}

func areaTag(area int) int {
	switch {
	case area < 90:
		return 0
	case area < 120:
		return 1
	case area < 150:
		return 2
	}
	return 3
}
