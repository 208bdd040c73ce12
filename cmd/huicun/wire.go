package main

import (
	"context"

	"huicun/h5"
	"huicun/internal/config"
	"huicun/internal/media"
	"huicun/internal/rules"
	"huicun/internal/search"
	"huicun/internal/wecom/api"
	"huicun/internal/wecom/callback"
	"huicun/server"
)

// buildServer makes the HTTP side.
func (a *app) buildServer(ctx context.Context) error {
	reading, err := a.archiveService()
	if err != nil {
		return err
	}
	signin, err := a.accessService(ctx)
	if err != nil {
		return err
	}
	callbacks, err := a.callbacks()
	if err != nil {
		return err
	}
	finder := &search.Service{Engine: a.searchEngine(), Archive: reading, Store: a.db, Names: a.db, Zone: a.zone}
	monitor := a.monitor()
	a.server, err = server.New(server.Options{
		PublicURL: a.cfg.Server.PublicURL, TrustedProxies: a.cfg.Server.TrustedProxies,
		CorpID: a.cfg.WeCom.CorpID, AgentID: a.cfg.WeCom.AgentID, Build: buildVersion(), H5: h5.FS(), Redis: a.redis,
		Access: signin, Archive: reading, Files: &media.Service{Messages: reading, Store: a.db, Vault: a.files.vault}, Finder: finder, Rules: &rules.Service{Store: a.db},
		Violations: &rules.Violations{Store: a.db, Messages: reading}, Alerts: a.alerts, Audit: a.auditRecorder(), WeCom: a.wecom, Sign: a.sign, Callbacks: callbacks,
		Live: server.Live{Listen: a.db.ListenLive, Source: reading, Violations: a.db, Files: a.db},
		Status: func(ctx context.Context) (server.Status, error) {
			s, err := monitor.Status(ctx)
			if err != nil {
				return server.Status{}, err
			}
			c, err := a.db.CountMedia(ctx)
			out := newServerStatus(s)
			out.Media = newServerMedia(c)
			if err != nil {
				return out, err
			}
			out.Search, err = a.searchStatus(ctx)
			return out, err
		},
		Ready: a.db.ready, FileBytesPerHour: a.cfg.Media.ReadMBHour << 20,
	})
	return err
}

// searchEngine is what finds messages.
func (a *app) searchEngine() search.Engine { return a.finding.engine }

// sign signs a page for the JS-SDK.
func (a *app) sign(ctx context.Context, kind, page string) (server.Signature, error) {
	s, err := a.wecom.Signature(ctx, api.SignKind(kind), page)
	return server.Signature{Timestamp: s.Timestamp, Nonce: s.Nonce, Signature: s.Signature}, err
}

// callbacks opens what WeCom sends to the configured event servers.
func (a *app) callbacks() (server.Callbacks, error) {
	c := server.Callbacks{
		Codecs: map[string]server.Codec{}, Parse: parseEvent, Save: a.db.SaveCallbackEvent,
		Wake: a.wakePullers,
	}
	for id, key := range map[string]config.CallbackKey{"app": a.cfg.Callback.App, "archive": a.cfg.Callback.Archive, "contact": a.cfg.Callback.Contact} {
		if key.Token == "" {
			continue
		}
		codec, err := callback.New(callback.Config{ID: id, Token: key.Token, AESKey: key.AESKey, ReceiveID: a.cfg.WeCom.CorpID})
		if err != nil {
			return c, err
		}
		c.Codecs[id] = codec
	}
	return c, nil
}

func parseEvent(msg []byte) (event, changeType string, err error) {
	e, err := callback.ParseEvent(msg)
	return e.Event, e.ChangeType, err
}
