package wecomsim

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// heard is one request that a receiver got.
type heard struct {
	url, body string
	event     string // "" = signature, receiver or ciphertext is wrong
	at        int64  // timestamp of the signature
}

// judge answers 200 only to what is genuine, and writes down what came.
type judge struct {
	t  *testing.T
	cb Callback
	ch chan heard
}

func (j *judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		j.t.Error(err)
	}
	h := heard{url: r.URL.String(), body: string(body), event: j.eventIn(r, body)}
	if _, err := fmt.Sscan(r.URL.Query().Get("timestamp"), &h.at); err != nil {
		j.t.Error(err)
	}
	j.ch <- h
	if h.event == "" {
		w.WriteHeader(http.StatusForbidden)
	}
}

func (j *judge) eventIn(r *http.Request, body []byte) string {
	q := r.URL.Query()
	var outer struct{ Encrypt string }
	if err := xml.Unmarshal(body, &outer); err != nil {
		j.t.Errorf("body %s: %v", body, err)
	}
	if callbackSignature(j.cb.Token, q.Get("timestamp"), q.Get("nonce"), outer.Encrypt) != q.Get("msg_signature") {
		return ""
	}
	msg, ok := decryptFor(j.t, j.cb, outer.Encrypt, vectorCorp)
	var e received
	if !ok || xml.Unmarshal(msg, &e) != nil {
		return ""
	}
	return e.Event
}

// startJudged runs a simulator whose app callback goes to a judge.
func startJudged(t *testing.T) (*Sim, *judge) {
	t.Helper()
	cfg := testConfig(t)
	cfg.CorpID, cfg.RetryWait = vectorCorp, time.Millisecond
	j := &judge{t: t, cb: Callback{Token: vectorToken, AESKey: vectorAESKey}, ch: make(chan heard, 100)}
	server := httptest.NewServer(j)
	t.Cleanup(server.Close)
	j.cb.URL = server.URL + "/wecom/callback"
	cfg.AppCallback = j.cb
	return start(t, cfg), j
}

// events gives the names of the next n requests; "?" = forged.
func (j *judge) events(n int) string {
	var all []string
	for range n {
		h := <-j.ch
		if h.event == "" {
			h.event = "?"
		}
		all = append(all, h.event)
	}
	return strings.Join(all, " ")
}

func TestSpoiltCallbacks(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t)
	const soon, late = `"delay_ms":1`, `"delay_ms":600000`
	for _, tt := range []struct{ fault, want string }{
		{`"kind":"callback.lost","times":1`, "b c"},
		{`"kind":"callback.double","every":2`, "a b b c"},
		{`"kind":"callback.reorder","times":1,` + late, "b a c"},
		{`"kind":"callback.reorder","after":2,` + soon, "a b c"},
		{`"kind":"callback.late","after":2,` + soon, "a b c"},
		{`"kind":"callback.forged_signature","times":1`, "? a b c"},
		{`"kind":"callback.forged_receiver","every":2`, "a ? b c"},
		{`"kind":"callback.forged_cipher","after":2`, "a b ? c"},
		{`"kind":"callback.lost","times":1},{"kind":"callback.double","times":1},{"kind":"callback.forged_signature","times":1`, "? b b c"},
	} {
		setFaults(t, s, `{"faults":[{`+tt.fault+`}]}`)
		for _, name := range []string{"a", "b", "c"} {
			s.fire(s.appCaller, s.newEvent(name))
		}
		if got := j.events(len(strings.Fields(tt.want))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.fault, got, tt.want)
		}
	}
	if n := len(j.ch); n != 0 {
		t.Errorf("%d requests too many", n)
	}
}

func TestLateCallbacksAreOvertaken(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t)
	setFaults(t, s, `{"faults":[{"kind":"callback.late","times":1,"delay_ms":300}]}`)
	began := time.Now()
	s.fire(s.appCaller, s.newEvent("late"))
	s.fire(s.appCaller, s.newEvent("prompt"))
	if got := j.events(2); got != "prompt late" {
		t.Errorf("%s, want the prompt one first", got)
	}
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("the late one came after %v", took)
	}
}

func TestAReplayIsTheSameRequest(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t)
	setFaults(t, s, `{"faults":[{"kind":"callback.replayed","times":1,"delay_ms":1}]}`)
	s.fire(s.appCaller, s.newEvent("once"))
	first, again := <-j.ch, <-j.ch
	if diff := cmp.Diff(fmt.Sprint(first), fmt.Sprint(again)); diff != "" || first.event != "once" {
		t.Errorf("%q (-first +replayed):\n%s", first.event, diff)
	}
}

