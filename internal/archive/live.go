package archive

import "context"

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
