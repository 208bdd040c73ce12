// Package pgserver runs a private PostgreSQL server from the binaries that are
// installed on this machine, for those who configure no database of their own.
//
// One directory holds everything: cluster, password, socket, server log. The
// server is reached over a Unix socket in that directory, or over a free port
// of 127.0.0.1 where the socket's path would be too long. It outlives a kill
// -9 of its owner: the next Start on the same directory adopts it.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	roleName     = "huicun" // superuser of the cluster, the only role
	databaseName = "huicun"

	connectTimeout = 10 * time.Second // of the clients that are given the address

	startAttempts = 4
	retryPause    = 300 * time.Millisecond
	abortTimeout  = 15 * time.Second // to stop a server whose start was given up
)

// ErrInUse is what Start fails with when a living process owns the directory.
var ErrInUse = errors.New("in use by process")

// Options says where a private server lives and what it is made from.
type Options struct {
	// DataDir is the directory of the server, made when absent. It must be
	// empty or have been made by Start before.
	DataDir string
	// BinDir holds initdb and postgres. Empty: the newest installation under
	// the usual system directories, else PATH; for existing data, the
	// installation of the version that wrote it.
	BinDir string
	// Settings are further server settings by name ("fsync": "off"). They take
	// effect when Start launches the server, not when it adopts a running one.
	Settings map[string]string
	// Log receives what happens; nil means slog.Default.
	Log *slog.Logger
}

// Server is a running private server and the exclusive right to its directory.
type Server struct {
	dir      *dataDir
	bin      binaries
	settings map[string]string
	log      *slog.Logger
	password string
	patience time.Duration // with a server that says it is ready and does not answer

	end     endpoint
	proc    *process
	adopted bool
	once    sync.Once // guards giving up the directory
}

// Start returns a server that answers on o.DataDir: it adopts the one that is
// running there, or launches one, after creating the cluster if there is none.
// A cluster whose creation was cut short is made again. It waits as long as
// ctx allows, so a long crash recovery is not taken for a failure. A second
// Start on the directory fails while the first owner lives.
func Start(ctx context.Context, o Options) (*Server, error) {
	s, err := start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("private postgres in %s: %w", o.DataDir, err)
	}
	return s, nil
}

func start(ctx context.Context, o Options) (*Server, error) {
	acc, err := serviceAccount()
	if err != nil {
		return nil, err
	}
	dir, err := openDataDir(o.DataDir, acc)
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, settings: o.Settings, log: o.Log, patience: readyTimeout}
	if s.log == nil {
		s.log = slog.Default()
	}
	if err := s.open(ctx, o.BinDir); err != nil {
		s.giveUp()
		return nil, err
	}
	return s, nil
}

// open makes the cluster, gets a server to answer on it and creates the
// database. A server that it launched does not outlive its failure.
func (s *Server) open(ctx context.Context, binDir string) error {
	major, err := s.dir.major()
	if err != nil {
		return err
	}
	if s.bin, err = findBinaries(ctx, binDir, major); err != nil {
		return err
	}
	if s.password, err = s.dir.ensurePassword(major != 0); err != nil {
		return err
	}
	if major == 0 {
		s.log.InfoContext(ctx, "creating the private postgres cluster", "version", s.bin.major)
		var extra []string
		if s.settings["fsync"] == "off" {
			extra = append(extra, "--no-sync")
		}
		if err := initCluster(ctx, s.dir, s.bin, s.password, extra...); err != nil {
			return err
		}
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	if err := s.end.ensureDatabase(ctx, databaseName); err != nil {
		if !s.adopted {
			s.abort(ctx)
		}
		return err
	}
	s.log.InfoContext(ctx, "private postgres is ready", "pid", s.proc.pid, "adopted", s.adopted)
	return nil
}

// run adopts or launches. A launch that ends early is tried again: a server
// that an earlier owner launched right before it died may have come first, its
// last backends may not have left yet, or a free port may have been taken.
func (s *Server) run(ctx context.Context) error {
	var last error
	for range startAttempts {
		found, err := s.adopt(ctx)
		if err != nil || found {
			return err
		}
		last = s.launch(ctx)
		if early := (*exitError)(nil); last == nil || !errors.As(last, &early) {
			return last
		}
		if err := pause(ctx, retryPause); err != nil {
			return last
		}
	}
	return last
}

// URL gives the address of the database, user and password included, for
// lib/pq and for PostgreSQL's own programs. It is a secret.
func (s *Server) URL() string { return s.end.url(databaseName, connectTimeout) }

// BinDir gives the directory of the PostgreSQL programs in use (pg_dump too).
func (s *Server) BinDir() string { return s.bin.dir }

// Adopted reports whether Start found the server running.
func (s *Server) Adopted() bool { return s.adopted }

// PID gives the process id of the server's main process.
func (s *Server) PID() int { return s.proc.pid }

// Revive gets a server that has ended by itself to answer again, at the same
// address. It must not run beside another method.
func (s *Server) Revive(ctx context.Context) error {
	s.proc.unwatch()
	if err := s.run(ctx); err != nil {
		return fmt.Errorf("private postgres in %s: %w", s.dir.path, err)
	}
	s.log.InfoContext(ctx, "private postgres is back", "pid", s.proc.pid, "adopted", s.adopted)
	return nil
}

// Done is closed when the server has ended, asked to or not.
func (s *Server) Done() <-chan struct{} { return s.proc.done }

// Stop shuts the server down (clients are cut off, data is flushed), waits for
// its end and gives the directory up. When ctx ends first the server may still
// be running; the next Start copes with that. Stopping twice is harmless.
func (s *Server) Stop(ctx context.Context) error {
	defer s.giveUp()
	if err := s.proc.signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("private postgres: stop process %d: %w", s.proc.pid, err)
	}
	select {
	case <-s.proc.done:
		s.log.InfoContext(ctx, "private postgres has stopped", "pid", s.proc.pid)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("private postgres: process %d is still shutting down: %w", s.proc.pid, ctx.Err())
	}
}

// Detach gives the directory up and leaves the server running, for another
// process to adopt.
func (s *Server) Detach() { s.giveUp() }

// giveUp ends the watch over the server and releases the directory.
func (s *Server) giveUp() {
	s.once.Do(func() {
		if s.proc != nil {
			s.proc.unwatch()
		}
		s.dir.close()
	})
}

// abort ends a server that was launched in vain, even when ctx is over.
func (s *Server) abort(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_ = s.proc.signal(syscall.SIGINT) // it has ended already
	select {
	case <-s.proc.done:
	case <-ctx.Done():
		_ = s.proc.signal(syscall.SIGQUIT)
	}
}

// endpoint is how clients reach a server.
type endpoint struct {
	host     string // directory of the socket, or an address
	port     int
	password string
}

// url gives the address of a database. lib/pq heeds no context while it waits
// for a server's first answer, only this timeout, of whole seconds.
func (e endpoint) url(database string, timeout time.Duration) string {
	u := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(roleName, e.password),
		Path:   "/" + database,
		RawQuery: url.Values{
			"host":    {e.host},
			"port":    {strconv.Itoa(e.port)},
			"sslmode": {"disable"},

			"connect_timeout": {strconv.Itoa(max(1, int(timeout.Seconds())))},
		}.Encode(),
	}
	return u.String()
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
