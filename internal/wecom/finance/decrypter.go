package finance

import "crypto/rsa"

// goDecrypter is the Decrypter of the standard library.
type goDecrypter struct{ key *rsa.PrivateKey }

// newDecrypter chooses the implementation. RSA bounds the speed of ingest, so a
// build with OpenSSL may replace this file.
func newDecrypter(key *rsa.PrivateKey) Decrypter { return goDecrypter{key} }

// Decrypt opens a ciphertext of 256 bytes.
func (d goDecrypter) Decrypt(ciphertext []byte) ([]byte, error) {
	return rsa.DecryptPKCS1v15(nil, d.key, ciphertext) //nolint:staticcheck // the padding is WeCom's choice
}
