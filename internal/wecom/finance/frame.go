package finance

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Parent and helper exchange frames: 4 bytes of length, then a payload of fields
// in a fixed order. Numbers are varints, texts carry their length in front.

// maxFrame bounds a frame; the largest answer is a page of 1,000 messages.
const maxFrame = 512 << 20

var errFrame = errors.New("finance: malformed frame from the other process")

// writeFrame writes one frame with one Write.
func writeFrame(w io.Writer, payload []byte) error {
	if len(payload) > maxFrame {
		return fmt.Errorf("finance: a frame of %d bytes is too large", len(payload))
	}
	b := make([]byte, 4, 4+len(payload))
	binary.BigEndian.PutUint32(b, uint32(len(payload)))
	_, err := w.Write(append(b, payload...))
	return err
}

// readFrame reads one frame. The error is io.EOF only between two frames.
func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[:]))
	if n > maxFrame {
		return nil, errFrame
	}
	payload := make([]byte, min(n, 1<<20))
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if n == int64(len(payload)) {
		return payload, nil
	}
	b := bytes.NewBuffer(payload) // grows with what arrives, not with what was announced
	if _, err := io.CopyN(b, r, n-int64(len(payload))); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return b.Bytes(), nil
}

// fields builds a payload.
type fields []byte

func (f *fields) number(n uint64) { *f = binary.AppendUvarint(*f, n) }

func (f *fields) signed(n int64) { *f = binary.AppendVarint(*f, n) }

func (f *fields) text(s string) { f.number(uint64(len(s))); *f = append(*f, s...) }

func (f *fields) flag(b bool) {
	if b {
		f.number(1)
	} else {
		f.number(0)
	}
}

// fieldReader takes a payload apart. After the first malformed field all others
// read as zero and bad is set.
type fieldReader struct {
	rest []byte
	bad  bool
}

func (r *fieldReader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	return take(r, v, n)
}

func (r *fieldReader) signed() int64 {
	v, n := binary.Varint(r.rest)
	return take(r, v, n)
}

// take accepts v, which was read from the next n bytes.
func take[T int64 | uint64](r *fieldReader, v T, n int) T {
	if n <= 0 || r.bad {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// bytes returns a part of the payload, not a copy.
func (r *fieldReader) bytes() []byte {
	n := r.number()
	if r.bad || n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *fieldReader) text() string { return string(r.bytes()) }

func (r *fieldReader) flag() bool { return r.number() == 1 }

func (r *fieldReader) fail() { r.bad, r.rest = true, nil }

// done reports whether the payload was read exactly to its end.
func (r *fieldReader) done() error {
	if r.bad || len(r.rest) > 0 {
		return errFrame
	}
	return nil
}
