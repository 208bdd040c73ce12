package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/search"
	"huicun/internal/store"
)

// Search measures how fast messages are found, and holds every answer against
// brute force.
type Search struct {
	Messages   int
	Engine     string // enginePostgres, engineElastic or engineBoth
	DSN        string
	Each       int // searches a class
	Rounds     int
	Like       int // searches that are compared with LIKE
	Ingest     int // messages; 0: ingest is not measured
	ElasticURL string
	Heap       string // of a node that is started

	company CorpusOptions // of the corpus; tests have a small one
}

// Names of engines.
const (
	enginePostgres = "postgres"
	engineElastic  = "elastic"
	engineBoth     = "both"
)

// Flags implements Benchmark.
func (b *Search) Flags(fs *flag.FlagSet) {
	fs.IntVar(&b.Messages, "messages", 1_000_000, "`number` of messages")
	fs.StringVar(&b.Engine, "engine", enginePostgres, "postgres, elastic or both")
	fs.StringVar(&b.DSN, "dsn", "", "`url` (postgres://…) of an empty database to use instead of a private Postgres; it is left as it then is")
	fs.IntVar(&b.Each, "each", 8, "`number` of searches a class")
	fs.IntVar(&b.Rounds, "rounds", 3, "`number` of times that each search is timed")
	fs.IntVar(&b.Like, "like", 16, "`number` of searches that are compared with LIKE over the whole table")
	fs.IntVar(&b.Ingest, "ingest", 30_000, "`number` of messages pulled with and without indexing, in turns; 0: none")
	fs.StringVar(&b.ElasticURL, "elastic-url", "", "`url` of an Elasticsearch 8 to use instead of a node of its own")
	fs.StringVar(&b.Heap, "elastic-heap", "2g", "`size` of the heap of a node of its own")
}

const (
	mostSearches  = 1000 // a class
	leastMessages = 1000
)

func (b *Search) check() error {
	switch {
	case b.Messages < leastMessages || b.Messages > 100_000_000:
		return errors.New("-messages must be 1,000 to 100,000,000")
	case b.Engine != enginePostgres && b.Engine != engineElastic && b.Engine != engineBoth:
		return errors.New("-engine must be postgres, elastic or both")
	case b.DSN != "" && !strings.HasPrefix(b.DSN, "postgres://") && !strings.HasPrefix(b.DSN, "postgresql://"):
		return errors.New("-dsn must begin with postgres://")
	case b.Each < 1 || b.Each > mostSearches || b.Rounds < 1 || b.Like < 1:
		return errors.New("-each must be 1 to 1,000, -rounds and -like 1 or more")
	case b.Ingest != 0 && b.Ingest < leastIngest:
		return fmt.Errorf("-ingest must be 0, or %d or more", leastIngest)
	case b.ElasticURL != "" && b.Engine == enginePostgres:
		return errors.New("-elastic-url is for -engine elastic or both")
	}
	return nil
}

// Run implements Benchmark.
func (b *Search) Run(ctx context.Context, o Options) error {
	if err := b.check(); err != nil {
		return err
	}
	ingest, err := b.ingest(ctx, o) // beside nothing else
	if err != nil {
		return err
	}
	return b.search(ctx, o, ingest)
}

// settings of a huicun that indexes and does nothing else.
func (b *Search) settings() map[string]string {
	set := map[string]string{
		"HUICUN_FINANCE_CLIENT": "off", "HUICUN_SYNC_INTERVAL": "0", "HUICUN_LOG_LEVEL": "warn",
		"HUICUN_MEDIA_WORKERS": "0", "HUICUN_MEDIA_LOOKERS": "0",
	}
	if b.DSN != "" {
		set["HUICUN_DATABASE_URL"] = b.DSN
	}
	return set
}

