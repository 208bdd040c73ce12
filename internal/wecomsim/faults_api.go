package wecomsim

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const apiGroup = "接口应答"

// apiKinds are the faults of calls below /cgi-bin/, on both listeners. Those that
// damage an answer let the call take effect before.
var apiKinds = []faultKind{
	{
		Kind: "api.error", Group: apiGroup, Chance: byCall, Path: true,
		About:  "返回指定的 errcode，请求不被执行",
		Effect: "answers the errcode; the call has no effect",
		Params: []faultParam{{Name: paramCode, Least: -1, Most: 9999999, Usual: -1, About: "errcode"}},
	},
	{
		Kind: "api.http", Group: apiGroup, Chance: byCall, Path: true,
		About:  "返回指定的 HTTP 状态和一页 HTML，请求不被执行",
		Effect: "answers this HTTP status with a gateway's HTML page; the call has no effect",
		Params: []faultParam{{Name: paramCode, Least: 400, Most: 599, Usual: http.StatusBadGateway, About: "HTTP 状态"}},
	},
	{
		Kind: "api.garbage", Group: apiGroup, Chance: byCall, Path: true,
		About:  "状态 200，内容却是一页 HTML，请求不被执行",
		Effect: "status 200 with an HTML page instead of JSON; the call has no effect",
	},
	{
		Kind: "api.drop", Group: apiGroup, Chance: byCall, Path: true,
		About:  "收到请求后直接关闭连接，请求不被执行",
		Effect: "the connection is closed; the call has no effect and no answer",
	},
	{
		Kind: "api.reset", Group: apiGroup, Chance: byCall, Path: true,
		About:  "收到请求后重置连接（TCP RST），请求不被执行",
		Effect: "the connection is reset (RST); the call has no effect and no answer",
	},
	{
		Kind: "api.slow", Group: apiGroup, Chance: byCall, Path: true,
		About:  "过一段时间才处理请求",
		Effect: "waits before it looks at the call",
		Params: []faultParam{{Name: paramDelay, Least: 1, Most: mostDelay, Usual: 1000, About: "毫秒"}},
	},
	{
		Kind: "api.trickle", Group: apiGroup, Chance: byCall, Path: true,
		About:  "应答内容按每秒若干字节慢慢发出",
		Effect: "sends the body at so many bytes a second",
		Params: []faultParam{{Name: paramBytes, Least: 1, Most: mostBytes, Usual: 1024, About: "每秒字节"}},
	},
	{
		Kind: "api.cut", Group: apiGroup, Chance: byCall, Path: true,
		About:  "请求已执行，应答（含状态行和头）发出 N 字节后断开；0 为一个字节也不发",
		Effect: "the call takes effect; the connection ends after N bytes of the answer, status line and headers counted",
		Params: []faultParam{{Name: paramBytes, Least: 0, Most: mostBytes, About: "字节"}},
	},
	{
		Kind: "api.cut_body", Group: apiGroup, Chance: byCall, Path: true,
		About:  "请求已执行，头完整（Content-Length 正确），内容发出 N 字节后断开",
		Effect: "the call takes effect; headers with the right Content-Length, then the connection ends after N bytes of the body",
		Params: []faultParam{{Name: paramBytes, Least: 0, Most: mostBytes, About: "字节"}},
	},
	{
		Kind: "api.truncate", Group: apiGroup, Chance: byCall, Path: true,
		About:  "请求已执行，内容只留前 N 字节，Content-Length 与之相符；0 为一半",
		Effect: "the call takes effect; only N bytes of the body with a Content-Length that fits; 0 = half",
		Params: []faultParam{{Name: paramBytes, Least: 0, Most: mostBytes, About: "字节"}},
	},
	{
		Kind: "api.empty", Group: apiGroup, Chance: byCall, Path: true,
		About:  "请求已执行，状态 200，内容为空",
		Effect: "the call takes effect; status 200 with an empty body",
	},
}

