package callback

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/fault"
)

// Inputs shared by the vectors A, B and C.
const (
	vectorToken     = "SpecTok3n2026"
	vectorAESKey    = "AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw"
	vectorReceiveID = "ww1234567890abcdef"
	vectorRandom    = "abcdef0123456789"
	vectorTime      = "1735689600"
	vectorNonce     = "1597534862"

	echoA      = "GSLOm/BFeok5vs3ChgMwNF4lxX+KROhbmTit4ncbVOoHWV5H1K26PeV3oi5PBvXDwO3yucWVYnPLJCZXVYoMXw=="
	signatureA = "96f803d3df5ea6d4eb6844f1042510bd4f8e097d"
	plainA     = "6120347155538791342"

	plainB     = `<xml><ToUserName><![CDATA[ww1234567890abcdef]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1735689600</CreateTime><MsgType><![CDATA[event]]></MsgType><AgentID>2000004</AgentID><Event><![CDATA[msgaudit_notify]]></Event></xml>`
	encryptB   = "GSLOm/BFeok5vs3ChgMwNP2Qb9l3xU06+9ww4hThbVq3wralYfOqEMr0b6OnJeLS1nVfq24ovIcI8ENcpg01D1P9G9FSjd9mA7y7L/+58cvba5x4dfWsOghXdXP/x84NA5JQ1V5eH1iG28ZFicgY+w8TVrWAMWhmOafJLa38h+fq2fnwwZcUjMVnjWlRbW5LLsbRvz5eTc86C2aTX0muaiJWe88Y5nNVt9oX9EWfjmWO3em3QBpQGGDCFtUqpFESyeqGa1HwjNusPX8whiNcilr7zaoad49t5R1VlqCGUJhev4xzvkN9uKW8LDWQT8LHyCRBFsM1NJVUJAavckZLLmc3G8YNMlif/E7vDq5kUyGqASjxblc5Q4bJ1V+XU5yf"
	signatureB = "0e6611d678cf035f9c58c1431d971968ef7fff1a"

	plainC     = "你好，企业微信xxxxx"
	encryptC   = "GSLOm/BFeok5vs3ChgMwNAsMtx4nLTgLUs5ieZz5ibmQrPcv9yUQrj75lXkA/D9+GfU+I42shAVHqCe3EVq+nRrjKmlGUMr5E8L5uKdFBT6aS582Ziq1TPCU/K3XqDUB"
	signatureC = "d7e5876fee94bd340c7ba52731cf7c5e14805a15"
)

func vectorConfig() Config {
	return Config{ID: "app", Token: vectorToken, AESKey: vectorAESKey, ReceiveID: vectorReceiveID}
}

