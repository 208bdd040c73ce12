package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"huicun/internal/config"
	"huicun/internal/search"
	"huicun/internal/search/elastic"
)

const searchUsage = `huicun search looks after the index of searches.

  huicun search status [-json]    what the index holds, and why it is not complete; exit status 1 when it is not
  huicun search reindex [-json]   build new indices in Elasticsearch beside those that are searched, let searches
                                  go to them when they hold everything, and delete the old ones. It goes on where it
                                  was stopped, and in huicun serve when that runs. With search.engine =
                                  "postgres": as with -documents
  huicun search reindex -others   build nothing, but delete the indices of an earlier search.prefix, which status
                                  names. Not where the database is a copy: they are searched by the original
  huicun search reindex -documents [-restart] [-json]
                                  make the document of each message in the database again, from the message, beside
                                  huicun serve. Documents that are right stay; indices in Elasticsearch follow the
                                  others. It goes on where it was stopped, and with -restart begins again
  huicun search check [-json]     compare the index with the database, message by message, add what lacks, delete
                                  what is too much, and try again what Elasticsearch refused. huicun serve does
                                  the same every night

check is for search.engine = "elastic".

`

// searchCommands are the commands below huicun search.
var searchCommands = map[string]command{
	"status": searchStatus, "reindex": searchReindex, "check": searchCheck,
}

// searchCommand carries out huicun search NAME.
func searchCommand(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	return commandOf(ctx, "search", searchCommands, searchUsage, args, environ, stdout, stderr)
}

// withFinding runs f with the archive's database and the engine.
func withFinding(ctx context.Context, args []string, environ map[string]string, stderr io.Writer, more func(*flag.FlagSet), f func(config.Config, *database, *finding) error) error {
	flags := func(fs *flag.FlagSet) {
		more(fs)
		fs.Usage = func() {
			fmt.Fprint(fs.Output(), searchUsage)
			fs.PrintDefaults()
		}
	}
	return withConfig(args, environ, stderr, flags, func(c config.Config) (err error) {
		d, err := peekDatabase(ctx, c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		found, err := newFinding(c, d.DB, time.Local)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, found.Close()) }()
		return f(c, d, found)
	})
}

// withElastic is withFinding where there is Elasticsearch.
func withElastic(ctx context.Context, args []string, environ map[string]string, stderr io.Writer, asJSON *bool, f func(config.Config, *database, *finding) error) error {
	return withFinding(ctx, args, environ, stderr, jsonFlag(asJSON), func(c config.Config, d *database, found *finding) error {
		if found.feeder == nil {
			return errors.New("search.engine is postgres: the database's own index needs nothing of this")
		}
		return f(c, d, found)
	})
}

func searchStatus(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON bool
	return withFinding(ctx, args, environ, stderr, jsonFlag(&asJSON), func(c config.Config, d *database, f *finding) error {
		r, err := newSearchReport(ctx, c, d, f)
		if err != nil {
			return err
		}
		if asJSON {
			err = printJSON(stdout, r)
		} else {
			p := &printer{w: stdout}
			r.print(p)
			err = p.err
		}
		if err == nil && !r.Complete {
			err = errUnwell
		}
		return err
	})
}

// progressEvery is how often a command tells how far it is.
const progressEvery = 2 * time.Second

func searchReindex(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON bool
	var o rebuildOptions
	return withFinding(ctx, args, environ, stderr, o.flags(&asJSON), func(c config.Config, d *database, f *finding) error {
		if o.others {
			return dropOthers(ctx, f, o, asJSON, stdout)
		}
		if f.feeder == nil || o.documents {
			return rebuildDocuments(ctx, d, o.restart, asJSON, stdout, stderr)
		}
		if o.restart {
			return errors.New("-restart is about documents: say -documents, or neither, to build new indices")
		}
		before, err := f.building(ctx, d, c.Search.Prefix)
		if err != nil {
			return err
		}
		r := reindexing{config: c, db: d, finding: f, out: &printer{w: stderr}}
		if before == nil {
			if err := d.CreateGeneration(ctx, c.Search.Prefix, c.Search.Shards, "asked for"); err != nil {
				return err
			}
		} else {
			r.out.line("going on with %s", before.Name)
		}
		g, err := r.run(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("%w; run it again, or huicun serve, to go on", errInterrupted)
		}
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(stdout, newGenerationReport(g))
		}
		p := &printer{w: stdout}
		p.line("searches go to %s", g.Name)
		return p.err
	})
}

// building gives the generation that is being built; nil: none.
func (f *finding) building(ctx context.Context, d *database, prefix string) (*search.Generation, error) {
	gs, err := d.FindGenerations(ctx, prefix)
	for i := range gs {
		if gs[i].State == search.GenerationBuilding {
			return &gs[i], nil
		}
	}
	return nil, err
}

// reindexing lets a generation be built, by this process or by the one that
// feeds the indices already.
type reindexing struct {
	*finding
	config config.Config
	db     *database
	out    *printer
	name   string    // the generation
	told   time.Time // how far it was
}

