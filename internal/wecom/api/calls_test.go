package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/directory"
	"huicun/internal/fault"
)

// equalJSON compares two JSON texts by value.
func equalJSON(t *testing.T, want, got string) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestDepartments(t *testing.T) {
	f := newFake(t)
	f.on("department/list",
		say(`{"errcode":0,"errmsg":"ok","department":[
			{"id":1,"name":"星河家居","parentid":0,"order":100000000},
			{"id":"12","name":"华东销售部","name_en":"Sales East","department_leader":["ZhouMingkai"],"parentid":"1","order":4294967295,"new":{}}]}`),
		say(`{"errmsg":"ok"}`),
		say(`{"department":[{"id":1,"name":"a"},7]}`))
	c, _ := f.client()
	got, err := c.Departments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []directory.Department{
		{ID: 1, Name: "星河家居", Order: 100000000},
		{ID: 12, ParentID: 1, Name: "华东销售部", Order: 4294967295},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Departments (-want +got):\n%s", diff)
	}
	if got, err = c.Departments(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("missing array: %v, %v, want empty", got, err)
	}
	_, err = c.Departments(t.Context())
	wantError(t, err, ClassRefused, 0)
}

func TestMembers(t *testing.T) {
	f := newFake(t)
	f.on("user/list", say(`{"errcode":0,"errmsg":"ok","userlist":[
		{"userid":"LinXiaoyu","name":"林晓雨","department":[12,"30"],"order":[1,2],"position":"客户顾问","is_leader_in_dept":[0,1],
		 "alias":"晓雨","status":1,"main_department":12,"gender":"2","extattr":{"attrs":[]},"avatar":"https://wework.qpic.cn/0"},
		{"userid":"zhoumingkai","name":"","department":null,"is_leader_in_dept":[1],"status":"5","thumb_avatar":"https://t"},
		{"userid":"NUL","name":"a\u0000b","department":{}},
		{"name":"nobody"},
		"odd"]}`))
	c, _ := f.client()
	got, err := c.Members(t.Context(), 12)
	if err != nil {
		t.Fatal(err)
	}
	want := directory.Batch[directory.Employee]{
		Bad: 2,
		Items: []directory.Employee{
			{
				Person: "linxiaoyu", UserID: "LinXiaoyu", Name: "林晓雨", Alias: "晓雨", Position: "客户顾问", Avatar: "https://wework.qpic.cn/0",
				MainDepartment: 12, Status: 1, Departments: []directory.Membership{{DepartmentID: 12}, {DepartmentID: 30, Leader: true}},
			},
			{Person: "zhoumingkai", UserID: "zhoumingkai", Name: "zhoumingkai", Avatar: "https://t", Status: 5},
			{Person: "nul", UserID: "NUL", Name: "ab", Status: 1},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Members (-want +got):\n%s", diff)
	}
	if h := f.calls("user/list")[0]; h.query.Get("department_id") != "12" || h.method != "GET" {
		t.Errorf("request %s %v", h.method, h.query)
	}
}

func TestEmployee(t *testing.T) {
	f := newFake(t)
	f.on("user/get", say(`{"errcode":0,"userid":"A&b=1","name":"甲"}`), code(60111, "userid not found"), say(`{"errcode":0}`))
	c, _ := f.client()
	got, err := c.Employee(t.Context(), "A&b=1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(directory.Employee{Person: "a&b=1", UserID: "A&b=1", Name: "甲", Status: 1}, got); diff != "" {
		t.Errorf("Employee (-want +got):\n%s", diff)
	}
	if id := f.calls("user/get")[0].query.Get("userid"); id != "A&b=1" {
		t.Errorf("asked for %q", id)
	}
	_, err = c.Employee(t.Context(), "gone")
	wantError(t, err, ClassObject, 60111)
	_, err = c.Employee(t.Context(), "odd")
	wantError(t, err, ClassObject, 0)
}

func TestMemberIDsMergesPages(t *testing.T) {
	f := newFake(t)
	f.on("user/list_id",
		say(`{"next_cursor":"c1","dept_user":[{"userid":"A","department":1},{"userid":"B","department":1}]}`),
		say(`{"next_cursor":"c2"}`),
		say(`{"next_cursor":"","dept_user":[{"userid":"a","department":2},{"userid":"C","department":2}]}`))
	c, _ := f.client()
	got, err := c.MemberIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"A", "B", "C"}, got); diff != "" {
		t.Errorf("MemberIDs (-want +got):\n%s", diff)
	}
	equalJSON(t, `{"cursor":"c2","limit":10000}`, f.calls("user/list_id")[2].body)
}

