package finance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"time"
)

// grant lets one SDK process use the relay and keeps the last failure of its
// connections, because the SDK itself only says 10001.
type grant struct {
	password string // user:password

	mu     sync.Mutex
	err    error
	active int           // connections
	idle   chan struct{} // closed when active is 0; nil before the first one
}

func newGrant(name string) *grant { return &grant{password: name + ":" + rand.Text()} }

// enter and leave count a connection.
func (g *grant) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.active == 0 {
		g.idle = make(chan struct{})
	}
	g.active++
}

func (g *grant) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.active--; g.active == 0 {
		close(g.idle)
	}
}

// settle waits until the relay is done with the connections of a call that has
// failed, so that fail comes before take.
func (g *grant) settle() {
	g.mu.Lock()
	idle := g.idle
	g.mu.Unlock()
	if idle == nil {
		return
	}
	timer := time.NewTimer(relayGoodbye)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
}

func (g *grant) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

// take returns the last failure and forgets it.
func (g *grant) take() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := g.err
	g.err = nil
	return err
}

// throwAwayTLS makes a self-signed certificate for Host, whose key never leaves
// this process.
func throwAwayTLS() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: Host},
		DNSNames:     []string{Host},
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     time.Now().AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}, nil
}
