package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/minio/sio"
)

// Vault keeps contents encrypted in a store of objects. Every object opens by
// itself: several processes may put one name at once. It is safe for concurrent
// use.
type Vault struct {
	blobs Blobs
	keys  *Keys
}

// OpenVault opens the vault over a store. The key file is made when there is none
// and nothing is stored yet; it must not be missing later.
func OpenVault(ctx context.Context, blobs Blobs, keyFile string) (*Vault, error) {
	keys, err := OpenKeys(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		keys, err = firstKeys(ctx, blobs, keyFile)
	}
	if err != nil {
		return nil, err
	}
	slog.InfoContext(ctx, "media keys read", "key", keys.newest().id, "keys", len(keys.all()))
	v := &Vault{blobs: blobs, keys: keys}
	v.tryKeys(ctx)
	return v, nil
}

// tryFor is how long a start waits for a store that does not answer.
const tryFor = 5 * time.Second

// tryKeys opens the first object, so that a wrong key file is known at the start
// and not when somebody asks for a file. One bad object is no reason not to start.
func (v *Vault) tryKeys(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	err := v.blobs.List(ctx, "", func(name string, _ int64) error {
		r, _, err := v.Open(ctx, name)
		if err != nil {
			return err
		}
		return errors.Join(errOne, r.Close())
	})
	if errors.Is(err, ErrNoKey) || errors.Is(err, ErrDamaged) {
		slog.ErrorContext(ctx, "stored media file cannot be opened with the keys of the key file", "err", err)
	}
}

var errOne = errors.New("one is enough")

// firstKeys makes the key file of a store that is empty.
func firstKeys(ctx context.Context, blobs Blobs, keyFile string) (*Keys, error) {
	err := blobs.List(ctx, "", func(string, int64) error { return errOne })
	if errors.Is(err, errOne) {
		return nil, fmt.Errorf("the key file %s is missing, and the media store holds files that only its keys open: put the key file back from its copy; "+
			"if it is lost, the files cannot be read again: empty the store to begin anew", keyFile)
	}
	if err != nil {
		return nil, fmt.Errorf("look whether the media store is empty, before a key file is made: %w", err)
	}
	return CreateKeys(keyFile)
}

// config is how contents are encrypted.
func config(key []byte, first uint32) sio.Config {
	return sio.Config{MinVersion: sio.Version20, MaxVersion: sio.Version20, Key: key, SequenceNumber: first}
}

// Put encrypts what r gives, exactly size bytes, and stores it under name, whole
// or not at all, in place of what was there. A key that came meanwhile is used
// in the end: a rekey that looked before the object was there has passed it by.
func (v *Vault) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	if size < 0 || size > maxContent {
		return fmt.Errorf("object %s: a content of %d bytes cannot be stored", name, size)
	}
	h, key := newHeader(v.keys.newest(), name, size)
	sealed, err := sio.EncryptReader(r, config(key, 0))
	if err != nil {
		return fmt.Errorf("object %s: %w", name, err)
	}
	if err := v.blobs.Put(ctx, name, io.MultiReader(bytes.NewReader(h[:]), sealed), h.sealedLen()); err != nil {
		return err
	}
	if newest := v.keys.newest().id; newest != h.keyID() {
		_, err = v.rekey(ctx, name, newest)
	}
	return err
}

// Open opens an object at its beginning and gives the size of its content. Only
// what is read is fetched. ctx must last as long as the reader. fault not_found:
// there is no such object; ErrDamaged, ErrNoKey: it cannot be read. Nothing that
// is not authentic is ever read.
func (v *Vault) Open(ctx context.Context, name string) (io.ReadSeekCloser, int64, error) {
	c := &content{ctx: ctx, vault: v, name: name}
	if err := c.open(); err != nil {
		return nil, 0, fmt.Errorf("object %s: %w", name, err)
	}
	return c, c.size, nil
}

// Check reports whether the store can be written to and read.
func (v *Vault) Check(ctx context.Context) error { return v.blobs.Check(ctx) }
