package wecomsim

import "testing"

func TestSpoiltLogins(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	login := func() (code, state string) {
		to := choose(newBrowser(t), s, inAppQuery(s), "member:LinXiaoyu")
		return to.Query().Get("code"), to.Query().Get("state")
	}
	redeem := func(code string) answerOf { return app(t, s, "auth/getuserinfo?code="+code, "") }
	for _, tt := range []struct {
		fault         string
		first, second int // errcodes of the same code twice
	}{
		{``, 0, 42022},
		{`{"kind":"oauth.reuse"}`, 0, 0},
		{`{"kind":"oauth.reuse","after":1}`, 0, 42022},
		{`{"kind":"oauth.refused","times":1}`, 40029, 0},
		{`{"kind":"oauth.used","times":1}`, 42022, 0},
		{`{"kind":"oauth.expired","times":1}`, 42003, 0},
		{`{"kind":"oauth.expired","times":1},{"kind":"oauth.refused","times":1}`, 40029, 42003},
	} {
		setFaults(t, s, `{"faults":[`+tt.fault+`]}`)
		code, state := login()
		if state != "abc123" || code == "" {
			t.Errorf("%s: code %q, state %q", tt.fault, code, state)
		}
		first, second := redeem(code), redeem(code)
		if first.code() != tt.first || second.code() != tt.second {
			t.Errorf("%s: errcodes %d and %d, want %d and %d", tt.fault, first.code(), second.code(), tt.first, tt.second)
		}
	}
	for kind, want := range map[string]func(code, state string) bool{
		"oauth.wrong_state": func(code, state string) bool { return code != "" && state != "" && state != "abc123" },
		"oauth.no_state":    func(code, state string) bool { return code != "" && state == "" },
		"oauth.no_code":     func(code, state string) bool { return code == "" && state == "abc123" },
	} {
		setFaults(t, s, `{"faults":[{"kind":"`+kind+`","times":1}]}`)
		if code, state := login(); !want(code, state) {
			t.Errorf("%s: code %q, state %q", kind, code, state)
		}
		if code, state := login(); code == "" || state != "abc123" {
			t.Errorf("%s, the login after it: code %q, state %q", kind, code, state)
		}
	}
}
