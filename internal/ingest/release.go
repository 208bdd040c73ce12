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

// DetailRefused is the detail of records that the database refuses.
const DetailRefused = "it opens, and the database refuses it"

// notStorable is a message that ErrRefused keeps in quarantine.
var notStorable = Opened{Reason: ReasonDecryptFailed, Detail: DetailRefused}

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
		r.puller.healer.renew(now)
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
	if err == nil {
		err = r.heal(ctx)
	}
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
// more to try, nor for long while something is to be asked for again.
func (r *releaser) pause(d time.Duration) time.Duration {
	if len(r.todo) > 0 {
		return 0
	}
	return r.puller.healer.pause(r.puller.Now(), d)
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
	outers, since := make([]Outer, 0, len(records)), make([]time.Time, 0, len(records))
	for _, q := range records {
		o, err := q.outer()
		if err == nil {
			outers, since = append(outers, o), append(since, q.ReceivedAt)
		}
	}
	opened, err := p.Source.Open(ctx, outers)
	if err != nil {
		return err
	}
	now := p.Now()
	var good []archive.Decoded
	var from []Outer // of good
	var bad []Quarantined
	for i, o := range opened {
		if o.Reason != "" {
			q := quarantined(outers[i], o)
			q.ReceivedAt = since[i]
			bad = append(bad, q)
			continue
		}
		good, from = append(good, decode(outers[i], o.Data, now)), append(from, outers[i])
	}
	p.healer.note(bad, now)
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
