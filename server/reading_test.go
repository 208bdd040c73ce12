package server_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/rules"
	"huicun/server/api"
)

// TestReading opens every read of the contract and compares what comes out
// with golden files; that it keeps to the contract is checked for each answer.
func TestReading(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	for name, path := range map[string]string{
		"departments":   "/departments",
		"employees":     "/employees?q=x&state=archived&limit=10&department=2",
		"employee":      "/employees/SHOP",
		"conversations": "/employees/Shop/conversations?tab=groups",
		"conversation":  "/conversations/7?as=Shop",
		"messages":      "/conversations/7/messages?around=" + messageID,
		"message":       "/messages/" + messageID,
		"find":          "/conversations/7/find?q=%E5%BE%AE%E4%BF%A1&from=2026-01-01T00:00:00Z",
		"search": "/search?q=%E5%BE%AE%E4%BF%A1&exact=true&sender=shop&person=cust&person=mei&department=2&conversation=7&chat=group&side=external" +
			"&type=text&type=mixed&from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00%2B08:00&has=file&has=qr&revoked=true&sensitive=true&order=best&limit=5",
		"search_conversations": "/search/conversations?q=%E5%BE%AE%E4%BF%A1",
		"search_nothing":       "/search?q=%E6%B2%A1%E6%9C%89",
		"suggestions":          "/search/suggestions?q=Zhang&limit=3",
		"days":                 "/conversations/7/days?tz=Asia/Shanghai",
		"media":                "/conversations/7/media?tab=file&limit=5",
		"media_links":          "/conversations/7/media?tab=link",
		"file":                 "/messages/" + messageID + "/files/" + fileID,
		"status":               "/status",
		"rules":                "/rules",
		"rule":                 "/rules/1",
		"violations":           "/violations?tab=words&state=open&conversation=7",
		"violation":            "/violations/1",
		"deletion":             "/violations/2",
		"alerts":               "/alerts",
		"signature":            "/wecom/signature?kind=agent&url=https://archive.example.com/c/7?m%3D1",
	} {
		t.Run(name, func(t *testing.T) {
			w := b.send("GET", "/api/v1"+path, "")
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			checkGolden(t, name, w.Body.Bytes())
			if strings.Contains(w.Body.String(), sdkFileID) || strings.Contains(w.Body.String(), "raw bytes") {
				t.Error("the answer has what only the server may know")
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control %q", got)
			}
			if got := w.Header().Get("X-Huicun-Build"); got != "build-1" {
				t.Errorf("build %q", got)
			}
		})
	}
}

var update = flag.Bool("update", false, "write the golden files")

