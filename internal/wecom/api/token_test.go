package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/fault"
)

// tokens gives the access tokens that op was called with.
func (f *fake) tokens(op string) []string {
	var out []string
	for _, h := range f.calls(op) {
		out = append(out, h.query.Get("access_token"))
	}
	return out
}

func TestTokenIsKeptUntilShortlyBeforeItsEnd(t *testing.T) {
	f := newFake(t)
	f.on(follow, say(`{}`))
	c, clk := f.client()
	for _, step := range []time.Duration{0, time.Hour, 54 * time.Minute, 2 * time.Minute} {
		clk.add(step)
		if _, err := c.FollowUsers(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"app-token-1", "app-token-1", "app-token-1", "app-token-2"}
	if diff := cmp.Diff(want, f.tokens(follow)); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestEachSecretHasItsToken(t *testing.T) {
	f := newFake(t)
	f.on(follow, say(`{}`))
	f.on("msgaudit/get_permit_user_list", say(`{"ids":["A"]}`))
	f.on("user/list_id", say(`{}`))
	c, _ := f.client()
	if _, err := c.FollowUsers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PermittedUsers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MemberIDs(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := []string{f.tokens(follow)[0], f.tokens("msgaudit/get_permit_user_list")[0], f.tokens("user/list_id")[0]}
	if diff := cmp.Diff([]string{"app-token-1", "archive-token-1", "contact-token-1"}, got); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	for _, refused := range []int{40014, 42001, 41001} {
		f := newFake(t)
		f.on(follow, code(refused, "invalid access_token"), say(`{}`))
		c, _ := f.client()
		if _, err := c.FollowUsers(t.Context()); err != nil {
			t.Errorf("%d: %v", refused, err)
		}
		if diff := cmp.Diff([]string{"app-token-1", "app-token-2"}, f.tokens(follow)); diff != "" {
			t.Errorf("%d: tokens (-want +got):\n%s", refused, diff)
		}
	}
}

func TestNewTokenRefusedToo(t *testing.T) {
	f := newFake(t)
	f.on(follow, code(40014, "invalid access_token"))
	c, _ := f.client()
	_, err := c.FollowUsers(t.Context())
	wantError(t, err, ClassToken, 40014)
	if got := len(f.calls(follow)); got != 2 {
		t.Errorf("%d calls, want 2", got)
	}
}

func TestOneFetchAtATime(t *testing.T) {
	f := newFake(t)
	f.on(follow, say(`{}`))
	c, _ := f.client()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := c.FollowUsers(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(f.calls("gettoken")); got != 1 {
		t.Errorf("%d tokens fetched, want 1", got)
	}
}

func TestThoseWhoWaitShareAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		fetches := 0
		c := newCached(time.Now, func(context.Context) (string, time.Duration, error) {
			fetches++
			<-release
			return "", 0, &Error{Op: "gettoken", Class: ClassUnavailable}
		})
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := c.get(t.Context()); !fault.Is(err, fault.CodeUnavailable) {
					t.Errorf("error %v, want that of the fetch", err)
				}
			})
		}
		synctest.Wait() // one fetches, four wait for it
		close(release)
		wg.Wait()
		if fetches != 1 {
			t.Errorf("%d fetches, want 1", fetches)
		}
		if _, err := c.get(t.Context()); err == nil || fetches != 2 {
			t.Errorf("later: error %v, %d fetches, want 2", err, fetches)
		}
	})
}

func TestACallerWhoGivesUpFailsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		c := newCached(time.Now, func(ctx context.Context) (string, time.Duration, error) {
			if fetches++; fetches == 1 {
				<-ctx.Done()
				return "", 0, ctx.Err()
			}
			return "T", time.Hour, nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.get(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want cancelled", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if got, err := c.get(t.Context()); err != nil || got != "T" {
				t.Errorf("get = %q, %v, want T", got, err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}

func TestOldTokenServesWhileAnotherRenews(t *testing.T) {
	f := newFake(t)
	f.on(follow, say(`{}`))
	c, clk := f.client()
	if _, err := c.FollowUsers(t.Context()); err != nil {
		t.Fatal(err)
	}
	clk.add(2*time.Hour - time.Minute)
	fetching, release := make(chan struct{}), make(chan struct{})
	f.on("gettoken", func(w http.ResponseWriter, r *http.Request) {
		close(fetching)
		<-release
		say(`{"access_token":"renewed"}`)(w, r)
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := c.FollowUsers(t.Context()); err != nil {
			t.Error(err)
		}
	})
	<-fetching
	if _, err := c.FollowUsers(t.Context()); err != nil { // would hang if it waited
		t.Error(err)
	}
	close(release)
	wg.Wait()
	if diff := cmp.Diff([]string{"app-token-1", "app-token-1", "renewed"}, f.tokens(follow)); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestOldTokenServesWhenRenewalFails(t *testing.T) {
	f := newFake(t)
	f.on(follow, say(`{}`))
	c, clk := f.client()
	if _, err := c.FollowUsers(t.Context()); err != nil {
		t.Fatal(err)
	}
	clk.add(2*time.Hour - time.Minute)
	f.on("gettoken", code(40001, "invalid credential"))
	for range 3 {
		if _, err := c.FollowUsers(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(f.calls("gettoken")); got != 2 {
		t.Errorf("%d calls of gettoken, want 2: a wrong secret is not repeated", got)
	}
}

func TestWrongSecretIsNotRepeated(t *testing.T) {
	for _, wrong := range []int{40001, 40091, 40013} {
		f := newFake(t)
		f.on("gettoken", code(wrong, "invalid credential"))
		c, clk := f.client()
		for range 5 {
			_, err := c.FollowUsers(t.Context())
			if e := wantError(t, err, ClassConfig, wrong); e.Hint == "" {
				t.Errorf("%d: no hint for the operator", wrong)
			}
			clk.add(time.Minute)
		}
		if got := len(f.calls("gettoken")); got != 1 {
			t.Errorf("%d: %d calls of gettoken, want 1", wrong, got)
		}
		clk.add(holdSecret)
		_, err := c.FollowUsers(t.Context())
		wantError(t, err, ClassConfig, wrong)
		if got := len(f.calls("gettoken")); got != 2 {
			t.Errorf("%d: %d calls of gettoken after the pause, want 2", wrong, got)
		}
	}
}

func TestTokenAnswerOddities(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		ok         bool
	}{
		{"numbers as strings", `{"errcode":"0","access_token":"T","expires_in":"7200"}`, true},
		{"no expires_in", `{"access_token":"T"}`, true},
		{"no token", `{"errcode":0,"errmsg":"ok"}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.on(follow, say(`{}`))
			f.on("gettoken", say(tt.body))
			c, clk := f.client()
			_, err := c.FollowUsers(t.Context())
			if (err == nil) != tt.ok {
				t.Fatalf("error %v, want none: %v", err, tt.ok)
			}
			if !tt.ok {
				return
			}
			clk.add(time.Hour)
			if _, err := c.FollowUsers(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := len(f.calls("gettoken")); got != 1 {
				t.Errorf("%d calls of gettoken within an hour, want 1", got)
			}
		})
	}
}

func TestMissingSecret(t *testing.T) {
	f := newFake(t)
	c, err := New(Options{BaseURL: f.server.URL, CorpID: "ww", AgentID: 1, AppSecret: appSecret})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.PermittedUsers(t.Context())
	e := wantError(t, err, ClassConfig, 0)
	if !strings.Contains(e.Message, "archive secret") {
		t.Errorf("message %q does not name the secret", e.Message)
	}
	if got := len(f.hits); got != 0 {
		t.Errorf("%d calls, want none", got)
	}
}
