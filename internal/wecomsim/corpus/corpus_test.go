package corpus

import (
	"encoding/json"
	"testing"
	"time"
)

var testEnd = time.Date(2026, 3, 2, 15, 30, 0, 0, time.UTC)

func TestSmoke(t *testing.T) {
	c := New(Options{Seed: 1, Messages: 5000, End: testEnd})
	if c.Len() != 5000 {
		t.Fatal(c.Len())
	}
	for i := range c.Len() {
		r := c.Message(i)
		if !json.Valid(r.JSON) {
			t.Fatalf("%s", r.JSON)
		}
	}
}
