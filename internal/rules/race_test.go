//go:build race

package rules_test

// With the race detector a sync.Pool forgets at random, and counting
// allocations tells nothing.
const raceDetector = true
