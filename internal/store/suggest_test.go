package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/outbox"
	"huicun/internal/search"
)

// nameKeys makes the keys of all names that changed.
func nameKeys(t *testing.T, s *site) {
	t.Helper()
	n := search.Namer{Store: s.DB}
	if err := n.Handle(t.Context(), outbox.Item{}); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := s.Get(&left, `SELECT count(*) FROM name_changes`); err != nil || left != 0 {
		t.Fatalf("%d changes of names are left, %v", left, err)
	}
}

// suggested lists what is suggested as "kind name matched detail".
func suggested(t *testing.T, s *site, v access.Viewer, typed string) []string {
	t.Helper()
	svc := search.Service{Archive: &archive.Service{Store: s.DB}, Names: s.DB}
	list, err := svc.Suggest(t.Context(), v, typed, 0)
	if err != nil {
		t.Fatalf("Suggest(%q): %v", typed, err)
	}
	out := []string{}
	for _, it := range list {
		name := ""
		if it.Person != nil {
			name = it.Person.Name
		} else {
			name = it.Conversation.Title
		}
		out = append(out, fmt.Sprintf("%s %s %s %s", it.Kind, name, it.Matched, it.Detail))
	}
	return out
}

const (
	custZhang = "wmZhang0000000000000000000000000"
	custChong = "wmChong0000000000000000000000000"
	custOther = "wmOther0000000000000000000000000"
)

