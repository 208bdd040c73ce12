package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/outbox"
)

// indexPage is how many messages are read at once.
const indexPage = 200

// lastAttemptPause is between attempts after the last that counts.
const lastAttemptPause = 10 * time.Minute

// maxTitle bounds titles of refs, in bytes; what lists show is far shorter.
const maxTitle = 1000

// Indexer finds the files and links of messages right after they were stored.
type Indexer struct {
	Store  IndexStore
	Decode func(raw []byte) archive.Content // chatdata.Content
}

// Handle is the outbox handler of KindIndex.
func (x *Indexer) Handle(ctx context.Context, item outbox.Item) error {
	var args struct {
		BatchID int64 `json:"batch_id"`
	}
	if err := json.Unmarshal(item.Args, &args); err != nil || args.BatchID <= 0 {
		return outbox.Permanent(errors.New("media: args have no batch_id"))
	}
	err := x.index(ctx, args.BatchID)
	if err != nil && ctx.Err() == nil && item.MaxAttempts > 0 && item.Attempt >= item.MaxAttempts {
		// Given up, its files would never be asked for.
		slog.ErrorContext(ctx, "files of a batch not noted again and again", "batch_id", args.BatchID, "err", err)
		return outbox.Snooze(lastAttemptPause)
	}
	if err != nil {
		return fmt.Errorf("media of batch %d: %w", args.BatchID, err)
	}
	return nil
}

func (x *Indexer) index(ctx context.Context, batch int64) error {
	var afterSeq int64 = -1
	afterID := "00000000-0000-0000-0000-000000000000"
	for {
		page, err := x.Store.FindMediaMessages(ctx, access.System(), batch, afterSeq, afterID, indexPage)
		if err != nil {
			return err
		}
		if refs := x.refs(ctx, page); len(refs) > 0 {
			if err := x.Store.SaveRefs(ctx, refs); err != nil {
				return err
			}
		}
		if len(page) < indexPage {
			return nil
		}
		afterSeq, afterID = page[len(page)-1].Seq, page[len(page)-1].ID
	}
}

func (x *Indexer) refs(ctx context.Context, page []archive.Message) []Ref {
	var refs []Ref
	for _, m := range page {
		found, strange, err := x.messageRefs(m)
		if err != nil {
			slog.ErrorContext(ctx, "files of a message not found: it cannot be decoded", "seq", m.Seq, "err", err)
			continue
		}
		if strange > 0 {
			slog.WarnContext(ctx, "message names files by ids that WeCom cannot have made; they are not fetched", "seq", m.Seq, "files", strange)
		}
		refs = append(refs, found...)
	}
	return refs
}

// messageRefs decodes a message. What one message does to the decoder must not
// keep the files of its whole batch.
func (x *Indexer) messageRefs(m archive.Message) (refs []Ref, strange int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the decoder panicked")
		}
	}()
	c := x.Decode(m.Raw)
	refs, strange = refsOf(m, &c)
	return refs, strange, nil
}

// refsOf gives the places of m, numbered as Content.Places does, and after them
// the files that stand in no tab. strange counts ids that cannot be asked for.
func refsOf(m archive.Message, c *archive.Content) (refs []Ref, strange int) {
	placed := map[*archive.Media]bool{}
	c.Places(func(pos int, part archive.Content, tab archive.MediaTab) {
		r := newRef(m, pos, part.Kind, tab)
		// The part of a link may carry the file beside it: that has its own place.
		if part.Media != nil && !placed[part.Media] {
			placed[part.Media] = true
			r.name(part.Media)
		} else if len(part.Links) > 0 {
			r.Title = bounded(part.Links[0].Title)
		}
		refs = append(refs, r)
	})
	c.Medias(func(kind archive.ContentKind, media *archive.Media) {
		if media.SDKFileID != "" && !media.HasFile() {
			strange++
		}
		if !placed[media] && media.HasFile() {
			r := newRef(m, len(refs), kind, archive.TabNone)
			r.name(media)
			refs = append(refs, r)
		}
	})
	return refs, strange
}

func newRef(m archive.Message, pos int, kind archive.ContentKind, tab archive.MediaTab) Ref {
	return Ref{MessageID: m.ID, Pos: pos, ConvID: m.ConvID, SentAt: m.SentAt, Seq: m.Seq, Tab: tab, Kind: kind}
}

// name fills in the file.
func (r *Ref) name(m *archive.Media) {
	r.Title = bounded(m.Name)
	if m.HasFile() {
		r.SDKFileID, r.SizeBytes, r.MD5 = m.SDKFileID, max(m.SizeBytes, 0), cleanMD5(m.MD5)
	}
}
