package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/server"
)

func TestCallbackVerification(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.do(call{method: "GET", path: "/wecom/callback/app?msg_signature=good&echostr=abc%2B%3D"})
	if w.Code != 200 || w.Body.String() != "abc+=" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestCallbackEvents(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const path = "/wecom/callback/app?msg_signature=good"
	for _, body := range []string{"change_external_contact/del_follow_user", "msgaudit_notify/"} {
		if w := f.do(call{method: "POST", path: path, body: body}); w.Code != 200 || w.Body.Len() != 0 {
			t.Errorf("%s: %d %q, want an empty 200", body, w.Code, w.Body)
		}
	}
	want := []savedEvent{
		{"app", "change_external_contact", "del_follow_user", "change_external_contact/del_follow_user"},
		{"app", "msgaudit_notify", "", "msgaudit_notify/"},
	}
	if diff := cmp.Diff(want, f.saved); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if f.woken != 1 {
		t.Errorf("the puller was woken %d times, want 1", f.woken)
	}
}

func TestRefusedCallbacksLookAlike(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var first []any
	for _, c := range []call{
		{method: "GET", path: "/wecom/callback/app?msg_signature=bad&echostr=x"},
		{method: "GET", path: "/wecom/callback/app"},
		{method: "GET", path: "/wecom/callback/other?msg_signature=good&echostr=x"},
		{method: "POST", path: "/wecom/callback/app?msg_signature=bad", body: "x"},
		{method: "POST", path: "/wecom/callback/other?msg_signature=good", body: "x"},
		{method: "POST", path: "/wecom/callback/app?msg_signature=good", body: strings.Repeat("x", 1<<20+1)},
	} {
		w := f.do(c)
		got := []any{w.Code, w.Body.String(), w.Header().Get("Content-Type")}
		if first == nil {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" || w.Code != 403 {
			t.Errorf("%s %.60s (-first +got):\n%s", c.method, c.path, diff)
		}
	}
	if len(f.saved) != 0 {
		t.Errorf("saved %v", f.saved)
	}
}

func TestCallbackThatCannotBeStoredIsSentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *server.Options) {
		o.Callbacks.Save = func(context.Context, string, string, string, []byte) (bool, error) {
			return false, errors.New("disk full")
		}
	})
	w := f.do(call{method: "POST", path: "/wecom/callback/app?msg_signature=good", body: "msgaudit_notify/"})
	if w.Code != 500 || w.Body.Len() != 0 || f.woken != 0 {
		t.Errorf("%d %q, woken %d times", w.Code, w.Body, f.woken)
	}
}

func TestCallbackThatDoesNotParseIsKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *server.Options) {
		o.Callbacks.Parse = func([]byte) (string, string, error) { return "", "", errors.New("no XML") }
	})
	w := f.do(call{method: "POST", path: "/wecom/callback/app?msg_signature=good", body: "??"})
	if diff := cmp.Diff([]savedEvent{{"app", "", "", "??"}}, f.saved); diff != "" || w.Code != 200 {
		t.Errorf("%d, saved (-want +got):\n%s", w.Code, diff)
	}
}
