package finance

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHarmless(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"finance-helper: it takes no arguments", "it takes no arguments"},
		{"terminate called after throwing an instance of 'std::out_of_range'", "terminate called after throwing an instance of 'std::out_of_range'"},
		{"  what():  [json.exception.type_error.302] type must be string, but is TOKEN", "  what():  [json.exception.type_error.302]"},
		{"  what():  basic_string::substr TOKEN", ""},
		{"SIGABRT: abort", "SIGABRT: abort"},
		{"SIGSEGV: segmentation violation", "SIGSEGV: segmentation violation"},
		{"fatal error: unexpected signal during runtime execution", "fatal error: unexpected signal during runtime execution"},
		{`{"content":"秘密"}`, ""},
		{"get token TOKEN", ""},
	} {
		if diff := cmp.Diff(tt.want, harmless(tt.line)); diff != "" {
			t.Errorf("harmless(%q) (-want +got):\n%s", tt.line, diff)
		}
	}
}

func TestStderrLogHidesWhatItDoesNotKnow(t *testing.T) {
	var out bytes.Buffer
	log := &stderrLog{worker: "sdk-0", log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	fmt.Fprint(log, "SIGAB")
	fmt.Fprint(log, "RT: abort\nTOKEN-1\nTOK")
	fmt.Fprint(log, "EN-2 "+strings.Repeat("x", 1<<20))
	fmt.Fprint(log, "x")
	log.flush()
	if strings.Contains(out.String(), "TOK") {
		t.Errorf("the log holds what the library printed: %.500s", out.String())
	}
	for _, want := range []string{`line="SIGABRT: abort"`, "hidden=2"} {
		if strings.Count(out.String(), want) != 1 {
			t.Errorf("the log lacks %s: %.500s", want, out.String())
		}
	}
}

func TestStderrLogIsBounded(t *testing.T) {
	var out bytes.Buffer
	log := &stderrLog{log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for range 1000 {
		fmt.Fprintln(log, "SIGABRT: abort")
	}
	log.flush()
	if got := strings.Count(out.String(), "\n"); got != maxStderrLines+1 {
		t.Errorf("%d lines were logged, want %d and a note", got, maxStderrLines)
	}
}

func TestHelperLogIsDebug(t *testing.T) {
	f := newFakeWeCom(t)
	var out bytes.Buffer
	o := sdkOptions(t, f)
	o.Log = slog.New(slog.NewTextHandler(&syncWriter{w: &out}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.token = `{"errcode":0,"errmsg":"ok","access_token":"PLANTED-TOKEN","expires_in":7200,"unknown":1}`
	c := openSDK(t, o)
	if _, err := c.GetChatData(t.Context(), 0, 1); err == nil {
		t.Error("GetChatData: no error")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	for _, planted := range []string{"PLANTED", "SECRET", o.Secret} {
		if strings.Contains(out.String(), planted) {
			t.Errorf("the log holds %q:\n%s", planted, out.String())
		}
	}
	if !strings.Contains(out.String(), `level=DEBUG msg="sdk helper stderr"`) || !strings.Contains(out.String(), "terminate called") {
		t.Errorf("the log does not say how the library ended:\n%s", out.String())
	}
}

// syncWriter lets several goroutines write.
type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write writes alone.
func (s *syncWriter) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}
