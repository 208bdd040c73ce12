package server

import (
	"context"
	"encoding/hex"
	"log/slog"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
)

// rates are the limits of requests. Those by address are generous: a whole
// office may share one.
type rates struct {
	login   redis_rate.Limit            // per address
	reports redis_rate.Limit            // per address: CSP reports
	api     redis_rate.Limit            // per session, bytes of files not counted
	media   redis_rate.Limit            // per session: requests for bytes of files, small pictures included
	files   redis_rate.Limit            // per session: those for more than a small picture
	bytes   redis_rate.Limit            // per viewer: bytes of those, in units of byteUnit; Rate 0: no limit
	heavy   map[string]redis_rate.Limit // per session and operation, beside api
}

func defaultRates() rates {
	heavy := redis_rate.Limit{Rate: 5, Burst: 20, Period: time.Second}
	return rates{
		login:   redis_rate.Limit{Rate: 5, Burst: 100, Period: time.Second},
		reports: redis_rate.Limit{Rate: 1, Burst: 30, Period: time.Second},
		api:     redis_rate.Limit{Rate: 50, Burst: 100, Period: time.Second},
		media:   redis_rate.Limit{Rate: 40, Burst: 600, Period: time.Second},
		files:   redis_rate.Limit{Rate: 2, Burst: 300, Period: time.Second}, // 7200 an hour, each noted in the operation log
		heavy: map[string]redis_rate.Limit{
			"FindInConversation":  heavy,
			"Search":              heavy,
			"SearchConversations": heavy,
			"SuggestForSearch":    {Rate: 10, Burst: 40, Period: time.Second}, // one a key that is pressed
			"TestRule":            heavy,
			"StreamLive":          heavy,
			"ReportClientError":   {Rate: 1, Burst: 10, Period: time.Second},
		},
	}
}

// Times of the Redis that limits share.
const (
	redisTimeout = 300 * time.Millisecond // of one count
	redisPause   = 5 * time.Second        // after a failure, before it is asked again
)

// limiter counts requests: in Redis when there is one, so that replicas count
// together, else, and while Redis does not answer, in this process.
type limiter struct {
	shared  *redis_rate.Limiter // nil without Redis
	timeout time.Duration       // of one count there
	down    atomic.Int64        // Redis failed and is left alone until then, Unix nanoseconds; 0: it answers
	local   memoryLimiter
}

func newLimiter(shared *redis.Client, timeout time.Duration) *limiter {
	l := &limiter{timeout: timeout}
	if shared != nil {
		// A context alone does not end the wait for an answer on the wire.
		l.shared = redis_rate.NewLimiter(shared.WithTimeout(timeout))
	}
	return l
}

// allow counts n requests under key and gives how long to wait when they are too
// many; then none is counted. n must not be over limit.Burst.
func (l *limiter) allow(ctx context.Context, key string, limit redis_rate.Limit, n int) (wait time.Duration) {
	if l.askRedis() {
		wait, err := l.allowShared(ctx, key, limit, n)
		if err == nil {
			return wait
		}
	}
	return l.local.allow(key, limit, n, time.Now())
}

// askRedis reports whether Redis is to be asked. After a failure one request at
// a time finds out whether it is back; all others go on without it.
func (l *limiter) askRedis() bool {
	if l.shared == nil {
		return false
	}
	down, now := l.down.Load(), time.Now()
	return down == 0 || now.UnixNano() >= down && l.down.CompareAndSwap(down, now.Add(redisPause).UnixNano())
}

func (l *limiter) allowShared(ctx context.Context, key string, limit redis_rate.Limit, n int) (time.Duration, error) {
	rctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	res, err := l.shared.AllowN(rctx, key, limit, n)
	switch {
	case err == nil:
		if l.down.Swap(0) != 0 {
			slog.InfoContext(ctx, "Redis is back, rate limits count there again")
		}
		return max(0, res.RetryAfter), nil
	case ctx.Err() == nil:
		if l.down.Swap(time.Now().Add(redisPause).UnixNano()) == 0 {
			slog.WarnContext(ctx, "Redis does not answer, each replica counts rate limits by itself", "err", err)
		}
	}
	return 0, err
}

// memoryLimiter counts as the script of redis_rate does (GCRA, the generic cell
// rate algorithm), with the time at which a key's requests are worked off.
// Running that script in a Redis inside the process took 1000 times as long.
type memoryLimiter struct {
	mu    sync.Mutex
	until map[string]time.Time
	swept time.Time
}

// maxKeys bounds the memory of a memoryLimiter: about 100 bytes each.
const maxKeys = 200_000

func (m *memoryLimiter) allow(key string, limit redis_rate.Limit, n int, now time.Time) (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	each := limit.Period / time.Duration(limit.Rate)
	until := m.until[key]
	if until.Before(now) {
		until = now
	}
	until = until.Add(time.Duration(n) * each)
	if wait := until.Add(-each * time.Duration(limit.Burst)).Sub(now); wait > 0 {
		return wait
	}
	m.until[key] = until
	return 0
}

// sweep forgets, once a minute, the keys whose requests are worked off.
func (m *memoryLimiter) sweep(now time.Time) {
	if m.until != nil && now.Sub(m.swept) < time.Minute && len(m.until) < maxKeys {
		return
	}
	kept := map[string]time.Time{}
	for key, until := range m.until {
		if until.After(now) && len(kept) < maxKeys/2 {
			kept[key] = until
		}
	}
	m.until, m.swept = kept, now
}

// limited answers 429 and reports true when the request is one too many.
func (s *Server) limited(c *gin.Context, key string, limit redis_rate.Limit, refuse func(*gin.Context, error)) bool {
	wait := s.limits.allow(c.Request.Context(), key, limit, 1)
	if wait <= 0 {
		return false
	}
	sayRetryAfter(c, wait)
	refuse(c, tooMany(wait, "too many requests"))
	return true
}

// sayRetryAfter tells in whole seconds how long to wait.
func sayRetryAfter(c *gin.Context, wait time.Duration) {
	c.Header("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
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

// limitSession bounds the requests of one session. A page of pictures asks for a
// hundred at once; what else the page asks for must not wait for them.
func (s *Server) limitSession(c *gin.Context) {
	key, limit := "api:", s.rates.api
	if s.operation(c) == "GetMedia" {
		key, limit = "media:", s.rates.media
	}
	if !s.limited(c, key+sessionKey(c), limit, fail) {
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
func sessionKey(c *gin.Context) string { return requestOf(c.Request.Context()).sessionKey() }

func (r *request) sessionKey() string { return hex.EncodeToString(r.session.ID[:8]) }
