package samples

import "bytes"

// Beginnings of AMR files (RFC 4867, 5).
const (
	headNB = "#!AMR\n"
	headWB = "#!AMR-WB\n"
)

// FramesPerSecond is how many frames of speech an AMR file has in a second.
const FramesPerSecond = 50

// Sizes in bytes of the frames of each mode, header included; 0 = reserved.
var (
	sizesNB = [16]int{13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1}
	sizesWB = [16]int{18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1}
)

// Frames cuts an AMR file into its head and its frames; nil frames when it is
// none or is damaged.
func Frames(file []byte) (head string, frames [][]byte) {
	sizes := sizesNB
	head = headNB
	if bytes.HasPrefix(file, []byte(headWB)) {
		head, sizes = headWB, sizesWB
	}
	rest, ok := bytes.CutPrefix(file, []byte(head))
	if !ok {
		return "", nil
	}
	for len(rest) > 0 {
		n := sizes[rest[0]>>3&15]
		if n == 0 || n > len(rest) {
			return head, nil
		}
		frames, rest = append(frames, rest[:n]), rest[n:]
	}
	return head, frames
}

// Speech cuts so many seconds out of a sample of kind Voice, from a frame on, and
// goes on from its beginning where it ends.
func Speech(name string, from, seconds int) []byte {
	head, frames := Frames(Bytes(name))
	b := []byte(head)
	for i := range seconds * FramesPerSecond {
		b = append(b, frames[(from+i)%len(frames)]...)
	}
	return b
}

// marked is how many of the last frames carry a mark, four bits each.
const marked = 16

// placeSpeech changes the last and least audible bits of the last frames: AMR has
// no place for a text.
func placeSpeech(base []byte) *Stamp {
	_, frames := Frames(base)
	frames = frames[max(0, len(frames)-marked):]
	tail := bytes.Join(frames, nil)
	var ends []int // of the last byte of each frame in tail
	at := 0
	for _, f := range frames {
		at += len(f)
		ends = append(ends, at-1)
	}
	return &Stamp{head: len(base) - len(tail), write: func(mark uint64) []byte {
		b := bytes.Clone(tail)
		for i, end := range ends {
			b[end] ^= byte(mark>>(4*i)&15) << 4
		}
		return b
	}}
}
