package wecomsim

import (
	"bytes"
	"crypto/aes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"huicun/internal/wecomsim/corpus"
)

// mediaFile is a file that messages refer to.
type mediaFile struct {
	FileID  string
	AuthKey string // "" = not checked
	AESKey  [aes.BlockSize]byte
	Data    []byte
	Big     *bigFile // instead of Data
}

// size is that of the content in bytes.
func (f mediaFile) size() int64 {
	if f.Big != nil {
		return f.Big.size
	}
	return int64(len(f.Data))
}

// read fills p with the content from a byte on. The caller keeps to the size.
func (f mediaFile) read(p []byte, from int64) {
	if f.Big != nil {
		f.Big.read(p, from)
		return
	}
	copy(p, f.Data[from:])
}

// sdkFileID is what a message says to have the file: base64 of a protobuf.
func (f mediaFile) sdkFileID() string {
	return corpus.SDKFileID(f.FileID, f.AuthKey, hex.EncodeToString(f.AESKey[:]))
}

func (f mediaFile) md5sum() string {
	sum := md5.Sum(f.Data) // WeCom's choice, no security in it
	return hex.EncodeToString(sum[:])
}

// ownPrefix marks the files that the control page sends.
const ownPrefix = "SIMCTL-"

// controlImage is a picture that is made from its number alone, so it need not
// be kept.
func controlImage(n uint64) (mediaFile, error) {
	f := mediaFile{FileID: ownPrefix + strconv.FormatUint(n, 10)}
	sum := sha256.Sum256([]byte(f.FileID))
	f.AuthKey = hex.EncodeToString(sum[16:])
	copy(f.AESKey[:], sum[:])
	const w, h = 480, 360
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{
				R: sum[0]/2 + uint8(x*120/w), G: sum[1]/2 + uint8(y*120/h), B: sum[2]/2 + uint8((x/60+y/60)%2*40), A: 255,
			})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		return mediaFile{}, fmt.Errorf("wecomsim: make image: %w", err)
	}
	f.Data = b.Bytes()
	return f, nil
}

// findMedia gives the file with an id.
func (s *Sim) findMedia(fileID string) (mediaFile, bool) {
	if tail, own := strings.CutPrefix(fileID, ownPrefix); own {
		n, err := strconv.ParseUint(tail, 10, 64)
		if err != nil {
			return mediaFile{}, false
		}
		f, err := controlImage(n)
		return f, err == nil
	}
	if f, ok := findBig(fileID); ok {
		return f, true
	}
	if f, ok := s.uploads.find(s.dir, fileID); ok {
		return f, true
	}
	return s.company.media(fileID)
}

var mediaRange = regexp.MustCompile(`^bytes=(\d{1,15})-(\d{1,15})$`)

// handleMediaData answers the Finance SDK's GetMediaData: a part of the encrypted
// file. The name and the unit of the range are in capitals because the library
// compares bytes.
func (s *Sim) handleMediaData(w http.ResponseWriter, c *call) {
	var q struct {
		FileID  string `json:"fileid"`
		AuthKey string `json:"authkey"`
	}
	if err := c.decode(&q); err != nil {
		writeAnswer(w, nil, err)
		return
	}
	f, ok := s.findMedia(q.FileID)
	if !ok || (f.AuthKey != "" && f.AuthKey != q.AuthKey) {
		writeAnswer(w, nil, errorOf(301048))
		return
	}
	damage := s.mediaDamage(q.FileID, isFirstPart(c.r.Header.Get("Range")))
	if damage.delay > 0 && !s.pause(c.r.Context(), damage.delay) {
		endConn(takeConn(w))
		return
	}
	if damage.expired {
		writeAnswer(w, nil, errorOf(301048))
		return
	}
	from, to, ok := parseRange(c.r.Header.Get("Range"), damage.sealedSize(f))
	if !ok {
		writeAnswer(w, nil, badParam("Range"))
		return
	}
	sealed, err := damage.seal(f, from, to)
	if err != nil {
		s.cfg.Log.ErrorContext(c.r.Context(), "encrypt media", "err", err)
		writeAnswer(w, nil, errBusy)
		return
	}
	if !damage.noRange {
		w.Header()["CONTENT-RANGE"] = []string{fmt.Sprintf("BYTES %d-%d/%d", from, to, damage.sealedSize(f))}
	}
	content := base64.StdEncoding.EncodeToString(sealed)
	if damage.empty {
		content = ""
	}
	a := answer{"errcode": 0, "errmsg": "ok", "content": content}
	if damage.cut != nil {
		s.cutPart(c.r.Context(), w, a, *damage.cut)
		return
	}
	writeJSON(partial{w}, http.StatusOK, a)
}

// isFirstPart tells whether a range begins with the file.
func isFirstPart(header string) bool { return header == "" || strings.HasPrefix(header, "bytes=0-") }

// partial turns status 200 into 206.
type partial struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (p partial) WriteHeader(int) { p.ResponseWriter.WriteHeader(http.StatusPartialContent) }

// mostPart bounds the bytes of one answer, for callers that name no end. The
// library asks for 512 KiB.
const mostPart = 16 << 20

// parseRange reads "bytes=A-B", both included, cut at the end of size bytes. No
// range at all means everything. No more than mostPart bytes are given at once.
func parseRange(header string, size int64) (from, to int64, ok bool) {
	if header == "" {
		return 0, min(size, mostPart) - 1, true
	}
	m := mediaRange.FindStringSubmatch(header)
	if m == nil {
		return 0, 0, false
	}
	from, err1 := strconv.ParseInt(m[1], 10, 64)
	to, err2 := strconv.ParseInt(m[2], 10, 64)
	if err1 != nil || err2 != nil || from > to || from >= size {
		return 0, 0, false
	}
	return from, min(to, size-1, from+mostPart-1), true
}

// sealedSize is the size of a file as it is served: padded to whole blocks, by one
// byte at least.
func sealedSize(size int64) int64 { return size + aes.BlockSize - size%aes.BlockSize }

// sealPart gives the bytes from..to, both included, of the encrypted file:
// AES-128-ECB, as the library expects it. It encrypts the blocks of the part
// only. read fills its argument with the content of size bytes.
func sealPart(key []byte, size, from, to int64, read func(p []byte, from int64)) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: encrypt media: %w", err)
	}
	first, end := from/aes.BlockSize*aes.BlockSize, (to/aes.BlockSize+1)*aes.BlockSize
	b := make([]byte, end-first)
	read(b[:min(end, size)-first], first)
	if end > size {
		pad := sealedSize(size) - size
		copy(b[size-first:], bytes.Repeat([]byte{byte(pad)}, int(pad)))
	}
	for i := 0; i < len(b); i += aes.BlockSize {
		block.Encrypt(b[i:], b[i:])
	}
	return b[from-first : to-first+1], nil
}
