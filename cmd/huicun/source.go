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

// financeClient opens the Finance client when it is first needed, and again
// after it could not be opened: a missing library must not keep people from
// reading.
type financeClient struct {
	cfg     config.Config
	workers int // helper processes; 0: a sensible number

	mu     sync.Mutex
	client finance.Client
}

// get gives the open client.
func (f *financeClient) get(ctx context.Context) (finance.Client, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.client == nil {
		open := finance.OpenSDK
		if f.cfg.Finance.Client == "pure" {
			open = finance.OpenPure
		}
		c := f.cfg.Finance
		client, err := open(ctx, finance.Options{
			CorpID: f.cfg.WeCom.CorpID, Secret: f.cfg.WeCom.ArchiveSecret, Library: c.Library,
			Proxy: c.Proxy, ProxyPassword: c.ProxyPassword, CAFile: c.CAFile, Relay: c.Relay, Timeout: c.Timeout, Workers: f.workers, Log: slog.Default(),
		})
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, err
		}
		f.client = client
	}
	return f.client, nil
}

// Close ends the client.
func (f *financeClient) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.client == nil {
		return nil
	}
	err := f.client.Close()
	f.client = nil
	return err
}

// source pulls messages.
type source struct {
	financeClient
	keys *finance.KeyRing
}

func newSource(c config.Config) (*source, error) {
	if err := os.MkdirAll(c.Finance.KeysDir, 0o700); err != nil {
		return nil, fmt.Errorf("finance.keys_dir: %w", err)
	}
	keys, err := finance.LoadKeyDir(c.Finance.KeysDir)
	if err != nil {
		return nil, err
	}
	return &source{financeClient: financeClient{cfg: c, workers: c.Finance.Workers}, keys: keys}, nil
}

// get gives the source with an open client.
func (s *source) get(ctx context.Context) (*finance.Source, error) {
	client, err := s.financeClient.get(ctx)
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
	return &finance.Source{Client: client, Keys: s.keys}, nil
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
