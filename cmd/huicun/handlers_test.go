package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/alert"
	"huicun/internal/fault"
	"huicun/internal/rules"
	"huicun/internal/wecom/api"
)

func TestSendError(t *testing.T) {
	t.Parallel()
	type meaning struct {
		Class alert.Class
		Code  int
		After time.Duration
	}
	for _, tt := range []struct {
		name string
		err  error
		want meaning
	}{
		{"WeCom is busy", &api.Error{Code: -1, Class: api.ClassUnavailable}, meaning{alert.ClassRetry, -1, 30 * time.Second}},
		{"too many calls", &api.Error{Code: 45009, Class: api.ClassLimited, RetryAfter: time.Minute}, meaning{alert.ClassRetry, 45009, time.Minute}},
		{"a setting is wrong", &api.Error{Code: 60020, Class: api.ClassConfig}, meaning{alert.ClassRetry, 60020, 5 * time.Minute}},
		{"the token was refused", &api.Error{Code: 42001, Class: api.ClassToken}, meaning{alert.ClassRetry, 42001, 5 * time.Minute}},
		{"no receiver", &api.Error{Code: 81013, Class: api.ClassReceiver}, meaning{alert.ClassRefused, 81013, 0}},
		{"wrong parameters", &api.Error{Code: 40058, Class: api.ClassRefused}, meaning{alert.ClassRefused, 40058, 0}},
		{"an unknown member", &api.Error{Code: 60111, Class: api.ClassObject}, meaning{alert.ClassRefused, 60111, 0}},
		{"the answer was lost", &api.Error{Class: api.ClassUnknown}, meaning{alert.ClassUnknown, 0, 0}},
		{"wrapped", fmt.Errorf("send: %w", &api.Error{Code: -1, Class: api.ClassUnavailable}), meaning{alert.ClassRetry, -1, 30 * time.Second}},
		{"not sent at all", fault.Invalid("to", "must be userids"), meaning{alert.ClassRefused, 0, 0}},
	} {
		err := sendError(tt.err)
		e, ok := errors.AsType[*alert.SendError](err)
		if !ok {
			t.Errorf("%s: %v is no *alert.SendError", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, meaning{e.Class, e.Code, e.RetryAfter}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: the cause is gone from %v", tt.name, err)
		}
	}
	if err := sendError(context.Canceled); !errors.Is(err, context.Canceled) || errors.As(err, new(*alert.SendError)) {
		t.Errorf("a failure of unknown kind becomes %v; alert counts it as a lost answer only as it is", err)
	}
}

func TestParseRelation(t *testing.T) {
	t.Parallel()
	got, err := parseRelation([]byte(`<xml><ToUserName><![CDATA[ww1]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>
<CreateTime>1767240797</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_external_contact]]></Event>
<ChangeType><![CDATA[del_external_contact]]></ChangeType><UserID><![CDATA[LinXiaoyu]]></UserID>
<ExternalUserID><![CDATA[` + customer + `]]></ExternalUserID><Source><![CDATA[DELETE_BY_TRANSFER]]></Source></xml>`))
	want := rules.Event{
		Event: "change_external_contact", ChangeType: "del_external_contact", UserID: "LinXiaoyu", ExternalUserID: customer,
		Source: "DELETE_BY_TRANSFER", At: time.Unix(1767240797, 0).UTC(),
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "<xml>", "no XML", "\xff"} {
		if _, err := parseRelation([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
