package wecomsim

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"regexp"
	"sync"
)

const mediaGroup = "文件"

// mediaKinds are the faults of files. The chance comes with the request for the
// first part of a file; the other parts of this fetch follow it.
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
type mediaDamage struct{ expired, wrong, short, corrupt, empty, noRange bool }

func (s *Sim) mediaDamage(fileID string, first bool) mediaDamage {
	if s.faults.none() {
		return mediaDamage{}
	}
	strikes := func(kind string) bool { return s.faults.strikeFile(kind, fileID, first) }
	return mediaDamage{
		expired: strikes("media.expired") || s.mediaGone(fileID),
		wrong:   strikes("media.wrong_md5"), short: strikes("media.short"),
		corrupt: strikes("media.corrupt"), empty: strikes("media.empty"), noRange: strikes("media.no_range"),
	}
}

// change damages the file before it is encrypted.
func (d mediaDamage) change(f mediaFile) mediaFile {
	if d.short {
		f.Data = f.Data[:len(f.Data)/2]
	}
	if d.wrong {
		f.Data = bytes.Clone(f.Data)
		for i := range f.Data {
			f.Data[i] ^= 0xff
		}
	}
	return f
}

// seal encrypts the file and damages the ciphertext.
func (d mediaDamage) seal(f mediaFile) ([]byte, error) {
	sealed, err := sealMedia(d.change(f))
	if d.corrupt && err == nil {
		f.Data = make([]byte, len(sealed)) // ends with a 0, which is no padding
		sealed, err = sealMedia(f)
		sealed = sealed[:len(f.Data)]
	}
	return sealed, err
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
