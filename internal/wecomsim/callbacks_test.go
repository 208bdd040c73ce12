package wecomsim

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The inputs of callbacks.md 10.2.
const (
	vectorToken  = "SpecTok3n2026"
	vectorAESKey = "AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw"
	vectorCorp   = "ww1234567890abcdef"
)

func TestCallbackVectors(t *testing.T) {
	t.Parallel()
	key, err := callbackKey(vectorAESKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, msg, encrypted, signature string }{
		{
			"A", "6120347155538791342",
			"GSLOm/BFeok5vs3ChgMwNF4lxX+KROhbmTit4ncbVOoHWV5H1K26PeV3oi5PBvXDwO3yucWVYnPLJCZXVYoMXw==",
			"96f803d3df5ea6d4eb6844f1042510bd4f8e097d",
		},
		{
			"B", "<xml><ToUserName><![CDATA[ww1234567890abcdef]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>" +
				"<CreateTime>1735689600</CreateTime><MsgType><![CDATA[event]]></MsgType><AgentID>2000004</AgentID>" +
				"<Event><![CDATA[msgaudit_notify]]></Event></xml>",
			"GSLOm/BFeok5vs3ChgMwNP2Qb9l3xU06+9ww4hThbVq3wralYfOqEMr0b6OnJeLS1nVfq24ovIcI8ENcpg01D1P9G9FSjd9mA7y7L/+58cvba5x4dfWs" +
				"OghXdXP/x84NA5JQ1V5eH1iG28ZFicgY+w8TVrWAMWhmOafJLa38h+fq2fnwwZcUjMVnjWlRbW5LLsbRvz5eTc86C2aTX0muaiJWe88Y5nNVt9oX9EWf" +
				"jmWO3em3QBpQGGDCFtUqpFESyeqGa1HwjNusPX8whiNcilr7zaoad49t5R1VlqCGUJhev4xzvkN9uKW8LDWQT8LHyCRBFsM1NJVUJAavckZLLmc3G8YN" +
				"Mlif/E7vDq5kUyGqASjxblc5Q4bJ1V+XU5yf",
			"0e6611d678cf035f9c58c1431d971968ef7fff1a",
		},
		{
			"C", "你好，企业微信xxxxx",
			"GSLOm/BFeok5vs3ChgMwNAsMtx4nLTgLUs5ieZz5ibmQrPcv9yUQrj75lXkA/D9+GfU+I42shAVHqCe3EVq+nRrjKmlGUMr5E8L5uKdFBT6aS582Ziq1TPCU/K3XqDUB",
			"d7e5876fee94bd340c7ba52731cf7c5e14805a15",
		},
	} {
		got, err := encryptCallback(key, []byte("abcdef0123456789"), []byte(tt.msg), vectorCorp)
		if err != nil || got != tt.encrypted {
			t.Errorf("%s: Encrypt = %s, %v", tt.name, got, err)
		}
		if got := callbackSignature(vectorToken, "1735689600", "1597534862", tt.encrypted); got != tt.signature {
			t.Errorf("%s: signature = %s, want %s", tt.name, got, tt.signature)
		}
	}
	if _, err := callbackKey("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"); err != nil {
		t.Errorf("Tencent's sample key, whose last bits do not count: %v", err)
	}
}

const (
	testCustomer = "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw"
	testLeaver   = "wmQx7kDAAAc91fWqXz0sKdMvRtLp4YbE" // customer of one who left
)

