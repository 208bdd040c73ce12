package wecomsim

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTokensBelongToSecrets(t *testing.T) {
	t.Parallel()
	now := newClock()
	cfg := testConfig(t)
	cfg.Now, cfg.ArchiveSecret = now.now, "SECRET-for/test+x="
	s := start(t, cfg)
	base := s.URL() + "/cgi-bin/"

	if a, b := tokenOf(t, s, cfg.AppSecret), tokenOf(t, s, cfg.AppSecret); a != b {
		t.Error("gettoken gives another token within the validity")
	}
	tokens := map[string]bool{}
	for _, secret := range []string{cfg.ArchiveSecret, cfg.AppSecret, cfg.ContactSecret} {
		tokens[tokenOf(t, s, secret)] = true
	}
	if len(tokens) != 3 {
		t.Errorf("%d different tokens for 3 secrets", len(tokens))
	}
	appToken := tokenOf(t, s, cfg.AppSecret)
	for _, tt := range []struct {
		name, path string
		want       int
	}{
		{"as the SDK sends it", "gettoken?corpid=" + cfg.CorpID + "&corpsecret=SECRET-for/test+x=", 0},
		{"escaped", "gettoken?corpid=" + cfg.CorpID + "&corpsecret=SECRET-for%2Ftest%2Bx%3D", 0},
		{"wrong corp", "gettoken?corpid=wwother&corpsecret=" + cfg.AppSecret, 40013},
		{"wrong secret", "gettoken?corpid=" + cfg.CorpID + "&corpsecret=no", 40001},
		{"no secret", "gettoken?corpid=" + cfg.CorpID, 40001},
		{"no token", "department/list", 41001},
		{"empty token", "department/list?access_token=", 41001},
		{"unknown token", "department/list?access_token=abc", 40014},
		{"app token for the directory", "department/list?access_token=" + appToken, 0},
		{"app token for list_id", "user/list_id?access_token=" + appToken, 40066},
		{"unknown path", "no/such/call?access_token=" + appToken, 40066},
	} {
		if _, a := request(t, http.MethodGet, base+tt.path, ""); a.code() != tt.want {
			t.Errorf("%s: errcode = %d, want %d", tt.name, a.code(), tt.want)
		}
	}
	now.move(2*time.Hour + time.Second)
	if _, a := request(t, http.MethodGet, base+"department/list?access_token="+appToken, ""); a.code() != 42001 {
		t.Errorf("expired token: errcode = %d, want 42001", a.code())
	}
	fresh := tokenOf(t, s, cfg.AppSecret)
	if status, _ := request(t, http.MethodPost, s.URL()+"/sim/tokens/revoke", ""); status != http.StatusOK {
		t.Fatalf("revoke: status %d", status)
	}
	if _, a := request(t, http.MethodGet, base+"department/list?access_token="+fresh, ""); a.code() != 40014 {
		t.Errorf("revoked token: errcode = %d, want 40014", a.code())
	}
}

func TestSecretsOpenTheirCallsOnly(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for _, tt := range []struct {
		secret, path, body string
		want               int
	}{
		{s.cfg.AppSecret, "msgaudit/get_permit_user_list", "{}", 48002},
		{s.cfg.AppSecret, "message/getchatdata", "{}", 48002},
		{s.cfg.AppSecret, "message/getchatmediadata", "{}", 48002},
		{s.cfg.AppSecret, "user/list_id", "{}", 48002},
		{s.cfg.ContactSecret, "user/list_id", "{}", 0},
		{s.cfg.ContactSecret, "department/simplelist", "", 0},
		{s.cfg.ContactSecret, "user/get?userid=LinXiaoyu", "", 48002},
		{s.cfg.ArchiveSecret, "department/list", "", 48002},
		{s.cfg.ArchiveSecret, "message/send", "{}", 48002},
		{s.cfg.ArchiveSecret, "getcallbackip", "", 0},
	} {
		if a := callAs(t, s, tt.secret, tt.path, tt.body); a.code() != tt.want {
			t.Errorf("%s with %.12s…: errcode = %d, want %d", tt.path, tt.secret, a.code(), tt.want)
		}
	}
}

// field is a way into an answer: keys and, for lists, "*".
func field(v any, path ...string) any {
	for i, p := range path {
		if p == "*" {
			list, _ := v.([]any)
			out := make([]any, len(list))
			for j, x := range list {
				out[j] = field(x, path[i+1:]...)
			}
			return out
		}
		switch m := v.(type) {
		case answerOf:
			v = m[p]
		case map[string]any:
			v = m[p]
		default:
			return nil
		}
	}
	return v
}

