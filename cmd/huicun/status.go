package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"huicun/internal/config"
	"huicun/internal/ingest"
	"huicun/server"
)

// statusCommand prints where the archive stands. With a private database it
// asks the one that is running, or starts it for the moment.
func statusCommand(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON, recount bool
	more := func(fs *flag.FlagSet) {
		fs.BoolVar(&asJSON, "json", false, "print JSON")
		fs.BoolVar(&recount, "recount", false, "count the rows too and compare with the counters (slow on large archives)")
		fs.Usage = func() {
			fmt.Fprint(fs.Output(), statusUsage)
			fs.PrintDefaults()
		}
	}
	return withConfig(args, environ, stderr, more, func(c config.Config) (err error) {
		d, err := peekDatabase(ctx, c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		m := &ingest.Monitor{Store: d, Thresholds: thresholds(c)}
		read := m.Status
		if recount {
			read = m.Recount
		}
		st, err := read(ctx)
		if err != nil {
			return err
		}
		report := newStatusReport(st)
		counts, err := d.CountMedia(ctx)
		if err != nil {
			return err
		}
		report.Media = newMediaReport(counts)
		found, err := newFinding(c, d.DB, time.Local)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, found.Close()) }()
		if report.Search, err = newSearchReport(ctx, c, d, found); err != nil {
			return err
		}
		if err := report.print(stdout, asJSON); err != nil {
			return err
		}
		if st.Unwell() {
			return errUnwell
		}
		return nil
	})
}

const statusUsage = `huicun status tells where the archive stands.

The exit status is 0 when all is well, and 1 when a person should look:
  - received is not stored + quarantined, or (-recount) the counters are not the rows
  - the lag has a level other than none (alarm.notice, alarm.warning, alarm.critical)
  - an alarm: pulling, a missing key, rules or alerts have stood still for alarm.stalled, files of
    messages wait for more than 3 days, or their store takes none, messages are not indexed for
    searches, or Elasticsearch takes nothing
  - attention, at once: the newest pull failed in a way that trying again does not mend (address not
    trusted, wrong secret, archive expired, SDK does not start), or messages lack their private key
  - follow-up work was given up
  - the database cannot be read
2 is a wrong command line.

`

func thresholds(c config.Config) ingest.Thresholds {
	return ingest.Thresholds{Notice: c.Alarm.Notice, Warning: c.Alarm.Warning, Critical: c.Alarm.Critical, Stalled: c.Alarm.Stalled}
}

// statusReport is what huicun status -json prints.
type statusReport struct {
	Seq           int64              `json:"seq"`
	Received      int64              `json:"received"`
	Stored        int64              `json:"stored"`
	Quarantined   int64              `json:"quarantined"`
	Duplicates    int64              `json:"duplicates"`
	Balanced      bool               `json:"balanced"` // received = stored + quarantined
	Gaps          int64              `json:"gaps"`
	LagSeconds    int64              `json:"lag_seconds"`
	WindowLeft    *int64             `json:"window_left_seconds"` // null before the first pull
	LagLevel      string             `json:"lag_level"`           // none | notice | warning | critical | lost
	LastSuccessAt *time.Time         `json:"last_success_at"`
	CaughtUpAt    *time.Time         `json:"caught_up_at"`
	LastError     string             `json:"last_error"`
	LastErrorAt   *time.Time         `json:"last_error_at"`
	Puller        string             `json:"puller"`
	Quarantine    []quarantineReport `json:"quarantine"`
	Discarded     []discardedReport  `json:"discarded"` // follow-up work that was given up
	Undelivered   []alertsReport     `json:"undelivered"`
	Troubles      []troubleReport    `json:"troubles"` // alarms, and what needs a person before it is one
	Media         mediaReport        `json:"media"`
	Search        searchReport       `json:"search"`
	Recount       *recountReport     `json:"recount,omitempty"`
	gaps          []ingest.Gap
}

type quarantineReport struct {
	PublicKeyVer int       `json:"publickey_ver"`
	Reason       string    `json:"reason"`
	Messages     int64     `json:"messages"`
	Oldest       time.Time `json:"oldest"`
}

type discardedReport struct {
	Kind  string `json:"kind"`
	Items int64  `json:"items"`
}

// alertsReport counts alerts of the last 30 days that are not known to be
// delivered.
type alertsReport struct {
	State  string    `json:"state"`
	Alerts int64     `json:"alerts"`
	Oldest time.Time `json:"oldest"`
}

type troubleReport struct {
	Subject string    `json:"subject"`
	Cause   string    `json:"cause"`
	Since   time.Time `json:"since"`
	Title   string    `json:"title"`
	Detail  string    `json:"detail"`
	Next    string    `json:"next"`
	Summary string    `json:"summary"` // in English; title, detail and next are Chinese
	Early   bool      `json:"early"`   // no app message was sent yet
}

type recountReport struct {
	MsgIDs      int64 `json:"msgids"`
	Messages    int64 `json:"messages"`
	Quarantined int64 `json:"quarantined"`
	Agrees      bool  `json:"agrees"`
}

