package finance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecom/wecomcrypt"
)

var makeKeys = sync.OnceValue(func() (keys [2]*rsa.PrivateKey) {
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

// testKeys are two private keys, the same in all tests.
func testKeys(t *testing.T) (first, second *rsa.PrivateKey) {
	t.Helper()
	keys := makeKeys()
	return keys[0], keys[1]
}

func pkcs1(key *rsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func pkcs8(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func writeKey(t *testing.T, path string, key *rsa.PrivateKey) {
	t.Helper()
	writeFile(t, path, pkcs8(t, key))
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// seal makes an item of the outer JSON and the key that opens it.
func seal(t *testing.T, version int, key *rsa.PrivateKey, text string) (item, encryptKey string) {
	t.Helper()
	encryptKey, msg := wecomcrypt.EncryptLikeWeCom([]byte(text))
	random, err := rsa.EncryptPKCS1v15(rand.Reader, &key.PublicKey, []byte(encryptKey)) //nolint:staticcheck // the padding is WeCom's choice
	if err != nil {
		t.Fatal(err)
	}
	item = fmt.Sprintf(`{"seq":%d,"msgid":"m%d","publickey_ver":%d,"encrypt_random_key":%q,"encrypt_chat_msg":%q}`,
		version, version, version, base64.StdEncoding.EncodeToString(random), msg)
	return item, encryptKey
}

func TestOpenKey(t *testing.T) {
	first, second := testKeys(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "1.pem"), pkcs1(first))
	writeFile(t, filepath.Join(dir, "key2.pem"), append([]byte("\xef\xbb\xbf"), pkcs8(t, second)...))
	writeFile(t, filepath.Join(dir, "readme.txt"), []byte("no key"))
	ring, err := LoadKeyDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint32{1, 2}, ring.Versions()); diff != "" {
		t.Errorf("Versions (-want +got):\n%s", diff)
	}
	encrypt := func(plain string) string {
		b, err := rsa.EncryptPKCS1v15(rand.Reader, &first.PublicKey, []byte(plain)) //nolint:staticcheck // the padding is WeCom's choice
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(b)
	}
	for _, tt := range []struct {
		name    string
		version uint32
		random  string
		want    error
	}{
		{"right key", 1, encrypt("the-key"), nil},
		{"key of another version", 2, encrypt("the-key"), ErrKeyWrong},
		{"unknown version", 3, encrypt("the-key"), ErrKeyMissing},
		{"not base64", 1, "***", ErrKeyWrong},
		{"cut", 1, encrypt("the-key")[:340], ErrKeyWrong},
		{"empty", 1, "", ErrKeyWrong},
		{"no text inside", 1, encrypt("\x00\x01"), ErrKeyWrong},
		{"nothing inside", 1, encrypt(""), ErrKeyWrong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ring.OpenKey(tt.version, tt.random)
			if !errors.Is(err, tt.want) {
				t.Fatalf("OpenKey: %v, want %v", err, tt.want)
			}
			if tt.want == nil && got != "the-key" {
				t.Errorf("OpenKey = %q, want %q", got, "the-key")
			}
		})
	}
}

func TestLoadKeyFilesNamesFileAndReason(t *testing.T) {
	first, second := testKeys(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&first.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "is not PEM"},
		{"text", []byte("hello"), "is not PEM"},
		{"something large", make([]byte, maxKeyFile+1), "larger than"},
		{"public key", block("PUBLIC KEY", public), "holds the public key"},
		{"certificate", block("CERTIFICATE", []byte("x")), "holds no private key"},
		{"password", block("ENCRYPTED PRIVATE KEY", []byte("x")), "protected by a password"},
		{"old password", []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "protected by a password"},
		{"elliptic curve", pkcs8(t, curve), "no RSA key"},
		{"elliptic curve in its own form", block("EC PRIVATE KEY", []byte("x")), "no RSA key"},
		{"1024 bits", pkcs1(small), "1024 bits"},
		{"damaged PKCS#1", block("RSA PRIVATE KEY", []byte("x")), "PKCS#1 private key is damaged"},
		{"damaged PKCS#8", block("PRIVATE KEY", []byte("x")), "PKCS#8 private key is damaged"},
		{"two keys", append(pkcs1(first), pkcs1(second)...), "more than one private key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "some.pem")
			writeFile(t, path, tt.file)
			_, err := LoadKeyFiles(map[uint32]string{7: path})
			if text := fmt.Sprint(err); err == nil || !strings.Contains(text, tt.want) || !strings.Contains(text, path) {
				t.Errorf("LoadKeyFiles: %v, want %q and the path", err, tt.want)
			}
		})
	}
}

func TestLoadKeyDirErrors(t *testing.T) {
	first, _ := testKeys(t)
	dir := t.TempDir()
	if _, err := LoadKeyDir(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
	if _, err := LoadKeyFiles(map[uint32]string{1: filepath.Join(dir, "1.pem")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	writeKey(t, filepath.Join(dir, "1.pem"), first)
	writeKey(t, filepath.Join(dir, "v01.pem"), first)
	if _, err := LoadKeyDir(dir); err == nil || !strings.Contains(err.Error(), "both version 1") {
		t.Errorf("two files of one version: %v", err)
	}
}

func TestReloadKeepsGoodKeys(t *testing.T) {
	first, second := testKeys(t)
	dir := t.TempDir()
	writeKey(t, filepath.Join(dir, "1.pem"), first)
	ring, err := LoadKeyDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "1.pem"), []byte("damaged"))
	writeKey(t, filepath.Join(dir, "2.pem"), second)
	added, err := ring.Reload()
	if err == nil || !strings.Contains(err.Error(), "1.pem") {
		t.Errorf("Reload: %v, want an error that names 1.pem", err)
	}
	if diff := cmp.Diff([]uint32{2}, added); diff != "" {
		t.Errorf("Reload (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint32{1, 2}, ring.Versions()); diff != "" {
		t.Errorf("Versions (-want +got):\n%s", diff)
	}
}

func FuzzParseKey(f *testing.F) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // an RSA key takes seconds when fuzzing
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pkcs8(f, curve))
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nMAYCAQACAQM=\n-----END RSA PRIVATE KEY-----\n"))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := parseKey(data)
		if (key == nil) == (err == nil) {
			t.Errorf("parseKey = %v, %v", key, err)
		}
		if key != nil && key.N.BitLen() != keyBits {
			t.Errorf("a key of %d bits was accepted", key.N.BitLen())
		}
	})
}
