package wecomsim

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// connect asks the proxy for a tunnel and gives all that it brings without TLS
// ever being spoken.
func connect(t *testing.T, s *Sim) string {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", s.ProxyAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n", sdkHost, sdkHost); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "this is no TLS, so the tunnel ends\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(conn)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatal(err)
	}
	return string(b)
}

func TestSpoiltTunnels(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for _, tt := range []struct{ fault, want string }{
		{``, "HTTP/1.1 200 Connection established\r\n\r\n"},
		{`{"kind":"proxy.refuse"}`, "HTTP/1.1 503 Service Unavailable\r\n"},
		{`{"kind":"proxy.refuse","code":407}`, "HTTP/1.1 407 Proxy Authentication Required\r\n"},
		{`{"kind":"proxy.slow","delay_ms":5},{"kind":"proxy.refuse","code":502}`, "HTTP/1.1 502 Bad Gateway\r\n"},
		{`{"kind":"proxy.drop"}`, ""},
	} {
		setFaults(t, s, `{"faults":[`+tt.fault+`]}`)
		if got := connect(t, s); !strings.HasPrefix(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", tt.fault, got, tt.want)
		}
	}
}

func TestTunnelsAreCutAtAnyByte(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	whole := 0
	for _, n := range []int{0, 1, 5, 100, 700, 1000, 1400, 100000} {
		setFaults(t, s, fmt.Sprintf(`{"faults":[{"kind":"proxy.cut","bytes":%d}]}`, n))
		c := newSDKClient(t, s, nil)
		b, err := c.try("/cgi-bin/nowhere", "{}")
		if n == 100000 {
			if whole = len(b); err != nil || whole == 0 {
				t.Errorf("cut behind the end: %d bytes, %v", whole, err)
			}
		} else if err == nil {
			t.Errorf("cut at %d: the whole answer came: %s", n, b)
		}
		if struck := s.faultReport().Faults[0].Struck; struck == 0 {
			t.Errorf("cut at %d: not struck", n)
		}
	}
}

func TestTunnelsTrickle(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	setFaults(t, s, `{"faults":[{"kind":"proxy.trickle","bytes":20000},{"kind":"proxy.slow","delay_ms":20}]}`)
	began := time.Now()
	b, err := newSDKClient(t, s, nil).try("/cgi-bin/nowhere", "{}")
	if err != nil || !strings.Contains(string(b), "40066") {
		t.Errorf("answer %s, %v", b, err)
	}
	if took := time.Since(began); took < 50*time.Millisecond { // a handshake alone has more than 1000 bytes
		t.Errorf("took %v", took)
	}
}
