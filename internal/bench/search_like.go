package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// A scan, as a database does one that knows nothing about searching: every row
// is looked at, whatever the order.
const sqlLike = `SELECT id FROM search_messages WHERE body LIKE $1 ORDER BY msgtime DESC, seq DESC, id DESC LIMIT $2`

var likeSettings = []string{
	`SET LOCAL enable_indexscan = off`, `SET LOCAL enable_indexonlyscan = off`, `SET LOCAL enable_bitmapscan = off`,
	`SET LOCAL max_parallel_workers_per_gather = 0`, `SET LOCAL statement_timeout = 0`,
}

// like runs searches of a word by LIKE and by an engine in turns.
func (b *searchBench) like(ctx context.Context, e searchEngine) (r LikeResult, err error) {
	var ratios []float64
	var scans, finds []time.Duration
	for _, c := range spreadOut(b.cases, b.cfg.Like) {
		want := b.oracle.first(c.query, nil, searchPage)
		ids, scan, err := b.scan(ctx, c.query.Words.All[0])
		if err != nil {
			return r, fmt.Errorf("LIKE: %w", err)
		}
		if !slices.EqualFunc(ids, want, func(id string, i int) bool { return id == b.oracle.ref(i).ID }) {
			r.Wrong++
		}
		begin := time.Now()
		if _, err := e.Find(ctx, c.query, searchPage); err != nil {
			return r, err
		}
		find := time.Since(begin)
		scans, finds, ratios = append(scans, scan), append(finds, find), append(ratios, scan.Seconds()/find.Seconds())
	}
	if len(ratios) == 0 {
		return r, errors.New("the corpus has no words")
	}
	r.Spread, r.LikeP50, r.QueryP50 = spread(ratios), quantiles(scans).P50, quantiles(finds).P50
	return r, nil
}

// spreadOut gives searches of a word alone, of all classes in turns.
func spreadOut(cases []searchCase, n int) []searchCase {
	byClass := map[searchClass][]searchCase{}
	var classes []searchClass
	for _, c := range cases {
		if c.class.With != "" {
			continue
		}
		if byClass[c.class] == nil {
			classes = append(classes, c.class)
		}
		byClass[c.class] = append(byClass[c.class], c)
	}
	var list []searchCase
	for i := 0; len(list) < n; i++ {
		before := len(list)
		for _, class := range classes {
			if i < len(byClass[class]) && len(list) < n {
				list = append(list, byClass[class][i])
			}
		}
		if len(list) == before {
			break
		}
	}
	return list
}

func (b *searchBench) scan(ctx context.Context, word string) (ids []string, took time.Duration, err error) {
	tx, err := b.DB.BeginTxx(ctx, nil)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = tx.Rollback() }()
	for _, q := range likeSettings {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return nil, 0, err
		}
	}
	begin := time.Now()
	err = sqlx.SelectContext(ctx, tx, &ids, sqlLike, "%"+likeEscaper.Replace(word)+"%", searchPage)
	return ids, time.Since(begin), err
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// err says that a scan did not give what brute force finds: then it is no bound.
func (r LikeResult) err() error {
	if r.Wrong == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d scans by LIKE are not what brute force finds", errMissed, r.Wrong)
}
