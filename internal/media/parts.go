package media

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"huicun/internal/archive"
)

// A part file holds what was fetched of a file so far: a header, then a record
// for each part. A record is sealed as a whole, the part and the index of the
// next one in it, so that both are there or none is: what a crash has torn off is
// cut away and asked for again. Nothing of it is readable without the keys.
//
//	 0  magic and version
//	 8  id of the master key, filled up with zeros
//	24  salt, random
//	56  records: length of what is sealed, big endian; nonce; sealed
//
// Sealed are: 1 for the last part, else 0; length of the index, big endian; the
// index; the data. The record number and the id of the file are bound to it.
const (
	partMagic      = "huicunp\x01"
	partHead       = 56
	partSuffix     = ".part"
	recordHead     = 4 + nonceBytes
	nonceBytes     = 12
	maxRecordBytes = 64 << 20 // WeCom gives 512 KiB
)

// errPartBusy says that another process works on the part file.
var errPartBusy = errors.New("another process works on its part file")

// partFile is an open part file, locked for this process.
type partFile struct {
	*os.File
	keys *Keys
	id   string // of the file
	aead cipher.AEAD

	records  uint64
	end      int64  // after the last record
	next     string // index of the next part
	finished bool   // the last part is there
	read     digest // of all parts
	buf      []byte
}

// openPart opens or makes the part file of a file in dir and reads again what is
// in it.
func openPart(dir string, keys *Keys, id string) (*partFile, error) {
	if !archive.ValidID(id) {
		return nil, fmt.Errorf("%q is not the id of a file", id)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of part files: %w", err)
	}
	f, err := lockPart(filepath.Join(dir, id+partSuffix))
	if err != nil {
		return nil, err
	}
	p := &partFile{File: f, keys: keys, id: id}
	if err := p.load(); err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return p, nil
}

// lockPart opens a file and locks it; it is the one that has the name then.
func lockPart(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		busy := errors.Is(err, syscall.EWOULDBLOCK)
		if !busy && named(f) { // where there are no locks the claim has to do
			return f, nil
		}
		_ = f.Close() // nothing was written
		if busy {
			return nil, errPartBusy
		}
	}
}

// named reports whether f still has its name.
func named(f *os.File) bool {
	here, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(here, there)
}

// load reads what is there; what cannot be read is cut off.
func (p *partFile) load() error {
	head := make([]byte, partHead)
	_, err := p.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	k, ok := p.keys.find(string(bytes.TrimRight(head[8:24], "\x00")))
	if err != nil || string(head[:8]) != partMagic || !ok {
		return p.restart()
	}
	if p.aead, err = p.cipher(k, head); err != nil {
		return err
	}
	p.reset()
	for !p.finished {
		r, err := p.record(p.end, p.records)
		if errors.Is(err, ErrDamaged) {
			return p.Truncate(p.end)
		}
		if err != nil {
			return err
		}
		p.take(r)
	}
	return p.Truncate(p.end)
}

// restart throws away what was fetched.
func (p *partFile) restart() error {
	k := p.keys.newest()
	head := make([]byte, partHead)
	copy(head, partMagic)
	copy(head[8:24], k.id)
	_, _ = rand.Read(head[24:]) // never fails
	var err error
	if p.aead, err = p.cipher(k, head); err != nil {
		return err
	}
	if err := p.Truncate(0); err != nil {
		return err
	}
	p.reset()
	_, err = p.WriteAt(head, 0)
	return err
}

func (p *partFile) cipher(k key, head []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.derive("part\x00"+p.id, head[24:partHead], keyBytes))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (p *partFile) reset() {
	p.records, p.end, p.next, p.finished, p.read = 0, partHead, "", false, newDigest()
}

// record is one part as it stands in the file.
type record struct {
	Part
	size int64 // in the file
}

func (p *partFile) bound(n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(p.id), n)
}

// record reads record n, which begins at an offset; its data are valid until the
// next one is read. ErrDamaged: there is none that is whole.
func (p *partFile) record(at int64, n uint64) (record, error) {
	head := make([]byte, recordHead)
	if err := p.readFull(head, at); err != nil {
		return record{}, err
	}
	size := int64(binary.BigEndian.Uint32(head))
	if size > maxRecordBytes {
		return record{}, ErrDamaged
	}
	if int64(cap(p.buf)) < size {
		p.buf = make([]byte, size)
	}
	sealed := p.buf[:size]
	if err := p.readFull(sealed, at+recordHead); err != nil {
		return record{}, err
	}
	plain, err := p.aead.Open(sealed[:0], head[4:], sealed, p.bound(n))
	if err != nil {
		return record{}, ErrDamaged
	}
	part, err := parseRecord(plain)
	return record{part, recordHead + size}, err
}

// readFull fills b; ErrDamaged: the file ends before.
func (p *partFile) readFull(b []byte, at int64) error {
	_, err := io.ReadFull(io.NewSectionReader(p, at, int64(len(b))), b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrDamaged
	}
	return err
}

func parseRecord(b []byte) (Part, error) {
	if len(b) < 5 || b[0] > 1 {
		return Part{}, ErrDamaged
	}
	n := int64(binary.BigEndian.Uint32(b[1:5]))
	if rest := b[5:]; n <= int64(len(rest)) {
		return Part{Finished: b[0] == 1, NextIndex: string(rest[:n]), Data: rest[n:]}, nil
	}
	return Part{}, ErrDamaged
}

// take counts a record that is whole.
func (p *partFile) take(r record) {
	p.records++
	p.end += r.size
	p.next, p.finished = r.NextIndex, r.Finished
	p.read.write(r.Data)
}

// add appends a part. After an error the file is as before.
func (p *partFile) add(part Part) error {
	plain := make([]byte, 5, 5+len(part.NextIndex)+len(part.Data)+p.aead.Overhead())
	if part.Finished {
		plain[0] = 1
	}
	binary.BigEndian.PutUint32(plain[1:], uint32(len(part.NextIndex)))
	plain = append(append(plain, part.NextIndex...), part.Data...)
	size := len(plain) + p.aead.Overhead()
	if size > maxRecordBytes {
		return &Error{Class: ClassBroken, Err: fmt.Errorf("a part of %d bytes", len(part.Data))}
	}
	head := binary.BigEndian.AppendUint32(make([]byte, 0, recordHead), uint32(size))
	head = head[:recordHead]
	_, _ = rand.Read(head[4:]) // never fails
	out := append(head, p.aead.Seal(plain[:0], head[4:], plain, p.bound(p.records))...)
	if _, err := p.WriteAt(out, p.end); err != nil {
		return errors.Join(err, p.Truncate(p.end))
	}
	p.take(record{part, int64(len(out))})
	return nil
}

// content reads the data of all parts.
func (p *partFile) content() io.Reader { return &partReader{p: p, at: partHead} }

type partReader struct {
	p    *partFile
	at   int64
	n    uint64
	rest []byte
}

func (r *partReader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.n == r.p.records {
			return 0, io.EOF
		}
		rec, err := r.p.record(r.at, r.n)
		if err != nil {
			return 0, fmt.Errorf("part file: %w", err)
		}
		r.rest, r.at, r.n = rec.Data, r.at+rec.size, r.n+1
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// remove deletes the file.
func (p *partFile) remove() error {
	err := os.Remove(p.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, p.Close())
}

// release closes the file and leaves it for a later attempt, unless there is
// nothing in it.
func (p *partFile) release() error {
	if p.records == 0 {
		return p.remove()
	}
	return p.Close()
}
