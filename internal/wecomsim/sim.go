// Package wecomsim is a WeCom that behaves like WeCom: its API, its login pages,
// its callbacks, the Finance SDK's own protocol behind a CONNECT proxy, and a
// phone a member. Huicun is developed, tested and shown against it; the two talk
// over the network only.
package wecomsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Sim is one simulated corp.
type Sim struct {
	cfg       Config
	dir       string
	temporary bool // dir goes at the end of Run
	unlock    func() error

	directory *directory
	company   company
	stream    *stream
	hold      hold
	keys      *keyRing
	journal   *journal
	phones    *appMessages
	tokens    *tokens
	tickets   *tickets
	logins    *logins
	counters  *counters
	faults    *faultSet
	realNow   func() time.Time // without the skew of faults
	window    windowMark
	media     mediaTimes
	uploads   uploads

	appCaller, archiveCaller *caller
	notified                 atomic.Uint64 // next seq at the last msgaudit_notify
	rate                     *rateControl
	rotating                 sync.Mutex
	sending                  sync.Mutex
	saying                   sync.Mutex
	showing                  sync.Mutex
	appending                sync.Mutex
	sound                    record // newest message that is not strange, by append; guarded by appending

	listener, proxyListener net.Listener
	web                     *http.Server
	proxy                   *proxy
	ready                   chan struct{}
	stopping                chan struct{} // closed when Run ends; long answers watch it
}

// New prepares a simulator and takes its ports. Run must be called next: it
// releases everything again.
func New(cfg Config) (*Sim, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	var err error
	if cfg.Faults, err = checkFaults(cfg.Faults); err != nil {
		return nil, err
	}
	faults := newFaultSet(cfg.FaultSeed, cfg.Faults)
	realNow := cfg.Now
	cfg.Now = func() time.Time { return realNow().Add(faults.skew(kindSkew)) }
	s := &Sim{
		faults: faults, realNow: realNow, media: mediaTimes{times: map[string]int64{}},
		cfg: cfg, tokens: nil, logins: newLogins(cfg.Now, faults), counters: newCounters(), phones: newAppMessages(),
		rate: newRateControl(cfg.Rate), ready: make(chan struct{}), stopping: make(chan struct{}),
	}
	s.hold = hold{on: cfg.Hold, before: cfg.StartSeq - 1, last: cfg.StartSeq - 1}
	s.tokens = newTokens(&s.cfg, faults)
	s.tickets = &tickets{cfg: &s.cfg, current: map[string]token{}}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *Sim) open() error {
	var err error
	if s.dir, s.temporary, err = openDir(s.cfg.DataDir); err != nil {
		return err
	}
	if s.unlock, err = lockDir(s.dir); err != nil {
		return err
	}
	history, err := s.openStream()
	if err != nil {
		return err
	}
	if err := s.openKeys(history.rotated); err != nil {
		return err
	}
	s.notified.Store(s.stream.next())
	if s.appCaller, err = newCaller("app", s.cfg.AppCallback, s.cfg, s.counters, s.faults); err != nil {
		return err
	}
	if s.archiveCaller, err = newCaller("archive", s.cfg.ArchiveCallback, s.cfg, s.counters, s.faults); err != nil {
		return err
	}
	if err := s.listen(); err != nil {
		return err
	}
	return s.sendBig()
}

func (s *Sim) listen() error {
	var err error
	if s.listener, err = net.Listen("tcp", s.cfg.Listen); err != nil { //nolint:noctx // it does not wait
		return fmt.Errorf("wecomsim: listen: %w", err)
	}
	if s.proxyListener, err = net.Listen("tcp", s.cfg.ProxyListen); err != nil { //nolint:noctx // it does not wait
		return fmt.Errorf("wecomsim: listen for the proxy: %w", err)
	}
	ca, err := openAuthority(s.dir, s.realNow())
	if err != nil {
		return err
	}
	cert, err := ca.issue(sdkHost, s.realNow())
	if err != nil {
		return err
	}
	api := s.apiHandler()
	s.web = &http.Server{Handler: s.routes(api), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quietLog}
	s.proxy = newProxy(s.proxyListener.Addr(), s, cert, api)
	return nil
}

// quietLog swallows what net/http says about clients that leave early.
var quietLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)

// Run serves until ctx ends and returns when everything has stopped. It may be
// called once.
func (s *Sim) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return served(s.web.Serve(s.listener)) })
	g.Go(func() error { return s.proxy.serve(s.proxyListener) })
	g.Go(func() error { return s.appCaller.run(ctx) })
	g.Go(func() error { return s.archiveCaller.run(ctx) })
	g.Go(func() error { return s.notify(ctx) })
	g.Go(func() error { return s.talk(ctx) })
	if s.cfg.Load == "-" {
		g.Go(func() error { return s.readInput(ctx, s.input()) })
	}
	g.Go(func() error {
		<-ctx.Done()
		return s.shutdown()
	})
	close(s.ready)
	err := g.Wait()
	return errors.Join(err, s.close())
}

func (s *Sim) input() io.Reader {
	if s.cfg.Input == nil {
		return http.NoBody
	}
	return s.cfg.Input
}

// shutdown lets requests in hand finish, for a while.
func (s *Sim) shutdown() error {
	close(s.stopping)
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.web.Shutdown(ctx)
	if err != nil {
		err = s.web.Close()
	}
	return errors.Join(err, s.proxy.shutdown(ctx))
}

// close gives back files and ports; listeners that were served are closed
// already.
func (s *Sim) close() error {
	var errs []error
	for _, l := range []net.Listener{s.listener, s.proxyListener} {
		if l != nil {
			_ = l.Close() // closed before, when it was served
		}
	}
	if s.journal != nil {
		errs = append(errs, s.journal.close())
	}
	if s.stream != nil {
		errs = append(errs, s.stream.base.Close())
	}
	if s.unlock != nil {
		errs = append(errs, s.unlock())
	}
	if s.temporary {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// Ready is closed when Run serves.
func (s *Sim) Ready() <-chan struct{} { return s.ready }

// URL is the base of API and pages, without a slash at the end.
func (s *Sim) URL() string { return "http://" + s.listener.Addr().String() }

// ProxyAddr is host:port of the CONNECT proxy.
func (s *Sim) ProxyAddr() string { return s.proxyListener.Addr().String() }

// CAFile is the certificate of the CA behind the proxy's TLS, in PEM.
func (s *Sim) CAFile() string { return caFile(s.dir) }

// DataDir is where the simulator keeps its files.
func (s *Sim) DataDir() string { return s.dir }

// PrivateKeyFile is where the private key of a version is; the file exists only
// for pairs made here.
func (s *Sim) PrivateKeyFile(version uint32) string { return s.keys.privateFile(version) }

// KeyVersion is the publickey_ver of new messages.
func (s *Sim) KeyVersion() uint32 {
	k, _ := s.keys.newest()
	return k.Version
}

func journalFile(dir string) string { return filepath.Join(dir, "journal.jsonl") }
