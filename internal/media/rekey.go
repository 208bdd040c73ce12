package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"huicun/internal/fault"
)

// Rekeyed counts what Rekey did.
type Rekeyed struct {
	Key       string // id of the newest key
	Objects   int64  // looked at
	Rewritten int64
	Failed    int64 // they stay as they are; the log names them
}

// Rekey writes every object anew that is not under the newest key, so that older
// keys may leave the key file once it ends without an error. It goes on where it
// was stopped, and files may be fetched and read meanwhile. report is called
// after each object; nil: never.
func (v *Vault) Rekey(ctx context.Context, report func(Rekeyed)) (Rekeyed, error) {
	done := Rekeyed{Key: v.keys.newest().id}
	err := v.blobs.List(ctx, "", func(name string, _ int64) error {
		done.Objects++
		rewritten, err := v.rekey(ctx, name, done.Key)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case fault.Is(err, fault.CodeNotFound): // deleted meanwhile
		case err != nil:
			done.Failed++
			slog.ErrorContext(ctx, "media object not put under the newest key", "object", name, "err", err)
		case rewritten:
			done.Rewritten++
		}
		if report != nil {
			report(done)
		}
		return nil
	})
	if err != nil {
		return done, fmt.Errorf("rekey: %w", err)
	}
	if done.Failed > 0 {
		return done, fmt.Errorf("rekey: %d of %d objects could not be put under key %s; the older keys must stay", done.Failed, done.Objects, done.Key)
	}
	return done, nil
}

func (v *Vault) rekey(ctx context.Context, name, newest string) (bool, error) {
	c := &content{ctx: ctx, vault: v, name: name}
	head, err := c.fetch(0, headerBytes)
	if err != nil {
		return false, err
	}
	h, err := parseHeader(head)
	if err != nil {
		return false, err
	}
	if h.keyID() == newest {
		return false, nil
	}
	r, size, err := v.Open(ctx, name)
	if err != nil {
		return false, err
	}
	err = v.Put(ctx, name, r, size)
	return err == nil, errors.Join(err, r.Close())
}
