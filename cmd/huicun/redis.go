package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisStart is how long the program waits at its start for Redis to answer.
const redisStart = 2 * time.Second

// openRedis connects to the configured Redis. One that does not answer stops
// nothing: only rate limits need it, and each replica counts them by itself
// until it does.
func (a *app) openRedis(ctx context.Context) error {
	if a.cfg.Redis.URL == "" {
		return nil
	}
	o, err := redis.ParseURL(a.cfg.Redis.URL)
	if err != nil {
		return errors.New("redis.url: must be redis://[:password@]host:port/db")
	}
	a.redis = redis.NewClient(o)
	ctx, cancel := context.WithTimeout(ctx, redisStart)
	defer cancel()
	if err := a.redis.WithTimeout(redisStart).Ping(ctx).Err(); err != nil {
		slog.WarnContext(ctx, "Redis does not answer, each replica counts rate limits by itself", "err", err)
	}
	return nil
}

// redisLog takes what the client library would write to standard error by
// itself, between the lines of our log.
type redisLog struct{}

// Printf implements the logger of go-redis.
func (redisLog) Printf(ctx context.Context, format string, v ...any) {
	slog.DebugContext(ctx, "redis client", "what", fmt.Sprintf(format, v...))
}

func init() { redis.SetLogger(redisLog{}) } // before any client can be running
