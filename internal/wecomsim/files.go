package wecomsim

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"huicun/internal/fault"
	"huicun/internal/wecomsim/corpus"
)

const (
	maxUpload    = 64 << 20 // bytes of one posted file
	uploadFolder = "files"  // below the data directory
)

// uploadName is the id of a posted file; it is its name in the folder as well.
var uploadName = regexp.MustCompile(`^SIMUP-[0-9a-f]{32}$`)

// uploads are the files that were posted, whatever their bytes. They outlive the
// program as the messages do.
type uploads struct {
	mu   sync.Mutex
	last mediaFile // read last: it is asked for part by part
}

// keep writes a file and gives it an id.
func (u *uploads) keep(dir string, data []byte) (mediaFile, error) {
	var n [16]byte
	_, _ = rand.Read(n[:]) // never fails
	f, err := uploadOf("SIMUP-"+hex.EncodeToString(n[:]), data)
	if err != nil {
		return mediaFile{}, err
	}
	folder := filepath.Join(dir, uploadFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return mediaFile{}, err
	}
	return f, writeFile(filepath.Join(folder, f.FileID), data, 0o600)
}

// find gives the file with an id.
func (u *uploads) find(dir, fileID string) (mediaFile, bool) {
	if !uploadName.MatchString(fileID) {
		return mediaFile{}, false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last.FileID == fileID {
		return u.last, true
	}
	data, err := os.ReadFile(filepath.Join(dir, uploadFolder, fileID))
	if err != nil {
		return mediaFile{}, false
	}
	f, err := uploadOf(fileID, data)
	if err != nil {
		return mediaFile{}, false
	}
	u.last = f
	return f, true
}

func uploadOf(fileID string, data []byte) (mediaFile, error) {
	f := mediaFile{FileID: fileID, Data: data}
	var key string
	f.AuthKey, key = corpus.MediaKeys(fileID)
	if _, err := hex.Decode(f.AESKey[:], []byte(key)); err != nil {
		return mediaFile{}, fmt.Errorf("wecomsim: key of a file: %w", err)
	}
	return f, nil
}

// uploadAnswer tells what was sent.
type uploadAnswer struct {
	sentMessage
	SDKFileID string `json:"sdkfileid"`
	SHA256    string `json:"sha256"` // hex
}

// postFile sends the body as a file. The query says from, to or roomid, kind
// (file, image, voice, video or emotion), and what the message is to claim: name
// of a file, md5 (default: the right one), size in bytes (default: the right
// one), seconds of a voice or video.
func (s *Sim) postFile(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		s.writeFault(w, r, fault.Invalid("", "requests of other sites are refused"))
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		s.writeFault(w, r, fault.Invalid("", "the body cannot be read or is larger than %d bytes", maxUpload))
		return
	}
	out, err := s.sendFile(r.URL.Query(), data)
	if err != nil {
		s.writeFault(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Sim) sendFile(q url.Values, data []byte) (uploadAnswer, error) {
	o := outgoing{From: q.Get("from"), To: q.Get("to"), RoomID: q.Get("roomid"), MsgType: q.Get("kind")}
	if o.MsgType == "" {
		o.MsgType = "file"
	}
	if _, err := s.address(&o); err != nil {
		return uploadAnswer{}, err
	}
	claims, err := uploadClaims(o.MsgType, q, data)
	if err != nil {
		return uploadAnswer{}, err
	}
	f, err := s.uploads.keep(s.dir, data)
	if err != nil {
		return uploadAnswer{}, fmt.Errorf("wecomsim: keep a file: %w", err)
	}
	claims["sdkfileid"] = f.sdkFileID()
	if o.Payload, err = json.Marshal(claims); err != nil {
		return uploadAnswer{}, err
	}
	m, err := s.send(o)
	if err != nil {
		return uploadAnswer{}, err
	}
	sum := sha256.Sum256(data)
	return uploadAnswer{sentMessage{m.Seq, m.MsgID, m.KeyVersion}, f.sdkFileID(), hex.EncodeToString(sum[:])}, nil
}

// uploadClaims is the payload of a file without its sdkfileid.
func uploadClaims(kind string, q url.Values, data []byte) (map[string]any, error) {
	sum := md5.Sum(data) // WeCom's choice, no security in it
	claims := map[string]any{"md5sum": hex.EncodeToString(sum[:])}
	if q.Has("md5") {
		claims["md5sum"] = q.Get("md5")
	}
	size, err1 := claimed(q, "size", int64(len(data)))
	seconds, err2 := claimed(q, "seconds", 1)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	switch kind {
	case "file":
		name := q.Get("name")
		if name == "" {
			return nil, fault.Invalid("name", "missing")
		}
		claims["filename"], claims["filesize"] = name, size
		claims["fileext"] = name[strings.LastIndexByte(name, '.')+1:]
	case "image":
		claims["filesize"] = size
	case "voice":
		claims["voice_size"], claims["play_length"] = size, seconds
	case "video":
		claims["filesize"], claims["play_length"] = size, seconds
	case "emotion":
		claims["imagesize"], claims["type"], claims["width"], claims["height"] = size, 1, 0, 0
	default:
		return nil, fault.Invalid("kind", "must be file, image, voice, video or emotion")
	}
	return claims, nil
}

func claimed(q url.Values, name string, usual int64) (int64, error) {
	if !q.Has(name) {
		return usual, nil
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0, fault.Invalid(name, "must be a number, 0 or more")
	}
	return n, nil
}

// getFile gives the bytes of any file that the simulator serves: what a test
// compares a download with.
func (s *Sim) getFile(w http.ResponseWriter, r *http.Request) {
	f, ok := s.findMedia(fileOfSDK(r.URL.Query().Get("sdkfileid")))
	if !ok {
		s.writeFault(w, r, fault.NotFound("file"))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", "attachment")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.FormatInt(f.size(), 10))
	part := make([]byte, min(f.size(), mostPart))
	for at := int64(0); at < f.size(); at += int64(len(part)) {
		part = part[:min(f.size()-at, int64(len(part)))]
		f.read(part, at)
		if _, err := w.Write(part); err != nil {
			return // whoever asked has left
		}
	}
}
