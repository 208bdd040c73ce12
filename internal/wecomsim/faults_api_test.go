package wecomsim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rawGet makes one call on a connection of its own and gives every byte of the
// answer, up to the end of the connection.
func rawGet(t *testing.T, s *Sim, path string) ([]byte, error) {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "GET /cgi-bin/%s HTTP/1.0\r\nHost: sim\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
	return io.ReadAll(conn)
}

// split takes an answer apart.
func split(raw []byte) (head, body string) {
	h, b, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	return string(h), string(b)
}

// try makes a call as the Finance SDK does and gives what came, complete or not.
func (c *sdkClient) try(path, body string) ([]byte, error) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, "https://"+sdkHost+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(resp.Body)
}

func TestEveryErrorCodeOnDemand(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	c := newSDKClient(t, s, nil)
	c.login()
	for code, text := range errorTexts {
		setFaults(t, s, fmt.Sprintf(`{"faults":[{"kind":"api.error","code":%d}]}`, code))
		want := answerOf{"errcode": float64(code), "errmsg": text}
		if _, got := c.chatData(0, 1); got != code {
			t.Errorf("getchatdata: errcode = %d, want %d", got, code)
		}
		for _, path := range []string{"gettoken", "message/send", "user/list", "externalcontact/batch/get_by_user", "msgaudit/get_permit_user_list"} {
			if _, got := request(t, http.MethodPost, s.URL()+"/cgi-bin/"+path, "{}"); cmp.Diff(want, got) != "" {
				t.Errorf("%s = %v, want %v", path, got, want)
			}
		}
	}
}

func TestSpoiltAnswers(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	const path = "nowhere" // answers 40066 without a token
	whole, err := rawGet(t, s, path)
	if err != nil {
		t.Fatal(err)
	}
	_, wholeBody := split(whole)
	half := wholeBody[:len(wholeBody)/2]
	for _, tt := range []struct{ fault, status, body string }{
		{`"kind":"api.http","code":503`, "503 Service Unavailable", gatewayPage},
		{`"kind":"api.http"`, "502 Bad Gateway", gatewayPage},
		{`"kind":"api.garbage"`, "200 OK", gatewayPage},
		{`"kind":"api.empty"`, "200 OK", ""},
		{`"kind":"api.truncate"`, "200 OK", half},
		{`"kind":"api.truncate","bytes":7`, "200 OK", wholeBody[:7]},
		{`"kind":"api.truncate","bytes":70000`, "200 OK", wholeBody},
		{`"kind":"api.trickle","bytes":1000`, "200 OK", wholeBody},
		{`"kind":"api.trickle","bytes":1000},{"kind":"api.truncate"`, "200 OK", half},
		{`"kind":"api.slow","delay_ms":1},{"kind":"api.http","code":500`, "500 Internal Server Error", gatewayPage},
	} {
		setFaults(t, s, `{"faults":[{`+tt.fault+`}]}`)
		raw, err := rawGet(t, s, path)
		head, body := split(raw)
		if err != nil || !strings.Contains(head, " "+tt.status+"\r\n") || body != tt.body {
			t.Errorf("%s: %q %q (%v), want %s and %q", tt.fault, head, body, err, tt.status, tt.body)
		}
		if length := "Content-Length: " + strconv.Itoa(len(tt.body)); !strings.Contains(head, length) {
			t.Errorf("%s: %q, want %s", tt.fault, head, length)
		}
	}
}

func TestConnectionsAreCutAtAnyByte(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	const path = "nowhere"
	setFaults(t, s, `{"faults":[{"kind":"api.cut","bytes":100000}]}`)
	whole, err := rawGet(t, s, path)
	if err != nil {
		t.Fatal(err)
	}
	head, body := split(whole)
	for n := range len(whole) {
		setFaults(t, s, fmt.Sprintf(`{"faults":[{"kind":"api.cut","bytes":%d}]}`, n))
		if got, err := rawGet(t, s, path); err != nil || !bytes.Equal(got, whole[:n]) {
			t.Fatalf("cut at %d: %q, %v", n, got, err)
		}
	}
	for n := range len(body) {
		setFaults(t, s, fmt.Sprintf(`{"faults":[{"kind":"api.cut_body","bytes":%d}]}`, n))
		got, err := rawGet(t, s, path)
		if err != nil || string(got) != head+"\r\n\r\n"+body[:n] || !strings.Contains(head, "Content-Length: "+strconv.Itoa(len(body))) {
			t.Fatalf("body cut at %d: %q, %v", n, got, err)
		}
	}
}

