package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/alert"
	"huicun/internal/archive"
	"huicun/internal/ingest"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/media"
	"huicun/internal/outbox"
	"huicun/internal/rules"
	"huicun/internal/search"
	"huicun/internal/store"
	"huicun/server"
)

// Two managers with disjoint scopes: anna's, and bert's. Each text has the
// marks of the employees in whose chats it was said.
const (
	markAnna = "暗号甲"
	markBert = "暗号乙"
)

// newScopeFixture has chats of anna, of bert and of both, read by the real
// service: mei manages anna, shop manages bert.
func newScopeFixture(t *testing.T) *fixture {
	t.Helper()
	reading := &archive.Service{Decode: chatdata.Content, Now: time.Now, Zone: time.UTC}
	violations := &rules.Violations{Messages: reading}
	alerts, keeper := &alert.Service{}, &rules.Service{}
	finder := &search.Service{Archive: reading}
	f := newFixture(t, func(o *server.Options) {
		o.Archive, o.Finder, o.Violations, o.Alerts, o.Rules, o.Live.Source = reading, finder, violations, alerts, keeper, reading
	})
	reading.Files = f.db
	finder.Engine, finder.Store, finder.Names = &store.Search{DB: f.db}, f.db, f.db
	reading.Store, violations.Store, alerts.Store, keeper.Store = f.db, f.db, f.db, f.db
	f.exec(`INSERT INTO employees (person, userid, name, archived) VALUES ('anna', 'Anna', '安娜', true), ('bert', 'Bert', '贝特', true)`)
	f.exec(`INSERT INTO employee_departments (person, department_id) VALUES ('anna', 2), ('bert', 1)`)
	f.exec(`INSERT INTO customers (person, external_userid, name) VALUES ($1, $1, $2), ($3, $3, $4)`,
		customerA, "客户"+markAnna, customerB, "客户"+markBert)
	f.exec(`INSERT INTO groups (roomid, name, external) VALUES ('roomA', $1, true), ('roomB', $2, true)`, "群"+markAnna, "群"+markBert)
	f.exec(`INSERT INTO viewers (person, userid, role) VALUES ('shop', 'Shop', 'viewer')`)
	f.exec(`INSERT INTO viewer_employees (viewer_id, person)
		SELECT id, CASE person WHEN 'mei' THEN 'anna' ELSE 'bert' END FROM viewers WHERE role = 'viewer'`)
	f.store(
		said2("a1", "Anna", customerA, "", markAnna+"一"), said2("a2", customerA, "Anna", "", markAnna+"二"),
		said2("b1", "Bert", customerB, "", markBert+"一"), said2("b2", customerB, "Bert", "", markBert+"二"),
		said2("ag", "Anna", customerA, "roomA", markAnna+"群"), said2("bg", "Bert", customerB, "roomB", markBert+"群"),
		said2("ab", "Anna", "Bert", "", "两人都在"),
		sent("af", "Anna", customerA, "file-a", markAnna+".pdf"), sent("bf", "Bert", customerB, "file-b", markBert+".pdf"),
	)
	for _, h := range []outbox.Handler{
		(&media.Indexer{Store: f.db, Decode: chatdata.Content}).Handle,
		(&search.Indexer{Store: f.db, Decode: chatdata.Content}).Handle,
		(&search.Namer{Store: f.db}).Handle,
	} {
		if err := h(t.Context(), outbox.Item{Args: []byte(`{"batch_id":1}`)}); err != nil {
			t.Fatal(err)
		}
	}
	f.exec(`INSERT INTO violations (dedupe_key, kind, rule_name, words, sender, conv_id, message_id, occurred_at, evidence_text)
		SELECT m.id::text, 'word', r, ARRAY[r], m.from_id, m.conv_id, m.id, m.msgtime, m.text
		FROM messages m, LATERAL (SELECT CASE WHEN m.text LIKE $1 THEN $2 ELSE $3 END AS r) x WHERE m.text LIKE '暗号%'`,
		markAnna+"%", "规则"+markAnna, "规则"+markBert)
	f.exec(`INSERT INTO violation_employees (violation_id, person) SELECT id, CASE WHEN rule_name = $1 THEN 'anna' ELSE 'bert' END FROM violations`,
		"规则"+markAnna)
	f.exec(`INSERT INTO alerts (violation_id, viewer_id, userid)
		SELECT o.id, v.id, v.userid FROM violations o JOIN violation_employees e ON e.violation_id = o.id
		JOIN viewer_employees ve USING (person) JOIN viewers v ON v.id = ve.viewer_id`)
	return f
}

const (
	customerA = "wmScopeTestCustomerAAAAAAAAAAAAA"
	customerB = "wmScopeTestCustomerBBBBBBBBBBBBB"
)

