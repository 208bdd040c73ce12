package wecomsim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// plainOf fetches the messages with from and up from GET /sim/messages.
func plainOf(t *testing.T, s *Sim, from uint64) []Message {
	t.Helper()
	_, a := request(t, http.MethodGet, fmt.Sprintf("%s/sim/messages?from_seq=%d&limit=10000", s.URL(), from), "")
	list, _ := a["messages"].([]any)
	out := make([]Message, len(list))
	for i, raw := range list {
		m := raw.(map[string]any)
		body, err := base64.StdEncoding.DecodeString(m["body"].(string))
		if err != nil {
			t.Fatal(err)
		}
		out[i] = Message{uint64(m["seq"].(float64)), m["msgid"].(string), uint32(m["publickey_ver"].(float64)), body}
	}
	return out
}

// pulled fetches and decrypts what a caller gets, all with testKey.
func (c *sdkClient) pulled(from uint64) []Message {
	c.t.Helper()
	key, err := testKey()
	if err != nil {
		c.t.Fatal(err)
	}
	page, code := c.chatData(from, maxChatLimit)
	if code != 0 {
		c.t.Fatalf("errcode = %d", code)
	}
	out := make([]Message, 0, len(page))
	for _, m := range page {
		out = append(out, Message{m.Seq, m.MsgID, m.PublicKeyVer, open(c.t, key, m)})
	}
	return out
}

// wholeBytes compares texts as a whole: byte by byte takes minutes for megabytes.
var wholeBytes = cmp.Comparer(bytes.Equal)

// strange appends strange messages and gives them as they are in the stream.
func strange(t *testing.T, s *Sim, body string) []Message {
	t.Helper()
	from := s.stream.next()
	status, a := request(t, http.MethodPost, s.URL()+"/sim/faults/strange", body)
	if status != http.StatusOK {
		t.Fatalf("POST /sim/faults/strange %s = %d %v", body, status, a)
	}
	return plainOf(t, s, from)
}

func TestStrangeMessagesAreStrange(t *testing.T) {
	t.Parallel()
	s, c := startWith(t, 20)
	inString := func(b byte) func([]byte) bool {
		return func(body []byte) bool { return bytes.IndexByte(body, b) > 0 && !json.Valid(body) }
	}
	has := func(text string) func([]byte) bool {
		return func(body []byte) bool { return json.Valid(body) && bytes.Contains(body, []byte(text)) }
	}
	for _, tt := range []struct {
		kind string
		want func(body []byte) bool
	}{
		{"stream.unknown_type", has(`"msgtype":"hologram_`)},
		{"stream.malformed", func(b []byte) bool { _, ok := readHeader(b); return !ok }},
		{"stream.control", func(b []byte) bool { return !json.Valid(b) && json.Valid(bytes.Map(blankControl, b)) }},
		{"stream.invalid_utf8", func(b []byte) bool { return !utf8.Valid(b) }},
		{"stream.lone_surrogate", func(b []byte) bool {
			return json.Valid(b) && (bytes.Contains(b, []byte(`\ud8`)) || bytes.Contains(b, []byte(`\ude`)) || bytes.Contains(b, []byte(`\udb`)))
		}},
		{"stream.nul_escape", has(`\u0000`)},
		{"stream.nul_raw", inString(0)},
		{"stream.large", func(b []byte) bool { return json.Valid(b) && len(b) > 50<<10 && len(b) < 52<<10 }},
		{"stream.huge", func(b []byte) bool { return json.Valid(b) && len(b) > 1<<20 && len(b) < 1<<20+1<<11 }},
		{"stream.many_receivers", func(b []byte) bool {
			return json.Valid(b) && len(b) > 50<<10 && bytes.Count(b, []byte("SimMember")) > 2500
		}},
		{"stream.duplicate_keys", func(b []byte) bool {
			return json.Valid(b) && (bytes.Count(b, []byte(`"msgtype":`)) == 2 || bytes.Count(b, []byte(`"content":`)) == 3)
		}},
		{"stream.wrong_types", func(b []byte) bool { return json.Valid(b) && json.Unmarshal(b, &header{}) != nil }},
		{"stream.deep", has(strings.Repeat("[", deepShape))},
		{"stream.bad_time", func(b []byte) bool {
			var h header
			return json.Unmarshal(b, &h) == nil && (h.MsgTime < 1e10 || h.MsgTime > 1e15)
		}},
		{"stream.hostile_text", has(`"content":`)},
		{"stream.media_expired", has(`"msgtype":"image"`)},
		{"stream.media_md5", has(`"md5sum":"00000000000000000000000000000000"`)},
		{"stream.media_bad_id", has(`"sdkfileid":"not*base64*at*all"`)},
	} {
		count := 12
		if tt.kind == "stream.huge" {
			count = 2
		}
		got := strange(t, s, fmt.Sprintf(`{"kinds":[%q],"count":%d,"seed":3}`, tt.kind, count))
		for _, m := range got {
			if !tt.want(m.Body) || m.MsgID == "" {
				t.Errorf("%s: msgid %q, %.200q", tt.kind, m.MsgID, m.Body)
			}
		}
		if diff := cmp.Diff(got, c.pulled(got[0].Seq-1), wholeBytes); diff != "" || len(got) != count {
			t.Errorf("%s: %d messages, pulled (-stream +pulled):\n%s", tt.kind, len(got), diff)
		}
	}
}

