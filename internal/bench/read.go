package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/access"
)

// Read measures how fast a page of a conversation is read.
type Read struct {
	Messages string // sizes, separated by commas
	DSN      string
	Pages    int
	Pairs    int
	Slice    time.Duration

	company CorpusOptions // of the corpora; tests have small ones
}

// Flags implements Benchmark.
func (b *Read) Flags(fs *flag.FlagSet) {
	fs.StringVar(&b.Messages, "messages", "1000000", "`numbers` of messages, one database after the other: 1000000,10000000")
	fs.StringVar(&b.DSN, "dsn", "", "`url` (postgres://…) of an empty database to use instead of a private Postgres; it is left as it then is")
	fs.IntVar(&b.Pages, "pages", 1000, "`number` of pages a scope")
	fs.IntVar(&b.Pairs, "pairs", 7, "`number` of times that a figure and its bound are measured in turns")
	fs.DurationVar(&b.Slice, "slice", 2*time.Second, "`time` that each half of a pair of rates takes")
}

// Run implements Benchmark.
func (b *Read) Run(ctx context.Context, o Options) error {
	sizes, err := b.sizes()
	if err != nil {
		return err
	}
	var first []PageResult
	var failed error
	for i, n := range sizes {
		pages, err := b.runSize(ctx, o, n)
		if errors.Is(err, errMissed) {
			failed, err = errors.Join(failed, err), nil
		}
		if err != nil {
			return err
		}
		if i == 0 {
			first = pages
			continue
		}
		if err := growth(o, first, pages); err != nil {
			return err
		}
	}
	return failed
}

// errMissed is a run that found wrong answers.
var errMissed = errors.New("the run is worth nothing")

func (b *Read) sizes() ([]int, error) {
	var sizes []int
	for _, text := range strings.Split(b.Messages, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1000 || n > 100_000_000 {
			return nil, fmt.Errorf("-messages: %q is not a number from 1,000 to 100,000,000", text)
		}
		sizes = append(sizes, n)
	}
	switch {
	case b.DSN != "" && !strings.HasPrefix(b.DSN, "postgres://") && !strings.HasPrefix(b.DSN, "postgresql://"):
		return nil, errors.New("-dsn must begin with postgres://")
	case b.DSN != "" && len(sizes) > 1:
		return nil, errors.New("-messages: one size only with -dsn")
	case b.Pages < 10 || b.Pairs < 1 || b.Slice <= 0:
		return nil, errors.New("-pages must be 10 or more, -pairs 1 or more, -slice above 0")
	}
	return sizes, nil
}

// runSize loads a corpus and measures. It gives the results of pages.
func (b *Read) runSize(ctx context.Context, o Options, messages int) (pages []PageResult, err error) {
	set := map[string]string{"HUICUN_FINANCE_CLIENT": "off", "HUICUN_SYNC_INTERVAL": "0", "HUICUN_LOG_LEVEL": "warn"}
	if b.DSN != "" {
		set["HUICUN_DATABASE_URL"] = b.DSN
	}
	w, err := Start(ctx, o, Setup{SimFlags: []string{"-messages", "-1"}, Settings: set})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	company := b.company
	company.Messages = messages
	c := NewCorpus(company)
	loaded, err := b.load(ctx, w, c)
	if err != nil {
		return nil, err
	}
	if err := w.Result(loaded); err != nil {
		return nil, err
	}
	scopes, err := b.scopes(ctx, w, c)
	if err != nil {
		return nil, err
	}
	for _, s := range scopes {
		r, err := b.measure(ctx, w, s)
		if err != nil {
			return pages, err
		}
		r.Messages = messages
		if err := w.Result(r); err != nil {
			return pages, err
		}
		if r.Wrong > 0 {
			return pages, fmt.Errorf("%w: %d pages are not what brute force finds", errMissed, r.Wrong)
		}
		pages = append(pages, r)
	}
	return pages, nil
}

