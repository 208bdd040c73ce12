package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// second starts another huicun on the same database.
func (l *lab) second() *process {
	l.t.Helper()
	other := *l.world
	other.cfg.Server.Listen = freeAddress(l.t)
	other.cfg.DataDir = l.t.TempDir()
	return other.start()
}

// awaitStopped waits until a process has walked into a trap that stops it.
func (l *lab) awaitStopped(p *process) {
	l.t.Helper()
	l.await("the process to stop", func() error {
		if state := processState(p.Process.Pid); state != "T" {
			return fmt.Errorf("it is in state %q", state)
		}
		return nil
	})
}

// wake lets a stopped process go on.
func (p *process) wake() error { return p.Process.Signal(syscall.SIGCONT) }

// Two replicas pull the same archive from one database, and one of them is
// killed now and then: one pulls at a time, and everything is there once.
func TestTwoReplicasPullAtOnce(t *testing.T) {
	t.Parallel()
	rng := seeded(t)
	load := writeMessages(t, rng, 3000)
	l := newLab(t, func(s *simSettings) { s.Load = load })
	l.cfg.Finance.PageSize, l.total = 20, 3000
	l.huicun = l.start()
	replica := l.second()
	for n := int64(300); n < 3000; n += 600 {
		l.await("messages", func() error {
			if got := l.received(); got < n {
				return fmt.Errorf("%d of %d", got, n)
			}
			return nil
		})
		if rng.IntN(2) == 0 {
			l.huicun.kill()
			l.huicun = l.start()
		} else {
			replica.kill()
			replica = l.second()
		}
		l.letTimePass()
		l.ledger()
	}
	l.finish()
	l.checkSums()
}

// A puller is stopped between opening a page and storing it, wakes when another
// one has taken its lease, and writes nothing.
func TestPausedPullerWakesAfterItsLeaseIsGone(t *testing.T) {
	t.Parallel()
	load := writeMessages(t, seeded(t), 600)
	l := newLab(t, func(s *simSettings) { s.Load = load })
	l.cfg.Finance.PageSize, l.total = 20, 600
	l.huicun = l.start()
	if err := l.huicun.set("stop", "save", 5); err != nil {
		t.Fatal(err)
	}
	l.awaitStopped(l.huicun)
	sleeper := l.huicun
	l.huicun = l.second() // the lease runs out by itself, in seconds
	l.huicun.maySay(t, "pull lease taken")
	if err := sleeper.wake(); err != nil {
		t.Fatal(err)
	}
	sleeper.mustSay(t, "pulling interrupted", "the lease has gone to another process")
	l.finish()
	l.checkSums()
}

// A connection goes dead inside the transaction that stores a page, with the
// lease and the cursor locked: Postgres gives the transaction up, and another
// replica goes on.
func TestConnectionDiesInsideATransaction(t *testing.T) {
	t.Parallel()
	load := writeMessages(t, seeded(t), 600)
	l := newLab(t, func(s *simSettings) { s.Load = load })
	direct := l.cfg.Database
	w := l.wireDatabase()
	l.pauseInside()
	l.cfg.Finance.PageSize, l.total = 20, 600
	if _, err := l.db.Exec(`INSERT INTO test_pauses VALUES ('batches')`); err != nil {
		t.Fatal(err)
	}
	l.huicun = l.start()
	l.await("a transaction to pause", func() error { return l.paused() })
	w.set(wireStalled)
	if _, err := l.db.Exec(`DELETE FROM test_pauses`); err != nil {
		t.Fatal(err)
	}
	l.cfg.Database = direct
	l.huicun = l.second()
	l.finish()
	l.checkSums()
}

// paused is nil while a transaction waits at a pause.
func (l *lab) paused() error {
	var n int
	if err := l.db.Get(&n, `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`); err != nil {
		return err
	}
	if n == 0 {
		return errors.New("none waits")
	}
	return nil
}

// A worker that sends alerts is stopped right before or right after its call,
// another one takes its work over, and it wakes: each phone has each alert once.
func TestPausedOutboxWorkerWakesInMidSend(t *testing.T) {
	t.Parallel()
	for _, point := range []string{pointSendBefore, pointSendAfter} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			l, receivers := startWatching(t, nil)
			sleeper := l.huicun
			if err := sleeper.set("stop", point, 1); err != nil {
				t.Fatal(err)
			}
			l.say(3, watched[0])
			l.awaitStopped(sleeper)
			l.letTimePass()
			l.huicun = l.second()
			l.finish()
			if err := sleeper.wake(); err != nil {
				t.Fatal(err)
			}
			l.say(3, watched[0])
			l.finish()
			l.checkOnce(receivers, watched[0], 3)
			if strings.Contains(sleeper.log.String(), "panic") {
				t.Error("the worker that woke panicked")
			}
		})
	}
}

// Postgres is stopped and started while messages flow.
func TestPostgresIsRestarted(t *testing.T) {
	t.Parallel()
	l, receivers := startWatching(t, nil)
	for range 2 {
		l.say(30, watched[0])
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := l.pg.Stop(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		l.say(10, watched[0])
		l.huicun.maySay(t, "messages could not be stored", "pull lease not readable")
		l.startPostgres()
	}
	l.finish()
	l.checkOnce(receivers, watched[0], 5)
}

// Others take every connection that Postgres has; huicun's own break.
func TestConnectionsAreExhausted(t *testing.T) {
	t.Parallel()
	l, receivers := startWatching(t, nil)
	hogs := l.takeAllConnections()
	l.say(20, watched[0])
	l.huicun.mustSay(t, "too many clients already")
	for _, hog := range hogs {
		_ = hog.Close()
	}
	l.finish()
	l.checkOnce(receivers, watched[0], 2)
}

// The pool is as small as it may be.
func TestSmallestPool(t *testing.T) {
	t.Parallel()
	l, receivers := startWatching(t, func(l *lab) { l.cfg.Database.MaxConns = 4 })
	l.say(50, watched[0])
	l.finish()
	l.checkOnce(receivers, watched[0], 2)
}
