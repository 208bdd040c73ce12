package corpus

import (
	"testing"
	"time"
)

func BenchmarkNew(b *testing.B) {
	for range b.N {
		New(Options{Seed: 1, Messages: 1_000_000, End: testEnd})
	}
}

func BenchmarkMessage(b *testing.B) {
	c := New(Options{Seed: 1, Messages: 1_000_000, End: testEnd})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Message(i % c.Len())
	}
}

func BenchmarkLive(b *testing.B) {
	c := New(Options{Seed: 1, Messages: 1000, End: testEnd})
	for i := 0; b.Loop(); i++ {
		c.Live(i, testEnd.Add(time.Duration(i)*time.Second))
	}
}
