package finance

import (
	"context"
	"errors"
	"testing"
)

func TestLifetime(t *testing.T) {
	var l lifetime
	_, finished, err := l.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	finished()
	ctx, release, err := l.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { l.end(); close(ended) }()
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("the cause of the end is %v, want ErrClosed", err)
	}
	select {
	case <-ended:
		t.Error("end did not wait for the call in flight")
	default:
	}
	release()
	<-ended
	if _, _, err := l.begin(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("begin after the end: %v, want ErrClosed", err)
	}
}
