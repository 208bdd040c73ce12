package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/outbox"
)

// KindIndex is the kind of the outbox items that make documents: of the messages
// of a batch (args batch_id), or of some messages (args message_ids) about which
// something became known: taken back, part of a violation or no longer, a code in
// a picture.
const KindIndex = "index"

const (
	indexPage        = 500              // messages that are indexed at once
	indexBytes       = 4 << 20          // texts and contents that are read at once, unless one message has more
	lastAttemptPause = 10 * time.Minute // between attempts after the last that counts
)

// ErrRefused says that the database works and does not take a document.
var ErrRefused = errors.New("search: document refused")

// IndexStore is what the indexer needs of the database.
type IndexStore interface {
	// FindIndexMessages gives messages of a batch beyond a place, by seq and id: at
	// most limit, and no more bytes of text and content than most, but one at least.
	// Raw is nil where the type alone tells that there is neither file nor link.
	FindIndexMessages(ctx context.Context, s access.Scope, batch, afterSeq int64, afterID string, limit, most int) ([]archive.Message, error)
	// FindMessagesByID gives the messages of these ids that the archive holds, Raw
	// as above, in any order.
	FindMessagesByID(ctx context.Context, s access.Scope, ids []string) ([]archive.Message, error)
	// FindTakenBack gives ids of other messages that may have become taken back, or
	// not, by these: candidates, which the archive need not hold.
	FindTakenBack(ctx context.Context, s access.Scope, ms []archive.Message) ([]string, error)
	// SaveDocuments makes the documents of messages, with what is known of them at
	// that moment, and tells how many are new or differ from before. It wraps
	// ErrRefused when one of them cannot be stored.
	SaveDocuments(ctx context.Context, sources []Source) (changed int, err error)
}

// Indexer makes the documents that searches look at. What it does may be done
// again, by several at once and in any order.
type Indexer struct {
	Store  IndexStore
	Decode func(raw []byte) archive.Content // chatdata.Content
}

// Handle is the outbox handler of KindIndex.
func (x *Indexer) Handle(ctx context.Context, item outbox.Item) error {
	var args struct {
		BatchID    int64    `json:"batch_id"`
		MessageIDs []string `json:"message_ids"`
	}
	err := json.Unmarshal(item.Args, &args)
	if err != nil || args.BatchID <= 0 && len(args.MessageIDs) == 0 || slices.ContainsFunc(args.MessageIDs, func(id string) bool { return !archive.ValidID(id) }) {
		return outbox.Permanent(errors.New("search: args have neither batch_id nor message_ids"))
	}
	r := indexing{Indexer: x}
	if args.BatchID > 0 {
		err = r.batch(ctx, args.BatchID)
	} else {
		err = r.messages(ctx, args.MessageIDs)
	}
	if err != nil && ctx.Err() == nil && item.MaxAttempts > 0 && item.Attempt >= item.MaxAttempts {
		// Given up, its messages would never be found.
		slog.ErrorContext(ctx, "messages not indexed again and again", "item", item.ID, "err", err)
		return outbox.Snooze(lastAttemptPause)
	}
	if err != nil {
		return fmt.Errorf("index messages: %w", err)
	}
	return r.refusal()
}

// indexing is one run of the handler.
type indexing struct {
	*Indexer
	refused []int64 // seqs of messages whose documents cannot be stored
	changed int     // documents that were new or differed
}

// refusal names what was refused. The item is kept, discarded: coverage tells of
// it until somebody has mended what is wrong.
func (r *indexing) refusal() error {
	const most = 5
	if len(r.refused) == 0 {
		return nil
	}
	return outbox.Permanent(fmt.Errorf("%d messages cannot be indexed, among them seq %v", len(r.refused), r.refused[:min(most, len(r.refused))]))
}

func (r *indexing) batch(ctx context.Context, batch int64) error {
	var afterSeq int64 = -1
	afterID := "00000000-0000-0000-0000-000000000000"
	for {
		page, err := r.Store.FindIndexMessages(ctx, access.System(), batch, afterSeq, afterID, indexPage, indexBytes)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := r.save(ctx, r.sources(ctx, page)); err != nil {
			return err
		}
		others, err := r.Store.FindTakenBack(ctx, access.System(), page)
		if err != nil {
			return err
		}
		if err := r.messages(ctx, others); err != nil {
			return err
		}
		afterSeq, afterID = page[len(page)-1].Seq, page[len(page)-1].ID
	}
}

func (r *indexing) messages(ctx context.Context, ids []string) error {
	const few = 50 // each may be a megabyte
	for ids := range slices.Chunk(ids, few) {
		ms, err := r.Store.FindMessagesByID(ctx, access.System(), ids)
		if err != nil {
			return err
		}
		if err := r.save(ctx, r.sources(ctx, ms)); err != nil {
			return err
		}
	}
	return nil
}

// save stores documents. One that is refused keeps no other.
func (r *indexing) save(ctx context.Context, sources []Source) error {
	if len(sources) == 0 {
		return nil
	}
	n, err := r.Store.SaveDocuments(ctx, sources)
	r.changed += n
	if !errors.Is(err, ErrRefused) {
		return err
	}
	if len(sources) == 1 {
		slog.ErrorContext(ctx, "message cannot be indexed", "seq", sources[0].Seq, "err", err)
		r.refused = append(r.refused, sources[0].Seq)
		return nil
	}
	half := len(sources) / 2
	if err := r.save(ctx, sources[:half]); err != nil {
		return err
	}
	return r.save(ctx, sources[half:])
}

func (r *indexing) sources(ctx context.Context, ms []archive.Message) []Source {
	sources := make([]Source, len(ms))
	for i := range ms {
		m := &ms[i]
		flags, links, err := r.look(m.Raw)
		if err != nil {
			slog.ErrorContext(ctx, "message indexed without its files and links: it cannot be decoded", "seq", m.Seq, "err", err)
		}
		sources[i] = Source{
			ID: m.ID, BaseID: m.BaseID, Seq: m.Seq, ConvID: m.ConvID, SentAt: m.SentAt, FromID: m.FromID, MsgType: m.MsgType, Text: m.Text, Links: links, Flags: flags,
		}
	}
	return sources
}

// look decodes a message. What one message does to the decoder must not keep
// its whole batch from being found.
func (r *indexing) look(raw []byte) (f Flags, links []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the decoder panicked")
		}
	}()
	if raw == nil {
		return 0, nil, nil
	}
	c := r.Decode(raw)
	return FlagsOf(c), LinksOf(c), nil
}