// newNames is a site with customers: mei has 张三丰, svc has 重庆 and 张别人.
func newNames(t *testing.T) *site {
	s := newSite(t)
	s.exec(t, `UPDATE employees SET name = '张小梅' WHERE person = 'mei'`)
	s.exec(t, `INSERT INTO customers (person, external_userid, name) VALUES ($1, $1, '张三丰'), ($2, $2, '重庆 Tony'), ($3, $3, '张别人')`, custZhang, custChong, custOther)
	s.exec(t, `INSERT INTO follows (employee, customer, remark) VALUES ('mei', $1, '大客户%_'), ('svc', $1, '秘密备注'), ('svc', $2, ''), ('svc', $3, '')`, custZhang, custChong, custOther)
	s.exec(t, `INSERT INTO groups (roomid, name, external) VALUES ('r1', '张家港项目', false), ('r2', '张家口项目', false), ('r3', '张家界', false)`)
	s.exec(t, `INSERT INTO conversations (kind, key, roomid, message_count) VALUES ('group', 'r1', 'r1', 3), ('group', 'r2', 'r2', 2), ('group', 'r3', 'r3', 0)`)
	s.exec(t, `INSERT INTO conv_members (conv_id, person, since) SELECT id, CASE roomid WHEN 'r1' THEN 'mei' ELSE 'svc' END, now() FROM conversations`)
	nameKeys(t, s)
	return s
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	s := newNames(t)
	a := s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Employees: []string{"mei"}})
	boss, mei := s.admin(t), a.Viewer
	for _, tt := range []struct {
		name, typed string
		v           access.Viewer
		want        []string
	}{
		{"by name, employees first", "张", boss, []string{"employee 张小梅 name Sales", "customer 张三丰 name ", "customer 张别人 name ", "group 张家口项目 name ", "group 张家港项目 name "}},
		{"what is in scope", "张", mei, []string{"employee 张小梅 name Sales", "customer 张三丰 name ", "group 张家港项目 name "}},
		{"by pinyin", "zhangs", boss, []string{"customer 张三丰 pinyin "}},
		{"by pinyin with blanks", "Zhang San", boss, []string{"customer 张三丰 pinyin "}},
		{"by initials", "zsf", mei, []string{"customer 张三丰 initials "}},
		{"within the name", "三丰", mei, []string{"customer 张三丰 name "}},
		{"by pinyin within the name", "sanf", mei, []string{"customer 张三丰 pinyin "}},
		{"by another reading", "zhongq", boss, []string{"customer 重庆 Tony pinyin "}},
		{"by the usual reading", "chongq", boss, []string{"customer 重庆 Tony pinyin "}},
		{"by a Latin word", "tONY", boss, []string{"customer 重庆 Tony name "}},
		{"by userid", "svc", boss, []string{"employee Svc name Service"}},
		{"by remark", "大客户", mei, []string{"customer 张三丰 remark 大客户%_"}},
		{"a remark of others is not told", "秘密", mei, []string{}},
		{"a remark of others is told to admins", "秘密", boss, []string{"customer 张三丰 remark 秘密备注"}},
		{"customers of others", "chongq", mei, []string{}},
		{"characters of LIKE stand for themselves", "%", boss, []string{}},
		{"in full width", "ＺＳＦ", boss, []string{"customer 张三丰 initials "}},
		{"in traditional characters", "張三豐", boss, []string{"customer 张三丰 name "}},
	} {
		if diff := cmp.Diff(tt.want, suggested(t, s, tt.v, tt.typed)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestSuggestionsFollowNames(t *testing.T) {
	t.Parallel()
	s := newNames(t)
	boss := s.admin(t)
	s.exec(t, `UPDATE customers SET name = '李四', updated_at = now() WHERE person = $1`, custZhang)
	s.exec(t, `UPDATE follows SET remark = '新备注' WHERE employee = 'mei' AND customer = $1`, custZhang)
	s.exec(t, `UPDATE groups SET name = '李家村' WHERE roomid = 'r1'`)
	s.exec(t, `INSERT INTO employees (person, userid, name) VALUES ('li', 'Li', '李雷')`)
	var items int
	if err := s.Get(&items, `SELECT count(*) FROM outbox WHERE kind = 'names' AND state = 'available'`); err != nil || items != 1 {
		t.Errorf("%d items wait, %v; want 1", items, err)
	}
	nameKeys(t, s)
	want := []string{"employee 李雷 name ", "customer 李四 name ", "group 李家村 name "}
	if diff := cmp.Diff(want, suggested(t, s, boss, "李")); diff != "" {
		t.Errorf("by the new name (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"customer 李四 former_name 张三丰"}, suggested(t, s, boss, "张三")); diff != "" {
		t.Errorf("by the former name (-want +got):\n%s", diff)
	}
	if got := suggested(t, s, boss, "大客户"); len(got) != 0 {
		t.Errorf("by a remark that is gone: %v", got)
	}
}

// Where what was typed is common and the scope small, the scope is asked.
func TestSuggestionsOfASmallScopeAmongMany(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(t, `INSERT INTO customers (person, external_userid, name)
SELECT 'wm' || lpad(n::text, 30, '0'), '', '张' || lpad(n::text, 5, '0') FROM generate_series(1, 3000) n`)
	s.exec(t, `INSERT INTO follows (employee, customer) VALUES ('mei', 'wm' || lpad('2999', 30, '0'))`)
	s.exec(t, `INSERT INTO employees (person, userid, name) SELECT 'z' || n, '', '张员' || n FROM generate_series(1, 2500) n`)
	s.exec(t, `INSERT INTO groups (roomid, name, external) SELECT 'r' || n, '张群' || lpad(n::text, 5, '0'), false FROM generate_series(1, 2500) n`)
	s.exec(t, `INSERT INTO conversations (kind, key, roomid, message_count) SELECT 'group', roomid, roomid, 1 FROM groups`)
	s.exec(t, `INSERT INTO conv_members (conv_id, person, since) SELECT id, CASE roomid WHEN 'r2400' THEN 'mei' ELSE 'svc' END, now() FROM conversations`)
	nameKeys(t, s)
	a := s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Employees: []string{"mei", "z999"}})
	want := []string{"employee 张员999 name ", "customer 张02999 name ", "group 张群02400 name "}
	for _, typed := range []string{"张", "z"} {
		got := suggested(t, s, a.Viewer, typed)
		if typed == "z" {
			want = []string{"employee 张员999 pinyin ", "customer 张02999 initials ", "group 张群02400 pinyin "}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", typed, diff)
		}
	}
	for typed, want := range map[string]string{"员": "employee 张员999 name ", "群": "group 张群02400 name "} { // within names
		if diff := cmp.Diff([]string{want}, suggested(t, s, a.Viewer, typed)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", typed, diff)
		}
	}
	if got := suggested(t, s, s.admin(t), "张"); len(got) != 10 {
		t.Errorf("admin: %d, want 10", len(got))
	}
}
