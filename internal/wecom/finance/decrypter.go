package finance

import "crypto/rsa"

// GoDecrypterName is what DecrypterName gives where crypto/rsa is used.
const GoDecrypterName = "go"

// goDecrypter is the Decrypter of the standard library.
type goDecrypter struct{ key *rsa.PrivateKey }

// NewGoDecrypter opens messages with Go's crypto/rsa, in every build.
func NewGoDecrypter(key *rsa.PrivateKey) Decrypter { return goDecrypter{key} }

// Decrypt opens a ciphertext of 256 bytes.
func (d goDecrypter) Decrypt(ciphertext []byte) ([]byte, error) {
	return rsa.DecryptPKCS1v15(nil, d.key, ciphertext) //nolint:staticcheck // the padding is WeCom's choice
}
