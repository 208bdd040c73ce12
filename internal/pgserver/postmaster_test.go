package pgserver

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParsePidFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       pidFile
		wantErr    error
	}{
		{"socket", "42\n/d\n1\n5432\n/run\n\n  1  2\nready   \n", pidFile{pid: 42, port: 5432, socketDir: "/run", ready: true}, nil},
		{"port", "42\n/d\n1\n6000\n\n127.0.0.1\n  1  2\nready   \n", pidFile{pid: 42, port: 6000, ready: true}, nil},
		{"starting", "42\n/d\n1\n5432\n/run\n\n  1  2\nstarting\n", pidFile{pid: 42, port: 5432, socketDir: "/run"}, nil},
		{"first lines only", "42\n/d\n1\n5432\n", pidFile{pid: 42}, nil},
		{"single-user mode", "-42\n/d\n", pidFile{}, errPidFileCut},
		{"empty", "", pidFile{}, errPidFileCut},
		{"rubbish", "ready\n", pidFile{}, errPidFileCut},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parsePidFile(tt.text)
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("parsePidFile = %v, want %v", err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(pidFile{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A server that is stopped (SIGSTOP) or overwhelmed says that it is ready.
func TestReadyServerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Start(ctx, Options{DataDir: t.TempDir(), Settings: map[string]string{"fsync": "off"}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(syscall.Kill(s.PID(), syscall.SIGCONT), s.Stop(context.WithoutCancel(ctx))); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Kill(s.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.patience = 50 * time.Millisecond
	if err := s.waitReady(ctx); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("waitReady = %v, want that it does not answer", err)
	}
}

func TestChooseBinaries(t *testing.T) {
	t.Parallel()
	v14, v15, v17 := binaries{"/14", 14}, binaries{"/15", 15}, binaries{"/17", 17}
	for _, tt := range []struct {
		name    string
		found   []binaries
		major   int
		want    binaries
		wantErr string
	}{
		{"newest for new data", []binaries{v15, v17, v14}, 0, v17, ""},
		{"version of the data, not the newest", []binaries{v17, v15}, 15, v15, ""},
		{"none installed", nil, 0, binaries{}, "install the postgresql package"},
		{"data newer than what is installed", []binaries{v14, v15}, 17, binaries{}, "installed is 14, 15: install PostgreSQL 17"},
		{"too old", []binaries{{"/12", 12}}, 0, binaries{}, "too old"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := choose(tt.found, tt.major)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("choose = %v, want %q", err, tt.wantErr)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("choose = %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}
