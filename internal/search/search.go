// Package search finds what was said: any part of any text, within the scope of
// who asks. An Engine finds which messages; the messages themselves come from
// the archive, through the scope, whatever an index holds.
package search

import (
	"context"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
)

// Filter limits a search to some messages. Zero fields do not limit. Persons are
// personid.Keys.
type Filter struct {
	Senders     []string  // one of them said it
	Persons     []string  // all of them are in the conversation: employees, customers
	Departments []int64   // an employee in scope of one of these, or of one below, is in the conversation
	ConvIDs     []int64   // in one of these conversations
	External    *bool     // with (or without) anybody from outside in the conversation
	Groups      *bool     // in groups only, or in direct chats only
	MsgTypes    []string  // one of these, as on the wire
	From, To    time.Time // To exclusive
	Flags       Flags     // all of them
}

// Limits reports whether the filter leaves anything out.
func (f Filter) Limits() bool {
	return len(f.Senders)+len(f.Persons)+len(f.Departments)+len(f.ConvIDs)+len(f.MsgTypes) > 0 ||
		f.External != nil || f.Groups != nil || !f.From.IsZero() || !f.To.IsZero() || f.Flags != 0
}

// ByConversation reports whether the filter depends on who is in the
// conversation, which only the database knows.
func (f Filter) ByConversation() bool {
	return len(f.Persons)+len(f.Departments) > 0 || f.External != nil || f.Groups != nil
}

// Order of hits.
type Order string

// The orders. Messages sent at one time stand by seq and id.
const (
	Newest Order = "newest"
	Oldest Order = "oldest"
	Best   Order = "best" // of the newest maxBest hits the shortest first, newest first among equals: in them the words are most of what was said. Made by Service; no engine sees it
)

// Query is what an engine is asked.
type Query struct {
	Scope  access.Scope
	Words  Words
	Filter Filter
	Order  Order             // Newest or Oldest
	After  *archive.Position // beyond this one in the order; ConvID does not count; nil: from the start
}

// Ref is a hit as an engine knows it.
type Ref struct {
	ID     string    `db:"id"`
	ConvID int64     `db:"conv_id"`
	SentAt time.Time `db:"msgtime"` // UTC, milliseconds
	Seq    int64     `db:"seq"`
	Length int       `db:"length"` // characters of Document.Body
}

// Engine finds messages by their documents. All engines give the same hits in
// the same order and the same counts, which searchtest shows; they differ in how
// fast, and in how far behind the archive they are. Methods may be called by
// many at once. A failure is an error, never fewer hits.
type Engine interface {
	// Name is what the configuration and the operator call it.
	Name() string
	// Find gives up to limit hits (at most MaxRefs), in the order of the query.
	Find(ctx context.Context, q Query, limit int) ([]Ref, error)
	// Count counts all hits of the query, After left aside, up to most (at most
	// MaxRefs+1) of them.
	Count(ctx context.Context, q Query, most int) (int, error)
	// Coverage says what the index holds.
	Coverage(ctx context.Context) (Coverage, error)
}

// MaxRefs is how many hits are counted exactly, and how many an engine gives at
// once.
const MaxRefs = 10_000

// Coverage says how much of the archive an index holds.
type Coverage struct {
	Indexed  int64     // messages in the index
	Messages int64     // messages in the archive
	UpTo     time.Time // everything that was stored until then is in the index
	Behind   int64     // changes that are not in the index yet
	Problem  string    // why it is behind or does not answer, for the operator; "" none
}

// Complete reports whether the index holds everything.
func (c Coverage) Complete() bool { return c.Behind == 0 && c.Indexed == c.Messages }
