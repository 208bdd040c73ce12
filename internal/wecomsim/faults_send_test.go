package wecomsim

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSpoiltAppMessages(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	number := 0
	for _, tt := range []struct {
		name, fault, to     string
		invalid, unlicensed any
		shown               map[string]bool
	}{
		{"none", ``, "LinXiaoyu", "", "", map[string]bool{"LinXiaoyu": true}},
		{"one of one", `{"kind":"send.invaliduser"}`, "LinXiaoyu", "linxiaoyu", "", map[string]bool{"LinXiaoyu": false}},
		{"one of one unlicensed", `{"kind":"send.unlicensed"}`, "LinXiaoyu", "", "linxiaoyu", map[string]bool{"LinXiaoyu": false}},
		{
			"more than there are", `{"kind":"send.invaliduser","count":5}`, "LinXiaoyu|Nobody", "nobody|linxiaoyu", "",
			map[string]bool{"LinXiaoyu": false},
		},
		{
			"one each", `{"kind":"send.invaliduser"},{"kind":"send.unlicensed"}`, "LinXiaoyu|ZhouMingkai", nil, nil,
			map[string]bool{"LinXiaoyu": false, "ZhouMingkai": false},
		},
		{"not shown", `{"kind":"send.dropped"}`, "LinXiaoyu", "", "", map[string]bool{"LinXiaoyu": false}},
	} {
		setFaults(t, s, `{"faults":[`+tt.fault+`]}`)
		number++
		text := fmt.Sprintf("第%d条", number)
		a := app(t, s, "message/send", `{"touser":"`+tt.to+`","msgtype":"text","agentid":1000012,"text":{"content":"`+text+`"}}`)
		if a.code() != 0 || a["msgid"] == "" {
			t.Errorf("%s: %v", tt.name, a)
		}
		if tt.invalid != nil && (a["invaliduser"] != tt.invalid || a["unlicenseduser"] != tt.unlicensed) {
			t.Errorf("%s: invaliduser %q, unlicenseduser %q, want %q, %q", tt.name, a["invaliduser"], a["unlicenseduser"], tt.invalid, tt.unlicensed)
		}
		got := map[string]bool{}
		for id := range tt.shown {
			got[id] = false
			for _, m := range s.phones.of(id) {
				got[id] = got[id] || string(m.Content) == `{"content":"`+text+`"}` && !m.Dropped
			}
		}
		if diff := cmp.Diff(tt.shown, got); diff != "" {
			t.Errorf("%s: shown (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestTheDuplicateCheckFails(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	send := func() any {
		return app(t, s, "message/send", `{"touser":"LinXiaoyu","msgtype":"text","agentid":1000012,"enable_duplicate_check":1,"text":{"content":"x"}}`)["msgid"]
	}
	first := send()
	if again := send(); again != first || len(s.phones.of("LinXiaoyu")) != 1 {
		t.Errorf("without the fault: msgid %v then %v, %d on the phone", first, again, len(s.phones.of("LinXiaoyu")))
	}
	setFaults(t, s, `{"faults":[{"kind":"send.no_duplicate_check","times":1}]}`)
	if again := send(); again == first || len(s.phones.of("LinXiaoyu")) != 2 {
		t.Errorf("with it: msgid %v again, %d on the phone", again, len(s.phones.of("LinXiaoyu")))
	}
}

func TestALostAnswerIsMadeUpForByTheDuplicateCheck(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	c := newSDKClient(t, s, nil)
	setFaults(t, s, `{"faults":[{"kind":"send.lost_answer","times":1}]}`)
	path := "/cgi-bin/message/send?access_token=" + tokenOf(t, s, s.cfg.AppSecret)
	const body = `{"touser":"LinXiaoyu","msgtype":"text","agentid":1000012,"enable_duplicate_check":1,"text":{"content":"x"}}`
	if answer, err := c.try(path, body); err == nil {
		t.Errorf("the first answer came: %s", answer)
	}
	if answer, err := c.try(path, body); err != nil || len(s.phones.of("LinXiaoyu")) != 1 {
		t.Errorf("repeated: %s, %v, %d on the phone", answer, err, len(s.phones.of("LinXiaoyu")))
	}
}
