package server

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Who reads more than an hour's bytes gets the rest at the pace of the limit.
func TestMeterSlowsDownWhoReadsTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hour = 36 << 20 // 10 KiB/ms
		m := &meter{limits: newLimiter(nil, 0), limit: bytesPerHour(hour), key: "x", units: 1, most: time.Hour}
		begin := time.Now()
		read := func(bytes int) time.Duration {
			t.Helper()
			for range bytes / (32 << 10) {
				if err := m.pay(t.Context(), 32<<10); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(begin)
		}
		if got := read(hour - mostUnits*byteUnit); got != 0 {
			t.Errorf("the first hour's bytes took %v", got)
		}
		if got := read(hour); got < 50*time.Minute || got > 70*time.Minute {
			t.Errorf("as many again took %v, want about an hour", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var err error
		for range 1000 {
			if err = m.pay(ctx, 32<<10); err != nil {
				break
			}
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("for a reader who left: %v", err)
		}
		m.most = time.Millisecond
		for range 1000 {
			if err = m.pay(t.Context(), 32<<10); err != nil {
				break
			}
		}
		if !errors.Is(err, errTooMuch) {
			t.Errorf("where it would take too long: %v", err)
		}
	})
}

func TestMeterWithoutALimit(t *testing.T) {
	m := &meter{limits: newLimiter(nil, 0), limit: bytesPerHour(0), units: 1}
	if wait := m.begin(t.Context()); wait != 0 {
		t.Errorf("begin waits for %v", wait)
	}
	for range 100 {
		if err := m.pay(t.Context(), 1<<30); err != nil {
			t.Fatal(err)
		}
	}
}
