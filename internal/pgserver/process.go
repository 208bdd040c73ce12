package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// maxSocketPath is the longest path of a Unix socket, without its final
	// zero byte, on Linux; other systems allow less.
	maxSocketPath = 103
	socketPort    = 5432 // only part of the socket's name

	readyPause   = 25 * time.Millisecond
	readyTimeout = 30 * time.Second // the usual patience with a silent server
	probeTimeout = 5 * time.Second
	tailBytes    = 4096 // of the log, for an error
)

// process is a server's main process, a child of ours or an adopted one.
type process struct {
	pid  int
	done chan struct{} // closed when it has ended

	stop     chan struct{} // closed to end the watch over an adopted one
	stopOnce sync.Once
}

// exitError says that a server ended while it was waited for.
type exitError struct{ detail string }

func (e *exitError) Error() string { return "the server ended during its start: " + e.detail }

// signal is harmless when the process has ended.
func (p *process) signal(sig syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := syscall.Kill(p.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// unwatch ends the watch; done may then never be closed.
func (p *process) unwatch() { p.stopOnce.Do(func() { close(p.stop) }) }

// watch follows a process that is not our child, until it ends or unwatch.
func watch(pid int) *process {
	p := &process{pid: pid, done: make(chan struct{}), stop: make(chan struct{})}
	go func() {
		t := time.NewTicker(watchInterval)
		defer t.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-t.C:
				if !alive(pid) {
					close(p.done)
					return
				}
			}
		}
	}()
	return p
}

// collect waits for the end of a child of ours, as long as this process lives.
func collect(cmd *exec.Cmd) *process {
	p := &process{pid: cmd.Process.Pid, done: make(chan struct{}), stop: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended stands in its log
		close(p.done)
	}()
	return p
}

// launch starts a server and waits until it answers. A server that cannot be
// used does not outlive the error.
func (s *Server) launch(ctx context.Context) error {
	args, err := s.arguments(ctx)
	if err != nil {
		return err
	}
	out, err := s.dir.openLog()
	if err != nil {
		return err
	}
	defer out.Close()
	// The server outlives ctx: Stop ends it.
	cmd := command(context.WithoutCancel(ctx), s.dir, s.bin.path("postgres"), args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the server: %w%s", err, s.dir.acc.hint(err))
	}
	s.proc, s.adopted = collect(cmd), false
	if err := s.waitReady(ctx); err != nil {
		s.abort(ctx)
		return err
	}
	return nil
}

// arguments are what must hold whatever postgresql.conf says: how to reach the
// server, and that no statement, value or message text gets into its log.
func (s *Server) arguments(ctx context.Context) ([]string, error) {
	settings := map[string]string{
		"logging_collector":                 "off",
		"log_destination":                   "stderr",
		"log_min_messages":                  "log", // errors go to the client alone
		"log_min_error_statement":           "panic",
		"log_error_verbosity":               "terse",
		"log_statement":                     "none",
		"log_min_duration_statement":        "-1",
		"log_min_duration_sample":           "-1",
		"log_transaction_sample_rate":       "0",
		"log_checkpoints":                   "off",
		"log_autovacuum_min_duration":       "-1",
		"log_parameter_max_length_on_error": "0",
		"password_encryption":               "scram-sha-256",
	}
	if err := s.dir.listen(ctx, settings, s.end.port); err != nil {
		return nil, err
	}
	args := []string{"-D", s.dir.seenByServer(clusterName)}
	for name, value := range s.settings {
		settings[name] = value
	}
	for name, value := range settings {
		args = append(args, "--"+name+"="+value)
	}
	slices.Sort(args[2:])
	return args, nil
}

// takesSocket reports whether clients can be given a socket in the directory.
// They take a comma for the start of a second address.
func (d *dataDir) takesSocket() bool {
	socket := d.file(".s.PGSQL." + strconv.Itoa(socketPort))
	return len(socket) <= maxSocketPath && !strings.Contains(socket, ",")
}

// listen chooses the socket in the directory, or else a port of the loopback
// address: the one of before, if there was one.
func (d *dataDir) listen(ctx context.Context, settings map[string]string, before int) error {
	if d.takesSocket() {
		settings["listen_addresses"] = ""
		settings["unix_socket_directories"] = d.seenByServer()
		settings["unix_socket_permissions"] = "0700"
		settings["port"] = strconv.Itoa(socketPort)
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(before)))
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	settings["listen_addresses"] = "127.0.0.1"
	settings["unix_socket_directories"] = ""
	settings["port"] = port
	return err
}

// openLog opens the server's log for appending; a large one is set aside.
func (d *dataDir) openLog() (*os.File, error) {
	path := d.file(logName)
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogBytes {
		if err := os.Rename(path, d.file(oldLogName)); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	return f, nil
}

// logTail gives the last lines of the server's log.
func (d *dataDir) logTail() string {
	f, err := os.Open(d.file(logName))
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > tailBytes {
		if _, err := f.Seek(-tailBytes, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return lastLines(b, 5)
}

// waitReady waits until the server of s.proc answers and proves that it works
// on our cluster, and notes how to reach it. Recovery may take as long as ctx
// allows; a server that calls itself ready has s.patience to answer.
func (s *Server) waitReady(ctx context.Context) error {
	proof, err := s.dir.writeProof()
	if err != nil {
		return err
	}
	defer proof.remove()
	var readySince time.Time
	for {
		state, err := s.probe(ctx, proof)
		if state == answers || err != nil && state != silent {
			return err
		}
		switch {
		case state != silent:
			readySince = time.Time{}
		case readySince.IsZero():
			readySince = time.Now()
		case time.Since(readySince) > s.patience:
			return fmt.Errorf("it is ready and does not answer: %w", err)
		}
		select {
		case <-s.proc.done:
			return &exitError{detail: s.dir.logTail()}
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server to answer: %w", ctx.Err())
		case <-time.After(readyPause):
		}
	}
}

// probeState is what one attempt to reach a server found.
type probeState int

const (
	starting probeState = iota // it is not ready yet, or not any more
	silent                     // it is ready by its own account, and did not answer
	answers                    // it answered and proved itself
	refuses                    // it answered, and cannot be used
)

// probe makes one attempt to reach the server. The error says why it is silent
// or refuses.
func (s *Server) probe(ctx context.Context, proof proof) (probeState, error) {
	p, err := s.dir.readPidFile()
	if err != nil || p.pid != s.proc.pid || !p.complete() {
		return starting, nil // not written yet
	}
	end := endpoint{host: "127.0.0.1", port: p.port, password: s.password}
	if p.socketDir != "" {
		end.host = s.dir.path
	}
	state, err := end.prove(ctx, proof, min(probeTimeout, s.patience))
	switch {
	case state == answers:
		s.end = end
	case state == silent && !p.ready:
		return starting, nil
	}
	return state, err
}