// said2 makes a text message as WeCom delivers it.
func said2(msgid, from, to, roomid, text string) archive.Decoded {
	raw := fmt.Appendf(nil, `{"msgid":%q,"action":"send","from":%q,"tolist":[%q],"roomid":%q,"msgtime":%d,"msgtype":"text","text":{"content":%q}}`,
		msgid, from, to, roomid, noon.UnixMilli(), text)
	return chatdata.Decode(chatdata.Outer{MsgID: msgid, PublicKeyVer: 1, PulledAt: noon.Add(time.Minute)}, raw)
}

// sent makes a file as WeCom delivers it.
func sent(msgid, from, to, sdkFileID, name string) archive.Decoded {
	raw := fmt.Appendf(nil, `{"msgid":%q,"action":"send","from":%q,"tolist":[%q],"roomid":"","msgtime":%d,"msgtype":"file","file":{"sdkfileid":%q,"filename":%q,"fileext":"pdf","filesize":9}}`,
		msgid, from, to, noon.UnixMilli(), sdkFileID, name)
	return chatdata.Decode(chatdata.Outer{MsgID: msgid, PublicKeyVer: 1, PulledAt: noon.Add(time.Minute)}, raw)
}

func (f *fixture) store(ms ...archive.Decoded) {
	f.t.Helper()
	ctx := f.t.Context()
	if err := f.db.EnsurePartitions(ctx, noon); err != nil {
		f.t.Fatal(err)
	}
	lease, ok, err := f.db.TakeLease(ctx, ingest.LeasePull, "test", time.Minute)
	if err != nil || !ok {
		f.t.Fatalf("TakeLease: %v, %v", ok, err)
	}
	for i := range ms {
		ms[i].Seq = int64(i + 1)
	}
	last := int64(len(ms))
	_, err = f.db.SaveBatch(ctx, lease, ingest.Batch{
		FirstSeq: 1, LastSeq: last, Received: len(ms), Messages: ms,
		Pull: ingest.Pull{StartedAt: noon, FinishedAt: noon, Holder: "test", Calls: 1, Received: len(ms), Outcome: ingest.OutcomeStored},
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// ids gives every id that may stand in a path, by the name of the parameter.
func (f *fixture) ids() map[string][]string {
	f.t.Helper()
	ids := map[string][]string{"rule_id": {"1"}, "viewer_id": {"1", "2"}, "file_id": {archive.FileID("file-a"), archive.FileID("file-b")}, "token": {"x"}}
	for name, query := range map[string]string{
		"employee_id":     `SELECT person FROM employees UNION SELECT person FROM customers`,
		"conversation_id": `SELECT CAST(id AS text) FROM conversations`,
		"message_id":      `SELECT CAST(id AS text) FROM messages`,
		"violation_id":    `SELECT CAST(id AS text) FROM violations`,
	} {
		var list []string
		if err := f.db.Select(&list, query); err != nil || len(list) == 0 {
			f.t.Fatalf("%s: %d, %v", name, len(list), err)
		}
		ids[name] = list
	}
	return ids
}

// queries are what reads can be asked for besides their path.
func (f *fixture) queries(op operation, ids map[string][]string) []string {
	switch op.Operation.OperationID {
	case "ListMessages":
		list := []string{"", "?at=2026-01-01T00:00:00Z", "?at=2027-01-01T00:00:00Z"}
		for _, id := range ids["message_id"] {
			list = append(list, "?around="+id, "?older="+id, "?newer="+id)
		}
		return list
	case "Search", "SearchConversations", "SuggestForSearch":
		return []string{"?q=%E6%9A%97%E5%8F%B7", "?q=%E5%AE%A2%E6%88%B7", "?q=%E7%BE%A4"}
	case "FindInConversation":
		return []string{"?q=%E6%9A%97%E5%8F%B7", "?q=%E4%B8%80"}
	case "ListConversationMedia":
		return []string{"?tab=visual", "?tab=file", "?tab=link", "?tab=voice"}
	case "ListConversations":
		return []string{"", "?tab=customers", "?tab=colleagues", "?tab=groups", "?tab=customers&q=%E5%AE%A2"}
	case "ListEmployees":
		return []string{"", "?q=b", "?department=1", "?state=archived"}
	case "ListViolations":
		list := []string{"", "?tab=words", "?state=open"}
		for _, id := range ids["conversation_id"] {
			list = append(list, "?conversation="+id)
		}
		return list
	}
	return []string{""}
}

// paths fills the parameters of a path in every way.
func paths(path string, ids map[string][]string) []string {
	param := parameter.FindString(path)
	if param == "" {
		return []string{path}
	}
	var out []string
	for _, id := range ids[strings.Trim(param, "{}")] {
		out = append(out, paths(strings.Replace(path, param, id, 1), ids)...)
	}
	return out
}

func TestNothingOutsideTheScopeIsRead(t *testing.T) {
	t.Parallel()
	f := newScopeFixture(t)
	ids := f.ids()
	managers := []struct {
		b           *browser
		own, others string
	}{
		{f.signedIn("Mei"), markAnna, markBert},
		{f.signedIn("Shop"), markBert, markAnna},
	}
	admin := f.signedIn("Boss")
	var showing []string // operations that show the marks at all
	for _, op := range contract {
		id := op.Operation.OperationID
		if op.mutates() || id == "StreamLive" || id == "GetSignature" {
			continue
		}
		reads := map[string]bool{} // marks that the operation showed to whom it may
		var seenByAdmin string
		for _, path := range paths(op.Path, ids) {
			for _, q := range f.queries(op, ids) {
				for _, m := range managers {
					w := m.b.send("GET", "/api/v1"+path+q, "")
					if w.Code >= 500 {
						t.Fatalf("%s: %d %s", path+q, w.Code, w.Body)
					}
					if strings.Contains(w.Body.String(), m.others) {
						t.Errorf("%s%s shows %s: %s", path, q, m.others, w.Body)
					}
					reads[m.own] = reads[m.own] || strings.Contains(w.Body.String(), m.own)
				}
				seenByAdmin += admin.send("GET", "/api/v1"+path+q, "").Body.String()
			}
		}
		if strings.Contains(seenByAdmin, markAnna) {
			showing = append(showing, id)
		}
		for _, mark := range []string{markAnna, markBert} {
			shown := strings.Contains(seenByAdmin, mark)
			forAdmins := strings.Contains(op.Operation.Summary, "(admins)")
			if shown && !forAdmins && !reads[mark] {
				t.Errorf("%s shows %s to an admin, but not to the manager whose it is", id, mark)
			}
		}
	}
	slices.Sort(showing)
	want := []string{
		"FindInConversation", "GetConversation", "GetMessage", "GetMessageFile", "GetRawMessage", "GetViolation",
		"ListAlerts", "ListConversationMedia", "ListConversations", "ListMessages", "ListViolations",
		"Search", "SearchConversations", "SuggestForSearch",
	}
	if diff := cmp.Diff(want, showing); diff != "" {
		t.Errorf("operations that show chats (-want +got):\n%s", diff)
	}
}

// The tests above would pass if nothing were shown at all.
func TestManagersReadTheirOwn(t *testing.T) {
	t.Parallel()
	f := newScopeFixture(t)
	b := f.signedIn("Mei")
	var convs struct{ Items []struct{ ID, Title string } }
	b.get("/api/v1/employees/anna/conversations?tab=customers", &convs)
	if len(convs.Items) != 1 || convs.Items[0].Title != "客户"+markAnna {
		t.Fatalf("conversations %+v", convs)
	}
	var page struct{ Items []struct{ Text string } }
	b.get("/api/v1/conversations/"+convs.Items[0].ID+"/messages", &page)
	var texts []string
	for _, m := range page.Items {
		texts = append(texts, m.Text)
	}
	if diff := cmp.Diff([]string{markAnna + "一", markAnna + "二", markAnna + ".pdf"}, texts); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	var employees struct {
		Items []struct{ UserID string }
		Total int
	}
	b.get("/api/v1/employees", &employees)
	if len(employees.Items) != 1 || employees.Items[0].UserID != "Anna" || employees.Total != 1 {
		t.Errorf("employees %+v", employees)
	}
	b.refused("GET", "/api/v1/employees/bert", "", "not_found", "")
	b.refused("GET", "/api/v1/employees/bert/conversations", "", "not_found", "")
}

// Taking a grant away takes the chats away, from open sessions too.
func TestScopeChangesAtOnce(t *testing.T) {
	t.Parallel()
	f := newScopeFixture(t)
	boss, mei := f.signedIn("Boss"), f.signedIn("Mei")
	mei.get("/api/v1/employees/anna", nil)
	var id int64
	if err := f.db.Get(&id, `SELECT id FROM viewers WHERE person = 'mei'`); err != nil {
		t.Fatal(err)
	}
	path := "/api/v1/viewers/" + strconv.FormatInt(id, 10)
	boss.json("PUT", path, `{"userid":"Mei","role":"viewer","disabled":false,"departments":[],"employees":["bert"]}`, http.StatusOK, nil)
	mei.refused("GET", "/api/v1/employees/anna", "", "not_found", "")
	mei.get("/api/v1/employees/bert", nil)
	boss.json("PUT", path, `{"userid":"Mei","role":"viewer","disabled":false,"departments":[],"employees":["Anna"]}`, http.StatusOK, nil)
	mei.get("/api/v1/employees/anna", nil)
	mei.refused("GET", "/api/v1/employees/bert", "", "not_found", "")
}