func TestStrangeMediaIsWhatItSays(t *testing.T) {
	t.Parallel()
	s, c := startWith(t, 20)
	sdkOf := func(kind string) string {
		m := strange(t, s, `{"kinds":["`+kind+`"]}`)[0]
		var body struct {
			Image imageContent `json:"image"`
		}
		if err := json.Unmarshal(m.Body, &body); err != nil {
			t.Fatal(err)
		}
		return body.Image.SDKFileID
	}
	fileID, auth, _ := fileIDOf(t, sdkOf("stream.media_expired"))
	b, err := c.try("/cgi-bin/message/getchatmediadata?access_token="+c.token, fmt.Sprintf(`{"fileid":%q,"authkey":%q}`, fileID, auth))
	if err != nil || !bytes.Contains(b, []byte(`"errcode":301048`)) {
		t.Errorf("the expired file: %s, %v", b, err)
	}
	if data, _ := c.fetch(sdkOf("stream.media_md5"), 1<<20); len(data) == 0 {
		t.Error("the file with the wrong md5 is empty")
	}
}

func TestADuplicatedMsgIDComesWithAnotherSeq(t *testing.T) {
	t.Parallel()
	s, c := startWith(t, 20)
	got := strange(t, s, `{"kinds":["stream.duplicate_msgid"],"count":2}`)
	first := plainOf(t, s, 20)[0]
	for i, m := range got {
		if m.MsgID != first.MsgID || m.Seq != 21+uint64(i) || !bytes.Equal(m.Body, first.Body) {
			t.Errorf("%d %s, want the msgid and body of %d %s", m.Seq, m.MsgID, first.Seq, first.MsgID)
		}
	}
	if diff := cmp.Diff(got, c.pulled(20), wholeBytes); diff != "" {
		t.Errorf("pulled (-stream +pulled):\n%s", diff)
	}
}

func TestStrangeMessagesAreTheSameFromTheSameSeed(t *testing.T) {
	t.Parallel()
	s, _ := startWith(t, 20)
	shapesOf := func(seed int) []string {
		var all []string
		for _, m := range strange(t, s, fmt.Sprintf(`{"kinds":["stream.bad_time","stream.malformed"],"count":30,"seed":%d}`, seed)) {
			_, time, _ := strings.Cut(string(m.Body), `"msgtime":`)
			all = append(all, fmt.Sprint(len(time), json.Valid(m.Body)))
		}
		return all
	}
	first := shapesOf(4)
	if diff := cmp.Diff(first, shapesOf(4)); diff != "" {
		t.Errorf("the same seed (-first +again):\n%s", diff)
	}
	if slices.Equal(first, shapesOf(5)) {
		t.Error("another seed gives the same shapes")
	}
}

func TestWrongOrdersOfStrangeMessagesAreNamed(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for body, field := range map[string]string{
		`{"kinds":["stream.gap"]}`: "kinds", `{"kinds":["x"]}`: "kinds", `{"count":10001}`: "count", `{"count":-1}`: "count",
		`{"bytes":-1}`: "bytes", `{"bytes":9000000}`: "bytes", `{"number":1}`: "", `{"count":"x"}`: "count",
	} {
		status, a := request(t, http.MethodPost, s.URL()+"/sim/faults/strange", body)
		if code, got := errorCode(a); status != http.StatusBadRequest || code != "invalid" || got != field {
			t.Errorf("%s: %d %v, want field %q", body, status, a, field)
		}
	}
	if got := strange(t, s, ``); len(got) != len(shapes) {
		t.Errorf("%d messages in an empty stream, want one of each of %d kinds", len(got), len(shapes))
	}
}

