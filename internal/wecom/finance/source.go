package finance

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"huicun/internal/ingest"
)

// Source makes a Client and a KeyRing the source of messages that the puller
// works with: RSA on all cores here, the rest in the client.
type Source struct {
	Client Client
	Keys   *KeyRing
}

// Page implements ingest.Source.
func (s *Source) Page(ctx context.Context, seq int64, limit int) ([]ingest.Outer, error) {
	raw, err := s.Client.GetChatData(ctx, uint64(seq), uint32(limit))
	if err != nil {
		return nil, sourceError(ctx, err)
	}
	page, err := ParseChatData(raw)
	if err == nil {
		err = page.Err()
	}
	if err != nil {
		return nil, sourceError(ctx, err)
	}
	records := make([]ingest.Outer, len(page.Items))
	before, astray := seq, 0
	for i, it := range page.Items {
		if it.NoSeq { // it stands where the answer has it
			it.Seq, astray = uint64(before), astray+1
		}
		before = int64(it.Seq)
		records[i] = newOuter(it)
	}
	if astray > 0 {
		slog.WarnContext(ctx, "WeCom sent messages without a seq", "seq", seq, "messages", astray)
	}
	return records, nil
}

// newOuter maps one item. A record without msgid is told from others by its
// seq, or else by its bytes: so it has one name in whichever pages it comes, and
// is kept once. Two that are equal byte for byte are one record: nothing tells a
// second one from a repetition, and nothing is lost that the first does not say.
func newOuter(it Item) ingest.Outer {
	o := ingest.Outer{
		Seq: int64(it.Seq), MsgID: it.MsgID, PublicKeyVer: int(min(it.PublicKeyVer, math.MaxInt32)),
		RandomKey: it.EncryptRandomKey, ChatMsg: it.EncryptChatMsg, JSON: it.Raw,
	}
	switch {
	case o.MsgID == "" && it.NoSeq:
		o.MsgID = fmt.Sprintf("no msgid, no seq, sha256 %x", sha256.Sum256(it.Raw))
	case o.MsgID == "":
		o.MsgID = fmt.Sprintf("no msgid, seq %d", it.Seq)
	}
	switch {
	case it.Err != nil:
		o.Broken = it.Err.Error()
	case it.EncryptRandomKey == "" || it.EncryptChatMsg == "":
		o.Broken = "the record lacks encrypt_random_key or encrypt_chat_msg"
	}
	return o
}

// Open implements ingest.Source.
func (s *Source) Open(ctx context.Context, records []ingest.Outer) ([]ingest.Opened, error) {
	out := make([]ingest.Opened, len(records))
	keys := make([]string, len(records))
	if err := s.openKeys(ctx, records, keys, out); err != nil {
		return nil, err
	}
	var items []Sealed
	var at []int // position of each item in records
	for i := range records {
		if out[i].Reason == "" {
			items, at = append(items, Sealed{Key: keys[i], Msg: records[i].ChatMsg}), append(at, i)
		}
	}
	if len(items) == 0 {
		return out, nil
	}
	opened, err := s.Client.DecryptData(ctx, items)
	if err != nil {
		return nil, sourceError(ctx, err)
	}
	for i, o := range opened {
		out[at[i]] = newOpened(o)
	}
	return out, nil
}

// openKeys opens the random key of each record on all cores; what does not
// open gets its reason. Pages take turns: side by side they would all end at the
// same time, and leave the cores without RSA during what comes after it.
func (s *Source) openKeys(ctx context.Context, records []ingest.Outer, keys []string, out []ingest.Opened) error {
	s.Keys.turn.Lock()
	defer s.Keys.turn.Unlock()
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(records); i = int(next.Add(1)) - 1 {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				key, err := s.Keys.OpenKey(uint32(records[i].PublicKeyVer), records[i].RandomKey)
				keys[i] = key
				switch {
				case errors.Is(err, ErrKeyMissing):
					out[i] = ingest.Opened{Reason: ingest.ReasonKeyMissing, Detail: err.Error()}
				case err != nil:
					out[i] = ingest.Opened{Reason: ingest.ReasonKeyWrong, Detail: err.Error()}
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func newOpened(o Opened) ingest.Opened {
	switch {
	case o.Err == nil && o.Data == nil:
		return ingest.Opened{Data: []byte{}}
	case o.Err == nil:
		return ingest.Opened{Data: o.Data}
	case errors.Is(o.Err, ErrCrashed):
		return ingest.Opened{Reason: ingest.ReasonSDKCrashed, Detail: o.Err.Error()}
	default:
		return ingest.Opened{Reason: ingest.ReasonDecryptFailed, Detail: o.Err.Error()}
	}
}

// KeyVersions implements ingest.Source.
func (s *Source) KeyVersions() []int {
	var out []int
	for _, v := range s.Keys.Versions() {
		out = append(out, int(v))
	}
	return out
}

// sourceError gives err the class that the puller acts on.
func sourceError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &ingest.SourceError{Class: ingest.ClassStop, Err: err}
	var fe *Error
	if errors.As(err, &fe) {
		e.Code = fe.Code
	}
	switch ClassOf(err) {
	case ClassRetry:
		e.Class = ingest.ClassRetry
	case ClassWait:
		e.Class = ingest.ClassWait
	case ClassTooLarge:
		e.Class = ingest.ClassTooLarge
	}
	return e
}

var _ ingest.Source = (*Source)(nil)
