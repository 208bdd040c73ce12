package wecomsim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// callbackBlock is what plaintexts of callbacks are padded to; AES's own blocks
// stay 16 bytes.
const callbackBlock = 32

// callbackKey decodes an EncodingAESKey. The last of its 43 characters may carry
// bits that do not count.
func callbackKey(text string) ([]byte, error) {
	const characters = 43
	key, err := base64.StdEncoding.DecodeString(text + "=")
	if len(text) != characters || err != nil {
		return nil, errors.New("EncodingAESKey must be 43 letters and digits")
	}
	return key, nil
}

// encryptCallback is what WeCom does to an event: random, length, message and
// receiveid, padded, AES-256-CBC, base64. random has 16 bytes.
func encryptCallback(key, random, msg []byte, receiveID string) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	b := append(bytes.Clone(random), binary.BigEndian.AppendUint32(nil, uint32(len(msg)))...)
	b = append(b, msg...)
	b = append(b, receiveID...)
	pad := callbackBlock - len(b)%callbackBlock
	b = append(b, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(b, b)
	return base64.StdEncoding.EncodeToString(b), nil
}

// callbackSignature is msg_signature.
func callbackSignature(token, timestamp, nonce, encrypted string) string {
	parts := []string{token, timestamp, nonce, encrypted}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) // WeCom's choice
	return hex.EncodeToString(sum[:])
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
