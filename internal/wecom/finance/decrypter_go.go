//go:build !openssl || !linux || !cgo

package finance

import "crypto/rsa"

// DecrypterName says which implementation NewDecrypter chooses. RSA bounds the
// speed of ingest; a build with the tag openssl takes OpenSSL's.
func DecrypterName() string { return GoDecrypterName }

// NewDecrypter opens messages with the fastest implementation of this build.
func NewDecrypter(key *rsa.PrivateKey) Decrypter { return NewGoDecrypter(key) }
