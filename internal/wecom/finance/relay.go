package finance

import (
	"bufio"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	relayMaxConns  = 64
	relayMaxHeader = 16 << 10
	relayGreeting  = 10 * time.Second // for CONNECT and for the SDK's handshake
	relayGoodbye   = 2 * time.Second  // for the SDK to close after the last byte
)

// relay is a proxy on the loopback for our own SDK processes. The SDK accepts any
// issuer of the server's certificate; the relay ends the SDK's TLS with a
// throw-away certificate and opens a verified connection to WeCom in its place.
// It stores nothing of what passes through.
type relay struct {
	up     *upstream
	log    *slog.Logger
	ln     net.Listener
	config *tls.Config
	slots  chan struct{}

	cancel context.CancelFunc // ends all connections
	wg     sync.WaitGroup

	mu     sync.Mutex
	grants map[string]*grant // by the Proxy-Authorization header
}

// startRelay listens on a free port of the loopback until close is called; ctx
// is for the start only.
func startRelay(ctx context.Context, up *upstream, log *slog.Logger) (*relay, error) {
	config, err := throwAwayTLS()
	if err != nil {
		return nil, fmt.Errorf("finance: make the relay's certificate: %w", err)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("finance: start the relay: %w", err)
	}
	r := &relay{up: up, log: log, ln: ln, config: config, slots: make(chan struct{}, relayMaxConns), grants: map[string]*grant{}}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	r.wg.Go(func() { r.accept(running) })
	return r, nil
}

// url is the proxy argument for the SDK.
func (r *relay) url() string { return "http://" + r.ln.Addr().String() }

// grant makes the credentials of one SDK process.
func (r *relay) grant(name string) *grant {
	g := newGrant(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grants[basicAuth(g.password)] = g
	return g
}

// close ends the relay and all its connections.
func (r *relay) close() {
	r.cancel()
	_ = r.ln.Close()
	r.wg.Wait()
}

func (r *relay) accept(ctx context.Context) {
	for {
		conn, err := r.ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			r.log.WarnContext(ctx, "sdk relay cannot accept", "err", err)
			if pause(ctx, 100*time.Millisecond) != nil {
				return
			}
			continue
		}
		select {
		case r.slots <- struct{}{}:
			r.wg.Go(func() {
				defer func() { <-r.slots }()
				r.handle(ctx, conn)
			})
		default:
			_ = conn.Close()
		}
	}
}

// handle serves one connection of the SDK.
func (r *relay) handle(ctx context.Context, raw net.Conn) {
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	g, status := r.greet(raw)
	if status != http.StatusOK {
		refuse(raw, status)
		return
	}
	g.enter()
	defer g.leave()
	server, err := r.up.dial(ctx)
	if err != nil {
		g.fail(err)
		refuse(raw, http.StatusBadGateway)
		return
	}
	defer server.NetConn().Close()
	if err := r.connect(ctx, raw, server); err != nil && ctx.Err() == nil {
		g.fail(err)
	}
}

// greet reads the CONNECT and says whether to serve it.
func (r *relay) greet(conn net.Conn) (*grant, int) {
	_ = conn.SetDeadline(time.Now().Add(relayGreeting)) // fails only on a closed connection
	in := bufio.NewReader(io.LimitReader(conn, relayMaxHeader))
	req, err := http.ReadRequest(in)
	if err != nil {
		return nil, http.StatusBadRequest
	}
	g := r.find(req.Header.Get("Proxy-Authorization"))
	switch {
	case g == nil:
		return nil, http.StatusProxyAuthRequired
	case req.Method != http.MethodConnect:
		return nil, http.StatusMethodNotAllowed
	case req.RequestURI != net.JoinHostPort(Host, "443"):
		return nil, http.StatusForbidden
	case in.Buffered() > 0:
		return nil, http.StatusBadRequest
	}
	return g, http.StatusOK
}

// find looks the credentials up without telling by its timing how much of them
// is right.
func (r *relay) find(header string) *grant {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found *grant
	for want, g := range r.grants {
		if subtle.ConstantTimeCompare([]byte(want), []byte(header)) == 1 {
			found = g
		}
	}
	return found
}

func refuse(conn net.Conn, status int) {
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n", status, http.StatusText(status))
	if status == http.StatusProxyAuthRequired {
		head += "Proxy-Authenticate: Basic realm=\"huicun\"\r\n"
	}
	_, _ = io.WriteString(conn, head+"\r\n") // whoever it is may have gone
}

// connect ends the SDK's TLS and carries its bytes to the server and back.
func (r *relay) connect(ctx context.Context, raw net.Conn, server *tls.Conn) error {
	if _, err := io.WriteString(raw, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return &dialError{ClassRetry, "the SDK closed its connection", err}
	}
	client := tls.Server(&idleConn{Conn: raw, idle: r.up.idle()}, r.config)
	greeting, cancel := context.WithTimeout(ctx, relayGreeting)
	defer cancel()
	if err := client.HandshakeContext(greeting); err != nil {
		return &dialError{ClassConfig, "this SDK does not accept the relay's certificate; " +
			"switch the relay off if this SDK checks certificates itself", err}
	}
	if err := pipe(ctx, client, server); err != nil {
		return &dialError{ClassRetry, "the connection to WeCom broke off", err}
	}
	return nil
}

// pipe copies both ways until one side ends. Only a clean end of the server
// becomes a clean end for the SDK: a cut answer must not look complete.
func pipe(ctx context.Context, client, server *tls.Conn) error {
	closeBoth := func() {
		_ = client.NetConn().Close()
		_ = server.NetConn().Close()
	}
	stop := context.AfterFunc(ctx, closeBoth)
	defer stop()
	var up, down copying
	up.start(func() error { _, err := io.Copy(server, client); return err })
	down.start(func() error { return download(client, server) })
	select {
	case <-down.done:
		if down.err == nil && client.CloseWrite() == nil {
			timer := time.AfterFunc(relayGoodbye, closeBoth)
			defer timer.Stop()
		} else {
			closeBoth()
		}
		<-up.done
		return down.err
	case <-up.done:
		closeBoth()
		<-down.done
		return up.err
	}
}

// copying is one direction of a pipe.
type copying struct {
	done chan struct{}
	err  error // valid when done is closed
}

func (c *copying) start(do func() error) {
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		c.err = do()
	}()
}

// download copies the answer. Go takes an end without a goodbye in TLS for a
// clean one.
func download(client, server *tls.Conn) error {
	_, err := io.Copy(client, server)
	if c, ok := server.NetConn().(*idleConn); ok && err == nil && c.cut.Load() {
		return io.ErrUnexpectedEOF
	}
	return err
}
