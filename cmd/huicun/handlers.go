package main

import (
	"context"
	"log/slog"

	"huicun/internal/outbox"
	"huicun/internal/store"
)

// handlers are the workers' kinds.
func (a *app) handlers() map[string]outbox.Handler { return map[string]outbox.Handler{} }

// wakePullers wakes the puller, in whichever process it is.
func (a *app) wakePullers(ctx context.Context) {
	if err := a.db.Notify(ctx, store.ChannelPull); err != nil {
		slog.WarnContext(ctx, "puller not woken; it polls", "err", err)
	}
}
