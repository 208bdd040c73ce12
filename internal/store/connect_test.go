package store

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"huicun/internal/ingest"
	"huicun/internal/store/storetest"
)

// mute takes connections, reads what comes and never answers.
func mute(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	return l.Addr().String()
}

func TestSilentConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	c, err := dialer{silence: 50 * time.Millisecond}.DialContext(t.Context(), "tcp", mute(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read of a silent connection: %v, want a deadline", err)
	}
}

func TestDeadlineFromOutsideHolds(t *testing.T) {
	t.Parallel()
	c, err := dialer{silence: time.Hour}.DialContext(t.Context(), "tcp", mute(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: %v, want the deadline that was set", err)
	}
}

// A statement that is not answered in time fails, and the pool goes on with
// another connection.
func TestStatementHasABound(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Options{URL: storetest.New(t), MaxConns: 2, Silence: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(`SELECT pg_sleep(60)`); err == nil || !strings.Contains(err.Error(), "i/o timeout") {
		t.Errorf("a statement of a minute: %v, want i/o timeout", err)
	}
	var one int
	if err := db.Get(&one, `SELECT 1`); err != nil || one != 1 {
		t.Errorf("the next statement: %d, %v", one, err)
	}
}

func TestSessionsAreSetUp(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Options{URL: storetest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for name, want := range map[string]string{"idle_in_transaction_session_timeout": "30s", "application_name": "huicun"} {
		var got string
		if err := db.Get(&got, `SELECT current_setting($1)`, name); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestOpenSaysWhatFails(t *testing.T) {
	t.Parallel()
	u := url.URL{Scheme: "postgres", Host: mute(t), Path: "/huicun", RawQuery: "sslmode=disable&connect_timeout=1"}
	if _, err := Open(t.Context(), Options{URL: u.String()}); err == nil || !strings.Contains(err.Error(), "connect to the database") {
		t.Errorf("Open: %v", err)
	}
}

func TestOpenTellsNoPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://u:planted@[::1/x", "postgres://u:pa/planted@h/x", "mysql://u:planted@h/x", "host=h password=pa planted", "postgres://u:planted@h:port/x", "postgres://u:%zzplanted@h/x",
	} {
		_, err := Open(t.Context(), Options{URL: address})
		if err == nil || !strings.Contains(err.Error(), "database.url") || strings.Contains(err.Error(), "planted") {
			t.Errorf("Open(%q): %v", address, err)
		}
	}
}

func TestRefusedContentIsToldFromADeadDatabase(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Options{URL: storetest.New(t), MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for query, want := range map[string]bool{
		`SELECT 1/0`:                        true, // 22012
		`INSERT INTO pull_state VALUES (2)`: true, // 23514
		`SELECT repeat('x', 2147483647)`:    true, // 54000
		`SELECT nothing`:                    false,
	} {
		if _, err := db.Exec(query); refusesContent(err) != want {
			t.Errorf("refusesContent(%v) = %v", err, !want)
		}
	}
	_ = db.Close()
	l := ingest.Lease{Name: ingest.LeasePull}
	if _, err := db.SaveBatch(context.Background(), l, ingest.Batch{}); err == nil || errors.Is(err, ingest.ErrRefused) {
		t.Errorf("SaveBatch without a database: %v", err)
	}
}
