package bench

import (
	"fmt"
	"strings"
)

// SearchResult is what huicun bench search prints of an engine.
type SearchResult struct {
	Bench     string  `json:"bench"`  // search
	Engine    string  `json:"engine"` // postgres | elastic
	Messages  int     `json:"messages"`
	Queries   int     `json:"queries"` // different searches
	Recall    float64 `json:"recall"`  // hits that were found, of all that brute force finds
	Precision float64 `json:"precision"`
	SameOrder bool    `json:"same_order"`

	// Wall time of the newest 20 hits of a word, without filter and scope.
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`

	IndexBytes       int64   `json:"index_bytes"` // postgres: the GIN indexes; elastic: all files
	TextBytes        int64   `json:"text_bytes"`  // of all messages as they are read, UTF-8
	TableBytes       int64   `json:"table_bytes"` // search_messages with all of its indexes
	IndexedPerSecond float64 `json:"indexed_per_second"`

	Indexing IndexingResult `json:"indexing"`
	Answers  agreement      `json:"answers"`
	CPU      float64        `json:"cpu_ms_a_query"` // of what answers, mean of all timed searches; 0: not known
	CPUBase  Quantiles      `json:"backend_cpu"`    // of Postgres, of the same searches as p50_ms
	Total    Quantiles      `json:"total"`          // wall time of counting them, up to 10,001
	Groups   []ClassResult  `json:"groups"`         // by what searches are with, words of all classes together
	Classes  []ClassResult  `json:"classes"`
	Like     LikeResult     `json:"like_over_query"`
	Ingest   *SearchIngest  `json:"ingest,omitempty"`
}

// ClassResult has the times of one class of searches.
type ClassResult struct {
	searchClass
	Searches int       `json:"searches"`
	Wall     Quantiles `json:"wall"`
	CPU      Quantiles `json:"backend_cpu"` // count 0: not known
	Total    Quantiles `json:"total"`       // wall time of counting
}

// IndexingResult says how fast documents come into an index.
type IndexingResult struct {
	Documents   int     `json:"documents"` // that were indexed for the figure
	Seconds     float64 `json:"seconds"`
	HuicunCPU   float64 `json:"huicun_cpu_us"`   // a document
	PostgresCPU float64 `json:"postgres_cpu_us"` // a document
	BareLoop    float64 `json:"bare_loop_per_second,omitempty"`
	OverBare    *Spread `json:"over_bare_loop,omitempty"` // elastic: rate over that of the same bodies posted by a bare loop
}

// LikeResult compares a search with a scan of the same table by LIKE.
type LikeResult struct {
	Spread
	LikeP50  float64 `json:"like_p50_ms"`
	QueryP50 float64 `json:"query_p50_ms"`
	Wrong    int     `json:"wrong"` // scans that did not give what brute force finds
}

// Targets of search (PERFORMANCE 3). Times are of the newest 20 hits.
const (
	targetSearchP95, targetSearchP50 = 25.0, 10.0 // Postgres, backend CPU
	targetQuarterP95                 = 15.0       // Postgres, three months
	targetScopeP95                   = 150.0      // Postgres
	targetLike                       = 100.0      // times as long
	targetGIN                        = 4.0        // times the text
	targetUpkeep                     = 150.0      // µs of Postgres a document
	targetElasticP95                 = 60.0       // wall
	targetElasticScopeP95            = 200.0      // wall
	targetBareLoop                   = 0.6
)

// set fills in what a run measured.
func (r *SearchResult) set(run *searchRun) {
	r.Bench, r.Engine, r.Answers = "search", run.engine.Name(), run.answers
	r.Recall, r.Precision, r.SameOrder = run.answers.recall(), run.answers.precision(), run.answers.sameOrder()
	wall, cpu, sums := run.group(func(c searchClass) bool { return c.With == "" })
	r.P50, r.P95, r.P99, r.CPUBase, r.Total = wall.P50, wall.P95, wall.P99, cpu, sums
	r.Classes = run.list()
	with := map[string]bool{}
	for _, c := range r.Classes {
		r.Queries += c.Searches
		if with[c.With] {
			continue
		}
		with[c.With] = true
		g := ClassResult{searchClass: searchClass{With: c.With}}
		g.Wall, g.CPU, g.Total = run.group(func(o searchClass) bool { return o.With == c.With })
		g.Searches = g.Total.Count
		r.Groups = append(r.Groups, g)
	}
	if run.timed > 0 {
		r.CPU = round(run.cpu*1000/float64(run.timed), 3)
	}
}

// best is the figure that a target is about: CPU time where it is known.
func (c ClassResult) best() Quantiles {
	if c.CPU.Count > 0 && c.CPU.Max > 0 {
		return c.CPU
	}
	return c.Wall
}

// scopeP95 is the slowest p95 of the groups with a scope alone.
func (r SearchResult) scopeP95() (slowest float64) {
	for _, g := range r.Groups {
		if strings.HasPrefix(g.With, scopeName) {
			slowest = max(slowest, g.best().P95)
		}
	}
	return slowest
}

// String implements fmt.Stringer.
func (r SearchResult) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-24s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "search by %s, %d messages, %d searches:\n", r.Engine, r.Messages, r.Queries)
	line("against brute force", "recall %v, precision %v, same order %v, wrong totals %d, too slow %d searches, %d totals, of %d answers (%s)",
		r.Recall, r.Precision, r.SameOrder, r.Answers.WrongTotal, r.Answers.TimedOut, r.Answers.Uncounted, r.Answers.Checked, verdict(r.Answers.Err() == nil))
	if r.Engine == enginePostgres {
		r.postgresTargets(line)
	} else {
		r.elasticTargets(line)
	}
	line("a total up to 10,001", "p50 %.1f  p95 %.1f  p99 %.1f ms", r.Total.P50, r.Total.P95, r.Total.P99)
	line("LIKE over search", "%.0f (%.0f-%.0f, %d pairs); LIKE p50 %.1f ms   (>= %v: %s)",
		r.Like.Median, r.Like.Min, r.Like.Max, r.Like.Pairs, r.Like.LikeP50, targetLike, verdict(r.Like.Median >= targetLike && r.Like.Wrong == 0))
	for _, g := range r.Groups {
		line("with "+orNone(g.With), "p50 %.1f  p95 %.1f  p99 %.1f ms wall; backend CPU p50 %.1f  p95 %.1f ms; total p95 %.1f ms; %d searches",
			g.Wall.P50, g.Wall.P95, g.Wall.P99, g.CPU.P50, g.CPU.P95, g.Total.P95, g.Searches)
	}
	if r.Ingest != nil {
		b.WriteString(r.Ingest.String())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func orNone(with string) string {
	if with == "" {
		return "nothing"
	}
	return with
}

type lineFunc func(name, format string, args ...any)

func (r SearchResult) group(with string) ClassResult {
	for _, g := range r.Groups {
		if g.With == with {
			return g
		}
	}
	return ClassResult{}
}

func (r SearchResult) postgresTargets(line lineFunc) {
	base, quarter := r.group("").best(), r.group("3 months").best()
	line("a word, backend CPU", "p50 %.1f  p95 %.1f ms   (p50 <= %v, p95 <= %v: %s); wall p50 %.1f  p95 %.1f  p99 %.1f ms", base.P50, base.P95,
		targetSearchP50, targetSearchP95, verdict(base.P50 <= targetSearchP50 && base.P95 <= targetSearchP95), r.P50, r.P95, r.P99)
	line("in three months", "p95 %.1f ms   (<= %v: %s)", quarter.P95, targetQuarterP95, verdict(quarter.P95 <= targetQuarterP95))
	line("with scopes, the slowest", "p95 %.1f ms   (<= %v: %s)", r.scopeP95(), targetScopeP95, verdict(r.scopeP95() <= targetScopeP95))
	over := float64(r.IndexBytes) / float64(max(1, r.TextBytes))
	line("GIN index over text", "%.2f: %.0f of %.0f MB   (<= %v: %s); the table with all of it %.0f MB", over, megabytes(r.IndexBytes), megabytes(r.TextBytes),
		targetGIN, verdict(over <= targetGIN), megabytes(r.TableBytes))
	line("indexed a second", "%.0f; CPU a document: huicun %.0f, Postgres %.0f µs   (<= %v: %s)", r.IndexedPerSecond, r.Indexing.HuicunCPU,
		r.Indexing.PostgresCPU, targetUpkeep, verdict(r.Indexing.PostgresCPU <= targetUpkeep))
}

func (r SearchResult) elasticTargets(line lineFunc) {
	line("a word", "p50 %.1f  p95 %.1f  p99 %.1f ms   (p95 <= %v: %s); CPU of the node %.1f ms a search",
		r.P50, r.P95, r.P99, targetElasticP95, verdict(r.P95 <= targetElasticP95), r.CPU)
	line("with scopes, the slowest", "p95 %.1f ms   (<= %v: %s)", r.scopeP95(), targetElasticScopeP95, verdict(r.scopeP95() <= targetElasticScopeP95))
	line("index over text", "%.2f: %.0f of %.0f MB", float64(r.IndexBytes)/float64(max(1, r.TextBytes)), megabytes(r.IndexBytes), megabytes(r.TextBytes))
	if bare := r.Indexing.OverBare; bare != nil {
		line("indexed a second", "%.0f; the same bodies posted by a bare loop %.0f: %.2f (%.2f-%.2f, %d pairs)   (>= %v: %s)", r.IndexedPerSecond,
			r.Indexing.BareLoop, bare.Median, bare.Min, bare.Max, bare.Pairs, targetBareLoop, verdict(bare.Median >= targetBareLoop))
	} else {
		line("indexed a second", "%.0f", r.IndexedPerSecond)
	}
}

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }
