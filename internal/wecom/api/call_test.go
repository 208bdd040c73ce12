package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/fault"
)

const follow = "externalcontact/get_follow_user_list"

func TestAnswersAreClassified(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reply answer
		class Class
		code  int
		calls int // 0: net/http itself repeats a GET
		fault string
	}{
		{"system busy", code(-1, "system busy"), ClassUnavailable, -1, maxTries, "unavailable"},
		{"code as text", say(`{"errcode":"84061","errmsg":"not external contact"}`), ClassObject, 84061, 1, "not_found"},
		{"server error", status(500), ClassUnavailable, 0, maxTries, "unavailable"},
		{"redirect is not followed", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/cgi-bin/elsewhere?"+r.URL.RawQuery, http.StatusFound)
		}, ClassUnavailable, 0, maxTries, "unavailable"},
		{"HTML instead of JSON", say("<html>login to the hotel</html>"), ClassUnavailable, 0, maxTries, "unavailable"},
		{"empty body", say(""), ClassUnavailable, 0, maxTries, "unavailable"},
		{"an array", say("[]"), ClassUnavailable, 0, maxTries, "unavailable"},
		{"errcode that is no number", say(`{"errcode":{}}`), ClassUnavailable, 0, maxTries, "unavailable"},
		{"connection cut", hangUp, ClassUnavailable, 0, 0, "unavailable"},
		{"no permission", code(48002, "api forbidden"), ClassConfig, 48002, 1, "unavailable"},
		{"IP not allowed", code(60020, "not allow to access from your ip"), ClassConfig, 60020, 1, "unavailable"},
		{"member unknown", code(60111, "userid not found"), ClassObject, 60111, 1, "not_found"},
		{"too many at a time", code(45033, "concurrency"), ClassLimited, 45033, maxTries, "rate_limited"},
		{"bad parameter", code(40058, "invalid"), ClassRefused, 40058, 1, "internal"},
		{"a code that nobody knows", code(987654, "?"), ClassRefused, 987654, 1, "internal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.on(follow, tt.reply)
			c, _ := f.client()
			_, err := c.FollowUsers(t.Context())
			e := wantError(t, err, tt.class, tt.code)
			if e.Op != follow {
				t.Errorf("Op %q, want %q", e.Op, follow)
			}
			if got := len(f.calls(follow)); tt.calls != 0 && got != tt.calls {
				t.Errorf("%d calls, want %d", got, tt.calls)
			}
			if !fault.Is(err, tt.fault) {
				t.Errorf("fault %q, want class %q", fault.CodeOf(err), tt.fault)
			}
		})
	}
}

func TestPassingFailuresAreTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first answer
	}{
		{"busy", code(-1, "busy")},
		{"bad gateway", status(502)},
		{"no JSON", say("<html>")},
		{"connection cut", hangUp},
		{"too many at a time", code(45033, "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.on(follow, tt.first, say(`{"follow_user":["A",null,"",7]}`))
			c, _ := f.client()
			got, err := c.FollowUsers(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"A", "7"}, got); diff != "" {
				t.Errorf("FollowUsers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	f := newFake(t)
	leak := "bad " + appSecret + " app-token-1 see https://example.com/?access_token=app-token-1 access_token=x from ip: 203.0.113.9 " + strings.Repeat("长", 500)
	f.on(follow, code(60020, leak))
	c, _ := f.client()
	_, err := c.FollowUsers(t.Context())
	e := wantError(t, err, ClassConfig, 60020)
	for _, secret := range []string{appSecret, "app-token-1", "access_token", "://"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error holds %q: %v", secret, err)
		}
	}
	if !strings.Contains(e.Message, "from ip: 203.0.113.9") {
		t.Errorf("message %q lost the IP that the operator needs", e.Message)
	}
	if e.Hint == "" {
		t.Error("no hint")
	}
	if n := len([]rune(e.Message)); n > maxMessage+1 {
		t.Errorf("message has %d characters", n)
	}
}

func TestTransportErrorsHoldNoSecrets(t *testing.T) {
	f := newFake(t)
	c, _ := f.client()
	f.server.Close() // connection refused, at gettoken
	_, err := c.UserByCode(t.Context(), "the-code")
	wantError(t, err, ClassUnavailable, 0)
	for _, secret := range []string{appSecret, "corpsecret", "the-code", "://"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error holds %q: %v", secret, err)
		}
	}
}

func TestContextEndsACall(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.on(follow, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	c, _ := f.client()
	_, err := c.FollowUsers(ctx)
	wantError(t, err, ClassUnavailable, 0)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v is not context.Canceled", err)
	}
	if got := len(f.calls(follow)); got != 1 {
		t.Errorf("%d calls, want 1", got)
	}
}

func TestSlowAnswersTimeOut(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	c, err := New(Options{BaseURL: server.URL, CorpID: "ww", AgentID: 1, AppSecret: "s3cret", HTTP: &http.Client{Timeout: 20 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	c.sleep = func(context.Context, time.Duration) error { return nil }
	_, err = c.FollowUsers(t.Context())
	wantError(t, err, ClassUnavailable, 0)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v is not a time-out", err)
	}
}

func TestFrequencyLimitPausesTheAPI(t *testing.T) {
	f := newFake(t)
	f.on(follow, code(45009, "api freq out of limit"), code(45009, "again"), say(`{}`))
	f.on("user/get", say(`{"userid":"A"}`))
	c, clk := f.client()
	_, err := c.FollowUsers(t.Context())
	if e := wantError(t, err, ClassLimited, 45009); e.RetryAfter != time.Minute {
		t.Errorf("RetryAfter %v, want 1m", e.RetryAfter)
	}
	clk.add(20 * time.Second)
	_, err = c.FollowUsers(t.Context())
	if e := wantError(t, err, ClassLimited, 45009); e.RetryAfter != 40*time.Second {
		t.Errorf("RetryAfter %v, want 40s", e.RetryAfter)
	}
	if got := len(f.calls(follow)); got != 1 {
		t.Errorf("%d calls while paused, want 1", got)
	}
	if _, err := c.Employee(t.Context(), "A"); err != nil {
		t.Errorf("another API is paused too: %v", err)
	}
	clk.add(time.Minute)
	_, err = c.FollowUsers(t.Context())
	if e := wantError(t, err, ClassLimited, 45009); e.RetryAfter != time.Hour {
		t.Errorf("RetryAfter %v after the second limit, want 1h", e.RetryAfter)
	}
	clk.add(time.Hour)
	if _, err := c.FollowUsers(t.Context()); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestAtMostFourCallsOfOneAPIAtATime(t *testing.T) {
	f := newFake(t)
	var now, most atomic.Int32
	arrived, release := make(chan struct{}, 20), make(chan struct{})
	f.on(follow, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		arrived <- struct{}{}
		<-release
		say(`{}`)(w, r)
	})
	c, _ := f.client()
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if _, err := c.FollowUsers(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for range maxParallel {
		<-arrived
	}
	close(release)
	wg.Wait()
	if got := most.Load(); got != maxParallel {
		t.Errorf("%d calls at a time, want %d", got, maxParallel)
	}
}

func TestTwoClientsKeepApart(t *testing.T) {
	a, b := newFake(t), newFake(t)
	a.on(follow, say(`{"follow_user":["A"]}`))
	b.on(follow, say(`{"follow_user":["B"]}`))
	ca, _ := a.client()
	cb, _ := b.client()
	for _, tt := range []struct {
		c    *Client
		want string
	}{{ca, "A"}, {cb, "B"}, {ca, "A"}} {
		got, err := tt.c.FollowUsers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{tt.want}, got); diff != "" {
			t.Errorf("FollowUsers (-want +got):\n%s", diff)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := Options{CorpID: "ww", AgentID: 1, AppSecret: "s"}
	for _, tt := range []struct {
		name, field string
		change      func(*Options)
	}{
		{"no corp id", "corp_id", func(o *Options) { o.CorpID = "" }},
		{"app without agent id", "agent_id", func(o *Options) { o.AgentID = 0 }},
		{"base without scheme", "base_url", func(o *Options) { o.BaseURL = "qyapi.weixin.qq.com" }},
		{"base with query", "oauth_base_url", func(o *Options) { o.OAuthBaseURL = "https://x.example/?a=b" }},
		{"base of another kind", "web_login_base_url", func(o *Options) { o.WebLoginBaseURL = "file:///etc" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			_, err := New(o)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Code != fault.CodeInvalid || f.Field != tt.field {
				t.Errorf("New: %v, want invalid %s", err, tt.field)
			}
		})
	}
	if _, err := New(good); err != nil {
		t.Errorf("good options: %v", err)
	}
}
