// Package archive holds what was said: messages, conversations and the reading
// of both. Everything that reads chats goes through a scope.
package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Message is one archived message as stored. Raw is the evidence, every other
// field is derived from it or from the record it came in.
type Message struct {
	ID           string    `db:"id"`      // MessageID(MsgID)
	BaseID       string    `db:"base_id"` // BaseMessageID(MsgID)
	MsgID        string    `db:"msgid"`   // made valid UTF-8 without NUL for the column; ID is of the original
	Seq          int64     `db:"seq"`
	ConvID       int64     `db:"conv_id"`
	BatchID      int64     `db:"batch_id"`
	SentAt       time.Time `db:"msgtime"` // UTC, milliseconds
	TimeSource   string    `db:"time_source"`
	FromID       string    `db:"from_id"` // personid.Key; "" when the message names nobody
	MsgType      string    `db:"msgtype"`
	Text         string    `db:"text"` // readable text of any type
	PublicKeyVer int       `db:"publickey_ver"`
	Raw          []byte    `db:"raw"`        // bytes exactly as decrypted
	RawSHA256    []byte    `db:"raw_sha256"` // of Raw
	PulledAt     time.Time `db:"pulled_at"`
}

// Where Message.SentAt was taken from.
const (
	TimeFromMsgTime = "msgtime" // the field of that name
	TimeFromMsgID   = "msgid"   // the number at the end of the msgid
	TimeFromPull    = "pulled"  // no usable time in the message
)

// Decoded is a message together with what storing it needs besides the row.
type Decoded struct {
	Message
	Conv     ConvKey
	Members  []string // distinct personid.Keys of sender and receivers
	PreMsgID string   // revoke: the msgid that it names
}

// MsgTypeSwitch stands in Message.MsgType for records with action switch,
// which have no msgtype.
const MsgTypeSwitch = "switch"

// Kinds of conversation.
const (
	ConvDirect = "direct" // unordered pair of persons
	ConvGroup  = "group"  // roomid
	ConvLog    = "log"    // records without addressee: switch, unreadable
)

// ConvKey says which conversation a message belongs to. It is comparable.
type ConvKey struct {
	Kind   string
	A, B   string // direct: persons, A <= B; log: A is the person, may be ""
	RoomID string // group
}

// Key is the text that is unique within the kind.
func (k ConvKey) Key() string {
	switch k.Kind {
	case ConvGroup:
		return k.RoomID
	case ConvLog:
		return k.A
	default:
		return k.A + "\n" + k.B
	}
}

// DirectKey gives the key of the chat between two persons, in any order.
func DirectKey(a, b string) ConvKey {
	if b < a {
		a, b = b, a
	}
	return ConvKey{Kind: ConvDirect, A: a, B: b}
}

// MessageID gives the public id of a message: a UUID made of the first 16
// bytes of SHA-256 over the msgid as WeCom sent it.
func MessageID(msgid string) string { return idOf(msgid) }

// idOf makes a UUID of the first 16 bytes of SHA-256 over what WeCom calls
// something.
func idOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// suffixes of msgids that tell the kind of conversation (message-types.md 2.1).
var suffixes = []string{"_external", "_updown_stream"}

// BaseMessageID is MessageID without the suffixes that may be present in one
// place and absent in another (message-types.md 2.1).
func BaseMessageID(msgid string) string { return MessageID(withoutSuffix(msgid)) }

// withoutSuffix takes the known suffixes off a msgid that is more than them.
func withoutSuffix(msgid string) string {
	for _, suffix := range suffixes {
		if base, ok := strings.CutSuffix(msgid, suffix); ok && base != "" {
			msgid = base
		}
	}
	return msgid
}

// ValidID reports whether s has the form of a message id.
func ValidID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !strings.ContainsRune("0123456789abcdef", rune(c)) {
			return false
		}
	}
	return true
}

// OriginalIDs gives the ids under which the message that a revoke names may be
// held: the msgid itself first, then with and without the known suffixes.
func OriginalIDs(preMsgID string) []string {
	base := withoutSuffix(preMsgID)
	ids := []string{MessageID(preMsgID), MessageID(base)}
	for _, suffix := range suffixes {
		ids = append(ids, MessageID(base+suffix))
	}
	return ids
}
