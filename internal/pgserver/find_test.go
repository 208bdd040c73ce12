package pgserver_test

import (
	"errors"
	"testing"

	"huicun/internal/pgserver"
)

func TestFind(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	if _, err := pgserver.Find(deadline(t), dir); !errors.Is(err, pgserver.ErrNotRunning) {
		t.Errorf("where a server was stopped: %v, want ErrNotRunning", err)
	}
	o := startOwner(t, dir, "")
	o.says("ready")
	found := make(chan string, 4)
	for range cap(found) { // at once, beside the owner
		go func() {
			address, err := pgserver.Find(deadline(t), dir)
			if err != nil {
				t.Error(err)
			}
			found <- address
		}()
	}
	for range cap(found) {
		if err := open(t, <-found).PingContext(deadline(t)); err != nil {
			t.Error(err)
		}
	}
	o.kill()
	mustStop(t, mustStart(t, pgserver.Options{DataDir: dir}))
	if _, err := pgserver.Find(deadline(t), dir); !errors.Is(err, pgserver.ErrNotRunning) {
		t.Errorf("after the server's end: %v, want ErrNotRunning", err)
	}
}
