package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
)

// corpusBatch is how many messages a batch of the corpus holds, like a page of
// WeCom's.
const corpusBatch = 1000

// decodedBatch is one batch, decoded as the puller does it.
type decodedBatch struct {
	id       int64
	messages []archive.Decoded
	docs     []docRow // of the messages, without conversation; nil: not wanted
}

// loadOptions say what Load does besides.
type loadOptions struct {
	progress func(int) // told the number of messages loaded so far
	search   bool      // what searches look at is filled too
	leave    int       // so many of the last batches have no documents: they are for the indexer
	// told each batch and its documents in order, before they are stored; may be nil
	each func(messages []archive.Decoded, docs []docRow) error
}

// loaded is what Load knows of the corpus beside its rows.
type loaded struct {
	members map[member]time.Time // since when
	batches int64
}

// Load writes the corpus into an empty database with the current schema: what
// SaveBatch would have written had the messages been pulled, after the follow-up
// work was done and its records pruned. Tables are filled by COPY; indexes of the
// large ones are built afterwards. progress is told the number of messages
// loaded so far. What searches look at stays empty.
func (c *Corpus) Load(ctx context.Context, db *sqlx.DB, progress func(int)) error {
	_, err := c.load(ctx, db, loadOptions{progress: progress})
	return err
}

// load is Load with more or less of it.
func (c *Corpus) load(ctx context.Context, db *sqlx.DB, o loadOptions) (loaded, error) {
	var none loaded
	if err := checkEmpty(ctx, db); err != nil {
		return none, err
	}
	if err := c.loadDirectory(ctx, db); err != nil {
		return none, fmt.Errorf("load directory: %w", err)
	}
	l := &loader{db: db, convs: map[archive.ConvKey]*convState{}, members: map[member]time.Time{}, loadOptions: o}
	if o.search {
		l.docs = &docLoader{loader: l, upTo: int64((c.opts.Messages+corpusBatch-1)/corpusBatch - o.leave), recent: map[string]*docRow{}}
	}
	if err := l.begin(ctx); err != nil {
		return none, err
	}
	if err := c.run(ctx, l); err != nil {
		return none, fmt.Errorf("load messages: %w", err)
	}
	return loaded{l.members, int64(len(l.batches))}, l.finish(ctx)
}

// checkEmpty refuses a database in which somebody keeps something.
func checkEmpty(ctx context.Context, db *sqlx.DB) error {
	var full bool
	const q = `SELECT EXISTS (SELECT 1 FROM message_ids) OR EXISTS (SELECT 1 FROM employees) OR EXISTS (SELECT 1 FROM customers)`
	if err := db.GetContext(ctx, &full, q); err != nil {
		return fmt.Errorf("look into the database: %w", err)
	}
	if full {
		return fmt.Errorf("the database is not empty: a corpus is loaded into a new one only")
	}
	return nil
}

// run writes, decodes and stores messages, each in goroutines of its own.
func (c *Corpus) run(ctx context.Context, l *loader) error {
	g, ctx := errgroup.WithContext(ctx)
	type job struct {
		batch []CorpusMessage
		id    int64
		out   chan decodedBatch
	}
	todo := make(chan job, runtime.GOMAXPROCS(0))
	inOrder := make(chan chan decodedBatch, 2*runtime.GOMAXPROCS(0))
	g.Go(func() error {
		defer close(todo)
		defer close(inOrder)
		return c.eachBatch(func(id int64, batch []CorpusMessage) error {
			j := job{batch: batch, id: id, out: make(chan decodedBatch, 1)}
			if err := send(ctx, todo, j); err != nil {
				return err
			}
			return send(ctx, inOrder, j.out)
		})
	})
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for j := range todo {
				b := decodedBatch{id: j.id, messages: decodeAll(j.batch)}
				if l.docs != nil {
					b.docs = l.docs.make(b)
				}
				j.out <- b
			}
			return nil
		})
	}
	g.Go(func() error { return l.write(ctx, inOrder) })
	return g.Wait()
}

func send[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// eachBatch cuts the stream into batches.
func (c *Corpus) eachBatch(do func(id int64, batch []CorpusMessage) error) error {
	var batch []CorpusMessage
	var id int64
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		id++
		full := batch
		batch = make([]CorpusMessage, 0, corpusBatch)
		return do(id, full)
	}
	err := c.EachMessage(func(m CorpusMessage) error {
		if batch = append(batch, m); len(batch) == corpusBatch {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

func decodeAll(batch []CorpusMessage) []archive.Decoded {
	out := make([]archive.Decoded, len(batch))
	for i, m := range batch {
		out[i] = chatdata.Decode(m.Outer, m.Body)
	}
	return out
}