func TestConnectionsAreCutInsideTLS(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	c := newSDKClient(t, s, nil)
	for fault, want := range map[string]error{
		`"kind":"api.cut_body","bytes":9`: io.ErrUnexpectedEOF,
		`"kind":"api.cut","bytes":40`:     io.ErrUnexpectedEOF,
		`"kind":"api.cut"`:                io.EOF,
		`"kind":"api.drop"`:               io.EOF,
		`"kind":"api.reset"`:              syscall.ECONNRESET,
	} {
		setFaults(t, s, `{"faults":[{`+fault+`}]}`)
		if got, err := c.try("/cgi-bin/nowhere", "{}"); !errors.Is(err, want) {
			t.Errorf("%s: %q, %v, want %v", fault, got, err, want)
		}
	}
}

func TestWhatIsCutAfterwardsHasTakenEffect(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	c := newSDKClient(t, s, nil)
	token := tokenOf(t, s, s.cfg.AppSecret)
	for i, tt := range []struct {
		fault     string
		delivered bool
	}{
		{`"kind":"api.drop"`, false},
		{`"kind":"api.reset"`, false},
		{`"kind":"api.error","code":45009`, false},
		{`"kind":"api.http"`, false},
		{`"kind":"api.garbage"`, false},
		{`"kind":"api.cut"`, true},
		{`"kind":"api.cut_body"`, true},
		{`"kind":"api.truncate"`, true},
		{`"kind":"api.empty"`, true},
		{`"kind":"send.lost_answer"`, true},
		{`"kind":"send.answer_500"`, true},
	} {
		setFaults(t, s, `{"faults":[{`+tt.fault+`}]}`)
		body := fmt.Sprintf(`{"touser":"LinXiaoyu","msgtype":"text","agentid":1000012,"text":{"content":"第%d条"}}`, i)
		answer, err := c.try("/cgi-bin/message/send?access_token="+token, body)
		if err == nil && json.Valid(answer) && bytes.Contains(answer, []byte(`"errcode":0`)) {
			t.Errorf("%s: the caller learns that it was sent: %s", tt.fault, answer)
		}
		list := s.phones.of("LinXiaoyu")
		shown := len(list) > 0 && bytes.Contains(list[len(list)-1].Content, fmt.Appendf(nil, "第%d条", i))
		if shown != tt.delivered {
			t.Errorf("%s: on the phone = %v, want %v", tt.fault, shown, tt.delivered)
		}
	}
}

func TestSlowAnswersAreLate(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for _, tt := range []struct {
		fault string
		least time.Duration
	}{
		{`"kind":"api.slow","delay_ms":60`, 60 * time.Millisecond},
		{`"kind":"api.trickle","bytes":400`, 50 * time.Millisecond},
	} {
		setFaults(t, s, `{"faults":[{`+tt.fault+`}]}`)
		began := time.Now()
		if _, err := rawGet(t, s, "nowhere"); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < tt.least {
			t.Errorf("%s: took %v, want %v or more", tt.fault, took, tt.least)
		}
	}
}

func TestSlowAnswersEndWithTheCallerAndTheSimulator(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Faults = []Fault{{Kind: "api.slow", DelayMS: mostDelay}}
	entered := make(chan struct{}, 2)
	cfg.Middleware = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			next.ServeHTTP(w, r)
		})
	}
	s, stop := startStop(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	get := func(ctx context.Context) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/cgi-bin/nowhere", nil)
		if err == nil {
			var resp *http.Response
			if resp, err = http.DefaultClient.Do(req); err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}
		done <- err
	}
	go get(ctx)
	<-entered
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller that left: %v", err)
	}
	go get(t.Context())
	<-entered
	stop() // fails the test if the simulator waits for the ten minutes
	if err := <-done; err == nil {
		t.Error("the call that the simulator's end cut off got an answer")
	}
}