func TestPagesStopAtACursorThatStands(t *testing.T) {
	f := newFake(t)
	f.on("user/list_id", say(`{"next_cursor":"same","dept_user":[{"userid":"A"}]}`))
	c, _ := f.client()
	_, err := c.MemberIDs(t.Context())
	wantError(t, err, ClassRefused, 0)
}

func TestCustomersOf(t *testing.T) {
	const op = "externalcontact/batch/get_by_user"
	f := newFake(t)
	f.on(op,
		say(`{"errcode":0,"external_contact_list":[
			{"external_contact":{"external_userid":"wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw","name":"陈先生","type":1,"gender":"1","avatar":"https://wx/0","unionid":"oU"},
			 "follow_info":{"userid":"LinXiaoyu","remark":"陈先生-滨江三期","description":"整屋定制","createtime":"1767240000","tag_id":["etT1"],
			  "remark_mobiles":["13000000000"],"oper_userid":"LinXiaoyu","add_way":1,"state":"store07"}},
			{"external_contact":[],"follow_info":{"userid":"LinXiaoyu"}},
			{"external_contact":{"name":"no id"},"follow_info":{"userid":"LinXiaoyu"}}],
			"next_cursor":"p2","fail_info":{"unlicensed_userid_list":["HeRuoxi"]}}`),
		say(`{"errcode":0,"external_contact_list":null,"next_cursor":"p3"}`),
		say(`{"errcode":0,"external_contact_list":[
			{"external_contact":{"external_userid":"woQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw","name":"李","type":2,"corp_full_name":"某公司","position":"采购"},
			 "follow_info":{"userid":"ZhouMingkai"}}],"next_cursor":""}`))
	c, _ := f.client()
	got, err := c.CustomersOf(t.Context(), []string{"LinXiaoyu", "ZhouMingkai", "HeRuoxi"})
	if err != nil {
		t.Fatal(err)
	}
	want := directory.Relations{Skipped: []string{"HeRuoxi"}}
	want.Bad = 2
	want.Items = []directory.Relation{
		{
			Customer: directory.Customer{
				Person: "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", ExternalUserID: "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw",
				Name: "陈先生", Type: 1, Gender: 1, Avatar: "https://wx/0", UnionID: "oU",
			},
			Follow: directory.Follow{
				Employee: "linxiaoyu", Customer: "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", Remark: "陈先生-滨江三期", Description: "整屋定制",
				AddedAt: time.Unix(1767240000, 0).UTC(), AddWay: 1, Source: "store07", OperUserID: "LinXiaoyu", Mobiles: []string{"13000000000"},
			},
			TagIDs: []string{"etT1"},
		},
		{
			Customer: directory.Customer{
				Person: "woQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", ExternalUserID: "woQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw",
				Name: "李", Type: 2, CorpName: "某公司", Position: "采购",
			},
			Follow: directory.Follow{Employee: "zhoumingkai", Customer: "woQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", Mobiles: []string{}},
			TagIDs: []string{},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CustomersOf (-want +got):\n%s", diff)
	}
	equalJSON(t, `{"userid_list":["LinXiaoyu","ZhouMingkai","HeRuoxi"],"cursor":"p3","limit":100}`, f.calls(op)[2].body)

	f.on(op, code(701008, "no licence"))
	got, err = c.CustomersOf(t.Context(), []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(directory.Relations{Skipped: []string{"A", "B"}}, got); diff != "" {
		t.Errorf("nobody licensed (-want +got):\n%s", diff)
	}
	if _, err := c.CustomersOf(t.Context(), make([]string, 101)); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("101 employees: %v, want invalid", err)
	}
}

func TestCustomer(t *testing.T) {
	const op = "externalcontact/get"
	f := newFake(t)
	f.on(op,
		say(`{"errcode":0,"external_contact":{"external_userid":"wmA","name":"陈"},"next_cursor":"n/+=",
			"follow_user":[{"userid":"A","tags":[{"group_name":"意向度","tag_name":"高","tag_id":"et1","type":1},{"tag_name":"","type":2}]}]}`),
		say(`{"errcode":0,"external_contact":{"external_userid":"wmA","name":"陈"},"follow_user":[{"userid":"B"}]}`),
		code(84061, "not external contact"),
		say(`{"errcode":0}`))
	c, _ := f.client()
	got, err := c.Customer(t.Context(), "wmA")
	if err != nil {
		t.Fatal(err)
	}
	customer := directory.Customer{Person: "wma", ExternalUserID: "wmA", Name: "陈"}
	want := []directory.Relation{
		{Customer: customer, Follow: directory.Follow{Employee: "a", Customer: "wma", Tags: []string{"高"}, Mobiles: []string{}}, TagIDs: []string{}},
		{Customer: customer, Follow: directory.Follow{Employee: "b", Customer: "wma", Mobiles: []string{}}, TagIDs: []string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Customer (-want +got):\n%s", diff)
	}
	if cursor := f.calls(op)[1].query.Get("cursor"); cursor != "n/+=" {
		t.Errorf("cursor %q", cursor)
	}
	_, err = c.Customer(t.Context(), "wmB")
	wantError(t, err, ClassObject, 84061)
	_, err = c.Customer(t.Context(), "wmC")
	wantError(t, err, ClassObject, 0)
}

func TestTags(t *testing.T) {
	f := newFake(t)
	f.on("externalcontact/get_corp_tag_list", say(`{"tag_group":[{"group_id":"g","tag":[{"id":"et1","name":"高"},{"id":"et2","name":"低"}]},{"tag":null}]}`))
	c, _ := f.client()
	got, err := c.Tags(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"et1": "高", "et2": "低"}, got); diff != "" {
		t.Errorf("Tags (-want +got):\n%s", diff)
	}
}

func TestGroupIDs(t *testing.T) {
	const op = "externalcontact/groupchat/list"
	f := newFake(t)
	f.on(op, say(`{"group_chat_list":[{"chat_id":"wr1","status":0}],"next_cursor":"x"}`), say(`{"group_chat_list":[{"chat_id":"wr2"},{}]}`))
	c, _ := f.client()
	got, err := c.GroupIDs(t.Context(), []string{"LinXiaoyu"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"wr1", "wr2"}, got); diff != "" {
		t.Errorf("GroupIDs (-want +got):\n%s", diff)
	}
	equalJSON(t, `{"status_filter":0,"owner_filter":{"userid_list":["LinXiaoyu"]},"cursor":"x","limit":1000}`, f.calls(op)[1].body)
	if _, err := c.GroupIDs(t.Context(), nil); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("no owners: %v, want invalid", err)
	}
}

