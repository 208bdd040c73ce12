package wecomsim

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecom/wecomcrypt"
)

func TestEncryptSign(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{"": "0", "T": "84", "TOKEN-abc_123": "3181260314"} {
		if got := encryptSign(token); got != want {
			t.Errorf("encryptSign(%q) = %s, want %s", token, got, want)
		}
	}
}

// sdkClient speaks like the Finance SDK: through the proxy, verifying the name.
type sdkClient struct {
	t     *testing.T
	sim   *Sim
	http  *http.Client
	token string
}

func newSDKClient(t *testing.T, s *Sim, userinfo *url.Userinfo) *sdkClient {
	t.Helper()
	ca, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatal("the CA file holds no certificate")
	}
	tr := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: s.ProxyAddr(), User: userinfo}),
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	t.Cleanup(tr.CloseIdleConnections)
	c := &sdkClient{t: t, sim: s, http: &http.Client{Transport: tr}}
	return c
}

func (c *sdkClient) login() {
	c.t.Helper()
	b, _ := c.do(http.MethodGet, "/cgi-bin/gettoken?corpid="+c.sim.cfg.CorpID+"&corpsecret="+c.sim.cfg.ArchiveSecret, "", nil)
	var a struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(b, &a); err != nil || a.Token == "" {
		c.t.Fatalf("gettoken = %s, %v", b, err)
	}
	c.token = a.Token
}

func (c *sdkClient) do(method, path, body string, header http.Header) ([]byte, *http.Response) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, "https://"+sdkHost+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return b, resp
}

func (c *sdkClient) chatData(seq uint64, limit int) (page []sealedMessage, code int) {
	c.t.Helper()
	body := fmt.Sprintf(`{"limit": %d, "version": 1, "seq": %d, "encrypt_sign": "%s"}`, limit, int64(seq), encryptSign(c.token))
	b, _ := c.do(http.MethodPost, "/cgi-bin/message/getchatdata?access_token="+c.token, body, nil)
	var a struct {
		Code int             `json:"errcode"`
		Page []sealedMessage `json:"chatdata"`
	}
	if err := json.Unmarshal(b, &a); err != nil {
		c.t.Fatal(err)
	}
	return a.Page, a.Code
}