// apiPaths lists the calls that path may mean, in order.
var apiPaths = sync.OnceValue(func() []string {
	var s Sim
	all := []string{apiRoot + "gettoken", apiRoot + "message/getchatmediadata"}
	for pattern := range s.endpoints() {
		_, path, _ := strings.Cut(pattern, " ")
		all = append(all, path)
	}
	slices.Sort(all)
	return slices.Compact(all)
})

// shortPaths are apiPaths as a person writes them, without /cgi-bin/.
func shortPaths() []string {
	short := make([]string, 0, len(apiPaths()))
	for _, path := range apiPaths() {
		short = append(short, strings.TrimPrefix(path, apiRoot))
	}
	return short
}

// faulty puts the faults of kind api.* around every call.
func (s *Sim) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.faults.none() {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallBody+1))
		if err != nil {
			writeAnswer(w, nil, badParam("body cannot be read"))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !s.pauseCall(r) {
			endConn(takeConn(w))
			return
		}
		if s.hangUp(w, r) || s.refuse(w, r) {
			return
		}
		s.damage(w, r, next)
	})
}

// pauseCall is api.slow; false = the caller or the simulator has gone.
func (s *Sim) pauseCall(r *http.Request) bool {
	h, ok := s.faults.strike("api.slow", r.URL.Path)
	return !ok || s.pause(r.Context(), time.Duration(h.DelayMS)*time.Millisecond)
}

// pause waits; false = ctx or the simulator ended first.
func (s *Sim) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-s.stopping:
		return false
	}
}

// hangUp is api.drop and api.reset.
func (s *Sim) hangUp(w http.ResponseWriter, r *http.Request) bool {
	_, drop := s.faults.strike("api.drop", r.URL.Path)
	_, reset := s.faults.strike("api.reset", r.URL.Path)
	if !drop && !reset {
		return false
	}
	conn := takeConn(w)
	if reset {
		resetConn(conn)
	}
	endConn(conn)
	return true
}

// gatewayPage is what proxies say when they have no better answer.
const gatewayPage = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n"

// refuse is what answers without doing anything.
func (s *Sim) refuse(w http.ResponseWriter, r *http.Request) bool {
	if h, ok := s.faults.strike("api.error", r.URL.Path); ok {
		writeAnswer(w, nil, errorOf(h.Code))
		return true
	}
	status := 0
	if h, ok := s.faults.strike("api.http", r.URL.Path); ok {
		status = h.Code
	} else if _, ok := s.faults.strike("api.garbage", r.URL.Path); ok {
		status = http.StatusOK
	}
	if status == 0 {
		return false
	}
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", strconv.Itoa(len(gatewayPage)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, gatewayPage) // a caller that left needs no answer
	return true
}

// damage lets the call take effect and spoils its answer where a fault strikes.
func (s *Sim) damage(w http.ResponseWriter, r *http.Request, next http.Handler) {
	d := s.damageOf(r.URL.Path)
	if d == (answerDamage{bytes: everything, cut: everything, cutBody: everything}) {
		next.ServeHTTP(w, r)
		return
	}
	kept := &keptAnswer{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(kept, r)
	kept.shorten(d)
	if d.cut == everything && d.cutBody == everything {
		s.sendSlowly(r.Context(), w, kept, d.rate)
		return
	}
	conn := takeConn(w)
	defer endConn(conn)
	head := kept.head()
	n := min(d.cut, len(head)+min(d.cutBody, len(kept.body)))
	raw := append(head, kept.body...)
	s.writeSlowly(r.Context(), conn, raw[:min(n, len(raw))], d.rate)
}

// everything stands for "not cut".
const everything = 1 << 60

// answerDamage says what happens to one answer.
type answerDamage struct {
	status  int // instead of its own; 0 = its own
	bytes   int // of the body; everything = all, half = half
	rate    int // bytes a second, 0 = at once
	cut     int // bytes of the whole answer
	cutBody int // bytes of the body after a complete head
}

const half = -1

func (s *Sim) damageOf(path string) answerDamage {
	d := answerDamage{bytes: everything, cut: everything, cutBody: everything}
	if h, ok := s.faults.strike("api.truncate", path); ok {
		if d.bytes = h.Bytes; h.Bytes == 0 {
			d.bytes = half
		}
	}
	if _, ok := s.faults.strike("api.empty", path); ok {
		d.bytes = 0
	}
	if h, ok := s.faults.strike("api.trickle", path); ok {
		d.rate = h.Bytes
	}
	if h, ok := s.faults.strike("api.cut", path); ok {
		d.cut = h.Bytes
	}
	if h, ok := s.faults.strike("api.cut_body", path); ok {
		d.cutBody = h.Bytes
	}
	if path == sendPath {
		s.spoilSendAnswer(&d)
	}
	return d
}

// keptAnswer is an answer that has not been sent yet.
type keptAnswer struct {
	header http.Header
	status int
	body   []byte
}

// Header implements http.ResponseWriter.
func (k *keptAnswer) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *keptAnswer) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *keptAnswer) Write(b []byte) (int, error) {
	k.body = append(k.body, b...)
	return len(b), nil
}

