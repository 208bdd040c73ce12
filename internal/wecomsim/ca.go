package wecomsim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// sdkHost is the only name that the Finance SDK ever asks for.
const sdkHost = "qyapi.weixin.qq.com"

// authority is the local CA behind the TLS of the proxy.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func caFile(dir string) string { return filepath.Join(dir, "ca.pem") }

// openAuthority reads the CA of dir or makes one.
func openAuthority(dir string, now time.Time) (*authority, error) {
	keyFile := filepath.Join(dir, "ca_key.pem")
	certPEM, err1 := os.ReadFile(caFile(dir))
	keyPEM, err2 := os.ReadFile(keyFile)
	err := errors.Join(err1, err2)
	switch {
	case errors.Is(err1, fs.ErrNotExist) || errors.Is(err2, fs.ErrNotExist):
		return makeAuthority(dir, keyFile, now)
	case err != nil:
		return nil, fmt.Errorf("wecomsim: read CA: %w", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: read CA in %s: %w", dir, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("wecomsim: read CA in %s: its key is not ECDSA", dir)
	}
	return &authority{cert: pair.Leaf, key: key}, nil
}

func makeAuthority(dir, keyFile string, now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: make CA: %w", err)
	}
	tmpl := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "wecomsim local CA"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(10, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: make CA: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: make CA: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: make CA: %w", err)
	}
	err = writeFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
	if err == nil {
		err = writeFile(caFile(dir), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("wecomsim: write CA: %w", err)
	}
	return &authority{cert: cert, key: key}, nil
}

// issue makes a certificate for host.
func (a *authority) issue(host string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("wecomsim: make certificate: %w", err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("wecomsim: make certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}, nil
}

// serial is random, as certificates of one issuer must not share one.
func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return new(big.Int).SetBytes(b[:])
}
