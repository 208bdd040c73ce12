package api

import (
	"context"
	"net/url"

	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/personid"
)

// maxBlock is how many userids the block calls take.
const maxBlock = 100

// FollowUsers gives the userids of employees who may have customers.
// Source: developer.work.weixin.qq.com/document/path/92571.
func (c *Client) FollowUsers(ctx context.Context) ([]string, error) {
	var answer struct {
		FollowUser rows[text] `json:"follow_user"`
	}
	if err := c.call(ctx, request{op: "externalcontact/get_follow_user_list", secret: secretApp}, &answer); err != nil {
		return nil, err
	}
	return strs(answer.FollowUser), nil
}

// Tags gives the names of the corp's customer tags by tag id.
// Source: developer.work.weixin.qq.com/document/path/92117.
func (c *Client) Tags(ctx context.Context) (map[string]string, error) {
	var answer struct {
		TagGroup rows[struct {
			Tag rows[struct {
				ID   text `json:"id"`
				Name text `json:"name"`
			}] `json:"tag"`
		}] `json:"tag_group"`
	}
	body := struct{}{} // no tag_id and no group_id: all
	if err := c.call(ctx, request{op: "externalcontact/get_corp_tag_list", secret: secretApp, body: body}, &answer); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, group := range answer.TagGroup.items {
		for _, tag := range group.Tag.items {
			names[string(tag.ID)] = string(tag.Name)
		}
	}
	return names, nil
}

// CustomersOf gives all customers of at most 100 employees. Tags come as ids.
// Source: developer.work.weixin.qq.com/document/path/92994.
func (c *Client) CustomersOf(ctx context.Context, userids []string) (directory.Relations, error) {
	const op = "externalcontact/batch/get_by_user"
	if len(userids) == 0 || len(userids) > maxBlock {
		return directory.Relations{}, fault.Invalid("userids", "must be 1 to %d", maxBlock)
	}
	var out directory.Relations
	err := c.pages(ctx, op, func(cursor string) (string, error) {
		var answer struct {
			List       rows[wireRelation] `json:"external_contact_list"`
			NextCursor text               `json:"next_cursor"`
			FailInfo   struct {
				Unlicensed rows[text] `json:"unlicensed_userid_list"`
			} `json:"fail_info"`
		}
		body := map[string]any{"userid_list": userids, "cursor": cursor, "limit": maxBlock}
		err := c.call(ctx, request{op: op, secret: secretApp, body: body}, &answer)
		if e := asError(err); e != nil && e.Code == codeNoLicence {
			out.Skipped = append(out.Skipped, userids...)
			return "", nil
		}
		if err != nil {
			return "", err
		}
		out.Bad += answer.List.bad
		for _, row := range answer.List.items {
			addRelation(&out.Batch, row.ExternalContact, row.FollowInfo)
		}
		out.Skipped = append(out.Skipped, strs(answer.FailInfo.Unlicensed)...)
		return string(answer.NextCursor), nil
	})
	return out, err
}

// Customer gives one customer with the employees who have them. ClassObject:
// nobody in sight has this customer.
// Source: developer.work.weixin.qq.com/document/path/92114.
func (c *Client) Customer(ctx context.Context, externalUserID string) ([]directory.Relation, error) {
	const op = "externalcontact/get"
	var out directory.Batch[directory.Relation]
	err := c.pages(ctx, op, func(cursor string) (string, error) {
		var answer struct {
			ExternalContact wireCustomer     `json:"external_contact"`
			FollowUser      rows[wireFollow] `json:"follow_user"`
			NextCursor      text             `json:"next_cursor"`
		}
		query := url.Values{"external_userid": {externalUserID}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		if err := c.call(ctx, request{op: op, secret: secretApp, query: query}, &answer); err != nil {
			return "", err
		}
		for _, follow := range answer.FollowUser.items {
			addRelation(&out, answer.ExternalContact, follow)
		}
		return string(answer.NextCursor), nil
	})
	if err != nil {
		return nil, err
	}
	if len(out.Items) == 0 {
		return nil, &Error{Op: op, Class: ClassObject, Message: "the answer names nobody who has the customer"}
	}
	return out.Items, nil
}

// addRelation adds a customer and one follower, or counts the entry as bad
// when an id is missing.
func addRelation(to *directory.Batch[directory.Relation], customer wireCustomer, follow wireFollow) {
	if customer.ExternalUserID == "" || follow.UserID == "" {
		to.Bad++
		return
	}
	to.Items = append(to.Items, directory.Relation{
		Customer: customer.customer(),
		Follow:   follow.follow(string(customer.ExternalUserID)),
		TagIDs:   strs(follow.TagID),
	})
}

// wireRelation is an entry of batch/get_by_user.
type wireRelation struct {
	ExternalContact wireCustomer `json:"external_contact"`
	FollowInfo      wireFollow   `json:"follow_info"`
}

type wireCustomer struct {
	ExternalUserID text `json:"external_userid"`
	Name           text `json:"name"`
	Type           num  `json:"type"`
	Gender         num  `json:"gender"`
	Avatar         text `json:"avatar"`
	CorpName       text `json:"corp_name"`
	CorpFullName   text `json:"corp_full_name"`
	Position       text `json:"position"`
	UnionID        text `json:"unionid"`
}

func (w wireCustomer) customer() directory.Customer {
	c := directory.Customer{
		Person:         personid.Key(string(w.ExternalUserID)),
		ExternalUserID: string(w.ExternalUserID),
		Name:           string(w.Name),
		Type:           int(w.Type),
		Gender:         int(w.Gender),
		Avatar:         string(w.Avatar),
		CorpName:       string(w.CorpName),
		Position:       string(w.Position),
		UnionID:        string(w.UnionID),
	}
	if c.CorpName == "" {
		c.CorpName = string(w.CorpFullName)
	}
	return c
}

// wireFollow is an employee's side of a relation: externalcontact/get gives
// tags with names, batch/get_by_user their ids only.
type wireFollow struct {
	UserID      text `json:"userid"`
	Remark      text `json:"remark"`
	Description text `json:"description"`
	CreateTime  num  `json:"createtime"`
	Tags        rows[struct {
		TagName text `json:"tag_name"`
	}] `json:"tags"`
	TagID         rows[text] `json:"tag_id"`
	RemarkMobiles rows[text] `json:"remark_mobiles"`
	OperUserID    text       `json:"oper_userid"`
	AddWay        num        `json:"add_way"`
	State         text       `json:"state"`
}

func (w wireFollow) follow(externalUserID string) directory.Follow {
	f := directory.Follow{
		Employee:    personid.Key(string(w.UserID)),
		Customer:    personid.Key(externalUserID),
		Remark:      string(w.Remark),
		Description: string(w.Description),
		AddedAt:     w.CreateTime.unix(),
		AddWay:      int(w.AddWay),
		Source:      string(w.State),
		OperUserID:  string(w.OperUserID),
		Mobiles:     strs(w.RemarkMobiles),
	}
	for _, tag := range w.Tags.items {
		if tag.TagName != "" {
			f.Tags = append(f.Tags, string(tag.TagName))
		}
	}
	return f
}
