package api

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/fault"
)

func TestUserByCode(t *testing.T) {
	const op = "auth/getuserinfo"
	for _, tt := range []struct {
		name  string
		reply answer
		want  string
		err   error
	}{
		{"member", say(`{"errcode":0,"userid":"LinXiaoyu","user_ticket":"Tkt"}`), "LinXiaoyu", nil},
		{"customer", say(`{"errcode":0,"openid":"oK","external_userid":"wmQ"}`), "", ErrNotMember},
		{"invalid code", code(40029, "invalid code"), "", ErrCodeInvalid},
		{"code used before", code(42022, "code used"), "", ErrCodeUsed},
		{"code too old", code(42003, "expired"), "", ErrCodeExpired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.on(op, tt.reply)
			c, _ := f.client()
			got, err := c.UserByCode(t.Context(), "c+/=&d")
			if !errors.Is(err, tt.err) || (tt.err == nil && err != nil) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if got != tt.want {
				t.Errorf("UserByCode = %q, want %q", got, tt.want)
			}
			if h := f.calls(op); len(h) != 1 || h[0].query.Get("code") != "c+/=&d" {
				t.Errorf("requests %v", h)
			}
		})
	}
	t.Run("no code, no call", func(t *testing.T) {
		c, _ := newFake(t).client()
		if _, err := c.UserByCode(t.Context(), ""); !errors.Is(err, ErrCodeInvalid) {
			t.Errorf("error %v, want ErrCodeInvalid", err)
		}
	})
	t.Run("lost answer", func(t *testing.T) {
		f := newFake(t)
		f.on(op, status(502))
		c, _ := f.client()
		_, err := c.UserByCode(t.Context(), "x")
		wantError(t, err, ClassUnknown, 0)
		if got := len(f.calls(op)); got != 1 {
			t.Errorf("%d calls, want 1", got)
		}
	})
}

func TestLoginURLs(t *testing.T) {
	c, err := New(Options{CorpID: "ww1234567890abcdef", AgentID: 1000012, AppSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	const redirect = "https://archive.example.com:8443/login/back?to=/a b&x=1+2#f"
	const escaped = "https%3A%2F%2Farchive.example.com%3A8443%2Flogin%2Fback%3Fto%3D%2Fa%20b%26x%3D1%2B2%23f"
	for _, tt := range []struct{ name, got, want string }{
		{
			"inside WeCom", c.AuthorizeURL("St4te", redirect),
			"https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww1234567890abcdef&redirect_uri=" + escaped +
				"&response_type=code&scope=snsapi_base&state=St4te&agentid=1000012#wechat_redirect",
		},
		{
			"browser", c.WebLoginURL("St4te", redirect, "en"),
			"https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=ww1234567890abcdef&agentid=1000012" +
				"&redirect_uri=" + escaped + "&state=St4te&lang=en",
		},
		{
			"browser, another language, hostile state", c.WebLoginURL("a&b#c", "https://x.example/", "fr"),
			"https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=ww1234567890abcdef&agentid=1000012" +
				"&redirect_uri=https%3A%2F%2Fx.example%2F&state=a%26b%23c&lang=zh",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.got); diff != "" {
				t.Errorf("URL (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSign(t *testing.T) {
	for _, tt := range []struct {
		name, ticket, nonce, page string
		timestamp                 int64
		want                      string
	}{
		{
			"Tencent's sample", "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
			"Wm3WZYTPz0wzccnW", "http://mp.weixin.qq.com?params=value", 1414587457, "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
		},
		{
			"escapes stay", "kgt8ON7yVITDhtdwci0qeWbGcRP9mB2Xn5zLq4aHJsEfUvTYoKxMwSdCpiAR1Q3l",
			"a1B2c3D4e5F6g7H8", "https://archive.example.com/console/chat?room=wrExampleRoom01&kw=%E6%8A%A5%E4%BB%B7", 1735689600,
			"2382bb37d34425ab9e4975817791d5cb2038d90d",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := sign(tt.ticket, tt.nonce, tt.page, tt.timestamp).Signature; got != tt.want {
				t.Errorf("signature %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSignatureKeepsTickets(t *testing.T) {
	f := newFake(t)
	f.on("get_jsapi_ticket", say(`{"ticket":"corp-ticket","expires_in":7200}`))
	f.on("ticket/get", say(`{"ticket":"app-ticket","expires_in":7200}`))
	c, clk := f.client()
	for range 3 {
		for kind, ticket := range map[SignKind]string{SignCorp: "corp-ticket", SignAgent: "app-ticket"} {
			got, err := c.Signature(t.Context(), kind, "https://archive.example.com/h5/?a=1#/chat")
			if err != nil {
				t.Fatal(err)
			}
			want := sign(ticket, got.Nonce, "https://archive.example.com/h5/?a=1", clk.now().Unix())
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Signature(%s) (-want +got):\n%s", kind, diff)
			}
			if len(got.Nonce) < 16 {
				t.Errorf("nonce %q is short", got.Nonce)
			}
		}
	}
	if a, b := len(f.calls("get_jsapi_ticket")), len(f.calls("ticket/get")); a != 1 || b != 1 {
		t.Errorf("%d and %d tickets fetched, want 1 and 1", a, b)
	}
	if got := f.calls("ticket/get")[0].query.Get("type"); got != "agent_config" {
		t.Errorf("type %q", got)
	}
	if _, err := c.Signature(t.Context(), "else", "x"); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("unknown kind: %v, want invalid", err)
	}
}
