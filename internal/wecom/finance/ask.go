package finance

import (
	"context"
	"errors"
	"strings"
)

// ask is call with the SDK's return code turned into an error.
func (w *worker) ask(ctx context.Context, op string, q request) (reply, error) {
	if w.grant != nil {
		_ = w.grant.take() // of an earlier call
	}
	r, err := w.call(ctx, op, q)
	if err != nil {
		return reply{}, err
	}
	if r.Code != 0 {
		return reply{}, w.explain(codeError(op, r.Code))
	}
	return r, nil
}

// explain adds to a network error what the relay knows about it.
func (w *worker) explain(e *Error) error {
	if w.grant == nil || (e.Code != 10001 && e.Code != 10011) {
		return e
	}
	w.grant.settle()
	e.Err = w.grant.take()
	var dial *dialError
	if errors.As(e.Err, &dial) {
		e.Class = dial.class
	}
	return e
}

// decryptText is decryptAll for items of which some may be no text at all: C
// would see such a one only up to its NUL byte.
func (w *worker) decryptText(ctx context.Context, items []Sealed, results []Opened) error {
	for i := 0; i < len(items); {
		n := i
		for n < len(items) && isCString(items[n].Key) && isCString(items[n].Msg) {
			n++
		}
		if err := w.decryptAll(ctx, items[i:n], results[i:n]); err != nil {
			return err
		}
		if n < len(items) {
			results[n] = Opened{Err: codeError(opDecryptData, 10005)}
			n++
		}
		i = n
	}
	return nil
}

func isCString(s string) bool { return strings.IndexByte(s, 0) < 0 }
