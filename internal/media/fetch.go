package media

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"huicun/internal/archive"
)

// fetch fetches a file, keeps it and says so, from wherever an earlier attempt
// ended. Failures are *Error, or those of ctx.
func (x *Fetcher) fetch(ctx context.Context, f File) error {
	if done, err := x.heldAfterAll(ctx, f); done || err != nil {
		return err
	}
	if err := x.allowed(f, f.SizeBytes); err != nil {
		return err
	}
	p, err := openPart(x.Dir, x.Vault.keys, f.ID)
	if errors.Is(err, errPartBusy) {
		return &Error{Class: ClassRetry, Err: err}
	}
	if err != nil {
		return storeError(err)
	}
	defer func() { _ = p.Close() }() // for a panic: the lock must not outlive the attempt
	err = x.fetchInto(ctx, f, p)
	closeParts := p.release
	if err == nil || ended(err) || classOf(err) == ClassBroken && f.Attempt%2 == 1 {
		closeParts = p.remove // what is damaged comes from the start every other time
	}
	if cerr := closeParts(); cerr != nil { // the sweep mends it
		slog.WarnContext(ctx, "part file of media not closed", "file", f.ID, "err", cerr)
	}
	return err
}

// fetchInto fetches what is missing, checks it, and keeps it.
func (x *Fetcher) fetchInto(ctx context.Context, f File, p *partFile) error {
	if err := x.twiceIfRefused(ctx, f, p); err != nil {
		return err
	}
	got := p.read.fetched()
	flag, sure := compare(f, got)
	if !sure {
		// What does not fit, or fits nothing, is fetched once more from the start.
		first := got
		if err := p.restart(); err != nil {
			return storeError(err)
		}
		if err := x.parts(ctx, f, p); err != nil {
			return err
		}
		got = p.read.fetched()
		flag = confirm(f, first, got)
	}
	if endsTooSoon(f, got) {
		err := &Error{Class: ClassBroken, Err: fmt.Errorf("it ends after %d of %d bytes", got.SizeBytes, f.SizeBytes)}
		return errors.Join(err, p.restart())
	}
	got.Flag = flag
	return x.keep(ctx, f, p, got)
}

// twiceIfRefused asks for a file that WeCom does not know once more, from the
// start: the index of a part may have been too old.
func (x *Fetcher) twiceIfRefused(ctx context.Context, f File, p *partFile) error {
	err := x.parts(ctx, f, p)
	if classOf(err) != ClassRefused {
		return err
	}
	if err := p.restart(); err != nil {
		return storeError(err)
	}
	return x.parts(ctx, f, p)
}

// compare says whether the bytes are surely those of the message.
func compare(f File, got Fetched) (flag string, sure bool) {
	switch {
	case f.MD5 != "" && f.MD5 != got.MD5:
		return archive.FlagMD5, false
	case f.SizeBytes > 0 && f.SizeBytes != got.SizeBytes:
		return archive.FlagSize, false
	}
	return "", f.MD5 != "" || f.SizeBytes > 0
}

// confirm gives the flag of a file that was fetched twice.
func confirm(f File, first, second Fetched) string {
	flag, sure := compare(f, second)
	if flag == "" && !sure && first.MD5 != second.MD5 {
		return archive.FlagMD5 // the message says nothing, and WeCom gave different bytes
	}
	return flag
}

// endsTooSoon reports whether bytes are missing that may still come. A file of
// which WeCom gives no more, again and again, is kept as it is, with its flag.
func endsTooSoon(f File, got Fetched) bool {
	missing := got.SizeBytes < f.SizeBytes && got.MD5 != f.MD5
	return missing && (got.SizeBytes == 0 || f.Attempt+1 < brokenAttempts)
}

// allowed reports over_limit for a file that is larger than its kind may be.
func (x *Fetcher) allowed(f File, size int64) error {
	if most := x.Limits.of(f.Kind); most > 0 && size > most {
		return &Error{Class: ClassLimit, Err: fmt.Errorf("%d bytes or more; the limit for %s is %d", size, f.Kind, most)}
	}
	return nil
}

// parts fetches the parts that are missing.
func (x *Fetcher) parts(ctx context.Context, f File, p *partFile) error {
	for !p.finished {
		if err := x.gate.wait(ctx, x.Now); err != nil {
			return err
		}
		if err := x.calls.Wait(ctx); err != nil {
			return err
		}
		part, err := x.Source.Part(ctx, p.next, f.SDKFileID)
		if err != nil {
			return err
		}
		if !part.Finished && (len(part.Data) == 0 || part.NextIndex == "" || part.NextIndex == p.next) {
			return &Error{Class: ClassBroken, Err: fmt.Errorf("after %d bytes WeCom leads nowhere", p.read.size)}
		}
		if err := x.allowed(f, p.read.size+int64(len(part.Data))); err != nil {
			return err
		}
		if err := p.add(part); err != nil {
			return storeError(err)
		}
	}
	return nil
}

