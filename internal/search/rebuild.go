package search

import (
	"context"
	"time"
)

// Rebuild is how far the making anew of all documents has come.
type Rebuild struct {
	Batch      int64     `db:"batch_id"` // batches up to it are done
	UpTo       int64     `db:"upto"`     // the last batch when it began: those that came later have been indexed by then
	Changed    int64     `db:"changed"`  // documents that lacked or differed
	Refused    int64     `db:"refused"`  // messages whose documents cannot be stored
	StartedAt  time.Time `db:"started_at"`
	FinishedAt time.Time `db:"finished_at"` // zero: it is not
}

// RebuildStore keeps how far it is, so that it goes on after a stop, whatever
// that was.
type RebuildStore interface {
	IndexStore
	// StartRebuild goes on with what was not finished, unless from the start is
	// asked for; else it begins.
	StartRebuild(ctx context.Context, anew bool) (Rebuild, error)
	// NextBatch gives the first batch after one, up to another, that has messages;
	// 0: none.
	NextBatch(ctx context.Context, after, upTo int64) (int64, error)
	// SaveRebuild notes that a batch is done, the next one after r, and what came of
	// it. It gives how far it is: where another process has gone on or begun again
	// since r, as that left it.
	SaveRebuild(ctx context.Context, r Rebuild, batch int64, changed, refused int) (Rebuild, error)
	// FinishRebuild counts the documents, and forgets follow-up work that was given
	// up before the rebuild began, as it has done that, unless some were refused.
	// Where another process has changed r since, it does nothing and gives that.
	FinishRebuild(ctx context.Context, r Rebuild) (Rebuild, error)
}

// Rebuild makes the document of each message again. Those that are as they should
// be stay, with their change numbers; the others get new ones, which indices in
// Elasticsearch follow. What was stopped is gone on with from the batch that was
// not done; doing it again changes nothing. tell is called after each batch.
func (x *Indexer) Rebuild(ctx context.Context, store RebuildStore, anew bool, tell func(Rebuild)) (Rebuild, error) {
	r, err := store.StartRebuild(ctx, anew)
	if err != nil {
		return r, err
	}
	for {
		tell(r)
		batch, err := store.NextBatch(ctx, r.Batch, r.UpTo)
		if err != nil {
			return r, err
		}
		if batch == 0 {
			if r, err = store.FinishRebuild(ctx, r); err != nil || !r.FinishedAt.IsZero() {
				return r, err
			}
			continue
		}
		run := indexing{Indexer: x}
		if err := run.batch(ctx, batch); err != nil {
			return r, err
		}
		if r, err = store.SaveRebuild(ctx, r, batch, run.changed, len(run.refused)); err != nil {
			return r, err
		}
	}
}
