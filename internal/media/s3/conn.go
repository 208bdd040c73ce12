package s3

import (
	"context"
	"net"
	"time"
)

// unsent is what the system may hold back of what was written, bytes: nobody
// sees it move, and it has to be through within the timeout.
const unsent = 512 << 10

// dialer opens connections that fail when nothing moves on them for timeout.
func dialer(timeout time.Duration) func(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(unsent) // without it a slow server looks silent for longer
		}
		return &watched{c, timeout}, nil
	}
}

// watched is a connection with a deadline that each byte in either direction
// moves on: a slow server is waited for, a dead one is not.
type watched struct {
	net.Conn
	timeout time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	w.moveOn()
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.moveOn()
	}
	return n, err
}

// piece is what is written under one deadline, bytes.
const piece = 64 << 10

func (w *watched) Write(p []byte) (int, error) {
	done := 0
	for {
		w.moveOn()
		n, err := w.Conn.Write(p[done:min(done+piece, len(p))])
		if done += n; err != nil || done == len(p) {
			return done, err
		}
	}
}

func (w *watched) moveOn() { _ = w.SetDeadline(time.Now().Add(w.timeout)) }
