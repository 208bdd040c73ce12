package server

import (
	"context"
	"encoding/hex"
	"log/slog"
	"math"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/gin-gonic/gin"
	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"huicun/internal/fault"
)

// rates are the limits of requests. Those by address are generous: a whole
// office may share one.
type rates struct {
	login   redis_rate.Limit            // per address
	reports redis_rate.Limit            // per address: CSP reports
	api     redis_rate.Limit            // per session
	heavy   map[string]redis_rate.Limit // per session and operation, beside api
}

func defaultRates() rates {
	heavy := redis_rate.Limit{Rate: 5, Burst: 20, Period: time.Second}
	return rates{
		login:   redis_rate.Limit{Rate: 5, Burst: 100, Period: time.Second},
		reports: redis_rate.Limit{Rate: 1, Burst: 30, Period: time.Second},
		api:     redis_rate.Limit{Rate: 50, Burst: 100, Period: time.Second},
		heavy: map[string]redis_rate.Limit{
			"FindInConversation": heavy,
			"TestRule":           heavy,
			"StreamLive":         heavy,
			"ReportClientError":  {Rate: 1, Burst: 10, Period: time.Second},
		},
	}
}

// limiter counts requests: in Redis when there is one, so that replicas count
// together, else, and while Redis does not answer, in this process.
type limiter struct {
	shared *redis_rate.Limiter // nil without Redis
	local  *redis_rate.Limiter
	client *redis.Client
	memory *miniredis.Miniredis

	mu   sync.Mutex
	aged time.Time // when memory last forgot what ran out
}

func newLimiter(shared *redis.Client) *limiter {
	memory := miniredis.NewMiniRedis()
	client := redis.NewClient(&redis.Options{
		Dialer:   func(context.Context, string, string) (net.Conn, error) { return memory.Dial() },
		Protocol: 2, DisableIdentity: true, PoolSize: 8,
	})
	l := &limiter{local: redis_rate.NewLimiter(client), client: client, memory: memory, aged: time.Now()}
	if shared != nil {
		l.shared = redis_rate.NewLimiter(shared)
	}
	return l
}

func (l *limiter) close() error {
	err := l.client.Close()
	l.memory.Close()
	return err
}

// allow counts one request under key and gives how long to wait when it is one
// too many. A limiter that fails lets everybody pass.
func (l *limiter) allow(ctx context.Context, key string, limit redis_rate.Limit) (wait time.Duration) {
	if l.shared != nil {
		res, err := l.shared.Allow(ctx, key, limit)
		if err == nil {
			return max(0, res.RetryAfter)
		}
		if ctx.Err() == nil {
			slog.WarnContext(ctx, "rate limits in Redis fail, counting in the process", "err", err)
		}
	}
	l.age()
	res, err := l.local.Allow(ctx, key, limit)
	if err != nil {
		if ctx.Err() == nil {
			slog.ErrorContext(ctx, "rate limiter failed", "err", err)
		}
		return 0
	}
	return max(0, res.RetryAfter)
}

// age lets the keys in memory run out; miniredis has no clock of its own.
func (l *limiter) age() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if past := time.Since(l.aged); past >= time.Minute {
		l.memory.FastForward(past)
		l.aged = l.aged.Add(past)
	}
}

// limited answers 429 and reports true when the request is one too many.
func (s *Server) limited(c *gin.Context, key string, limit redis_rate.Limit, refuse func(*gin.Context, error)) bool {
	wait := s.limits.allow(c.Request.Context(), key, limit)
	if wait <= 0 {
		return false
	}
	c.Header("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	refuse(c, &fault.Error{Code: fault.CodeRateLimited, Message: "too many requests"})
	return true
}

// limitLogin bounds the sign-ins of one address.
func (s *Server) limitLogin(c *gin.Context) {
	if !s.limited(c, "login:"+c.ClientIP(), s.rates.login, s.failPage) {
		c.Next()
	}
}

// limitReports bounds the CSP reports of one address.
func (s *Server) limitReports(c *gin.Context) {
	if !s.limited(c, "csp:"+c.ClientIP(), s.rates.reports, fail) {
		c.Next()
	}
}

// limitSession bounds the requests of one session.
func (s *Server) limitSession(c *gin.Context) {
	if !s.limited(c, "api:"+sessionKey(c), s.rates.api, fail) {
		c.Next()
	}
}

// limitHeavy bounds operations that cost much more than others.
func (s *Server) limitHeavy(c *gin.Context) {
	op := s.operation(c)
	limit, heavy := s.rates.heavy[op]
	if !heavy || !s.limited(c, op+":"+sessionKey(c), limit, fail) {
		c.Next()
	}
}

// sessionKey names a session in Redis without giving its id away.
func sessionKey(c *gin.Context) string {
	return hex.EncodeToString(requestOf(c.Request.Context()).session.ID[:8])
}
