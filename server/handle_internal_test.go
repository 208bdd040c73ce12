package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/gin-gonic/gin"
)

// A reader who leaves is no failure of ours; a database that does is.
func TestReadersWhoLeaveAreNotLoggedAsFailures(t *testing.T) {
	kept := slog.Default()
	defer slog.SetDefault(kept)
	broken := func(number syscall.Errno) error {
		return fmt.Errorf("write tcp: %w", os.NewSyscallError("write", number))
	}
	for _, tt := range []struct {
		name    string
		written bool
		err     error
		logged  bool
	}{
		{"left during the answer", true, broken(syscall.EPIPE), false},
		{"reset during the answer", true, broken(syscall.ECONNRESET), false},
		{"a database that left", false, broken(syscall.EPIPE), true},
		{"a failure during the answer", true, errors.New("json: unsupported value"), true},
	} {
		var log bytes.Buffer
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		if tt.written {
			_, _ = c.Writer.WriteString("{")
		}
		fail(c, tt.err)
		if got := strings.Contains(log.String(), "request failed"); got != tt.logged {
			t.Errorf("%s: logged %v, want %v: %s", tt.name, got, tt.logged, log.String())
		}
	}
}
