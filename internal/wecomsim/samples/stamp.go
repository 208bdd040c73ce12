package samples

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"strings"
)

// Stamp makes files out of one: the same for whoever opens them, but each with
// bytes of its own. What differs stands at the end, so that the MD5 of a file
// costs next to nothing. It is safe for concurrent use.
type Stamp struct {
	head  int // bytes that all have in common
	sum   hash.Cloner
	write func(mark uint64) []byte
}

// NewStamp prepares a file for stamping. base is not kept.
func NewStamp(base []byte) (*Stamp, error) {
	s := place(base)
	head := s.common(base)
	h := md5.New() // WeCom's choice, no security in it
	h.Write(head)
	cloner, ok := h.(hash.Cloner)
	if !ok {
		return nil, fmt.Errorf("samples: MD5 cannot be cloned")
	}
	s.sum = cloner
	return s, nil
}

// MD5 gives the hex of the MD5 and the size in bytes of the file with a mark.
func (s *Stamp) MD5(mark uint64) (sum string, size int, err error) {
	h, err := s.sum.Clone()
	if err != nil {
		return "", 0, fmt.Errorf("samples: continue an MD5: %w", err)
	}
	tail := s.write(mark)
	h.Write(tail)
	return hex.EncodeToString(h.Sum(nil)), s.head + len(tail), nil
}

// Apply makes the file with a mark from the base that the stamp was made of.
func (s *Stamp) Apply(base []byte, mark uint64) []byte {
	return append(s.common(base), s.write(mark)...)
}

// markText is the mark in a form that stands in every format, of a length that
// depends on it too.
func markText(mark uint64) string {
	return fmt.Sprintf("%016x", mark) + strings.Repeat(".", int(mark%61))
}

// riffSize is the size of a WebP's text chunk: one for all, as it stands at the
// beginning of the file.
const riffSize = 16 + 60

// common gives a copy of what all files made of base begin with.
func (s *Stamp) common(base []byte) []byte {
	head := append(make([]byte, 0, s.head+256), base[:s.head]...)
	if isWebP(base) {
		binary.LittleEndian.PutUint32(head[4:], uint32(len(base)-8+8+riffSize))
	}
	return head
}

func isWebP(b []byte) bool {
	return len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
}

// place decides where a text can stand in a file of this format.
func place(base []byte) *Stamp {
	n := len(base)
	at := func(head int, write func(text string) []byte) *Stamp {
		return &Stamp{head: head, write: func(mark uint64) []byte { return write(markText(mark)) }}
	}
	whole := func(write func(string) []byte) *Stamp { return at(n, write) }
	switch {
	case bytes.HasPrefix(base, []byte("\xff\xd8\xff")): // a comment segment before the end marker
		return at(n-2, func(t string) []byte {
			b := binary.BigEndian.AppendUint16([]byte{0xff, 0xfe}, uint16(len(t)+2))
			return append(append(b, t...), 0xff, 0xd9)
		})
	case bytes.HasPrefix(base, []byte("\x89PNG\r\n\x1a\n")): // a tEXt chunk before IEND
		end := string(base[n-12:])
		return at(n-12, func(t string) []byte {
			body := "tEXtComment\x00" + t
			b := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
			b = binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE([]byte(body)))
			return append(b, end...)
		})
	case bytes.HasPrefix(base, []byte("GIF8")): // a comment extension before the trailer
		return at(n-1, func(t string) []byte {
			return append(append([]byte{0x21, 0xfe, byte(len(t))}, t...), 0, 0x3b)
		})
	case isWebP(base): // a chunk that nobody knows
		return whole(func(t string) []byte {
			b := binary.LittleEndian.AppendUint32([]byte("note"), riffSize)
			return append(append(b, t...), strings.Repeat(".", riffSize-len(t))...)
		})
	case n > 12 && string(base[4:8]) == "ftyp": // MP4: a free box
		return whole(func(t string) []byte {
			return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(t)+8)), "free"...), t...)
		})
	case bytes.HasPrefix(base, []byte("PK\x03\x04")): // ZIP: the comment, whose length comes last
		return at(n-2, func(t string) []byte {
			return append(binary.LittleEndian.AppendUint16(nil, uint16(len(t))), t...)
		})
	case bytes.HasPrefix(base, []byte("%PDF")): // a comment behind the end
		return whole(func(t string) []byte { return []byte("%" + t + "\n") })
	case bytes.HasPrefix(base, []byte(headNB)), bytes.HasPrefix(base, []byte(headWB)):
		return placeSpeech(base)
	case bytes.HasPrefix(base, []byte("ID3")), n > 1 && base[0] == 0xff && base[1]&0xe0 == 0xe0: // MP3: ID3v1, 128 bytes
		return whole(func(t string) []byte { return append([]byte("TAG"), (t + strings.Repeat("\x00", 125))[:125]...) })
	default: // text, and formats that nobody opens
		return whole(func(t string) []byte { return []byte("No. " + t + "\r\n") })
	}
}
