package finance

import (
	"bufio"
	"cmp"
	"crypto/aes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// fakeWeCom speaks just enough of the SDK's protocol for these tests: a proxy
// that sends every CONNECT to a TLS server for Host.
type fakeWeCom struct {
	CAFile    string
	ProxyAddr string // takes CONNECT
	TLSAddr   string

	mu        sync.Mutex
	token     string // body of gettoken; a token when empty
	chat      func(seq uint64, limit int) string
	media     map[string][]byte // by fileid
	mediaErr  int
	rangeUnit string // of media answers; BYTES when empty
	proxyUser string // user:password that the proxy wants
	tokens    int    // gettoken calls
	chats     int    // getchatdata calls
	queries   []string
}

// set changes the fake's behaviour.
func (f *fakeWeCom) set(change func(*fakeWeCom)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func newFakeWeCom(t *testing.T) *fakeWeCom {
	t.Helper()
	f := &fakeWeCom{media: map[string][]byte{}}
	ca, cert := makeCertificates(t)
	f.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(f.CAFile, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(f)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	f.TLSAddr = srv.Listener.Addr().String()
	f.startProxy(t)
	return f
}

// makeCertificates gives a CA in PEM and a certificate of it for Host.
func makeCertificates(t *testing.T) ([]byte, tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: Host}, DNSNames: []string{Host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: key}
}

// startProxy serves CONNECT until the test ends.
func (f *fakeWeCom) startProxy(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.ProxyAddr = ln.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { f.connect(conn) })
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
}

// connect serves one CONNECT.
func (f *fakeWeCom) connect(conn net.Conn) {
	defer conn.Close()
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	f.mu.Lock()
	want := f.proxyUser
	f.mu.Unlock()
	if want != "" && req.Header.Get("Proxy-Authorization") != basicAuth(want) {
		fmt.Fprint(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
		return
	}
	server, err := net.Dial("tcp", f.TLSAddr)
	if err != nil || req.Method != http.MethodConnect {
		return
	}
	defer server.Close()
	fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n\r\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(server, conn)
		_ = server.Close()
	}()
	_, _ = io.Copy(conn, server)
	_ = conn.Close()
	<-done
}

// ServeHTTP answers the three calls of the SDK.
func (f *fakeWeCom) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries = append(f.queries, r.URL.RawQuery)
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/cgi-bin/gettoken":
		f.tokens++
		if f.token != "" {
			fmt.Fprint(w, f.token)
			return
		}
		fmt.Fprintf(w, `{"errcode":0,"errmsg":"ok","access_token":"TOKEN-%d","expires_in":7200}`, f.tokens)
	case "/cgi-bin/message/getchatdata":
		f.chats++
		f.serveChat(w, r)
	case "/cgi-bin/message/getchatmediadata":
		f.serveMedia(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (f *fakeWeCom) serveChat(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Seq   int64 `json:"seq"`
		Limit int   `json:"limit"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || f.chat == nil {
		fmt.Fprint(w, `{"errcode":-1,"errmsg":"system busy"}`)
		return
	}
	if r.URL.Query().Get("access_token") == "" {
		fmt.Fprint(w, `{"errcode":41001,"errmsg":"access_token missing"}`)
		return
	}
	fmt.Fprint(w, f.chat(uint64(q.Seq), q.Limit))
}

const mediaKey = "0123456789abcdef"

// fileID is an sdkfileid for a file of the fake.
func fileID(name string) string {
	var b []byte
	for i, s := range []string{name, "AUTHKEY", hex.EncodeToString([]byte(mediaKey))} {
		b = append(b, byte(i+1)<<3|2, byte(len(s)))
		b = append(b, s...)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func (f *fakeWeCom) serveMedia(w http.ResponseWriter, r *http.Request) {
	var q struct {
		FileID string `json:"fileid"`
	}
	_ = json.NewDecoder(r.Body).Decode(&q)
	data, ok := f.media[q.FileID]
	if f.mediaErr != 0 || !ok {
		fmt.Fprintf(w, `{"errcode":%d,"errmsg":"no"}`, max(f.mediaErr, 40007))
		return
	}
	pad := 16 - len(data)%16
	sealed := append(append([]byte(nil), data...), make([]byte, pad)...)
	for i := range pad {
		sealed[len(data)+i] = byte(pad)
	}
	block, _ := aes.NewCipher([]byte(mediaKey))
	for i := 0; i < len(sealed); i += 16 {
		block.Encrypt(sealed[i:i+16], sealed[i:i+16])
	}
	var a, z int
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &a, &z); err != nil || a >= len(sealed) {
		fmt.Fprint(w, `{"errcode":40058,"errmsg":"range"}`)
		return
	}
	z = min(z, len(sealed)-1)
	w.Header()["CONTENT-RANGE"] = []string{fmt.Sprintf("%s %d-%d/%d", cmp.Or(f.rangeUnit, "BYTES"), a, z, len(sealed))}
	w.WriteHeader(http.StatusPartialContent)
	_ = json.NewEncoder(w).Encode(map[string]any{"errcode": 0, "errmsg": "ok", "content": base64.StdEncoding.EncodeToString(sealed[a : z+1])})
}
