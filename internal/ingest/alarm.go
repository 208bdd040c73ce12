package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"huicun/internal/alert"
)

// OpenAlarm is an alarm of which admins were told, and that is not over.
type OpenAlarm struct {
	Subject  string    `db:"subject"`
	Cause    string    `db:"cause"`
	Since    time.Time `db:"since"`
	Step     int       `db:"step"`
	RaisedAt time.Time `db:"raised_at"`
}

// Notice is a step of an alarm, with the message for admins; its receiver is
// filled in for each.
type Notice struct {
	Subject string
	Cause   string
	Since   time.Time
	Step    int            // from 1
	Message *alert.Message // nil: they were told already
}

// AlarmStore keeps alarms.
type AlarmStore interface {
	// RaiseAlarm writes a message to each admin, once a step whoever asks how
	// often. Messages of earlier steps that have not left are dropped. It tells
	// whether the step was new.
	RaiseAlarm(ctx context.Context, n Notice) (bool, error)
	// EndAlarm ends the open alarm of a subject, and writes a message to each
	// admin. It tells whether there was one.
	EndAlarm(ctx context.Context, subject string, m alert.Message) (bool, error)
}

const (
	alarmEvery   = 15 * time.Second
	alarmTimeout = 30 * time.Second
	defaultGrace = time.Minute
)

// Alarm tells admins by app message that something stands still, and that it
// goes on. Any number may run: what was told stands in the database.
type Alarm struct {
	Monitor   *Monitor
	Store     AlarmStore
	Sender    alert.Sender   // while the database takes nothing
	PublicURL string         // of huicun
	Zone      *time.Location // of times in messages
	// Grace is how long after the start, or after the database came back, a
	// puller is given to show that it works; 0 means a minute.
	Grace time.Duration
	Now   func() time.Time // nil: time.Now

	quietUntil time.Time
	outage     outage
}

// Run watches until ctx ends.
func (a *Alarm) Run(ctx context.Context) error {
	if a.Monitor.thresholds().Stalled <= 0 {
		return nil
	}
	a.quietUntil = a.now().Add(a.grace())
	t := time.NewTicker(alarmEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		cctx, cancel := context.WithTimeout(ctx, alarmTimeout)
		if err := a.Check(cctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "alarms not checked", "err", err)
		}
		cancel()
	}
}

// Check looks once. While the database takes nothing, admins are told without
// it, and the error says what is wrong.
func (a *Alarm) Check(ctx context.Context) error {
	st, err := a.Monitor.Status(ctx)
	if err != nil {
		a.blocked(ctx, err, false)
		return err
	}
	a.outage.admins = st.Admins
	if err = a.unblocked(ctx); err == nil {
		err = a.tell(ctx, st)
	}
	if err != nil {
		a.blocked(ctx, err, true)
	}
	return err
}

// tell raises and ends alarms.
func (a *Alarm) tell(ctx context.Context, st Status) error {
	words := a.cards()
	lasting := slices.DeleteFunc(slices.Clone(st.Troubles), func(tr Trouble) bool { return tr.Early })
	if !a.now().Before(a.quietUntil) {
		for _, tr := range lasting {
			if err := a.raise(ctx, words, st, tr); err != nil {
				return err
			}
		}
	}
	for _, o := range st.Alarms {
		if slices.ContainsFunc(lasting, func(tr Trouble) bool { return tr.Subject == o.Subject }) {
			continue
		}
		ended, err := a.Store.EndAlarm(ctx, o.Subject, words.ended(o, st))
		if err != nil {
			return fmt.Errorf("end alarm: %w", err)
		}
		if ended {
			slog.InfoContext(ctx, "alarm over", "subject", o.Subject, "since", o.Since)
		}
	}
	return nil
}

func (a *Alarm) raise(ctx context.Context, words cards, st Status, tr Trouble) error {
	step := a.Monitor.thresholds().step(tr)
	for _, o := range st.Alarms {
		if o.Subject == tr.Subject && o.Step >= step {
			return nil
		}
	}
	m := words.raised(tr, step)
	raised, err := a.Store.RaiseAlarm(ctx, Notice{Subject: tr.Subject, Cause: tr.Cause, Since: tr.Since, Step: step, Message: &m})
	if err != nil {
		return fmt.Errorf("raise alarm: %w", err)
	}
	if raised {
		slog.ErrorContext(ctx, "alarm raised", "subject", tr.Subject, "cause", tr.Cause, "since", tr.Since, "step", step)
	}
	return nil
}

func (a *Alarm) cards() cards {
	zone := a.Zone
	if zone == nil {
		zone = time.UTC
	}
	return cards{publicURL: a.PublicURL, zone: zone}
}

func (a *Alarm) grace() time.Duration {
	if a.Grace == 0 {
		return defaultGrace
	}
	return a.Grace
}

func (a *Alarm) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}
