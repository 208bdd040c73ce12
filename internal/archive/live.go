package archive

import (
	"context"

	"huicun/internal/access"
)

// LiveNotice says what there is to look at; at most one of its ids is set.
// The zero notice says that some may have been missed.
type LiveNotice struct {
	BatchID     int64  // messages were stored
	ViolationID int64  // a violation was found
	ViewerID    int64  // an account or its sessions changed
	FileID      string // more is known of a file; FileID
}

// LiveViolation is a violation as far as a live stream tells of it.
type LiveViolation struct {
	ID        int64  `db:"id"`
	ConvID    int64  `db:"conv_id"`    // 0: none
	MessageID string `db:"message_id"` // "": none
	Severity  string `db:"severity"`
}

// LiveStart is where a live stream begins that has nothing to catch up with.
func (s *Service) LiveStart(ctx context.Context) (int64, error) {
	return s.Store.LastBatchID(ctx)
}

// CanRead reports whether a conversation exists that v may read.
func (s *Service) CanRead(ctx context.Context, v access.Viewer, conv int64) (bool, error) {
	return s.Store.HasConversation(ctx, v.Scope(), conv)
}
