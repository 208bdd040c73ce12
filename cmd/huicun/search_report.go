package main

import (
	"context"
	"time"

	"huicun/internal/config"
	"huicun/internal/search"
)

// searchReport is what huicun search status -json prints, and huicun status
// -json under search.
type searchReport struct {
	Engine   string             `json:"engine"` // that is configured
	Indexed  int64              `json:"indexed"`
	Messages int64              `json:"messages"`
	Behind   int64              `json:"behind"` // changes that are not in the index yet
	UpTo     *time.Time         `json:"up_to"`  // what was stored until then is in the index
	Complete bool               `json:"complete"`
	Problem  string             `json:"problem"`
	Indices  []generationReport `json:"indices"` // in Elasticsearch
	Others   []generationReport `json:"others"`  // of an earlier search.prefix: nobody searches or feeds them
	Refused  []refusedReport    `json:"refused"` // documents that it refuses, 20 at most
}

// generationReport is a set of indices.
type generationReport struct {
	Name      string     `json:"name"`
	State     string     `json:"state"` // building | live | old
	Reason    string     `json:"reason"`
	Change    int64      `json:"change"`    // changes up to it are in
	Documents int64      `json:"documents"` // as last counted
	Months    int        `json:"months"`
	StartedAt time.Time  `json:"started_at"`
	LiveAt    *time.Time `json:"live_at"`
	CheckedAt *time.Time `json:"checked_at"`
	Repaired  int64      `json:"repaired"`
	Refused   int64      `json:"refused"`
	Error     string     `json:"error"`
	ErrorAt   *time.Time `json:"error_at"`
}

type refusedReport struct {
	MessageID string    `json:"message_id"`
	Attempts  int       `json:"attempts"`
	Error     string    `json:"error"`
	At        time.Time `json:"at"`
}

func newGenerationReport(g search.Generation) generationReport {
	return generationReport{
		Name: g.Name, State: string(g.State), Reason: g.Reason, Change: g.Change, Documents: g.Documents, Months: len(g.Months), StartedAt: g.StartedAt,
		LiveAt: g.FinishedAt, CheckedAt: g.CheckedAt, Repaired: g.Repaired, Refused: g.Poison, Error: g.Error, ErrorAt: g.ErrorAt,
	}
}

const refusedShown = 20

func newSearchReport(ctx context.Context, c config.Config, d *database, f *finding) (searchReport, error) {
	r := searchReport{Engine: c.Search.Engine, Indices: []generationReport{}, Others: []generationReport{}, Refused: []refusedReport{}}
	coverage, err := f.engine.Coverage(ctx)
	if err != nil {
		return r, err
	}
	r.Indexed, r.Messages, r.Behind, r.Problem = coverage.Indexed, coverage.Messages, coverage.Behind, coverage.Problem
	r.Complete = coverage.Complete()
	if !coverage.UpTo.IsZero() {
		r.UpTo = &coverage.UpTo
	}
	gs, others, err := f.generations(ctx, d, c.Search.Prefix)
	if err != nil {
		return r, err
	}
	for _, g := range others {
		r.Others = append(r.Others, newGenerationReport(g))
	}
	for _, g := range gs {
		r.Indices = append(r.Indices, newGenerationReport(g))
		poison, err := d.FindPoison(ctx, g.Name, refusedShown)
		if err != nil {
			return r, err
		}
		for _, p := range poison {
			r.Refused = append(r.Refused, refusedReport{MessageID: p.MessageID, Attempts: p.Attempts, Error: p.Error, At: p.At})
		}
	}
	return r, nil
}

// print writes one line, and one for each thing that is not as it should be.
func (r searchReport) print(p *printer) {
	p.line("search       %s: the index holds %d of %d messages%s", r.Engine, r.Indexed, r.Messages, yes(r.Complete, ", complete", ""))
	if r.Behind > 0 {
		upTo := ""
		if r.UpTo != nil {
			upTo = ", complete up to " + moment(*r.UpTo)
		}
		p.line("             %d changes are not in it yet%s", r.Behind, upTo)
	}
	if r.Problem != "" {
		p.line("             %s", r.Problem)
	}
	for _, g := range r.Indices {
		g.print(p)
	}
	for _, g := range r.Others {
		p.line("             %s is of another search.prefix, and nothing searches it: huicun search reindex -others deletes it", g.Name)
	}
	for _, m := range r.Refused {
		p.line("             message %s is left out since %s: %s", m.MessageID, moment(m.At), m.Error)
	}
}

var generationWords = map[string]string{
	string(search.GenerationBuilding): "is being built", string(search.GenerationLive): "is searched", string(search.GenerationOld): "is to be deleted",
}

func (g generationReport) print(p *printer) {
	p.line("             %s %s, %d months, changes up to %d (%s, %s)", g.Name, generationWords[g.State], g.Months, g.Change, g.Reason, moment(g.StartedAt))
	if g.Error != "" && g.ErrorAt != nil {
		p.line("             since %s: %s", moment(*g.ErrorAt), g.Error)
	}
	if g.CheckedAt != nil {
		p.line("             compared with the database %s, %d messages mended so far", moment(*g.CheckedAt), g.Repaired)
	}
}
