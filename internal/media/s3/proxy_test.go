package s3

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between a store and its server.
type proxy struct {
	Endpoint string

	target string
	pause  time.Duration // after each piece, in both directions
	up     atomic.Int64  // bytes to the server so far
	onUp   func(total int64)
	onDown func(total int64) bool // false: cut the connection; of one connection

	conns sync.WaitGroup
}

// proxyPiece is what passes at a time, bytes.
const proxyPiece = 32 << 10

func (p *proxy) start(t *testing.T, endpoint string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.target = strings.TrimPrefix(endpoint, "http://")
	p.Endpoint = "http://" + l.Addr().String()
	p.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.conns.Go(func() { p.serve(c.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.conns.Wait()
	})
	return p
}

func (p *proxy) serve(c *net.TCPConn) {
	defer func() { _ = c.Close() }()
	if p.pause > 0 {
		_ = c.SetReadBuffer(proxyPiece) // the sender feels it
	}
	s, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer func() { _ = s.Close() }()
	var both sync.WaitGroup
	both.Go(func() {
		p.pass(s, c, func(n int) bool {
			if total := p.up.Add(int64(n)); p.onUp != nil {
				p.onUp(total)
			}
			return true
		})
		_ = s.Close()
	})
	both.Go(func() {
		var total int64
		p.pass(c, s, func(n int) bool {
			total += int64(n)
			return p.onDown == nil || p.onDown(total)
		})
		_ = c.Close()
	})
	both.Wait()
}

// pass copies until an end fails or seen says no.
func (p *proxy) pass(to io.Writer, from io.Reader, seen func(n int) bool) {
	buf := make([]byte, proxyPiece)
	for {
		n, err := from.Read(buf)
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil || !seen(n) {
			return
		}
		if p.pause > 0 {
			<-time.After(p.pause)
		}
	}
}
