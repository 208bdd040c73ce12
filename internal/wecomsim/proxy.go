package wecomsim

import (
	"bufio"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// proxy is the CONNECT proxy through which the Finance SDK reaches the
// simulator: it answers for qyapi.weixin.qq.com itself and for nobody else.
type proxy struct {
	sim      *Sim
	password string // "user:password"; "" = none asked
	tunnels  *connListener
	front    *http.Server // speaks CONNECT
	back     *http.Server // speaks TLS and HTTP inside the tunnel
}

func newProxy(addr net.Addr, sim *Sim, cert tls.Certificate, api http.Handler) *proxy {
	p := &proxy{sim: sim, password: sim.cfg.ProxyPassword, tunnels: newConnListener(addr)}
	p.front = &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quietLog}
	p.back = &http.Server{
		Handler:           api,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          quietLog,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}},
	}
	return p
}

// serve runs until shutdown. l is closed then.
func (p *proxy) serve(l net.Listener) error {
	var wg sync.WaitGroup
	var backErr error
	wg.Go(func() { backErr = p.back.ServeTLS(p.tunnels, "", "") })
	frontErr := p.front.Serve(l)
	_ = p.tunnels.Close() // never fails
	wg.Wait()
	return errors.Join(served(frontErr), served(backErr))
}

func (p *proxy) shutdown(ctx context.Context) error {
	err := p.front.Shutdown(ctx)
	if e := p.back.Shutdown(ctx); e != nil {
		err = errors.Join(err, p.back.Close())
	}
	return err
}

// ServeHTTP answers one request to the proxy.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "wecomsim: only CONNECT", http.StatusMethodNotAllowed)
		return
	}
	if !p.allowed(r.Header.Get("Proxy-Authorization")) {
		w.Header().Set("Proxy-Authenticate", `Basic realm="wecomsim"`)
		http.Error(w, "wecomsim: proxy password wrong or missing", http.StatusProxyAuthRequired)
		return
	}
	if r.Host != sdkHost+":443" {
		http.Error(w, "wecomsim: only "+sdkHost+":443 is behind this proxy", http.StatusForbidden)
		return
	}
	if p.spoilConnect(w, r) {
		return
	}
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "wecomsim: cannot open a tunnel", http.StatusInternalServerError)
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close() // the client is gone
		return
	}
	p.tunnels.push(p.spoilTunnel(&tunnelConn{Conn: conn, r: buf.Reader}))
}

func (p *proxy) allowed(header string) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.password))
	return p.password == "" || subtle.ConstantTimeCompare([]byte(header), []byte(want)) == 1
}

// tunnelConn reads first what the HTTP server had read ahead.
type tunnelConn struct {
	net.Conn
	r *bufio.Reader
}

// Read implements net.Conn.
func (c *tunnelConn) Read(b []byte) (int, error) { return c.r.Read(b) }

// connListener is a net.Listener whose connections are pushed into it.
type connListener struct {
	addr  net.Addr
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newConnListener(addr net.Addr) *connListener {
	return &connListener{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// push hands c to Accept, or closes it when nobody accepts any more.
func (l *connListener) push(c net.Conn) {
	select {
	case l.conns <- c:
	case <-l.done:
		_ = c.Close() // the server is stopping
	}
}

// Accept implements net.Listener.
func (l *connListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *connListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener.
func (l *connListener) Addr() net.Addr { return l.addr }

// served turns the error of a stopped server into nil.
func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