func mustNew(t testing.TB, cfg Config) *Codec {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func query(signature, timestamp, nonce, echo string) url.Values {
	return url.Values{
		"msg_signature": {signature},
		"timestamp":     {timestamp},
		"nonce":         {nonce},
		"echostr":       {echo},
	}
}

func envelope(encrypted string) []byte {
	return []byte("<xml><ToUserName><![CDATA[ww1234567890abcdef]]></ToUserName><AgentID></AgentID><Encrypt><![CDATA[" + encrypted + "]]></Encrypt></xml>")
}

// signed gives query and body of a delivery of encrypted that is signed well.
func signed(c *Codec, encrypted string) (url.Values, []byte) {
	return query(c.signature(vectorTime, vectorNonce, encrypted), vectorTime, vectorNonce, ""), envelope(encrypted)
}

func TestVerify(t *testing.T) {
	tencent := Config{
		ID: "tencent", Token: "QDG6eK", ReceiveID: "wx5823bf96d3bd56c7",
		AESKey: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
	}
	tencentQuery := query("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1409659589", "263014780",
		"P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==")
	fromURL, err := url.ParseQuery("msg_signature=" + signatureA + "&timestamp=" + vectorTime + "&nonce=" + vectorNonce +
		"&echostr=GSLOm%2FBFeok5vs3ChgMwNF4lxX%2BKROhbmTit4ncbVOoHWV5H1K26PeV3oi5PBvXDwO3yucWVYnPLJCZXVYoMXw%3D%3D")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		cfg  Config
		q    url.Values
		want string
	}{
		{"Tencent's sample, key with idle bits set", tencent, tencentQuery, "1616140317555161061"},
		{"vector A", vectorConfig(), query(signatureA, vectorTime, vectorNonce, echoA), plainA},
		{"vector A out of its URL", vectorConfig(), fromURL, plainA},
		{"plus signs arrived as blanks", vectorConfig(), query(signatureA, vectorTime, vectorNonce, strings.ReplaceAll(echoA, "+", " ")), plainA},
		{"nonce and timestamp exchanged: sorting hides it", vectorConfig(), query(signatureA, vectorNonce, vectorTime, echoA), plainA},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := mustNew(t, tt.cfg).Verify(tt.q)
			if err != nil {
				t.Fatalf("Verify: %v", err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("Verify (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	otherToken, otherCorp := vectorConfig(), vectorConfig()
	otherToken.Token = "SpecTok3n2027"
	otherCorp.ReceiveID = "ww1234567890abcdee"
	for _, tt := range []struct {
		name  string
		cfg   Config
		q     url.Values
		cause string
	}{
		{"another token", otherToken, query(signatureA, vectorTime, vectorNonce, echoA), "signature"},
		{"one character of echostr changed", vectorConfig(), query(signatureA, vectorTime, vectorNonce, "H"+echoA[1:]), "signature"},
		{"signature in upper case", vectorConfig(), query(strings.ToUpper(signatureA), vectorTime, vectorNonce, echoA), "signature"},
		{"no parameters", vectorConfig(), url.Values{}, "signature"},
		{"another corp", otherCorp, query(signatureA, vectorTime, vectorNonce, echoA), "receiveid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := mustNew(t, tt.cfg).Verify(tt.q)
			checkRefused(t, got, err, tt.cause)
		})
	}
}

// checkRefused checks that the failure says the same as every other to the
// sender, and its cause only to the log.
func checkRefused(t *testing.T, got []byte, err error, cause string) {
	t.Helper()
	if got != nil {
		t.Errorf("refused, yet a message came out: %q", got)
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("error %v is no fault", err)
	}
	if f.Code != fault.CodeForbidden || f.Message != "callback refused" || f.Field != "" {
		t.Errorf("to the sender: %q %q %q, want the same for every failure", f.Code, f.Message, f.Field)
	}
	if f.Err == nil || f.Err.Error() != cause {
		t.Errorf("cause %v, want %q", f.Err, cause)
	}
}

func TestOpen(t *testing.T) {
	c := mustNew(t, vectorConfig())
	for _, tt := range []struct {
		name, signature, body, want string
	}{
		{"vector B, padding 1", signatureB, string(envelope(encryptB)), plainB},
		{"vector C, a whole block of padding", signatureC, string(envelope(encryptC)), plainC},
		{
			"plain text instead of CDATA, other order, unknown elements", signatureB,
			"<?xml version=\"1.0\"?>\n<xml>\n <New><Encrypt>x</Encrypt></New>\n <Encrypt>" + encryptB + "</Encrypt>\n</xml>\n", plainB,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Open(query(tt.signature, vectorTime, vectorNonce, ""), []byte(tt.body))
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("Open (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpenRefusesBodies(t *testing.T) {
	c := mustNew(t, vectorConfig())
	for _, tt := range []struct {
		name, body, cause string
	}{
		{"empty", "", "not XML"},
		{"not XML", "hello", "not XML"},
		{"broken XML", "<xml><Encrypt>", "not well-formed XML"},
		{"without Encrypt", "<xml><ToUserName>ww</ToUserName></xml>", "no Encrypt"},
		{"with a document type definition", "<!DOCTYPE xml [<!ENTITY e \"x\">]>" + string(envelope(encryptB)), "document type definition"},
		{"with an unknown entity", "<xml><Encrypt>&e;</Encrypt></xml>", "not well-formed XML"},
		{"nested too deeply", strings.Repeat("<a>", 40), "nested too deeply"},
		{"two roots", "<xml></xml>" + string(envelope(encryptB)), "more than one root"},
		{"too large", "<xml>" + strings.Repeat(" ", MaxBodyBytes) + "</xml>", "body too large"},
		{"signed for another ciphertext", string(envelope(encryptC)), "signature"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Open(query(signatureB, vectorTime, vectorNonce, ""), []byte(tt.body))
			checkRefused(t, got, err, tt.cause)
		})
	}
}

// seal encrypts plain as it is, padding included, without any check.
func seal(c *Codec, plain []byte) string {
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(c.block, c.key[:aes.BlockSize]).CryptBlocks(out, plain)
	return base64.StdEncoding.EncodeToString(out)
}

// padded appends pad bytes of the value pad to random, size, msg and receiver.
func padded(size uint32, msg, receiver string, pad int) []byte {
	plain := binary.BigEndian.AppendUint32([]byte(vectorRandom), size)
	plain = append(plain, msg+receiver...)
	return append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
}

func TestOpenRefusesCiphertexts(t *testing.T) {
	c := mustNew(t, vectorConfig())
	last := func(b byte) []byte { // a whole plaintext of 64 bytes that ends with b
		plain := padded(19, plainA, vectorReceiveID, 7)
		plain[len(plain)-1] = b
		return plain
	}
	for _, tt := range []struct {
		name, encrypted, cause string
	}{
		{"no base64", "!!!!", "base64"},
		{"not a multiple of 16", base64.StdEncoding.EncodeToString(make([]byte, 17)), "ciphertext length"},
		{"last byte 0", seal(c, last(0)), "padding"},
		{"last byte 33", seal(c, last(33)), "padding"},
		{"padding longer than the plaintext", seal(c, bytes.Repeat([]byte{17}, 16)), "padding"},
		{"padding bytes differ", seal(c, last(6)), "padding"},
		{"nothing but padding", seal(c, bytes.Repeat([]byte{32}, 32)), "plaintext length"},
		{"msg_len one too large", seal(c, padded(38, plainA, vectorReceiveID, 7)), "message length"},
		{"msg_len enormous", seal(c, padded(1<<32-1, plainA, vectorReceiveID, 7)), "message length"},
		{"msg_len eats the receiver", seal(c, padded(20, plainA, vectorReceiveID, 7)), "receiveid"},
		{"another receiver", seal(c, padded(19, plainA, "ww1234567890abcdee", 7)), "receiveid"},
		{"no receiver", seal(c, padded(25, plainA+"xxxxxx", "", 3)), "receiveid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, body := signed(c, tt.encrypted)
			got, err := c.Open(q, body)
			checkRefused(t, got, err, tt.cause)
		})
	}
	t.Run("empty ciphertext", func(t *testing.T) {
		got, err := c.Verify(query(c.signature(vectorTime, vectorNonce, ""), vectorTime, vectorNonce, ""))
		checkRefused(t, got, err, "ciphertext length")
	})
}

func TestOpenAcceptsMultiplesOf16(t *testing.T) {
	c := mustNew(t, vectorConfig())
	q, body := signed(c, seal(c, padded(2, "hi", vectorReceiveID, 8))) // 48 bytes
	got, err := c.Open(q, body)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if string(got) != "hi" {
		t.Errorf("Open = %q, want hi", got)
	}
}

func TestEncryptVectors(t *testing.T) {
	c := mustNew(t, vectorConfig())
	for _, tt := range []struct {
		name, msg, want, signature string
	}{
		{"A", plainA, echoA, signatureA},
		{"B", plainB, encryptB, signatureB},
		{"C", plainC, encryptC, signatureC},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := c.encrypt([]byte(vectorRandom), []byte(tt.msg))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("encrypt (-want +got):\n%s", diff)
			}
			if sig := c.signature(vectorTime, vectorNonce, got); sig != tt.signature {
				t.Errorf("signature = %s, want %s", sig, tt.signature)
			}
		})
	}
	if diff := cmp.Diff("030a11181f262d343b424950575e656c737a81888f969da4abb2b9c0c7ced5dc", hex.EncodeToString(c.key)); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
}

func TestReplyOpensAgain(t *testing.T) {
	c := mustNew(t, vectorConfig())
	const msg = "<xml><MsgType>update_button</MsgType></xml>"
	out, err := c.Reply([]byte(msg), time.Unix(1735689600, 0), "no<nce")
	if err != nil {
		t.Fatal(err)
	}
	var r reply
	if err := xml.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	got, err := c.Open(query(r.Signature, vectorTime, r.Nonce, ""), out)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if diff := cmp.Diff(msg, string(got)); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if first, second := c.Encrypt([]byte(msg)), c.Encrypt([]byte(msg)); first == second {
		t.Error("Encrypt gives the same ciphertext twice")
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, field string
		change      func(*Config)
	}{
		{"no token", "token", func(c *Config) { c.Token = "" }},
		{"no corp id", "receive_id", func(c *Config) { c.ReceiveID = "" }},
		{"key too short", "aes_key", func(c *Config) { c.AESKey = vectorAESKey[:42] }},
		{"key with a blank", "aes_key", func(c *Config) { c.AESKey = " " + vectorAESKey[1:] }},
		{"key with a line break", "aes_key", func(c *Config) { c.AESKey = "\n" + vectorAESKey[1:] }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := vectorConfig()
			tt.change(&cfg)
			_, err := New(cfg)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Code != fault.CodeInvalid || f.Field != tt.field {
				t.Fatalf("New: %v, want invalid %s", err, tt.field)
			}
			if strings.Contains(err.Error(), vectorAESKey[1:20]) || strings.Contains(err.Error(), vectorToken) {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

func FuzzOpen(f *testing.F) {
	c := mustNew(f, vectorConfig())
	f.Add(envelope(encryptB), []byte(plainB))
	f.Add([]byte("<xml><Encrypt/></xml>"), []byte{})
	f.Fuzz(func(t *testing.T, body, msg []byte) {
		if got, err := c.Open(url.Values{}, body); err == nil {
			t.Fatalf("unsigned body accepted: %q", got)
		}
		// Whatever the plaintext is, opening a signed delivery does not panic.
		plain := append(msg[:len(msg):len(msg)], make([]byte, aes.BlockSize-len(msg)%aes.BlockSize)...)
		q, signedBody := signed(c, seal(c, plain))
		if _, err := c.Open(q, signedBody); err == nil && len(plain) < headLen {
			t.Fatalf("%d bytes opened", len(plain))
		}
		q, signedBody = signed(c, c.Encrypt(msg))
		got, err := c.Open(q, signedBody)
		if err != nil || !bytes.Equal(got, msg) {
			t.Fatalf("round trip of %q: %q, %v", msg, got, err)
		}
	})
}
