package elastic

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"huicun/internal/archive"
	"huicun/internal/search"
)

// Report is what a comparison found and mended.
type Report struct {
	Compared int64 // documents of the database
	Holes    int64 // not in the index, or an older version there; mended
	Extras   int64 // in the index, and not in the database any more; deleted
	Poison   int64 // refused again
	Cured    int64 // refused before, now in the index
}

// Check compares a generation with the documents of the database, month by
// month, and mends what differs. Changes that the generation has not reached yet
// are none of its business. between is called after each month; nil: nothing is
// done there. An index that knows more than the database is damaged.
func (f *Feeder) Check(ctx context.Context, g *search.Generation, between func() error) (Report, error) {
	f.setUp()
	var r Report
	if err := f.verify(ctx, g); err != nil {
		return r, err
	}
	if err := f.cure(ctx, g, &r); err != nil {
		return r, err
	}
	months, err := f.Store.FindSearchMonths(ctx)
	if err != nil {
		return r, err
	}
	months = append(months, g.Months...)
	slices.Sort(months)
	for _, m := range slices.Compact(months) {
		mended := r.Holes + r.Extras
		if err := f.checkMonth(ctx, g, m, &r); err != nil {
			return r, fmt.Errorf("compare %s: %w", m, err)
		}
		if n := r.Holes + r.Extras - mended; n > 0 {
			slog.WarnContext(ctx, "search index mended", "generation", g.Name, "month", m, "documents", n)
			if err := f.Store.SaveCheck(ctx, g.Name, n, false); err != nil {
				return r, err
			}
		}
		if between != nil {
			if err := between(); err != nil {
				return r, err
			}
		}
	}
	return r, f.Store.SaveCheck(ctx, g.Name, 0, true)
}

// cure tries what was refused.
func (f *Feeder) cure(ctx context.Context, g *search.Generation, r *Report) error {
	const most = 1000
	poison, err := f.Store.FindPoison(ctx, g.Name, most)
	if err != nil || len(poison) == 0 {
		return err
	}
	ids := make([]string, len(poison))
	for i, p := range poison {
		ids[i] = p.MessageID
	}
	docs, err := f.Store.FindDocuments(ctx, ids)
	if err != nil {
		return err
	}
	// Each is counted anew if it is refused again.
	if err := f.Store.DeletePoison(ctx, g.Name, ids); err != nil {
		return err
	}
	g.Poison = 0
	if err := f.send(ctx, g, docs); err != nil {
		return err
	}
	r.Poison, r.Cured = g.Poison, int64(len(docs))-g.Poison
	return nil
}

// Pages of a comparison.
const (
	checkPage  = 5000
	mendPage   = 500
	pitKept    = "5m"
	pitTimeout = time.Minute
)

// checkMonth walks through both sides in the same order.
func (f *Feeder) checkMonth(ctx context.Context, g *search.Generation, month string, r *Report) error {
	known, err := f.poisoned(ctx, g)
	if err != nil {
		return err
	}
	m := mending{Feeder: f, g: g, month: month, report: r, upTo: g.Change, known: known}
	base := &walk[search.Version]{
		next: func(last *search.Version) ([]search.Version, error) {
			var after archive.Position
			if last != nil {
				after = archive.Position{SentAt: last.SentAt, Seq: last.Seq, ID: last.ID}
			}
			return f.Store.FindVersions(ctx, month, after, checkPage)
		},
	}
	index := &walk[hit]{next: func(*hit) ([]hit, error) { return nil, nil }}
	if g.HasMonth(month) {
		p, err := f.Client.openPIT(ctx, g.Index(month))
		if err != nil {
			return err
		}
		defer p.close(ctx)
		index.next = func(last *hit) ([]hit, error) { return p.page(ctx, last) }
	}
	if err := m.compare(ctx, base, index); err != nil {
		return err
	}
	return m.mend(ctx)
}

func (f *Feeder) poisoned(ctx context.Context, g *search.Generation) (map[string]bool, error) {
	if g.Poison == 0 {
		return nil, nil
	}
	const most = 1000
	list, err := f.Store.FindPoison(ctx, g.Name, most)
	known := map[string]bool{}
	for _, p := range list {
		known[p.MessageID] = true
	}
	return known, err
}

// walk reads a list page by page.
type walk[T any] struct {
	next func(last *T) ([]T, error)
	page []T
	last *T
	over bool
}

// peek gives the next item; nil at the end.
func (w *walk[T]) peek() (*T, error) {
	if len(w.page) > 0 || w.over {
		return w.first(), nil
	}
	page, err := w.next(w.last)
	w.page, w.over = page, len(page) == 0
	return w.first(), err
}

func (w *walk[T]) first() *T {
	if len(w.page) == 0 {
		return nil
	}
	return &w.page[0]
}

func (w *walk[T]) skip() { w.last, w.page = &w.page[0], w.page[1:] }

// mending collects what differs in a month.
type mending struct {
	*Feeder
	g      *search.Generation
	month  string
	report *Report
	upTo   int64           // changes that the index is to have
	known  map[string]bool // poison
	holes  []string
	extras []hit
}

