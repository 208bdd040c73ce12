package corpus

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// attachment is a file as a message announces it.
type attachment struct {
	md5           string
	size          int
	sdk           string // sdkfileid
	width, height int    // pixels; 0 = it has none
	seconds       int    // length; 0 = it has none
}

// appendFile writes md5sum, the size under its name, and sdkfileid.
func (m attachment) appendFile(b []byte, sizeName string) []byte {
	b = appendField(b, "md5sum", m.md5)
	b = appendNumber(b, sizeName, int64(m.size))
	return appendField(append(b, ','), "sdkfileid", m.sdk)
}

// appendVoice writes the payload of a voice.
func (m attachment) appendVoice(b []byte) []byte {
	b = appendField(append(b, '{'), "md5sum", m.md5)
	b = appendNumber(b, "voice_size", int64(m.size))
	b = appendNumber(b, "play_length", int64(m.seconds))
	return append(appendField(append(b, ','), "sdkfileid", m.sdk), '}')
}

// appendVideo writes the payload of a video.
func (m attachment) appendVideo(b []byte) []byte {
	b = appendField(append(b, '{'), "md5sum", m.md5)
	b = appendNumber(b, "filesize", int64(m.size))
	b = appendNumber(b, "play_length", int64(m.seconds))
	return append(appendField(append(b, ','), "sdkfileid", m.sdk), '}')
}

// appendEmotion writes the payload of a sticker; kind is 1 for gif, 2 for png.
func (m attachment) appendEmotion(b []byte, kind int) []byte {
	b = fmt.Appendf(b, `{"type":%d,"width":%d,"height":%d`, kind, m.width, m.height)
	b = appendNumber(b, "imagesize", int64(m.size))
	b = appendField(append(b, ','), "md5sum", m.md5)
	return append(appendField(append(b, ','), "sdkfileid", m.sdk), '}')
}

// appendDocument writes the payload of a file.
func (m attachment) appendDocument(b []byte, name string) []byte {
	b = appendField(append(b, '{'), "md5sum", m.md5)
	b = appendField(append(b, ','), "filename", name)
	b = appendField(append(b, ','), "fileext", name[strings.LastIndexByte(name, '.')+1:])
	b = appendNumber(b, "filesize", int64(m.size))
	return append(appendField(append(b, ','), "sdkfileid", m.sdk), '}')
}

// variants is how many different files there are of each kind before each is
// stamped.
var variants = map[string]int{"img": 36, "amr": 3, "gif": 6, "png": 6, "rec": 2}

// media announces a new sending of one of the files of a kind.
func (s *scene) media(format, subject string) attachment {
	variant, salt := s.drawFile(format)
	return announce(fileID(format, subject, variant, salt))
}

// forwarded is media for what is passed on: half of it has the content of
// something else, under an sdkfileid of its own.
func (s *scene) forwarded(format, subject string) attachment {
	variant, salt := s.drawFile(format)
	if salt>>40&1 == 0 {
		salt -= salt % sharedOneIn
	}
	return announce(fileID(format, subject, variant, salt))
}

// drawFile chooses a variant and what makes this sending differ from all others.
func (s *scene) drawFile(format string) (variant int, salt uint64) {
	n := variants[format]
	if n == 0 {
		n = 24
	}
	return s.rng.intn(n), s.rng.next()
}

// announce describes a file of ours.
func announce(fileid string) attachment {
	key, mark, ok := splitFileID(fileid)
	if !ok {
		panic("corpus: no such file " + fileid) // its parts stand in the program
	}
	f := kindOf(key)
	sum, size, err := f.stamp.MD5(mark)
	if err != nil {
		panic(err) // an MD5 in memory can be continued
	}
	authkey, aeskey := MediaKeys(fileid)
	return attachment{
		md5: sum, size: size, sdk: SDKFileID(fileid, authkey, aeskey),
		width: f.width, height: f.height, seconds: f.seconds,
	}
}

// SDKFileID packs a file's id and keys the way the Finance SDK expects it:
// base64 of a protobuf message of three strings (finance-sdk-wire.md 3).
func SDKFileID(fileid, authkey, aeskey string) string {
	var b []byte
	for i, s := range []string{fileid, authkey, aeskey} {
		b = append(b, byte(i+1)<<3|2)
		for n := len(s); ; n >>= 7 {
			if n < 0x80 {
				b = append(b, byte(n))
				break
			}
			b = append(b, byte(n)|0x80)
		}
		b = append(b, s...)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// MediaKeys gives the keys that belong to a fileid: what a client must show,
// and the hex of the 16 bytes with which the content is encrypted.
func MediaKeys(fileid string) (authkey, aeskey string) {
	sum := sha256.Sum256([]byte("corpus media key " + fileid))
	return "v1_" + hex.EncodeToString(sum[16:28]), hex.EncodeToString(sum[:16])
}

// Media gives the bytes of a file that a message announced; false when the
// fileid is none of the corpus's.
func (c *Corpus) Media(fileid string) ([]byte, bool) {
	key, mark, ok := splitFileID(fileid)
	if !ok {
		return nil, false
	}
	return kindOf(key).stamp.Apply(bases.get(key), mark), true
}
