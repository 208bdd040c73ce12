// Package media keeps the files of messages: it finds them in what was stored,
// fetches them from WeCom before its 5 days are over, checks them, stores each
// content once, encrypted, and makes forms of them that browsers show.
//
//	outbox item KindIndex → Indexer → media, message_media
//	media (pending)       → Fetcher → Source.Part … → Vault.Put → media (ready), media_objects
//	media_objects         → Looker  → Renderer → Vault.Put → media_renditions
//	a person              → Service → Vault.Open
//
// Part files and objects are sealed under keys that HKDF makes of the master keys
// in a key file (Keys). Plain text is in memory, and, while a program of the
// Renderer reads it, in a file of the temporary folder that has no name. To change the master key: add a line (NewKeyLine) to the file, run
// Vault.Rekey, then remove the older lines.
package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
)

// KindIndex is the outbox item that looks through a batch for files and links.
// Args: {"batch_id": n}.
const KindIndex = "media"

// Class says what a failure of a file means. The values are the codes that
// media.error_class holds and the H5 translates.
type Class string

// The classes.
const (
	ClassRetry   Class = "retry"      // network, WeCom is busy: again later, for as long as WeCom keeps the file
	ClassWait    Class = "wait"       // too many calls: everything pauses
	ClassStop    Class = "stop"       // somebody has to mend the configuration: everything pauses, nothing counts as an attempt
	ClassExpired Class = "expired"    // over WeCom's 5 days: State expired
	ClassRefused Class = "refused"    // WeCom does not know the file: State refused
	ClassBroken  Class = "broken"     // the bytes do not open, or end too soon: State broken after some attempts
	ClassLimit   Class = "over_limit" // larger than allowed: State over_limit
	ClassStore   Class = "store"      // our own store did not take it: again later, nothing counts as an attempt
)

// Error is a failure to fetch or keep a file.
type Error struct {
	Class Class
	Err   error // its text goes to the operator: no secrets, no chat text
}