// shorten leaves a part of the body, with headers that fit.
func (k *keptAnswer) shorten(d answerDamage) {
	if d.status != 0 {
		k.status, k.body = d.status, []byte(gatewayPage)
		k.header.Set("Content-Type", "text/html")
	}
	n := d.bytes
	if n == half {
		n = len(k.body) / 2
	}
	k.body = k.body[:min(n, len(k.body))]
	k.header.Set("Content-Length", strconv.Itoa(len(k.body)))
}

// head is the status line and the headers as they go over the wire.
func (k *keptAnswer) head() []byte {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(k.status) + " " + http.StatusText(k.status) + "\r\n")
	_ = k.header.Write(&b) // a buffer takes everything; names stay as they are spelt
	b.WriteString("Connection: close\r\n\r\n")
	return b.Bytes()
}

// sendSlowly sends the answer whole, at so many bytes a second.
func (s *Sim) sendSlowly(ctx context.Context, w http.ResponseWriter, k *keptAnswer, rate int) {
	for name, v := range k.header {
		w.Header()[name] = v
	}
	w.WriteHeader(k.status)
	s.writeSlowly(ctx, flushing{w}, k.body, rate)
}

// flushing sends each part of an answer at once.
type flushing struct{ http.ResponseWriter }

// Write implements io.Writer.
func (f flushing) Write(b []byte) (int, error) {
	n, err := f.ResponseWriter.Write(b)
	if err == nil {
		err = http.NewResponseController(f.ResponseWriter).Flush()
	}
	return n, err
}

// writeSlowly writes b at rate bytes a second, twenty times a second at most; 0 =
// at once. It gives up when the reader or the simulator has gone.
func (s *Sim) writeSlowly(ctx context.Context, w io.Writer, b []byte, rate int) {
	if rate == 0 {
		_, _ = w.Write(b) // a caller that left needs no answer
		return
	}
	const perSecond = 20
	step := max(rate/perSecond, 1)
	for len(b) > 0 {
		n := min(step, len(b))
		if _, err := w.Write(b[:n]); err != nil {
			return
		}
		if b = b[n:]; len(b) > 0 && !s.pause(ctx, time.Duration(n)*time.Second/time.Duration(rate)) {
			return
		}
	}
}

// takeConn takes the connection away from the HTTP server.
func takeConn(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes the connection, which is all that is wanted
	}
	return conn
}

// bareConn gives the connection below TLS and tunnel.
func bareConn(conn net.Conn) net.Conn {
	for {
		switch c := conn.(type) {
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		case *tunnelConn:
			conn = c.Conn
		default:
			return conn
		}
	}
}

// endConn closes a connection without TLS's farewell.
func endConn(conn net.Conn) { _ = bareConn(conn).Close() } // to be gone is its purpose

// resetConn makes the following close a reset.
func resetConn(conn net.Conn) {
	if c, ok := bareConn(conn).(*net.TCPConn); ok {
		_ = c.SetLinger(0) // then it is an ordinary close
	}
}
