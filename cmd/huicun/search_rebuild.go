package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"huicun/internal/ingest/chatdata"
	"huicun/internal/search"
)

// rebuildOptions are the flags of huicun search reindex.
type rebuildOptions struct{ documents, restart, others bool }

func (o *rebuildOptions) flags(asJSON *bool) func(*flag.FlagSet) {
	return func(fs *flag.FlagSet) {
		jsonFlag(asJSON)(fs)
		fs.BoolVar(&o.documents, "documents", false, "make the documents in the database again, whichever engine searches")
		fs.BoolVar(&o.restart, "restart", false, "with -documents or without Elasticsearch: begin again")
		fs.BoolVar(&o.others, "others", false, "delete what an earlier search.prefix has left in Elasticsearch, and nothing else")
	}
}

// rebuildReport is what huicun search reindex prints with -json when it made
// documents again.
type rebuildReport struct {
	Batches   int64     `json:"batches"` // number of the last
	Changed   int64     `json:"changed"` // documents that lacked or differed
	Refused   int64     `json:"refused"` // messages that cannot be indexed
	StartedAt time.Time `json:"started_at"`
}

// rebuildDocuments makes the documents of all messages again.
func rebuildDocuments(ctx context.Context, d *database, restart, asJSON bool, stdout, stderr io.Writer) error {
	out, told := &printer{w: stderr}, time.Time{}
	x := &search.Indexer{Store: d, Decode: chatdata.Content}
	r, err := x.Rebuild(ctx, d, restart, func(r search.Rebuild) {
		switch {
		case told.IsZero() && r.Batch > 0:
			out.line("going on after batch %d of %d", r.Batch, r.UpTo)
		case time.Since(told) < progressEvery:
			return
		case r.UpTo > 0:
			out.line("%d of %d batches, %.1f %%, %d documents changed", r.Batch, r.UpTo, 100*float64(r.Batch)/float64(r.UpTo), r.Changed)
		}
		told = time.Now()
	})
	if ctx.Err() != nil {
		return fmt.Errorf("%w; run it again to go on", errInterrupted)
	}
	if err != nil {
		return err
	}
	p := &printer{w: stdout}
	if asJSON {
		p.err = printJSON(stdout, rebuildReport{Batches: r.UpTo, Changed: r.Changed, Refused: r.Refused, StartedAt: r.StartedAt.UTC()})
	} else {
		p.line("all documents are made again: %d lacked or differed", r.Changed)
		if r.Refused > 0 {
			p.line("%d messages cannot be indexed; the log says which", r.Refused)
		}
	}
	if p.err == nil && r.Refused > 0 {
		return errUnwell
	}
	return p.err
}