func TestDirectoryCalls(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	app, archive, contact := s.cfg.AppSecret, s.cfg.ArchiveSecret, s.cfg.ContactSecret
	list := func(v ...any) any { return v }
	const chen, wang = "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", "wmQx7kDAAAc91fWqXz0sKdMvRtLp4YbE"
	const customers, internal = "wrQx7kDAAAv8Zp1LmN4oRtYbXeKcJqSd", "wrQx7kDAAAm3Kc0TnWvEoPzUyXaLbHdF"
	for _, tt := range []struct {
		name, secret, path, body string
		code                     int
		at                       []string
		want                     any
	}{
		{"all departments", app, "department/list", "", 0, []string{"department", "*", "id"}, list(1., 12., 30., 40.)},
		{"a subtree", app, "department/simplelist?id=12", "", 0, []string{"department_id", "*", "id"}, list(12., 30.)},
		{"simple rows have no name", app, "department/simplelist?id=30", "", 0, []string{"department_id", "*", "name"}, list(nil)},
		{"one department", app, "department/get?id=12", "", 0, []string{"department", "name"}, "华东销售部"},
		{"unknown department", app, "department/get?id=99", "", 60123, nil, nil},
		{"odd department", app, "department/list?id=x", "", 40058, nil, nil},
		{"direct members only, no leavers", app, "user/list?department_id=12", "", 0, []string{"userlist", "*", "userid"}, list("LinXiaoyu", "ZhouMingkai")},
		{"simple members", app, "user/simplelist?department_id=30", "", 0, []string{"userlist", "*", "position"}, list(nil)},
		{"members of an unknown department", app, "user/list?department_id=99", "", 60123, nil, nil},
		{"a member in another case", app, "user/get?userid=linxiaoyu", "", 0, []string{"userid"}, "LinXiaoyu"},
		{"fields as in the file", app, "user/get?userid=LinXiaoyu", "", 0, []string{"mobile"}, "13000000000"},
		{"a leaver", app, "user/get?userid=HeRuoxi", "", 60111, nil, nil},
		{"nobody", app, "user/get?userid=Nobody", "", 60111, nil, nil},
		{"pairs", contact, "user/list_id", "{}", 0, []string{"dept_user", "*", "userid"}, list("LinXiaoyu", "LinXiaoyu", "ZhouMingkai", "YinHong")},
		{"pairs limit", contact, "user/list_id", `{"limit":10001}`, 40058, nil, nil},
		{"follow users", app, "externalcontact/get_follow_user_list", "", 0, []string{"follow_user"}, list("LinXiaoyu", "ZhouMingkai", "YinHong")},
		{"customers", app, "externalcontact/list?userid=LinXiaoyu", "", 0, []string{"external_userid"}, list(chen)},
		{"no customers", app, "externalcontact/list?userid=YinHong", "", 84061, nil, nil},
		{"customers of nobody", app, "externalcontact/list?userid=Nobody", "", 60111, nil, nil},
		{"a customer", app, "externalcontact/get?external_userid=" + chen, "", 0, []string{"follow_user", "*", "userid"}, list("LinXiaoyu", "ZhouMingkai")},
		{"unknown fields are served", app, "externalcontact/get?external_userid=" + chen, "", 0, []string{"external_contact", "unknown_field"}, "kept"},
		{"a leaver's customer", app, "externalcontact/get?external_userid=" + wang, "", 84061, nil, nil},
		{"no customer", app, "externalcontact/get?external_userid=wmNobody", "", 84061, nil, nil},
		{"no id", app, "externalcontact/get", "", 40096, nil, nil},
		{
			"batch has tags by id", app, "externalcontact/batch/get_by_user", `{"userid_list":["LinXiaoyu","ZhouMingkai"]}`, 0,
			[]string{"external_contact_list", "*", "follow_info", "tag_id"},
			list(list("etTag1"), list()),
		},
		{"batch of nobody", app, "externalcontact/batch/get_by_user", `{"userid_list":[]}`, 40058, nil, nil},
		{"batch limit", app, "externalcontact/batch/get_by_user", `{"userid_list":["LinXiaoyu"],"limit":101}`, 40058, nil, nil},
		{"wrong JSON", app, "externalcontact/batch/get_by_user", `{"userid_list":`, 40058, nil, nil},
		{"wrong type", app, "externalcontact/batch/get_by_user", `{"userid_list":"LinXiaoyu"}`, 40058, nil, nil},
		{"customer groups of members", app, "externalcontact/groupchat/list", `{"limit":100}`, 0, []string{"group_chat_list", "*", "chat_id"}, list(customers)},
		{
			"groups of a leaver need the filter", app, "externalcontact/groupchat/list", `{"limit":100,"owner_filter":{"userid_list":["HeRuoxi"]}}`, 0,
			[]string{"group_chat_list", "*", "status"},
			list(1.),
		},
		{"groups without limit", app, "externalcontact/groupchat/list", `{"status_filter":0}`, 40058, nil, nil},
		{"a group", app, "externalcontact/groupchat/get", `{"chat_id":"` + customers + `","need_name":1}`, 0, []string{"group_chat", "member_list", "*", "name"}, list("林晓雨", "陈先生")},
		{"a group without names", app, "externalcontact/groupchat/get", `{"chat_id":"` + customers + `"}`, 0, []string{"group_chat", "member_list", "*", "name"}, list(nil, nil)},
		{"an internal group is none", app, "externalcontact/groupchat/get", `{"chat_id":"` + internal + `"}`, 40058, nil, nil},
		{"an internal group", archive, "msgaudit/groupchat/get", `{"roomid":"` + internal + `"}`, 0, []string{"members", "*", "memberid"}, list("ZhouMingkai", "LinXiaoyu")},
		{"a customer group is not internal", archive, "msgaudit/groupchat/get", `{"roomid":"` + customers + `"}`, 301059, nil, nil},
		{"permitted", archive, "msgaudit/get_permit_user_list", `{"type":3}`, 0, []string{"ids"}, list("LinXiaoyu", "ZhouMingkai")},
		{"permitted in no edition", archive, "msgaudit/get_permit_user_list", `{"type":1}`, 0, []string{"ids"}, list()},
		{
			"consent of known pairs only", archive, "msgaudit/check_single_agree",
			`{"info":[{"userid":"LinXiaoyu","exteranalopenid":"` + chen + `"},{"userid":"YinHong","exteranalopenid":"` + chen + `"}]}`, 0,
			[]string{"agreeinfo", "*", "agree_status"},
			list("Agree"),
		},
		{"consent in a group", archive, "msgaudit/check_room_agree", `{"roomid":"` + customers + `"}`, 0, []string{"agreeinfo", "*", "exteranalopenid"}, list(chen)},
		{"a robot", archive, "msgaudit/get_robot_info?robot_id=wbQx7kDAAAJVylUKpSA3Z5U11tDO4Xyz", "", 0, []string{"data", "name"}, "日报助手"},
		{"no robot", archive, "msgaudit/get_robot_info", "", 40058, nil, nil},
		{"tags", app, "externalcontact/get_corp_tag_list", `{}`, 0, []string{"tag_group", "*", "tag", "*", "name"}, list(list("高", "低"))},
		{"some tags", app, "externalcontact/get_corp_tag_list", `{"tag_id":["etTag2"]}`, 0, []string{"tag_group", "*", "tag", "*", "name"}, list(list("低"))},
		{"unassigned", app, "externalcontact/get_unassigned_list", `{}`, 0, []string{"info", "*", "external_userid"}, list(wang)},
		{"tickets", app, "ticket/get?type=agent_config", "", 0, []string{"expires_in"}, 7200.},
		{"tickets of another type", app, "ticket/get?type=jsapi", "", 40058, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := callAs(t, s, tt.secret, tt.path, tt.body)
			if a.code() != tt.code {
				t.Fatalf("errcode = %d (%v), want %d", a.code(), a["errmsg"], tt.code)
			}
			if tt.want == "" || tt.at == nil {
				return
			}
			want := tt.want
			if l, ok := want.([]any); ok && l == nil {
				want = []any{}
			}
			got := field(a, tt.at...)
			if n, ok := want.(float64); ok && n == 7200 { // the second may have passed
				if g, _ := got.(float64); g < 7190 || g > 7200 {
					t.Errorf("expires_in = %v", got)
				}
				return
			}
			if diff := cmp.Diff(emptyLists(want), got); diff != "" {
				t.Errorf("%v (-want +got):\n%s", tt.at, diff)
			}
		})
	}
}