func (b *Search) search(ctx context.Context, o Options, ingest *SearchIngest) (err error) {
	w, err := Start(ctx, o, Setup{SimFlags: []string{"-messages", "-1"}, Settings: b.settings()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	company := b.company
	company.Messages = b.Messages
	run := &searchBench{World: w, cfg: b, corpus: NewCorpus(company), oracle: newOracle(), ingest: ingest}
	return run.all(ctx)
}

// searchBench is one run of the benchmark.
type searchBench struct {
	*World
	cfg    *Search
	corpus *Corpus
	oracle *oracle
	cases  []searchCase
	ingest *SearchIngest
	base   SearchResult // what is the same of all engines
}

func (b *searchBench) all(ctx context.Context) error {
	if err := b.fill(ctx); err != nil {
		return err
	}
	scopes, err := b.scopes(ctx)
	if err != nil {
		return err
	}
	b.Logf("drawing searches")
	b.cases = b.corpus.ask(b.oracle, b.cfg.Each, scopes)
	var failed error
	for _, measure := range []struct {
		engine string
		do     func(context.Context) (SearchResult, error)
	}{{enginePostgres, b.postgres}, {engineElastic, b.elastic}} {
		if b.cfg.Engine != engineBoth && b.cfg.Engine != measure.engine {
			continue
		}
		r, err := measure.do(ctx)
		if err != nil {
			return errors.Join(failed, err)
		}
		if err := b.Result(r); err != nil {
			return err
		}
		failed = errors.Join(failed, r.Answers.Err(), r.Like.err())
	}
	return failed
}

// leaveShare: the last tenth of the batches, some tens of thousands of messages at
// most, come into the index as those that are pulled do.
const (
	leaveShare  = 10
	mostLeftFor = 50 // batches
)

// fill loads the corpus and has huicun index its end.
func (b *searchBench) fill(ctx context.Context) error {
	n := b.corpus.opts.Messages
	leave := min(mostLeftFor, max(1, n/corpusBatch/leaveShare))
	begin, told := time.Now(), time.Now()
	b.Logf("loading %d messages and their documents", n)
	db, err := sqlx.ConnectContext(ctx, "postgres", b.DB.URL()) // see Read.load
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	got, err := b.corpus.load(ctx, db, loadOptions{
		search: true, leave: leave, each: b.oracle.add,
		progress: func(done int) {
			if time.Since(told) > 10*time.Second {
				told = time.Now()
				b.Logf("%d of %d messages loaded (%.0f/s)", done, n, float64(done)/time.Since(begin).Seconds())
			}
		},
	})
	if err != nil {
		return fmt.Errorf("load the corpus: %w", err)
	}
	b.oracle.finish()
	b.Logf("loaded in %.0f s; huicun indexes the last %d batches", time.Since(begin).Seconds(), leave)
	if b.base.Indexing, err = b.index(ctx, got.batches-int64(leave)+1, got.batches); err != nil {
		return err
	}
	return b.sizes(ctx)
}

// index has huicun make documents, and tells how fast it did.
func (b *searchBench) index(ctx context.Context, from, to int64) (r IndexingResult, err error) {
	if err := b.DB.Notify(ctx, store.ChannelOutbox); err != nil { // what was taken back late
		return r, err
	}
	if err := b.settled(ctx); err != nil {
		return r, err
	}
	before, err := b.documents(ctx)
	if err != nil || from > to {
		return r, err
	}
	used, err := b.Usage()
	if err != nil {
		return r, err
	}
	begin := time.Now()
	if err := indexBatches(ctx, b.DB, from, to); err != nil {
		return r, err
	}
	if err := b.settled(ctx); err != nil {
		return r, err
	}
	took := time.Since(begin)
	now, err1 := b.Usage()
	after, err2 := b.documents(ctx)
	if err := errors.Join(err1, err2, b.givenUp(ctx)); err != nil {
		return r, err
	}
	if after != b.oracle.len() {
		return r, fmt.Errorf("%w: %d documents of %d messages", errMissed, after, b.oracle.len())
	}
	r.Documents, r.Seconds = after-before, round(took.Seconds(), 3)
	each := 1e6 / float64(max(1, r.Documents))
	cpu := now.CPU.minus(used.CPU)
	r.HuicunCPU, r.PostgresCPU = round(cpu.Huicun*each, 1), round(cpu.Postgres*each, 1)
	return r, nil
}

// perSecond is the rate of the indexing.
func (r IndexingResult) perSecond() float64 {
	if r.Seconds <= 0 {
		return 0
	}
	return round(float64(r.Documents)/r.Seconds, 0)
}

func (b *searchBench) documents(ctx context.Context) (n int, err error) {
	err = b.DB.GetContext(ctx, &n, `SELECT indexed FROM search_state`)
	return n, err
}

const indexPatience = time.Hour

// settled waits until nothing is left to be indexed.
func (b *searchBench) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, indexPatience)
	defer cancel()
	return b.WaitFor(ctx, "the documents", func() bool {
		var open bool
		const q = `SELECT EXISTS (SELECT FROM outbox WHERE kind = $1 AND state NOT IN ('completed', 'discarded'))`
		return b.DB.GetContext(ctx, &open, q, search.KindIndex) == nil && !open
	})
}

