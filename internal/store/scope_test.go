package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/store/storetest"
)

// soon is how long a test waits for what should happen at once.
const soon = 2 * time.Minute

func narrow(t *testing.T, maxConns int) *DB {
	t.Helper()
	db, err := Open(t.Context(), Options{URL: storetest.New(t), MaxConns: maxConns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// preparing starts to prepare a statement.
func preparing(ctx context.Context, db *DB, text string) <-chan error {
	done := make(chan error, 1)
	go func() {
		st, err := db.prepared(ctx, text)
		if err == nil && st == nil {
			err = errors.New("no statement and no error")
		}
		done <- err
	}()
	return done
}

func await(t *testing.T, what string, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(soon):
		t.Fatalf("%s still waits", what)
		return nil
	}
}

// With no connection free, and with a server that is silent, who has enough
// leaves; who stays gets the statement once that is possible.
func TestPreparingHeedsEachCallersContext(t *testing.T) {
	t.Parallel()
	db := narrow(t, 1)
	taken, err := db.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stays := preparing(t.Context(), db, `SELECT 1`)
	for _, text := range []string{`SELECT 1`, `SELECT 2`} {
		ctx, cancel := context.WithCancel(t.Context())
		leaves := preparing(ctx, db, text)
		cancel()
		if err := await(t, "a caller that left", leaves); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that left: %v, want %v", err, context.Canceled)
		}
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	if err := await(t, "the caller that stayed", stays); err != nil {
		t.Errorf("the caller that stayed: %v", err)
	}
}

func TestPreparedIsHadWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	db := narrow(t, 1)
	first, err := db.prepared(t.Context(), `SELECT 1`)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := db.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	other := preparing(ctx, db, `SELECT 2`) // gets no connection
	again := make(chan *sqlx.Stmt, 1)
	go func() {
		st, err := db.prepared(t.Context(), `SELECT 1`)
		if err != nil {
			t.Error(err)
		}
		again <- st
	}()
	select {
	case st := <-again:
		if st != first {
			t.Error("the statement was prepared again")
		}
	case <-time.After(soon):
		t.Error("what is prepared waits for what is not")
	}
	cancel()
	if err := await(t, "the other", other); !errors.Is(err, context.Canceled) {
		t.Errorf("the other: %v, want %v", err, context.Canceled)
	}
}

func TestPreparingIsTriedAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	db := narrow(t, 2)
	const text = `SELECT id FROM not_there_yet`
	if _, err := db.prepared(t.Context(), text); err == nil || !strings.Contains(err.Error(), "not_there_yet") {
		t.Fatalf("without the table: %v", err)
	}
	if _, err := db.Exec(`CREATE TABLE not_there_yet (id bigint)`); err != nil {
		t.Fatal(err)
	}
	st, err := db.prepared(t.Context(), text)
	if err != nil {
		t.Fatalf("with the table: %v", err)
	}
	var ids []int64
	if err := st.Select(&ids); err != nil || len(ids) != 0 {
		t.Errorf("Select: %v, %v", ids, err)
	}
}
