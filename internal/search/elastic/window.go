package elastic

import (
	"context"
	"slices"
	"sync"
	"time"

	"huicun/internal/search"
)

// parcel is documents as they are sent, and the months of their indices.
type parcel struct {
	actions []action
	months  []string
}

func newParcel(g search.Generation, docs []search.Document) parcel {
	p := parcel{actions: make([]action, len(docs))}
	for i, d := range docs {
		month := search.MonthOf(d.SentAt)
		p.actions[i] = put(g.Index(month), d)
		if !slices.Contains(p.months, month) {
			p.months = append(p.months, month)
		}
	}
	slices.Sort(p.months)
	return p
}

// window is some changes, as the database had them.
type window struct {
	parcel
	through int64          // none up to it is missing
	changes search.Changes // before they were read
	none    bool           // there are no others
	err     error
}

// windows reads up to n windows, each while the one before it is sent: nothing is
// noted of what is only read. What a document becomes meanwhile is a later
// change. stop is to be called.
func (f *Feeder) windows(ctx context.Context, g search.Generation, n int) (next <-chan window, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ws := make(chan window)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(ws)
		after := g.Change
		for range n {
			w := f.read(ctx, g, after)
			select {
			case ws <- w:
			case <-ctx.Done():
				return
			}
			if w.none || w.err != nil {
				return
			}
			after = w.through
		}
	})
	return ws, func() {
		cancel()
		reading.Wait()
	}
}

func (f *Feeder) read(ctx context.Context, g search.Generation, after int64) (w window) {
	if w.changes, w.err = f.Store.ReadChanges(ctx); w.err != nil {
		return w
	}
	if after >= w.changes.Change {
		w.none = true
		return w
	}
	docs, through, err := f.Store.FindChanges(ctx, after, min(w.changes.Change, after+windowChanges), windowBytes)
	w.parcel, w.through, w.err = newParcel(g, docs), through, err
	return w
}

// pass has the index hold a window of changes, and notes that it does.
func (f *Feeder) pass(ctx context.Context, g *search.Generation, w window) error {
	if err := f.post(ctx, g, w.parcel); err != nil {
		return err
	}
	var now *time.Time
	if w.through >= w.changes.Change {
		now = &w.changes.Now
	}
	if err := f.Store.SaveProgress(ctx, g.Name, w.through, now); err != nil {
		return err
	}
	g.Change, g.Error = w.through, ""
	if g.State == search.GenerationBuilding { // what is not refreshed yet cannot be counted
		g.Documents += int64(len(w.actions))
		if now != nil || time.Since(f.noted) >= noteCount {
			f.noted = time.Now()
			if err := f.Store.CountDocuments(ctx, g.Name, g.Documents); err != nil {
				return err
			}
		}
	}
	if f.Progress != nil {
		f.Progress(*g, w.changes)
	}
	return nil
}

// send writes documents, and sees that a live generation shows them.
func (f *Feeder) send(ctx context.Context, g *search.Generation, docs []search.Document) error {
	return f.post(ctx, g, newParcel(*g, docs))
}

func (f *Feeder) post(ctx context.Context, g *search.Generation, p parcel) error {
	if len(p.actions) == 0 {
		return nil
	}
	if err := f.ensureMonths(ctx, g, p.months); err != nil {
		return err
	}
	if err := f.write(ctx, g, p.actions); err != nil {
		return err
	}
	if g.State != search.GenerationLive {
		return nil
	}
	names := make([]string, len(p.months))
	for i, month := range p.months {
		names[i] = g.Index(month)
	}
	return f.Client.refresh(ctx, names...)
}
