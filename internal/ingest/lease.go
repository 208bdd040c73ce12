package ingest

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// LeaseStore keeps leases.
type LeaseStore interface {
	// TakeLease takes or renews a lease for ttl; ok is false while another
	// holder has it.
	TakeLease(ctx context.Context, name, holder string, ttl time.Duration) (l Lease, ok bool, err error)
	// DropLease gives a lease back.
	DropLease(ctx context.Context, l Lease) error
}

const (
	renewals    = 3 // in the lifetime of a lease
	dropTimeout = 3 * time.Second
)

// UnderLease runs f while holder has the lease, renewing it meanwhile, and
// gives the lease back. held is false, and f does not run, while somebody else
// has it. When the lease goes, or could not be renewed for its lifetime, f's
// context ends and the error is ErrLeaseLost.
func UnderLease(ctx context.Context, s LeaseStore, name, holder string, ttl time.Duration, f func(context.Context, Lease) error) (held bool, err error) {
	lease, ok, err := s.TakeLease(ctx, name, holder, ttl)
	if err != nil || !ok {
		return false, err
	}
	work, stop := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		if err := renew(work, s, lease, ttl); err != nil {
			stop(err)
		}
	}()
	err = f(work, lease)
	if err != nil && errors.Is(context.Cause(work), ErrLeaseLost) {
		err = ErrLeaseLost
	}
	stop(nil)
	<-renewed
	dropCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	if derr := s.DropLease(dropCtx, lease); derr != nil {
		slog.WarnContext(ctx, "lease not given back; it expires by itself", "lease", name, "err", derr)
	}
	return true, err
}

// renew keeps the lease until ctx ends; ErrLeaseLost when it cannot.
func renew(ctx context.Context, s LeaseStore, lease Lease, ttl time.Duration) error {
	t := time.NewTicker(ttl / renewals)
	defer t.Stop()
	until := time.Now().Add(ttl)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		asked := time.Now()
		l, ok, err := takeSoon(ctx, s, lease, ttl)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && ok && l.Token == lease.Token:
			until = asked.Add(ttl)
		case err == nil, time.Now().After(until):
			return ErrLeaseLost
		default: // writes are fenced by the token in any case
			slog.WarnContext(ctx, "lease not renewed", "lease", lease.Name, "err", err)
		}
	}
}

// takeSoon renews a lease without waiting longer than until the next attempt.
func takeSoon(ctx context.Context, s LeaseStore, lease Lease, ttl time.Duration) (Lease, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, ttl/renewals)
	defer cancel()
	return s.TakeLease(ctx, lease.Name, lease.Holder, ttl)
}
