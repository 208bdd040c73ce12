package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/ingest/chatdata"
	"huicun/internal/search"
	"huicun/internal/search/searchtest"
	"huicun/internal/store"
)

// Documents that lack or differ in anything are made again, each once, however
// often that is stopped; the others keep their numbers.
func TestDocumentsAreMadeAgain(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	for n := range 6 {
		a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Text: fmt.Sprintf("第%d句", n)}, picturesaid("wang", "lin", fmt.Sprintf("f%d", n)))
	}
	a.Index(t)
	want, numbers := documents(t, a), changes(t, a)
	for _, damage := range []string{
		`UPDATE search_messages SET body = 'x' WHERE seq = 1`,
		`DELETE FROM search_messages WHERE seq IN (2, 11)`,
		`UPDATE search_messages SET grams = '{}' WHERE seq = 5`,
		`UPDATE search_messages SET from_id = 'nobody' WHERE seq = 7`,
		`UPDATE search_messages SET conv_id = 0 WHERE seq = 9`,
		`INSERT INTO outbox (kind, args, state, created_at) VALUES ('index', '{"batch_id": 1}', 'discarded', now() - interval '1 minute')`,
	} {
		if _, err := a.Exec(damage); err != nil {
			t.Fatal(err)
		}
	}
	x := &search.Indexer{Store: a.DB, Decode: chatdata.Content}
	var batches []int64
	stopped := 0
	var r search.Rebuild
	for {
		ctx, stop := context.WithCancel(t.Context())
		first, err := true, error(nil)
		r, err = x.Rebuild(ctx, a.DB, false, func(r search.Rebuild) {
			batches = append(batches, r.Batch)
			if !first && len(batches) > 2 && stopped < 3 {
				stop()
			}
			first = false
		})
		stop()
		if err == nil {
			break
		}
		if stopped++; !errors.Is(err, context.Canceled) || stopped > 3 {
			t.Fatal(err)
		}
	}
	if stopped != 3 || r.Changed != 6 || r.Refused != 0 || r.FinishedAt.IsZero() || r.Batch != r.UpTo {
		t.Errorf("after %d stops: %+v; batches %v", stopped, r, batches)
	}
	wantDocuments(t, a, want...)
	is := changes(t, a)
	for i, n := range numbers {
		renewed := map[int]bool{0: true, 1: true, 4: true, 6: true, 8: true, 10: true}[i]
		if renewed != (is[i] > numbers[len(numbers)-1]) || !renewed && is[i] != n {
			t.Errorf("message %d: change %d, was %d", i+1, is[i], n)
		}
	}
	coverage, err := (&store.Search{DB: a.DB}).Coverage(t.Context())
	if err != nil || !coverage.Complete() || coverage.Indexed != 12 {
		t.Errorf("coverage %+v, %v", coverage, err)
	}
	if r, err := x.Rebuild(t.Context(), a.DB, false, func(search.Rebuild) {}); err != nil || r.Changed != 0 || r.Batch != r.UpTo {
		t.Errorf("once more: %+v, %v", r, err)
	}
	if diff := cmp.Diff(is, changes(t, a)); diff != "" {
		t.Errorf("changes of what was right (-want +got):\n%s", diff)
	}
}

// -restart begins with the first batch, whatever was done, and whoever is still at
// it does not take it further or end it.
func TestARebuildBeginsAnew(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	for range 3 {
		a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Text: "x"})
	}
	var before search.Rebuild
	for _, tt := range []struct {
		anew bool
		want int64
	}{{false, 0}, {false, 2}, {true, 0}} {
		r, err := a.StartRebuild(t.Context(), tt.anew)
		if err != nil || r.Batch != tt.want || r.UpTo != 3 {
			t.Errorf("anew %v: %+v, %v", tt.anew, r, err)
		}
		if tt.anew {
			if is, err := a.SaveRebuild(t.Context(), before, 3, 1, 0); err != nil || is != r {
				t.Errorf("saved by who began before: %+v, %v; want %+v", is, err, r)
			}
			if is, err := a.FinishRebuild(t.Context(), before); err != nil || is != r {
				t.Errorf("finished by who began before: %+v, %v; want %+v", is, err, r)
			}
		}
		before = r
		for _, done := range []int64{2, 1} { // somebody else was ahead
			if r.Batch > 0 {
				break
			}
			if is, err := a.SaveRebuild(t.Context(), before, done, 1, 0); err != nil || is.Batch != 2 {
				t.Errorf("batch %d done: %+v, %v", done, is, err)
			}
		}
	}
}

// Who is overtaken by a -restart, or by the end, goes on with that.
func TestRebuildsBesideEachOther(t *testing.T) {
	t.Parallel()
	a := searchtest.NewArchive(t)
	for range 3 {
		a.Save(t, searchtest.Said{From: "lin", To: []string{"wang"}, Text: "x"})
	}
	x := &search.Indexer{Store: a.DB, Decode: chatdata.Content}
	var batches []int64
	r, err := x.Rebuild(t.Context(), a.DB, false, func(r search.Rebuild) {
		if batches = append(batches, r.Batch); len(batches) == 3 { // before its last batch
			if _, err := a.StartRebuild(t.Context(), true); err != nil {
				t.Error(err)
			}
		}
		if len(batches) == 6 {
			if _, err := x.Rebuild(t.Context(), a.DB, false, func(search.Rebuild) {}); err != nil {
				t.Error(err)
			}
		}
	})
	if want := []int64{0, 1, 2, 0, 1, 2, 3}; err != nil || r.FinishedAt.IsZero() || !slices.Equal(batches, want) {
		t.Errorf("after batches %v, want %v: %+v, %v", batches, want, r, err)
	}
}
