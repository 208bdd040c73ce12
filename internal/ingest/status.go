package ingest

import (
	"context"
	"time"
)

// Status is where the archive stands, for the operator.
type Status struct {
	State
	Now        time.Time
	Gaps       []Gap // newest 20
	GapTotal   int64
	Quarantine []QuarantineGroup
	Pulls      []Pull // newest 20
	Puller     string // who holds the lease; "" nobody
	Discarded  []DiscardedWork
	// Lag is how long ago everything that WeCom had was stored; 0 before the
	// first pull.
	Lag time.Duration
	// WindowLeft is how long WeCom still keeps the oldest message that may be
	// unpulled; nil before the first pull, negative when messages may be lost.
	WindowLeft *time.Duration
	Alarm      string
}

// Balanced reports whether received = stored + quarantined.
func (s Status) Balanced() bool { return s.Received == s.Stored+s.Quarantined }

// DiscardedWork counts follow-up work that was given up: batches not scanned,
// callbacks not understood, alerts not sent.
type DiscardedWork struct {
	Kind  string `db:"kind"`
	Items int64  `db:"items"`
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

// Thresholds say from which lag on an alarm is raised.
type Thresholds struct{ Notice, Warning, Critical time.Duration }

// DefaultThresholds leave days to mend the cause (finance-sdk.md 3.3).
var DefaultThresholds = Thresholds{Notice: time.Hour, Warning: 24 * time.Hour, Critical: 72 * time.Hour}

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
	PullState(ctx context.Context) (State, error)
	FindGaps(ctx context.Context, limit int) (gaps []Gap, total int64, err error)
	CountQuarantine(ctx context.Context) ([]QuarantineGroup, error)
	FindPulls(ctx context.Context, limit int) ([]Pull, error)
	LeaseHolder(ctx context.Context, name string) (string, error)
	CountDiscarded(ctx context.Context) ([]DiscardedWork, error)
	// Recount counts the rows themselves: msgids, messages, open quarantine.
	Recount(ctx context.Context) (Count, error)
}

// Count is what the tables hold, counted row by row.
type Count struct {
	MsgIDs      int64 `db:"msgids"`
	Messages    int64 `db:"messages"`
	Quarantined int64 `db:"quarantined"`
}

// Monitor tells how the archive is doing.
type Monitor struct {
	Store      StatusStore
	Thresholds Thresholds // zero: DefaultThresholds
	Now        func() time.Time
}

const statusRows = 20

// Status reads everything that an operator asks first.
func (m *Monitor) Status(ctx context.Context) (Status, error) {
	s := Status{Now: time.Now()}
	if m.Now != nil {
		s.Now = m.Now()
	}
	var err error
	if s.State, err = m.Store.PullState(ctx); err != nil {
		return s, err
	}
	if s.Gaps, s.GapTotal, err = m.Store.FindGaps(ctx, statusRows); err != nil {
		return s, err
	}
	if s.Quarantine, err = m.Store.CountQuarantine(ctx); err != nil {
		return s, err
	}
	if s.Pulls, err = m.Store.FindPulls(ctx, statusRows); err != nil {
		return s, err
	}
	if s.Puller, err = m.Store.LeaseHolder(ctx, LeasePull); err != nil {
		return s, err
	}
	if s.Discarded, err = m.Store.CountDiscarded(ctx); err != nil {
		return s, err
	}
	m.lag(&s)
	return s, nil
}

// lag works out how far behind the archive is. While an answer was full or a
// pull failed, what WeCom holds beyond the cursor is not known: the last time
// it was known to be nothing counts, or, before that ever was, the newest
// message stored.
func (m *Monitor) lag(s *Status) {
	t := m.Thresholds
	if t == (Thresholds{}) {
		t = DefaultThresholds
	}
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
	s.Alarm = t.level(s.Lag)
}
