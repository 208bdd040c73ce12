package wecomsim

import (
	"bytes"
	"crypto/aes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"
)

// fileIDOf unpacks an sdkfileid.
func fileIDOf(t *testing.T, sdk string) (fileID, authKey string, aesKey []byte) {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(sdk)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for len(b) > 1 {
		n := int(b[1]) // all our parts are shorter than 128 bytes
		parts, b = append(parts, string(b[2:2+n])), b[2+n:]
	}
	if len(parts) != 3 {
		t.Fatalf("sdkfileid has %d parts", len(parts))
	}
	aesKey, err = hex.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	return parts[0], parts[1], aesKey
}

// fetch reads a file as the library does, in parts of size bytes.
func (c *sdkClient) fetch(sdk string, size int) (data []byte, parts int) {
	c.t.Helper()
	fileID, auth, key := fileIDOf(c.t, sdk)
	from, total := 0, 1
	for ; from < total; parts++ {
		h := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", from, min(from+size, max(total, from+size))-1)}}
		b, resp := c.do(http.MethodPost, "/cgi-bin/message/getchatmediadata?access_token="+c.token,
			fmt.Sprintf(`{"fileid": %q, "authkey": %q, "version": 1}`, fileID, auth), h)
		var a struct {
			Code    int    `json:"errcode"`
			Content []byte `json:"content"`
		}
		if err := json.Unmarshal(b, &a); err != nil || a.Code != 0 || resp.StatusCode != http.StatusPartialContent {
			c.t.Fatalf("media: status %d, errcode %d, %v", resp.StatusCode, a.Code, err)
		}
		var first, last int
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "BYTES %d-%d/%d", &first, &last, &total); err != nil {
			c.t.Fatalf("range %q: %v", resp.Header.Get("Content-Range"), err)
		}
		if first != from || last-first+1 != len(a.Content) {
			c.t.Fatalf("range %d-%d with %d bytes, want from %d", first, last, len(a.Content), from)
		}
		data, from = append(data, a.Content...), last+1
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(data); i += 16 {
		block.Decrypt(data[i:], data[i:])
	}
	return data[:len(data)-int(data[len(data)-1])], parts
}

func TestMediaIsWhatTheMessageAnnounces(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Messages, cfg.Directory = 600, ""
	s := start(t, cfg)
	if _, err := s.send(outgoing{From: "LinXiaoyu", To: "ZhouMingkai", MsgType: "image"}); err != nil {
		t.Fatal(err)
	}
	c := newSDKClient(t, s, nil)
	c.login()
	all, err := s.stream.from(1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	images := 0
	for _, m := range all {
		var v struct {
			Image *imageContent `json:"image"`
		}
		if err := json.Unmarshal(m.Body, &v); err != nil || v.Image == nil {
			continue
		}
		images++
		data, parts := c.fetch(v.Image.SDKFileID, 4096)
		sum := md5.Sum(data)
		if len(data) != v.Image.FileSize || hex.EncodeToString(sum[:]) != v.Image.MD5 {
			t.Errorf("seq %d: %d bytes, md5 %x; announced %d, %s", m.Seq, len(data), sum, v.Image.FileSize, v.Image.MD5)
		}
		if want := len(data)/4096 + 1; parts != want {
			t.Errorf("seq %d: %d parts, want %d", m.Seq, parts, want)
		}
		if m.Seq == 601 {
			if _, err := jpeg.Decode(bytes.NewReader(data)); err != nil {
				t.Errorf("the picture of the control page: %v", err)
			}
		}
	}
	if images < 10 {
		t.Errorf("only %d images in 600 messages", images)
	}
}

func TestMediaRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	f, err := controlImage(7)
	if err != nil {
		t.Fatal(err)
	}
	c := newSDKClient(t, s, nil)
	c.login()
	for _, tt := range []struct {
		name, fileID, auth, ranges string
		want                       int
	}{
		{"fine", f.FileID, f.AuthKey, "bytes=0-15", 0},
		{"no range", f.FileID, f.AuthKey, "", 0},
		{"unknown file", "no-such-file", "", "bytes=0-15", 301048},
		{"odd own file", ownPrefix + "x", "", "bytes=0-15", 301048},
		{"wrong authkey", f.FileID, "x", "bytes=0-15", 301048},
		{"range behind the end", f.FileID, f.AuthKey, "bytes=99999999-99999999", 40058},
		{"turned range", f.FileID, f.AuthKey, "bytes=9-3", 40058},
		{"odd range", f.FileID, f.AuthKey, "bytes=-5", 40058},
	} {
		h := http.Header{}
		if tt.ranges != "" {
			h.Set("Range", tt.ranges)
		}
		b, resp := c.do(http.MethodPost, "/cgi-bin/message/getchatmediadata?access_token="+c.token,
			fmt.Sprintf(`{"fileid":%q,"authkey":%q}`, tt.fileID, tt.auth), h)
		if !strings.Contains(string(b), fmt.Sprintf(`"errcode":%d,`, tt.want)) {
			t.Errorf("%s: %.100s, want errcode %d", tt.name, b, tt.want)
		}
		if _, capitals := resp.Header["Content-Range"]; capitals != (tt.want == 0) {
			t.Errorf("%s: range header present = %v", tt.name, capitals)
		}
	}
}
