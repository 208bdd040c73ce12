package api

import (
	"context"
	"net/url"
	"time"

	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/personid"
)

// PermittedUsers gives the userids that are archived now: paid for and inside
// the archive's scope.
// Source: developer.work.weixin.qq.com/document/path/91614.
func (c *Client) PermittedUsers(ctx context.Context) ([]string, error) {
	var answer struct {
		IDs rows[text] `json:"ids"`
	}
	body := struct{}{} // no type: all editions
	if err := c.call(ctx, request{op: "msgaudit/get_permit_user_list", secret: secretArchive, body: body}, &answer); err != nil {
		return nil, err
	}
	return strs(answer.IDs), nil
}

// Consent says whether a customer agreed to be archived. A pair that WeCom
// leaves out of its answer was never asked: that is unknown, not refused.
type Consent struct {
	Employee  string    // person; "" in a group
	Customer  string    // person
	Status    string    // Agree, Disagree, or what WeCom adds
	ChangedAt time.Time // UTC; zero when unknown
}

// Pair is an employee and a customer, as WeCom spells their ids.
type Pair struct {
	UserID         string
	ExternalUserID string
}

type wireConsent struct {
	UserID text `json:"userid"`
	// The key is misspelt on the wire, in requests and answers.
	ExternalOpenID   text `json:"exteranalopenid"`
	AgreeStatus      text `json:"agree_status"`
	StatusChangeTime num  `json:"status_change_time"`
}

func (w wireConsent) consent() Consent {
	return Consent{
		Employee:  personid.Key(string(w.UserID)),
		Customer:  personid.Key(string(w.ExternalOpenID)),
		Status:    string(w.AgreeStatus),
		ChangedAt: w.StatusChangeTime.unix(),
	}
}

// SingleAgree gives the consent of at most 100 pairs.
// Source: developer.work.weixin.qq.com/document/path/91782.
func (c *Client) SingleAgree(ctx context.Context, pairs []Pair) ([]Consent, error) {
	if len(pairs) == 0 || len(pairs) > maxBlock {
		return nil, fault.Invalid("pairs", "must be 1 to %d", maxBlock)
	}
	info := make([]map[string]string, len(pairs))
	for i, p := range pairs {
		info[i] = map[string]string{"userid": p.UserID, "exteranalopenid": p.ExternalUserID}
	}
	return c.agree(ctx, "msgaudit/check_single_agree", map[string]any{"info": info})
}

// RoomAgree gives the consent of the customers in one customer group.
// Source: developer.work.weixin.qq.com/document/path/91782.
func (c *Client) RoomAgree(ctx context.Context, roomid string) ([]Consent, error) {
	return c.agree(ctx, "msgaudit/check_room_agree", map[string]any{"roomid": roomid})
}

func (c *Client) agree(ctx context.Context, op string, body any) ([]Consent, error) {
	var answer struct {
		AgreeInfo rows[wireConsent] `json:"agreeinfo"`
	}
	if err := c.call(ctx, request{op: op, secret: secretArchive, body: body}, &answer); err != nil {
		return nil, err
	}
	out := make([]Consent, 0, len(answer.AgreeInfo.items))
	for _, w := range answer.AgreeInfo.items {
		if w.ExternalOpenID != "" {
			out = append(out, w.consent())
		}
	}
	return out, nil
}

// InternalGroup gives a group that has no customers. ClassObject: it is a
// customer group, or unknown.
// Source: developer.work.weixin.qq.com/document/path/92951.
func (c *Client) InternalGroup(ctx context.Context, roomid string) (directory.Group, error) {
	var answer struct {
		RoomName       text             `json:"roomname"`
		Creator        text             `json:"creator"`
		RoomCreateTime num              `json:"room_create_time"`
		Notice         text             `json:"notice"`
		Members        rows[wireMember] `json:"members"`
	}
	r := request{op: "msgaudit/groupchat/get", secret: secretArchive, body: map[string]string{"roomid": roomid}}
	if err := c.call(ctx, r, &answer); err != nil {
		return directory.Group{}, err
	}
	g := directory.Group{
		RoomID:    roomid,
		Name:      string(answer.RoomName),
		Owner:     personid.Key(string(answer.Creator)),
		Notice:    string(answer.Notice),
		CreatedAt: answer.RoomCreateTime.unix(),
	}
	for _, m := range answer.Members.items {
		g.Members = appendMember(g.Members, m)
	}
	return g, nil
}

// Robot gives a group robot by its id. ClassObject: WeCom knows none.
func (c *Client) Robot(ctx context.Context, robotID string) (directory.Robot, error) {
	const op = "msgaudit/get_robot_info"
	var answer struct {
		Data struct {
			RobotID       text `json:"robot_id"`
			Name          text `json:"name"`
			CreatorUserID text `json:"creator_userid"`
		} `json:"data"`
	}
	query := url.Values{"robot_id": {robotID}}
	if err := c.call(ctx, request{op: op, secret: secretArchive, query: query}, &answer); err != nil {
		return directory.Robot{}, err
	}
	if answer.Data.RobotID == "" {
		return directory.Robot{}, &Error{Op: op, Class: ClassObject, Message: "the answer has no robot"}
	}
	return directory.Robot{
		ID:      string(answer.Data.RobotID),
		Name:    string(answer.Data.Name),
		Creator: personid.Key(string(answer.Data.CreatorUserID)),
	}, nil
}