func TestStrangeMessagesMixIntoTheStream(t *testing.T) {
	t.Parallel()
	s, c := startWith(t, 20)
	setFaults(t, s, `{"seed":2,"faults":[{"kind":"stream.nul_raw","every":3},{"kind":"stream.gap","every":4,"count":10},{"kind":"stream.unknown_type","after":5}]}`)
	for range 8 {
		if _, err := s.sayNext(); err != nil {
			t.Fatal(err)
		}
	}
	got := plainOf(t, s, 21)
	shape := ""
	for _, m := range got {
		switch {
		case bytes.IndexByte(m.Body, 0) >= 0:
			shape += "0"
		case bytes.Contains(m.Body, []byte("hologram")):
			shape += "h"
		default:
			shape += "."
		}
	}
	if want := "...0...h0.h.h"; shape != want {
		t.Errorf("the stream is %s, want %s", shape, want)
	}
	var seqs []uint64
	for _, m := range got {
		seqs = append(seqs, m.Seq)
	}
	// 10 numbers are left out before the 4th and the 8th message sent.
	if diff := cmp.Diff([]uint64{21, 22, 23, 24, 35, 36, 37, 38, 39, 40, 41, 52, 53}, seqs); diff != "" {
		t.Errorf("seqs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, c.pulled(20), wholeBytes); diff != "" {
		t.Errorf("pulled (-stream +pulled):\n%s", diff)
	}
	if diff := cmp.Diff(got[4:], c.pulled(30), wholeBytes); diff != "" {
		t.Errorf("pulled from within the gap (-stream +pulled):\n%s", diff)
	}
}

func TestAHistoryIsSpoiltFromTheStartAndStaysSo(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Messages, cfg.Directory = 60, ""
	cfg.Faults = []Fault{
		{Kind: "stream.gap", Every: 10, Count: 5},
		{Kind: "stream.invalid_utf8", Probability: 0.2},
		{Kind: "stream.duplicate_msgid", After: 30, Times: 2},
	}
	cfg.FaultSeed = 9
	s, stop := startStop(t, cfg)
	if _, err := s.sayNext(); err != nil {
		t.Fatal(err)
	}
	c := newSDKClient(t, s, nil)
	c.login()
	before := plainOf(t, s, 0)
	if diff := cmp.Diff(before, c.pulled(0), wholeBytes); diff != "" {
		t.Errorf("pulled (-stream +pulled):\n%s", diff)
	}
	broken := 0
	ids := map[string]int{}
	for _, m := range before {
		ids[m.MsgID]++
		if !utf8.Valid(m.Body) {
			broken++
		}
	}
	if last := before[len(before)-1].Seq; broken < 5 || len(before) != 61+2+broken || len(ids) != len(before)-2 || last != uint64(len(before))+30 {
		t.Errorf("%d messages, %d of them broken, %d msgids, last seq %d", len(before), broken, len(ids), last)
	}
	stop()
	again, stopAgain := startStop(t, cfg)
	if diff := cmp.Diff(before, plainOf(t, again, 0), wholeBytes); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	stopAgain()
	cfg.FaultSeed = 10
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "another stream") {
		t.Errorf("another seed behind appended messages: %v", err)
	}
}

func TestKeysRotateInMidStream(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Messages, cfg.Directory = 30, ""
	cfg.Faults = []Fault{{Kind: "key.rotate", After: 10, Times: 1}, {Kind: "key.rotate_withheld", After: 20, Times: 1}}
	s, stop := startStop(t, cfg)
	versions := func() string {
		var out strings.Builder
		for _, m := range plainOf(t, s, 0) {
			fmt.Fprint(&out, m.KeyVersion)
		}
		return out.String()
	}
	if got, want := versions(), strings.Repeat("1", 10)+strings.Repeat("2", 10)+strings.Repeat("3", 10); got != want {
		t.Errorf("versions %s, want %s", got, want)
	}
	exists := func(version uint32) bool {
		_, err := os.Stat(s.PrivateKeyFile(version))
		return err == nil
	}
	if !exists(2) || exists(3) {
		t.Errorf("private keys: version 2 %v, version 3 %v, want only the first", exists(2), exists(3))
	}
	setFaults(t, s, `{"faults":[{"kind":"key.rotate_withheld","every":2}]}`)
	for range 4 {
		if _, err := s.sayNext(); err != nil {
			t.Fatal(err)
		}
	}
	if got := versions()[30:]; got != "3445" {
		t.Errorf("versions of new messages %s, want 3445", got)
	}
	_, a := request(t, http.MethodPost, s.URL()+"/sim/keys/release", "")
	if diff := cmp.Diff(answerOf{"released": []any{3., 4., 5.}}, a); diff != "" {
		t.Errorf("released (-want +got):\n%s", diff)
	}
	c := newSDKClient(t, s, nil)
	c.login()
	page, _ := c.chatData(33, 1)
	if plain := open(t, readPrivateKey(t, s.PrivateKeyFile(5)), page[0]); !bytes.Equal(plain, plainOf(t, s, 34)[0].Body) {
		t.Error("the released key opens something else")
	}
	stop()
	again, stopAgain := startStop(t, cfg)
	if got := again.KeyVersion(); got != 5 {
		t.Errorf("version after a restart = %d, want no further key", got)
	}
	if _, a := request(t, http.MethodPost, again.URL()+"/sim/keys", `{"withhold":true}`); a["version"] != 6. || a["private_key_file"] != nil || exists(6) {
		t.Errorf("a withheld key on demand: %v, file %v", a, exists(6))
	}
	stopAgain()
}

func TestTooManyKeysInAHistoryAreRefused(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Messages, cfg.Directory = 100, ""
	cfg.Faults = []Fault{{Kind: "key.rotate"}}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "key.rotate") {
		t.Errorf("a key for each of 100 messages: %v", err)
	}
}
