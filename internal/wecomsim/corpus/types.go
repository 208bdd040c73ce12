package corpus

// Department is one entry of department/list (server-api.md 6.1).
type Department struct {
	ID       uint32   `json:"id"`
	Name     string   `json:"name"`
	NameEn   string   `json:"name_en"`
	Leaders  []string `json:"department_leader"` // userids
	ParentID uint32   `json:"parentid"`          // 0 for the root
	Order    uint32   `json:"order"`             // the larger comes first
}

// User is one member as user/get delivers it to an app created after
// 2022-06-20: without avatar, mobile and mail (server-api.md 6.2).
type User struct {
	UserID           string          `json:"userid"`
	Name             string          `json:"name"`
	Department       []uint32        `json:"department"`
	Order            []uint32        `json:"order"`
	Position         string          `json:"position"`
	IsLeaderInDept   []int           `json:"is_leader_in_dept"` // 1 = leader, same index as Department
	DirectLeader     []string        `json:"direct_leader"`     // at most one
	Alias            string          `json:"alias"`
	Telephone        string          `json:"telephone"`
	Status           int             `json:"status"` // 1 active, 5 left the corp
	MainDepartment   uint32          `json:"main_department"`
	ExtAttr          ExtAttr         `json:"extattr"`
	ExternalPosition string          `json:"external_position"`
	ExternalProfile  ExternalProfile `json:"external_profile"`
	OpenUserID       string          `json:"open_userid"`

	DimissionTime int64 `json:"-"` // Unix seconds when the member left; 0 while employed
	Archived      bool  `json:"-"` // chats are or were archived; Permitted leaves leavers out
	HasCustomers  bool  `json:"-"` // may use customer contact (get_follow_user_list)
}

// ExtAttr holds the free attributes of a member.
type ExtAttr struct {
	Attrs []Attr `json:"attrs"`
}

// Attr is one free attribute of kind text.
type Attr struct {
	Type int      `json:"type"` // 0 = text
	Name string   `json:"name"`
	Text AttrText `json:"text"`
}

// AttrText is the value of a text attribute.
type AttrText struct {
	Value string `json:"value"`
}

// ExternalProfile is what customers see of a member.
type ExternalProfile struct {
	CorpName string `json:"external_corp_name"`
	Attrs    []Attr `json:"external_attr"`
}

// ExternalContact is the answer of externalcontact/get: a customer and who
// follows him (server-api.md 7.3).
type ExternalContact struct {
	Contact     Contact      `json:"external_contact"`
	FollowUsers []FollowUser `json:"follow_user"`
}

// Contact is the customer himself.
type Contact struct {
	ExternalUserID string `json:"external_userid"`
	Name           string `json:"name"` // WeChat nickname, or name of a WeCom user
	Type           int    `json:"type"` // 1 WeChat, 2 WeCom of another corp
	Gender         int    `json:"gender"`
	Avatar         string `json:"avatar"`
	Position       string `json:"position,omitempty"`       // type 2 only
	CorpName       string `json:"corp_name,omitempty"`      // type 2 only
	CorpFullName   string `json:"corp_full_name,omitempty"` // type 2 only
	UnionID        string `json:"unionid,omitempty"`        // type 1 only
}

// FollowUser is one employee's relation with a customer.
type FollowUser struct {
	UserID         string   `json:"userid"`
	Remark         string   `json:"remark"`
	Description    string   `json:"description"`
	CreateTime     int64    `json:"createtime"` // Unix seconds
	Tags           []Tag    `json:"tags"`
	RemarkCorpName string   `json:"remark_corp_name"`
	RemarkMobiles  []string `json:"remark_mobiles"`
	OperUserID     string   `json:"oper_userid"`
	AddWay         int      `json:"add_way"`
	State          string   `json:"state"`

	AgreeStatus string `json:"-"` // "Agree" or "Disagree" (msgaudit/check_single_agree)
	AgreeTime   int64  `json:"-"` // Unix seconds of the last change
}

// Tag is a tag that an employee gave a customer.
type Tag struct {
	GroupName string `json:"group_name"`
	TagName   string `json:"tag_name"`
	TagID     string `json:"tag_id,omitempty"` // absent on personal tags
	Type      int    `json:"type"`             // 1 corp tag, 2 personal tag
}

// TagGroup is one entry of get_corp_tag_list (server-api.md 10).
type TagGroup struct {
	GroupID    string    `json:"group_id"`
	GroupName  string    `json:"group_name"`
	CreateTime int64     `json:"create_time"`
	Order      uint32    `json:"order"`
	Deleted    bool      `json:"deleted"`
	Tags       []CorpTag `json:"tag"`
}

// CorpTag is one tag of a TagGroup.
type CorpTag struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	CreateTime int64  `json:"create_time"`
	Order      uint32 `json:"order"`
	Deleted    bool   `json:"deleted"`
}

// GroupChat is a group. Customer groups are what externalcontact/groupchat/get
// answers; Internal ones are known to msgaudit/groupchat/get only.
type GroupChat struct {
	Internal      bool          `json:"internal"`
	ChatID        string        `json:"chat_id"` // roomid of the archive
	Name          string        `json:"name"`
	Owner         string        `json:"owner"`
	CreateTime    int64         `json:"create_time"` // Unix seconds
	Notice        string        `json:"notice"`
	MemberList    []GroupMember `json:"member_list"`
	AdminList     []GroupAdmin  `json:"admin_list"`
	MemberVersion string        `json:"member_version"`
}

// GroupMember is one member of a group.
type GroupMember struct {
	UserID        string        `json:"userid"`
	Type          int           `json:"type"` // 1 employee, 2 external
	UnionID       string        `json:"unionid,omitempty"`
	JoinTime      int64         `json:"join_time"`
	JoinScene     int           `json:"join_scene"` // 1 invited, 2 link, 3 QR code
	Invitor       *GroupInvitor `json:"invitor,omitempty"`
	Name          string        `json:"name"`
	GroupNickname string        `json:"group_nickname"`
	State         string        `json:"state,omitempty"`

	LeaveTime int64 `json:"-"` // Unix seconds when a leaver dropped out; 0 while in the group
}

// GroupInvitor is who invited a member.
type GroupInvitor struct {
	UserID string `json:"userid"`
}

// GroupAdmin is one administrator of a group.
type GroupAdmin struct {
	UserID string `json:"userid"`
}

// Robot is a group robot (msgaudit/get_robot_info).
type Robot struct {
	RobotID       string `json:"robot_id"`
	Name          string `json:"name"`
	CreatorUserID string `json:"creator_userid"`
}