func newStatusReport(s ingest.Status) *statusReport {
	r := &statusReport{
		Seq: s.Seq, Received: s.Received, Stored: s.Stored, Quarantined: s.Quarantined, Duplicates: s.Duplicates,
		Balanced: s.Balanced(), Gaps: s.GapTotal, LagSeconds: int64(s.Lag.Seconds()), LagLevel: s.Alarm, LastSuccessAt: s.LastSuccessAt,
		CaughtUpAt: s.CaughtUpAt, LastError: s.LastError, LastErrorAt: s.LastErrorAt, Puller: s.Puller,
		Quarantine: []quarantineReport{}, Discarded: []discardedReport{}, gaps: s.Gaps,
		Undelivered: []alertsReport{}, Troubles: []troubleReport{},
	}
	if s.WindowLeft != nil {
		left := int64(s.WindowLeft.Seconds())
		r.WindowLeft = &left
	}
	for _, q := range s.Quarantine {
		r.Quarantine = append(r.Quarantine, quarantineReport(q))
	}
	for _, d := range s.Discarded {
		r.Discarded = append(r.Discarded, discardedReport(d))
	}
	for _, u := range s.Alerts {
		r.Undelivered = append(r.Undelivered, alertsReport(u))
	}
	for _, t := range s.Troubles {
		r.Troubles = append(r.Troubles, troubleReport{
			Subject: t.Subject, Cause: t.Cause, Since: t.Since, Title: t.Title, Detail: t.Detail, Next: t.Next,
			Summary: summary(t), Early: t.Early,
		})
	}
	if c := s.Recount; c != nil {
		r.Recount = &recountReport{MsgIDs: c.MsgIDs, Messages: c.Messages, Quarantined: c.Quarantined, Agrees: c.Agrees(s.State)}
	}
	return r
}

func (r *statusReport) print(w io.Writer, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	p := &printer{w: w}
	p.line("received     %d = stored %d + quarantined %d   %s", r.Received, r.Stored, r.Quarantined, yes(r.Balanced, "balanced", "NOT BALANCED"))
	p.line("duplicates   %d delivered again, stored once", r.Duplicates)
	p.line("cursor       seq %d, %d gaps in the numbers", r.Seq, r.Gaps)
	for _, g := range r.gaps {
		if g.Kind == ingest.GapWindow {
			p.line("             after a pause longer than WeCom's window: seq %d to %d may be lost", g.AfterSeq+1, g.BeforeSeq-1)
		}
	}
	switch {
	case r.WindowLeft == nil:
		p.line("lag          nothing pulled yet")
	case *r.WindowLeft < 0:
		p.line("lag          %v; WeCom's 5 days are over: messages may be lost", seconds(r.LagSeconds))
	default:
		p.line("lag          %v; WeCom drops the oldest message not pulled in %v at the earliest", seconds(r.LagSeconds), seconds(*r.WindowLeft))
	}
	p.line("lag level    %s", r.LagLevel)
	r.printTroubles(p)
	p.line("puller       %s", yes(r.Puller != "", r.Puller, "nobody holds the lease"))
	for _, q := range r.Quarantine {
		p.line("quarantine   %d messages of publickey_ver %d: %s, since %s", q.Messages, q.PublicKeyVer, q.Reason, moment(q.Oldest))
	}
	for _, d := range r.Discarded {
		p.line("given up     %d items of kind %s; see outbox.errors", d.Items, d.Kind)
	}
	for _, u := range r.Undelivered {
		p.line("alerts       %d %s, the oldest since %s", u.Alerts, alertWords[u.State], moment(u.Oldest))
	}
	r.Media.print(p)
	r.Search.print(p)
	if r.LastError != "" {
		at := ""
		if r.LastErrorAt != nil {
			at = " (" + moment(*r.LastErrorAt) + ")"
		}
		p.line("last error   %s%s", r.LastError, at)
	}
	if c := r.Recount; c != nil {
		p.line("rows         %d msgids, %d messages, %d quarantined   %s", c.MsgIDs, c.Messages, c.Quarantined, yes(c.Agrees, "agrees with the counters", "DISAGREES WITH THE COUNTERS"))
	}
	return p.err
}

// newServerStatus is the same for GET /status.
func newServerStatus(s ingest.Status) server.Status {
	out := server.Status{
		Seq: s.Seq, Received: s.Received, Stored: s.Stored, Quarantined: s.Quarantined, Duplicates: s.Duplicates,
		GapTotal: s.GapTotal, Lag: s.Lag, WindowLeft: s.WindowLeft, Alarm: s.Alarm, LastError: s.LastError, LastCause: s.LastCause(),
		Puller: s.Puller,
	}
	for to, from := range map[*time.Time]*time.Time{&out.LastSuccessAt: s.LastSuccessAt, &out.CaughtUpAt: s.CaughtUpAt, &out.LastErrorAt: s.LastErrorAt} {
		if from != nil {
			*to = *from
		}
	}
	for _, t := range s.Troubles {
		out.Troubles = append(out.Troubles, server.Trouble{
			Subject: t.Subject, Cause: t.Cause, Since: t.Since, Title: t.Title, Detail: t.Detail, Next: t.Next, Early: t.Early,
		})
	}
	for _, g := range s.Gaps {
		out.Gaps = append(out.Gaps, server.Gap(g))
	}
	for _, q := range s.Quarantine {
		out.Quarantine = append(out.Quarantine, server.QuarantineGroup(q))
	}
	for _, p := range s.Pulls {
		out.Pulls = append(out.Pulls, server.Pull{
			StartedAt: p.StartedAt, FinishedAt: p.FinishedAt, FromSeq: p.FromSeq,
			Calls: int64(p.Calls), Received: int64(p.Received), Duplicates: int64(p.Duplicates),
			Outcome: p.Outcome, Error: p.Error, Cause: p.Cause(),
		})
	}
	return out
}