func TestGroup(t *testing.T) {
	const customerOp, internalOp = "externalcontact/groupchat/get", "msgaudit/groupchat/get"
	customer := say(`{"errcode":0,"group_chat":{"chat_id":"wr1","name":"滨江三期业主群","owner":"LinXiaoyu","create_time":1767240000,"notice":"n",
		"member_list":[{"userid":"LinXiaoyu","type":1,"join_time":1767240000,"name":"林晓雨","group_nickname":"小林"},
			{"userid":"wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw","type":2,"join_time":1767240360,"name":"陈先生"},{}]}}`)
	internal := say(`{"errcode":0,"roomname":"华东门店周会","creator":"ZhouMingkai","room_create_time":1767100000,
		"members":[{"memberid":"ZhouMingkai","jointime":1767100000}]}`)
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	customerGroup := directory.Group{
		RoomID: "wr1", Name: "滨江三期业主群", Owner: "linxiaoyu", External: true, Notice: "n", CreatedAt: at(1767240000),
		Members: []directory.GroupMember{
			{Person: "linxiaoyu", Nickname: "小林", Name: "林晓雨", JoinedAt: at(1767240000)},
			{Person: "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", Name: "陈先生", JoinedAt: at(1767240360)},
		},
	}
	internalGroup := directory.Group{
		RoomID: "wr1", Name: "华东门店周会", Owner: "zhoumingkai", CreatedAt: at(1767100000),
		Members: []directory.GroupMember{{Person: "zhoumingkai", JoinedAt: at(1767100000)}},
	}
	for _, tt := range []struct {
		name               string
		customer, internal answer
		want               directory.Group
		class              Class
		code               int
	}{
		{"customer group", customer, nil, customerGroup, "", 0},
		{"internal group", code(90500, "no such group"), internal, internalGroup, "", 0},
		{"neither", code(84061, "no"), code(301059, "not internal"), directory.Group{}, ClassObject, 84061},
		{"archive expired", code(40058, "no"), code(301052, "expired"), directory.Group{}, ClassConfig, 301052},
		{"WeCom is down", status(503), nil, directory.Group{}, ClassUnavailable, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.on(customerOp, tt.customer)
			if tt.internal != nil {
				f.on(internalOp, tt.internal)
			}
			c, _ := f.client()
			got, err := c.Group(t.Context(), "wr1")
			if tt.class != "" {
				wantError(t, err, tt.class, tt.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Group (-want +got):\n%s", diff)
			}
			equalJSON(t, `{"chat_id":"wr1","need_name":1}`, f.calls(customerOp)[0].body)
		})
	}
}

