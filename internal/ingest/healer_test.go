package ingest

import (
	"fmt"
	"testing"
	"time"
)

func closedRecords(n int, reason string) []Quarantined {
	out := make([]Quarantined, n)
	for i := range out {
		out[i] = Quarantined{ID: fmt.Sprint(i), Seq: int64(i + 1), Reason: reason}
	}
	return out
}

// calls counts what h asks for in so long, looked at ten times a second.
func calls(h *healer, from time.Time, d time.Duration) int {
	n := 0
	for at := from; at.Before(from.Add(d)); at = at.Add(100 * time.Millisecond) {
		if _, ok := h.take(at); ok {
			n++
		}
	}
	return n
}

// However much does not open, it costs a call a second and sixty an hour.
func TestHealerBudget(t *testing.T) {
	t.Parallel()
	var h healer
	h.note(closedRecords(1, ReasonKeyWrong), noon)
	if got := calls(&h, noon, time.Minute); got != 0 {
		t.Errorf("%d calls without a budget", got)
	}
	for hour := range 2 {
		at := noon.Add(time.Duration(hour) * recheckFailed)
		h.renew(at)
		h.renew(at.Add(time.Minute)) // a pass that failed is made again
		for range 3 {
			h.note(closedRecords(10_000, ReasonKeyWrong), at)
		}
		if got := calls(&h, at, 10*time.Second); got != 10 {
			t.Errorf("hour %d: %d calls in ten seconds, want 10", hour, got)
		}
		at = at.Add(10 * time.Second)
		h.rest(at)
		if got := calls(&h, at, waitOnLimit); got != 0 {
			t.Errorf("hour %d: %d calls in the minute after a frequency limit", hour, got)
		}
		h.note(closedRecords(10_000, ReasonDecryptFailed), at)
		at = at.Add(waitOnLimit)
		if got := calls(&h, at, 10*time.Minute); got != 50 {
			t.Errorf("hour %d: %d more calls, want 50", hour, got)
		}
		h.renew(at.Add(10 * time.Minute))
		h.note(closedRecords(10_000, ReasonKeyWrong), at)
		if got := calls(&h, at.Add(10*time.Minute), 10*time.Minute); got != 0 {
			t.Errorf("hour %d: %d calls beyond the budget", hour, got)
		}
	}
}

func TestHealable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		q    Quarantined
		want bool
	}{
		{"came just now", Quarantined{Seq: 1, Reason: ReasonKeyWrong}, true},
		{"came within WeCom's window", Quarantined{Seq: 1, Reason: ReasonDecryptFailed, ReceivedAt: noon.Add(time.Minute - windowLength)}, true},
		{"came before", Quarantined{Seq: 1, Reason: ReasonDecryptFailed, ReceivedAt: noon.Add(-windowLength)}, false},
		{"refused by the database", Quarantined{Seq: 1, Reason: ReasonDecryptFailed, Detail: DetailRefused}, false},
		{"no key", Quarantined{Seq: 1, Reason: ReasonKeyMissing}, false},
		{"no seq", Quarantined{Reason: ReasonKeyWrong}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.q.healable(noon); got != tt.want {
				t.Errorf("healable = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestHealerPause(t *testing.T) {
	t.Parallel()
	var h healer
	h.renew(noon)
	if got := h.pause(noon, time.Hour); got != time.Hour {
		t.Errorf("pause with nothing to ask for: %v", got)
	}
	h.note(closedRecords(2, ReasonKeyWrong), noon)
	if got := h.pause(noon, time.Hour); got != 0 {
		t.Errorf("pause before the first call: %v", got)
	}
	h.take(noon)
	if got := h.pause(noon, time.Hour); got != healEvery {
		t.Errorf("pause before the second call: %v", got)
	}
}
