package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/fault"
)

const send = "message/send"

func card() Message {
	return Message{
		To:       []string{"LinXiaoyu", "ZhouMingkai"},
		Card:     &TextCard{Title: "敏感词告警", Description: `<div class="gray">1月1日</div>`, URL: "https://archive.example.com/m/1?a=1&b=2", Button: "查看"},
		NoRepeat: time.Hour,
	}
}

func TestSend(t *testing.T) {
	for _, tt := range []struct {
		name string
		m    Message
		want string
	}{
		{"card", card(), `{"touser":"LinXiaoyu|ZhouMingkai","msgtype":"textcard","agentid":1000012,
			"textcard":{"title":"敏感词告警","description":"<div class=\"gray\">1月1日</div>","url":"https://archive.example.com/m/1?a=1&b=2","btntxt":"查看"},
			"enable_duplicate_check":1,"duplicate_check_interval":3600}`},
		{"text", Message{To: []string{"A"}, Text: "a <b>\n"}, `{"touser":"A","msgtype":"text","agentid":1000012,
			"text":{"content":"a <b>\n"},"enable_duplicate_check":1,"duplicate_check_interval":1800}`},
		{"markdown", Message{To: []string{"A"}, Markdown: "### x"}, `{"touser":"A","msgtype":"markdown","agentid":1000012,
			"markdown":{"content":"### x"},"enable_duplicate_check":1,"duplicate_check_interval":1800}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.on(send, say(`{"errcode":0,"errmsg":"ok","invaliduser":"","msgid":"m1"}`))
			c, _ := f.client()
			for range 2 {
				got, err := c.Send(t.Context(), tt.m)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(SendResult{MsgID: "m1"}, got); diff != "" {
					t.Errorf("Send (-want +got):\n%s", diff)
				}
			}
			hits := f.calls(send)
			equalJSON(t, tt.want, hits[0].body)
			if hits[0].body != hits[1].body {
				t.Errorf("the same message makes two requests:\n%s\n%s", hits[0].body, hits[1].body)
			}
			if strings.Contains(hits[0].body, `\u003c`) {
				t.Errorf("markup is escaped: %s", hits[0].body)
			}
		})
	}
}

func TestSendNamesWhoDidNotGetIt(t *testing.T) {
	f := newFake(t)
	f.on(send, say(`{"errcode":0,"invaliduser":"zhoumingkai|SOMEBODY","unlicenseduser":"linxiaoyu","msgid":"m1"}`), code(81013, "all invalid"))
	c, _ := f.client()
	got, err := c.Send(t.Context(), card())
	if err != nil {
		t.Fatal(err)
	}
	want := SendResult{MsgID: "m1", Invalid: []string{"ZhouMingkai", "SOMEBODY"}, Unlicensed: []string{"LinXiaoyu"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Send (-want +got):\n%s", diff)
	}
	_, err = c.Send(t.Context(), card())
	wantError(t, err, ClassReceiver, 81013)
}

func TestSendWhenTheAnswerIsLost(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, tt := range []struct {
		name  string
		ctx   context.Context
		reply answer
		cause error
	}{
		{"connection cut", t.Context(), hangUp, nil},
		{"bad gateway", t.Context(), status(502), nil},
		{"half an answer", t.Context(), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"errcode":`)
		}, nil},
		{"no JSON", t.Context(), say("<html>"), nil},
		{"a huge answer", t.Context(), say(`{"errcode":0,"msgid":"` + strings.Repeat("m", maxAnswerBytes) + `"}`), nil},
		{"caller gives up", cancelled, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		}, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.on(send, tt.reply)
			c, _ := f.client()
			_, err := c.Send(tt.ctx, card())
			wantError(t, err, ClassUnknown, 0)
			if got := len(f.calls(send)); got != 1 {
				t.Errorf("%d calls, want 1", got)
			}
			if tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("error %v, want %v", err, tt.cause)
			}
			if code := fault.CodeOf(err); code != "unavailable.outcome_unknown" {
				t.Errorf("fault %q", code)
			}
		})
	}
}

func TestSendTriesAgainWhenNothingHappened(t *testing.T) {
	for _, tt := range []struct {
		name    string
		op      string
		answers []answer
	}{
		{"system busy", send, []answer{code(-1, "busy"), say(`{"msgid":"m1"}`)}},
		{"token refused", send, []answer{code(42001, "expired"), say(`{"msgid":"m1"}`)}},
		{"no token to be had at first", "gettoken", []answer{status(500), say(`{"access_token":"T"}`)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.on(send, say(`{"msgid":"m1"}`))
			f.on(tt.op, tt.answers...)
			c, _ := f.client()
			got, err := c.Send(t.Context(), card())
			if err != nil {
				t.Fatal(err)
			}
			if got.MsgID != "m1" {
				t.Errorf("MsgID %q, want m1", got.MsgID)
			}
		})
	}
}

func TestSendRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, field string
		change      func(*Message)
	}{
		{"nobody", "to", func(m *Message) { m.To = nil }},
		{"too many", "to", func(m *Message) { m.To = make([]string, 1001) }},
		{"everybody", "to", func(m *Message) { m.To = []string{"@all"} }},
		{"two in one", "to", func(m *Message) { m.To = []string{"A|B"} }},
		{"an empty id", "to", func(m *Message) { m.To = []string{""} }},
		{"no content", "message", func(m *Message) { m.Card = nil }},
		{"two contents", "message", func(m *Message) { m.Text = "x" }},
		{"card without address", "card.url", func(m *Message) { m.Card.URL = "" }},
		{"address too long", "card.url", func(m *Message) { m.Card.URL = strings.Repeat("x", 2049) }},
		{"card without title", "card", func(m *Message) { m.Card.Title = "" }},
		{"interval too long", "no_repeat", func(m *Message) { m.NoRepeat = 5 * time.Hour }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			c, _ := f.client()
			m := card()
			tt.change(&m)
			_, err := c.Send(t.Context(), m)
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Code != fault.CodeInvalid || e.Field != tt.field {
				t.Errorf("Send: %v, want invalid %s", err, tt.field)
			}
			if got := len(f.calls(send)); got != 0 {
				t.Errorf("%d calls, want none", got)
			}
		})
	}
}

func TestRecall(t *testing.T) {
	f := newFake(t)
	f.on("message/recall", say(`{"errcode":0}`))
	c, _ := f.client()
	if err := c.Recall(t.Context(), "m1"); err != nil {
		t.Fatal(err)
	}
	equalJSON(t, `{"msgid":"m1"}`, f.calls("message/recall")[0].body)
	if err := c.Recall(t.Context(), ""); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("no msgid: %v, want invalid", err)
	}
}
