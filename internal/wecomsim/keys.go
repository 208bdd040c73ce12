package wecomsim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"sync"
)

// keyEntry is a new key in the journal.
type keyEntry struct {
	Version   uint32 `json:"version"`
	FromSeq   uint64 `json:"from_seq"`          // first message that uses it
	PublicPEM string `json:"public_pem"`        // PKIX
	Rotated   bool   `json:"rotated,omitempty"` // by a fault, not by a person or the configuration
}

// keyRing holds the public keys of the console, oldest first. A message keeps
// the version that was newest when it was stored.
type keyRing struct {
	dir string // where private keys made here are written

	mu   sync.RWMutex
	keys []ringKey
}

type ringKey struct {
	keyEntry
	public *rsa.PublicKey
}

// add puts e at the end of the ring.
func (k *keyRing) add(e keyEntry) error {
	pub, err := parsePublicKey([]byte(e.PublicPEM))
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.keys); n > 0 && (e.Version <= k.keys[n-1].Version || e.FromSeq < k.keys[n-1].FromSeq) {
		return errors.New("key versions out of order")
	}
	k.keys = append(k.keys, ringKey{keyEntry: e, public: pub})
	return nil
}

// newest gives the key that new messages use.
func (k *keyRing) newest() (keyEntry, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if len(k.keys) == 0 {
		return keyEntry{}, false
	}
	return k.keys[len(k.keys)-1].keyEntry, true
}

// configured gives the newest public key that no fault has made; "" = none.
func (k *keyRing) configured() string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, key := range slices.Backward(k.keys) {
		if !key.Rotated {
			return key.PublicPEM
		}
	}
	return ""
}

// versions lists all versions, oldest first.
func (k *keyRing) versions() []uint32 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var all []uint32
	for _, key := range k.keys {
		all = append(all, key.Version)
	}
	return all
}

// versionAt tells which key the message with seq uses.
func (k *keyRing) versionAt(seq uint64) uint32 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	after := sort.Search(len(k.keys), func(i int) bool { return k.keys[i].FromSeq > seq })
	return k.keys[max(after-1, 0)].Version
}

// public gives the key of a version that versionAt has named.
func (k *keyRing) publicOf(version uint32) *rsa.PublicKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, key := range k.keys {
		if key.Version == version {
			return key.public
		}
	}
	return nil
}

// privateFile is where the private key of a version is, if it was made here.
func (k *keyRing) privateFile(version uint32) string {
	return filepath.Join(k.dir, fmt.Sprintf("private_key_v%d.pem", version))
}

// withheldFile is where a private key waits for its release.
func (k *keyRing) withheldFile(version uint32) string {
	return filepath.Join(k.dir, "withheld", filepath.Base(k.privateFile(version)))
}

// release puts a withheld private key beside the others; false = it was not
// withheld.
func (k *keyRing) release(version uint32) (bool, error) {
	err := os.Rename(k.withheldFile(version), k.privateFile(version))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("wecomsim: release private key: %w", err)
	}
	return true, nil
}

// makePair writes a new private key for version and returns its public half.
func (k *keyRing) makePair(version uint32, withhold bool) (publicPEM string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return "", fmt.Errorf("wecomsim: make key pair: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("wecomsim: make key pair: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	path := k.privateFile(version)
	if withhold {
		path = k.withheldFile(version)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", fmt.Errorf("wecomsim: withhold private key: %w", err)
		}
	}
	if err := writeFile(path, text, 0o600); err != nil {
		return "", fmt.Errorf("wecomsim: write private key: %w", err)
	}
	return marshalPublicKey(&key.PublicKey)
}

const keyBits = 2048 // the console takes nothing else

// parsePublicKey reads what the console accepts: an RSA-2048 key in PEM.
func parsePublicKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("public key: no PEM block")
	}
	pub, err := parsePublicDER(block)
	if err != nil {
		return nil, err
	}
	if pub.N.BitLen() != keyBits {
		return nil, fmt.Errorf("public key: %d bits, must be %d", pub.N.BitLen(), keyBits)
	}
	return pub, nil
}

func parsePublicDER(block *pem.Block) (*rsa.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
		pub, ok := key.(*rsa.PublicKey)
		if !ok {
			return nil, errors.New("public key: not RSA")
		}
		return pub, nil
	case "RSA PUBLIC KEY":
		pub, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
		return pub, nil
	default:
		return nil, fmt.Errorf("public key: PEM block is %q, must be \"PUBLIC KEY\"", block.Type)
	}
}

func marshalPublicKey(pub *rsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("wecomsim: public key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// writeFile replaces path in one step.
func writeFile(path string, data []byte, mode os.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already after the rename
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
