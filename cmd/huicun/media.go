package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"huicun/internal/config"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/media"
	"huicun/internal/media/file"
	"huicun/internal/media/render"
	"huicun/internal/media/s3"
	"huicun/internal/store"
	"huicun/server"
)

// files is all that has to do with files of messages.
type files struct {
	vault   *media.Vault
	indexer *media.Indexer
	fetcher *media.Fetcher // nil when nothing is fetched
	source  *mediaSource   // nil when nothing is fetched
	looker  *media.Looker  // nil when nothing is looked into

	wakeFetch, wakeLook chan struct{}
}

// buildFiles opens the store of files and makes what works on them.
func (a *app) buildFiles(ctx context.Context) error {
	vault, err := openVault(ctx, a.cfg)
	if err != nil {
		return err
	}
	a.files = &files{
		vault: vault, indexer: &media.Indexer{Store: a.db, Decode: chatdata.Content},
		wakeFetch: make(chan struct{}, 1), wakeLook: make(chan struct{}, 1),
	}
	if a.cfg.Finance.Client != "off" && a.cfg.Media.Workers > 0 {
		a.files.source = newMediaSource(a.cfg)
		a.files.fetcher = &media.Fetcher{
			Store: a.db, Source: a.files.source, Vault: vault, Dir: filepath.Join(a.cfg.MediaDir(), "fetching"), Worker: a.name,
			Workers: a.cfg.Media.Workers, Limits: mediaLimits(a.cfg.Media), Wake: a.files.wakeFetch,
		}
	}
	if a.cfg.Media.Lookers > 0 {
		temp := filepath.Join(a.cfg.MediaDir(), "looking") // /tmp may be memory, and a video large
		if err := os.MkdirAll(temp, 0o700); err != nil {
			return fmt.Errorf("media.dir: %w", err)
		}
		renderer := render.New(render.Options{TempDir: temp})
		for _, c := range renderer.Capabilities() {
			if len(c.Missing) > 0 {
				slog.WarnContext(ctx, "files of a kind can only be downloaded: programs are not installed", "kind", c.Kind, "programs", c.Missing)
			}
		}
		a.files.looker = &media.Looker{
			Store: a.db, Vault: vault, Renderer: renderer, Worker: a.name, Workers: a.cfg.Media.Lookers, Wake: a.files.wakeLook,
		}
	}
	return nil
}

// openVault opens the store of files that is configured.
func openVault(ctx context.Context, c config.Config) (*media.Vault, error) {
	blobs, err := openBlobs(c)
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	vault, err := media.OpenVault(ctx, blobs, c.MediaKeyFile())
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	return vault, nil
}

func openBlobs(c config.Config) (media.Blobs, error) {
	if c.Media.Store == "s3" {
		o := c.Media.S3
		return s3.New(s3.Options{
			Endpoint: o.Endpoint, Region: o.Region, Bucket: o.Bucket, Prefix: o.Prefix,
			AccessKey: o.AccessKey, SecretKey: o.SecretKey, PathStyle: o.PathStyle, CAFile: o.CAFile,
		})
	}
	return file.New(filepath.Join(c.MediaDir(), "objects"))
}

func mediaLimits(m config.Media) media.Limits {
	const mib = 1 << 20
	return media.Limits{Image: m.MaxImageMB * mib, Voice: m.MaxVoiceMB * mib, Video: m.MaxVideoMB * mib, File: m.MaxFileMB * mib, Call: m.MaxCallMB * mib}
}

// run fetches and looks into files until ctx ends. A store that does not work
// keeps nobody from reading messages.
func (f *files) run(ctx context.Context, g *errgroup.Group) {
	g.Go(func() error {
		if err := f.vault.Check(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "the store of files does not work", "err", err)
		}
		return nil
	})
	if f.fetcher != nil {
		g.Go(func() error { return f.fetcher.Run(ctx) })
	}
	if f.looker != nil {
		g.Go(func() error { return f.looker.Run(ctx) })
	}
}

// wake wakes who waits for what a notification is about; an empty one is about
// everything.
func (f *files) wake(n store.Notification) {
	if n.Payload != store.MediaLook {
		poke(f.wakeFetch)
	}
	if n.Payload != store.MediaFetch {
		poke(f.wakeLook)
	}
}

// Close ends the client.
func (f *files) Close() error {
	if f.source == nil {
		return nil
	}
	return f.source.Close()
}

// newServerMedia is the same for GET /status.
func newServerMedia(c media.Counts) *server.MediaStatus {
	m := &server.MediaStatus{
		Files: c.Files, Ready: c.Ready, Pending: c.Pending, Overdue: c.Overdue, Expired: c.Expired, Refused: c.Refused, Broken: c.Broken,
		OverLimit: c.OverLimit, Flagged: c.Flagged, Bytes: c.Bytes, Unlooked: c.Unlooked, Unreadable: c.Unreadable,
		LastError: c.LastError, LastErrorClass: string(c.LastClass),
	}
	if c.OldestPending != nil {
		m.OldestPendingAt = *c.OldestPending
	}
	return m
}
