// Package callback verifies, opens and parses what WeCom sends to a callback
// URL. It is pure: receiving, storing and reacting happen elsewhere.
//
// Signatures and encryption come from silenceper/wechat where it does what
// WeCom's documentation says. Opening is our own: that library checks only the
// last padding byte, accepts only multiples of 32 bytes and reports which check
// failed.
package callback

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"huicun/internal/fault"
)

const (
	// MaxBodyBytes is the largest body of a callback that is looked at. WeCom's
	// are a few hundred bytes, directory events some kilobytes.
	MaxBodyBytes = 1 << 20

	encodedKeyLen = 43 // EncodingAESKey: 32 bytes in base64 without the "="
	keyLen        = 32
	padBlock      = 32 // PKCS#7 over 32 bytes, although an AES block has 16
	randomLen     = 16
	headLen       = randomLen + 4 // random, then the length of the message
)

// Config is one callback configuration of the WeCom console.
type Config struct {
	ID        string // our name for it, part of the URL
	Token     string // as typed into the console
	AESKey    string // EncodingAESKey: 43 letters and digits
	ReceiveID string // the corp id, for every configuration that a corp owns
}

// Codec opens the callbacks of one configuration. It is safe for concurrent use.
type Codec struct {
	id        string
	token     string
	receiveID string
	key       []byte
	block     cipher.Block
}

// New checks cfg and makes its Codec. Errors name the field (fault.Invalid)
// and never repeat its value.
func New(cfg Config) (*Codec, error) {
	if cfg.Token == "" {
		return nil, fault.Invalid("token", "callback %q: the Token is empty", cfg.ID)
	}
	if cfg.ReceiveID == "" {
		return nil, fault.Invalid("receive_id", "callback %q: the corp id is empty", cfg.ID)
	}
	key, err := decodeKey(cfg.AESKey)
	if err != nil {
		return nil, fault.Invalid("aes_key", "callback %q: %v", cfg.ID, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("callback %q: %w", cfg.ID, err)
	}
	return &Codec{id: cfg.ID, token: cfg.Token, receiveID: cfg.ReceiveID, key: key, block: block}, nil
}

// ID gives Config.ID.
func (c *Codec) ID() string { return c.id }

// decodeKey turns an EncodingAESKey into its 32 bytes. The last character may
// carry bits that mean nothing; encoding/base64 ignores them unless Strict.
func decodeKey(s string) ([]byte, error) {
	if len(s) != encodedKeyLen {
		return nil, fmt.Errorf("the EncodingAESKey has %d characters instead of %d", len(s), encodedKeyLen)
	}
	key, err := base64.StdEncoding.DecodeString(s + "=")
	if err != nil || len(key) != keyLen {
		return nil, errors.New("the EncodingAESKey has characters other than letters and digits")
	}
	return key, nil
}

// Verify answers WeCom's check of a URL (GET): q is the request's query, the
// result is the body to answer with, exactly as it is. Every failure is the
// same fault.Forbidden to the sender; its cause is for the log.
func (c *Codec) Verify(q url.Values) ([]byte, error) {
	echo := q.Get("echostr")
	if !c.signed(q, echo) {
		// A sender that forgot to escape "+" leaves blanks behind.
		echo = strings.ReplaceAll(echo, " ", "+")
		if !c.signed(q, echo) {
			return nil, refused("signature")
		}
	}
	return c.decrypt(echo)
}

// Open gives the message of an event (POST): q is the request's query, body
// the XML around the ciphertext, at most MaxBodyBytes. Only Encrypt is taken
// from it, since the signature covers nothing else. Failures are as in Verify.
// The age of the timestamp is not judged: WeCom may repeat a delivery
// unchanged, and duplicates are told by the hash of the message.
func (c *Codec) Open(q url.Values, body []byte) ([]byte, error) {
	outer, err := parse(body)
	if err != nil {
		return nil, refused(err.Error())
	}
	encrypted := outer.first("Encrypt")
	if encrypted == "" {
		return nil, refused("no Encrypt")
	}
	if !c.signed(q, encrypted) {
		return nil, refused("signature")
	}
	return c.decrypt(encrypted)
}

func (c *Codec) signed(q url.Values, encrypted string) bool {
	want := c.signature(q.Get("timestamp"), q.Get("nonce"), encrypted)
	return subtle.ConstantTimeCompare([]byte(want), []byte(q.Get("msg_signature"))) == 1
}

func (c *Codec) signature(timestamp, nonce, encrypted string) string {
	return util.Signature(c.token, timestamp, nonce, encrypted)
}

// decrypt opens a ciphertext whose signature holds and makes every check that
// developer.work.weixin.qq.com/document/path/90968 asks for.
func (c *Codec) decrypt(encrypted string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil {
		return nil, refused("base64")
	}
	if len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, refused("ciphertext length")
	}
	cipher.NewCBCDecrypter(c.block, c.key[:aes.BlockSize]).CryptBlocks(data, data)
	plain, ok := unpad(data)
	if !ok {
		return nil, refused("padding")
	}
	if len(plain) < headLen {
		return nil, refused("plaintext length")
	}
	size, rest := uint64(binary.BigEndian.Uint32(plain[randomLen:headLen])), plain[headLen:]
	if size > uint64(len(rest)) {
		return nil, refused("message length")
	}
	if subtle.ConstantTimeCompare(rest[size:], []byte(c.receiveID)) != 1 {
		return nil, refused("receiveid")
	}
	return rest[:size:size], nil
}

// unpad takes off the PKCS#7 padding, all of whose bytes must agree.
func unpad(data []byte) ([]byte, bool) {
	pad := int(data[len(data)-1])
	if pad < 1 || pad > padBlock || pad > len(data) {
		return nil, false
	}
	body := data[:len(data)-pad]
	for _, b := range data[len(body):] {
		if int(b) != pad {
			return nil, false
		}
	}
	return body, true
}

// refused is what every failure looks like to the sender; cause says to the
// log which check failed and holds nothing of the message.
func refused(cause string) error {
	return &fault.Error{Code: fault.CodeForbidden, Message: "callback refused", Err: errors.New(cause)}
}

// Encrypt gives the base64 ciphertext of msg.
func (c *Codec) Encrypt(msg []byte) string {
	random := make([]byte, randomLen)
	_, _ = rand.Read(random) // never fails: it ends the process instead
	return c.encrypt(random, msg)
}

func (c *Codec) encrypt(random, msg []byte) string {
	return base64.StdEncoding.EncodeToString(util.AESEncryptMsg(random, msg, c.receiveID, c.key))
}

// reply is the passive reply of developer.work.weixin.qq.com/document/path/90968.
type reply struct {
	XMLName   xml.Name `xml:"xml"`
	Encrypt   string   `xml:"Encrypt"`
	Signature string   `xml:"MsgSignature"`
	Timestamp int64    `xml:"TimeStamp"`
	Nonce     string   `xml:"Nonce"`
}

// Reply encrypts and signs msg as a passive reply. Only a click on a card
// wants one; every other event is answered with an empty body.
func (c *Codec) Reply(msg []byte, at time.Time, nonce string) ([]byte, error) {
	encrypted := c.Encrypt(msg)
	timestamp := at.Unix()
	out, err := xml.Marshal(reply{
		Encrypt:   encrypted,
		Signature: c.signature(strconv.FormatInt(timestamp, 10), nonce, encrypted),
		Timestamp: timestamp,
		Nonce:     nonce,
	})
	if err != nil {
		return nil, fmt.Errorf("passive reply: %w", err)
	}
	return out, nil
}
