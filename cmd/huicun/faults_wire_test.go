package main

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// wire is the network between two programs: a TCP port that leads to an
// address, and that can be cut, or stall.
type wire struct {
	network, address string
	listener         net.Listener

	mu    sync.Mutex
	moved *sync.Cond // state or end of a connection
	state wireState
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

// wireState is what a wire does with what comes.
type wireState string

const (
	wireOpen    wireState = "open"
	wireCut     wireState = "cut"     // connections break, new ones too
	wireStalled wireState = "stalled" // connections are taken, and nothing moves
)

// newWire lays a wire to an address.
func newWire(t *testing.T, network, address string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{network: network, address: address, listener: l, state: wireOpen, conns: map[net.Conn]bool{}}
	w.moved = sync.NewCond(&w.mu)
	w.wg.Go(w.accept)
	t.Cleanup(func() {
		_ = l.Close()
		w.set(wireCut)
		w.wg.Wait()
	})
	return w
}

// Addr is where the wire begins.
func (w *wire) Addr() string { return w.listener.Addr().String() }

// set changes the state; cutting also ends what is connected.
func (w *wire) set(s wireState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = s
	if s == wireCut {
		for c := range w.conns {
			_ = c.Close()
		}
	}
	w.moved.Broadcast()
}

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.wg.Go(func() { w.carry(near) })
	}
}

// carry joins a connection with one to the address.
func (w *wire) carry(near net.Conn) {
	defer w.forget(near)
	if !w.keep(near) {
		return
	}
	far, err := net.Dial(w.network, w.address)
	if err != nil {
		return
	}
	defer w.forget(far)
	if !w.keep(far) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { w.pump(far, near) })
	w.pump(near, far)
	both.Wait()
}

// keep notes a connection; false: the wire is cut.
func (w *wire) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[c] = true
	return w.state != wireCut
}

func (w *wire) forget(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
	_ = c.Close()
}

// pump copies one way, while the wire lets it.
func (w *wire) pump(to, from net.Conn) {
	defer func() { _, _ = from.Close(), to.Close() }()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if !w.pass() {
			return
		}
		if _, werr := to.Write(b[:n]); werr != nil || err != nil {
			return
		}
	}
}

// pass waits while the wire is stalled; false: it is cut.
func (w *wire) pass() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.state == wireStalled {
		w.moved.Wait()
	}
	return w.state == wireOpen
}

// through gives the address of a URL another host.
func through(t *testing.T, address string, w *wire) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = w.Addr()
	return u.String()
}
