package main

import (
	"context"
	"log/slog"
	"runtime"
	"time"
)

// runtimeEvery is how often a process that logs at level debug tells what it
// uses.
const runtimeEvery = 10 * time.Second

// runtimeLoop logs what the process uses, for those who look for leaks.
func (a *app) runtimeLoop(ctx context.Context) error {
	if !slog.Default().Enabled(ctx, slog.LevelDebug) {
		return nil
	}
	t := time.NewTicker(runtimeEvery)
	defer t.Stop()
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		slog.DebugContext(ctx, "runtime", "goroutines", runtime.NumGoroutine(), "heap_bytes", m.HeapAlloc, "sys_bytes", m.Sys)
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
