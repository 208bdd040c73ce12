package media

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"slices"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/fault"
)

// MessageFiles finds files of messages that a viewer may read now; it is
// archive.Service.
type MessageFiles interface {
	// File returns a file of a message in scope, with that message; not_found.
	File(ctx context.Context, v access.Viewer, messageID, fileID string) (archive.Entry, *archive.Media, error)
}

// ServiceStore is what the Service needs of the database.
type ServiceStore interface {
	// RetryFile lets a file be fetched again, and writes the entry with it: one
	// that was given up, that has a flag, that is ready with the content bad
	// (nil: none is bad), or that failed and waits. false: it is none of these.
	RetryFile(ctx context.Context, fileID string, bad []byte, entry audit.Entry) (bool, error)
	// LookAgain lets a content be looked into again; false: that is still to be
	// done.
	LookAgain(ctx context.Context, sha []byte, entry audit.Entry) (bool, error)
}

// Service opens files for viewers; it implements Files.
type Service struct {
	Messages MessageFiles
	Store    ServiceStore
	Vault    *Vault
	Now      func() time.Time // nil: time.Now
}

var _ Files = (*Service)(nil)

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Open implements Files. unavailable: the file should be there, and is not.
func (s *Service) Open(ctx context.Context, v access.Viewer, token string) (*Opened, error) {
	t, err := s.check(v, token)
	if err != nil {
		return nil, fault.NotFound("file")
	}
	e, m, err := s.find(ctx, v, t.MessageID, t.FileID)
	if err != nil {
		return nil, err
	}
	o, name, ok := form(t, m)
	if !ok {
		return nil, fault.NotFound("file")
	}
	if o.Content, o.SizeBytes, err = s.open(ctx, t, name); err != nil {
		return nil, err
	}
	o.ConvID = e.ConvID
	return o, nil
}

// find looks the file up in the viewer's scope as it is now.
func (s *Service) find(ctx context.Context, v access.Viewer, messageID, fileID string) (archive.Entry, *archive.Media, error) {
	e, m, err := s.Messages.File(ctx, v, messageID, fileID)
	if fault.Is(err, fault.CodeNotFound) || fault.Is(err, fault.CodeForbidden) || fault.Is(err, fault.CodeInvalid) {
		return e, nil, fault.NotFound("file")
	}
	return e, m, err
}

// form gives what is known of the form that a ticket asks for, and the name of
// its object; false: there is no such form.
func form(t Ticket, m *archive.Media) (*Opened, string, bool) {
	f := m.File
	if f == nil || f.State != archive.FileReady || len(f.SHA256) != 32 {
		return nil, "", false
	}
	o := &Opened{Ticket: t, Mime: f.Mime, Name: m.Name, SHA256: f.SHA256}
	sha := hex.EncodeToString(f.SHA256)
	if t.Form == "" {
		return o, originalName(sha), true
	}
	i := slices.IndexFunc(f.Renditions, func(r archive.Rendition) bool { return r.Name == t.Form })
	if i < 0 {
		return nil, "", false
	}
	o.Mime = f.Renditions[i].Mime
	return o, renditionName(sha, t.Form), true
}

func (s *Service) open(ctx context.Context, t Ticket, name string) (io.ReadSeekCloser, int64, error) {
	r, size, err := s.Vault.Open(ctx, name)
	if err == nil {
		return r, size, nil
	}
	if ctx.Err() != nil {
		return nil, 0, ctx.Err()
	}
	slog.ErrorContext(ctx, "stored media file cannot be read", "file", t.FileID, "object", name, "err", err)
	return nil, 0, fault.Unavailable("the file cannot be read at present", err)
}
