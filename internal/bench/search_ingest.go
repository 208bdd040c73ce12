package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// SearchIngest compares pulling messages with indexing and without, in turns.
// Until all is done means with rules and documents.
type SearchIngest struct {
	Comparison
	Messages  int     `json:"messages"` // that were measured, half of them indexed
	Indexed   int     `json:"indexed"`
	Missing   int     `json:"not_indexed"` // of those that should have been
	StoredOn  float64 `json:"stored_per_second"`
	StoredOff float64 `json:"stored_per_second_off"`
	Stored    Spread  `json:"stored_on_over_off"`
	DoneOn    float64 `json:"done_per_second"`
	DoneOff   float64 `json:"done_per_second_off"`
	Done      Spread  `json:"done_on_over_off"`
	CPUOn     float64 `json:"cpu_ms_a_message"` // of huicun, helpers and Postgres
	CPUOff    float64 `json:"cpu_ms_a_message_off"`
}

// String implements fmt.Stringer.
func (r SearchIngest) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-24s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("ingest with indexing", "stored %.0f a second, all done %.0f, CPU %.3f ms a message", r.StoredOn, r.DoneOn, r.CPUOn)
	line("and without", "stored %.0f a second, all done %.0f, CPU %.3f ms a message", r.StoredOff, r.DoneOff, r.CPUOff)
	line("with over without", "stored %v; all done %v; %d lost, %d doubled, %d not indexed", r.Stored, r.Done, r.Lost, r.Duplicated, r.Missing)
	return b.String()
}

const (
	ingestPairs = 7
	leastIngest = 20 * 2 * ingestPairs
)

// Items of indexing never come into being while the trigger is on.
var sqlStopIndexing = []string{
	`CREATE FUNCTION bench_no_index() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
	`CREATE TRIGGER bench_no_index BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.kind = 'index') EXECUTE FUNCTION bench_no_index()`,
}

func (r *ingestRun) indexing(ctx context.Context, on bool) error {
	do := map[bool]string{true: "DISABLE", false: "ENABLE"}[on]
	_, err := r.DB.ExecContext(ctx, `ALTER TABLE outbox `+do+` TRIGGER bench_no_index`)
	return err
}

// ingest pulls messages; nil where it is not to be measured.
func (b *Search) ingest(ctx context.Context, o Options) (result *SearchIngest, err error) {
	if b.Ingest == 0 {
		return nil, nil //nolint:nilnil // nothing was asked for
	}
	w, err := Start(ctx, o, Setup{
		SimFlags: []string{"-hold", "-messages", strconv.Itoa(b.Ingest)},
		Settings: map[string]string{"HUICUN_MEDIA_WORKERS": "0", "HUICUN_MEDIA_LOOKERS": "0"},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	r := &ingestRun{World: w, cfg: Ingest{Messages: b.Ingest, Pairs: ingestPairs}}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	for _, q := range sqlStopIndexing {
		if _, err := w.DB.ExecContext(ctx, q); err != nil {
			return nil, err
		}
	}
	defer r.listen(ctx)()
	result, err = r.inTurns(ctx)
	if err != nil {
		return nil, err
	}
	if result.Comparison, err = w.Compare(ctx); err != nil {
		return nil, err
	}
	if result.Missing > 0 {
		err = fmt.Errorf("%w: %d messages were not indexed", errMissed, result.Missing)
	}
	return result, errors.Join(err, result.Comparison.Err(), w.givenUp(ctx))
}

// inTurns lets out slices that are indexed and slices that are not.
func (r *ingestRun) inTurns(ctx context.Context) (*SearchIngest, error) {
	warm := min(mostWarmUp, r.cfg.Messages/warmUp)
	r.Logf("ingest: %d messages with and without indexing, in turns", r.cfg.Messages)
	out := &SearchIngest{}
	var from, to []int64 // seqs of what is indexed
	one := func(n int, on bool) (pair, error) {
		if err := r.indexing(ctx, on); err != nil {
			return pair{}, err
		}
		if on {
			from, to = append(from, int64(r.released)), append(to, int64(r.released+n))
			out.Indexed += n
		}
		return r.slice(ctx, n)
	}
	if _, err := one(warm, true); err != nil {
		return nil, err
	}
	n := (r.cfg.Messages - warm) / (2 * ingestPairs)
	var on, off ingestSide
	var stored, done []float64
	for i := range ingestPairs {
		if i == ingestPairs-1 { // the rest too
			n += (r.cfg.Messages - warm - 2*n*ingestPairs) / 2
		}
		with, err := one(n, true)
		if err != nil {
			return nil, err
		}
		without, err := one(n, false)
		if err != nil {
			return nil, err
		}
		on.add(with)
		off.add(without)
		stored, done = append(stored, with.perSecond()/without.perSecond()), append(done, with.scannedPerSecond()/without.scannedPerSecond())
	}
	if rest := r.cfg.Messages - r.released; rest > 0 {
		if _, err := one(rest, true); err != nil {
			return nil, err
		}
	}
	out.Messages, out.Stored, out.Done = on.messages+off.messages, spread(stored), spread(done)
	out.StoredOn, out.DoneOn, out.CPUOn = on.figures()
	out.StoredOff, out.DoneOff, out.CPUOff = off.figures()
	err := r.DB.GetContext(ctx, &out.Missing, sqlNotIndexed, pq.Array(from), pq.Array(to))
	out.Indexed -= out.Missing
	return out, err
}

const sqlNotIndexed = `
SELECT count(*) FROM unnest($1::bigint[], $2::bigint[]) AS u (first, last) JOIN messages m ON m.seq > u.first AND m.seq <= u.last
WHERE NOT EXISTS (SELECT 1 FROM search_messages s WHERE s.msgtime = m.msgtime AND s.seq = m.seq AND s.id = m.id)`

// ingestSide is the sum of the slices of one kind.
type ingestSide struct {
	messages          int
	stored, done, cpu float64 // seconds
}

func (s *ingestSide) add(p pair) {
	s.messages += p.messages
	s.stored, s.done, s.cpu = s.stored+p.stored.Seconds(), s.done+p.scanned.Seconds(), s.cpu+p.cpu.All()
}

func (s *ingestSide) figures() (stored, done, cpu float64) {
	n := float64(s.messages)
	return round(n/s.stored, 0), round(n/s.done, 0), round(1000*s.cpu/n, 3)
}
