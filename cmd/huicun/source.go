package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"huicun/internal/config"
	"huicun/internal/ingest"
	"huicun/internal/wecom/finance"
)

// keyPoll is how often the folder of private keys is looked at.
const keyPoll = 3 * time.Second

// source opens the Finance client when it is first needed, and again after it
// could not be opened: a missing library must not keep people from reading.
type source struct {
	cfg  config.Config
	keys *finance.KeyRing

	mu     sync.Mutex
	client finance.Client
}

func newSource(c config.Config) (*source, error) {
	if err := os.MkdirAll(c.Finance.KeysDir, 0o700); err != nil {
		return nil, fmt.Errorf("finance.keys_dir: %w", err)
	}
	keys, err := finance.LoadKeyDir(c.Finance.KeysDir)
	if err != nil {
		return nil, err
	}
	return &source{cfg: c, keys: keys}, nil
}

// get gives the source with an open client.
func (s *source) get(ctx context.Context) (*finance.Source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		open := finance.OpenSDK
		if s.cfg.Finance.Client == "pure" {
			open = finance.OpenPure
		}
		f := s.cfg.Finance
		client, err := open(ctx, finance.Options{
			CorpID: s.cfg.WeCom.CorpID, Secret: s.cfg.WeCom.ArchiveSecret, Library: f.Library,
			Proxy: f.Proxy, ProxyPassword: f.ProxyPassword, CAFile: f.CAFile, Relay: f.Relay, Timeout: f.Timeout, Workers: f.Workers, Log: slog.Default(),
		})
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			class := ingest.ClassStop
			if finance.ClassOf(err) == finance.ClassRetry { // the helper died while it loaded the library
				class = ingest.ClassRetry
			}
			return nil, &ingest.SourceError{Class: class, Err: err}
		}
		s.client = client
	}
	return &finance.Source{Client: s.client, Keys: s.keys}, nil
}

// Page implements ingest.Source.
func (s *source) Page(ctx context.Context, seq int64, limit int) ([]ingest.Outer, error) {
	src, err := s.get(ctx)
	if err != nil {
		return nil, err
	}
	return src.Page(ctx, seq, limit)
}

// Open implements ingest.Source.
func (s *source) Open(ctx context.Context, records []ingest.Outer) ([]ingest.Opened, error) {
	src, err := s.get(ctx)
	if err != nil {
		return nil, err
	}
	return src.Open(ctx, records)
}

// KeyVersions implements ingest.Source.
func (s *source) KeyVersions() []int { return (&finance.Source{Keys: s.keys}).KeyVersions() }

// Close ends the client.
func (s *source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		return nil
	}
	err := s.client.Close()
	s.client = nil
	return err
}

// watchKeys loads private keys that arrive or change and tells changed.
func (s *source) watchKeys(ctx context.Context, changed chan<- struct{}) error {
	last := keyFiles(s.cfg.Finance.KeysDir)
	t := time.NewTicker(keyPoll)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		now := keyFiles(s.cfg.Finance.KeysDir)
		if slices.Equal(now, last) {
			continue
		}
		last = now
		if _, err := s.keys.Reload(); err != nil {
			slog.WarnContext(ctx, "private keys not readable", "err", err)
		}
		slog.InfoContext(ctx, "private keys loaded", "versions", s.keys.Versions())
		poke(changed)
	}
}

// keyFiles describes the files of a folder so that a change shows.
func keyFiles(dir string) []string {
	paths, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil
	}
	var out []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			out = append(out, fmt.Sprintf("%s %d %s", p, info.Size(), info.ModTime()))
		}
	}
	return out
}

// poke wakes whoever waits on c, without waiting.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
