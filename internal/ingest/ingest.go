// Package ingest pulls the archive: one puller at a time, page by page, each
// page stored together with the cursor, so that nothing is lost and nothing is
// stored twice whatever dies when.
package ingest

import (
	"context"
	"errors"
	"time"

	"huicun/internal/archive"
)

// Outer is one record as WeCom delivers it: still encrypted.
type Outer struct {
	Seq          int64
	MsgID        string
	PublicKeyVer int
	RandomKey    string // encrypt_random_key
	ChatMsg      string // encrypt_chat_msg
	JSON         []byte // the record byte for byte, for quarantine
	Broken       string // why the record cannot even be tried; "" when it can
}

// Opened is a decrypted record, or why there is none.
type Opened struct {
	Data   []byte // nil when Reason is set
	Reason string // ReasonKeyMissing …
	Detail string // for the operator; no secrets, no chat text
}

// Why a record is in quarantine.
const (
	ReasonKeyMissing    = "key_missing"    // no private key of its publickey_ver
	ReasonKeyWrong      = "key_wrong"      // the private key does not open encrypt_random_key
	ReasonDecryptFailed = "decrypt_failed" // DecryptData refused it
	ReasonSDKCrashed    = "sdk_crashed"    // it ended the SDK's process
	ReasonMalformed     = "malformed"      // the outer record lacks a part
	// ReasonRefused: it opens, and the database does not take it. A record that
	// has it is kept as decrypt_failed with the detail DetailRefused; the counts
	// of quarantine tell the two apart.
	ReasonRefused = "refused"
)

// Class says what the puller does about a failed call.
type Class string

// The classes of failure.
const (
	ClassRetry    Class = "retry"     // same call again, backing off
	ClassWait     Class = "wait"      // frequency limit: pause a minute
	ClassTooLarge Class = "too_large" // smaller page
	ClassStop     Class = "stop"      // somebody must change something; try again in minutes
)

// SourceError is a failed call of the source.
type SourceError struct {
	Class Class
	Code  int   // errcode or return code; 0 for none
	Err   error // for operator and log; no secrets
}

// Error implements error.
func (e *SourceError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *SourceError) Unwrap() error { return e.Err }

// Source is where messages come from.
type Source interface {
	// Page returns up to limit records after seq, in the order of WeCom's
	// answer; none: nothing newer exists now. Failures are *SourceError.
	Page(ctx context.Context, seq int64, limit int) ([]Outer, error)
	// Open decrypts records; result i belongs to record i. An error means that
	// nothing is known about any of them.
	Open(ctx context.Context, records []Outer) ([]Opened, error)
	// KeyVersions tells for which publickey_ver there is a private key now.
	KeyVersions() []int
}

// Quarantined is a record to be kept as it came.
type Quarantined struct {
	ID           string // archive.MessageID
	Seq          int64
	MsgID        string
	PublicKeyVer int
	Reason       string
	Detail       string
	OuterJSON    []byte
	ReceivedAt   time.Time // zero: now
}

// Place is where a record stands in the order of quarantine.
type Place struct {
	Seq int64
	ID  string // "" before all of Seq
}

// Batch is one page, opened as far as possible.
type Batch struct {
	FromSeq     int64 // cursor that the page was asked for with
	LastSeq     int64 // largest seq of the page: the new cursor
	FirstSeq    int64
	Received    int // records in the answer, duplicates included
	Messages    []archive.Decoded
	Quarantined []Quarantined
	Gaps        []Gap
	Pull        Pull
}

// Gap is a run of numbers that WeCom skipped: AfterSeq < missing < BeforeSeq.
type Gap struct {
	AfterSeq  int64     `db:"after_seq"`
	BeforeSeq int64     `db:"before_seq"`
	Kind      string    `db:"kind"` // GapSkipped | GapWindow
	NoticedAt time.Time `db:"noticed_at"`
}

// Kinds of gap.
const (
	GapSkipped = "skipped" // no sign of loss
	GapWindow  = "window"  // noticed after a pause longer than WeCom's window
)

// Saved is what storing a batch did.
type Saved struct {
	BatchID     int64
	Added       int
	Quarantined int
	Duplicates  int
}

// Pull is the record of calls of the source.
type Pull struct {
	StartedAt  time.Time `db:"started_at"`
	FinishedAt time.Time `db:"finished_at"`
	Holder     string    `db:"holder"`
	FromSeq    int64     `db:"from_seq"`
	Calls      int       `db:"calls"`
	Received   int       `db:"received"`
	Duplicates int       `db:"duplicates"` // of Received: held before; known when read
	Outcome    string    `db:"outcome"`    // stored | empty | error
	ErrorClass string    `db:"error_class"`
	ErrorCode  int       `db:"error_code"`
	Error      string    `db:"error"`
}

// Outcomes of a pull.
const (
	OutcomeStored = "stored"
	OutcomeEmpty  = "empty"
	OutcomeError  = "error"
)

// Lease is the right to pull, until somebody else takes it.
type Lease struct {
	Name   string
	Holder string
	Token  int64 // grows with each change of holder
}

// LeasePull is the name of the puller's lease.
const LeasePull = "pull"

// State is where the archive stands.
type State struct {
	Seq           int64      `db:"seq"`
	LastBatchID   int64      `db:"last_batch_id"`
	Received      int64      `db:"received"`
	Stored        int64      `db:"stored"`
	Quarantined   int64      `db:"quarantined"`
	Duplicates    int64      `db:"duplicates"`
	LastSuccessAt *time.Time `db:"last_success_at"`
	LastMsgTime   *time.Time `db:"last_msgtime"`
	CaughtUpAt    *time.Time `db:"caught_up_at"`
	LastErrorAt   *time.Time `db:"last_error_at"`
	LastError     string     `db:"last_error"`
}

// Errors of Store.
var (
	ErrLeaseLost   = errors.New("the lease has gone to another process")
	ErrCursorMoved = errors.New("the cursor is not where this batch starts")
	ErrRefused     = errors.New("the database refuses the content of the batch")
)

// Store keeps what was pulled.
type Store interface {
	LeaseStore
	// PullState returns the cursor and the counters.
	PullState(ctx context.Context) (State, error)
	// EnsurePartitions makes room for messages of these times.
	EnsurePartitions(ctx context.Context, times ...time.Time) error
	// FindStored tells which of these message ids are held and readable: not in
	// open quarantine.
	FindStored(ctx context.Context, ids []string) (map[string]bool, error)
	// SaveBatch stores a page, the cursor and the follow-up work, all or
	// nothing. Saving a page twice gives ErrCursorMoved and changes nothing.
	// ErrRefused: the database works, and does not take what is in the page.
	SaveBatch(ctx context.Context, l Lease, b Batch) (Saved, error)
	// RecordPull notes a call that stored nothing.
	RecordPull(ctx context.Context, p Pull) error
	// FindQuarantined lists open quarantine records of these key versions after
	// a place, in order: up to limit of them, and up to most bytes but one at
	// least.
	FindQuarantined(ctx context.Context, versions []int, after Place, limit, most int) ([]Quarantined, error)
	// ReleaseQuarantine stores messages that opened at last, and notes another
	// attempt on those that did not. ErrRefused as with SaveBatch.
	ReleaseQuarantine(ctx context.Context, l Lease, opened []archive.Decoded, failed []Quarantined) (Saved, error)
}
