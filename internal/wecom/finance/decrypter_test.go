package finance

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// encryptTo gives the ciphertext of plain.
func encryptTo(t testing.TB, key *rsa.PrivateKey, plain []byte) []byte {
	t.Helper()
	b, err := rsa.EncryptPKCS1v15(rand.Reader, &key.PublicKey, plain) //nolint:staticcheck // the padding is WeCom's choice
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecrypters(t *testing.T) {
	first, second := testKeys(t)
	for name, d := range map[string]Decrypter{"crypto/rsa": NewGoDecrypter(first), DecrypterName() + " of this build": NewDecrypter(first)} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{0, 1, 43, 245} {
				plain := make([]byte, size)
				_, _ = rand.Read(plain)
				if got, err := d.Decrypt(encryptTo(t, first, plain)); err != nil || !bytes.Equal(got, plain) {
					t.Errorf("%d bytes: got %d bytes, %v", size, len(got), err)
				}
			}
			plain := []byte("0123456789abcdef0123456789abcdef0123456789a")
			good := encryptTo(t, first, plain)
			for _, tt := range []struct {
				name       string
				ciphertext []byte
			}{
				{"nothing", nil},
				{"cut", good[:255]},
				{"too long", append(bytes.Clone(good), 0)},
				{"larger than the modulus", bytes.Repeat([]byte{0xff}, 256)},
			} {
				if got, err := d.Decrypt(tt.ciphertext); err == nil {
					t.Errorf("%s: got %d bytes, want an error", tt.name, len(got))
				}
			}
			// OpenSSL 3.2 and later give random bytes here, on purpose.
			for range 20 {
				if got, err := d.Decrypt(encryptTo(t, second, plain)); err == nil && bytes.Equal(got, plain) {
					t.Error("another key opens the message")
				}
			}
		})
	}
}

// Keys come and go (KeyRing.Reload) while messages are opened on all cores.
func TestDecrypterInParallelWhileKeysAreFreed(t *testing.T) {
	key, _ := testKeys(t)
	var wg sync.WaitGroup
	for w := range 2 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			plain := fmt.Appendf(nil, "worker %d", w)
			ciphertext := encryptTo(t, key, plain)
			var d Decrypter
			for i := range 60 {
				if i%5 == 0 {
					d = NewDecrypter(key) // the one before is garbage now
					runtime.GC()
				}
				if got, err := d.Decrypt(ciphertext); err != nil || !bytes.Equal(got, plain) {
					t.Errorf("got %q, %v; want %q", got, err, plain)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkDecrypt(b *testing.B) {
	key := makeKeys()[0]
	ciphertext := encryptTo(b, key, make([]byte, 43))
	run := func(name string, d Decrypter) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := d.Decrypt(ciphertext); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("crypto/rsa", NewGoDecrypter(key))
	if DecrypterName() != GoDecrypterName {
		run(DecrypterName(), NewDecrypter(key))
	}
}
