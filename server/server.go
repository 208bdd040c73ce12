// Package server speaks HTTP: the API of openapi.yaml, sign-in, the H5, live
// events and WeCom's callbacks. It maps requests to the domain packages and
// their answers back; rights and rules live there.
package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"

	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/media"
)

// Options are what a Server works with. Fields without a comment on what
// happens when they are missing must be set.
type Options struct {
	PublicURL      string   // as browsers see it: scheme, host and port, no path
	ExtraOrigins   []string // further origins that may change something; for development
	TrustedProxies []string // addresses or networks whose X-Forwarded-For counts; default none
	CorpID         string
	AgentID        int
	Build          string           // version; the H5 reloads when it changes
	H5             fs.FS            // the built front end; nil: a text says that it is missing
	Redis          *redis.Client    // for rate limits; nil: they live in the process
	Now            func() time.Time // nil: time.Now

	Access     Access
	Archive    Archive
	Files      media.Files
	Finder     Finder
	Rules      Rules
	Violations Violations
	Alerts     Alerts
	Audit      *audit.Recorder
	WeCom      WeCom
	Sign       Signer
	Callbacks  Callbacks
	Live       Live
	Status     func(ctx context.Context) (Status, error)
	Ready      func(ctx context.Context) error // nil error: the database answers and is migrated
	MaxStreams int                             // live streams in all; 0 means 2000

	// FileBytesPerHour is how many bytes of files one viewer may read in an hour,
	// all at once or not, small pictures not counted; 0: no limit.
	FileBytesPerHour int64
}

// Server answers HTTP requests. Run must run beside it for live events.
type Server struct {
	Options
	public *url.URL
	engine *gin.Engine
	limits *limiter
	hub    *hub
	feeds  *feeds
	teller *fileTeller
	static *static

	contract contract
	rates    rates

	reading openCounts

	liveRecheck, bodyTimeout, mediaWrite time.Duration // constants, but for tests
}

// New checks the options and builds the routes.
func New(o Options) (*Server, error) {
	public, err := publicURL(o.PublicURL)
	if err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = 2000
	}
	s := &Server{Options: o, public: public, limits: newLimiter(o.Redis, redisTimeout), hub: newHub(o.MaxStreams), feeds: newFeeds(o.Live.Source), liveRecheck: liveRecheck, bodyTimeout: bodyTimeout, mediaWrite: mediaWrite, rates: defaultRates()}
	s.rates.bytes = bytesPerHour(o.FileBytesPerHour)
	s.teller = newFileTeller(o.Live.Files, s.hub)
	if s.static, err = newStatic(o.H5); err != nil {
		return nil, err
	}
	if s.contract, err = newContract(); err != nil {
		return nil, err
	}
	if s.engine, err = s.routes(); err != nil {
		return nil, err
	}
	return s, nil
}

func (o Options) check() error {
	for name, missing := range map[string]bool{
		"Access": o.Access == nil, "Archive": o.Archive == nil, "Files": o.Files == nil, "Finder": o.Finder == nil, "Rules": o.Rules == nil, "Violations": o.Violations == nil,
		"Alerts": o.Alerts == nil, "Audit": o.Audit == nil, "WeCom": o.WeCom == nil,
		"Sign": o.Sign == nil, "Status": o.Status == nil, "Ready": o.Ready == nil,
		"Live.Listen": o.Live.Listen == nil, "Live.Source": o.Live.Source == nil, "Live.Violations": o.Live.Violations == nil,
	} {
		if missing {
			return errors.New("server: no " + name)
		}
	}
	return nil
}

// publicURL checks the address under which browsers reach the server.
func publicURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("public URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("public URL %q: must begin with http:// or https://", s)
	case u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("public URL %q: must be scheme and host only", s)
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Run passes live events on until ctx ends, then closes all streams. It
// returns nil when ctx ended it.
func (s *Server) Run(ctx context.Context) error {
	tctx, end := context.WithCancel(ctx)
	var telling sync.WaitGroup
	telling.Go(func() { s.teller.run(tctx) })
	defer telling.Wait()
	defer end()
	err := s.hub.run(ctx, func(ctx context.Context, on func(archive.LiveNotice)) error {
		return s.Live.Listen(ctx, func(n archive.LiveNotice) {
			s.feeds.notice(n)
			s.teller.notice(n)
			on(n)
		})
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Close ends live streams. Call it when shutting down, before waiting for
// requests to end: streams never end by themselves.
func (s *Server) Close() { s.hub.close() }

func (s *Server) secure() bool { return s.public.Scheme == "https" }
