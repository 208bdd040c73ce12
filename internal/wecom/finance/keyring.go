package finance

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
)

// Errors of KeyRing.OpenKey.
var (
	// ErrKeyMissing: there is no private key of this version (yet).
	ErrKeyMissing = errors.New("finance: no private key of this publickey_ver")
	// ErrKeyWrong: the private key of this version does not open the message.
	ErrKeyWrong = errors.New("finance: the private key of this publickey_ver does not open the message")
)

// Decrypter opens what was encrypted to one RSA-2048 public key with PKCS#1 v1.5
// padding. It is safe for concurrent use.
type Decrypter interface {
	Decrypt(ciphertext []byte) ([]byte, error)
}

// KeyRing holds a corp's private keys by the version number that the WeCom
// console gave their public keys. It is safe for concurrent use.
type KeyRing struct {
	find func() (map[uint32]string, error) // the key files there are now

	turn sync.Mutex // of the page whose keys are being opened, see Source.openKeys

	mu   sync.RWMutex
	keys map[uint32]Decrypter
}

// LoadKeyDir reads the private keys in a folder. The number before .pem is the
// version: 3.pem, v3.pem and private-3.pem are all version 3. Other files are
// ignored. A folder without keys is no error: keys may arrive later.
func LoadKeyDir(dir string) (*KeyRing, error) {
	return loadKeys(func() (map[uint32]string, error) { return findKeyFiles(dir) })
}

// LoadKeyFiles reads one private key file for each version.
func LoadKeyFiles(files map[uint32]string) (*KeyRing, error) {
	files = maps.Clone(files)
	return loadKeys(func() (map[uint32]string, error) { return files, nil })
}

func loadKeys(find func() (map[uint32]string, error)) (*KeyRing, error) {
	r := &KeyRing{find: find, keys: map[uint32]Decrypter{}}
	if _, err := r.Reload(); err != nil {
		return nil, err
	}
	return r, nil
}

// Reload reads the key files again and returns the versions that are new. Keys
// whose file is gone or has become unreadable stay in use; the error then names
// each bad file while the others have been loaded.
func (r *KeyRing) Reload() (added []uint32, err error) {
	files, err := r.find()
	if err != nil {
		return nil, err
	}
	loaded, err := readKeyFiles(files)
	r.mu.Lock()
	defer r.mu.Unlock()
	for version, key := range loaded {
		if r.keys[version] == nil {
			added = append(added, version)
		}
		r.keys[version] = key
	}
	slices.Sort(added)
	return added, err
}

// Versions lists the versions there are keys for, in order.
func (r *KeyRing) Versions() []uint32 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.keys))
}

// OpenKey decrypts a message's encrypt_random_key with the private key of its
// publickey_ver and returns it as Sealed wants it. Errors wrap ErrKeyMissing or
// ErrKeyWrong.
func (r *KeyRing) OpenKey(version uint32, encryptRandomKey string) (string, error) {
	r.mu.RLock()
	key := r.keys[version]
	r.mu.RUnlock()
	if key == nil {
		return "", fmt.Errorf("%w (version %d)", ErrKeyMissing, version)
	}
	sealed, err := base64.StdEncoding.DecodeString(encryptRandomKey)
	if err != nil {
		return "", fmt.Errorf("%w (version %d): encrypt_random_key is not base64", ErrKeyWrong, version)
	}
	plain, err := key.Decrypt(sealed)
	if err != nil || !isText(plain) {
		return "", fmt.Errorf("%w (version %d)", ErrKeyWrong, version)
	}
	return string(plain), nil
}

// isText tells a key from the random bytes that a wrong private key gives when
// their padding happens to look valid.
func isText(b []byte) bool {
	return len(b) > 0 && !slices.ContainsFunc(b, func(c byte) bool { return c <= ' ' || c >= 0x7f })
}

var keyFileName = regexp.MustCompile(`(?:^|[^0-9])([0-9]+)\.pem$`)

// findKeyFiles maps the versions in a folder to paths.
func findKeyFiles(dir string) (map[uint32]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("finance: read the folder of private keys: %w", err)
	}
	files := map[uint32]string{}
	for _, entry := range entries {
		m := keyFileName.FindStringSubmatch(entry.Name())
		if m == nil || entry.IsDir() {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		version, err := strconv.ParseUint(m[1], 10, 32)
		if err != nil || version == 0 {
			return nil, fmt.Errorf("finance: key file %s: %s is not a version number", path, m[1])
		}
		if other := files[uint32(version)]; other != "" {
			return nil, fmt.Errorf("finance: %s and %s are both version %d", other, path, version)
		}
		files[uint32(version)] = path
	}
	return files, nil
}

// readKeyFiles reads all files that can be read; the error names the others.
func readKeyFiles(files map[uint32]string) (map[uint32]Decrypter, error) {
	keys := map[uint32]Decrypter{}
	var errs []error
	for _, version := range slices.Sorted(maps.Keys(files)) {
		key, err := readKeyFile(files[version])
		if err != nil {
			errs = append(errs, fmt.Errorf("finance: private key %d: %w", version, err))
			continue
		}
		keys[version] = key
	}
	return keys, errors.Join(errs...)
}

// readKeyFile reads one file; errors name it and the reason, never its content.
func readKeyFile(path string) (Decrypter, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err // names the path
	}
	key, err := parseKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return NewDecrypter(key), nil
}
