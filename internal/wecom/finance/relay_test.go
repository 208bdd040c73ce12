package finance

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func newRelay(t *testing.T, o Options) *relay {
	t.Helper()
	o.CorpID, o.Secret = "ww1", "s"
	o, err := o.normal()
	if err != nil {
		t.Fatal(err)
	}
	up, err := newUpstream(o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := startRelay(t.Context(), up, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

// ask sends head to the relay and returns the status of the answer.
func ask(t *testing.T, r *relay, head string) (net.Conn, int) {
	t.Helper()
	conn, err := net.Dial("tcp", r.ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return conn, resp.StatusCode
}

func TestRelayServesOnlyItsOwnProcesses(t *testing.T) {
	f := newFakeWeCom(t)
	r := newRelay(t, Options{Upstream: f.TLSAddr, CAFile: f.CAFile})
	auth := "Proxy-Authorization: " + basicAuth(r.grant("w").password) + "\r\n"
	for _, tt := range []struct {
		name, head string
		want       int
	}{
		{"no credentials", "CONNECT qyapi.weixin.qq.com:443 HTTP/1.1\r\n\r\n", 407},
		{"other credentials", "CONNECT qyapi.weixin.qq.com:443 HTTP/1.1\r\nProxy-Authorization: " + basicAuth("w:x") + "\r\n\r\n", 407},
		{"other host", "CONNECT example.com:443 HTTP/1.1\r\n" + auth + "\r\n", 403},
		{"other port", "CONNECT qyapi.weixin.qq.com:80 HTTP/1.1\r\n" + auth + "\r\n", 403},
		{"other method", "GET http://qyapi.weixin.qq.com:443/ HTTP/1.1\r\nHost: qyapi.weixin.qq.com\r\n" + auth + "\r\n", 405},
		{"not HTTP", "\x16\x03\x01 hello\r\n\r\n", 400},
		{"endless header", "CONNECT qyapi.weixin.qq.com:443 HTTP/1.1\r\nX: " + strings.Repeat("x", relayMaxHeader) + "\r\n\r\n", 400},
		{"too eager", "CONNECT qyapi.weixin.qq.com:443 HTTP/1.1\r\n" + auth + "\r\nmore", 400},
		{"right", "CONNECT qyapi.weixin.qq.com:443 HTTP/1.1\r\n" + auth + "\r\n", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := ask(t, r, tt.head); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
		})
	}
}

func TestRelayKeepsWhyItFailed(t *testing.T) {
	good, other := newFakeWeCom(t), newFakeWeCom(t)
	for _, tt := range []struct {
		name  string
		o     Options
		want  string
		class Class
	}{
		{"unknown issuer", Options{Upstream: good.TLSAddr, CAFile: other.CAFile}, "intercepts TLS", ClassConfig},
		{"nobody listens", Options{Upstream: "127.0.0.1:1"}, "connection refused", ClassRetry},
		{"no such proxy", Options{Proxy: "127.0.0.1:1"}, "through the proxy 127.0.0.1:1", ClassRetry},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRelay(t, tt.o)
			g := r.grant("w")
			if _, got := ask(t, r, connectHead(g)); got != http.StatusBadGateway {
				t.Errorf("status %d, want 502", got)
			}
			err := g.take()
			var dial *dialError
			if !errors.As(err, &dial) || dial.class != tt.class || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the relay keeps %v, want class %v with %q", err, tt.class, tt.want)
			}
			if err := g.take(); err != nil {
				t.Errorf("taken twice: %v", err)
			}
		})
	}
}

func connectHead(g *grant) string {
	return "CONNECT qyapi.weixin.qq.com:443 HTTP/1.1\r\nProxy-Authorization: " + basicAuth(g.password) + "\r\n\r\n"
}

// relayTLS opens the inner TLS connection, as the SDK does.
func relayTLS(t *testing.T, r *relay, g *grant) *tls.Conn {
	t.Helper()
	raw, status := ask(t, r, connectHead(g))
	if status != http.StatusOK {
		t.Fatalf("CONNECT: status %d", status)
	}
	return tls.Client(&idleConn{Conn: raw, idle: time.Minute}, &tls.Config{ServerName: Host, InsecureSkipVerify: true}) //nolint:gosec // as the SDK does
}

