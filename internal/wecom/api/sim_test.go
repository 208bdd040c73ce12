package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/directory"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
	"huicun/internal/wecom/api"
	"huicun/internal/wecomsim"
)

// These tests run the client against the simulator, which was written from the
// same documents by somebody else.

const (
	chen = "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw"
	li   = "woQx7kDAAAc91fWqXz0sKdMvRtLp4YbE"
	room = "wrQx7kDAAAv8Zp1LmN4oRtYbXeKcJqSd"
)

const simDirectory = `{
	"departments": [{"id": 1, "name": "星河家居", "parentid": 0, "order": 1}, {"id": 12, "name": "华东销售部", "parentid": 1, "order": 2}],
	"users": [
		{"userid": "ZhouMingkai", "name": "周明恺", "department": [1], "is_leader_in_dept": [1], "status": 1},
		{"userid": "LinXiaoyu", "name": "林晓雨", "department": [12], "position": "客户顾问", "status": 1, "main_department": 12}],
	"permitted": ["LinXiaoyu"],
	"external_contacts": [
		{"external_contact": {"external_userid": "` + chen + `", "name": "陈先生", "type": 1},
		 "follow_user": [{"userid": "LinXiaoyu", "remark": "滨江三期", "createtime": 1767240000, "add_way": 1,
			"tags": [{"group_name": "意向度", "tag_name": "高", "tag_id": "etT1", "type": 1}]}]},
		{"external_contact": {"external_userid": "` + li + `", "name": "李采购", "type": 2, "corp_name": "某公司"},
		 "follow_user": [{"userid": "LinXiaoyu", "createtime": 1767240000}, {"userid": "ZhouMingkai", "createtime": 1767240001}]}],
	"groupchats": [{"chat_id": "` + room + `", "name": "滨江三期业主群", "owner": "LinXiaoyu", "create_time": 1767240000,
		"member_list": [{"userid": "LinXiaoyu", "type": 1, "join_time": 1767240000}, {"userid": "` + chen + `", "type": 2, "join_time": 1767240360, "name": "陈先生"}]}],
	"tag_groups": [{"group_id": "g1", "group_name": "意向度", "tag": [{"id": "etT1", "name": "高"}]}]
}`

// startSim runs a simulator until the test ends.
func startSim(t *testing.T, change func(*wecomsim.Config)) (*wecomsim.Sim, wecomsim.Config) {
	t.Helper()
	cfg := wecomsim.DefaultConfig()
	cfg.Listen, cfg.ProxyListen, cfg.DataDir = "127.0.0.1:0", "127.0.0.1:0", t.TempDir()
	cfg.Messages = -1
	cfg.Log = slog.New(slog.DiscardHandler)
	if change != nil {
		change(&cfg)
	}
	sim, err := wecomsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
	<-sim.Ready()
	return sim, cfg
}

func withDirectory(t *testing.T) func(*wecomsim.Config) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "directory.json")
	if err := os.WriteFile(file, []byte(simDirectory), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *wecomsim.Config) { c.Directory = file }
}