func TestRelationChangesFireEvents(t *testing.T) {
	t.Parallel()
	s, app, _ := startReceivers(t)
	pair := `"userid":"linxiaoyu","external_userid":"` + testCustomer + `"`
	for _, tt := range []struct {
		name, path, body string
		status           int
		code             string
		want             received
	}{
		{
			"customer deletes employee", "delete", `{` + pair + `,"by":"customer"}`, 200, "",
			received{ChangeType: "del_follow_user"},
		},
		{"only once", "delete", `{` + pair + `,"by":"customer"}`, 409, "conflict", received{}},
		{
			"the relation is one-way: the employee can still delete", "delete", `{` + pair + `,"by":"employee"}`, 200, "",
			received{ChangeType: "del_external_contact"},
		},
		{"nothing left to delete", "delete", `{` + pair + `,"by":"employee"}`, 409, "conflict", received{}},
		{"added again", "add", `{` + pair + `}`, 200, "", received{ChangeType: "add_external_contact"}},
		{"added twice", "add", `{` + pair + `}`, 409, "conflict", received{}},
		{
			"handed over", "delete", `{` + pair + `,"by":"employee","source":"DELETE_BY_TRANSFER"}`, 200, "",
			received{ChangeType: "del_external_contact", Source: "DELETE_BY_TRANSFER"},
		},
		{"source of a customer", "delete", `{` + pair + `,"by":"customer","source":"DELETE_BY_TRANSFER"}`, 400, "invalid", received{}},
		{"nobody knows who", "delete", `{` + pair + `}`, 400, "invalid", received{}},
		{"no userid", "delete", `{"external_userid":"x","by":"customer"}`, 400, "invalid", received{}},
		{"no customer", "delete", `{"userid":"LinXiaoyu","by":"customer"}`, 400, "invalid", received{}},
		{"no JSON", "delete", `{`, 400, "invalid", received{}},
		{"wrong type", "delete", `{"userid":1}`, 400, "invalid", received{}},
	} {
		status, a := request(t, http.MethodPost, s.URL()+"/sim/"+tt.path, tt.body)
		code, _ := errorCode(a)
		if status != tt.status || code != tt.code {
			t.Errorf("%s: %d %q (%v), want %d %q", tt.name, status, code, a, tt.status, tt.code)
		}
		if tt.want == (received{}) {
			continue
		}
		tt.want.Event, tt.want.UserID, tt.want.ExternalUserID = "change_external_contact", "LinXiaoyu", testCustomer
		got := <-app.events
		got.CreateTime = 0
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestUnknownIDsFireEventsToo(t *testing.T) {
	t.Parallel()
	s, app, _ := startReceivers(t)
	request(t, http.MethodPost, s.URL()+"/sim/delete", `{"userid":"Nobody","external_userid":"wmNobody","by":"customer"}`)
	if got := <-app.events; got.UserID != "Nobody" || got.ChangeType != "del_follow_user" {
		t.Errorf("event = %+v", got)
	}
	request(t, http.MethodPost, s.URL()+"/sim/add", `{"userid":"LinXiaoyu","external_userid":"wmNewCustomer","name":"新客户"}`)
	<-app.events
	a := callAs(t, s, s.cfg.AppSecret, "externalcontact/get?external_userid=wmNewCustomer", "")
	if field(a, "external_contact", "name") != "新客户" {
		t.Errorf("the added customer = %v", a)
	}
}

func TestDeletionsShowInTheAPIAsWeComShowsThem(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	get := func() int {
		return callAs(t, s, s.cfg.AppSecret, "externalcontact/list?userid=LinXiaoyu", "").code()
	}
	body := `{"userid":"LinXiaoyu","external_userid":"` + testCustomer + `","by":`
	request(t, http.MethodPost, s.URL()+"/sim/delete", body+`"customer"}`)
	if code := get(); code != 0 {
		t.Errorf("after the customer's deletion: errcode %d, want the one-way relation to stay", code)
	}
	request(t, http.MethodPost, s.URL()+"/sim/delete", body+`"employee"}`)
	if code := get(); code != 84061 {
		t.Errorf("after the employee's deletion: errcode %d, want 84061", code)
	}
}

func TestConsent(t *testing.T) {
	t.Parallel()
	s, app, _ := startReceivers(t)
	status := func() any {
		a := callAs(t, s, s.cfg.ArchiveSecret, "msgaudit/check_single_agree",
			`{"info":[{"userid":"LinXiaoyu","exteranalopenid":"`+testCustomer+`"}]}`)
		return field(a, "agreeinfo", "*", "agree_status")
	}
	body := `{"userid":"LinXiaoyu","external_userid":"` + testCustomer + `","agree":`
	request(t, http.MethodPost, s.URL()+"/sim/consent", body+"false}")
	if diff := cmp.Diff(any([]any{"Disagree"}), status()); diff != "" {
		t.Errorf("after the refusal (-want +got):\n%s", diff)
	}
	request(t, http.MethodPost, s.URL()+"/sim/consent", body+"true}")
	if got := <-app.events; got.ChangeType != "msg_audit_approved" {
		t.Errorf("event = %+v, want none for the refusal, msg_audit_approved for the consent", got)
	}
	if diff := cmp.Diff(any([]any{"Agree"}), status()); diff != "" {
		t.Errorf("after the consent (-want +got):\n%s", diff)
	}
	texts, _ := bodies(t, s)
	if len(texts) != 2 || !strings.Contains(texts[0], `"disagree":{"disagree_time":`) || !strings.Contains(texts[1], `"agree":{"agree_time":`) {
		t.Errorf("messages = %q", texts)
	}
}

func TestVerificationOfTheAddresses(t *testing.T) {
	t.Parallel()
	s, _, archive := startReceivers(t)
	archive.before = func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = io.WriteString(w, "hello") // the test notices
		return true
	}
	_, a := request(t, http.MethodPost, s.URL()+"/sim/callbacks/verify", "")
	if want := (answerOf{"app": "ok", "archive": errEcho.Error()}); cmp.Diff(want, a) != "" {
		t.Errorf("verify = %v, want %v", a, want)
	}
}

func TestFailedDeliveryIsRepeatedThreeTimes(t *testing.T) {
	t.Parallel()
	s, app, _ := startReceivers(t)
	var tries atomic.Int32
	app.before = func(w http.ResponseWriter, _ *http.Request) bool {
		if n := tries.Add(1); n >= 4 {
			return false
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return true
		}
		_ = conn.Close() // the cut connection is the test
		return true
	}
	s.fire(s.appCaller, s.newEvent("first"))
	if got := <-app.events; got.Event != "first" || tries.Load() != 4 {
		t.Errorf("event %q after %d tries, want the first after 4", got.Event, tries.Load())
	}
}

func TestRefusedDeliveryIsNotRepeated(t *testing.T) {
	t.Parallel()
	s, app, _ := startReceivers(t)
	var tries atomic.Int32
	app.before = func(w http.ResponseWriter, _ *http.Request) bool {
		if tries.Add(1) > 1 {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}
	s.fire(s.appCaller, s.newEvent("refused"))
	s.fire(s.appCaller, s.newEvent("second"))
	if got := <-app.events; got.Event != "second" || tries.Load() != 2 {
		t.Errorf("event %q after %d tries, want the second after 2", got.Event, tries.Load())
	}
}

// roundTrip is an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSlowAnswerCountsAsFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.Now, cfg.Log = time.Now, slog.New(slog.DiscardHandler)
		cfg.AppCallback.URL = "http://receiver.example.com/"
		count := newCounters()
		c, err := newCaller("app", cfg.AppCallback, cfg, count, newFaultSet(1, nil))
		if err != nil {
			t.Fatal(err)
		}
		tries := 0
		c.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			tries++
			<-r.Context().Done()
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: r.Context().Err()}
		})
		began := time.Now()
		c.deliver(t.Context(), []byte("<xml/>"), nil)
		if took := time.Since(began); tries != 4 || took != 4*5*time.Second+3*time.Second {
			t.Errorf("%d tries in %v, want 4 of 5 s with pauses of 1 s", tries, took)
		}
		if _, cb, _ := count.snapshot(); cb.Failed != 1 || cb.Delivered != 0 {
			t.Errorf("counted %+v", cb)
		}
	})
}

func TestNotifyComesAtMostOnceAnInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.Now, cfg.Log = time.Now, slog.New(slog.DiscardHandler)
		cfg.ArchiveCallback.URL = "http://receiver.example.com/"
		s := newBareSim(t, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.notify(ctx) }()
		say := func() {
			t.Helper()
			if _, err := s.stream.append(newMessage{Body: []byte("{}")}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		waiting := func() int { return len(s.archiveCaller.queue) }
		synctest.Wait()
		if n := waiting(); n != 0 {
			t.Errorf("%d notices without a message", n)
		}
		say()
		say()
		say()
		if n := waiting(); n != 1 {
			t.Errorf("%d notices at once, want 1", n)
		}
		time.Sleep(cfg.NotifyEvery - time.Millisecond)
		synctest.Wait()
		if n := waiting(); n != 1 {
			t.Errorf("%d notices before the interval is over, want 1", n)
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if n := waiting(); n != 2 {
			t.Errorf("%d notices after the interval, want 2", n)
		}
		time.Sleep(time.Hour)
		if n := waiting(); n != 2 {
			t.Errorf("%d notices after a quiet hour, want 2", n)
		}
		if b := <-s.archiveCaller.queue; !bytes.Contains(b, []byte("<AgentID>2000004</AgentID><Event><![CDATA[msgaudit_notify]]>")) {
			t.Errorf("notice = %s", b)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// newBareSim has a stream and callers, but no network.
func newBareSim(t *testing.T, cfg Config) *Sim {
	t.Helper()
	s := &Sim{cfg: cfg, faults: newFaultSet(1, nil), counters: newCounters(), directory: newDirectory(), rate: newRateControl(cfg.Rate)}
	s.keys = &keyRing{dir: t.TempDir(), keys: []ringKey{{keyEntry: keyEntry{Version: 1}}}}
	s.stream = newStream(1, emptySource{}, nil, s.keys)
	j, err := openJournal(journalFile(t.TempDir()), s.replay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.close(); err != nil {
			t.Error(err)
		}
	})
	s.journal, s.stream.journal = j, j
	s.notified.Store(s.stream.next())
	if s.archiveCaller, err = newCaller("archive", cfg.ArchiveCallback, cfg, s.counters, newFaultSet(1, nil)); err != nil {
		t.Fatal(err)
	}
	return s
}
