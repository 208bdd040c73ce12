package archive

import (
	"context"
	"time"

	"huicun/internal/access"
	"huicun/internal/directory"
	"huicun/internal/fault"
)

// Store reads chats. Every method takes the scope of whoever reads; what is
// out of it is not there.
type Store interface {
	// FindWindow returns up to limit messages on one side of a position, oldest
	// first, and whether there are more on that side.
	FindWindow(ctx context.Context, s access.Scope, conv int64, from Position, side Side, limit int) (ms []Message, more bool, err error)
	// GetPosition tells where a message is; not_found when it is out of scope.
	GetPosition(ctx context.Context, s access.Scope, id string) (Position, error)
	// HasConversation reports whether the conversation exists in scope.
	HasConversation(ctx context.Context, s access.Scope, conv int64) (bool, error)
	// LastBatchID is the newest batch that is committed.
	LastBatchID(ctx context.Context) (int64, error)
	// FindMessages gives those of messages that exist and are in scope, in any
	// order.
	FindMessages(ctx context.Context, s access.Scope, at []Position) ([]Message, error)
	// FindNeighbours gives the messages right before and after others in their
	// conversations.
	FindNeighbours(ctx context.Context, s access.Scope, at []Position) ([]Neighbour, error)
	// FindConversationRows gives those of conversations that are in scope.
	FindConversationRows(ctx context.Context, s access.Scope, ids []int64) ([]ConvRow, error)
	FindDays(ctx context.Context, s access.Scope, conv int64, tz string) ([]Day, error)
	// FindBatchMessages returns messages of batches after one, in scope, of one
	// conversation or (0) of all, in the order of batches.
	FindBatchMessages(ctx context.Context, s access.Scope, after int64, conv int64, limit int) ([]Message, error)

	FindRevocations(ctx context.Context, s access.Scope, ms []Message) (map[string]Revocation, error)
	FindOriginals(ctx context.Context, s access.Scope, preMsgIDs []string) (map[string]string, error)
	FindMarks(ctx context.Context, s access.Scope, messageIDs []string) (map[string][]Mark, error)
	FindPersons(ctx context.Context, ids []string) (map[string]directory.Person, error)
	// FindFormerNames returns the names that persons had before, oldest first.
	FindFormerNames(ctx context.Context, ids []string) (map[string][]directory.FormerName, error)

	FindConversations(ctx context.Context, s access.Scope, q ConversationsQuery, after ConvCursor) ([]ConvRow, error)
	CountConversations(ctx context.Context, s access.Scope, person string) (customers, colleagues, groups int64, err error)
	GetConversation(ctx context.Context, s access.Scope, conv int64) (ConvRow, error)
	FindMembers(ctx context.Context, conv int64, limit int) ([]MemberRow, error)
	FindFollows(ctx context.Context, s access.Scope, customer string) ([]FollowCard, error)
	FindScopeMembers(ctx context.Context, s access.Scope, convs []int64) (map[int64][]string, error)

	FindEmployees(ctx context.Context, s access.Scope, q EmployeesQuery, after NameCursor, today time.Time) ([]Employee, error)
	CountEmployees(ctx context.Context, s access.Scope, q EmployeesQuery) (int64, error)
	GetEmployee(ctx context.Context, s access.Scope, person string, today time.Time) (Employee, error)
	FindDepartments(ctx context.Context, s access.Scope) ([]Department, error)
}

// Position is a place in the order of messages: time, seq, id. It also says in
// which conversation.
type Position struct {
	ConvID int64     `db:"conv_id"`
	SentAt time.Time `db:"msgtime"`
	Seq    int64     `db:"seq"`
	ID     string    `db:"id"`
}

// Side is a direction from a position.
type Side int

// The sides of a position.
const (
	Older    Side = iota // before it
	Newer                // after it
	NewerInc             // at or after it
)

// Service answers what viewers read.
type Service struct {
	Store  Store
	Files  FileStore                // nil: nothing is known of files
	Decode func(raw []byte) Content // chatdata.Content
	Now    func() time.Time
	Zone   *time.Location // in which days begin
}

// defaultLimit is the page size when none is asked for; around windows ask for
// limit messages in all.
const (
	defaultLimit = 40
	maxLimit     = 100
)

func limitOf(n int) (int, error) {
	switch {
	case n == 0:
		return defaultLimit, nil
	case n < 1 || n > maxLimit:
		return 0, fault.Invalid("limit", "must be 1 to %d", maxLimit)
	}
	return n, nil
}

// Timeline returns a window of a conversation.
func (s *Service) Timeline(ctx context.Context, v access.Viewer, q TimelineQuery) (Window, error) {
	limit, err := limitOf(q.Limit)
	if err != nil {
		return Window{}, err
	}
	scope := v.Scope()
	ok, err := s.Store.HasConversation(ctx, scope, q.ConvID)
	if err != nil || !ok {
		return Window{}, orNotFound(err, "conversation")
	}
	var w Window
	// Read before the messages, so that the live stream may repeat some but
	// never misses one.
	if w.LiveID, err = s.Store.LastBatchID(ctx); err != nil {
		return Window{}, err
	}
	ms, err := s.window(ctx, scope, q, limit, &w)
	if err != nil {
		return Window{}, err
	}
	w.Entries, err = s.entries(ctx, scope, ms)
	return w, err
}

