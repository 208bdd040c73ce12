package search

import (
	"slices"
	"time"
)

// An index outside the database is a projection of the documents that the
// database keeps: it follows the numbers of their changes. Its engine and the
// store share these types.

// GenerationState says what a generation of indices is for.
type GenerationState string

// The states. Of an alias one generation at most is building, and one live.
const (
	GenerationBuilding GenerationState = "building" // it is being filled
	GenerationLive     GenerationState = "live"     // it is searched
	GenerationOld      GenerationState = "old"      // its indices are to be deleted
)

// Generation is one full set of indices, one a month (UTC).
type Generation struct {
	Name       string          `db:"name"`  // the indices are Name-YYYYMM
	Alias      string          `db:"alias"` // searches go to it
	State      GenerationState `db:"state"`
	Change     int64           `db:"change"`    // all changes up to it can be searched
	Documents  int64           `db:"documents"` // as last counted
	Target     int64           `db:"target"`    // number of the last change when it was begun
	Shards     int             `db:"shards"`    // of each index
	Months     []string        `db:"-"`         // YYYYMM, ascending: those that have an index
	Reason     string          `db:"reason"`    // why it was begun, for the operator
	StartedAt  time.Time       `db:"started_at"`
	FinishedAt *time.Time      `db:"finished_at"`  // became live
	CaughtUpAt *time.Time      `db:"caught_up_at"` // last time that it held every change there was
	CheckedAt  *time.Time      `db:"checked_at"`   // last comparison with the database
	Repaired   int64           `db:"repaired"`     // holes and extras mended so far
	Error      string          `db:"error"`        // why it does not go on, for the operator; "" it does
	ErrorAt    *time.Time      `db:"error_at"`     // since when
	Poison     int64           `db:"poison"`       // documents left out, as they were refused again and again
}

// HasMonth reports whether the generation has an index of the month.
func (g Generation) HasMonth(month string) bool { return slices.Contains(g.Months, month) }

// Index names the index of a month.
func (g Generation) Index(month string) string { return g.Name + "-" + month }

// MonthOf gives the month whose index holds a message of that time.
func MonthOf(t time.Time) string { return t.UTC().Format("200601") }

// Changes is how far the documents have come.
type Changes struct {
	Now     time.Time `db:"now"`     // by the database's clock, before the rest was read
	Change  int64     `db:"change"`  // number of the last change
	Indexed int64     `db:"indexed"` // documents
}

// Version is a document by its place and the change that made it.
type Version struct {
	ID     string    `db:"id"`
	Seq    int64     `db:"seq"`
	SentAt time.Time `db:"msgtime"`
	Change int64     `db:"change"`
}

// Poison is a document that an index refused again and again.
type Poison struct {
	MessageID string    `db:"message_id"`
	Change    int64     `db:"change"`
	Attempts  int       `db:"attempts"`
	Error     string    `db:"error"` // no chat text
	At        time.Time `db:"at"`
}
