package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"github.com/lib/pq"

	"huicun/internal/archive"
)

// pageSize is how many messages a page of the benchmark has.
const pageSize = 50

// target is a page: what is older than a message.
type target struct {
	conv int64
	from archive.Position
	path string // below /api/v1
}

func newTarget(p archive.Position) target {
	return target{conv: p.ConvID, from: p, path: fmt.Sprintf("/conversations/%d/messages?older=%s&limit=%d", p.ConvID, p.ID, pageSize)}
}

const (
	sqlAllConversations = `SELECT id, message_count, last_msgtime FROM conversations ORDER BY id`
	sqlAllMembers       = `SELECT conv_id, person, since FROM conv_members`
	sqlScopeOf          = `SELECT person FROM viewer_employees WHERE viewer_id = $1`
	sqlMessageAt        = `SELECT conv_id, msgtime, seq, id FROM messages WHERE conv_id = $1 AND msgtime >= $2 ORDER BY msgtime, seq, id LIMIT 1`
)

// span is a conversation with when it began and ended.
type span struct {
	ID    int64     `db:"id"`
	Count int64     `db:"message_count"`
	Last  time.Time `db:"last_msgtime"`
	first time.Time
}

// choose draws the pages to read: conversations as often as they have
// messages, at any time in them.
func (s *readScope) choose(ctx context.Context, w *World, c *Corpus, pages int) error {
	spans, err := s.divide(ctx, w)
	if err != nil {
		return err
	}
	r := c.random(randomReads + uint64(s.size)) //nolint:gosec // counts are not negative
	upTo := make([]int64, len(spans))
	total := int64(0)
	for i, c := range spans {
		total += c.Count
		upTo[i] = total
	}
	if total == 0 {
		return errors.New("no conversation is in scope")
	}
	for range pages {
		n := r.Int64N(total)
		p, err := s.pick(ctx, w, r, spans[sort.Search(len(upTo), func(i int) bool { return upTo[i] > n })])
		if err != nil {
			return err
		}
		s.pages = append(s.pages, newTarget(p))
	}
	return nil
}

// divide finds by brute force which conversations are in scope: those with a
// member that the viewer may see.
func (s *readScope) divide(ctx context.Context, w *World) ([]span, error) {
	var visible []string
	var all []span
	err := errors.Join(w.DB.SelectContext(ctx, &visible, sqlScopeOf, s.viewer.ID), w.DB.SelectContext(ctx, &all, sqlAllConversations))
	if err != nil {
		return nil, err
	}
	slices.Sort(visible)
	s.inScope = map[int64]bool{}
	first := map[int64]time.Time{}
	rows, err := w.DB.QueryContext(ctx, sqlAllMembers)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var conv int64
		var who string
		var since time.Time
		if err := rows.Scan(&conv, &who, &since); err != nil {
			return nil, err
		}
		if _, ok := slices.BinarySearch(visible, who); ok {
			s.inScope[conv] = true
		}
		if at, ok := first[conv]; !ok || since.Before(at) {
			first[conv] = since
		}
	}
	var in []span
	for _, c := range all {
		if c.first = first[c.ID]; s.inScope[c.ID] {
			in = append(in, c)
		} else if len(s.others) < 100 {
			s.others = append(s.others, c.ID)
		}
	}
	return in, rows.Err()
}

// pick finds a message of a conversation at a random time.
func (s *readScope) pick(ctx context.Context, w *World, r *rand.Rand, c span) (archive.Position, error) {
	at := c.first.Add(time.Duration(r.Int64N(int64(c.Last.Sub(c.first)) + 1)))
	var p archive.Position
	err := w.DB.GetContext(ctx, &p, sqlMessageAt, c.ID, at)
	return p, err
}

const sqlWholeConversation = `SELECT id FROM messages WHERE conv_id = ANY($1) ORDER BY msgtime, seq, id`

// check reads pages and conversations out of scope and counts answers that
// are not what brute force finds.
func (s *readScope) check(ctx context.Context, w *World, n int) (wrong int, err error) {
	for i, t := range s.pages[:min(n, len(s.pages))] {
		got, err := s.fetch(ctx, i, t)
		if err != nil {
			return wrong, err
		}
		var all []string
		if err := w.DB.SelectContext(ctx, &all, sqlWholeConversation, pq.Array([]int64{t.conv})); err != nil {
			return wrong, err
		}
		end := slices.Index(all, t.from.ID)
		begin := max(0, end-pageSize)
		if end < 0 || !slices.Equal(got.ids(), all[begin:end]) || got.HasOlder != (begin > 0) || !got.HasNewer {
			wrong++
		}
	}
	for i, conv := range s.others {
		var refused *statusError
		_, err := s.fetch(ctx, i, target{path: fmt.Sprintf("/conversations/%d/messages?limit=%d", conv, pageSize)})
		if err != nil && !errors.As(err, &refused) {
			return wrong, err
		}
		if refused == nil || refused.status != 404 {
			wrong++
		}
	}
	return wrong, nil
}

// page is the part of an answer that is looked at.
type pageAnswer struct {
	Items []struct {
		ID string `json:"id"`
	} `json:"items"`
	HasOlder bool `json:"has_older"`
	HasNewer bool `json:"has_newer"`
}

func (p pageAnswer) ids() []string {
	ids := []string{}
	for _, m := range p.Items {
		ids = append(ids, m.ID)
	}
	return ids
}

// fetch reads a page with the ith session.
func (s *readScope) fetch(ctx context.Context, i int, t target) (pageAnswer, error) {
	var p pageAnswer
	err := s.sessions[i%len(s.sessions)].Call(ctx, "GET", t.path, nil, &p)
	return p, err
}
