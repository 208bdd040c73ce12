package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	pidName   = "postmaster.pid"
	proofName = "huicun.proof." // begins the name of a proof

	pidFileAttempts = 20 // for a file that is being written
	pidFilePause    = 50 * time.Millisecond
	watchInterval   = 250 * time.Millisecond
)

// pidFile is what a server writes about itself into its cluster.
type pidFile struct {
	pid       int
	port      int
	socketDir string // "" when it listens on no socket
	ready     bool   // by the server's own account
}

// complete reports whether the server has written how to reach it.
func (p pidFile) complete() bool { return p.port != 0 }

var errPidFileCut = errors.New("postmaster.pid is cut short")

// parsePidFile reads a server's pid file: pid, data directory, start time,
// port, socket directory, address, shared memory, status, a line each. The
// later lines appear while the server starts.
func parsePidFile(text string) (pidFile, error) {
	lines := strings.Split(text, "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 1 {
		return pidFile{}, errPidFileCut
	}
	p := pidFile{pid: pid}
	if len(lines) > 5 {
		p.port, _ = strconv.Atoi(strings.TrimSpace(lines[3])) // 0 while it is incomplete
		p.socketDir = strings.TrimSpace(lines[4])
	}
	if len(lines) > 7 {
		p.ready = strings.TrimSpace(lines[7]) == "ready"
	}
	return p, nil
}

// readPidFile fails with fs.ErrNotExist when no server has left one, and with
// errPidFileCut when it has no process id in it.
func (d *dataDir) readPidFile() (pidFile, error) {
	b, err := os.ReadFile(d.file(clusterName, pidName))
	if err != nil {
		return pidFile{}, err
	}
	return parsePidFile(string(b))
}

// settledPidFile waits for a file that is just being written.
func (d *dataDir) settledPidFile(ctx context.Context) (pidFile, error) {
	for range pidFileAttempts {
		p, err := d.readPidFile()
		if !errors.Is(err, errPidFileCut) {
			return p, err
		}
		if err := pause(ctx, pidFilePause); err != nil {
			return pidFile{}, err
		}
	}
	return pidFile{}, errPidFileCut
}

// adopt takes over the server that runs on the cluster. It reports false when
// there is none, after clearing what a dead one left.
func (s *Server) adopt(ctx context.Context) (bool, error) {
	p, err := s.dir.settledPidFile(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, errPidFileCut):
		return false, s.dir.clearStale()
	case err != nil:
		return false, err
	case !alive(p.pid), !s.dir.worksHere(p.pid):
		// Nobody may have collected the dead server, or its number may be
		// another program's by now: a new server would take both for the old
		// one alive. It still finds left-over backends, by their memory.
		return false, s.dir.clearStale()
	}
	s.proc = watch(p.pid)
	err = s.waitReady(ctx)
	if err == nil {
		s.adopted = true
		return true, nil
	}
	s.proc.unwatch()
	if early := (*exitError)(nil); errors.As(err, &early) {
		return false, nil // it was shutting down
	}
	return false, fmt.Errorf("process %d is a PostgreSQL server on this data, and cannot be used: %w", p.pid, err)
}

// clearStale removes the marks of a dead server, which a new one would take
// for a living one's if another program has the process id now.
func (d *dataDir) clearStale() error {
	stale, err := filepath.Glob(d.file(clusterName, proofName+"*"))
	if err != nil {
		return err
	}
	stale = append(stale, d.file(clusterName, pidName))
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".s.PGSQL.") {
			stale = append(stale, d.file(e.Name()))
		}
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what a dead server left: %w", err)
		}
	}
	return nil
}

// worksHere reports whether a process may be a server on this cluster: its
// working directory is the cluster, or, where that is secret, it is a
// PostgreSQL program, or the system does not tell.
func (d *dataDir) worksHere(pid int) bool {
	proc := "/proc/" + strconv.Itoa(pid)
	cwd, err := os.Stat(proc + "/cwd")
	if err == nil {
		cluster, err := os.Stat(d.file(clusterName))
		return err == nil && os.SameFile(cwd, cluster)
	}
	name, err := os.ReadFile(proc + "/comm")
	if err == nil {
		return strings.HasPrefix(strings.TrimSpace(string(name)), "postgres")
	}
	_, err = os.Stat("/proc/self")
	return err != nil
}

// alive reports whether a process runs; one that only waits to be collected by
// its parent does not.
func alive(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true // no /proc here
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// proof is a fresh random text in a file of the cluster. A server that can show
// it works on this very directory, not on a copy, and on no other port.
type proof struct{ path, name, text string }

func (d *dataDir) writeProof() (proof, error) {
	name := proofName + rand.Text()
	p := proof{path: d.file(clusterName, name), name: name, text: rand.Text()}
	if err := os.WriteFile(p.path, []byte(p.text), 0o600); err != nil {
		return p, fmt.Errorf("write to the cluster: %w", err)
	}
	return p, d.acc.own(p.path)
}

func (p proof) remove() { _ = os.Remove(p.path) } // clearStale removes what a killed process left
