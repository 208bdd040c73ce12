package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/store"
)

func TestFindLiveViolations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mei := s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Departments: []int64{3}})
	s.exec(t, `INSERT INTO violations (dedupe_key, kind, severity, conv_id, message_id, occurred_at) VALUES
		('a', 'word', 'high', 7, '11111111-1111-1111-1111-111111111111', now()),
		('b', 'customer_deleted_employee', 'mid', NULL, NULL, now()),
		('c', 'word', 'low', 8, '22222222-2222-2222-2222-222222222222', now())`)
	s.exec(t, `INSERT INTO violation_employees (violation_id, person)
		SELECT id, CASE dedupe_key WHEN 'c' THEN 'svc' ELSE 'shop' END FROM violations`)

	first := archive.LiveViolation{ID: 1, ConvID: 7, MessageID: "11111111-1111-1111-1111-111111111111", Severity: "high"}
	second := archive.LiveViolation{ID: 2, Severity: "mid"}
	third := archive.LiveViolation{ID: 3, ConvID: 8, MessageID: "22222222-2222-2222-2222-222222222222", Severity: "low"}
	for _, tt := range []struct {
		name  string
		scope access.Scope
		after int64
		limit int
		want  []archive.LiveViolation
	}{
		{"admin", s.admin(t).Scope(), 0, 9, []archive.LiveViolation{first, second, third}},
		{"viewer", mei.Scope(), 0, 9, []archive.LiveViolation{first, second}},
		{"after one", mei.Scope(), 1, 9, []archive.LiveViolation{second}},
		{"limit", s.admin(t).Scope(), 0, 1, []archive.LiveViolation{first}},
		{"nobody", access.Scope{}, 0, 9, nil},
	} {
		got, err := s.FindLiveViolations(t.Context(), tt.scope, tt.after, tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if id, err := s.LastViolationID(t.Context()); err != nil || id != 3 {
		t.Errorf("LastViolationID = %d, %v; want 3", id, err)
	}
}

func TestListenLive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	notices := make(chan archive.LiveNotice)
	ended := make(chan error, 1)
	go func() {
		ended <- s.ListenLive(ctx, func(n archive.LiveNotice) {
			select {
			case notices <- n:
			case <-ctx.Done():
			}
		})
	}()
	expect := func(want archive.LiveNotice) {
		t.Helper()
		select {
		case got := <-notices:
			if got != want {
				t.Errorf("notice %+v, want %+v", got, want)
			}
		case err := <-ended:
			t.Fatalf("the listener ended: %v", err)
		}
	}
	expect(archive.LiveNotice{}) // connected
	s.exec(t, `SELECT pg_notify($1, '{"batch_id":12}')`, store.ChannelLive)
	expect(archive.LiveNotice{BatchID: 12})
	s.exec(t, `SELECT pg_notify($1, '{"violation_id":7}')`, store.ChannelLive)
	expect(archive.LiveNotice{ViolationID: 7})
	s.exec(t, `SELECT pg_notify($1, '{"viewer_id":3}')`, store.ChannelLive)
	expect(archive.LiveNotice{ViewerID: 3})
	s.exec(t, `SELECT pg_notify($1, 'no JSON')`, store.ChannelLive)
	expect(archive.LiveNotice{})

	// The connection is cut: the listener comes back and says so.
	s.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
	expect(archive.LiveNotice{})
	s.exec(t, `SELECT pg_notify($1, '{"batch_id":13}')`, store.ChannelLive)
	expect(archive.LiveNotice{BatchID: 13})

	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ListenLive = %v, want context canceled", err)
	}
}
