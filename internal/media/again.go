package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/fault"
)

// Which says which files are to be fetched again: those of any of these.
type Which struct {
	States  []archive.FileState // those that were given up in one of them
	Flagged bool                // those that are ready with a flag
	SHA256  []byte              // those that are ready with this content; nil: none
	Waiting bool                // those that failed and would be tried again later
}

// Detail is what the operation log says of it.
func (w Which) Detail(files int) map[string]any {
	d := map[string]any{"files": files}
	if len(w.States) > 0 {
		d["states"] = w.States
	}
	if w.Flagged {
		d["flagged"] = true
	}
	if w.SHA256 != nil {
		d["sha256"] = hex.EncodeToString(w.SHA256)
	}
	if w.Waiting {
		d["waiting"] = true
	}
	return d
}

// Stored is a content that files are ready with.
type Stored struct {
	SHA256 []byte
	Forms  []string // names of its renditions, in order
}

// Unreadable reports whether err, of Verify or Open, says that an object is
// missing or damaged: what is stored anew is whole again. A store that does not
// answer and a key that is missing are something else.
func Unreadable(err error) bool {
	return fault.Is(err, fault.CodeNotFound) || errors.Is(err, ErrDamaged)
}

// Verify reads the content with the SHA-256 sha from beginning to end: fault
// not_found, ErrDamaged, ErrNoKey, or nil when every byte is right.
func (v *Vault) Verify(ctx context.Context, sha []byte) error {
	sum := sha256.New()
	if err := v.readAll(ctx, originalName(hex.EncodeToString(sha)), sum); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), sha) {
		return fmt.Errorf("object %x: %w", sha, ErrDamaged)
	}
	return nil
}

// VerifyForm is Verify of a rendition of the content: it is as it was stored.
func (v *Vault) VerifyForm(ctx context.Context, sha []byte, form string) error {
	return v.readAll(ctx, renditionName(hex.EncodeToString(sha), form), io.Discard)
}

func (v *Vault) readAll(ctx context.Context, name string, w io.Writer) error {
	r, _, err := v.Open(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	_, err = io.Copy(w, r)
	return err
}

// holds reports whether what f held before is there and whole.
func (x *Fetcher) holds(ctx context.Context, f File) (bool, error) {
	if f.Held == nil {
		return false, nil
	}
	err := x.Vault.Verify(ctx, f.Held)
	if Unreadable(err) || errors.Is(err, ErrNoKey) {
		return false, nil
	}
	return err == nil, err
}

// heldAfterAll makes a file ready that was whole and whose object was away for a
// while: in a store that is somewhere else now, or was put back from a copy.
func (x *Fetcher) heldAfterAll(ctx context.Context, f File) (bool, error) {
	if f.HeldFlag != "" {
		return false, nil
	}
	ok, err := x.holds(ctx, f)
	if err != nil || !ok {
		return false, storeError(err)
	}
	_, err = x.Store.RestoreFile(ctx, f, nil)
	return true, err
}

// better reports whether what was fetched replaces what is held: unless that can
// be read, and this is not as the message says either.
func (x *Fetcher) better(ctx context.Context, f File, got Fetched) (bool, error) {
	if f.Held == nil || got.Flag == "" || bytes.Equal(f.Held, got.SHA256) {
		return true, nil
	}
	ok, err := x.holds(ctx, f)
	return !ok, err
}

// restoreOrEnd ends a file of which WeCom gives nothing: it is ready with what it
// had before, if that can be read. e stays with it.
func (x *Fetcher) restoreOrEnd(ctx context.Context, f File, state archive.FileState, e *Error, held bool) error {
	if held {
		slog.InfoContext(ctx, "media file keeps what was held of it", "file", f.ID, "class", e.Class)
		_, err := x.Store.RestoreFile(ctx, f, e)
		return err
	}
	_, err := x.Store.EndFile(ctx, f, state, e)
	return err
}

// Retry implements Files.
func (s *Service) Retry(ctx context.Context, v access.Viewer, messageID, fileID string, from audit.Origin) error {
	if !v.IsAdmin() || v.Disabled {
		return fault.Forbidden("archive admins only")
	}
	_, m, err := s.find(ctx, v, messageID, fileID)
	if err != nil {
		return err
	}
	entry := from.Entry(audit.FileRetried, "file:"+fileID, map[string]any{"message": messageID})
	f := m.File
	if f == nil {
		return fault.Conflict("the file is being fetched already")
	}
	var bad []byte
	if f.State == archive.FileReady && f.Flag == "" {
		if bad, err = s.unreadable(ctx, f); err != nil {
			return err
		}
		if bad == nil {
			return s.retryForms(ctx, f, entry)
		}
	}
	ok, err := s.Store.RetryFile(ctx, fileID, bad, entry)
	if err == nil && !ok {
		return fault.Conflict("the file is being fetched already")
	}
	return err
}

// unreadable gives the SHA-256 of f if its object is missing or damaged; nil: it
// is whole.
func (s *Service) unreadable(ctx context.Context, f *archive.File) ([]byte, error) {
	err := s.Vault.Verify(ctx, f.SHA256)
	switch {
	case err == nil:
		return nil, nil
	case Unreadable(err):
		return f.SHA256, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, fault.Unavailable("the file cannot be read at present", err)
}

// retryForms has the forms of a whole file made again if one of them cannot be
// read. conflict: all is as it should be.
func (s *Service) retryForms(ctx context.Context, f *archive.File, entry audit.Entry) error {
	for _, r := range f.Renditions {
		err := s.Vault.VerifyForm(ctx, f.SHA256, r.Name)
		if err == nil {
			continue
		}
		if !Unreadable(err) {
			return fault.Unavailable("the file cannot be read at present", err)
		}
		ok, err := s.Store.LookAgain(ctx, f.SHA256, entry)
		if err == nil && !ok {
			return fault.Conflict("the file is being looked into already")
		}
		return err
	}
	return fault.Conflict("the file is whole")
}
