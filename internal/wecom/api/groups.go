package api

import (
	"context"

	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/personid"
)

// GroupIDs gives the customer groups that at most 100 employees own.
// Source: developer.work.weixin.qq.com/document/path/92120.
func (c *Client) GroupIDs(ctx context.Context, owners []string) ([]string, error) {
	const op = "externalcontact/groupchat/list"
	if len(owners) == 0 || len(owners) > maxBlock {
		return nil, fault.Invalid("owners", "must be 1 to %d", maxBlock)
	}
	var ids []string
	err := c.pages(ctx, op, func(cursor string) (string, error) {
		var answer struct {
			List rows[struct {
				ChatID text `json:"chat_id"`
			}] `json:"group_chat_list"`
			NextCursor text `json:"next_cursor"`
		}
		body := map[string]any{
			"status_filter": 0,
			"owner_filter":  map[string]any{"userid_list": owners},
			"cursor":        cursor,
			"limit":         1000,
		}
		if err := c.call(ctx, request{op: op, secret: secretApp, body: body}, &answer); err != nil {
			return "", err
		}
		for _, row := range answer.List.items {
			if row.ChatID != "" {
				ids = append(ids, string(row.ChatID))
			}
		}
		return string(answer.NextCursor), nil
	})
	return ids, err
}

// Group gives a customer group or, where WeCom knows none of that id, an
// internal group. ClassObject: neither; groups that began on WeChat's side
// cannot be read.
func (c *Client) Group(ctx context.Context, roomid string) (directory.Group, error) {
	g, err := c.customerGroup(ctx, roomid)
	if err == nil || !answered(err) || c.secrets[secretArchive] == "" {
		return g, err
	}
	internal, internalErr := c.InternalGroup(ctx, roomid)
	if e := asError(internalErr); e != nil && e.Code == codeNotInternal {
		return directory.Group{}, err
	}
	return internal, internalErr
}

// answered reports whether WeCom said no to this object: the code that it uses
// for a group that is no customer group is not documented.
func answered(err error) bool {
	e := asError(err)
	return e.Code != 0 && (e.Class == ClassObject || e.Class == ClassRefused)
}

// customerGroup reads a customer group.
// Source: developer.work.weixin.qq.com/document/path/92122.
func (c *Client) customerGroup(ctx context.Context, chatID string) (directory.Group, error) {
	const op = "externalcontact/groupchat/get"
	var answer struct {
		GroupChat struct {
			ChatID     text             `json:"chat_id"`
			Name       text             `json:"name"`
			Owner      text             `json:"owner"`
			CreateTime num              `json:"create_time"`
			Notice     text             `json:"notice"`
			MemberList rows[wireMember] `json:"member_list"`
		} `json:"group_chat"`
	}
	body := map[string]any{"chat_id": chatID, "need_name": 1}
	if err := c.call(ctx, request{op: op, secret: secretApp, body: body}, &answer); err != nil {
		return directory.Group{}, err
	}
	chat := answer.GroupChat
	if chat.ChatID == "" {
		return directory.Group{}, &Error{Op: op, Class: ClassObject, Message: "the answer has no group"}
	}
	g := directory.Group{
		RoomID:    chatID,
		Name:      string(chat.Name),
		Owner:     personid.Key(string(chat.Owner)),
		External:  true,
		Notice:    string(chat.Notice),
		CreatedAt: chat.CreateTime.unix(),
	}
	for _, m := range chat.MemberList.items {
		g.Members = appendMember(g.Members, m)
	}
	return g, nil
}

// wireMember is a member of either kind of group.
type wireMember struct {
	UserID        text `json:"userid"`   // customer groups
	MemberID      text `json:"memberid"` // internal groups
	Name          text `json:"name"`
	GroupNickname text `json:"group_nickname"`
	JoinTime      num  `json:"join_time"` // customer groups
	JoinTimeOld   num  `json:"jointime"`  // internal groups
}

func appendMember(members []directory.GroupMember, m wireMember) []directory.GroupMember {
	id := string(m.UserID + m.MemberID)
	if id == "" {
		return members
	}
	return append(members, directory.GroupMember{
		Person:   personid.Key(id),
		Nickname: string(m.GroupNickname),
		Name:     string(m.Name),
		JoinedAt: max(m.JoinTime, m.JoinTimeOld).unix(),
	})
}
