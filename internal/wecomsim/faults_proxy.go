package wecomsim

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const proxyGroup = "代理"

// proxyKinds are the faults of the CONNECT proxy. What they cut and slow down is
// the encrypted stream, the TLS handshake included.
var proxyKinds = []faultKind{
	{
		Kind: "proxy.refuse", Group: proxyGroup, Chance: byTunnel,
		About:  "代理拒绝 CONNECT，返回指定的 HTTP 状态",
		Effect: "the proxy refuses CONNECT with this HTTP status",
		Params: []faultParam{{Name: paramCode, Least: 400, Most: 599, Usual: http.StatusServiceUnavailable, About: "HTTP 状态"}},
	},
	{
		Kind: "proxy.drop", Group: proxyGroup, Chance: byTunnel,
		About:  "代理收到 CONNECT 后直接关闭连接",
		Effect: "the proxy closes the connection instead of answering CONNECT",
	},
	{
		Kind: "proxy.slow", Group: proxyGroup, Chance: byTunnel,
		About:  "代理过一段时间才应答 CONNECT",
		Effect: "the proxy answers CONNECT late",
		Params: []faultParam{{Name: paramDelay, Least: 1, Most: mostDelay, Usual: 1000, About: "毫秒"}},
	},
	{
		Kind: "proxy.trickle", Group: proxyGroup, Chance: byTunnel,
		About:  "隧道里发给客户端的数据按每秒若干字节慢慢发出",
		Effect: "the tunnel brings the client so many bytes a second",
		Params: []faultParam{{Name: paramBytes, Least: 1, Most: mostBytes, Usual: 4096, About: "每秒字节"}},
	},
	{
		Kind: "proxy.cut", Group: proxyGroup, Chance: byTunnel,
		About:  "隧道在发给客户端 N 字节（含 TLS 握手）后断开",
		Effect: "the tunnel ends after N bytes towards the client, TLS handshake counted",
		Params: []faultParam{{Name: paramBytes, Least: 0, Most: mostBytes, About: "字节"}},
	},
}

// spoilConnect is what goes wrong before the tunnel; true = there is none.
func (p *proxy) spoilConnect(w http.ResponseWriter, r *http.Request) bool {
	f := p.sim.faults
	if h, ok := f.strike("proxy.slow", ""); ok && !p.sim.pause(r.Context(), time.Duration(h.DelayMS)*time.Millisecond) {
		endConn(takeConn(w))
		return true
	}
	if h, ok := f.strike("proxy.refuse", ""); ok {
		http.Error(w, "wecomsim: refused on demand", h.Code)
		return true
	}
	if _, ok := f.strike("proxy.drop", ""); ok {
		endConn(takeConn(w))
		return true
	}
	return false
}

// spoilTunnel gives the tunnel as the faults leave it.
func (p *proxy) spoilTunnel(c *tunnelConn) net.Conn {
	f := p.sim.faults
	slow, isSlow := f.strike("proxy.trickle", "")
	cut, isCut := f.strike("proxy.cut", "")
	if !isSlow && !isCut {
		return c
	}
	out := &spoiltTunnel{tunnelConn: c, sim: p.sim, rate: slow.Bytes}
	out.left.Store(everything)
	if isCut {
		out.left.Store(int64(cut.Bytes))
	}
	return out
}

// spoiltTunnel brings its client data slowly, or only so much.
type spoiltTunnel struct {
	*tunnelConn
	sim  *Sim
	rate int          // bytes a second, 0 = at once
	left atomic.Int64 // bytes until the cut
}

// NetConn gives the connection below.
func (t *spoiltTunnel) NetConn() net.Conn { return t.Conn }

// Write implements net.Conn.
func (t *spoiltTunnel) Write(b []byte) (int, error) {
	n := min(int64(len(b)), t.left.Load())
	t.left.Add(-n)
	t.sim.writeSlowly(context.Background(), t.Conn, b[:n], t.rate)
	if t.left.Load() == 0 {
		endConn(t.Conn)
		return int(n), io.ErrClosedPipe
	}
	return int(n), nil
}