// keep stores the content, unless it is there, and makes the file ready.
func (x *Fetcher) keep(ctx context.Context, f File, p *partFile, got Fetched) error {
	if better, err := x.better(ctx, f, got); err != nil || !better {
		if err == nil {
			_, err = x.Store.RestoreFile(ctx, f, nil)
		}
		return storeError(err)
	}
	name := originalName(hex.EncodeToString(got.SHA256))
	has, err := x.has(ctx, f, name, got.SizeBytes)
	if err == nil && !has {
		err = x.Vault.Put(ctx, name, p.content(), got.SizeBytes)
	}
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, ErrDamaged) { // of the part file: its disk is bad
			return errors.Join(&Error{Class: ClassRetry, Err: err}, p.restart())
		}
		return storeError(err)
	}
	ok, err := x.Store.SaveFetched(ctx, f, got)
	if err == nil && !ok {
		slog.WarnContext(ctx, "media file was fetched by another worker too", "file", f.ID)
	}
	return err
}

// has reports whether the content is stored already and opens. What is under a
// key that is missing here is left alone: others may read it. What f held before
// may be damaged anywhere: it is stored anew.
func (x *Fetcher) has(ctx context.Context, f File, name string, size int64) (bool, error) {
	r, n, err := x.Vault.Open(ctx, name)
	switch {
	case Unreadable(err):
		return false, nil
	case err != nil:
		return false, err
	}
	return n == size && f.Held == nil, r.Close()
}

// storeError says that our own disk or store failed; nil for nil.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Class: ClassStore, Err: err}
}

// classOf gives the class of a failure; ClassRetry for what nobody classified.
func classOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok && e.Class != "" {
		return e.Class
	}
	return ClassRetry
}

// ended reports whether a failure is the end of its file: its parts are of no
// use any more.
func ended(err error) bool {
	switch classOf(err) {
	case ClassExpired, ClassRefused, ClassLimit:
		return true
	}
	return false
}

// failed records what becomes of a file whose fetch failed.
func (x *Fetcher) failed(ctx context.Context, f File, err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Class: ClassRetry, Err: err}
	}
	held := false
	if _, over := x.end(f, e.Class); over && ctx.Err() == nil {
		if held, err = x.holds(ctx, f); err != nil { // perhaps it is there: nothing ends on a guess
			e = &Error{Class: ClassStore, Err: err}
		}
	}
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if serr := x.record(sctx, f, e, held, ctx.Err() != nil); serr != nil {
		slog.ErrorContext(ctx, "failure of media file not recorded; it is fetched again when its claim ends", "file", f.ID, "err", serr)
	}
}

// record decides by the class. held: what the file had before can be read; stop:
// the failure is our own stopping.
func (x *Fetcher) record(ctx context.Context, f File, e *Error, held, stop bool) error {
	if stop {
		_, err := x.Store.PostponeFile(ctx, f, 0, false, nil)
		return err
	}
	if pauses[e.Class].first > 0 {
		d := x.gate.close(x.Now(), e.Class)
		if e.Class == ClassStore { // one that alone is not taken lets the others pass
			d = min(8*d, 10*time.Minute)
		}
		slog.ErrorContext(ctx, "media fetching pauses", "class", e.Class, "file", f.ID, "next_in", d.String(), "err", e.Err)
		_, err := x.Store.PostponeFile(ctx, f, d, false, e)
		return err
	}
	if state, over := x.end(f, e.Class); over {
		slog.WarnContext(ctx, "media file given up", "file", f.ID, "state", state, "class", e.Class, "err", e.Err)
		return x.restoreOrEnd(ctx, f, state, e, held)
	}
	d := backoff(e.Class, f.Attempt)
	slog.WarnContext(ctx, "media file failed", "file", f.ID, "class", e.Class, "attempt", f.Attempt+1, "next_in", d.String(), "err", e.Err)
	_, err := x.Store.PostponeFile(ctx, f, d, true, e)
	return err
}

// brokenWaits spread the first attempts at a file that WeCom gives damaged over
// an hour.
var brokenWaits = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 39 * time.Minute}

// brokenAttempts is how often such a file is fetched at the least.
const brokenAttempts = 5

// end gives the state in which a file ends; over is false while it may still
// come.
func (x *Fetcher) end(f File, c Class) (state archive.FileState, over bool) {
	gone := x.Now().After(f.SentAt.Add(window + windowSlack))
	switch c {
	case ClassExpired:
		return archive.FileExpired, true
	case ClassRefused:
		return archive.FileRefused, true
	case ClassLimit:
		return archive.FileOverLimit, true
	case ClassBroken:
		return archive.FileBroken, gone && f.Attempt+1 >= brokenAttempts
	}
	// WeCom answers nothing that would end the file, and has thrown it away.
	return archive.FileExpired, gone && f.Attempt+1 >= retryAttempts
}

// retryAttempts is how often a file beyond WeCom's window is asked for in vain.
const retryAttempts = 10

// backoff says how long a file waits after so many failed attempts.
func backoff(c Class, attempt int) time.Duration {
	if c == ClassBroken {
		if attempt < len(brokenWaits) {
			return brokenWaits[attempt]
		}
		return 4 * time.Hour
	}
	return min(time.Hour, 2*time.Second<<min(attempt, 11))
}
