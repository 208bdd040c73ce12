package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/fault"
	"huicun/internal/hanzi"
	"huicun/internal/search"
)

// Search is the search.Engine that needs nothing but the database: the table
// search_messages with its indexes. All statements of one search see the same
// moment.
type Search struct {
	DB      *DB
	Timeout time.Duration // of one statement; 0 means 10 seconds
	// MostListed is how many conversations are listed before a search is made, so that
	// only these are looked at; 0 means 2,000.
	MostListed int
}

var _ search.Engine = (*Search)(nil)

const (
	searchName     = "postgres"
	defaultTimeout = 10 * time.Second
)

// Name implements search.Engine.
func (s *Search) Name() string { return searchName }

const sqlFoundColumns = `s.id, s.conv_id, s.msgtime, s.seq, char_length(s.body) AS length`

// Find implements search.Engine. What takes longer than Timeout is unavailable,
// and errors.Is finds context.DeadlineExceeded in it.
func (s *Search) Find(ctx context.Context, q search.Query, limit int) ([]search.Ref, error) {
	refs := []search.Ref{}
	limit = min(limit, search.MaxRefs)
	err := s.looking(ctx, q, func(l *look) error {
		return l.walk(ctx, limit, func(w window, most int) (int, error) {
			var b query
			text := `SELECT ` + sqlFoundColumns + ` FROM search_messages s WHERE ` + l.where(&b, w) + l.orderBy(w.byIndex) + ` LIMIT ` + b.arg(most)
			var found []search.Ref
			if err := l.tx.SelectContext(ctx, &found, text, b.args...); err != nil {
				return 0, err
			}
			refs = append(refs, found...)
			return len(found), nil
		})
	})
	for i := range refs {
		refs[i].SentAt = refs[i].SentAt.UTC()
	}
	return refs, err
}

// Count implements search.Engine.
func (s *Search) Count(ctx context.Context, q search.Query, most int) (int, error) {
	total := 0
	q.After = nil
	most = min(most, search.MaxRefs+1)
	err := s.looking(ctx, q, func(l *look) error {
		return l.walk(ctx, most, func(w window, most int) (int, error) {
			var b query
			text := `SELECT count(*) FROM (SELECT FROM search_messages s WHERE ` + l.where(&b, w) + ` LIMIT ` + b.arg(most) + `) found`
			var n int
			err := l.tx.GetContext(ctx, &n, text, b.args...)
			total += n
			return n, err
		})
	})
	return total, err
}

// look is one search: a transaction, and what was found out before its first
// window.
type look struct {
	tx     *sqlx.Tx
	q      search.Query
	exact  bool
	months []time.Time // that have a partition and may have hits, in the order of the query
	convs  narrowed
	below  []int64 // the filter's departments with those below them
	grams  []int32 // that all hits have
	types  []int32 // of which all hits have one; nil: any
}

// looking runs f in a transaction that reads. Plans are made for the values at
// hand, so that months are left out, and in one process: a search is short, and
// there are many. A list of conversations is to fit in memory, as a hash. A month is never read from end
// to end: of many conversations the planner expects far more messages than there are.
func (s *Search) looking(ctx context.Context, q search.Query, f func(*look) error) error {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	err := func() error {
		tx, err := s.DB.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // it only reads
		const set = `SELECT set_config('statement_timeout', $1, true), set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true), set_config('work_mem', '32MB', true), set_config('enable_seqscan', 'off', true)`
		if _, err := tx.ExecContext(ctx, set, strconv.FormatInt(timeout.Milliseconds(), 10)); err != nil {
			return err
		}
		l := &look{tx: tx, q: q, exact: q.Words.Exact}
		if err := l.prepare(ctx, cmp.Or(s.MostListed, mostNarrow)); err != nil {
			return err
		}
		return f(l)
	}()
	return tooLong(ctx, wrap(ctx, "search", err))
}

// tooLong says of a statement that the server ended that it took too long.
func tooLong(ctx context.Context, err error) error {
	if pe, ok := errors.AsType[*pq.Error](err); ok && pe.Code == "57014" && ctx.Err() == nil {
		return fault.Unavailable("the search took too long", errors.Join(context.DeadlineExceeded, err))
	}
	return err
}

func (l *look) prepare(ctx context.Context, mostListed int) error {
	var err error
	if l.months, err = l.findMonths(ctx); err != nil {
		return err
	}
	if l.below, err = departmentsBelow(ctx, l.tx, l.q.Filter.Departments); err != nil {
		return err
	}
	if l.convs, err = listConversations(ctx, l.tx, l.q, l.below, mostListed); err != nil {
		return err
	}
	l.grams, l.types = gramsOf(l.q)
	return nil
}

// gramsOf gives what the column grams of all hits has: see factGrams. The column
// is made from simplified characters, whatever the query wants.
func gramsOf(q search.Query) (grams, types []int32) {
	grams = factGrams(msgTypeText, q.Filter.Flags)
	for _, w := range q.Words.All {
		if q.Words.Exact {
			w = strings.Map(hanzi.Simplify, w)
		}
		grams = append(grams, search.GramsOf(w)...)
	}
	for _, t := range q.Filter.MsgTypes {
		if t == msgTypeText {
			return grams, nil
		}
		types = append(types, typeGram(dbText(t)))
	}
	return grams, types
}

// selective reports whether an index other than that of the order leads to the
// hits.
func (l *look) selective() bool {
	return len(l.grams)+len(l.types)+len(l.q.Filter.Senders) > 0 || l.convs.all
}

// where gives the conditions of hits within a window.
func (l *look) where(b *query, w window) string {
	f := l.q.Filter
	all := []string{"true"}
	add := func(text string) { all = append(all, text) }
	l.bounds(b, w, add)
	if !w.byIndex && !w.byConversation {
		if len(l.grams) > 0 {
			add(`s.grams @> ` + b.arg(pq.Array(l.grams)))
		}
		if l.types != nil {
			add(`s.grams && ` + b.arg(pq.Array(l.types)))
		}
	}
	body := `s.body`
	if l.exact {
		body = `COALESCE(s.exact, s.body)`
	}
	for _, word := range l.q.Words.All {
		add(`strpos(` + body + `, ` + b.arg(word) + `) > 0`)
	}
	for _, word := range l.q.Words.None {
		add(`strpos(` + body + `, ` + b.arg(word) + `) = 0`)
	}
	if len(f.Senders) > 0 {
		add(`s.from_id = ANY (` + b.arg(pq.Array(dbTexts(f.Senders))) + `)`)
	}
	if len(f.MsgTypes) > 0 {
		add(`s.msgtype = ANY (` + b.arg(pq.Array(dbTexts(f.MsgTypes))) + `)`)
	}
	if f.Flags != 0 {
		flags := b.arg(f.Flags)
		add(`s.flags & ` + flags + `::smallint = ` + flags)
	}
	if f.Flags&search.Sensitive != 0 && !l.q.Scope.All() {
		add(b.sensitiveInScope(l.q.Scope, "s.id"))
	}
	of := l.q
	switch {
	case l.convs.all && len(l.convs.ids) == 1: // so that the index of conversations gives the order too
		add(`s.conv_id = ` + b.arg(l.convs.ids[0]))
	case l.convs.all:
		add(`s.conv_id = ANY (` + b.arg(pq.Array(l.convs.ids)) + `)`)
	case l.convs.ofFew:
		of.Filter.Departments = nil
		add(b.chatOfDepartments(l.q.Scope, l.below, "s.conv_id"))
		fallthrough
	default:
		add(b.conversationOf(of, l.below, "s.conv_id"))
	}
	return strings.Join(all, ` AND `)
}
