package finance

import (
	"context"
	"crypto/aes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

const (
	partBytes = 512 << 10 // of one part of a file
	maxPart   = 64 << 20  // that a caller's own range may ask for
)

// GetMediaData implements Client.
func (c *pureClient) GetMediaData(ctx context.Context, indexBuf, sdkFileID string) (MediaPart, error) {
	ctx, end, err := c.life.begin(ctx)
	if err != nil {
		return MediaPart{}, err
	}
	defer end()
	id, err := parseFileID(sdkFileID)
	if err != nil {
		return MediaPart{}, err
	}
	want, err := parseIndexBuf(indexBuf)
	if err != nil {
		return MediaPart{}, err
	}
	var header http.Header
	answer, err := c.withToken(ctx, func(token string) ([]byte, error) {
		body := map[string]any{"fileid": id.fileID, "authkey": id.authKey, "version": 1}
		answer, h, err := c.post(ctx, opGetMediaData, "getchatmediadata", token, body, want.header())
		header = h
		return answer, err
	})
	if err != nil {
		return MediaPart{}, err
	}
	return openPart(id, want, header, answer)
}

func mediaError(code int, reason string) error {
	e := codeError(opGetMediaData, code)
	e.Reason = reason
	return e
}

// mediaAnswerError is the error of an errcode. One that is not known is about
// this file, not about the configuration.
func mediaAnswerError(code int, reason string) error {
	e := codeError(opGetMediaData, code)
	e.Reason = reason
	if _, ok := codes[code]; !ok {
		e.Class = ClassRetry
	}
	return e
}

// mediaID is what an sdkfileid holds.
type mediaID struct {
	fileID, authKey string
	aesKey          []byte // 16 bytes
}

// parseFileID reads base64 of protobuf {1: fileid, 2: authkey, 3: aeskey in hex}.
func parseFileID(s string) (mediaID, error) {
	bad := mediaError(10005, "sdkfileid")
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return mediaID{}, bad
	}
	var texts [4]string
	for r := (fieldReader{rest: b}); len(r.rest) > 0; {
		tag := r.number()
		text := r.text()
		if r.bad || tag&7 != 2 || tag>>3 < 1 || tag>>3 > 3 {
			return mediaID{}, bad
		}
		texts[tag>>3] = text
	}
	key, err := hex.DecodeString(texts[3])
	if err != nil || len(key) < aes.BlockSize || texts[1] == "" {
		return mediaID{}, bad
	}
	return mediaID{fileID: texts[1], authKey: texts[2], aesKey: key[:aes.BlockSize]}, nil
}

// span is a range of bytes of the encrypted file, both ends included.
type span struct{ from, to int64 }

// header is the value of the Range header.
func (s span) header() string { return fmt.Sprintf("bytes=%d-%d", s.from, s.to) }

func (s span) len() int64 { return s.to - s.from + 1 }

// parseIndexBuf reads "Range:bytes=A-B"; "" means the first part.
func parseIndexBuf(indexBuf string) (span, error) {
	if indexBuf == "" {
		return span{0, partBytes - 1}, nil
	}
	var s span
	n, err := fmt.Sscanf(indexBuf, "Range:bytes=%d-%d", &s.from, &s.to)
	if err != nil || n != 2 || "Range:"+s.header() != indexBuf || s.from < 0 || s.len() <= 0 || s.len()%aes.BlockSize != 0 || s.len() > maxPart {
		return span{}, mediaError(10000, "malformed index buffer")
	}
	return s, nil
}

// openPart decrypts an answer and works out where the next part begins.
func openPart(id mediaID, want span, header http.Header, answer []byte) (MediaPart, error) {
	var v struct {
		ErrCode int    `json:"errcode"`
		ErrMsg  string `json:"errmsg"`
		Content string `json:"content"`
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		return MediaPart{}, mediaError(10002, jsonReason(answer, err))
	}
	if v.ErrCode != 0 {
		return MediaPart{}, mediaAnswerError(v.ErrCode, cleanLine(v.ErrMsg))
	}
	if v.Content == "" {
		return MediaPart{}, mediaError(10003, "the answer has no content")
	}
	data, err := base64.StdEncoding.DecodeString(v.Content)
	if err != nil || len(data)%aes.BlockSize != 0 {
		return MediaPart{}, mediaError(10006, "the content is not whole blocks")
	}
	decryptBlocks(id.aesKey, data)
	next, err := nextSpan(want, header.Get("Content-Range"), int64(len(data)))
	if err != nil {
		return MediaPart{}, err
	}
	if next != nil {
		return MediaPart{Data: data, OutIndexBuf: "Range:" + next.header()}, nil
	}
	data, ok := unpad(data)
	if !ok {
		return MediaPart{}, mediaError(10006, "the end of the file does not decrypt")
	}
	return MediaPart{Data: data, Finished: true}, nil
}

// nextSpan gives the part after the one that came, nil after the last one: 512 KiB
// however long that one was, as the SDK does it. An answer without a range is the
// whole file.
func nextSpan(want span, contentRange string, got int64) (*span, error) {
	if contentRange == "" {
		return nil, nil // no next part
	}
	var have span
	var total int64
	n, err := fmt.Sscanf(strings.ToLower(contentRange), "bytes %d-%d/%d", &have.from, &have.to, &total)
	if err != nil || n != 3 || have.from != want.from || have.len() != got || have.to > want.to || have.to >= total {
		return nil, mediaError(10002, "the answer has another range than was asked for")
	}
	if have.to+1 == total {
		return nil, nil // no next part
	}
	return &span{have.to + 1, min(have.to+partBytes, total-1)}, nil
}

// decryptBlocks is AES-128 in ECB mode, in place, as WeCom encrypts files.
func decryptBlocks(key, data []byte) {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a key length that parseFileID refuses
	}
	for ; len(data) > 0; data = data[aes.BlockSize:] {
		block.Decrypt(data[:aes.BlockSize], data[:aes.BlockSize])
	}
}

// unpad removes PKCS#7 padding.
func unpad(data []byte) ([]byte, bool) {
	if len(data) == 0 {
		return nil, false
	}
	n := int(data[len(data)-1])
	if n < 1 || n > aes.BlockSize || n > len(data) {
		return nil, false
	}
	for _, c := range data[len(data)-n:] {
		if int(c) != n {
			return nil, false
		}
	}
	return data[:len(data)-n], true
}
