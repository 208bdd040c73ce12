package ingest

import (
	"context"
	"time"
)

// Snapshot is what the database says of the archive at one moment.
type Snapshot struct {
	State
	Now           time.Time  // by the database's clock, as all times here
	ExpectedSince *time.Time // the first process that is to pull started; nil: none ever did
	Gaps          []Gap      // newest 20
	GapTotal      int64
	Quarantine    []QuarantineGroup
	Pulls         []Pull // newest 20
	Puller        string // who holds the lease; "" nobody
	Discarded     []DiscardedWork
	Queues        []Queue      // follow-up work not done yet
	Alerts        []AlertCount // alerts that are not sent
	Alarms        []OpenAlarm
	Admins        []string // userids of those who are told of alarms
	Media         MediaLate
	Search        SearchLate
	Recount       *Count // nil unless asked for
}

// Status is where the archive stands, for the operator.
type Status struct {
	Snapshot
	// Lag is how long ago everything that WeCom had was stored; 0 before the
	// first pull.
	Lag time.Duration
	// WindowLeft is how long WeCom still keeps the oldest message that may be
	// unpulled; nil before the first pull, negative when messages may be lost.
	WindowLeft *time.Duration
	Alarm      string    // level of Lag; Troubles tell what is wrong
	Troubles   []Trouble // what stands still, and why
}

// Unwell reports whether something needs a person: the counters do not add up,
// the lag has a level, something stands still or fails in a way that only a
// person can mend, or follow-up work was given up.
func (s Status) Unwell() bool {
	return !s.Balanced() || s.Alarm != AlarmNone || len(s.Troubles) > 0 || len(s.Discarded) > 0 ||
		s.Recount != nil && !s.Recount.Agrees(s.State)
}

// Balanced reports whether received = stored + quarantined.
func (s Status) Balanced() bool { return s.Received == s.Stored+s.Quarantined }

// DiscardedWork counts follow-up work that was given up: batches not scanned,
// callbacks not understood, alerts not sent.
type DiscardedWork struct {
	Kind  string `db:"kind"`
	Items int64  `db:"items"`
}

// MediaLate is what may be lost of files of messages.
type MediaLate struct {
	Late           int64      `db:"late"`             // not fetched, sent 3 to 5 days ago: WeCom is about to drop them
	OldestLate     *time.Time `db:"oldest_late"`      // when the oldest of them was sent; nil: there are none
	LateError      string     `db:"late_error"`       // of that one; no secrets
	NotStoredSince *time.Time `db:"not_stored_since"` // our own store did not take a file, and has not since; nil: no such file
	StoreError     string     `db:"store_error"`      // of that one; no secrets
	LastReady      *time.Time `db:"last_ready"`       // when the newest file was stored; nil: none ever was
}

// SearchLate is what is wrong with the index of searches in Elasticsearch.
type SearchLate struct {
	Since *time.Time `db:"since"` // nil: nothing
	Error string     `db:"error"` // no secrets, no chat text
}

// Queue is the follow-up work of one kind that is not done yet.
type Queue struct {
	Kind   string    `db:"kind"`
	Items  int64     `db:"items"`
	Oldest time.Time `db:"oldest"` // when the oldest was written
	Failed int64     `db:"failed"` // of Items: those that failed before
	Error  string    `db:"error"`  // of the oldest that failed; no secrets, no chat text
}

// AlertCount counts alerts of one state that are not known to be delivered,
// of the last 30 days.
type AlertCount struct {
	State  string    `db:"state"`
	Alerts int64     `db:"alerts"`
	Oldest time.Time `db:"oldest"`
}

// QuarantineGroup counts open quarantine records.
type QuarantineGroup struct {
	PublicKeyVer int       `db:"publickey_ver"`
	Reason       string    `db:"reason"`
	Messages     int64     `db:"messages"`
	Oldest       time.Time `db:"oldest"`
}

// Levels of Status.Alarm.
const (
	AlarmNone     = "none"
	AlarmNotice   = "notice"
	AlarmWarning  = "warning"
	AlarmCritical = "critical"
	AlarmLost     = "lost" // older than WeCom's window
)

// Thresholds say from which lag on an alarm is raised, and after how long
// without progress admins are told.
type Thresholds struct {
	Notice, Warning, Critical time.Duration
	Stalled                   time.Duration // 0: admins are not told
}

// DefaultThresholds leave days to mend the cause (finance-sdk.md 3.3).
var DefaultThresholds = Thresholds{Notice: time.Hour, Warning: 24 * time.Hour, Critical: 72 * time.Hour, Stalled: 10 * time.Minute}

// level gives the alarm of a lag.
func (t Thresholds) level(lag time.Duration) string {
	switch {
	case lag > windowLength:
		return AlarmLost
	case lag > t.Critical:
		return AlarmCritical
	case lag > t.Warning:
		return AlarmWarning
	case lag > t.Notice:
		return AlarmNotice
	}
	return AlarmNone
}

// StatusStore is what Monitor reads.
type StatusStore interface {
	// ReadStatus reads everything as of one moment, lists up to rows long. With
	// recount it counts the rows themselves too.
	ReadStatus(ctx context.Context, rows int, recount bool) (Snapshot, error)
}

// Count is what the tables hold, counted row by row.
type Count struct {
	MsgIDs      int64 `db:"msgids"`
	Messages    int64 `db:"messages"`
	Quarantined int64 `db:"quarantined"` // open ones
}

// Agrees reports whether the counters say the same.
func (c Count) Agrees(s State) bool {
	return c.MsgIDs == s.Received && c.Messages == s.Stored && c.Quarantined == s.Quarantined
}

// Monitor tells how the archive is doing.
type Monitor struct {
	Store      StatusStore
	Thresholds Thresholds // zero: DefaultThresholds
}

const statusRows = 20

// Status reads everything that an operator asks first.
func (m *Monitor) Status(ctx context.Context) (Status, error) {
	return m.status(ctx, false)
}

// Recount is Status with the rows counted; slow on large archives.
func (m *Monitor) Recount(ctx context.Context) (Status, error) {
	return m.status(ctx, true)
}

func (m *Monitor) status(ctx context.Context, recount bool) (Status, error) {
	snap, err := m.Store.ReadStatus(ctx, statusRows, recount)
	if err != nil {
		return Status{}, err
	}
	s := Status{Snapshot: snap}
	m.lag(&s)
	s.Troubles = m.thresholds().diagnose(s)
	s.Troubles = append(s.Troubles, foresee(s)...)
	return s, nil
}

func (m *Monitor) thresholds() Thresholds {
	if m.Thresholds == (Thresholds{}) {
		return DefaultThresholds
	}
	return m.Thresholds
}

// lag works out how far behind the archive is. While an answer was full or a
// pull failed, what WeCom holds beyond the cursor is not known: the last time
// it was known to be nothing counts, or, before that ever was, the newest
// message stored.
func (m *Monitor) lag(s *Status) {
	since := s.CaughtUpAt
	if since == nil {
		since = s.LastMsgTime
	}
	s.Alarm = AlarmNone
	if since == nil {
		if s.LastErrorAt != nil && s.LastError != "" { // it never worked
			s.Alarm = AlarmNotice
		}
		return
	}
	s.Lag = max(0, s.Now.Sub(*since))
	left := windowLength - s.Lag
	s.WindowLeft = &left
	s.Alarm = m.thresholds().level(s.Lag)
}
