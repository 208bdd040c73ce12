package wecomsim

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecomsim/corpus"
)

func TestSentMessagesLookLikeWeComs(t *testing.T) {
	t.Parallel()
	now := newClock()
	cfg := testConfig(t)
	cfg.Now = now.now
	s := start(t, cfg)
	const room = "wrQx7kDAAAv8Zp1LmN4oRtYbXeKcJqSd"
	const rest = `"action":"send","from":"LinXiaoyu","tolist":["ZhouMingkai"],"roomid":"","msgtime":1767578400000,`
	for _, tt := range []struct{ name, body, want string }{
		{"text", `{"from":"LinXiaoyu","to":"ZhouMingkai","text":"<你好> & \"再见\""}`, rest + `"msgtype":"text","text":{"content":"<你好> & \"再见\""}}`},
		{"own payload", `{"from":"LinXiaoyu","to":"ZhouMingkai","msgtype":"link","payload":{"title":"t", "x":1}}`, rest + `"msgtype":"link","link":{"title":"t","x":1}}`},
		{"payload under another key", `{"from":"LinXiaoyu","to":"ZhouMingkai","msgtype":"docmsg","payload":{"title":"t"}}`, rest + `"msgtype":"docmsg","doc":{"title":"t"}}`},
		{"unknown type", `{"from":"LinXiaoyu","to":"ZhouMingkai","msgtype":"hologram"}`, rest + `"msgtype":"hologram","hologram":{}}`},
		{
			"group of the directory", `{"from":"` + testCustomer + `","roomid":"` + room + `","text":"x"}`,
			`"action":"send","from":"` + testCustomer + `","tolist":["LinXiaoyu"],"roomid":"` + room + `","msgtime":1767578400000,"msgtype":"text","text":{"content":"x"}}`,
		},
		{
			"unknown group", `{"from":"a","roomid":"wrNew","tolist":["a","b"],"text":"x"}`,
			`"action":"send","from":"a","tolist":["b"],"roomid":"wrNew","msgtime":1767578400000,"msgtype":"text","text":{"content":"x"}}`,
		},
		{"raw object", `{"raw":{"msgid" : "r1","z":[1, 2]}}`, `{"msgid" : "r1","z":[1, 2]}`},
		{"raw text", `{"raw":"no JSON \u0001"}`, "no JSON \x01"},
	} {
		status, a := request(t, http.MethodPost, s.URL()+"/sim/messages", tt.body)
		texts, ids := bodies(t, s)
		got := texts[len(texts)-1]
		if status != http.StatusOK || a["msgid"] != ids[len(ids)-1] || a["seq"] != float64(len(texts)) {
			t.Errorf("%s: %d %v", tt.name, status, a)
		}
		if !strings.HasPrefix(tt.name, "raw") {
			got = strings.TrimPrefix(got, `{"msgid":"`+ids[len(ids)-1]+`",`)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestMsgIDsTellExternalConversations(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for _, tt := range []struct {
		from, to string
		want     *regexp.Regexp
	}{
		{"LinXiaoyu", "ZhouMingkai", regexp.MustCompile(`^\d+_\d{13}$`)},
		{"LinXiaoyu", testCustomer, regexp.MustCompile(`^\d+_\d{13}_external$`)},
		{"wmUnknown000000000000000000", "LinXiaoyu", regexp.MustCompile(`^\d+_\d{13}_external$`)},
		{"wmshort", "LinXiaoyu", regexp.MustCompile(`^\d+_\d{13}$`)},
	} {
		m, err := s.send(outgoing{From: tt.from, To: tt.to, Text: "x"})
		if err != nil || !tt.want.MatchString(m.MsgID) {
			t.Errorf("%s to %s: msgid %s, %v; want %s", tt.from, tt.to, m.MsgID, err, tt.want)
		}
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	say := func(from, to string) string {
		t.Helper()
		m, err := s.send(outgoing{From: from, To: to, Text: "x"})
		if err != nil {
			t.Fatal(err)
		}
		return m.MsgID
	}
	mine := say("LinXiaoyu", "ZhouMingkai")
	other := say("LinXiaoyu", testCustomer)
	last := say("ZhouMingkai", "LinXiaoyu")
	const room = "wrQx7kDAAAv8Zp1LmN4oRtYbXeKcJqSd"
	inRoom, err := s.send(outgoing{From: testCustomer, RoomID: room, Text: "x"})
	if err != nil {
		t.Fatal(err)
	}
	say("Somebody", "Else")
	for _, tt := range []struct{ name, path, body, from, want string }{
		{"the sender's last in the chat", "messages", `{"from":"LinXiaoyu","to":"ZhouMingkai","msgtype":"revoke"}`, "LinXiaoyu", mine},
		{"a given one", "messages", `{"from":"LinXiaoyu","to":"ZhouMingkai","msgtype":"revoke","pre_msgid":"p"}`, "LinXiaoyu", "p"},
		{"the newest of the chat", "revoke-last", `{"from":"LinXiaoyu","to":"ZhouMingkai"}`, "ZhouMingkai", last},
		{"the newest of the group", "revoke-last", `{"from":"LinXiaoyu","roomid":"` + room + `"}`, testCustomer, inRoom.MsgID},
		{"the other chat's", "revoke-last", `{"from":"` + testCustomer + `","to":"LinXiaoyu"}`, "LinXiaoyu", other},
	} {
		status, a := request(t, http.MethodPost, s.URL()+"/sim/"+tt.path, tt.body)
		texts, _ := bodies(t, s)
		var got struct {
			Action, From string
			Revoke       struct {
				Pre string `json:"pre_msgid"`
			}
		}
		if err := json.Unmarshal([]byte(texts[len(texts)-1]), &got); err != nil {
			t.Fatal(err)
		}
		if status != http.StatusOK || got.Action != "recall" || got.Revoke.Pre != tt.want || got.From != tt.from {
			t.Errorf("%s: %d %v, %+v, want pre_msgid %s", tt.name, status, a, got, tt.want)
		}
	}
	_, a := request(t, http.MethodPost, s.URL()+"/sim/revoke-last", `{"from":"LinXiaoyu","to":"ZhouMingkai"}`)
	if code, _ := errorCode(a); code != "conflict" {
		t.Errorf("everything of the chat is revoked, but the answer is %v", a)
	}
}

func TestControlRefusesWrongRequests(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for _, tt := range []struct{ name, method, path, body, code, field string }{
		{"no sender", "POST", "messages", `{"to":"b","text":"x"}`, "invalid", "from"},
		{"no receiver", "POST", "messages", `{"from":"a","text":"x"}`, "invalid", "to"},
		{"two receivers", "POST", "messages", `{"from":"a","to":"b","roomid":"r","text":"x"}`, "invalid", "to"},
		{"unknown group", "POST", "messages", `{"from":"a","roomid":"r","text":"x"}`, "invalid", "tolist"},
		{"no text", "POST", "messages", `{"from":"a","to":"b"}`, "invalid", "text"},
		{"odd type", "POST", "messages", `{"from":"a","to":"b","msgtype":"a\"b"}`, "invalid", "msgtype"},
		{"nothing to revoke", "POST", "messages", `{"from":"a","to":"b","msgtype":"revoke"}`, "invalid", "pre_msgid"},
		{"nothing at all to revoke", "POST", "revoke-last", `{"from":"a","to":"b"}`, "conflict", ""},
		{"no chat to revoke in", "POST", "revoke-last", ``, "invalid", "from"},
		{"half a chat to revoke in", "POST", "revoke-last", `{"from":"a"}`, "invalid", "to"},
		{"empty raw", "POST", "messages", `{"raw":""}`, "invalid", "raw"},
		{"no JSON", "POST", "messages", `{`, "invalid", ""},
		{"wrong type", "POST", "messages", `{"from":1}`, "invalid", "from"},
		{"rate missing", "POST", "rate", `{}`, "invalid", "per_minute"},
		{"rate too high", "POST", "rate", `{"per_minute":1e9}`, "invalid", "per_minute"},
		{"negative rate", "POST", "rate", `{"per_minute":-1}`, "invalid", "per_minute"},
		{"consent missing", "POST", "consent", `{"userid":"a","external_userid":"b"}`, "invalid", "agree"},
		{"odd from_seq", "GET", "messages?from_seq=-1", ``, "invalid", "from_seq"},
		{"limit too high", "GET", "messages?limit=10001", ``, "invalid", "limit"},
	} {
		status, a := request(t, tt.method, s.URL()+"/sim/"+tt.path, tt.body)
		code, field := errorCode(a)
		if code != tt.code || field != tt.field || (status != http.StatusBadRequest && status != http.StatusConflict) {
			t.Errorf("%s: %d %v, want %s %s", tt.name, status, a, tt.code, tt.field)
		}
	}
	if _, added, _ := s.stream.counts(); added != 0 {
		t.Errorf("%d messages were sent all the same", added)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/sim/say", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a request of another site: status %d, want 400", resp.StatusCode)
	}
}

func TestRateCanBeTurned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.Now = time.Now
		s := newBareSim(t, cfg)
		s.company = company{corpus.New(corpus.Options{Seed: 1, End: time.Now()})}
		done := make(chan error, 1)
		go func() { done <- s.talk(t.Context()) }()
		count := func() int { _, _, n := s.stream.counts(); return n }
		time.Sleep(time.Hour)
		if n := count(); n != 0 {
			t.Errorf("%d messages at rate 0", n)
		}
		if err := s.rate.set(2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		if n := count(); n != 20 {
			t.Errorf("%d messages in 10 minutes at 2 a minute", n)
		}
		if err := s.rate.set(0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if n := count(); n != 20 {
			t.Errorf("%d messages an hour later at rate 0", n-20)
		}
	})
}

func TestLiveMessagesAreAppended(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Rate, cfg.Directory = 6000, ""
	s := start(t, cfg)
	for range 5 {
		changed := s.stream.wait()
		if s.stream.next() <= 3 {
			<-changed
		}
	}
	texts, ids := bodies(t, s)
	for i, text := range texts {
		if !json.Valid([]byte(text)) || ids[i] == "" {
			t.Errorf("live message %d: msgid %q, %s", i, ids[i], text)
		}
	}
}

func TestMiddlewareIsTheFaultPoint(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Middleware = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/cgi-bin/message/getchatdata" {
				writeAnswer(w, nil, errBusy)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	s := start(t, cfg)
	c := newSDKClient(t, s, nil)
	c.login()
	if _, code := c.chatData(0, 1); code != -1 {
		t.Errorf("errcode = %d, want the middleware's -1", code)
	}
}
