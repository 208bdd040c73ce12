//go:build openssl && linux && cgo

package finance

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

// The functions of OpenSSL 3 that are used. They are looked up at run time and
// in no global scope: WeCom's library brings an OpenSSL of its own under the
// same names, which must not find this one.
typedef struct {
	void *(*d2i)(void **key, const unsigned char **der, long len);
	void  (*key_free)(void *key);
	void *(*ctx_new)(void *key, void *engine);
	void  (*ctx_free)(void *ctx);
	int   (*decrypt_init)(void *ctx);
	int   (*set_padding)(void *ctx, int padding);
	int   (*decrypt)(void *ctx, unsigned char *out, size_t *outlen, const unsigned char *in, size_t inlen);
	void  (*clear_error)(void);
	void  (*cleanse)(void *at, size_t len);
} openssl_functions;

// openssl_load fills f. It returns NULL, or what is wrong.
static const char *openssl_load(openssl_functions *f) {
	struct { const char *name; void **to; } names[] = {
		{"d2i_AutoPrivateKey", (void **)&f->d2i}, {"EVP_PKEY_free", (void **)&f->key_free},
		{"EVP_PKEY_CTX_new", (void **)&f->ctx_new}, {"EVP_PKEY_CTX_free", (void **)&f->ctx_free},
		{"EVP_PKEY_decrypt_init", (void **)&f->decrypt_init},
		{"EVP_PKEY_CTX_set_rsa_padding", (void **)&f->set_padding},
		{"EVP_PKEY_decrypt", (void **)&f->decrypt}, {"ERR_clear_error", (void **)&f->clear_error},
		{"OPENSSL_cleanse", (void **)&f->cleanse},
	};
	void *dl = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
	if (dl == NULL) return dlerror();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		*names[i].to = dlsym(dl, names[i].name);
		if (*names[i].to == NULL) { dlclose(dl); return names[i].name; }
	}
	return NULL;
}

// openssl_key reads a private key in DER; NULL when it cannot be read.
static void *openssl_key(openssl_functions *f, const unsigned char *der, long len) {
	void *key = f->d2i(NULL, &der, len);
	if (key == NULL) f->clear_error();
	return key;
}

static void openssl_free(openssl_functions *f, void *key) { f->key_free(key); }

// openssl_decrypt opens in with PKCS#1 v1.5 padding, checked in constant time.
// It returns the number of bytes, or -1. The queue of errors belongs to the
// thread, so it is emptied here.
static int openssl_decrypt(openssl_functions *f, void *key, const unsigned char *in, size_t inlen, unsigned char *out, size_t outlen) {
	enum { pkcs1_padding = 1 };
	size_t n = outlen;
	void *ctx = f->ctx_new(key, NULL);
	int ok = ctx != NULL && f->decrypt_init(ctx) > 0 && f->set_padding(ctx, pkcs1_padding) > 0 &&
		f->decrypt(ctx, out, &n, in, inlen) > 0;
	f->ctx_free(ctx);
	if (ok) return (int)n;
	f->cleanse(out, outlen);
	f->clear_error();
	return -1;
}
*/
import "C"

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"unsafe"
)

// openssl holds OpenSSL's functions; nil when there is no usable OpenSSL.
var openssl = sync.OnceValue(func() *C.openssl_functions {
	f := new(C.openssl_functions)
	if reason := C.openssl_load(f); reason != nil {
		slog.Warn("OpenSSL cannot be used; crypto/rsa takes its place", "err", C.GoString(reason))
		return nil
	}
	return f
})

// DecrypterName says which implementation NewDecrypter chooses: openssl, or go
// on a machine without libcrypto.so.3.
func DecrypterName() string {
	if openssl() == nil {
		return GoDecrypterName
	}
	return "openssl"
}

// NewDecrypter opens messages with OpenSSL, or with crypto/rsa where that cannot
// be had.
func NewDecrypter(key *rsa.PrivateKey) Decrypter {
	f := openssl()
	if f == nil {
		return NewGoDecrypter(key)
	}
	der := x509.MarshalPKCS1PrivateKey(key)
	defer clear(der)
	pkey := C.openssl_key(f, (*C.uchar)(unsafe.Pointer(&der[0])), C.long(len(der)))
	if pkey == nil {
		return NewGoDecrypter(key) // which takes keys of more than two primes, for one
	}
	d := &opensslDecrypter{fns: f, key: pkey, size: key.Size()}
	runtime.AddCleanup(d, func(key unsafe.Pointer) { C.openssl_free(f, key) }, pkey) // OpenSSL wipes what it frees
	return d
}

// opensslDecrypter is the Decrypter of OpenSSL. Its key is never changed, so
// that any number of threads may use it.
type opensslDecrypter struct {
	fns  *C.openssl_functions
	key  unsafe.Pointer
	size int // of a ciphertext
}

var errOpenSSL = errors.New("finance: decryption error")

// Decrypt opens a ciphertext of 256 bytes. From OpenSSL 3.2 on a wrong key gives
// random bytes in place of an error; KeyRing.OpenKey and DecryptData refuse
// them.
func (d *opensslDecrypter) Decrypt(ciphertext []byte) ([]byte, error) {
	if len(ciphertext) != d.size {
		return nil, errOpenSSL
	}
	out := make([]byte, d.size)
	n := C.openssl_decrypt(d.fns, d.key, (*C.uchar)(unsafe.Pointer(&ciphertext[0])), C.size_t(len(ciphertext)),
		(*C.uchar)(unsafe.Pointer(&out[0])), C.size_t(len(out)))
	runtime.KeepAlive(d)
	if n < 0 {
		return nil, errOpenSSL
	}
	return out[:n], nil
}
