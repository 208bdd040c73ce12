package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"time"

	"huicun/internal/archive"
)

// releaseTurn is how long quarantine may be opened before the stream has its
// turn again.
const releaseTurn = 2 * time.Second

// notStorable is a message that ErrRefused keeps in quarantine.
var notStorable = Opened{Reason: ReasonDecryptFailed, Detail: "it opens, and the database refuses it"}

// releaser tries quarantined records again: at the start, when a key arrives,
// and now and then.
type releaser struct {
	puller   *Puller
	lease    Lease
	versions []int
	lastAll  time.Time
	todo     []int // key versions whose records are being tried; nil: none
	after    Place // how far
}

// again makes the next run try everything when keys changed: a key file may
// have been replaced under the same version.
func (r *releaser) again(keysChanged bool) {
	if keysChanged {
		r.lastAll = time.Time{}
	}
}

// run tries what may have become readable since the last time, until turn is
// over; the stream is tried between turns, also while it fails. After a failure
// everything is tried again in a minute.
func (r *releaser) run(ctx context.Context, turn time.Duration) error {
	have := r.puller.Source.KeyVersions()
	now := r.puller.Now()
	var fresh []int
	if r.lastAll.IsZero() || now.Sub(r.lastAll) > recheckFailed {
		fresh, r.lastAll = have, now
	} else {
		for _, v := range have {
			if !slices.Contains(r.versions, v) {
				fresh = append(fresh, v)
			}
		}
	}
	r.versions = have
	if len(fresh) > 0 { // those under way begin anew with them
		r.todo = unite(r.todo, fresh)
		r.after = Place{Seq: -1}
	}
	err := r.try(ctx, turn)
	if err != nil {
		r.todo, r.lastAll = nil, now.Add(time.Minute-recheckFailed)
	}
	return err
}

func unite(a, b []int) []int {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// pause is how long to wait before the next turn: not at all while there is
// more to try.
func (r *releaser) pause(d time.Duration) time.Duration {
	if len(r.todo) > 0 {
		return 0
	}
	return d
}

// try opens the records of r.todo, chunk by chunk in order.
func (r *releaser) try(ctx context.Context, turn time.Duration) error {
	for begin := r.puller.Now(); len(r.todo) > 0; {
		records, err := r.puller.Store.FindQuarantined(ctx, r.todo, r.after, releaseChunk, maxPageBytes)
		if err != nil {
			return fmt.Errorf("read quarantine: %w", err)
		}
		if len(records) == 0 {
			r.todo = nil
			return nil
		}
		if err := r.chunk(ctx, records); err != nil {
			return err
		}
		last := records[len(records)-1]
		r.after = Place{Seq: last.Seq, ID: last.ID}
		if r.puller.Now().Sub(begin) >= turn {
			return nil
		}
	}
	return nil
}

// chunk opens records and stores what opened.
func (r *releaser) chunk(ctx context.Context, records []Quarantined) error {
	p := r.puller
	outers := make([]Outer, 0, len(records))
	for _, q := range records {
		o, err := q.outer()
		if err == nil {
			outers = append(outers, o)
		}
	}
	opened, err := p.Source.Open(ctx, outers)
	if err != nil {
		return err
	}
	p.heal(ctx, outers, opened)
	now := p.Now()
	var good []archive.Decoded
	var from []Outer // of good
	var bad []Quarantined
	for i, o := range opened {
		if o.Reason != "" {
			bad = append(bad, quarantined(outers[i], o))
			continue
		}
		good, from = append(good, decode(outers[i], o.Data, now)), append(from, outers[i])
	}
	return r.release(ctx, good, from, bad)
}

// release stores what opened. Where the database refuses the content, halves
// tell the good from the bad.
func (r *releaser) release(ctx context.Context, good []archive.Decoded, from []Outer, bad []Quarantined) error {
	p := r.puller
	times := make([]time.Time, len(good))
	for i := range good {
		times[i] = good[i].SentAt
	}
	if err := p.Store.EnsurePartitions(ctx, times...); err != nil {
		return err
	}
	p.Step("release")
	saved, err := p.Store.ReleaseQuarantine(ctx, r.lease, good, bad)
	switch {
	case errors.Is(err, ErrRefused) && len(good) > 1:
		half := len(good) / 2
		if err := r.release(ctx, good[:half], from[:half], bad); err != nil {
			return err
		}
		return r.release(ctx, good[half:], from[half:], nil)
	case errors.Is(err, ErrRefused) && len(good) == 1:
		slog.ErrorContext(ctx, "a message that opened cannot be stored; it stays in quarantine", "seq", good[0].Seq, "err", err)
		_, err = p.Store.ReleaseQuarantine(ctx, r.lease, nil, append(bad, quarantined(from[0], notStorable)))
	}
	if err != nil {
		return fmt.Errorf("release quarantine: %w", err)
	}
	if saved.Added > 0 {
		slog.InfoContext(ctx, "quarantine released", "added", saved.Added, "still_closed", len(bad))
	}
	return nil
}

// maxHealed bounds how many records of a page are asked for again.
const maxHealed = 20

// heal asks once more for records that have their key and do not open: as long
// as WeCom keeps them, what was damaged on its way comes whole. Those that do
// not stay as they are.
func (p *Puller) heal(ctx context.Context, records []Outer, opened []Opened) {
	left := maxHealed
	for i, o := range opened {
		if o.Reason != ReasonKeyWrong && o.Reason != ReasonDecryptFailed || records[i].Seq == 0 {
			continue
		}
		if left--; left < 0 {
			return
		}
		fresh, err := p.Source.Page(ctx, records[i].Seq-1, 1)
		if err != nil {
			return
		}
		if len(fresh) != 1 || fresh[0].Seq != records[i].Seq || fresh[0].MsgID != records[i].MsgID || fresh[0].Broken != "" {
			continue
		}
		again, err := p.Source.Open(ctx, fresh)
		if err == nil && again[0].Reason == "" {
			slog.WarnContext(ctx, "a damaged message was asked for again and came whole", "seq", records[i].Seq, "was", o.Reason)
			records[i], opened[i] = fresh[0], again[0]
		}
	}
}

// outer reads the stored record back.
func (q Quarantined) outer() (Outer, error) {
	var w struct {
		MsgID     string `json:"msgid"` // as WeCom sent it; the column may have been made valid UTF-8
		RandomKey string `json:"encrypt_random_key"`
		ChatMsg   string `json:"encrypt_chat_msg"`
	}
	if err := json.Unmarshal(q.OuterJSON, &w); err != nil {
		return Outer{}, fmt.Errorf("quarantined record: %w", err)
	}
	return Outer{Seq: q.Seq, MsgID: w.MsgID, PublicKeyVer: q.PublicKeyVer, RandomKey: w.RandomKey, ChatMsg: w.ChatMsg, JSON: q.OuterJSON}, nil
}

// sortedAfter yields the numbers of set above from, in order.
func sortedAfter(set map[int64]bool, from int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for _, s := range slices.Sorted(maps.Keys(set)) {
			if s > from && !yield(s) {
				return
			}
		}
	}
}
