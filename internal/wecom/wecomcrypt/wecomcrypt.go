// Package wecomcrypt writes and reads the message container of WeCom's
// conversation archive: encrypt_key, which is what RSA makes of
// encrypt_random_key, and encrypt_chat_msg.
//
// WeCom does not document the container. This code was written from the
// behaviour of the Finance SDK's DecryptData and holds no key or constant of it.
// A message is head(13) outer(32) pre body[:split] split body[split:] post, where
// all but outer and body is filler; outer opens encrypt_key, which yields the key
// of the body and the lengths of the fillers.
package wecomcrypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
)

const (
	headLen = 13               // filler before the outer key
	keyLen  = 32               // both AES-256 keys are 32 printable characters
	keyPos  = headLen + keyLen // where the optional "pre" filler starts
)

// Errors correspond to the return codes of the library's DecryptData.
var (
	ErrKey  = errors.New("wecomcrypt: encrypt_key does not open (10008)")
	ErrInfo = errors.New("wecomcrypt: bad key info or message layout (10005)")
	ErrBody = errors.New("wecomcrypt: message body does not open (10006)")
)

// maxSplit always lies within the body: the shortest one is base64 of 32 bytes.
const maxSplit = 44

// Layout is the number of filler characters before, after and inside the body.
// Split must be 1..44 and is brought into this range by Encrypt; Pre and Post
// must not be negative and count as 0 then.
type Layout struct{ Pre, Post, Split int }

// Material is everything random about one message.
type Material struct {
	Outer, Inner   string   // 32 characters each; Outer is cut or filled with "x" to that length
	IVKey, IVBody  [16]byte // initialisation vectors of encrypt_key and of the body
	Layout         Layout
	FillerAlphabet string // filler characters are taken from here in turn; "" stands for "x"
}

// EncryptLikeWeCom encrypts plain with fresh random keys, vectors and fillers.
// encryptKey has 88 characters and is yet to be encrypted by RSA.
func EncryptLikeWeCom(plain []byte) (encryptKey, encryptMsg string) {
	const set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var rnd [3 + 2*keyLen + 64]byte
	var m Material
	_, _ = rand.Read(rnd[:]) // rand.Read never fails
	_, _ = rand.Read(m.IVKey[:])
	_, _ = rand.Read(m.IVBody[:])
	m.Layout = Layout{Pre: int(rnd[0] % 32), Post: int(rnd[1] % 32), Split: 1 + int(rnd[2]%32)}
	text := make([]byte, len(rnd)-3)
	for i, b := range rnd[3:] {
		text[i] = set[b&63]
	}
	m.Outer, m.Inner = string(text[:keyLen]), string(text[keyLen:2*keyLen])
	m.FillerAlphabet = string(text[2*keyLen:])
	return Encrypt(plain, m)
}

// Encrypt is the deterministic form of EncryptLikeWeCom.
func Encrypt(plain []byte, m Material) (encryptKey, encryptMsg string) {
	m = m.normal()
	l, n := m.Layout, 0
	filler := func(k int) string {
		var b strings.Builder
		for range k {
			b.WriteByte(m.FillerAlphabet[n%len(m.FillerAlphabet)])
			n++
		}
		return b.String()
	}
	body := seal(plain, m.Inner, m.IVBody)
	encryptMsg = filler(headLen) + m.Outer + filler(l.Pre) +
		body[:l.Split] + filler(l.Split) + body[l.Split:] + filler(l.Post)
	return seal(keyInfo(m.Inner, l), m.Outer, m.IVKey), encryptMsg
}

// normal brings material that no container can hold into range.
func (m Material) normal() Material {
	m.Layout.Pre, m.Layout.Post = max(m.Layout.Pre, 0), max(m.Layout.Post, 0)
	m.Layout.Split = min(max(m.Layout.Split, 1), maxSplit)
	if m.FillerAlphabet == "" {
		m.FillerAlphabet = "x"
	}
	if len(m.Outer) != keyLen {
		m.Outer = (m.Outer + strings.Repeat("x", keyLen))[:keyLen]
	}
	return m
}