// emptyLists turns nil lists, which variadic calls make, into empty ones.
func emptyLists(v any) any {
	l, ok := v.([]any)
	if !ok {
		return v
	}
	out := make([]any, len(l))
	for i, x := range l {
		out[i] = emptyLists(x)
	}
	return out
}

func TestPagesEndWithAnEmptyCursor(t *testing.T) {
	t.Parallel()
	all := []int{0, 1, 2, 3, 4}
	var got []int
	cursor, pages := "", 0
	for {
		page, next, err := paginate(all, cursor, 2, 2, 10)
		if err != nil {
			t.Fatal(err)
		}
		got, pages = append(got, page...), pages+1
		if next == "" {
			break
		}
		cursor = next
	}
	if diff := cmp.Diff(all, got); diff != "" || pages != 3 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	for _, bad := range []string{"x", "!!", "d2Vjb21zaW06LTE"} {
		if _, _, err := paginate(all, bad, 2, 2, 10); err == nil {
			t.Errorf("cursor %q is accepted", bad)
		}
	}
}

func TestDirectoryFileErrorsNameTheEntry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"no JSON", `{`, "unexpected end"},
		{"department", `{"departments":[{"name":"x"}]}`, "departments[0]: id"},
		{"user", `{"users":[{"userid":"a"},{"name":"x"}]}`, "users[1]: userid"},
		{"customer", `{"external_contacts":[{"name":"x"}]}`, "external_contacts[0]"},
		{"group", `{"groupchats":[{}]}`, "groupchats[0]"},
	} {
		path := filepath.Join(t.TempDir(), "d.json")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readDirectory(path)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: err = %v, want %q and the path", tt.name, err, tt.want)
		}
	}
}