func TestRelayDoesNotMakeACutAnswerLookWhole(t *testing.T) {
	ca, cert := makeCertificates(t)
	caFile := t.TempDir() + "/ca.pem"
	writeFile(t, caFile, ca)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() { // a server that breaks off without saying goodbye in TLS
		raw, err := ln.Accept()
		if err != nil {
			return
		}
		conn := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{cert}})
		_, _ = io.WriteString(conn, "HTTP/1.0 200 OK\r\n\r\nhalf of it")
		_ = raw.Close()
	}()
	r := newRelay(t, Options{Upstream: ln.Addr().String(), CAFile: caFile})
	g := r.grant("w")
	conn := relayTLS(t, r, g)
	got, err := io.ReadAll(conn)
	if diff := cmp.Diff("HTTP/1.0 200 OK\r\n\r\nhalf of it", string(got)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if err == nil && !conn.NetConn().(*idleConn).cut.Load() {
		t.Error("the cut answer ended cleanly")
	}
	g.settle()
	if err := g.take(); err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("the relay keeps %v, want that the connection broke off", err)
	}
}

func TestRelayCloseEndsItsConnections(t *testing.T) {
	f := newFakeWeCom(t)
	r := newRelay(t, Options{Upstream: f.TLSAddr, CAFile: f.CAFile})
	conn := relayTLS(t, r, r.grant("w"))
	if err := conn.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlives the relay")
	}
}

func TestRelayRefusedByTheSDK(t *testing.T) {
	f := newFakeWeCom(t)
	r := newRelay(t, Options{Upstream: f.TLSAddr, CAFile: f.CAFile})
	g := r.grant("w")
	raw, _ := ask(t, r, connectHead(g))
	verifying := tls.Client(raw, &tls.Config{ServerName: Host})
	if err := verifying.HandshakeContext(t.Context()); err == nil {
		t.Fatal("the throw-away certificate is trusted")
	}
	_ = verifying.Close()
	g.settle()
	if err := g.take(); err == nil || !strings.Contains(err.Error(), "switch the relay off") {
		t.Errorf("the relay keeps %v, want advice to switch it off", err)
	}
}

func TestUpstreamThroughProxies(t *testing.T) {
	f := newFakeWeCom(t)
	f.proxyUser = "wang:hush"
	socks := newSOCKS(t, f.TLSAddr, "wang", "hush")
	for _, tt := range []struct {
		name, proxy, password string
		want                  string // in the error; "" for none
	}{
		{"http", "http://" + f.ProxyAddr, "wang:hush", ""},
		{"http without scheme", f.ProxyAddr, "wang:hush", ""},
		{"http with the password in the address", "http://wang:hush@" + f.ProxyAddr, "", ""},
		{"http, wrong password", "http://" + f.ProxyAddr, "wang:push", "refused the user or password"},
		{"http, no password", "http://" + f.ProxyAddr, "", "refused the user or password"},
		{"http that is none", "http://" + f.TLSAddr, "", "broke off|does not answer|status 400"},
		{"socks5", "socks5://" + socks, "wang:hush", ""},
		{"socks5, wrong password", "socks5://" + socks, "wang:push", "refused the user or password"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{CorpID: "ww1", Secret: "s", CAFile: f.CAFile, Proxy: tt.proxy, ProxyPassword: tt.password}
			o, err := o.normal()
			if err != nil {
				t.Fatal(err)
			}
			up, err := newUpstream(o)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := up.dial(t.Context())
			if err == nil {
				conn.Close()
			}
			if !containsAny(fmt.Sprint(err), tt.want) {
				t.Errorf("dial: %v, want %q", err, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "ush") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

// containsAny looks for one of the parts of want; "" wants no error.
func containsAny(text, want string) bool {
	if want == "" {
		return text == "<nil>"
	}
	for part := range strings.SplitSeq(want, "|") {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func TestDialEndsWithItsContext(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the kernel and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, o := range []Options{{Upstream: ln.Addr().String()}, {Proxy: ln.Addr().String()}, {Proxy: "socks5://" + ln.Addr().String()}} {
		o.CorpID, o.Secret = "ww1", "s"
		o, err := o.normal()
		if err != nil {
			t.Fatal(err)
		}
		up, err := newUpstream(o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if conn, err := up.dial(ctx); err == nil {
			conn.Close()
			t.Errorf("%s: dialled although its context had ended", up.describe)
		}
	}
}