// Error gives class and cause.
func (e *Error) Error() string { return fmt.Sprintf("media: %s: %v", e.Class, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Part is up to 512 KiB of a file.
type Part struct {
	Data      []byte
	NextIndex string // argument for the next part; "" when Finished
	Finished  bool   // this was the last part
}

// Source fetches parts from WeCom. Asking for a part again is harmless. Failures
// are *Error. It is safe for concurrent use.
type Source interface {
	Part(ctx context.Context, index, sdkFileID string) (Part, error)
}

// Blobs is a store of objects by name: package media/file, package media/s3. Both
// pass the conformance suite media/blobtest. Names are lower-case letters,
// digits, ".", "-" and "/", made by this package; CheckName. It is safe for concurrent use
// by several processes.
type Blobs interface {
	// Put stores what r gives under name, whole or not at all, and durably. What
	// was there before is replaced at once. size is the number of bytes that r
	// gives; another number is an error and nothing is stored.
	Put(ctx context.Context, name string, r io.Reader, size int64) error
	// Open reads n bytes from offset on; n < 0: to the end. fault not_found:
	// there is no such object. A range that begins at or after the end reads
	// nothing.
	Open(ctx context.Context, name string, offset, n int64) (io.ReadCloser, error)
	// Size is the number of bytes of an object; fault not_found.
	Size(ctx context.Context, name string) (int64, error)
	// Delete removes an object; one that is not there is no error.
	Delete(ctx context.Context, name string) error
	// List calls do for each object whose name begins with prefix, in order of
	// the names, until do fails; that error is returned.
	List(ctx context.Context, prefix string, do func(name string, size int64) error) error
	// Check reports whether the store can be written to and read, for the start.
	Check(ctx context.Context) error
}

// Ref is a file or link that stands in a message.
type Ref struct {
	MessageID string
	Pos       int // from 0, in reading order
	ConvID    int64
	SentAt    time.Time
	Seq       int64
	Tab       archive.MediaTab
	Kind      archive.ContentKind
	Title     string
	SDKFileID string // "" for a link and for a file that WeCom gives no id for
	SizeBytes int64  // as the message says; 0 unknown
	MD5       string // as the message says, lower-case hex; "" unknown
}

// IndexStore is what the Indexer needs of the database.
type IndexStore interface {
	// FindMediaMessages returns messages of a batch whose msgtype may hold files
	// or links, raw included, in order of seq and id after a place.
	FindMediaMessages(ctx context.Context, s access.Scope, batch, afterSeq int64, afterID string, limit int) ([]archive.Message, error)
	// SaveRefs stores refs and the files that they name, all or nothing, and
	// wakes the fetchers. Saving twice changes nothing. A file that had expired
	// and is named by a newer message is fetched again.
	SaveRefs(ctx context.Context, refs []Ref) error
}

// File is a file that is to be fetched.
type File struct {
	ID        string    `db:"id"`
	SDKFileID string    `db:"sdkfileid"`
	Kind      string    `db:"kind"`
	SizeBytes int64     `db:"size_bytes"` // as the message says; 0 unknown
	MD5       string    `db:"md5"`        // as the message says; "" unknown
	SentAt    time.Time `db:"msgtime"`    // of the newest message that names it
	Attempt   int       `db:"attempt"`    // failed ones before this
	Claim     int64     `db:"claim"`
	Held      []byte    `db:"held_sha256"` // what it had before it was to be fetched again; nil: nothing
	HeldFlag  string    `db:"held_flag"`   // its Flag; "": it was whole, and could not be read
}

// Fetched is what was stored of a file.
type Fetched struct {
	SHA256    []byte
	SizeBytes int64
	MD5       string
	Mime      string
	Flag      string // archive.FlagMD5, archive.FlagSize, ""
}

// FetchStore is what the Fetcher needs of the database. A claim that ran out and
// was taken over changes nothing any more: the methods report false then.
type FetchStore interface {
	// ClaimFile takes a file that is due: those sent in the 4 days before urgent
	// first, oldest first; then the newest, so that what WeCom keeps no longer
	// comes last. ok is false when none is due.
	ClaimFile(ctx context.Context, worker string, lease time.Duration, urgent time.Time) (f File, ok bool, err error)
	// KeepFile extends the claim.
	KeepFile(ctx context.Context, f File, lease time.Duration) (bool, error)
	// SaveFetched makes the file ready and writes its object, unless that is
	// there, and tells open chats. Other files that had this content and lost it
	// are ready with it again.
	SaveFetched(ctx context.Context, f File, got Fetched) (bool, error)
	// PostponeFile gives the file back until after has passed; counts: as a
	// failed attempt. e is nil when nothing failed.
	PostponeFile(ctx context.Context, f File, after time.Duration, counts bool, e *Error) (bool, error)
	// EndFile gives the file up: expired, refused, broken or over_limit.
	EndFile(ctx context.Context, f File, state archive.FileState, e *Error) (bool, error)
	// RestoreFile makes the file ready with what it held before. e says why WeCom
	// gave nothing else; nil: nothing failed.
	RestoreFile(ctx context.Context, f File, e *Error) (bool, error)
	// NextFileIn tells when the next file is due; ok is false when none waits.
	NextFileIn(ctx context.Context) (d time.Duration, ok bool, err error)
	// FindFiles returns files by id; see archive.FileStore.
	FindFiles(ctx context.Context, ids []string) (map[string]archive.File, error)
}

// Object is a content that is to be looked into.
type Object struct {
	SHA256    []byte `db:"sha256"`
	SizeBytes int64  `db:"size_bytes"`
	Mime      string `db:"mime"`
	Kind      string `db:"kind"` // of one of the files that hold it
	Attempt   int    `db:"work_attempt"`
	Stops     int    `db:"work_stops"` // times it was put back without an attempt
	Claim     int64  `db:"work_claim"`
}

// Looked is what was found out about an object and made of it. Renditions are in
// the vault already.
type Looked struct {
	Width, Height, DurationMS, Pages int64
	Waveform                         []byte
	Codes                            []string
	Renditions                       []archive.Rendition
}

// LookStore is what the Looker needs of the database; as FetchStore.
type LookStore interface {
	ClaimObject(ctx context.Context, worker string, lease time.Duration) (o Object, ok bool, err error)
	// KeepObject extends the claim.
	KeepObject(ctx context.Context, o Object, lease time.Duration) (bool, error)
	SaveLooked(ctx context.Context, o Object, l Looked) (bool, error)
	// PostponeObject gives it back, as a failed attempt if it counts; EndObject
	// gives it up. Either way the original stays readable.
	PostponeObject(ctx context.Context, o Object, after time.Duration, counts bool, why string) (bool, error)
	EndObject(ctx context.Context, o Object, why string) (bool, error)
	NextObjectIn(ctx context.Context) (d time.Duration, ok bool, err error)
}

// Rendered is a form of a file that Renderer made.
type Rendered struct {
	archive.Rendition
	Data []byte
}

// ErrTemporary is inside errors of a Renderer that another try may not meet.
var ErrTemporary = errors.New("may work later")

// Renderer looks into a file and makes forms of it that browsers show. Its
// failures never endanger the process: programs run apart, with limits.
// An error says why nothing could be made; ErrTemporary inside: try again.
type Renderer interface {
	Render(ctx context.Context, o Object, content io.ReadSeeker) (Looked, []Rendered, error)
}
