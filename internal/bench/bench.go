// Package bench runs huicun's benchmarks. They see huicun as an operator does:
// a process with a database of its own, started from the program under test,
// that pulls from a wecomsim in another process. Each figure comes with the
// check that nothing was lost or stored twice in the same run.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"huicun/internal/pgserver"
	"huicun/internal/store"
	"huicun/internal/wecom/finance"
)

// Options are common to all benchmarks.
type Options struct {
	Huicun   string    // program under test; "" means this executable
	WeComSim string    // wecomsim's program; "" means the one beside Huicun, or in PATH
	Pure     bool      // the client without WeCom's library, also where there is one
	Keep     bool      // leave the folder with data and logs
	JSON     bool      // results as JSON
	Stdout   io.Writer // results, one a line
	Progress io.Writer // what is going on, for a person

	Hurry <-chan struct{} // closed when even the orderly end takes too long; nil: never
}

// Setup says what the World of a benchmark is like.
type Setup struct {
	SimFlags []string          // further flags of wecomsim: "-messages", "1000", …
	Settings map[string]string // further settings of huicun by variable, HUICUN_…
	Callback bool              // WeCom announces messages and customer events to huicun
}

// Admin may do everything in huicun; a member of the made-up company.
const Admin = "ZhouMingkai"

// World is wecomsim and a huicun that pulls from it, both running.
type World struct {
	Dir    string // data and logs
	Sim    *Sim
	Huicun *Process
	URL    string // of huicun, without a slash at the end
	Client string // sdk | pure: which Finance client huicun uses
	DB     *store.DB

	opts        Options
	environ     []string
	database    string            // of huicun's setting; "": the private Postgres
	connections http.RoundTripper // of the sessions that OpenSession made
}

const (
	startPatience = 2 * time.Minute // of a first start: initdb and migrations
	stopPatience  = 40 * time.Second
)

