package wecomsim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMessageSend(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.AppCallback.URL = "http://127.0.0.1:9/"
	s := start(t, cfg)
	const notice = `"card_action":{"type":1,"url":"https://a.example.com"}`
	card := func(c string) string {
		return `{"touser":"LinXiaoyu","msgtype":"template_card","agentid":1000012,"template_card":{` + c + `}}`
	}
	text := func(to string) string {
		return `{` + to + `,"msgtype":"text","agentid":1000012,"text":{"content":"x"}}`
	}
	for _, tt := range []struct {
		name, body string
		code       int
		want       map[string]any
	}{
		{"text", text(`"touser":"LinXiaoyu"`), 0, map[string]any{"invaliduser": ""}},
		{"case does not matter", text(`"touser":"linxiaoyu"`), 0, map[string]any{"invaliduser": ""}},
		{"unknown ones in lower case", text(`"touser":"LinXiaoyu|Nobody|HeRuoxi"`), 0, map[string]any{"invaliduser": "nobody|heruoxi"}},
		{"department and an unknown one", text(`"toparty":"12|99"`), 0, map[string]any{"invalidparty": "99"}},
		{"everybody", text(`"touser":"@all"`), 0, nil},
		{"tag", text(`"touser":"LinXiaoyu","totag":"5"`), 0, map[string]any{"invalidtag": "5"}},
		{"all unknown", text(`"touser":"Nobody"`), 81013, nil},
		{"nobody", text(`"touser":""`), 82001, nil},
		{"too many", text(`"touser":"` + strings.Repeat("a|", 1001) + `"`), 40058, nil},
		{"agentid as text", `{"touser":"LinXiaoyu","msgtype":"text","agentid":"1000012","text":{"content":"x"}}`, 40056, nil},
		{"no agentid", `{"touser":"LinXiaoyu","msgtype":"text","text":{"content":"x"}}`, 40056, nil},
		{"another agent", `{"touser":"LinXiaoyu","msgtype":"text","agentid":1,"text":{"content":"x"}}`, 301002, nil},
		{"no JSON", `{"touser"`, 40058, nil},
		{"odd msgtype", `{"touser":"LinXiaoyu","msgtype":"hologram","agentid":1000012}`, 40008, nil},
		{"no content", `{"touser":"LinXiaoyu","msgtype":"text","agentid":1000012,"text":{}}`, 40058, nil},
		{"markdown", `{"touser":"LinXiaoyu","msgtype":"markdown","agentid":1000012,"markdown":{"content":"**x**"}}`, 0, nil},
		{"card without url", `{"touser":"LinXiaoyu","msgtype":"textcard","agentid":1000012,"textcard":{"title":"t","description":"d"}}`, 40058, nil},
		{"card without title", `{"touser":"LinXiaoyu","msgtype":"textcard","agentid":1000012,"textcard":{"description":"d","url":"u"}}`, 40058, nil},
		{"card without description", `{"touser":"LinXiaoyu","msgtype":"textcard","agentid":1000012,"textcard":{"title":"t","url":"u"}}`, 40058, nil},
		{"notice", card(`"card_type":"text_notice","task_id":"n1","main_title":{"title":"t"},` + notice), 0, nil},
		{"task_id again", card(`"card_type":"text_notice","task_id":"n1","main_title":{"title":"t"},` + notice), 42014, nil},
		{"odd task_id", card(`"card_type":"text_notice","task_id":"n 1","main_title":{"title":"t"},` + notice), 42014, nil},
		{"notice without title", card(`"card_type":"text_notice",` + notice), 42033, nil},
		{"notice without action", card(`"card_type":"text_notice","sub_title_text":"x"`), 42028, nil},
		{"odd card", card(`"card_type":"x"`), 42031, nil},
		{"row without name", card(`"card_type":"text_notice","main_title":{"title":"t"},"horizontal_content_list":[{"value":"v"}],` + notice), 42027, nil},
		{"too many jumps", card(`"card_type":"text_notice","main_title":{"title":"t"},"jump_list":[{},{},{},{}],` + notice), 42035, nil},
		{"buttons", card(`"card_type":"button_interaction","task_id":"b1","main_title":{"title":"t"},"button_list":[{"text":"ok","key":"k"}]`), 0, nil},
		{"buttons without task", card(`"card_type":"button_interaction","main_title":{"title":"t"},"button_list":[{"text":"ok","key":"k"}]`), 42014, nil},
		{"no buttons", card(`"card_type":"button_interaction","task_id":"b2","main_title":{"title":"t"}`), 42035, nil},
		{"button without key", card(`"card_type":"button_interaction","task_id":"b3","main_title":{"title":"t"},"button_list":[{"text":"ok"}]`), 42039, nil},
		{"button without text", card(`"card_type":"button_interaction","task_id":"b4","main_title":{"title":"t"},"button_list":[{"key":"k"}]`), 42038, nil},
	} {
		a := app(t, s, "message/send", tt.body)
		if a.code() != tt.code {
			t.Errorf("%s: errcode = %d (%v), want %d", tt.name, a.code(), a["errmsg"], tt.code)
		}
		for k, want := range tt.want {
			if a[k] != want {
				t.Errorf("%s: %s = %v, want %v", tt.name, k, a[k], want)
			}
		}
		if id, _ := a["msgid"].(string); (id != "") != (tt.code == 0) {
			t.Errorf("%s: msgid = %q", tt.name, id)
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	long := strings.Repeat("长", 1000)
	send := func(msgtype, content string) {
		t.Helper()
		body := fmt.Sprintf(`{"touser":"LinXiaoyu","msgtype":%q,"agentid":1000012,%q:%s,"enable_id_trans":1}`, msgtype, msgtype, content)
		if a := app(t, s, "message/send", body); a.code() != 0 {
			t.Fatalf("%s: %v", msgtype, a)
		}
	}
	send("textcard", `{"title":"`+long+`","description":"$userName=ZhouMingkai$ `+long+`","url":"https://a.example.com","btntxt":"一二三四五"}`)
	send("text", `{"content":"`+long+`"}`)
	send("text", `{"content":"$departmentName=12$ $userName=Nobody$"}`)
	_, a := request(t, http.MethodGet, s.URL()+"/sim/app-messages?userid=linxiaoyu", "")
	want := []any{
		map[string]any{
			"title": strings.Repeat("长", 128), "description": "周明恺 " + strings.Repeat("长", 508),
			"url": "https://a.example.com", "btntxt": "一二三四",
		},
		map[string]any{"content": strings.Repeat("长", 682)},
		map[string]any{"content": "华东销售部 Nobody"},
	}
	if diff := cmp.Diff(any(want), field(a, "messages", "*", "content")); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
}

func TestLimitsDropSilently(t *testing.T) {
	t.Parallel()
	now := newClock()
	cfg := testConfig(t)
	cfg.Now = now.now
	s := start(t, cfg)
	address := s.URL() + "/cgi-bin/message/send?access_token=" + tokenOf(t, s, cfg.AppSecret)
	send := func(n int) {
		t.Helper()
		for range n {
			body := `{"touser":"LinXiaoyu","msgtype":"text","agentid":1000012,"text":{"content":"x"}}`
			if _, a := request(t, http.MethodPost, address, body); a.code() != 0 {
				t.Fatal(a)
			}
		}
	}
	count := func() (shown, dropped int) {
		for _, m := range s.phones.of("LinXiaoyu") {
			if m.Dropped {
				dropped++
			} else {
				shown++
			}
		}
		return shown, dropped
	}
	send(32)
	if shown, dropped := count(); shown != 30 || dropped != 2 {
		t.Errorf("32 in a minute: %d shown, %d dropped; want 30 and 2", shown, dropped)
	}
	for range 40 {
		now.move(time.Minute + time.Second)
		send(30)
	}
	if shown, dropped := count(); shown != 1000 || dropped != 232 {
		t.Errorf("1232 in an hour: %d shown, %d dropped; want 1000 and 232", shown, dropped)
	}
}

func TestDuplicateCheckAndRecall(t *testing.T) {
	t.Parallel()
	now := newClock()
	cfg := testConfig(t)
	cfg.Now = now.now
	s := start(t, cfg)
	send := func(body string) string {
		t.Helper()
		id, _ := app(t, s, "message/send", body)["msgid"].(string)
		return id
	}
	const same = `{"touser":"LinXiaoyu","msgtype":"text","agentid":1000012,"text":{"content":"x"},"enable_duplicate_check":1,"duplicate_check_interval":600}`
	const order = `{"msgtype":"text", "touser":"LinXiaoyu","agentid":1000012,"text":{"content":"x"},"enable_duplicate_check":1,"duplicate_check_interval":600}`
	first := send(same)
	if send(same) != first || send(order) != first || len(s.phones.of("LinXiaoyu")) != 1 {
		t.Error("the same request is delivered again")
	}
	if send(strings.Replace(same, `"x"`, `"y"`, 1)) == first {
		t.Error("another text counts as the same")
	}
	now.move(10 * time.Minute)
	if second := send(same); second == first || len(s.phones.of("LinXiaoyu")) != 3 {
		t.Error("the same request is not delivered after the interval")
	}
	recall := func(id string) int { return app(t, s, "message/recall", `{"msgid":"`+id+`"}`).code() }
	if code := recall(first); code != 0 || !s.phones.of("LinXiaoyu")[0].Recalled {
		t.Errorf("recall: errcode %d, %+v", code, s.phones.of("LinXiaoyu")[0])
	}
	if code := recall("unknown"); code != 40058 {
		t.Errorf("recall of an unknown message: errcode %d, want 40058", code)
	}
	now.move(25 * time.Hour)
	if code := recall(first); code != 40058 {
		t.Errorf("recall after a day: errcode %d, want 40058", code)
	}
}

// WeCom does not forget what it delivered when somebody pulls a plug; so a
// request whose answer a crash swallowed can be repeated safely.
func TestDuplicateCheckOutlivesARestart(t *testing.T) {
	t.Parallel()
	const request = `{"touser":"LinXiaoyu","msgtype":"text","agentid":1000012,"text":{"content":"x"},"enable_duplicate_check":1,"duplicate_check_interval":600}`
	cfg := testConfig(t)
	s, stop := startStop(t, cfg)
	first := app(t, s, "message/send", request)
	stop()
	s = start(t, cfg)
	if diff := cmp.Diff(first, app(t, s, "message/send", request)); diff != "" {
		t.Errorf("the answer to the repeat (-first +got):\n%s", diff)
	}
	if got := s.phones.of("LinXiaoyu"); len(got) != 1 {
		t.Errorf("%d messages on the phone, want 1", len(got))
	}
}
