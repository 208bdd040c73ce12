package wecomsim

import (
	"context"
	"crypto/aes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"sync"
	"time"
)

const (
	mediaGroup    = "文件"
	kindMediaSlow = "media.slow"
	kindMediaCut  = "media.cut"
)

// mediaKinds are the faults of files. The chance of a file comes with the request
// for its first part; the other parts of this fetch follow it.
var mediaKinds = []faultKind{
	{
		Kind: "media.expired", Group: mediaGroup, Chance: byFile,
		About:  "文件已过期（errcode 301048，SDK 返回 10010）",
		Effect: "the file is gone: errcode 301048, the SDK returns 10010",
	},
	{
		Kind: "media.wrong_md5", Group: mediaGroup, Chance: byFile,
		About:  "文件内容被改过，大小不变，md5 不符",
		Effect: "another content of the same size, so the md5 does not fit",
	},
	{
		Kind: "media.short", Group: mediaGroup, Chance: byFile,
		About:  "文件只有一半",
		Effect: "only the first half of the file, as if it were whole",
	},
	{
		Kind: "media.corrupt", Group: mediaGroup, Chance: byFile,
		About:  "文件密文损坏（SDK 返回 10006）",
		Effect: "ciphertext that cannot be opened: the SDK returns 10006",
	},
	{
		Kind: "media.empty", Group: mediaGroup, Chance: byFile,
		About:  "应答里没有内容（SDK 返回 10003）",
		Effect: "no content in the answer: the SDK returns 10003",
	},
	{
		Kind: "media.no_range", Group: mediaGroup, Chance: byFile,
		About:  "应答缺少 CONTENT-RANGE，SDK 以为已经取完",
		Effect: "no CONTENT-RANGE: the SDK takes the first part for the last",
	},
	{
		Kind: kindMediaSlow, Group: mediaGroup, Chance: byPart,
		About:  "过一段时间才给出这一段",
		Effect: "waits before it gives this part",
		Params: []faultParam{{Name: paramDelay, Least: 1, Most: mostDelay, Usual: 1000, About: "毫秒"}},
	},
	{
		Kind: kindMediaCut, Group: mediaGroup, Chance: byPart,
		About:  "这一段的内容发出 N 字节后断开；0 为一半",
		Effect: "headers with the right Content-Length, then the connection ends after N bytes of this part's body; 0 = half",
		Params: []faultParam{{Name: paramBytes, Least: 0, Most: mostBytes, About: "字节"}},
	},
}

// strikeFile is strike for a file: the first part decides for all.
func (s *faultSet) strikeFile(kind, fileID string, first bool) bool {
	if first {
		h, ok := s.strike(kind, "")
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, a := range s.active {
			if a.Kind == kind {
				a.files[fileID] = ok && h.owner == a
			}
		}
		return ok
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.active {
		if a.Kind == kind && a.files[fileID] {
			return true
		}
	}
	return false
}

// mediaDamage is what happens to one part of a file.
type mediaDamage struct {
	expired, wrong, short, corrupt, empty, noRange bool

	delay time.Duration // before the answer
	cut   *int          // bytes of the answer's body that are sent; 0 = half of it
}

func (s *Sim) mediaDamage(fileID string, first bool) mediaDamage {
	if s.faults.none() {
		return mediaDamage{}
	}
	strikes := func(kind string) bool { return s.faults.strikeFile(kind, fileID, first) }
	d := mediaDamage{
		expired: strikes("media.expired") || s.mediaGone(fileID),
		wrong:   strikes("media.wrong_md5"), short: strikes("media.short"),
		corrupt: strikes("media.corrupt"), empty: strikes("media.empty"), noRange: strikes("media.no_range"),
	}
	if h, ok := s.faults.strike(kindMediaSlow, ""); ok {
		d.delay = time.Duration(h.DelayMS) * time.Millisecond
	}
	if h, ok := s.faults.strike(kindMediaCut, ""); ok {
		d.cut = &h.Bytes
	}
	return d
}

// size is that of the damaged content.
func (d mediaDamage) size(f mediaFile) int64 {
	if d.short {
		return f.size() / 2
	}
	return f.size()
}

// sealedSize is the size of what is served.
func (d mediaDamage) sealedSize(f mediaFile) int64 { return sealedSize(d.size(f)) }

// read gives the content, damaged.
func (d mediaDamage) read(f mediaFile) func(p []byte, from int64) {
	return func(p []byte, from int64) {
		f.read(p, from)
		for i := range p {
			if d.wrong {
				p[i] ^= 0xff
			}
		}
	}
}

// seal gives a part of the encrypted file, damaged.
func (d mediaDamage) seal(f mediaFile, from, to int64) ([]byte, error) {
	if d.corrupt { // zeros throughout: the last is no padding
		whole := (to/aes.BlockSize + 1) * aes.BlockSize
		return sealPart(f.AESKey[:], whole, from, to, func([]byte, int64) {})
	}
	return sealPart(f.AESKey[:], d.size(f), from, to, d.read(f))
}

// cutPart begins an answer and closes the connection in the middle of it.
func (s *Sim) cutPart(ctx context.Context, w http.ResponseWriter, a answer, n int) {
	kept := &keptAnswer{header: w.Header().Clone(), status: http.StatusOK}
	writeJSON(partial{kept}, http.StatusOK, a)
	kept.shorten(answerDamage{bytes: everything})
	if n == 0 {
		n = len(kept.body) / 2
	}
	conn := takeConn(w)
	defer endConn(conn)
	s.writeSlowly(ctx, conn, append(kept.head(), kept.body[:min(n, len(kept.body)-1)]...), 0)
}

// mediaTimes knows when the files of the stream were sent. It is filled only
// when the window is closed.
type mediaTimes struct {
	mu    sync.Mutex
	next  uint64 // first seq that has not been looked at
	times map[string]int64
}

// mediaGone tells whether the window has closed upon the message with a file.
func (s *Sim) mediaGone(fileID string) bool {
	oldest := s.oldestTime()
	if oldest == math.MinInt64 {
		return false
	}
	s.media.mu.Lock()
	defer s.media.mu.Unlock()
	for {
		page, err := s.stream.from(s.media.next, pageMost)
		if err != nil || len(page) == 0 {
			break
		}
		for _, m := range page {
			s.media.learn(m.Body)
		}
		s.media.next = page[len(page)-1].Seq + 1
	}
	sent, known := s.media.times[fileID]
	return known && sent < oldest
}

var sdkFileIDs = regexp.MustCompile(`"sdkfileid"\s*:\s*("[^"]*")`)

// learn notes the files of one message.
func (m *mediaTimes) learn(body []byte) {
	found := sdkFileIDs.FindAllSubmatch(body, -1)
	if len(found) == 0 {
		return
	}
	h, ok := readHeader(body)
	if !ok {
		return
	}
	for _, f := range found {
		var text string
		if json.Unmarshal(f[1], &text) != nil {
			continue
		}
		if id := fileOfSDK(text); id != "" {
			m.times[id] = max(m.times[id], h.MsgTime)
		}
	}
}

// fileOfSDK takes the file's id out of a sdkfileid; "" = it holds none.
func fileOfSDK(sdkFileID string) string {
	b, err := base64.StdEncoding.DecodeString(sdkFileID)
	if err != nil || len(b) == 0 || b[0] != 1<<3|2 {
		return ""
	}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 || n > uint64(len(b)-1-size) {
		return ""
	}
	return string(b[1+size : 1+size+int(n)])
}