func (m *mending) compare(ctx context.Context, base *walk[search.Version], index *walk[hit]) error {
	for {
		b, err := base.peek()
		if err != nil {
			return err
		}
		h, err := index.peek()
		if err != nil {
			return err
		}
		switch {
		case b == nil && h == nil:
			return nil
		case h != nil && h.ID != h.Sort.ID: // none of ours
			m.extras = append(m.extras, *h)
			index.skip()
		case h == nil || b != nil && before(*b, h.Sort):
			m.report.Compared++
			m.hole(*b)
			base.skip()
		case b == nil || before(search.Version{SentAt: h.Sort.SentAt, Seq: h.Sort.Seq, ID: h.Sort.ID}, place{SentAt: b.SentAt, Seq: b.Seq, ID: b.ID}):
			m.extras = append(m.extras, *h)
			index.skip()
		default:
			m.report.Compared++
			if h.Version > b.Change {
				return errAhead(h.Version, b.Change)
			}
			if h.Version < b.Change {
				m.hole(*b)
			}
			base.skip()
			index.skip()
		}
		if len(m.holes) >= mendPage || len(m.extras) >= mendPage {
			if err := m.mend(ctx); err != nil {
				return err
			}
		}
	}
}

func (m *mending) hole(v search.Version) {
	if v.Change <= m.upTo && !m.known[v.ID] {
		m.holes = append(m.holes, v.ID)
	}
}

func before(v search.Version, p place) bool {
	return cmp.Or(v.SentAt.Compare(p.SentAt), cmp.Compare(v.Seq, p.Seq), cmp.Compare(v.ID, p.ID)) < 0
}

// mend sends what lacks, and deletes what the database does not have. It asks
// the database once more before.
func (m *mending) mend(ctx context.Context) error {
	if len(m.holes)+len(m.extras) == 0 {
		return nil
	}
	if err := m.fill(ctx); err != nil {
		return err
	}
	return m.clear(ctx)
}

func (m *mending) fill(ctx context.Context) error {
	for ids := range slices.Chunk(m.holes, 50) { // each may be a megabyte
		docs, err := m.Store.FindDocuments(ctx, ids)
		if err != nil {
			return err
		}
		if err := m.send(ctx, m.g, docs); err != nil {
			return err
		}
		m.report.Holes += int64(len(docs))
	}
	m.holes = nil
	return nil
}

func (m *mending) clear(ctx context.Context) error {
	if len(m.extras) == 0 {
		return nil
	}
	var ids []string
	for _, h := range m.extras {
		if archive.ValidID(h.Sort.ID) {
			ids = append(ids, h.Sort.ID)
		}
	}
	docs, err := m.Store.FindDocuments(ctx, ids)
	if err != nil {
		return err
	}
	there := map[spot]bool{} // what belongs into this index
	for _, d := range docs {
		if search.MonthOf(d.SentAt) == m.month {
			there[place{SentAt: d.SentAt, Seq: d.Seq, ID: d.ID}.spot()] = true
		}
	}
	index := m.g.Index(m.month)
	var actions []action
	for _, h := range m.extras {
		if h.ID != h.Sort.ID || !there[h.Sort.spot()] {
			actions = append(actions, remove(index, h.ID, h.Version))
		}
	}
	m.extras = nil
	if err := m.write(ctx, m.g, actions); err != nil {
		return err
	}
	m.report.Extras += int64(len(actions))
	return m.Client.refresh(ctx, index)
}

// pit is an index as it was at one moment.
type pit struct {
	*Client
	id string
}

// openPIT shows all that was written before.
func (c *Client) openPIT(ctx context.Context, index string) (*pit, error) {
	if err := c.refresh(ctx, index); err != nil {
		return nil, err
	}
	var a struct {
		ID string `json:"id"`
	}
	err := c.do(ctx, request{method: http.MethodPost, path: index + "/_pit", query: url.Values{"keep_alive": {pitKept}}, timeout: pitTimeout}, &a)
	return &pit{c, a.ID}, err
}

func (p *pit) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.o.Timeout)
	defer cancel()
	err := p.do(ctx, request{method: http.MethodDelete, path: "_pit", body: encode(object{"id": p.id})}, nil)
	if err != nil && !missing(err) {
		slog.DebugContext(ctx, "point in time not closed; it ends by itself", "err", err)
	}
}

// page gives the documents beyond the last one, oldest first.
func (p *pit) page(ctx context.Context, last *hit) ([]hit, error) {
	body := object{
		"size": checkPage, "pit": object{"id": p.id, "keep_alive": pitKept}, "sort": sorting(search.Oldest), "track_total_hits": false, "version": true,
	}
	if last != nil {
		body["search_after"] = last.Sort.raw
	}
	var a struct {
		ID string `json:"pit_id"`
		answer
	}
	err := p.do(ctx, request{
		method: http.MethodPost, path: "_search", body: encode(body), timeout: pitTimeout,
		query: url.Values{"allow_partial_search_results": {"false"}, "filter_path": {"pit_id,timed_out,_shards,hits.hits.sort,hits.hits._version,hits.hits._id"}},
	}, &a)
	if err == nil && (a.TimedOut || a.Shards.Failed > 0) {
		err = fmt.Errorf("elasticsearch: %d shards failed", a.Shards.Failed)
	}
	if a.ID != "" {
		p.id = a.ID
	}
	return a.Hits.Hits, err
}
