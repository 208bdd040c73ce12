package media

import (
	"bufio"
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	keyBytes   = 32
	maxKeyID   = 16
	maxKeyFile = 1 << 20
)

// key is a master key: what objects are encrypted with is derived from it.
type key struct {
	id     string // lower-case letters, digits and "-"; may be shown
	secret []byte // never shown
}

// String gives the id, so that no log shows the secret.
func (k key) String() string { return k.id }

// derive makes a key of n bytes for one purpose.
func (k key) derive(purpose string, salt []byte, n int) []byte {
	out, err := hkdf.Key(sha256.New, k.secret, salt, "huicun media "+purpose, n)
	if err != nil { // n is far too large
		panic(err)
	}
	return out
}

// GoString is String.
func (k key) GoString() string { return k.id }

// Keys are the master keys of a key file, which is read again whenever it
// changes. It is safe for concurrent use.
type Keys struct {
	path string

	mu      sync.Mutex
	stamp   keyStamp
	keys    []key // oldest first; never empty
	failing bool  // the last look at the file failed: said once
}

// keyStamp tells one state of the file from another.
type keyStamp struct {
	modTime time.Time
	size    int64
}

// OpenKeys reads a key file: a line a key, "<id> <base64 of 32 bytes>", the
// newest last; # begins a comment. The newest is for writing, all are for
// reading. An error that is fs.ErrNotExist says that there is no such file.
func OpenKeys(path string) (*Keys, error) {
	k := &Keys{path: path}
	if err := k.read(); err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return k, nil
}

// CreateKeys makes a key file with one new key, unless there is one, and opens
// it.
func CreateKeys(path string) (*Keys, error) {
	if err := writeKeyFile(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make key file %s: %w", path, err)
	}
	return OpenKeys(path)
}

// NewKeyLine makes a line of a key file with a new key.
func NewKeyLine() string {
	id := make([]byte, 4)
	secret := make([]byte, keyBytes)
	_, _ = rand.Read(id) // never fails
	_, _ = rand.Read(secret)
	return "k" + hex.EncodeToString(id) + " " + base64.StdEncoding.EncodeToString(secret) + "\n"
}

const keyFileHead = `# Keys of the files of messages: "<id> <base64 of 32 bytes>", a line each.
# The last one encrypts what comes, all of them open what is there.
# Without this file no stored file can be read: keep a copy of it elsewhere.
`

// writeKeyFile makes the file at once whole, and never over another one.
func writeKeyFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	t, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(t.Name()) }()
	defer func() { _ = t.Close() }() // what counts was flushed
	if _, err := t.WriteString(keyFileHead + NewKeyLine()); err != nil {
		return err
	}
	if err := t.Sync(); err != nil {
		return err
	}
	if err := os.Link(t.Name(), path); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil { // not every file system knows links
		if err := copyKeyFile(t.Name(), path); err != nil {
			return err
		}
	}
	return SyncDir(dir)
}

// copyKeyFile makes the file path, unless there is one.
func copyKeyFile(from, path string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// read reads the file; on an error the keys that are known stay.
func (k *Keys) read() error {
	f, err := os.Open(k.path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > maxKeyFile {
		return fmt.Errorf("it has %d bytes; that is no key file", info.Size())
	}
	text := make([]byte, info.Size())
	if _, err := f.ReadAt(text, 0); err != nil {
		return err
	}
	keys, err := parseKeys(text)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		slog.Warn("key file of media can be read by others than its owner", "mode", info.Mode().Perm().String())
	}
	k.keys, k.stamp = keys, keyStamp{info.ModTime(), info.Size()}
	return nil
}

// all gives the keys as the file says now; what makes it unreadable is logged,
// and the keys known before hold.
func (k *Keys) all() []key {
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := os.Stat(k.path)
	if err == nil && (keyStamp{info.ModTime(), info.Size()}) == k.stamp {
		return k.keys
	}
	if err == nil {
		err = k.read()
	}
	if err != nil && !k.failing {
		slog.Error("key file of media not read again; the keys read before hold", "err", err)
	}
	k.failing = err != nil
	return k.keys
}

// newest gives the key for writing.
func (k *Keys) newest() key {
	all := k.all()
	return all[len(all)-1]
}

// find gives the key of an id.
func (k *Keys) find(id string) (key, bool) {
	for _, key := range k.all() {
		if key.id == id {
			return key, true
		}
	}
	return key{}, false
}

// parseKeys reads the text of a key file. Errors name lines, never what stands
// in them.
func parseKeys(text []byte) ([]key, error) {
	var keys []key
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxKeyFile+1)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		k, err := parseKey(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if seen[k.id] {
			return nil, fmt.Errorf("line %d: the id %s stands there twice", n, k.id)
		}
		seen[k.id] = true
		keys = append(keys, k)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it")
	}
	return keys, nil
}

func parseKey(fields []string) (key, error) {
	if len(fields) != 2 {
		return key{}, errors.New(`a key is "<id> <base64 of 32 bytes>"`)
	}
	if !validKeyID(fields[0]) {
		return key{}, fmt.Errorf("an id has 1 to %d lower-case letters, digits or -", maxKeyID)
	}
	secret, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil || len(secret) != keyBytes {
		return key{}, fmt.Errorf("the key is not the base64 of %d bytes", keyBytes)
	}
	return key{id: fields[0], secret: secret}, nil
}

func validKeyID(id string) bool {
	return id != "" && len(id) <= maxKeyID && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