// LoadResult says how the corpus came into the database.
type LoadResult struct {
	Bench         string  `json:"bench"` // read.load
	Messages      int     `json:"messages"`
	Seconds       float64 `json:"seconds"`
	PerSecond     float64 `json:"per_second"`
	Conversations int64   `json:"conversations"`
	Partitions    int64   `json:"partitions"`
	DatabaseMB    float64 `json:"database_mb"`
	BytesAMessage float64 `json:"bytes_a_message"` // of messages with their indexes
}

// String implements fmt.Stringer.
func (r LoadResult) String() string {
	return fmt.Sprintf("%d messages of %d conversations in %d months loaded in %.0f s (%.0f/s); %.0f MB, %.0f bytes a message",
		r.Messages, r.Conversations, r.Partitions, r.Seconds, r.PerSecond, r.DatabaseMB, r.BytesAMessage)
}

const sqlSizes = `
SELECT (SELECT count(*) FROM conversations) AS conversations,
	count(*) AS partitions, COALESCE(sum(pg_total_relation_size(i.inhrelid)), 0) AS bytes,
	pg_database_size(current_database()) AS database
FROM pg_inherits i WHERE i.inhparent = 'messages'::regclass`

// load fills the database.
func (b *Read) load(ctx context.Context, w *World, c *Corpus) (LoadResult, error) {
	n := c.opts.Messages
	begin, told := time.Now(), time.Now()
	w.Logf("loading %d messages", n)
	// A pool of its own: that of the store gives up a connection on which the
	// server is silent for a minute, as it is while it builds an index.
	db, err := sqlx.ConnectContext(ctx, "postgres", w.DB.URL())
	if err != nil {
		return LoadResult{}, err
	}
	defer func() { _ = db.Close() }()
	err = c.Load(ctx, db, func(done int) {
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			w.Logf("%d of %d messages loaded (%.0f/s)", done, n, float64(done)/time.Since(begin).Seconds())
		}
	})
	if err != nil {
		return LoadResult{}, fmt.Errorf("load the corpus: %w", err)
	}
	took := time.Since(begin).Seconds()
	var s struct{ Conversations, Partitions, Bytes, Database int64 }
	if err := w.DB.GetContext(ctx, &s, sqlSizes); err != nil {
		return LoadResult{}, err
	}
	const mb = 1 << 20
	return LoadResult{
		Bench: "read.load", Messages: n, Seconds: round(took, 1), PerSecond: round(float64(n)/took, 0), Conversations: s.Conversations,
		Partitions: s.Partitions, DatabaseMB: round(float64(s.Database)/mb, 0), BytesAMessage: round(float64(s.Bytes)/float64(n), 0),
	}, nil
}

// readScope is a viewer with sessions and with pages to read.
type readScope struct {
	viewer   access.Viewer
	size     int64 // employees
	sessions []*Browser
	pages    []target
	inScope  map[int64]bool // conversations, by brute force
	others   []int64        // some that are out of scope
}

// sessionsAScope is how many sessions a viewer reads with: one alone would
// meet the limit of requests a second.
const sessionsAScope = 60

// scopes makes viewers of five employees, of a division and of everybody.
func (b *Read) scopes(ctx context.Context, w *World, c *Corpus) ([]readScope, error) {
	admin, err := w.OpenSession(ctx, Admin)
	if err != nil {
		return nil, err
	}
	if err := admin.learn(ctx); err != nil {
		return nil, err
	}
	var five []string
	for i := range min(5, c.opts.Employees) {
		five = append(five, person(i*c.opts.Employees/5))
	}
	var out []readScope
	for i, s := range []Scope{{Employees: five}, {Departments: []int64{int64(divisionOf(0))}}, {Departments: []int64{rootDepartment}}} {
		userid := Userid(i + 1)
		v, err := w.AddViewer(ctx, admin, userid, s)
		if err != nil {
			return nil, err
		}
		r := readScope{viewer: v}
		if r.size, err = w.DB.CountScope(ctx, v.Scope()); err != nil {
			return nil, err
		}
		for range sessionsAScope {
			session, err := w.OpenSession(ctx, userid)
			if err != nil {
				return nil, err
			}
			r.sessions = append(r.sessions, session)
		}
		if err := r.choose(ctx, w, c, b.Pages); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
