package bench

import (
	"math"
	"slices"
	"time"
)

// Quantiles of times, in milliseconds.
type Quantiles struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

func quantiles(times []time.Duration) Quantiles {
	sorted := slices.Sorted(slices.Values(times))
	return Quantiles{
		Count: len(sorted), P50: millis(quantile(sorted, 0.50)), P95: millis(quantile(sorted, 0.95)),
		P99: millis(quantile(sorted, 0.99)), Max: millis(quantile(sorted, 1)),
	}
}

// quantile picks the smallest value that a share q of the sorted values does
// not exceed; zero of none.
func quantile[T any](sorted []T, q float64) T {
	var zero T
	if len(sorted) == 0 {
		return zero
	}
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func millis(d time.Duration) float64 { return round(float64(d)/float64(time.Millisecond), 3) }

// round keeps some digits after the point: more would only be noise.
func round(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}
