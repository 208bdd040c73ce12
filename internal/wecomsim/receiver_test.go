package wecomsim

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// received is a decrypted event.
type received struct {
	Event, ChangeType, UserID, ExternalUserID, Source string
	CreateTime, AgentID                               int64
}

// receiver is a 接收事件服务器 that checks what it gets.
type receiver struct {
	t      *testing.T
	cb     Callback
	events chan received
	before func(w http.ResponseWriter, r *http.Request) (done bool)
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.before != nil && c.before(w, r) {
		return
	}
	q := r.URL.Query()
	encrypted := q.Get("echostr")
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			c.t.Error(err)
		}
		var outer struct{ ToUserName, Encrypt string }
		if err := xml.Unmarshal(body, &outer); err != nil || outer.ToUserName != vectorCorp {
			c.t.Errorf("body %s: %v", body, err)
		}
		encrypted = outer.Encrypt
	}
	if got, want := q.Get("msg_signature"), callbackSignature(c.cb.Token, q.Get("timestamp"), q.Get("nonce"), encrypted); got != want {
		c.t.Errorf("msg_signature = %s, want %s", got, want)
	}
	msg := c.decrypt(encrypted)
	if r.Method == http.MethodGet {
		_, _ = w.Write(msg) // the test notices
		return
	}
	var e received
	if err := xml.Unmarshal(msg, &e); err != nil {
		c.t.Errorf("event %s: %v", msg, err)
	}
	c.events <- e
}

func (c *receiver) decrypt(encrypted string) []byte {
	b, ok := openCallback(c.t, c.cb, encrypted)
	if !ok {
		c.t.Fatal("the event cannot be opened")
	}
	n := binary.BigEndian.Uint32(b[16:])
	if id := string(b[20+n:]); id != vectorCorp {
		c.t.Errorf("receiveid = %s", id)
	}
	return b[20 : 20+n]
}

// openCallback decrypts what encryptCallback has made; ok = its padding is right.
func openCallback(t *testing.T, cb Callback, encrypted string) (plain []byte, ok bool) {
	t.Helper()
	key, err := callbackKey(cb.AESKey)
	if err != nil {
		t.Fatal(err)
	}
	b, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(b) == 0 || len(b)%callbackBlock != 0 {
		t.Fatalf("Encrypt has %d bytes, %v", len(b), err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(b, b)
	pad := int(b[len(b)-1])
	if pad < 1 || pad > callbackBlock || pad > len(b) {
		return nil, false
	}
	return b[:len(b)-pad], true
}

// startReceivers runs a simulator whose two callbacks go to receivers.
func startReceivers(t *testing.T) (s *Sim, app, archive *receiver) {
	t.Helper()
	cfg := testConfig(t)
	cfg.CorpID, cfg.RetryWait = vectorCorp, time.Millisecond
	receive := func(cb *Callback, token string) *receiver {
		r := &receiver{t: t, cb: Callback{Token: token, AESKey: vectorAESKey}, events: make(chan received, 100)}
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		r.cb.URL = server.URL + "/wecom/callback?config=1"
		*cb = r.cb
		return r
	}
	app, archive = receive(&cfg.AppCallback, vectorToken), receive(&cfg.ArchiveCallback, "Another1")
	return start(t, cfg), app, archive
}
