// Package chatdata turns the JSON that WeCom's DecryptData returns into
// messages and into content that can be shown. It is pure and never fails:
// whatever the bytes are, a message comes out that keeps them.
package chatdata

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"huicun/internal/archive"
	"huicun/internal/personid"
)

// Outer is what the record around the encrypted message tells.
type Outer struct {
	MsgID        string // as WeCom sent it; the msgid inside the message does not count
	Seq          int64
	PublicKeyVer int
	PulledAt     time.Time
}

// maxTextRunes bounds Message.Text; the raw bytes keep the rest.
const maxTextRunes = 100_000

// maxIDBytes is the longest id that is kept as it is: the index entries that
// hold ids have a limit, and WeCom's own ids end at 64 bytes.
const maxIDBytes = 200

// Decode gives the message that raw holds. What cannot be read is kept with
// MsgType "" in the log conversation of nobody. Decode keeps raw, not a copy.
func Decode(o Outer, raw []byte) archive.Decoded {
	sum := sha256.Sum256(raw)
	d := archive.Decoded{Message: archive.Message{
		ID:           archive.MessageID(o.MsgID),
		BaseID:       archive.BaseMessageID(o.MsgID),
		MsgID:        clean(o.MsgID),
		Seq:          o.Seq,
		PublicKeyVer: o.PublicKeyVer,
		Raw:          raw,
		RawSHA256:    sum[:],
		PulledAt:     o.PulledAt,
	}}
	msg, ok := parse(raw)
	if !ok {
		d.SentAt, d.TimeSource = sentAt(0, o)
		d.Conv = archive.ConvKey{Kind: archive.ConvLog}
		return d
	}
	d.MsgType = msgType(msg)
	fillWho(&d, msg)
	d.SentAt, d.TimeSource = sentAt(number(msg.str(timeKey(d.MsgType))), o)
	content := contentOf(msg, d.MsgType)
	if content.Revoke != nil {
		d.PreMsgID = content.Revoke.PreMsgID
	}
	d.Text = Text(content)
	return d
}

// msgType gives the type as on the wire. action is looked at first: a switch
// record has no msgtype, and recall is an action of revokes only.
func msgType(msg object) string {
	action := msg.str("action")
	if action == archive.MsgTypeSwitch {
		return archive.MsgTypeSwitch
	}
	t := cleanID(msg.str("msgtype"))
	if t == "" && action == "recall" {
		return typeRevoke
	}
	return t
}

func timeKey(msgtype string) string {
	if msgtype == archive.MsgTypeSwitch {
		return "time"
	}
	return "msgtime"
}

// fillWho sets sender, conversation and members. A log has its person as the
// only member, because whoever may read a member reads the whole conversation.
func fillWho(d *archive.Decoded, msg object) {
	if d.MsgType == archive.MsgTypeSwitch {
		d.FromID = person(msg.str("user", "from"))
		d.Conv, d.Members = logOf(d.FromID)
		return
	}
	d.FromID = person(msg.str("from"))
	room := cleanID(msg.str("roomid"))
	var others []string
	toSelf := false
	for _, id := range msg.strs("tolist") {
		to := person(id)
		if to == d.FromID {
			toSelf = true
			continue
		}
		others = append(others, to)
	}
	others = distinct(others)
	switch {
	case room != "":
		d.Conv = archive.ConvKey{Kind: archive.ConvGroup, RoomID: room}
		d.Members = withSender(d.FromID, others)
	case d.FromID != "" && len(others) == 1:
		d.Conv = archive.DirectKey(d.FromID, others[0])
		d.Members = withSender(d.FromID, others)
	case d.FromID != "" && len(others) == 0 && toSelf:
		d.Conv = archive.DirectKey(d.FromID, d.FromID)
		d.Members = []string{d.FromID}
	case d.FromID == "" && len(others) == 1:
		d.Conv, d.Members = logOf(others[0])
	default:
		d.Conv, d.Members = logOf(d.FromID)
	}
}

func logOf(person string) (archive.ConvKey, []string) {
	key := archive.ConvKey{Kind: archive.ConvLog, A: person}
	if person == "" {
		return key, nil
	}
	return key, []string{person}
}

func withSender(from string, others []string) []string {
	if from == "" {
		return others
	}
	return append([]string{from}, others...)
}

func distinct(ids []string) []string {
	if len(ids) < 2 {
		return ids
	}
	seen := make(map[string]bool, len(ids))
	kept := ids[:0]
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			kept = append(kept, id)
		}
	}
	return kept
}

// person gives the key of an id of a person.
func person(id string) string { return personid.Key(cleanID(id)) }

// cleanID makes an id fit for keys: no control characters (a line feed parts
// the two ids of a direct chat) and bounded, distinct ids staying distinct.
func cleanID(id string) string {
	id = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return utf8.RuneError
		}
		return r
	}, id)
	if len(id) <= maxIDBytes {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return strings.ToValidUTF8(id[:maxIDBytes-65], "") + "~" + hex.EncodeToString(sum[:])
}

// firstYear is when WeChat began; nothing can have been sent before.
var firstYear = time.Date(2011, 1, 1, 0, 0, 0, 0, time.UTC)

// sentAt picks the time of a message: its own, in milliseconds, when sane; else
// the number at the end of the msgid; else the time of pulling.
func sentAt(ms int64, o Outer) (time.Time, string) {
	if t := time.UnixMilli(ms).UTC(); sane(t, o.PulledAt) {
		return t, archive.TimeFromMsgTime
	}
	if t := msgIDTime(o.MsgID); sane(t, o.PulledAt) {
		return t, archive.TimeFromMsgID
	}
	return o.PulledAt.UTC().Truncate(time.Millisecond), archive.TimeFromPull
}

// sane allows a day for clocks that run ahead.
func sane(t, pulled time.Time) bool {
	return !t.Before(firstYear) && !t.After(pulled.Add(24*time.Hour))
}

// msgIDTime reads the time of storing from a msgid such as
// 14158408185591086566_1700815962253_external: milliseconds, or seconds in
// older ones; zero when there is none.
func msgIDTime(msgid string) time.Time {
	for _, suffix := range []string{"_external", "_updown_stream"} {
		msgid = strings.TrimSuffix(msgid, suffix)
	}
	i := strings.LastIndexByte(msgid, '_')
	if i < 0 {
		return time.Time{}
	}
	n, err := strconv.ParseInt(msgid[i+1:], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return when(n)
}