// open decrypts a message with the private key of its version.
func open(t *testing.T, key *rsa.PrivateKey, m sealedMessage) []byte {
	t.Helper()
	random, err := base64.StdEncoding.DecodeString(m.EncryptRandomKey)
	if err != nil || len(random) != 256 {
		t.Fatalf("encrypt_random_key: %d bytes, %v", len(random), err)
	}
	k, err := rsa.DecryptPKCS1v15(nil, key, random)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := wecomcrypt.Decrypt(string(k), m.EncryptChatMsg)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestPulledMessagesAreTheStream(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Messages, cfg.Directory = 230, ""
	s := start(t, cfg)
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	c := newSDKClient(t, s, nil)
	c.login()
	var got []Message
	for seq := uint64(0); ; {
		page, code := c.chatData(seq, 100)
		if code != 0 {
			t.Fatalf("errcode = %d", code)
		}
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			got = append(got, Message{m.Seq, m.MsgID, m.PublicKeyVer, open(t, key, m)})
		}
		seq = page[len(page)-1].Seq
	}
	want, err := s.stream.from(1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 230 {
		t.Errorf("%d messages (-want +got):\n%s", len(got), diff)
	}
	again, _ := c.chatData(100, 1)
	if len(again) != 1 || again[0].Seq != 101 || again[0].MsgID != got[100].MsgID {
		t.Errorf("pulled again: %+v, want seq 101, msgid %s", again, got[100].MsgID)
	}
	if s.stats().PulledSeq != 230 {
		t.Errorf("pulled_seq = %d, want 230", s.stats().PulledSeq)
	}
}

func TestChatDataRefusesWrongRequests(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.MaxPageSize = 100
	s := start(t, cfg)
	for range 2 {
		if _, err := s.send(outgoing{From: "LinXiaoyu", To: "ZhouMingkai", Text: strings.Repeat("好", 100)}); err != nil {
			t.Fatal(err)
		}
	}
	c := newSDKClient(t, s, nil)
	c.login()
	for _, tt := range []struct {
		name  string
		seq   uint64
		limit int
		want  int
	}{
		{"limit 0", 0, 0, 40058},
		{"limit 1001", 0, 1001, 40058},
		{"too large", 0, 1000, 301058},
		{"one large message", 0, 1, 0},
		{"beyond the end", 1 << 40, 10, 0},
		{"the largest seq", ^uint64(0), 10, 0},
	} {
		if _, code := c.chatData(tt.seq, tt.limit); code != tt.want {
			t.Errorf("%s: errcode = %d, want %d", tt.name, code, tt.want)
		}
	}
	c.token += "x"
	if _, code := c.chatData(0, 1); code != 40014 {
		t.Errorf("wrong token: errcode = %d, want 40014", code)
	}
	a := callAs(t, s, s.cfg.ArchiveSecret, "message/getchatdata", `{"seq":0,"limit":1,"encrypt_sign":"1"}`)
	if a.code() != 40058 {
		t.Errorf("wrong encrypt_sign: errcode = %d, want 40058", a.code())
	}
}

func TestRotatedKeyHoldsForNewMessages(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	say := func(text string) {
		t.Helper()
		if _, err := s.send(outgoing{From: "LinXiaoyu", To: "ZhouMingkai", Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	say("一")
	status, a := request(t, http.MethodPost, s.URL()+"/sim/keys", "")
	if status != http.StatusOK || a["version"] != 2. || a["private_key_file"] != s.PrivateKeyFile(2) {
		t.Fatalf("POST /sim/keys = %d %v", status, a)
	}
	say("二")
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := marshalPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, a = request(t, http.MethodPost, s.URL()+"/sim/keys", text); a["version"] != 3. || a["private_key_file"] != nil {
		t.Fatalf("uploading PEM = %v", a)
	}
	say("三")

	c := newSDKClient(t, s, nil)
	c.login()
	page, _ := c.chatData(0, 10)
	var versions []uint32
	for _, m := range page {
		versions = append(versions, m.PublicKeyVer)
	}
	if diff := cmp.Diff([]uint32{1, 2, 3}, versions); diff != "" {
		t.Fatalf("versions (-want +got):\n%s", diff)
	}
	if plain := open(t, readPrivateKey(t, s.PrivateKeyFile(2)), page[1]); !bytes.Contains(plain, []byte("二")) {
		t.Errorf("message of version 2 = %s", plain)
	}
	for _, body := range []string{"-----BEGIN PUBLIC KEY-----\nx", `{"public_key":"x"}`, "nonsense"} {
		if status, _ := request(t, http.MethodPost, s.URL()+"/sim/keys", body); status != http.StatusBadRequest {
			t.Errorf("key %q: status %d, want 400", body, status)
		}
	}
}

func readPrivateKey(t *testing.T, path string) *rsa.PrivateKey {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode of %s = %v, want 0600", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

func TestProxyLetsOnlyTheSDKThrough(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.ProxyPassword = "sdk:pass-123"
	s := start(t, cfg)
	newSDKClient(t, s, url.UserPassword("sdk", "pass-123")).login()

	for _, tt := range []struct {
		name, target string
		user         *url.Userinfo
		want         string
	}{
		{"no password", "https://" + sdkHost + "/", nil, "Proxy Authentication Required"},
		{"wrong password", "https://" + sdkHost + "/", url.UserPassword("sdk", "pass-124"), "Proxy Authentication Required"},
		{"another host", "https://example.com/", url.UserPassword("sdk", "pass-123"), "Forbidden"},
		{"another port", "https://" + sdkHost + ":444/", url.UserPassword("sdk", "pass-123"), "Forbidden"},
	} {
		c := newSDKClient(t, s, tt.user)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.http.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: err = %v, want %s", tt.name, err, tt.want)
		}
	}
	if status := plainStatus(t, "http://"+s.ProxyAddr()+"/"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET at the proxy: status %d, want 405", status)
	}
}

func plainStatus(t *testing.T, address string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}
