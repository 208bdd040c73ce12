package wecomsim

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestPostedFiles are served byte for byte, also after a restart, and their
// messages claim what they were told to.
func TestPostedFiles(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	s, stop := startStop(t, cfg)
	pattern := bytes.Repeat([]byte("\x00<script>\xff"), 100_000)
	chat := url.Values{"from": {"LinXiaoyu"}, "to": {"ZhouMingkai"}}
	type sentFile struct {
		body  []byte
		sdk   string
		sha   string
		seq   uint64
		query url.Values
	}
	var files []sentFile
	for _, tt := range []struct {
		body  []byte
		query url.Values
	}{
		{pattern, url.Values{"name": {"../../etc/pass\r\nwd.\u202egnp.exe"}}},
		{nil, url.Values{"name": {"empty.txt"}, "md5": {""}}},
		{pattern[:16], url.Values{"kind": {"image"}, "size": {"99"}}},
		{pattern[:1], url.Values{"kind": {"voice"}, "seconds": {"60"}}},
		{pattern[:1<<19], url.Values{"kind": {"video"}}},
		{[]byte("GIF89a"), url.Values{"kind": {"emotion"}}},
	} {
		for k, v := range chat {
			tt.query[k] = v
		}
		status, a := request(t, http.MethodPost, s.URL()+"/sim/files?"+tt.query.Encode(), string(tt.body))
		sdk, _ := a["sdkfileid"].(string)
		sha, _ := a["sha256"].(string)
		seq, _ := a["seq"].(float64)
		if status != http.StatusOK || sdk == "" {
			t.Fatalf("%v: %d, %v", tt.query, status, a)
		}
		files = append(files, sentFile{tt.body, sdk, sha, uint64(seq), tt.query})
	}
	check := func(s *Sim) {
		c := newSDKClient(t, s, nil)
		c.login()
		for _, f := range files {
			data, _ := c.fetch(f.sdk, 1<<19)
			sum := sha256.Sum256(data)
			if !bytes.Equal(data, f.body) || hex.EncodeToString(sum[:]) != f.sha {
				t.Errorf("%v: %d bytes are served, want %d", f.query, len(data), len(f.body))
			}
			if plain := plainFile(t, s, f.sdk); !bytes.Equal(plain, f.body) {
				t.Errorf("%v: GET /sim/files gives %d bytes, want %d", f.query, len(plain), len(f.body))
			}
		}
	}
	check(s)
	for _, f := range files {
		checkClaims(t, s, f.seq, f.query, f.body)
	}
	stop()
	check(start(t, cfg))
}

// checkClaims compares a message with the query that sent it.
func checkClaims(t *testing.T, s *Sim, seq uint64, q url.Values, body []byte) {
	t.Helper()
	page, err := s.stream.from(seq, 1)
	if err != nil || len(page) != 1 {
		t.Fatalf("seq %d: %v", seq, err)
	}
	kind := q.Get("kind")
	if kind == "" {
		kind = "file"
	}
	var m map[string]json.RawMessage
	var got struct {
		MD5     string `json:"md5sum"`
		Name    string `json:"filename"`
		Size    int64  `json:"filesize"`
		Voice   int64  `json:"voice_size"`
		Picture int64  `json:"imagesize"`
		Seconds int64  `json:"play_length"`
	}
	if err := json.Unmarshal(page[0].Body, &m); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(m[kind], &got); err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum(body)
	wantMD5 := hex.EncodeToString(sum[:])
	if q.Has("md5") {
		wantMD5 = q.Get("md5")
	}
	wantSize := int64(len(body))
	if q.Has("size") {
		wantSize = 99
	}
	if got.MD5 != wantMD5 || got.Name != q.Get("name") || got.Size+got.Voice+got.Picture != wantSize || q.Has("seconds") && got.Seconds != 60 {
		t.Errorf("%v announces %+v", q, got)
	}
}

func plainFile(t *testing.T, s *Sim, sdk string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/sim/files?sdkfileid="+url.QueryEscape(sdk), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.Header.Get("Content-Type") != "application/octet-stream" {
		t.Fatalf("%d, %v, %v", resp.StatusCode, resp.Header, err)
	}
	return b
}

func TestPostedFileRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for query, field := range map[string]string{
		"to=ZhouMingkai&name=a.txt":                               "from",
		"from=LinXiaoyu&name=a.txt":                               "to",
		"from=LinXiaoyu&to=ZhouMingkai":                           "name",
		"from=LinXiaoyu&to=ZhouMingkai&kind=text":                 "kind",
		"from=LinXiaoyu&to=ZhouMingkai&name=a&size=x":             "size",
		"from=LinXiaoyu&to=ZhouMingkai&kind=voice&seconds=-1":     "seconds",
		"from=LinXiaoyu&to=ZhouMingkai&roomid=wrUnknown&name=a.b": "to",
	} {
		_, a := request(t, http.MethodPost, s.URL()+"/sim/files?"+query, "x")
		if code, got := errorCode(a); code != "invalid" || got != field {
			t.Errorf("%s: %v", query, a)
		}
	}
	huge := strings.Repeat("x", maxUpload+1)
	if _, a := request(t, http.MethodPost, s.URL()+"/sim/files?from=LinXiaoyu&to=ZhouMingkai&name=a", huge); a["error"] == nil {
		t.Errorf("a body of %d bytes: %v", len(huge), a)
	}
	for _, sdk := range []string{"", "x", mediaFile{FileID: "SIMUP-../../../../etc/passwd"}.sdkFileID(), mediaFile{FileID: "SIMUP-" + strings.Repeat("0", 32)}.sdkFileID()} {
		_, a := request(t, http.MethodGet, s.URL()+"/sim/files?sdkfileid="+url.QueryEscape(sdk), "")
		if code, _ := errorCode(a); code != "not_found" {
			t.Errorf("%q: %v", sdk, a)
		}
	}
}