// window reads the rows that q asks for.
func (s *Service) window(ctx context.Context, scope access.Scope, q TimelineQuery, limit int, w *Window) ([]Message, error) {
	switch {
	case q.Around != "":
		pos, err := s.positionIn(ctx, scope, q.ConvID, q.Around, "around")
		if err != nil {
			return nil, err
		}
		w.Target = pos.ID
		return s.bothSides(ctx, scope, pos, limit, w)
	case q.Older != "":
		pos, err := s.positionIn(ctx, scope, q.ConvID, q.Older, "older")
		if err != nil {
			return nil, err
		}
		ms, more, err := s.Store.FindWindow(ctx, scope, q.ConvID, pos, Older, limit)
		w.HasOlder, w.HasNewer = more, true
		return ms, err
	case q.Newer != "":
		pos, err := s.positionIn(ctx, scope, q.ConvID, q.Newer, "newer")
		if err != nil {
			return nil, err
		}
		ms, more, err := s.Store.FindWindow(ctx, scope, q.ConvID, pos, Newer, limit)
		w.HasOlder, w.HasNewer = true, more
		return ms, err
	case !q.At.IsZero():
		return s.atTime(ctx, scope, q, limit, w)
	default:
		ms, more, err := s.Store.FindWindow(ctx, scope, q.ConvID, endOfTime(q.ConvID), Older, limit)
		w.HasOlder = more
		return ms, err
	}
}

// bothSides reads limit messages around pos, pos included.
func (s *Service) bothSides(ctx context.Context, scope access.Scope, pos Position, limit int, w *Window) ([]Message, error) {
	older, moreOlder, err := s.Store.FindWindow(ctx, scope, pos.ConvID, pos, Older, limit/2)
	if err != nil {
		return nil, err
	}
	newer, moreNewer, err := s.Store.FindWindow(ctx, scope, pos.ConvID, pos, NewerInc, max(1, limit-limit/2))
	w.HasOlder, w.HasNewer = moreOlder, moreNewer
	return append(older, newer...), err
}

// atTime lands on the first message at or after q.At, else on the last one.
func (s *Service) atTime(ctx context.Context, scope access.Scope, q TimelineQuery, limit int, w *Window) ([]Message, error) {
	start := Position{ConvID: q.ConvID, SentAt: q.At.UTC(), ID: smallestID}
	ms, err := s.bothSides(ctx, scope, start, limit, w)
	if err == nil && len(ms) == 0 { // a limit of 1 leaves none for the side before
		ms, w.HasOlder, err = s.Store.FindWindow(ctx, scope, q.ConvID, endOfTime(q.ConvID), Older, limit)
	}
	if err != nil || len(ms) == 0 {
		return ms, err
	}
	w.Target = ms[len(ms)-1].ID
	for i := range ms {
		if !ms[i].SentAt.Before(start.SentAt) {
			w.Target = ms[i].ID
			break
		}
	}
	return ms, nil
}

const (
	smallestID = "00000000-0000-0000-0000-000000000000"
	largestID  = "ffffffff-ffff-ffff-ffff-ffffffffffff"
)

// endOfTime is after every message; messages lie before the year 9999.
func endOfTime(conv int64) Position {
	return Position{ConvID: conv, SentAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ID: largestID}
}

// positionIn finds a message of one conversation.
func (s *Service) positionIn(ctx context.Context, scope access.Scope, conv int64, id, field string) (Position, error) {
	if !ValidID(id) {
		return Position{}, fault.Invalid(field, "not a message id")
	}
	pos, err := s.Store.GetPosition(ctx, scope, id)
	if err == nil && pos.ConvID != conv {
		err = fault.NotFound("message")
	}
	return pos, err
}

// Entry returns one message.
func (s *Service) Entry(ctx context.Context, v access.Viewer, id string) (Entry, error) {
	m, err := s.message(ctx, v.Scope(), id)
	if err != nil {
		return Entry{}, err
	}
	es, err := s.entries(ctx, v.Scope(), []Message{m})
	if err != nil {
		return Entry{}, err
	}
	return es[0], nil
}

// Raw returns the bytes of a message exactly as decrypted; for admins.
func (s *Service) Raw(ctx context.Context, v access.Viewer, id string) ([]byte, error) {
	if !v.IsAdmin() {
		return nil, fault.Forbidden("only admins read raw messages")
	}
	m, err := s.message(ctx, v.Scope(), id)
	return m.Raw, err
}

func (s *Service) message(ctx context.Context, scope access.Scope, id string) (Message, error) {
	if !ValidID(id) {
		return Message{}, fault.NotFound("message")
	}
	pos, err := s.Store.GetPosition(ctx, scope, id)
	if err != nil {
		return Message{}, err
	}
	ms, _, err := s.Store.FindWindow(ctx, scope, pos.ConvID, pos, NewerInc, 1)
	if err != nil {
		return Message{}, err
	}
	if len(ms) == 0 || ms[0].ID != id {
		return Message{}, fault.NotFound("message")
	}
	return ms[0], nil
}

// Days lists the days of a conversation that have messages.
func (s *Service) Days(ctx context.Context, v access.Viewer, conv int64, tz string) ([]Day, error) {
	if tz == "" {
		tz = "Asia/Shanghai"
	}
	if _, err := time.LoadLocation(tz); err != nil || tz == "Local" {
		return nil, fault.Invalid("tz", "not a time zone")
	}
	ok, err := s.Store.HasConversation(ctx, v.Scope(), conv)
	if err != nil || !ok {
		return nil, orNotFound(err, "conversation")
	}
	return s.Store.FindDays(ctx, v.Scope(), conv, tz)
}

// Persons looks up who ids are; every id gets an answer.
func (s *Service) Persons(ctx context.Context, ids []string) (map[string]directory.Person, error) {
	return s.Store.FindPersons(ctx, ids)
}

// orNotFound gives err, or not_found when there is none.
func orNotFound(err error, what string) error {
	if err != nil {
		return err
	}
	return fault.NotFound(what)
}