func TestPermittedUsers(t *testing.T) {
	f := newFake(t)
	f.on("msgaudit/get_permit_user_list", say(`{"ids":["LinXiaoyu"]}`), code(301053, "not open"))
	c, _ := f.client()
	got, err := c.PermittedUsers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"LinXiaoyu"}, got); diff != "" {
		t.Errorf("PermittedUsers (-want +got):\n%s", diff)
	}
	equalJSON(t, `{}`, f.calls("msgaudit/get_permit_user_list")[0].body)
	_, err = c.PermittedUsers(t.Context())
	wantError(t, err, ClassConfig, 301053)
}

func TestConsent(t *testing.T) {
	f := newFake(t)
	f.on("msgaudit/check_single_agree", say(`{"agreeinfo":[
		{"status_change_time":1767240120,"userid":"LinXiaoyu","exteranalopenid":"wmA","agree_status":"Agree"},{"userid":"X"}]}`))
	f.on("msgaudit/check_room_agree", say(`{"agreeinfo":[{"status_change_time":0,"exteranalopenid":"wmA","agree_status":"Disagree"}]}`))
	c, _ := f.client()
	single, err := c.SingleAgree(t.Context(), []Pair{{"LinXiaoyu", "wmA"}, {"X", "wmB"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Consent{{Employee: "linxiaoyu", Customer: "wma", Status: "Agree", ChangedAt: time.Unix(1767240120, 0).UTC()}}
	if diff := cmp.Diff(want, single); diff != "" {
		t.Errorf("SingleAgree (-want +got):\n%s", diff)
	}
	equalJSON(t, `{"info":[{"userid":"LinXiaoyu","exteranalopenid":"wmA"},{"userid":"X","exteranalopenid":"wmB"}]}`, f.calls("msgaudit/check_single_agree")[0].body)
	room, err := c.RoomAgree(t.Context(), "wr1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Consent{{Customer: "wma", Status: "Disagree"}}, room); diff != "" {
		t.Errorf("RoomAgree (-want +got):\n%s", diff)
	}
	if _, err := c.SingleAgree(t.Context(), nil); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("no pairs: %v, want invalid", err)
	}
}

func TestRobotInfo(t *testing.T) {
	f := newFake(t)
	f.on("msgaudit/get_robot_info", say(`{"data":{"robot_id":"wbQ","name":"日报助手","creator_userid":"ZhouMingkai"}}`), say(`{"data":null}`))
	c, _ := f.client()
	got, err := c.Robot(t.Context(), "wbQ")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(directory.Robot{ID: "wbQ", Name: "日报助手", Creator: "zhoumingkai"}, got); diff != "" {
		t.Errorf("Robot (-want +got):\n%s", diff)
	}
	_, err = c.Robot(t.Context(), "wbZ")
	wantError(t, err, ClassObject, 0)
}
