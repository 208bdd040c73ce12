package s3

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// A byte now and then keeps a connection, in whichever direction it goes.
func TestSlowConnectionLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		w := &watched{near, time.Minute}
		answered := make(chan error, 1)
		go func() { // waits for the answer from the beginning on, as net/http does
			_, err := w.Read(make([]byte, 1))
			answered <- err
		}()
		go func() {
			for range 100 {
				time.Sleep(50 * time.Second)
				_, _ = io.ReadFull(far, make([]byte, piece))
			}
			_, _ = far.Write([]byte("!"))
		}()
		begun := time.Now()
		if n, err := w.Write(make([]byte, 100*piece)); err != nil {
			t.Fatalf("after %d bytes: %v", n, err)
		}
		if err := <-answered; err != nil {
			t.Errorf("the answer: %v", err)
		}
		if took := time.Since(begun); took < time.Hour {
			t.Errorf("it took %v only", took)
		}
		_ = errors.Join(near.Close(), far.Close())
	})
}

// Nothing for as long as the timeout ends a connection.
func TestDeadConnectionFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		w := &watched{near, time.Minute}
		begun := time.Now()
		if _, err := w.Write(make([]byte, 3*piece)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
		if _, err := w.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v", err)
		}
		if took := time.Since(begun); took != 2*time.Minute {
			t.Errorf("it took %v, want a minute each", took)
		}
		_ = errors.Join(near.Close(), far.Close())
	})
}
