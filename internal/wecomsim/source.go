package wecomsim

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"
)

// record is one message as it was before encryption.
type record struct {
	MsgID string
	Body  []byte // the decrypted JSON, byte for byte
}

// source is the part of the stream that exists at the start: a made-up history
// or a loaded file. Its content never changes.
type source interface {
	Len() int
	// Record gives message i, 0-based. It may be called from several goroutines.
	Record(i int) (record, error)
	// Identity is the same for the same content, so that a restart can tell.
	Identity() string
	Close() error
}

// emptySource has no messages.
type emptySource struct{}

func (emptySource) Len() int { return 0 }

func (emptySource) Record(i int) (record, error) {
	return record{}, fmt.Errorf("wecomsim: message %d of none", i)
}

func (emptySource) Identity() string { return "empty" }

func (emptySource) Close() error { return nil }

// msgIDOf takes the id out of a message's JSON, also where raw control characters
// stand in its strings (finance-sdk.md 4.2). Where there is no id, or no JSON at
// all, it makes one of the usual shape that is the same at every call.
func msgIDOf(body []byte, seq uint64) string {
	var head struct {
		MsgID   string `json:"msgid"`
		MsgTime int64  `json:"msgtime"`
	}
	err := json.Unmarshal(body, &head)
	if err != nil {
		err = json.Unmarshal(bytes.Map(blankControl, body), &head)
	}
	if err == nil && head.MsgID != "" {
		return head.MsgID
	}
	return madeMsgID(body, seq, head.MsgTime)
}

// blankControl turns control characters, which Go's JSON refuses, into blanks.
func blankControl(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}

// madeMsgID gives number_milliseconds, unique by seq.
func madeMsgID(body []byte, seq uint64, msgtime int64) string {
	h := fnv.New64a()
	h.Write(body)
	h.Write(binary.BigEndian.AppendUint64(nil, seq))
	return fmt.Sprintf("%d_%d", h.Sum64(), max(msgtime, 0))
}

// storedAfter is how long after sending WeCom stores a message; it shows in the
// msgid.
const storedAfter = 1200 * time.Millisecond
