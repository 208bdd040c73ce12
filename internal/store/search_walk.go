package store

import (
	"context"
	"slices"
	"time"

	"huicun/internal/archive"
	"huicun/internal/search"
)

// A search goes through windows of time from one end, until it has enough. What
// is frequent is found among the first messages, one by one; what is not, by the
// index of grams in one month, then two, four, eight.

const (
	firstWindow = 3000   // messages looked at one by one, whatever is searched for
	mostWindow  = 60_000 // messages looked at one by one where the first ones had so many hits that these will do
	mostOfChat  = 12_000 // the same in one conversation, whose messages do not lie side by side
)

// window is a part of the time. Its bounds are as far as the whole goes where
// they are not given.
type window struct {
	beyond         *archive.Position // in the order of the query, this one excluded
	upTo           *archive.Position // this one included
	from, to       time.Time         // from inclusive, to exclusive
	byIndex        bool              // rows are read in their order, and most are looked at
	byConversation bool              // rows are read by their conversations
}

// walk asks for up to limit hits, window after window; ask tells how many it
// found of the most that it was asked for.
func (l *look) walk(ctx context.Context, limit int, ask func(w window, most int) (int, error)) error {
	if limit <= 0 || len(l.months) == 0 || l.convs.all && len(l.convs.ids) == 0 {
		return nil
	}
	byConversation := l.convs.all && l.convs.messages <= fewMessages
	beyond := l.q.After
	if !byConversation && (!l.convs.all || len(l.convs.ids) == 1) {
		var err error
		if limit, beyond, err = l.walkFirst(ctx, limit, beyond, ask); err != nil || limit <= 0 {
			return err
		}
	}
	months := l.monthsBeyond(beyond)
	for n := 1; len(months) > 0 && limit > 0; n *= 2 {
		part := months[:min(n, len(months))]
		months = months[len(part):]
		w := window{beyond: beyond, byConversation: byConversation, byIndex: !byConversation && !l.selective()}
		w.from, w.to = slices.MinFunc(part, time.Time.Compare), slices.MaxFunc(part, time.Time.Compare).AddDate(0, 1, 0)
		found, err := ask(w, limit)
		if err != nil {
			return err
		}
		limit -= found
	}
	return nil
}

// walkFirst looks at the first messages one by one, and at more as long as they
// seem to have all hits that are wanted. It gives how many are wanted still, and
// where it came to; 0 wanted also says that there are no more messages.
func (l *look) walkFirst(ctx context.Context, limit int, beyond *archive.Position, ask func(w window, most int) (int, error)) (int, *archive.Position, error) {
	most := mostWindow
	if l.convs.all {
		most = mostOfChat
	}
	for rows := firstWindow; ; {
		end, err := l.nth(ctx, beyond, rows)
		if err != nil {
			return limit, beyond, err
		}
		found, err := ask(window{beyond: beyond, upTo: end, byIndex: true}, limit)
		if err != nil {
			return limit, beyond, err
		}
		if limit -= found; end == nil || limit <= 0 {
			return 0, end, nil
		}
		beyond = end
		if found == 0 {
			return limit, beyond, nil
		}
		if rows = max(firstWindow, limit*rows/found*3/2); rows > most {
			return limit, beyond, nil
		}
	}
}

// nth gives the place of the nth message beyond another; nil: there are fewer.
func (l *look) nth(ctx context.Context, beyond *archive.Position, n int) (*archive.Position, error) {
	var b query
	all := ""
	l.bounds(&b, window{beyond: beyond, byIndex: true}, func(text string) { all += text + ` AND ` })
	if l.convs.all {
		all += `s.conv_id = ` + b.arg(l.convs.ids[0]) + ` AND `
	}
	text := `SELECT s.msgtime, s.seq, s.id FROM search_messages s WHERE ` + all + `true` + l.orderBy(true) + ` OFFSET ` + b.arg(n-1) + ` LIMIT 1`
	var p archive.Position
	if err := l.tx.GetContext(ctx, &p, text, b.args...); noRows(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return &p, nil
}

// bounds gives the conditions that say which rows a window has. Plain bounds on
// msgtime, said beside those of rows, let Postgres skip months.
func (l *look) bounds(b *query, w window, add func(string)) {
	f := l.q.Filter
	from, to := latest(f.From, w.from), f.To
	if to.IsZero() || !w.to.IsZero() && w.to.Before(to) {
		to = w.to
	}
	if !from.IsZero() {
		add(`s.msgtime >= ` + b.arg(from))
	}
	if !to.IsZero() {
		add(`s.msgtime < ` + b.arg(to))
	}
	before, after, upTo, since := `<=`, `<`, `>=`, `>=`
	if l.q.Order == search.Oldest {
		before, after, upTo, since = `>=`, `>`, `<=`, `<=`
	}
	if p := w.beyond; p != nil {
		at := b.arg(p.SentAt)
		add(`s.msgtime ` + before + ` ` + at + ` AND (s.msgtime, s.seq, s.id) ` + after + ` (` + at + `, ` + b.arg(p.Seq) + `, ` + b.arg(p.ID) + `)`)
	}
	if p := w.upTo; p != nil {
		at := b.arg(p.SentAt)
		add(`s.msgtime ` + since + ` ` + at + ` AND (s.msgtime, s.seq, s.id) ` + upTo + ` (` + at + `, ` + b.arg(p.Seq) + `, ` + b.arg(p.ID) + `)`)
	}
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// orderBy gives the order of hits. Unless rows are to be read in it, an addition
// of nothing keeps the planner from doing so.
func (l *look) orderBy(byIndex bool) string {
	at, way := `s.msgtime`, ` DESC`
	if !byIndex {
		at = `s.msgtime + interval '0'`
	}
	if l.q.Order == search.Oldest {
		way = ``
	}
	return ` ORDER BY ` + at + way + `, s.seq` + way + `, s.id` + way
}

const sqlFindMonths = `
SELECT right(CAST(inhrelid::regclass AS text), 6) FROM pg_inherits WHERE inhparent = CAST('search_messages' AS regclass)`

// findMonths gives the months that the query may have hits in.
func (l *look) findMonths(ctx context.Context) ([]time.Time, error) {
	var names []string
	if err := l.tx.SelectContext(ctx, &names, sqlFindMonths); err != nil {
		return nil, err
	}
	f := l.q.Filter
	var months []time.Time
	for _, name := range names {
		month, err := time.Parse("200601", name)
		if err != nil {
			return nil, err
		}
		if (f.To.IsZero() || month.Before(f.To)) && (f.From.IsZero() || month.AddDate(0, 1, 0).After(f.From)) {
			months = append(months, month)
		}
	}
	slices.SortFunc(months, func(a, b time.Time) int {
		if l.q.Order == search.Oldest {
			return a.Compare(b)
		}
		return b.Compare(a)
	})
	return months, nil
}

// monthsBeyond gives the months that may have hits beyond a place.
func (l *look) monthsBeyond(p *archive.Position) []time.Time {
	if p == nil {
		return l.months
	}
	var months []time.Time
	for _, m := range l.months {
		if l.q.Order == search.Oldest && m.AddDate(0, 1, 0).After(p.SentAt) || l.q.Order != search.Oldest && !m.After(p.SentAt) {
			months = append(months, m)
		}
	}
	return months
}
