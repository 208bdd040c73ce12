package finance

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/proxy"
)

// upstream opens verified TLS connections to WeCom.
type upstream struct {
	addr     string // host:port
	proxy    *url.URL
	user     string // user:password for the proxy, "" when it needs none
	config   *tls.Config
	timeout  time.Duration
	describe string // how it is reached, for errors
}

// dialError is a failure to reach WeCom, worded for the operator.
type dialError struct {
	class Class
	text  string
	err   error // may be nil
}

// Error gives text and cause.
func (e *dialError) Error() string {
	if e.err == nil {
		return e.text
	}
	return e.text + ": " + e.err.Error()
}

// Unwrap gives the cause.
func (e *dialError) Unwrap() error { return e.err }

// newUpstream reads the CA file and the proxy of checked options.
func newUpstream(o Options) (*upstream, error) {
	u := &upstream{addr: o.Upstream, user: o.ProxyPassword, timeout: o.Timeout, describe: o.Upstream}
	u.config = &tls.Config{ServerName: Host, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if err := u.setProxy(o.Proxy); err != nil {
		return nil, err
	}
	if o.CAFile == "" {
		return u, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, configError("the CA file: %v", err)
	}
	u.config.RootCAs = x509.NewCertPool()
	if !u.config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, configError("the CA file %s holds no PEM certificate", o.CAFile)
	}
	return u, nil
}

// setProxy understands what the SDK understands: host:port means http.
func (u *upstream) setProxy(text string) error {
	if text == "" {
		return nil
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	p, err := url.Parse(text)
	if err != nil || p.Hostname() == "" || p.Port() == "" {
		return configError("the proxy is not of the form http://host:port or socks5://host:port")
	}
	switch p.Scheme {
	case "http", "socks5", "socks5h":
	default:
		return configError("a proxy of the kind %q is not supported, only http and socks5", p.Scheme)
	}
	if password, ok := p.User.Password(); ok && u.user == "" {
		u.user = p.User.Username() + ":" + password
	}
	u.proxy = p
	u.describe = fmt.Sprintf("%s through the proxy %s", u.addr, p.Host)
	return nil
}

// dial opens a connection whose certificate has been checked. Errors are
// *dialError, unless ctx ended.
func (u *upstream) dial(ctx context.Context) (*tls.Conn, error) {
	// Before the caller's own timeout, so that it learns the reason.
	ctx, cancel := context.WithTimeout(ctx, u.timeout*3/4)
	defer cancel()
	raw, err := u.connect(ctx)
	if err != nil {
		return nil, u.wrap(err)
	}
	conn := tls.Client(&idleConn{Conn: raw, idle: u.idle()}, u.config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, u.wrap(err)
	}
	return conn, nil
}

// idle is how long a connection may be silent.
func (u *upstream) idle() time.Duration { return u.timeout + 10*time.Second }

// wrap words an error of connect or of the handshake.
func (u *upstream) wrap(err error) error {
	var known *dialError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &cert):
		return &dialError{ClassConfig, "the certificate of " + u.describe + " is not to be trusted as that of " + Host +
			"; something between here and WeCom intercepts TLS, the configured CA file is not the right one or this machine has no CA certificates", cert.Err}
	default:
		return &dialError{ClassRetry, "connect to " + u.describe, err}
	}
}

// connect opens the TCP connection, through the proxy if there is one.
func (u *upstream) connect(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	switch {
	case u.proxy == nil:
		return d.DialContext(ctx, "tcp", u.addr)
	case u.proxy.Scheme == "http":
		conn, err := d.DialContext(ctx, "tcp", u.proxy.Host)
		if err != nil {
			return nil, err
		}
		if err := u.tunnel(ctx, conn); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return conn, nil
	default:
		return u.socks(ctx, &d)
	}
}

// tunnel asks an HTTP proxy for a connection to the upstream.
func (u *upstream) tunnel(ctx context.Context, conn net.Conn) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	head := "CONNECT " + u.addr + " HTTP/1.1\r\nHost: " + u.addr + "\r\n"
	if u.user != "" {
		head += "Proxy-Authorization: " + basicAuth(u.user) + "\r\n"
	}
	if _, err := conn.Write([]byte(head + "\r\n")); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return fmt.Errorf("the proxy does not answer as an HTTP proxy: %w", err)
	}
	_ = resp.Body.Close() // empty after CONNECT
	switch {
	case resp.StatusCode == http.StatusProxyAuthRequired:
		return &dialError{ClassConfig, "the proxy " + u.proxy.Host + " refused the user or password (407)", nil}
	case resp.StatusCode != http.StatusOK:
		return &dialError{ClassRetry, fmt.Sprintf("the proxy %s refused %s with status %d", u.proxy.Host, u.addr, resp.StatusCode), nil}
	case in.Buffered() > 0:
		return &dialError{ClassRetry, "the proxy " + u.proxy.Host + " sent data before the tunnel was used", nil}
	}
	return nil
}

func basicAuth(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user))
}

// socks connects through a SOCKS5 proxy, which also resolves the name.
func (u *upstream) socks(ctx context.Context, d *net.Dialer) (net.Conn, error) {
	var auth *proxy.Auth
	if name, password, ok := strings.Cut(u.user, ":"); ok {
		auth = &proxy.Auth{User: name, Password: password}
	}
	dialer, err := proxy.SOCKS5("tcp", u.proxy.Host, auth, d)
	if err != nil {
		return nil, err
	}
	conn, err := dialer.(proxy.ContextDialer).DialContext(ctx, "tcp", u.addr)
	if err != nil && strings.Contains(err.Error(), "authentication") {
		return nil, &dialError{ClassConfig, "the proxy " + u.proxy.Host + " refused the user or password", err}
	}
	return conn, err
}

// idleConn gives up a connection on which nothing has moved for a while.
type idleConn struct {
	net.Conn
	idle time.Duration

	// cut says that TCP ended before TLS did: whoever reads a TLS connection only
	// stops at the end of TCP when there was no goodbye in TLS.
	cut atomic.Bool
}

// Read reads within the idle time.
func (c *idleConn) Read(b []byte) (int, error) {
	_ = c.SetDeadline(time.Now().Add(c.idle)) // fails only on a closed connection
	n, err := c.Conn.Read(b)
	if errors.Is(err, io.EOF) {
		c.cut.Store(true)
	}
	return n, err
}

// Write writes within the idle time, and prolongs a Read that is waiting.
func (c *idleConn) Write(b []byte) (int, error) {
	_ = c.SetDeadline(time.Now().Add(c.idle)) // fails only on a closed connection
	return c.Conn.Write(b)
}
