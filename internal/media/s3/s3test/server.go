// Package s3test runs a real S3 server for tests: versitygw over a folder.
package s3test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is a running versitygw on the loopback. It ends with the test.
type Server struct {
	Endpoint  string // http://127.0.0.1:port; stays when it is killed and started again
	AccessKey string
	SecretKey string
	Dir       string // its buckets are the folders in here

	t    testing.TB
	tool string
	port string
	cmd  *exec.Cmd
	said *bytes.Buffer // by the process, for a failure
	done chan struct{} // the process is over
}

// patience is how long the server may take to start; the tests run beside others.
const patience = 30 * time.Second

// Start starts a server with an empty folder, or with dir when it is not "".
// What is missing is built first (deploy/dev/tool.sh).
func Start(t testing.TB, dir string) *Server {
	t.Helper()
	tool, err := build()
	if err != nil {
		t.Fatal(err)
	}
	if dir == "" {
		dir = t.TempDir()
	}
	s := &Server{AccessKey: "huicun-test-key", SecretKey: "planted-s3cret-of-the-test", Dir: dir, t: t, tool: tool}
	t.Cleanup(s.Kill)
	for range 5 { // somebody else may take the port first
		s.port = freePort(t)
		if err = s.run(); err == nil {
			s.Endpoint = "http://" + s.address()
			return s
		}
	}
	t.Fatal(err)
	return nil
}

// Bucket makes a bucket.
func (s *Server) Bucket(name string) string {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Join(s.Dir, name), 0o755); err != nil {
		s.t.Fatal(err)
	}
	return name
}

// Kill ends the server without warning (SIGKILL).
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.done
	s.cmd = nil
}

// Restart starts a killed server again, at the same address.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		s.t.Fatal(err)
	}
}

// Pause lets the server keep its connections and answer nothing; Resume ends that.
func (s *Server) Pause() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }

func (s *Server) address() string { return net.JoinHostPort("127.0.0.1", s.port) }

func (s *Server) run() error {
	s.said = new(bytes.Buffer)
	s.cmd = exec.Command(s.tool, "versitygw", "--quiet", "--health", "/health", "--port", s.address(), "posix", s.Dir) //nolint:noctx // Kill ends it
	s.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKey, "ROOT_SECRET_KEY="+s.SecretKey)
	s.cmd.Dir = s.Dir
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		defer close(done)
		_ = cmd.Wait()
	}(s.cmd, s.done)
	return s.waitReady()
}

func (s *Server) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.healthy(ctx) {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("versitygw ended at once:\n%s", s.said)
		case <-ctx.Done():
			return fmt.Errorf("versitygw was not ready within %s", patience)
		case <-tick.C:
		}
	}
}

func (s *Server) healthy(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address()+"/health", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// build gives the script that runs versitygw, which is built at its first use.
var build = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output() //nolint:noctx // at once
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	script := filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "deploy", "dev", "tool.sh")
	out, err := exec.Command(script, "--install", "versitygw").CombinedOutput() //nolint:noctx // go has its own limits
	if err != nil {
		return "", fmt.Errorf("the S3 server for tests cannot be built; try deploy/dev/tool.sh --install versitygw: %w\n%s", err, out)
	}
	return script, nil
})
