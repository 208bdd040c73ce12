package media

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"github.com/minio/sio"
)

// An object is a header and the content in DARE 2.0 (github.com/minio/sio) under
// a key of its own, which HKDF makes of a master key, the salt, the header and
// the name: whatever is changed, swapped or renamed does not open.
//
//	 0  magic and version
//	 8  id of the master key, filled up with zeros
//	24  size of the content, big endian
//	32  salt, random
//	64  tag: proves that the master key, the name and what stands above fit
//	96  packages of 64 KiB, each with header and tag of its own
const (
	magic       = "huicun\x00\x01"
	headerBytes = 96
	packageSize = 64 << 10              // of content
	sealedSize  = packageSize + 16 + 16 // of a full package
	maxContent  = int64(1) << 47        // bytes; far below the limit of DARE
)

// What may be wrong with an object.
var (
	// ErrDamaged says that an object is not what was stored under its name.
	ErrDamaged = errors.New("damaged, cut off, or stored under another name")
	// ErrNoKey says that the key file lacks the key of an object.
	ErrNoKey = errors.New("the key file lacks its key: all processes must use one key file, and no key may be removed from it before a rekey")
)

type header [headerBytes]byte

func (h *header) keyID() string { return string(bytes.TrimRight(h[8:24], "\x00")) }
func (h *header) size() int64   { return int64(binary.BigEndian.Uint64(h[24:32])) }

// sealedLen is the length of the whole object.
func (h *header) sealedLen() int64 {
	n, _ := sio.EncryptedSize(uint64(h.size())) // size is checked
	return headerBytes + int64(n)
}

// newHeader makes the header of an object and the key of its content.
func newHeader(k key, name string, size int64) (*header, []byte) {
	h := new(header)
	copy(h[:8], magic)
	copy(h[8:24], k.id)
	binary.BigEndian.PutUint64(h[24:32], uint64(size))
	_, _ = rand.Read(h[32:64]) // never fails
	content, tag := h.derive(k, name)
	copy(h[64:], tag)
	return h, content
}

// derive gives the key of the content and the tag of the header.
func (h *header) derive(k key, name string) (content, tag []byte) {
	out := k.derive("object\x00"+string(h[:64])+name, h[32:64], 64)
	return out[:32], out[32:]
}

// parseHeader reads the form of a header; check proves it.
func parseHeader(p []byte) (*header, error) {
	if len(p) < headerBytes {
		return nil, ErrDamaged
	}
	h := header(p[:headerBytes])
	if string(h[:8]) != magic || !validKeyID(h.keyID()) || h.size() < 0 || h.size() > maxContent {
		return nil, ErrDamaged
	}
	return &h, nil
}

// open checks the header of the object name and gives the key of its content.
func (h *header) open(k key, name string) ([]byte, error) {
	content, tag := h.derive(k, name)
	if !hmac.Equal(tag, h[64:]) {
		return nil, ErrDamaged
	}
	return content, nil
}
