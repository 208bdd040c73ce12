package ingest

import (
	"cmp"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// opening is a page that is being opened.
type opening struct {
	page  page
	done  chan struct{} // closed when batch or err is there
	batch Batch
	err   error
}

// catchUp pulls until an answer is empty. Fetching, opening and storing
// overlap: while a page is stored the next two are opened and the one after is
// fetched, so that the cores, whose time goes into RSA, never wait for a disk or
// for the slow end of a page. Returns the number of records pulled.
func (p *Puller) catchUp(ctx context.Context, lease Lease, sizes *sizer) (int, error) {
	st, err := p.Store.PullState(ctx)
	if err != nil {
		return 0, fmt.Errorf("read cursor: %w", err)
	}
	g, gctx := errgroup.WithContext(ctx)
	early, enough := context.WithCancel(gctx) // ends what comes after a page that does not open
	defer enough()
	pages := make(chan page)
	queue := make(chan *opening, 1)
	var fetchErr, openErr error // end the stage; what came before is still stored
	var empty *Pull             // the empty answer at the end
	total := 0
	g.Go(func() error {
		defer close(pages)
		empty, fetchErr = p.fetch(early, st.Seq, sizes, pages)
		return nil
	})
	g.Go(func() error {
		defer close(queue)
		p.openAll(early, g, st, pages, queue)
		return nil
	})
	g.Go(func() error {
		for o := range queue {
			<-o.done
			if openErr != nil {
				continue // of a page before this one
			}
			if o.err != nil {
				openErr = o.err
				enough()
				continue
			}
			if err := p.save(gctx, lease, o.page, o.batch); err != nil {
				enough()
				for range queue { //nolint:revive // lets openAll end
				}
				return err
			}
			sizes.pageStored()
			p.healer.note(o.batch.Quarantined, p.Now())
			total += o.batch.Received
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return total, err
	}
	if err := cmp.Or(openErr, fetchErr); err != nil || empty == nil {
		return total, err
	}
	// Only now is everything stored that came before the empty answer.
	if err := p.Store.RecordPull(ctx, *empty); err != nil {
		return total, fmt.Errorf("record pull: %w", err)
	}
	return total, nil
}

// openAll opens pages side by side and queues them in their order. The queue
// bounds how many there are.
func (p *Puller) openAll(ctx context.Context, g *errgroup.Group, st State, pages <-chan page, queue chan<- *opening) {
	for pg := range pages {
		o := &opening{page: pg, done: make(chan struct{})}
		select {
		case queue <- o:
		case <-ctx.Done():
			for range pages { //nolint:revive // lets fetch end
			}
			return
		}
		g.Go(func() error {
			defer close(o.done)
			o.batch, o.err = p.open(ctx, pg, st)
			return nil
		})
	}
}
