package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"huicun/internal/access"
	"huicun/internal/alert"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/config"
	"huicun/internal/directory"
	"huicun/internal/ingest"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/outbox"
	"huicun/internal/store"
	"huicun/internal/wecom/api"
	"huicun/server"
)

const (
	shutdownTimeout = 10 * time.Second
	headerTimeout   = 10 * time.Second
	idleTimeout     = 2 * time.Minute
)

// app is the whole program: everything built, Run and Close.
type app struct {
	cfg      config.Config
	db       *database
	zone     *time.Location // of days and of times in messages
	redis    *redis.Client  // nil without Redis
	wecom    *api.Client
	source   *source // nil when pulling is off
	puller   *ingest.Puller
	runners  []*outbox.Runner // one for what is ours, one for files, one for what waits on WeCom
	files    *files
	finding  *finding
	dir      *directory.Service
	alerts   *alert.Service
	alarm    *ingest.Alarm
	server   *server.Server
	listener net.Listener

	wakeOutbox  []chan struct{} // one a runner
	wakePull    chan struct{}
	wakeSync    chan struct{} // look people up who are new in the chats
	keysChanged chan struct{}
	name        string // of this process, in leases and outbox items
}

// serve runs the program until ctx ends.
func serve(ctx context.Context, c config.Config) (err error) {
	a, err := newApp(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Run(ctx)
}

// newApp builds everything and listens; nothing runs yet. What was built is
// closed when a later part fails.
func newApp(ctx context.Context, c config.Config) (a *app, err error) {
	a = &app{cfg: c, wakePull: make(chan struct{}, 1), wakeSync: make(chan struct{}, 1), keysChanged: make(chan struct{}, 1), name: processName()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.zone, err = time.LoadLocation("Asia/Shanghai"); err != nil {
		return a, fmt.Errorf("time zone: %w", err)
	}
	if a.db, err = awaitDatabase(ctx, c); err != nil {
		return a, err
	}
	if err = a.openRedis(ctx); err != nil {
		return a, err
	}
	if a.wecom, err = api.New(api.Options{
		BaseURL: c.WeCom.APIBase, OAuthBaseURL: c.WeCom.OAuthBase, WebLoginBaseURL: c.WeCom.WebLoginBase,
		CorpID: c.WeCom.CorpID, AgentID: c.WeCom.AgentID, AppSecret: c.WeCom.AppSecret, ArchiveSecret: c.WeCom.ArchiveSecret, ContactSecret: c.WeCom.ContactSecret,
	}); err != nil {
		return a, err
	}
	if err = a.buildFiles(ctx); err != nil {
		return a, err
	}
	if a.finding, err = newFinding(c, a.db.DB, a.zone); err != nil {
		return a, err
	}
	if err = a.buildIngest(); err != nil {
		return a, err
	}
	if err = a.buildServer(ctx); err != nil {
		return a, err
	}
	var lc net.ListenConfig
	if a.listener, err = lc.Listen(ctx, "tcp", c.Server.Listen); err != nil {
		return a, fmt.Errorf("server.listen: %w", err)
	}
	return a, nil
}

// buildIngest makes the puller, the directory sync and the outbox runner.
func (a *app) buildIngest() error {
	if a.cfg.Finance.Client != "off" {
		var err error
		if a.source, err = newSource(a.cfg); err != nil {
			return err
		}
		a.puller = &ingest.Puller{
			Source: a.source, Store: a.db, Holder: a.name, PageSize: a.cfg.Finance.PageSize,
			Interval: a.cfg.Finance.Interval, Wake: a.wakePull, KeysChanged: a.keysChanged,
		}
	}
	a.dir = &directory.Service{Source: a.wecom, Store: a.db, Now: time.Now, Log: slog.Default()}
	a.alerts = &alert.Service{Store: a.db, Sender: sender{a.wecom}, PublicURL: a.cfg.Server.PublicURL}
	a.alarm = &ingest.Alarm{Monitor: a.monitor(), Store: a.db, Sender: sender{a.wecom}, PublicURL: a.cfg.Server.PublicURL, Zone: a.zone}
	for _, handlers := range a.handlers() {
		wake := make(chan struct{}, 1)
		a.wakeOutbox = append(a.wakeOutbox, wake)
		a.runners = append(a.runners, &outbox.Runner{Store: a.db, Handlers: handlers, Wake: wake, Worker: a.name})
	}
	return nil
}

// monitor tells how the archive is doing.
func (a *app) monitor() *ingest.Monitor {
	return &ingest.Monitor{Store: a.db, Thresholds: thresholds(a.cfg)}
}

// processName tells this process from all others.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}

// Addr is where the server listens.
func (a *app) Addr() string { return a.listener.Addr().String() }

// Run works until ctx ends or a part fails, then stops everything in order:
// requests first, then the work in hand.
func (a *app) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	g, work := errgroup.WithContext(work)
	g.Go(func() error { return a.serveHTTP(work) })
	g.Go(func() error { return a.server.Run(work) })
	g.Go(func() error {
		return a.db.Listen(work, a.onNotify, store.ChannelOutbox, store.ChannelPull, store.ChannelMedia)
	})
	for _, r := range a.runners {
		g.Go(func() error { return r.Run(work) })
	}
	if a.puller != nil {
		if err := a.db.ExpectPulls(work); err != nil {
			slog.WarnContext(ctx, "start of pulling not noted", "err", err)
		}
		g.Go(func() error { return a.puller.Run(work) })
		g.Go(func() error { return a.source.watchKeys(work, a.keysChanged) })
	}
	a.files.run(work, g)
	a.finding.run(work, g, a.db, a.name)
	g.Go(func() error { return a.alarm.Run(work) })
	g.Go(func() error { return a.db.keepPrivate(work) })
	g.Go(func() error { return a.syncLoop(work) })
	g.Go(func() error { return a.pruneLoop(work) })
	g.Go(func() error { return a.runtimeLoop(work) })
	slog.InfoContext(ctx, "serving", "address", a.Addr(), "public_url", a.cfg.Server.PublicURL, "version", buildVersion())
	err := g.Wait()
	if ctx.Err() != nil {
		slog.InfoContext(ctx, "stopped")
		return nil
	}
	return err
}

// serveHTTP answers requests until ctx ends, then lets those in hand finish.
func (a *app) serveHTTP(ctx context.Context) error {
	srv := &http.Server{
		Handler: a.server, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() {
		if a.cfg.Server.TLSCert != "" {
			failed <- srv.ServeTLS(a.listener, a.cfg.Server.TLSCert, a.cfg.Server.TLSKey)
			return
		}
		failed <- srv.Serve(a.listener)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("http server: %w", err)
	case <-ctx.Done():
	}
	a.server.Close()
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := srv.Shutdown(sctx)
	if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// onNotify wakes the loops of this process.
func (a *app) onNotify(n store.Notification) {
	switch n.Channel {
	case store.ChannelOutbox:
		for _, wake := range a.wakeOutbox {
			poke(wake)
		}
	case store.ChannelPull:
		poke(a.wakePull)
	case store.ChannelMedia:
		a.files.wake(n)
	}
}

// Close frees everything that newApp built.
func (a *app) Close() error {
	var errs []error
	if a.listener != nil {
		if err := a.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if a.source != nil {
		errs = append(errs, a.source.Close())
	}
	if a.files != nil {
		errs = append(errs, a.files.Close())
	}
	if a.finding != nil {
		errs = append(errs, a.finding.Close())
	}
	if a.redis != nil {
		errs = append(errs, a.redis.Close())
	}
	if a.db != nil {
		errs = append(errs, a.db.Close())
	}
	return errors.Join(errs...)
}

// archiveService reads chats for the server.
func (a *app) archiveService() (*archive.Service, error) {
	return &archive.Service{Store: a.db, Files: a.db, Decode: chatdata.Content, Zone: a.zone}, nil
}

// accessService signs people in; the admins of the configuration exist after it.
func (a *app) accessService(ctx context.Context) (*access.Service, error) {
	s := &access.Service{Store: a.db}
	err := whenUp(ctx, a.cfg.Database.Timeout, func() error { return s.EnsureAdmins(ctx, a.cfg.Access.Admins) })
	if err != nil {
		return nil, fmt.Errorf("access.admins: %w", err)
	}
	return s, nil
}

func (a *app) auditRecorder() *audit.Recorder { return &audit.Recorder{Store: a.db} }
