package server

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/go-redis/redis_rate/v10"

	"huicun/internal/fault"
)

const (
	// byteUnit is what bytes of files are counted in.
	byteUnit = 64 << 10
	// mostUnits are counted at once, when much is read.
	mostUnits = 64
	// openPause is when to ask again for who has too many files open.
	openPause = 5 * time.Second
)

// bytesPerHour is a limit in units of byteUnit, all of which may come at once.
func bytesPerHour(bytes int64) redis_rate.Limit {
	if bytes <= 0 {
		return redis_rate.Limit{}
	}
	units := int(min(max(1, bytes/byteUnit), 1<<30))
	return redis_rate.Limit{Rate: units, Burst: units, Period: time.Hour}
}

// retryAfter is inside errors of class rate_limited: how long to wait.
type retryAfter time.Duration

func (r retryAfter) Error() string { return "again after " + time.Duration(r).String() }

// tooMany refuses a request until wait is over.
func tooMany(wait time.Duration, message string) error {
	return &fault.Error{Code: fault.CodeRateLimited, Message: message, Err: retryAfter(wait)}
}

// meter counts the bytes of files that a viewer reads, in whatever session,
// before they are written: more at a time the more is read of one file, so that
// a player's many small looks cost little.
type meter struct {
	limits *limiter
	limit  redis_rate.Limit // Rate 0: none
	key    string
	paid   int64 // bytes that may be written still
	units  int   // that are counted next
	most   time.Duration
}

func (s *Server) newMeter(viewer int64) *meter {
	return &meter{limits: s.limits, limit: s.rates.bytes, key: "bytes:" + strconv.FormatInt(viewer, 10), units: 1, most: s.mediaWrite}
}

// begin counts the first unit; the answer is how long to wait if that is one too
// many.
func (m *meter) begin(ctx context.Context) (wait time.Duration) {
	if m.limit.Rate == 0 {
		return 0
	}
	if wait = m.limits.allow(ctx, m.key, m.limit, 1); wait == 0 {
		m.paid += byteUnit
	}
	return wait
}

// errTooMuch ends a file that would come too slowly.
var errTooMuch = errors.New("the viewer has read too many bytes of files")

// pay waits until n bytes may be written.
func (m *meter) pay(ctx context.Context, n int) error {
	for m.limit.Rate > 0 && m.paid < int64(n) {
		units := min(m.units, m.limit.Burst)
		wait := m.limits.allow(ctx, m.key, m.limit, units)
		if wait > m.most {
			return errTooMuch
		}
		if wait > 0 {
			if err := pause(ctx, wait); err != nil {
				return err
			}
			continue
		}
		m.paid += int64(units) * byteUnit
		m.units = min(2*units, mostUnits)
	}
	m.paid -= int64(n)
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