// checkGolden compares JSON with testdata/name.json.
func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(got, &v); err != nil {
		t.Fatal(err)
	}
	pretty, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := "testdata/" + name + ".json"
	if *update {
		if err := os.WriteFile(file, append(pretty, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(pretty)+"\n"); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// What is out of scope and what does not exist must look the same.
func TestOutOfScopeLooksLikeMissing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.archive.scopes = nil
	b := f.signedIn("Mei")
	const unknown = "11111111-2222-3333-4444-555555555555"
	for there, missing := range map[string]string{
		"/employees/shop":                                           "/employees/nobody",
		"/employees/shop/conversations":                             "/employees/nobody/conversations",
		"/conversations/7":                                          "/conversations/8",
		"/conversations/7/messages":                                 "/conversations/8/messages",
		"/conversations/7/messages?around=" + messageID:             "/conversations/7/messages?around=" + unknown,
		"/conversations/7/find?q=a":                                 "/conversations/8/find?q=a",
		"/conversations/7/days":                                     "/conversations/8/days",
		"/messages/" + messageID:                                    "/messages/" + unknown,
		"/conversations/7/media?tab=file":                           "/conversations/8/media?tab=file",
		"/messages/" + messageID + "/files/" + fileID:               "/messages/" + unknown + "/files/" + fileID,
		"/conversations/9223372036854775807":                        "/conversations/x",
		"/violations/3":                                             "/violations/x",
		"/violations?conversation=8":                                "/violations?conversation=x",
		"/conversations/07":                                         "/conversations/-7",
		"/conversations/99999999999999999999":                       "/conversations/%00",
		"/messages/" + strings.ToUpper(messageID):                   "/messages/x",
		"/employees/wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw":               "/employees/%FF",
		"/employees/wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw/conversations": "/employees/%00/conversations",
	} {
		w1, w2 := b.send("GET", "/api/v1"+there, ""), b.send("GET", "/api/v1"+missing, "")
		if w1.Code != http.StatusNotFound || w2.Code != http.StatusNotFound {
			t.Errorf("%s: %d, %s: %d, want 404", there, w1.Code, missing, w2.Code)
		}
		if diff := cmp.Diff(withoutID(t, w2.Body.Bytes()), withoutID(t, w1.Body.Bytes())); diff != "" {
			t.Errorf("%s and %s differ:\n%s", there, missing, diff)
		}
	}
	if got := f.actions(); len(got) != 1 { // the sign-in
		t.Errorf("log: %v", got)
	}
}

func withoutID(t *testing.T, body []byte) api.Error {
	t.Helper()
	var e api.Error
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	e.Error.RequestId = ""
	return e
}

func TestRawMessageIsForAdmins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := "/api/v1/messages/" + messageID + "/raw"
	f.signedIn("Mei").refused("GET", path, "", "forbidden", "")
	w := f.signedIn("Boss").send("GET", path, "")
	if w.Code != http.StatusOK || w.Body.String() != "{\"msgid\":\"x\"}\x00" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="message.json"` {
		t.Errorf("disposition %q", got)
	}
}

func TestReadingIsRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	for range 3 {
		b.get("/api/v1/conversations/7", nil)
		b.get("/api/v1/conversations/7/messages", nil)
		b.get("/api/v1/messages/"+messageID, nil)
	}
	var hits api.HitPage
	b.get("/api/v1/conversations/7/find?q=a&limit=1", &hits)
	b.get("/api/v1/conversations/7/find?q=a&cursor="+*hits.Next, nil)
	b.get("/api/v1/conversations/7/find?q=b", nil)
	for range 2 {
		if w := b.send("GET", "/api/v1/messages/"+messageID+"/raw", ""); w.Code != http.StatusOK {
			t.Fatal(w.Code)
		}
	}
	want := []string{
		"boss session.created viewer:1",
		"boss conversation.read conversation:7",
		"boss conversation.find conversation:7",
		"boss conversation.find conversation:7",
		"boss message.raw_read message:" + messageID,
		"boss message.raw_read message:" + messageID,
	}
	if diff := cmp.Diff(want, f.actions()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	var from struct {
		IP        string `db:"ip"`
		RequestID string `db:"request_id"`
		Detail    string `db:"detail"`
	}
	err := f.db.Get(&from, `SELECT ip, request_id, detail FROM audit_entries WHERE action = 'conversation.find' LIMIT 1`)
	if err != nil || from.IP != "192.0.2.1" || len(from.RequestID) != 26 || from.Detail != `{"characters": 1}` {
		t.Errorf("entry %+v, %v", from, err)
	}
}

func TestWhatCannotBeRecordedIsNotShown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	f.exec(`ALTER TABLE audit_entries RENAME TO elsewhere`)
	for _, path := range []string{"/conversations/7", "/conversations/7/messages", "/conversations/7/find?q=a", "/messages/" + messageID, "/messages/" + messageID + "/raw"} {
		b.refused("GET", "/api/v1"+path, "", "internal", "")
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	var made api.Viewer
	b.json("POST", "/api/v1/viewers", `{"userid":"shop","role":"viewer","disabled":false,"departments":["2","2"],"employees":["Boss"]}`, http.StatusCreated, &made)
	spelt := "Boss"
	want := api.Viewer{
		Id: made.Id, Userid: "Shop", Role: "viewer", Departments: []string{"2"}, ScopeSize: 3,
		Person: made.Person, Employees: []api.Person{{Id: "boss", Kind: "employee", Name: "王总", Userid: &spelt}},
	}
	if diff := cmp.Diff(want, made); diff != "" || made.Person.Name != "店员" || made.Person.Avatar != nil {
		t.Errorf("account of %+v (-want +got):\n%s", made.Person, diff)
	}
	path := "/api/v1/viewers/" + made.Id
	b.refused("POST", "/api/v1/viewers", `{"userid":"Shop","role":"viewer","disabled":false,"departments":[],"employees":[]}`, "conflict", "")
	b.refused("PUT", path, `{"userid":"Mei","role":"viewer","disabled":false,"departments":[],"employees":[]}`, "invalid", "userid")
	b.refused("PUT", "/api/v1/viewers/99", `{"userid":"Shop","role":"viewer","disabled":false,"departments":[],"employees":[]}`, "not_found", "")
	b.refused("PUT", "/api/v1/viewers/1", `{"userid":"Boss","role":"viewer","disabled":false,"departments":[],"employees":[]}`, "conflict.from_config", "")
	b.json("PUT", path, `{"userid":"Shop","role":"admin","disabled":false,"departments":[],"employees":[]}`, http.StatusOK, &made)
	if made.Role != "admin" || made.ScopeSize != 3 || len(made.Employees) != 0 {
		t.Errorf("changed account %+v", made)
	}
	var list api.ViewerList
	b.get("/api/v1/viewers", &list)
	var names []string
	for _, v := range list.Items {
		names = append(names, v.Userid+" "+string(v.Role))
	}
	if diff := cmp.Diff([]string{"Boss admin", "Shop admin", "Mei viewer"}, names); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
}

func TestOwnSettings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	var me api.Me
	b.json("PATCH", "/api/v1/me", `{"deletion_alerts":false}`, http.StatusOK, &me)
	if me.DeletionAlerts || me.Userid != "Mei" || me.Csrf != b.csrf {
		t.Errorf("me %+v", me)
	}
	b.get("/api/v1/me", &me)
	if me.DeletionAlerts {
		t.Error("the setting is not kept")
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	const body = `{"name":"导流","words":["微信","加V"],"severity":"high","direction":"customer","scope_all":false,
		"scope_departments":["2"],"scope_employees":["Shop"],"subscribers":["1","2"],"enabled":true,"version":3}`
	want := rules.Input{
		Name: "导流", Words: []string{"微信", "加V"}, Severity: "high", Direction: "customer", ScopeDepartments: []int64{2},
		ScopeEmployees: []string{"Shop"}, Subscribers: []int64{1, 2}, Enabled: true, Version: 3,
	}
	b.json("POST", "/api/v1/rules", body, http.StatusCreated, nil)
	if diff := cmp.Diff(want, f.rules.stored); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	f.rules.stored = rules.Input{}
	b.json("PUT", "/api/v1/rules/1", body, http.StatusOK, nil)
	if diff := cmp.Diff(want, f.rules.stored); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	b.refused("PUT", "/api/v1/rules/1", strings.Replace(body, `"version":3`, `"version":2`, 1), "conflict", "")
	b.refused("PUT", "/api/v1/rules/7", body, "not_found", "")
	b.refused("PUT", "/api/v1/rules/x", body, "not_found", "")
	b.refused("POST", "/api/v1/rules", strings.Replace(body, `["1","2"]`, `["x"]`, 1), "invalid", "subscribers")
	b.refused("POST", "/api/v1/rules", strings.Replace(body, `["2"]`, `["-2"]`, 1), "invalid", "scope_departments")
	b.refused("POST", "/api/v1/rules", strings.Replace(body, `["微信","加V"]`, `[]`, 1), "invalid", "words")
	b.json("DELETE", "/api/v1/rules/1", "", http.StatusNoContent, nil)
	b.refused("DELETE", "/api/v1/rules/7", "", "not_found", "")

	var found api.RuleTestResult
	b.json("POST", "/api/v1/rules/test", `{"words":["微"],"text":"😀微"}`, http.StatusOK, &found)
	if diff := cmp.Diff(api.RuleTestResult{Words: []string{"微"}, Spans: []api.Span{{Start: 2, End: 3}}}, found); diff != "" {
		t.Errorf("test (-want +got):\n%s", diff)
	}
}

func TestViolationIsMarked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	var v api.Violation
	b.json("PATCH", "/api/v1/violations/1", `{"state":"false_alarm","note":"误报"}`, http.StatusOK, &v)
	if v.State != "false_alarm" || v.Note != "误报" || v.HandledBy == nil || v.HandledBy.Name != "李梅" {
		t.Errorf("violation %+v", v)
	}
	b.refused("PATCH", "/api/v1/violations/1", `{"state":"gone"}`, "invalid", "state")
	b.refused("PATCH", "/api/v1/violations/9", `{"state":"open"}`, "not_found", "")
}

func TestFailuresOfAlertsAreForAdmins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for userid, want := range map[string]bool{"Boss": true, "Mei": false} {
		b := f.signedIn(userid)
		for _, path := range []string{"/api/v1/alerts", "/api/v1/violations/1"} {
			w := b.send("GET", path, "")
			if got := strings.Contains(w.Body.String(), "out of range"); w.Code != http.StatusOK || got != want {
				t.Errorf("%s of %s: %d, shows the failure %v", path, userid, w.Code, got)
			}
		}
	}
}
