package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"huicun/internal/alert"
	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/media"
	"huicun/internal/outbox"
	"huicun/internal/rules"
	"huicun/internal/search"
	"huicun/internal/store"
	"huicun/internal/wecom/api"
	"huicun/internal/wecom/callback"
)

// handlers are the kinds of follow-up work and who does them, by runner: pushes
// have their own, so that a WeCom that does not answer keeps no batch from
// being scanned, and so have files, of which an old archive has much to look
// through at first.
func (a *app) handlers() []map[string]outbox.Handler {
	scanner := &rules.Scanner{Store: a.db}
	events := &rules.Events{Store: a.db, Parse: parseRelation, Changed: a.relationChanged}
	return []map[string]outbox.Handler{
		{rules.KindScan: a.afterLookUp(scanner.Handle), rules.KindCallback: events.Handle},
		{media.KindIndex: a.files.indexer.Handle},
		{search.KindIndex: (&search.Indexer{Store: a.db, Decode: chatdata.Content}).Handle, search.KindNames: (&search.Namer{Store: a.db}).Handle},
		{alert.KindPush: a.alerts.Push, alert.KindNotice: a.alerts.Push},
	}
}

// A colleague who is new in the chats is looked up before the rules decide who
// is told: until then nobody's scope holds them.
const (
	lookUpGrace = 30 * time.Second // whoever WeCom does not know by then stays unlisted
	lookUpPause = time.Second
)

// afterLookUp puts a batch off while somebody in it is being looked up.
func (a *app) afterLookUp(scan outbox.Handler) outbox.Handler {
	if a.cfg.Sync.Interval == 0 || a.cfg.WeCom.AppSecret == "" {
		return scan
	}
	return func(ctx context.Context, item outbox.Item) error {
		var args struct {
			BatchID int64 `json:"batch_id"`
		}
		if err := json.Unmarshal(item.Args, &args); err != nil {
			return outbox.Permanent(fmt.Errorf("scan: %w", err))
		}
		unlisted, err := a.db.HasUnlistedMembers(ctx, args.BatchID, lookUpGrace)
		if err != nil {
			return err
		}
		if unlisted {
			poke(a.wakeSync)
			return outbox.Snooze(lookUpPause)
		}
		return scan(ctx, item)
	}
}

// wakePullers wakes the puller, in whichever process it is.
func (a *app) wakePullers(ctx context.Context) {
	if err := a.db.Notify(ctx, store.ChannelPull); err != nil {
		slog.WarnContext(ctx, "puller not woken; it polls", "err", err)
	}
}

// parseRelation reads a callback as far as rules act on it.
func parseRelation(body []byte) (rules.Event, error) {
	e, err := callback.ParseEvent(body)
	return rules.Event{
		Event: e.Event, ChangeType: e.ChangeType, UserID: e.UserID, ExternalUserID: e.ExternalUserID,
		Source: e.Source, At: e.CreateTime,
	}, err
}

// relationChanged reads a customer again whose relations changed. That the
// customer cannot be read any more is no failure.
func (a *app) relationChanged(ctx context.Context, e rules.Event) error {
	if e.ChangeType == callback.ChangeAddExternalContact && e.UserID != "" && !e.At.IsZero() {
		if err := a.dir.MarkFollow(ctx, e.UserID, e.ExternalUserID, directory.FollowActive, e.At); err != nil {
			return err
		}
	}
	err := a.dir.SyncCustomer(ctx, e.ExternalUserID)
	var ae *api.Error
	if errors.As(err, &ae) && ae.Class == api.ClassObject {
		return nil
	}
	return err
}

// sender sends alerts as WeCom app messages.
type sender struct{ client *api.Client }

// Send implements alert.Sender.
func (s sender) Send(ctx context.Context, m alert.Message) (alert.Receipt, error) {
	res, err := s.client.Send(ctx, api.Message{
		To: []string{m.To}, NoRepeat: m.NoRepeat,
		Card: &api.TextCard{Title: m.Title, Description: m.Description, URL: m.URL, Button: m.Button},
	})
	if err != nil {
		return alert.Receipt{}, sendError(err)
	}
	return alert.Receipt{MsgID: res.MsgID, Invalid: len(res.Invalid)+len(res.Unlicensed) > 0}, nil
}

// Pauses before an alert is tried again that WeCom did not take.
const (
	waitForMending = 5 * time.Minute
	waitForWeCom   = 30 * time.Second
)

// sendError says what a failed call means for the alert.
func sendError(err error) error {
	var ae *api.Error
	if !errors.As(err, &ae) {
		if fault.Is(err, fault.CodeInvalid) { // never left the house
			return &alert.SendError{Class: alert.ClassRefused, Err: err}
		}
		return err
	}
	e := &alert.SendError{Class: alert.ClassRetry, Code: ae.Code, RetryAfter: ae.RetryAfter, Err: err}
	switch ae.Class {
	case api.ClassReceiver, api.ClassRefused, api.ClassObject:
		e.Class = alert.ClassRefused
	case api.ClassUnknown:
		e.Class = alert.ClassUnknown
	case api.ClassConfig, api.ClassToken: // until somebody mends it; no alert is given up for that
		e.RetryAfter = max(e.RetryAfter, waitForMending)
	case api.ClassUnavailable:
		e.RetryAfter = max(e.RetryAfter, waitForWeCom)
	}
	return e
}