// Decrypt opens a message. It takes the RSA-decrypted encrypt_random_key as it
// is, without a further base64 step, and encrypt_chat_msg. Errors are ErrKey,
// ErrInfo and ErrBody. There is no checksum in the container: damage in the
// middle of the body gives garbled text, not an error.
func Decrypt(encryptKey, encryptMsg string) ([]byte, error) {
	if len(encryptMsg) < keyPos {
		return nil, ErrInfo
	}
	info, ok := open(encryptKey, encryptMsg[headLen:keyPos])
	if !ok {
		return nil, ErrKey
	}
	inner, l, ok := parseKeyInfo(info)
	if !ok || l.Pre < 0 || l.Post < 0 || l.Split < 1 || l.Split > len(encryptMsg) {
		return nil, ErrInfo
	}
	rest := len(encryptMsg) - keyPos
	if l.Pre > rest || l.Post > rest || l.Pre+2*l.Split+l.Post > rest {
		return nil, ErrInfo
	}
	s := encryptMsg[keyPos+l.Pre : len(encryptMsg)-l.Post]
	plain, ok := open(s[:l.Split]+s[2*l.Split:], inner)
	if !ok {
		return nil, ErrBody
	}
	return plain, nil
}

// seal returns base64(iv || AES-256-CBC(key, iv, PKCS#7(p))).
func seal(p []byte, key string, iv [16]byte) string {
	pad := 16 - len(p)%16
	b := make([]byte, 16+len(p)+pad)
	copy(b, iv[:])
	copy(b[16:], p)
	for i := 16 + len(p); i < len(b); i++ {
		b[i] = byte(pad)
	}
	cipher.NewCBCEncrypter(block(key), iv[:]).CryptBlocks(b[16:], b[16:])
	return base64.StdEncoding.EncodeToString(b)
}

// open is the reverse of seal, false when s is not what seal could have made.
func open(s, key string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") { // Go's base64 would skip them
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) < 32 || len(b)%16 != 0 {
		return nil, false
	}
	iv, p := b[:16], b[16:]
	cipher.NewCBCDecrypter(block(key), iv).CryptBlocks(p, p)
	pad := int(p[len(p)-1])
	if pad < 1 || pad > 16 {
		return nil, false
	}
	for _, c := range p[len(p)-pad:] {
		if int(c) != pad {
			return nil, false
		}
	}
	return p[:len(p)-pad], true
}

// block uses the first 32 bytes of key, zero-filled if there are fewer.
func block(key string) cipher.Block {
	var k [keyLen]byte
	copy(k[:], key)
	b, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // only for a key length that this array does not have
	}
	return b
}

// keyInfo is protobuf: 1 = inner key (string), 2 = pre, 3 = post, 4 = split (int32).
func keyInfo(inner string, l Layout) []byte {
	b := binary.AppendUvarint([]byte{1<<3 | 2}, uint64(len(inner)))
	b = append(b, inner...)
	for i, v := range [...]int{l.Pre, l.Post, l.Split} {
		b = binary.AppendUvarint(append(b, byte(i+2)<<3), uint64(v))
	}
	return b
}

// parseKeyInfo reads what keyInfo writes. Unknown fields are refused, as the
// library refuses them.
func parseKeyInfo(b []byte) (inner string, l Layout, ok bool) {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return "", l, false
		}
		v, k := binary.Uvarint(b[n:])
		if k <= 0 {
			return "", l, false
		}
		b = b[n+k:]
		switch tag {
		case 1<<3 | 2:
			if v > uint64(len(b)) {
				return "", l, false
			}
			inner, b = string(b[:v]), b[v:]
		case 2 << 3:
			l.Pre = int(int32(v))
		case 3 << 3:
			l.Post = int(int32(v))
		case 4 << 3:
			l.Split = int(int32(v))
		default:
			return "", l, false
		}
	}
	return inner, l, true
}