func (r *reindexing) run(ctx context.Context) (search.Generation, error) {
	b, err := r.building(ctx, r.db, r.config.Search.Prefix)
	if err != nil {
		return search.Generation{}, err
	}
	if b != nil { // else another process was quicker than this one
		r.name = b.Name
	}
	r.feeder.Progress = r.tell
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		g, done, err := r.done(ctx)
		if err != nil || done {
			return g, err
		}
		_, err = r.underLease(ctx, r.db, processName(), func(ctx context.Context) error {
			for {
				if _, done, err := r.done(ctx); err != nil || done {
					return err
				}
				if _, err := r.feeder.Pass(ctx); err != nil {
					return err
				}
			}
		})
		if err != nil && ctx.Err() == nil {
			r.out.line("%v; it is tried again", err)
		}
		select {
		case <-ctx.Done():
			return g, ctx.Err()
		case <-t.C:
		}
	}
}

// dropOthers deletes what earlier values of search.prefix have left.
func dropOthers(ctx context.Context, f *finding, o rebuildOptions, asJSON bool, stdout io.Writer) error {
	switch {
	case f.feeder == nil:
		return errors.New("-others is about Elasticsearch, and search.engine is postgres")
	case o.documents || o.restart:
		return errors.New("-others goes with neither -documents nor -restart")
	}
	names, err := f.feeder.DropOthers(ctx)
	if asJSON {
		return errors.Join(err, printJSON(stdout, map[string]any{"deleted": append([]string{}, names...)}))
	}
	p := &printer{w: stdout}
	for _, name := range names {
		p.line("%s is deleted: it was of another search.prefix", name)
	}
	return errors.Join(err, p.err)
}

// done reports whether searches go to the generation, and nothing is left of the
// one before.
func (r *reindexing) done(ctx context.Context) (live search.Generation, done bool, err error) {
	gs, err := r.db.FindGenerations(ctx, r.config.Search.Prefix)
	if err != nil {
		return live, false, err
	}
	known, old := r.name == "", false
	for _, g := range gs {
		known = known || g.Name == r.name
		switch g.State {
		case search.GenerationLive:
			live = g
		case search.GenerationOld:
			old = true
		case search.GenerationBuilding:
			changes, err := r.db.ReadChanges(ctx)
			if err != nil {
				return live, false, err
			}
			r.tell(g, changes)
		}
	}
	if !known {
		return live, false, fmt.Errorf("%s was given up; huicun search status says why", r.name)
	}
	return live, live.Name != "" && (r.name == "" || live.Name == r.name) && !old, nil
}

// tell says how far it is, now and then.
func (r *reindexing) tell(g search.Generation, c search.Changes) {
	if g.State != search.GenerationBuilding || time.Since(r.told) < progressEvery {
		return
	}
	r.told = time.Now()
	percent := 100.0
	if c.Change > 0 {
		percent = 100 * float64(g.Change) / float64(c.Change)
	}
	r.out.line("%s: %d of %d changes, %.1f %%", g.Name, g.Change, c.Change, percent)
	if g.Error != "" {
		r.out.line("    %s", g.Error)
	}
}

// checkReport is what huicun search check -json prints.
type checkReport struct {
	Index    string `json:"index"`
	Compared int64  `json:"compared"`
	Holes    int64  `json:"holes"`   // mended
	Extras   int64  `json:"extras"`  // deleted
	Cured    int64  `json:"cured"`   // refused before
	Refused  int64  `json:"refused"` // left out
}

func searchCheck(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON bool
	return withElastic(ctx, args, environ, stderr, &asJSON, func(c config.Config, d *database, f *finding) error {
		gs, err := d.FindGenerations(ctx, c.Search.Prefix)
		if err != nil {
			return err
		}
		for i := range gs {
			if gs[i].State == search.GenerationLive {
				r, err := f.feeder.Check(ctx, &gs[i], nil)
				return errors.Join(err, printCheck(stdout, asJSON, gs[i].Name, r))
			}
		}
		return errors.New("no index is there yet: huicun serve or huicun search reindex builds it")
	})
}

func printCheck(stdout io.Writer, asJSON bool, name string, r elastic.Report) error {
	out := checkReport{Index: name, Compared: r.Compared, Holes: r.Holes, Extras: r.Extras, Cured: r.Cured, Refused: r.Poison}
	p := &printer{w: stdout}
	if asJSON {
		p.err = printJSON(stdout, out)
	} else {
		p.line("%d messages compared: %d lacked and are added, %d were too much and are deleted", out.Compared, out.Holes, out.Extras)
		if out.Cured+out.Refused > 0 {
			p.line("of those that Elasticsearch refused before %d are in now, %d are refused again", out.Cured, out.Refused)
		}
	}
	if p.err == nil && out.Refused > 0 {
		return errUnwell
	}
	return p.err
}
