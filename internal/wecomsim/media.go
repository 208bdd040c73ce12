package wecomsim

import (
	"bytes"
	"crypto/aes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// mediaFile is a file that messages refer to.
type mediaFile struct {
	FileID  string
	AuthKey string // "" = not checked
	AESKey  [aes.BlockSize]byte
	Data    []byte
}

// sdkFileID is what a message says to have the file: base64 of a protobuf.
func (f mediaFile) sdkFileID() string {
	var b []byte
	for i, s := range []string{f.FileID, f.AuthKey, hex.EncodeToString(f.AESKey[:])} {
		b = append(b, byte(i+1)<<3|2)
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return base64.StdEncoding.EncodeToString(b)
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
	if damage.expired {
		writeAnswer(w, nil, errorOf(301048))
		return
	}
	sealed, err := damage.seal(f)
	if err != nil {
		s.cfg.Log.ErrorContext(c.r.Context(), "encrypt media", "err", err)
		writeAnswer(w, nil, errBusy)
		return
	}
	from, to, ok := parseRange(c.r.Header.Get("Range"), len(sealed))
	if !ok {
		writeAnswer(w, nil, badParam("Range"))
		return
	}
	if !damage.noRange {
		w.Header()["CONTENT-RANGE"] = []string{fmt.Sprintf("BYTES %d-%d/%d", from, to, len(sealed))}
	}
	content := base64.StdEncoding.EncodeToString(sealed[from : to+1])
	if damage.empty {
		content = ""
	}
	writeJSON(partial{w}, http.StatusOK, answer{"errcode": 0, "errmsg": "ok", "content": content})
}

// isFirstPart tells whether a range begins with the file.
func isFirstPart(header string) bool { return header == "" || strings.HasPrefix(header, "bytes=0-") }

// partial turns status 200 into 206.
type partial struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (p partial) WriteHeader(int) { p.ResponseWriter.WriteHeader(http.StatusPartialContent) }

// parseRange reads "bytes=A-B", both included, cut at the end of size bytes. No
// range at all means everything.
func parseRange(header string, size int) (from, to int, ok bool) {
	if header == "" {
		return 0, size - 1, true
	}
	m := mediaRange.FindStringSubmatch(header)
	if m == nil {
		return 0, 0, false
	}
	from, err1 := strconv.Atoi(m[1])
	to, err2 := strconv.Atoi(m[2])
	if err1 != nil || err2 != nil || from > to || from >= size {
		return 0, 0, false
	}
	return from, min(to, size-1), true
}

// sealMedia pads and encrypts a file: AES-128-ECB, as the library expects it.
func sealMedia(f mediaFile) ([]byte, error) {
	block, err := aes.NewCipher(f.AESKey[:])
	if err != nil {
		return nil, fmt.Errorf("wecomsim: encrypt media: %w", err)
	}
	pad := aes.BlockSize - len(f.Data)%aes.BlockSize
	b := append(bytes.Clone(f.Data), bytes.Repeat([]byte{byte(pad)}, pad)...)
	for i := 0; i < len(b); i += aes.BlockSize {
		block.Encrypt(b[i:], b[i:])
	}
	return b, nil
}
