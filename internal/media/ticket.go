package media

import (
	"context"
	"io"
	"time"

	"huicun/internal/access"
	"huicun/internal/audit"
)

// LinkFor is how long a link to a file is valid at the least.
const LinkFor = 15 * time.Minute

// Ticket is what a link to a file allows: one form of one file of one message,
// for one viewer.
type Ticket struct {
	MessageID string
	FileID    string
	Form      string // "" the file itself, else the name of a rendition
	Download  bool   // as an attachment
}

// Opened is a file that was opened for a viewer.
type Opened struct {
	Ticket
	ConvID    int64
	Content   io.ReadSeekCloser
	SizeBytes int64
	Mime      string
	Name      string // as the message says, or made up; may hold anything
	SHA256    []byte // of the file itself
}

// Files opens files for viewers; Service.
type Files interface {
	// Link signs a ticket for a viewer. until is when it ends.
	Link(v access.Viewer, t Ticket) (token string, until time.Time)
	// Open checks a token: signature, viewer, time, and whether the message is
	// (still) in the viewer's scope. Whatever is wrong answers not_found;
	// unavailable: the file should be in the store, and cannot be read there.
	Open(ctx context.Context, v access.Viewer, token string) (*Opened, error)
	// Retry lets a file be fetched again that is not whole: it was given up, has a
	// flag, or its object is missing or damaged; and its forms be made again if one
	// of them is. Admins only. conflict: it is whole, or waits already;
	// unavailable: the store, or a key, is away.
	Retry(ctx context.Context, v access.Viewer, messageID, fileID string, from audit.Origin) error
}
