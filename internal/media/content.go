package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/minio/sio"
)

// ahead is how many packages are fetched at once by who reads on and on.
const ahead = 4

// content reads an object at any place: it fetches the packages that hold what
// is asked for.
type content struct {
	ctx   context.Context // of Open: a Reader takes none
	vault *Vault
	name  string

	head *header
	key  []byte
	size int64

	pos    int64
	buf    []byte // decrypted, from bufAt on
	bufAt  int64
	sealed []byte // of fetch
	closed bool
}

// open reads the header and, with the same call, the first package.
func (c *content) open() error {
	first, err := c.fetch(0, headerBytes+sealedSize)
	if err != nil {
		return err
	}
	if err := c.prove(first); err != nil {
		return err
	}
	if c.size > packageSize {
		if err := c.checkLength(); err != nil {
			return err
		}
	}
	return c.decrypt(0, 1, first[headerBytes:])
}

// prove checks the header that the object begins with.
func (c *content) prove(p []byte) error {
	h, err := parseHeader(p)
	if err != nil {
		return err
	}
	k, ok := c.vault.keys.find(h.keyID())
	if !ok {
		return fmt.Errorf("key %s: %w", h.keyID(), ErrNoKey)
	}
	if c.key, err = h.open(k, c.name); err != nil {
		return err
	}
	c.head, c.size = h, h.size()
	return nil
}

func (c *content) checkLength() error {
	n, err := c.vault.blobs.Size(c.ctx, c.name)
	if err != nil {
		return err
	}
	if n != c.head.sealedLen() {
		return fmt.Errorf("%d bytes instead of %d: %w", n, c.head.sealedLen(), ErrDamaged)
	}
	return nil
}

// fetch reads up to n bytes of the object from offset on; they are valid until
// the next fetch.
func (c *content) fetch(offset, n int64) ([]byte, error) {
	r, err := c.vault.blobs.Open(c.ctx, c.name, offset, n)
	if err != nil {
		return nil, err
	}
	if int64(cap(c.sealed)) < n {
		c.sealed = make([]byte, n)
	}
	got, err := io.ReadFull(r, c.sealed[:n])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // the end of the object
		err = nil
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return c.sealed[:got], err
}

// load decrypts n packages from number first on into buf. The same content may
// be stored anew at any moment, under another key: then it is read from there.
func (c *content) load(first, n int64) error {
	for {
		sealed, err := c.fetch(headerBytes+first*sealedSize, n*sealedSize)
		if err != nil {
			return err
		}
		if err = c.decrypt(first, n, sealed); !errors.Is(err, ErrDamaged) {
			return err
		}
		if rerr := c.reopen(); rerr != nil {
			return errors.Join(err, rerr)
		}
	}
}

// reopen reads the header again; it is an error if it is the one that is known.
func (c *content) reopen() error {
	p, err := c.fetch(0, headerBytes)
	if err != nil {
		return err
	}
	if bytes.Equal(p, c.head[:]) {
		return ErrDamaged
	}
	size := c.size
	if err := c.prove(p); err != nil {
		return err
	}
	if c.size != size {
		return fmt.Errorf("replaced by another content: %w", ErrDamaged)
	}
	return c.checkLength()
}

// decrypt opens n packages, fewer at the end, and keeps them only if each is
// authentic.
func (c *content) decrypt(first, n int64, sealed []byte) error {
	at := first * packageSize
	want := min(n*packageSize, c.size-at)
	c.buf, c.bufAt = c.buf[:0], at
	if want <= 0 {
		return nil
	}
	if int64(cap(c.buf)) < want {
		c.buf = make([]byte, 0, want)
	}
	r, err := sio.DecryptReader(bytes.NewReader(sealed), config(c.key, uint32(first)))
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(r, c.buf[:want]); err != nil {
		return fmt.Errorf("from byte %d on: %w", at, ErrDamaged)
	}
	c.buf = c.buf[:want]
	return nil
}

// Read reads on.
func (c *content) Read(p []byte) (int, error) {
	if c.closed {
		return 0, errors.New("media: read after Close")
	}
	if c.pos >= c.size {
		return 0, io.EOF
	}
	end := c.bufAt + int64(len(c.buf))
	if c.pos < c.bufAt || c.pos >= end {
		n := int64(1)
		if c.pos == end && end > 0 {
			n = ahead
		}
		if err := c.load(c.pos/packageSize, n); err != nil {
			c.buf = c.buf[:0]
			return 0, fmt.Errorf("object %s: %w", c.name, err)
		}
	}
	n := copy(p, c.buf[c.pos-c.bufAt:])
	c.pos += int64(n)
	return n, nil
}

// Seek sets where the next Read begins; places after the end read nothing.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += c.pos
	case io.SeekEnd:
		offset += c.size
	default:
		return 0, fmt.Errorf("media: seek with whence %d", whence)
	}
	if offset < 0 {
		return 0, errors.New("media: seek to before the beginning")
	}
	c.pos = offset
	return offset, nil
}

// Close releases the buffer.
func (c *content) Close() error {
	c.closed, c.buf, c.sealed = true, nil, nil
	return nil
}