func simClient(t *testing.T, sim *wecomsim.Sim, cfg wecomsim.Config) *api.Client {
	t.Helper()
	c, err := api.New(api.Options{
		BaseURL: sim.URL(), OAuthBaseURL: sim.URL(), WebLoginBaseURL: sim.URL(),
		CorpID: cfg.CorpID, AgentID: int(cfg.AgentID),
		AppSecret: cfg.AppSecret, ArchiveSecret: cfg.ArchiveSecret, ContactSecret: cfg.ContactSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// syncInto runs a full sync into a new database.
func syncInto(t *testing.T, c *api.Client) (*store.DB, directory.Report) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: storetest.New(t), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &directory.Service{Source: c, Store: db, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	report, err := s.Sync(t.Context())
	if err != nil {
		t.Fatalf("Sync: %v", err)
	}
	if !report.Complete() || report.ProblemCount != 0 {
		t.Errorf("complete %v, problems %v", report.Complete(), report.Problems)
	}
	return db, report
}

func column(t *testing.T, db *store.DB, query string) []string {
	t.Helper()
	var out []string
	if err := db.SelectContext(t.Context(), &out, query); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSimSync(t *testing.T) {
	t.Parallel()
	sim, cfg := startSim(t, withDirectory(t))
	db, _ := syncInto(t, simClient(t, sim, cfg))
	for _, tt := range []struct {
		name, query string
		want        []string
	}{
		{"departments", `SELECT concat_ws('|', id, parent_id, name) FROM departments ORDER BY id`, []string{"1|0|星河家居", "12|1|华东销售部"}},
		{
			"employees", `SELECT concat_ws('|', person, userid, name, position, archived) FROM employees ORDER BY person`,
			[]string{"linxiaoyu|LinXiaoyu|林晓雨|客户顾问|t", "zhoumingkai|ZhouMingkai|周明恺||f"},
		},
		{
			"memberships", `SELECT concat_ws('|', person, department_id, is_leader) FROM employee_departments ORDER BY person`,
			[]string{"linxiaoyu|12|f", "zhoumingkai|1|t"},
		},
		{
			"customers", `SELECT concat_ws('|', person, name, type, corp_name) FROM customers ORDER BY person`,
			[]string{chen + "|陈先生|1|", li + "|李采购|2|某公司"},
		},
		{
			"follows", `SELECT concat_ws('|', employee, customer, remark, array_to_string(tags, ','), state, extract(epoch FROM added_at)::bigint)
				FROM follows ORDER BY customer, employee`,
			[]string{
				"linxiaoyu|" + chen + "|滨江三期|高|active|1767240000",
				"linxiaoyu|" + li + "|||active|1767240000",
				"zhoumingkai|" + li + "|||active|1767240001",
			},
		},
		{"groups", `SELECT concat_ws('|', roomid, name, owner, external) FROM groups`, []string{room + "|滨江三期业主群|linxiaoyu|t"}},
		{
			"group members", `SELECT concat_ws('|', person, extract(epoch FROM joined_at)::bigint) FROM group_members ORDER BY person`,
			[]string{"linxiaoyu|1767240000", chen + "|1767240360"},
		},
	} {
		if diff := cmp.Diff(tt.want, column(t, db, tt.query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestSimSyncOfTheMadeUpCompany(t *testing.T) {
	t.Parallel()
	sim, cfg := startSim(t, nil)
	db, report := syncInto(t, simClient(t, sim, cfg))
	if report.Employees < 60 || report.Customers < 2000 || report.Groups < 1 {
		t.Errorf("%d employees, %d customers, %d groups", report.Employees, report.Customers, report.Groups)
	}
	if got := column(t, db, `SELECT person FROM customers WHERE name = '' UNION SELECT person FROM employees WHERE name = ''`); len(got) != 0 {
		t.Errorf("%d people without a name", len(got))
	}
}

func TestSimSyncSurvivesFaults(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	calls := map[string]int{} // by path: the first two fail, each its own way
	faults := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			calls[r.URL.Path]++
			n := calls[r.URL.Path]
			mu.Unlock()
			switch {
			case n == 1:
				w.WriteHeader(http.StatusBadGateway)
			case n == 2 && !strings.HasSuffix(r.URL.Path, "gettoken"):
				_, _ = io.WriteString(w, `{"errcode":42001,"errmsg":"access_token expired"}`)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
	change := withDirectory(t)
	sim, cfg := startSim(t, func(c *wecomsim.Config) {
		change(c)
		c.Middleware = faults
	})
	db, _ := syncInto(t, simClient(t, sim, cfg))
	if got := column(t, db, `SELECT count(*)::text FROM follows WHERE state = 'active'`); got[0] != "3" {
		t.Errorf("%s follows, want 3", got[0])
	}
}

// choose signs in on the page at address as who and gives the code.
func choose(t *testing.T, address, who string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	form := u.Query()
	form.Set("who", who)
	u.Path, u.RawQuery, u.Fragment = "/connect/chosen", "", ""
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(u.String(), form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("no redirect: %s %.300s", resp.Status, body)
	}
	if back.Query().Get("state") != "St4te" || back.Query().Get("x") != "1 2" {
		t.Errorf("came back to %s", back)
	}
	return back.Query().Get("code")
}

func TestSimSignIn(t *testing.T) {
	t.Parallel()
	sim, cfg := startSim(t, withDirectory(t))
	c := simClient(t, sim, cfg)
	const back = "http://127.0.0.1:9/login/callback?x=1+2"
	for _, tt := range []struct {
		name, address, who, want string
		err                      error
	}{
		{"member inside WeCom", c.AuthorizeURL("St4te", back), "member:LinXiaoyu", "LinXiaoyu", nil},
		{"member in a browser", c.WebLoginURL("St4te", back, "zh"), "member:ZhouMingkai", "ZhouMingkai", nil},
		{"customer", c.AuthorizeURL("St4te", back), "customer:" + chen, "", api.ErrNotMember},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code := choose(t, tt.address, tt.who)
			got, err := c.UserByCode(t.Context(), code)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("UserByCode = %q, %v, want %q, %v", got, err, tt.want, tt.err)
			}
			if _, err := c.UserByCode(t.Context(), code); !errors.Is(err, api.ErrCodeUsed) && !errors.Is(err, api.ErrCodeInvalid) {
				t.Errorf("the same code again: %v", err)
			}
		})
	}
	if _, err := c.UserByCode(t.Context(), "made-up"); !errors.Is(err, api.ErrCodeInvalid) {
		t.Errorf("made-up code: %v", err)
	}
}

func TestSimMessages(t *testing.T) {
	t.Parallel()
	sim, cfg := startSim(t, withDirectory(t))
	c := simClient(t, sim, cfg)
	m := api.Message{
		To:   []string{"ZhouMingkai", "HeRuoxi"},
		Card: &api.TextCard{Title: "敏感词告警", Description: "命中：私下转账", URL: "https://archive.example.com/m/1"},
	}
	got, err := c.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"HeRuoxi"}, got.Invalid); diff != "" || got.MsgID == "" {
		t.Errorf("Invalid (-want +got):\n%s\nmsgid %q", diff, got.MsgID)
	}
	if _, err := c.Send(t.Context(), m); err != nil { // a repetition is not delivered
		t.Fatal(err)
	}
	if n := received(t, sim, "ZhouMingkai"); n != 1 {
		t.Errorf("%d messages on the phone, want 1", n)
	}
	m.To = []string{"HeRuoxi"}
	_, err = c.Send(t.Context(), m)
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Class != api.ClassReceiver {
		t.Errorf("unknown receiver: %v", err)
	}
	if err := c.Recall(t.Context(), got.MsgID); err != nil {
		t.Errorf("Recall: %v", err)
	}
}

// received counts the app messages on a member's phone.
func received(t *testing.T, sim *wecomsim.Sim, userid string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sim.URL()+"/sim/app-messages?userid="+userid, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var list struct {
		Messages []json.RawMessage `json:"messages"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return len(list.Messages)
}

func TestSimArchiveCalls(t *testing.T) {
	t.Parallel()
	sim, cfg := startSim(t, withDirectory(t))
	c := simClient(t, sim, cfg)
	if _, err := c.SingleAgree(t.Context(), []api.Pair{{UserID: "LinXiaoyu", ExternalUserID: chen}}); err != nil {
		t.Errorf("SingleAgree: %v", err)
	}
	if _, err := c.RoomAgree(t.Context(), room); err != nil {
		t.Errorf("RoomAgree: %v", err)
	}
	_, err := c.InternalGroup(t.Context(), room)
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Class != api.ClassObject {
		t.Errorf("a customer group read as an internal one: %v", err)
	}
	for _, kind := range []api.SignKind{api.SignCorp, api.SignAgent} {
		if got, err := c.Signature(t.Context(), kind, "http://127.0.0.1:9/h5/"); err != nil || len(got.Signature) != 40 {
			t.Errorf("Signature(%s) = %+v, %v", kind, got, err)
		}
	}
	ids, err := c.MemberIDs(t.Context())
	if err != nil || len(ids) != 2 {
		t.Errorf("MemberIDs = %v, %v", ids, err)
	}
}

func TestSimWrongSecret(t *testing.T) {
	t.Parallel()
	sim, cfg := startSim(t, withDirectory(t))
	cfg.AppSecret = "not-the-secret"
	c := simClient(t, sim, cfg)
	for range 3 {
		_, err := c.FollowUsers(t.Context())
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Class != api.ClassConfig || e.Hint == "" {
			t.Fatalf("error %v, want one of configuration with a hint", err)
		}
	}
}
