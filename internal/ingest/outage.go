package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"huicun/internal/alert"
)

// outage is a time in which the database takes nothing: what is known of it
// can only be kept here. Two processes that see the same outage write the same
// message, so that WeCom's duplicate check drops the second.
type outage struct {
	since  time.Time // zero: none
	step   int       // last one told
	cause  string
	admins []string // userids, as last read
}

// blocked notes that the database did not answer, or did not take an alarm that
// is due, and tells admins directly when that has lasted.
func (a *Alarm) blocked(ctx context.Context, err error, due bool) {
	if errors.Is(err, context.Canceled) {
		return
	}
	now, t := a.now(), a.Monitor.thresholds()
	if a.outage.since.IsZero() {
		a.outage.since = now
		if due { // something has stood still for so long already
			a.outage.since = now.Add(-t.Stalled)
		}
	}
	a.outage.cause = databaseCause(err)
	tr := Trouble{Subject: SubjectDatabase, Cause: a.outage.cause, Since: a.outage.since, For: now.Sub(a.outage.since)}
	step := t.step(tr)
	if step <= a.outage.step {
		return
	}
	if len(a.outage.admins) == 0 {
		slog.ErrorContext(ctx, "the database takes nothing, and nobody is known to be told", "since", tr.Since, "err", err)
		return
	}
	if a.sendDirect(ctx, a.directCard(tr, step)) {
		a.outage.step = step
		slog.ErrorContext(ctx, "alarm raised", "subject", tr.Subject, "cause", tr.Cause, "since", tr.Since, "step", step)
	}
}

// sendDirect sends a message to each admin; true when none has to be sent again.
func (a *Alarm) sendDirect(ctx context.Context, m alert.Message) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), alarmTimeout)
	defer cancel()
	done := true
	for _, userid := range a.outage.admins {
		m.To = userid
		_, err := a.Sender.Send(ctx, m)
		if se, ok := errors.AsType[*alert.SendError](err); err != nil && (!ok || se.Class != alert.ClassRefused) {
			slog.WarnContext(ctx, "alarm not sent; it is tried again", "err", err)
			done = false
		}
	}
	return done
}

// toldSince is the beginning of an outage as all processes tell it, each of
// which noticed it at another moment. Outages of which admins are told last for
// t.Stalled, so that no two of them have the same beginning: WeCom would drop the
// message about the second.
func (a *Alarm) toldSince(since time.Time) time.Time {
	return since.Truncate(a.Monitor.thresholds().Stalled)
}

// directCard has no time of this process in it but toldSince: every process
// writes the same.
func (a *Alarm) directCard(tr Trouble, step int) alert.Message {
	e, since := explanations[tr.Cause], a.toldSince(tr.Since)
	reached := a.Monitor.thresholds().steps(tr.Subject)[step-1]
	lines := []string{alert.CardLine("gray", fmt.Sprintf("%s 前后起，已超过 %s", a.cards().time(since), lasting(reached)))}
	lines = append(lines, reason(tr.Cause)...)
	lines = append(lines, alert.CardLine("normal", "处理："+e.next))
	return a.cards().card(e.title, lines, tr.Subject, since, step)
}

// unblocked notes that the database works. What was told without it is written
// down, so that the next check tells that it is over.
func (a *Alarm) unblocked(ctx context.Context) error {
	o := a.outage
	if o.since.IsZero() {
		return nil
	}
	if o.step > 0 {
		n := Notice{Subject: SubjectDatabase, Cause: o.cause, Since: a.toldSince(o.since), Step: o.step}
		if _, err := a.Store.RaiseAlarm(ctx, n); err != nil {
			return fmt.Errorf("record alarm: %w", err)
		}
	}
	a.outage = outage{admins: o.admins}
	if now := a.now(); now.Sub(o.since) >= a.grace() { // one that comes and goes must not keep the alarm quiet
		a.quietUntil = now.Add(a.grace())
	}
	return nil
}

// sqlState is an error of Postgres.
type sqlState interface{ SQLState() string }

// databaseCause says what is wrong with the database.
func databaseCause(err error) string {
	var state sqlState
	if errors.As(err, &state) {
		switch code := state.SQLState(); {
		case code == "53100":
			return CauseDiskFull
		case code == "53300":
			return CauseConnections
		case strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "08"):
			return CauseUnreachable
		}
		return CauseDatabase
	}
	if errors.Is(err, syscall.ENOSPC) {
		return CauseDiskFull
	}
	return CauseUnreachable
}
