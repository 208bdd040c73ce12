package elastic

import (
	"context"
	"errors"
	"slices"

	"huicun/internal/search"
)

// Where there are too many conversations to name them in a query, the index
// tells which of them have hits, and the database which of these are meant.

// Conversations asked for at once: more each time, as every answer costs a walk
// through all hits. search.max_buckets is 65,536 unless somebody lowered it.
const (
	firstBuckets = 10_000
	mostBuckets  = 60_000
)

// convHits is a conversation with the number of hits in it.
type convHits struct {
	Key struct {
		Conv int64 `json:"conv"`
	} `json:"key"`
	Hits int `json:"doc_count"`
}

// groups are conversations in the order of their numbers.
type groups struct {
	Buckets []convHits `json:"buckets"`
}

// conversations gives those that have hits, each once, some at a time, until each
// says that it is enough.
func (l *look) conversations(ctx context.Context, each func([]convHits) (enough bool, err error)) error {
	size, most := firstBuckets, mostBuckets
	if l.Buckets > 0 {
		size, most = l.Buckets, l.Buckets
	}
	var after *int64
	for {
		found, err := l.group(ctx, after, size)
		if size > 1 && tooManyBuckets(err) {
			size /= 2
			most = size
			continue
		}
		if err != nil || len(found) == 0 {
			return err
		}
		last := found[len(found)-1].Key.Conv
		if enough, err := each(found); err != nil || enough || len(found) < size {
			return err
		}
		if after != nil && last <= *after {
			return errors.New("elasticsearch: conversations come out of order")
		}
		after, size = &last, min(most, 2*size)
	}
}

// tooManyBuckets reports whether fewer at a time may be asked for.
func tooManyBuckets(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Type == "too_many_buckets_exception"
}

// group gives the next conversations that have hits.
func (l *look) group(ctx context.Context, after *int64, size int) ([]convHits, error) {
	by := object{"size": size, "sources": []object{{fieldConv: object{"terms": object{"field": fieldConv}}}}}
	if after != nil {
		by["after"] = object{fieldConv: *after}
	}
	a, err := l.ask(ctx, object{
		"size": 0, "query": filter(l.q, l.convs), "track_total_hits": false, "aggs": object{fieldConv: object{"composite": by}},
	})
	if err != nil {
		return nil, err
	}
	if a.Groups.By == nil {
		return nil, errors.New("elasticsearch: an answer lacks the conversations")
	}
	return a.Groups.By.Buckets, nil
}

// countKept counts up to most hits in the conversations that are meant.
func (l *look) countKept(ctx context.Context, most int) (n int, err error) {
	err = l.conversations(ctx, func(found []convHits) (bool, error) {
		kept, err := l.kept(ctx, found)
		for _, c := range kept {
			n += c.Hits
		}
		return n >= most, err
	})
	return min(n, most), err
}

// narrow names the conversations that are meant and have hits, unless they are
// too many.
func (l *look) narrow(ctx context.Context) error {
	convs := []int64{}
	err := l.conversations(ctx, func(found []convHits) (bool, error) {
		kept, err := l.kept(ctx, found)
		for _, c := range kept {
			convs = append(convs, c.Key.Conv)
		}
		return len(convs) > l.mostConversations(), err
	})
	if err == nil && len(convs) <= l.mostConversations() {
		l.convs, l.keep = convs, false
	}
	return err
}

func (l *look) kept(ctx context.Context, found []convHits) ([]convHits, error) {
	ids := make([]int64, len(found))
	for i, c := range found {
		ids[i] = c.Key.Conv
	}
	meant, err := l.meant(ctx, ids)
	return slices.DeleteFunc(found, func(c convHits) bool { return !meant[c.Key.Conv] }), err // found is used up
}

// meant tells which conversations the query is about. The database is asked for
// each once.
func (l *look) meant(ctx context.Context, ids []int64) (map[int64]bool, error) {
	if l.known == nil {
		l.known = map[int64]bool{}
	}
	var unknown []int64
	for _, id := range ids {
		if _, ok := l.known[id]; !ok {
			unknown = append(unknown, id)
			l.known[id] = false
		}
	}
	if len(unknown) == 0 {
		return l.known, nil
	}
	kept, err := l.Of.KeepConversations(ctx, l.q, unknown)
	for id := range kept {
		l.known[id] = true
	}
	return l.known, err
}

// visible drops hits that the index could not be asked to leave out.
func (l *look) visible(ctx context.Context, refs []search.Ref) ([]search.Ref, error) {
	var convs map[int64]bool
	var sensitive map[string]bool
	var err error
	if l.keep {
		ids := make([]int64, len(refs))
		for i, r := range refs {
			ids[i] = r.ConvID
		}
		if convs, err = l.meant(ctx, ids); err != nil {
			return nil, err
		}
	}
	if l.private {
		ids := make([]string, len(refs))
		for i := range refs {
			ids[i] = refs[i].ID
		}
		if sensitive, err = l.Of.KeepSensitive(ctx, l.q.Scope, ids); err != nil {
			return nil, err
		}
	}
	kept := refs[:0]
	for _, r := range refs {
		if (!l.keep || convs[r.ConvID]) && (!l.private || sensitive[r.ID]) {
			kept = append(kept, r)
		}
	}
	return kept, nil
}
