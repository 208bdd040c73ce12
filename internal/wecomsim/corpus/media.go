package corpus

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// attachment is a file as a message announces it.
type attachment struct {
	md5  string
	size int
	sdk  string // sdkfileid
}

// appendFile writes md5sum, the size under its name, and sdkfileid.
func (m attachment) appendFile(b []byte, sizeName string) []byte {
	b = appendField(b, "md5sum", m.md5)
	b = appendNumber(b, sizeName, int64(m.size))
	return appendField(append(b, ','), "sdkfileid", m.sdk)
}

// variants is how many different files there are of each kind. People do send
// the same catalogue picture many times; every sending has its own fileid.
var variants = map[string]int{"img": 36, "amr": 3, "gif": 6, "png": 6}

// media announces a new sending of one of the files of a kind.
func (s *scene) media(format, subject string) attachment {
	n := variants[format]
	if n == 0 {
		n = 24
	}
	fileid := fmt.Sprintf("xh-%s-%s-%d-%016x", format, subject, s.rng.intn(n), s.rng.next())
	f := fileOf(fileid)
	authkey, aeskey := MediaKeys(fileid)
	return attachment{md5: f.md5, size: len(f.data), sdk: SDKFileID(fileid, authkey, aeskey)}
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
	f := fileOf(fileid)
	if f == nil {
		return nil, false
	}
	return bytes.Clone(f.data), true
}

// mediaFile is a made file.
type mediaFile struct {
	once sync.Once
	data []byte
	md5  string
}

// mediaFiles are the files made so far, by fileid without the last part.
var mediaFiles sync.Map // string -> *mediaFile

// fileOf finds or makes the file of a fileid; nil when the id is malformed.
func fileOf(fileid string) *mediaFile {
	end := strings.LastIndexByte(fileid, '-')
	if end < 0 {
		return nil
	}
	key := fileid[:end]
	if f, ok := mediaFiles.Load(key); ok {
		return f.(*mediaFile).ready(key)
	}
	if _, _, _, ok := splitKey(key); !ok {
		return nil
	}
	f, _ := mediaFiles.LoadOrStore(key, &mediaFile{})
	return f.(*mediaFile).ready(key)
}

// splitKey takes "xh-img-room-12" apart.
func splitKey(key string) (format, subject string, variant int, ok bool) {
	f := strings.Split(key, "-")
	if len(f) != 4 || f[0] != "xh" {
		return "", "", 0, false
	}
	variant, err := strconv.Atoi(f[3])
	if err != nil || variant < 0 || variant >= 64 || makers[f[1]] == nil || !knownSubject(f[1], f[2]) {
		return "", "", 0, false
	}
	return f[1], f[2], variant, true
}

// knownSubject keeps made-up ids from filling the memory.
func knownSubject(format, subject string) bool {
	switch format {
	case "amr":
		n, err := strconv.Atoi(subject)
		return err == nil && n > 0 && n < 60 && strconv.Itoa(n) == subject
	case "img":
		return painters[subject] != nil
	case "gif", "png":
		return subject == "" || faces[subject] != 0
	}
	return subject == "doc"
}

func (f *mediaFile) ready(key string) *mediaFile {
	f.once.Do(func() {
		format, subject, variant, _ := splitKey(key)
		f.data = makers[format](subject, variant)
		sum := md5.Sum(f.data)
		f.md5 = hex.EncodeToString(sum[:])
	})
	return f
}

// maker makes one variant of a file about a subject.
type maker func(subject string, variant int) []byte

var makers map[string]maker

func init() {
	makers = map[string]maker{
		"img": paintJPEG, "png": paintPNG, "gif": paintGIF, "amr": silence,
		"pdf": makePDF, "txt": makeText, "xlsx": makeSheet, "docx": makeDocument, "pptx": makeSlides, "dwg": makeDrawing, "zip": makeArchive,
	}
}

// silence is an AMR file of narrow-band silence, 50 frames a second.
func silence(subject string, variant int) []byte {
	seconds, _ := strconv.Atoi(subject)
	frame := []byte{
		0x3c, 0x91, 0x17, 0x16, 0xbe, 0x66, 0x79, 0xe1, 0xe0, 0x01, 0xe7, 0xaf, 0xf0, 0x00, 0x00, 0x00,
		0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	}
	return append([]byte("#!AMR\n"), bytes.Repeat(frame, seconds*50-variant*7)...)
}
