package wecomsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"huicun/internal/wecomsim/corpus"
)

// TestSamplesOfEveryTypeCanBeSent sends every one into a single chat and into a
// group and fetches each file that they announce.
func TestSamplesOfEveryTypeCanBeSent(t *testing.T) {
	t.Parallel()
	const room = "wrQx7kDAAAv8Zp1LmN4oRtYbXeKcJqSd"
	s := start(t, testConfig(t))
	_, list := request(t, http.MethodGet, s.URL()+"/sim/samples", "")
	if got, want := len(list["samples"].([]any)), len(corpus.Exhibits()); got != want {
		t.Errorf("GET /sim/samples lists %d, want %d", got, want)
	}
	c := newSDKClient(t, s, nil)
	c.login()
	for _, chat := range []string{`"to":"` + testCustomer + `"`, `"roomid":"` + room + `"`} {
		before := s.stream.next()
		status, a := request(t, http.MethodPost, s.URL()+"/sim/samples", `{"name":"all","from":"LinXiaoyu",`+chat+`}`)
		added, _ := a["sent"].(float64)
		if status != http.StatusOK || int(added) != len(corpus.Exhibits())+2 { // each of the two recalls sends what it recalls
			t.Fatalf("%s: %d, %v", chat, status, a)
		}
		all, err := s.stream.from(before, 1000)
		if err != nil || len(all) != int(added) {
			t.Fatalf("%d messages, %v", len(all), err)
		}
		seen := map[string]bool{}
		for _, m := range all {
			if seen[m.MsgID] || msgIDOf(m.Body, m.Seq) != m.MsgID {
				t.Errorf("seq %d: msgid %s is there twice or not the one inside", m.Seq, m.MsgID)
			}
			seen[m.MsgID] = true
			for _, found := range regexp.MustCompile(`sdkfileid\\?":\s?\\?"([A-Za-z0-9+/=]+)`).FindAllSubmatch(m.Body, -1) {
				if id := fileOfSDK(string(found[1])); id != "" && !seen[id] {
					seen[id] = true
					if data, _ := c.fetch(string(found[1]), 1<<19); len(data) == 0 {
						t.Errorf("seq %d: an empty file %s", m.Seq, id)
					}
				}
			}
		}
	}
	texts, _ := bodies(t, s)
	last := strings.Join(texts, "\n")
	for _, want := range []string{
		`"from":"wbQx7kDAAAJVylUKpSA3Z5U11tDO4Xyz","tolist":["LinXiaoyu","` + testCustomer + `"],"roomid":"` + room + `"`, // markdown in the group
		`"from":"LinXiaoyu","tolist":["` + testCustomer + `"],"msgtime":`,                                                 // a call has no roomid
	} {
		if !strings.Contains(last, want) {
			t.Errorf("nowhere %s", want)
		}
	}
}

func TestSampleRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for _, tt := range []struct{ body, field string }{
		{`{"name":"nothing","from":"LinXiaoyu","to":"ZhouMingkai"}`, "name"},
		{`{"from":"LinXiaoyu","to":"ZhouMingkai"}`, "name"},
		{`{"name":"card.employee","to":"ZhouMingkai"}`, "from"},
		{`{"name":"card.employee","from":"LinXiaoyu"}`, "to"},
		{`{"name":"card.employee","from":"LinXiaoyu","roomid":"wrUnknown"}`, "tolist"},
	} {
		_, a := request(t, http.MethodPost, s.URL()+"/sim/samples", tt.body)
		if code, field := errorCode(a); code != "invalid" || field != tt.field {
			t.Errorf("%s: %v", tt.body, a)
		}
	}
}

// TestSampleChatStandsAtTheStart also looks at a data directory that began
// without it.
func TestSampleChatStandsAtTheStart(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Messages, cfg.Directory, cfg.Gallery = 400, "", true
	s, stop := startStop(t, cfg)
	texts, _ := bodies(t, s)
	var h header
	if err := json.Unmarshal([]byte(texts[0]), &h); err != nil || len(texts) != 400 {
		t.Fatalf("%d messages, %v", len(texts), err)
	}
	g, ok := s.directory.group(h.RoomID)
	if !ok || g.raw.str("name") != corpus.GalleryName {
		t.Errorf("the first message is in %s, %v", h.RoomID, g)
	}
	stop()
	again, stop := startStop(t, cfg)
	if now, _ := bodies(t, again); now[0] != texts[0] {
		t.Error("a restart begins with another message")
	}
	stop()

	cfg.DataDir, cfg.Gallery = t.TempDir(), false
	plain, stop := startStop(t, cfg)
	was, _ := bodies(t, plain)
	stop()
	cfg.Gallery = true
	later := start(t, cfg)
	if now, _ := bodies(t, later); now[0] != was[0] || now[0] == texts[0] {
		t.Error("a history that began without the sample chat begins with it now")
	}
}

func TestRobotsAreKnown(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Directory = ""
	s := start(t, cfg)
	c := newSDKClient(t, s, nil)
	c.login()
	for _, r := range s.company.corpus.Robots() {
		b, _ := c.do(http.MethodGet, "/cgi-bin/msgaudit/get_robot_info?access_token="+c.token+"&robot_id="+r.RobotID, "", nil)
		if !strings.Contains(string(b), fmt.Sprintf(`"name":%q`, r.Name)) {
			t.Errorf("%s: %s", r.RobotID, b)
		}
	}
}