// GIN keeps what was written last in a list of its own, which VACUUM empties.
const sqlTidySearch = `VACUUM (ANALYZE) search_messages`

const sqlSearchSizes = `
SELECT (SELECT COALESCE(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits WHERE inhparent = 'search_messages'::regclass) AS table,
	(SELECT COALESCE(sum(pg_relation_size(x.inhrelid)), 0) FROM pg_inherits x WHERE x.inhparent = 'search_messages_grams'::regclass) AS gin`

// sizes looks how large the index is.
func (b *searchBench) sizes(ctx context.Context) error {
	if _, err := b.DB.ExecContext(ctx, sqlTidySearch); err != nil {
		return fmt.Errorf("tidy up: %w", err)
	}
	var s struct{ Table, GIN int64 }
	if err := b.DB.GetContext(ctx, &s, sqlSearchSizes); err != nil {
		return err
	}
	b.base.Messages, b.base.TextBytes, b.base.TableBytes, b.base.IndexBytes = b.oracle.len(), int64(len(b.oracle.all)), s.Table, s.GIN
	b.base.IndexedPerSecond, b.base.Ingest = b.base.Indexing.perSecond(), b.ingest
	return nil
}

// searchPatience is longer than that of huicun: whether answers are right must not
// depend on what else the machine does. That they are slow is in the times.
const searchPatience = time.Minute

// postgres measures the engine in the database.
func (b *searchBench) postgres(ctx context.Context) (SearchResult, error) {
	r := b.base
	one, err := store.Open(ctx, store.Options{URL: b.DB.URL(), MaxConns: 1})
	if err != nil {
		return r, err
	}
	defer func() { _ = one.Close() }()
	backend, err := ownBackend(ctx, one)
	if err != nil {
		return r, err
	}
	e := searchEngine{Engine: &store.Search{DB: one, Timeout: searchPatience}, cpu: backend.cpu, allCPU: func() (float64, error) { return backend.cpu().Seconds(), nil }}
	return r, b.measure(ctx, e, &r)
}

// measure runs all searches with an engine.
func (b *searchBench) measure(ctx context.Context, e searchEngine, r *SearchResult) error {
	run := &searchRun{engine: e, oracle: b.oracle, rounds: b.cfg.Rounds}
	begin, told := time.Now(), time.Now()
	b.Logf("%s: %d searches", e.Name(), len(b.cases))
	err := run.run(ctx, b.cases, func(done int) {
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			b.Logf("%s: %d of %d searches checked in %.0f s", e.Name(), done, len(b.cases), time.Since(begin).Seconds())
		}
	})
	if err != nil {
		return err
	}
	r.set(run)
	b.Logf("%s: LIKE over the whole table", e.Name())
	r.Like, err = b.like(ctx, e)
	return err
}