func TestAcceptedForgeriesAreCounted(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t)
	setFaults(t, s, `{"faults":[{"kind":"callback.forged_signature"},{"kind":"callback.replayed","delay_ms":1}]}`)
	s.fire(s.appCaller, s.newEvent("a"))
	j.events(3)
	s.fire(s.appCaller, s.newEvent("b")) // delivered behind the replay, whose answer has been read then
	j.events(2)
	r := s.faultReport()
	if forged, replayed := r.Faults[0], r.Faults[1]; forged.Struck != 2 || forged.Accepted != 0 || replayed.Accepted != 1 {
		t.Errorf("forged: struck %d, accepted %d; replayed: accepted %d", forged.Struck, forged.Accepted, replayed.Accepted)
	}
}

func TestClocksThatAreWrong(t *testing.T) {
	t.Parallel()
	at := newClock()
	cfg := testConfig(t)
	cfg.Now, cfg.CorpID = at.now, vectorCorp
	j := &judge{t: t, cb: Callback{Token: vectorToken, AESKey: vectorAESKey}, ch: make(chan heard, 100)}
	server := httptest.NewServer(j)
	t.Cleanup(server.Close)
	j.cb.URL = server.URL + "/"
	cfg.AppCallback = j.cb
	s := start(t, cfg)
	token := tokenOf(t, s, s.cfg.AppSecret)
	for _, tt := range []struct {
		fault                   string
		callback, message, code int // seconds, seconds, errcode
	}{
		{``, 0, 0, 0},
		{`{"kind":"clock.callback","seconds":-86400}`, -86400, 0, 0},
		{`{"kind":"clock.message","seconds":3600}`, 0, 3600, 0},
		{`{"kind":"clock.token","seconds":7200}`, 0, 0, 42001},
		{`{"kind":"clock.skew","seconds":-600}`, -600, -600, 0},
		{`{"kind":"clock.skew","seconds":86400}`, 86400, 86400, 42001},
		{`{"kind":"clock.skew"},{"kind":"clock.message","seconds":-100}`, 600, 500, 0},
	} {
		setFaults(t, s, `{"faults":[`+tt.fault+`]}`)
		s.fire(s.appCaller, s.newEvent("x"))
		if got := int((<-j.ch).at - at.now().Unix()); got != tt.callback {
			t.Errorf("%s: timestamp of the callback off by %d s, want %d", tt.fault, got, tt.callback)
		}
		_, a := request(t, http.MethodPost, s.URL()+"/sim/messages", `{"from":"LinXiaoyu","to":"ZhouMingkai","text":"几点了"}`)
		sent := plainOf(t, s, uint64(a["seq"].(float64)))[0]
		h, _ := readHeader(sent.Body)
		if got := int(h.MsgTime/1000 - at.now().Unix()); got != tt.message {
			t.Errorf("%s: msgtime off by %d s, want %d", tt.fault, got, tt.message)
		}
		if _, a := request(t, http.MethodGet, s.URL()+"/cgi-bin/department/simplelist?access_token="+token, ""); a.code() != tt.code {
			t.Errorf("%s: errcode %d, want %d", tt.fault, a.code(), tt.code)
		}
	}
}

func TestTokensAreRevokedInMidstream(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	token := tokenOf(t, s, s.cfg.AppSecret)
	setFaults(t, s, `{"faults":[{"kind":"token.revoke","after":1,"times":1,"path":"department/*"}]}`)
	var codes []int
	for range 3 {
		_, a := request(t, http.MethodGet, s.URL()+"/cgi-bin/department/simplelist?access_token="+token, "")
		codes = append(codes, a.code())
	}
	if diff := cmp.Diff([]int{0, 40014, 40014}, codes); diff != "" {
		t.Errorf("errcodes (-want +got):\n%s", diff)
	}
	if app(t, s, "department/simplelist", "").code() != 0 {
		t.Error("a new token does not work")
	}
}

// decryptFor opens an event; ok = it is whole and for this corp.
func decryptFor(t *testing.T, cb Callback, encrypted, corp string) (msg []byte, ok bool) {
	t.Helper()
	b, ok := openCallback(t, cb, encrypted)
	if !ok || len(b) < 20 {
		return nil, false
	}
	n := int(b[16])<<24 | int(b[17])<<16 | int(b[18])<<8 | int(b[19])
	if n < 0 || 20+n > len(b) || !bytes.Equal(b[20+n:], []byte(corp)) {
		return nil, false
	}
	return b[20 : 20+n], true
}
