package finance

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// keyBits is the only size that WeCom accepts.
const keyBits = 2048

// maxKeyFile is far more than a key takes; what is larger is something else.
const maxKeyFile = 64 << 10

// parseKey reads the one RSA private key in a PEM file: PKCS#1 as OpenSSL 1 and
// PKCS#8 as OpenSSL 3 writes it.
func parseKey(data []byte) (*rsa.PrivateKey, error) {
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("the file is larger than %d bytes, which no private key is", maxKeyFile)
	}
	block, err := privateBlock(data)
	if err != nil {
		return nil, err
	}
	key, err := parseBlock(block)
	if err != nil {
		return nil, err
	}
	if n := key.N.BitLen(); n != keyBits {
		return nil, fmt.Errorf("the RSA key has %d bits, WeCom wants %d", n, keyBits)
	}
	if err := key.Validate(); err != nil {
		return nil, errors.New("the RSA key is damaged")
	}
	key.Precompute()
	return key, nil
}

// privateBlock finds the private key among the blocks of a PEM file.
func privateBlock(data []byte) (*pem.Block, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // as Windows editors write it
	var found *pem.Block
	other := ""
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			other = block.Type
			continue
		}
		if found != nil {
			return nil, errors.New("the file holds more than one private key")
		}
		found = block
	}
	switch {
	case found != nil:
		return found, nil
	case other == "PUBLIC KEY" || other == "RSA PUBLIC KEY":
		return nil, errors.New("the file holds the public key, not the private key")
	case other != "":
		return nil, errors.New("the file holds no private key")
	default:
		return nil, errors.New("the file is not PEM (-----BEGIN PRIVATE KEY-----)")
	}
}

func parseBlock(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, errors.New("the private key is protected by a password; remove it with: openssl rsa -in FILE -out NEWFILE")
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("the PKCS#1 private key is damaged")
		}
		return key, nil
	case "PRIVATE KEY":
		return parsePKCS8(block.Bytes)
	default:
		return nil, fmt.Errorf("the private key is no RSA key but of type %.40q", block.Type)
	}
}

func parsePKCS8(der []byte) (*rsa.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the PKCS#8 private key is damaged or of an unknown kind")
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the private key is no RSA key but %T", key)
	}
	return rsaKey, nil
}
