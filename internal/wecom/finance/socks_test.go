package finance

import (
	"io"
	"net"
	"sync"
	"testing"
)

// newSOCKS is a SOCKS5 proxy that wants a user and sends everybody to target. It
// refuses addresses that are not names, which the client should have left to it.
func newSOCKS(t *testing.T, target, user, password string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { serveSOCKS(conn, target, user, password) })
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	return ln.Addr().String()
}

func serveSOCKS(conn net.Conn, target, user, password string) {
	defer conn.Close()
	read := func(n int) string {
		b := make([]byte, n)
		if _, err := io.ReadFull(conn, b); err != nil {
			return string(make([]byte, n))
		}
		return string(b)
	}
	read(int(read(2)[1]))           // version, methods
	_, _ = conn.Write([]byte{5, 2}) // user and password, please
	name := read(int(read(2)[1]))   // version, user
	given := read(int(read(1)[0]))  // password
	if name != user || given != password {
		_, _ = conn.Write([]byte{1, 1})
		return
	}
	_, _ = conn.Write([]byte{1, 0})
	if read(4)[3] != 3 { // a domain name
		return
	}
	if host := read(int(read(1)[0])); host != Host || read(2) != "\x01\xbb" {
		return
	}
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	done := make(chan struct{})
	go func() { defer close(done); _, _ = io.Copy(server, conn); _ = server.Close() }()
	_, _ = io.Copy(conn, server)
	_ = conn.Close()
	<-done
}