// Start starts wecomsim and huicun and waits until both answer. The caller
// closes the World, which stops both.
func Start(ctx context.Context, o Options, s Setup) (w *World, err error) {
	w = &World{opts: o}
	if w.opts, err = o.normal(); err != nil {
		return nil, err
	}
	if w.Dir, err = os.MkdirTemp("", "huicun-bench-*"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	// The private Postgres may belong to another user, who must get through.
	if err := os.Chmod(w.Dir, 0o711); err != nil { //nolint:gosec // see above
		return w, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return w, err
	}
	w.URL = "http://" + address
	flags := s.SimFlags
	if s.Callback {
		flags = append([]string{
			"-callback-url", "app=" + w.URL + "/wecom/callback/app", "-callback-url", "archive=" + w.URL + "/wecom/callback/archive",
		}, flags...)
	}
	w.Logf("data and logs are in %s while it runs", w.Dir)
	if w.Sim, err = startSim(ctx, w.opts.WeComSim, filepath.Join(w.Dir, "wecomsim"), flags); err != nil {
		return w, err
	}
	w.Sim.hurry = w.opts.Hurry
	if err := w.configure(ctx, address, s); err != nil {
		return w, err
	}
	return w, w.StartHuicun(ctx)
}

// normal finds the programs.
func (o Options) normal() (Options, error) {
	if o.Huicun == "" {
		self, err := os.Executable()
		if err != nil {
			return o, fmt.Errorf("find this program: %w", err)
		}
		o.Huicun = self
	}
	if o.WeComSim == "" {
		o.WeComSim = filepath.Join(filepath.Dir(o.Huicun), "wecomsim")
	}
	if _, err := os.Stat(o.WeComSim); err != nil {
		return o, fmt.Errorf("wecomsim is not beside this program; give its path with -wecomsim: %w", err)
	}
	if o.Stdout == nil {
		o.Stdout = io.Discard
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return o, nil
}

// configure writes huicun's settings as environment variables. What a company
// would leave at its default stays there.
func (w *World) configure(ctx context.Context, address string, s Setup) error {
	keys := filepath.Join(w.Dir, "keys")
	if err := os.Mkdir(keys, 0o700); err != nil {
		return err
	}
	pem, err := os.ReadFile(w.Sim.KeyFile)
	if err != nil {
		return fmt.Errorf("read the private key that wecomsim made: %w", err)
	}
	if err := os.WriteFile(filepath.Join(keys, "private_key_v1.pem"), pem, 0o600); err != nil {
		return err
	}
	env := w.Sim.settings()
	env["HUICUN_DATA_DIR"] = filepath.Join(w.Dir, "huicun")
	env["HUICUN_SERVER_LISTEN"] = address
	env["HUICUN_SERVER_PUBLIC_URL"] = w.URL
	env["HUICUN_FINANCE_KEYS_DIR"] = keys
	env["HUICUN_ACCESS_ADMINS"] = Admin
	w.Client = "pure"
	if lib, err := finance.FindBundledLibrary(ctx); err == nil && !w.opts.Pure {
		w.Client, env["HUICUN_FINANCE_LIBRARY"] = "sdk", lib
	}
	env["HUICUN_FINANCE_CLIENT"] = w.Client
	for k, v := range s.Settings {
		env[k] = v
	}
	w.database = env["HUICUN_DATABASE_URL"]
	w.environ = cleanEnviron()
	for k, v := range env {
		w.environ = append(w.environ, k+"="+v)
	}
	return nil
}

// StartHuicun starts huicun (again, after its end) and waits until it serves.
func (w *World) StartHuicun(ctx context.Context) error {
	var err error
	w.Huicun, err = startProcess(ctx, filepath.Join(w.Dir, "huicun.log"), w.environ, w.opts.Huicun, "serve")
	if err != nil {
		return err
	}
	w.Huicun.hurry = w.opts.Hurry
	ready, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if err := w.Huicun.waitFor(ready, "huicun to serve", func() bool { return answers(ready, w.URL+"/readyz") }); err != nil {
		return err
	}
	url := w.database
	if url == "" {
		if url, err = pgserver.Find(ready, filepath.Join(w.Dir, "huicun", "postgres")); err != nil {
			return err
		}
	}
	if w.DB != nil {
		_ = w.DB.Close() // of the run before
	}
	w.DB, err = store.Open(ready, store.Options{URL: url, MaxConns: 4})
	return err
}

// Logf tells a person what is going on.
func (w *World) Logf(format string, args ...any) {
	_, _ = fmt.Fprintf(w.opts.Progress, format+"\n", args...) // nobody can be told that telling failed
}

// Result prints one result: a line of JSON, or for a person what its String
// method says.
func (w *World) Result(v fmt.Stringer) error {
	if w.opts.JSON {
		return json.NewEncoder(w.opts.Stdout).Encode(v)
	}
	_, err := fmt.Fprintln(w.opts.Stdout, v)
	return err
}

// WaitFor polls until ok or until huicun or ctx ends.
func (w *World) WaitFor(ctx context.Context, what string, ok func() bool) error {
	return w.Huicun.waitFor(ctx, what, ok)
}

// Close stops both programs and removes the folder unless it is to be kept.
func (w *World) Close() error {
	var errs []error
	if w.DB != nil {
		errs = append(errs, w.DB.Close())
	}
	if w.Huicun != nil {
		errs = append(errs, w.Huicun.Stop(stopPatience))
	}
	if w.Sim != nil {
		errs = append(errs, w.Sim.Stop(stopPatience))
	}
	w.endPostgres()
	if w.opts.Keep {
		w.Logf("data and logs are in %s", w.Dir)
	} else {
		errs = append(errs, removeAll(w.Dir))
	}
	return errors.Join(errs...)
}

// ErrLeft is a folder that could not be removed; the error names it.
var ErrLeft = errors.New("could not be removed")

// removeAll removes a folder.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("%s %w: %w", dir, ErrLeft, err)
	}
	return nil
}

// endPostgres ends the private Postgres where a killed huicun left it running.
func (w *World) endPostgres() {
	found, _ := filepath.Glob(filepath.Join(w.Dir, "huicun", "postgres", "*", "postmaster.pid")) // the pattern is sound
	for _, file := range found {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		line, _, _ := strings.Cut(string(text), "\n")
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil || !worksIn(pid, w.Dir) {
			continue
		}
		server := &Process{Cmd: &exec.Cmd{Process: &os.Process{Pid: pid}}}
		server.killTree()
	}
}

// worksIn tells whether the working directory of a process is below dir.
func worksIn(pid int, dir string) bool {
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return pid > 1 && err == nil && strings.HasPrefix(cwd, dir+string(filepath.Separator))
}

// freeAddress finds a port of the loopback that nobody uses now.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
