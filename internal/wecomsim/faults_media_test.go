package wecomsim

import (
	"bytes"
	"crypto/aes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// mediaPart is one part of a file as it came.
type mediaPart struct {
	Code    int    `json:"errcode"`
	Content []byte `json:"content"`
	ranges  string
}

func (c *sdkClient) part(f mediaFile, from, to int) mediaPart {
	c.t.Helper()
	h := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", from, to)}}
	b, resp := c.do(http.MethodPost, "/cgi-bin/message/getchatmediadata?access_token="+c.token,
		fmt.Sprintf(`{"fileid":%q,"authkey":%q}`, f.FileID, f.AuthKey), h)
	p := mediaPart{ranges: resp.Header.Get("Content-Range")}
	if err := json.Unmarshal(b, &p); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// plain decrypts what came; ok = its padding is right.
func (p mediaPart) plain(t *testing.T, f mediaFile) (data []byte, ok bool) {
	t.Helper()
	block, err := aes.NewCipher(f.AESKey[:])
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Clone(p.Content)
	for i := 0; i < len(data); i += aes.BlockSize {
		block.Decrypt(data[i:], data[i:])
	}
	if len(data) == 0 {
		return nil, false
	}
	pad := int(data[len(data)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, false
	}
	return data[:len(data)-pad], true
}

func TestSpoiltMedia(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	c := newSDKClient(t, s, nil)
	c.login()
	f, err := controlImage(3)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind string
		want func(p mediaPart, data []byte, opens bool) bool
	}{
		{"media.expired", func(p mediaPart, _ []byte, _ bool) bool { return p.Code == 301048 && p.Content == nil }},
		{"media.wrong_md5", func(_ mediaPart, data []byte, opens bool) bool {
			return opens && len(data) == len(f.Data) && !bytes.Equal(data, f.Data)
		}},
		{"media.short", func(_ mediaPart, data []byte, opens bool) bool {
			return opens && bytes.Equal(data, f.Data[:len(f.Data)/2])
		}},
		{"media.corrupt", func(p mediaPart, _ []byte, opens bool) bool {
			return p.Code == 0 && len(p.Content) > len(f.Data) && !opens
		}},
		{"media.empty", func(p mediaPart, _ []byte, _ bool) bool { return p.Code == 0 && p.ranges != "" && len(p.Content) == 0 }},
		{"media.no_range", func(p mediaPart, data []byte, opens bool) bool {
			return p.ranges == "" && opens && bytes.Equal(data, f.Data)
		}},
	} {
		setFaults(t, s, `{"faults":[{"kind":"`+tt.kind+`","times":1}]}`)
		p := c.part(f, 0, 1<<20)
		if data, opens := p.plain(t, f); !tt.want(p, data, opens) {
			t.Errorf("%s: errcode %d, range %q, %d bytes, opens %v", tt.kind, p.Code, p.ranges, len(data), opens)
		}
		p = c.part(f, 0, 1<<20)
		if data, _ := p.plain(t, f); !bytes.Equal(data, f.Data) {
			t.Errorf("%s: the second fetch, which it leaves alone, gives %d bytes", tt.kind, len(data))
		}
	}
}

func TestAllPartsOfAFetchAreSpoiltAlike(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	c := newSDKClient(t, s, nil)
	c.login()
	f, err := controlImage(4)
	if err != nil {
		t.Fatal(err)
	}
	fetch := func() []byte {
		whole := mediaPart{}
		for from := 0; from < len(f.Data); from += 4096 {
			whole.Content = append(whole.Content, c.part(f, from, from+4095).Content...)
		}
		data, _ := whole.plain(t, f)
		return data
	}
	setFaults(t, s, `{"faults":[{"kind":"media.wrong_md5","every":2}]}`)
	for i := range 4 {
		data := fetch()
		spoilt := len(data) == len(f.Data)
		for j := range data {
			spoilt = spoilt && data[j] == f.Data[j]^0xff
		}
		if want := i%2 == 1; spoilt != want || !want && !bytes.Equal(data, f.Data) {
			t.Errorf("fetch %d: spoilt throughout = %v, want %v", i, spoilt, want)
		}
	}
}

func TestSlowAndCutParts(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	f, err := controlImage(5)
	if err != nil {
		t.Fatal(err)
	}
	setFaults(t, s, `{"faults":[{"kind":"media.slow","delay_ms":1,"after":1},{"kind":"media.cut","after":1,"times":2},{"kind":"media.cut","bytes":40,"after":3,"times":1}]}`)
	c := newSDKClient(t, s, nil)
	c.login()
	if p := c.part(f, 0, 99); len(p.Content) != 100 {
		t.Errorf("the first part has %d bytes", len(p.Content))
	}
	for i, most := range []int{0, 0, 40} {
		body, announced := cutBody(t, c, f)
		if most == 0 {
			most = announced / 2
		}
		if len(body) != most || announced <= most {
			t.Errorf("cut part %d: %d bytes of %d came, want %d", i+1, len(body), announced, most)
		}
	}
	c = newSDKClient(t, s, nil)
	c.login()
	if p := c.part(f, 100, 199); len(p.Content) != 100 {
		t.Errorf("the part after the cuts has %d bytes", len(p.Content))
	}
	_, active, _ := s.faults.snapshot()
	if active[0].Struck != 4 {
		t.Errorf("media.slow struck %d times, want 4", active[0].Struck)
	}
}

// cutBody asks for a part that is cut and gives what came of its body, and the
// length that was announced.
func cutBody(t *testing.T, c *sdkClient, f mediaFile) (body []byte, announced int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+sdkHost+"/cgi-bin/message/getchatmediadata?access_token="+c.token,
		strings.NewReader(fmt.Sprintf(`{"fileid":%q,"authkey":%q}`, f.FileID, f.AuthKey)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=0-1023")
	resp, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // cut already
	body, err = io.ReadAll(resp.Body)
	if err == nil || resp.Header["Content-Range"] == nil {
		t.Errorf("the part was not cut: %d bytes, range %q", len(body), resp.Header["Content-Range"])
	}
	return body, int(resp.ContentLength)
}
