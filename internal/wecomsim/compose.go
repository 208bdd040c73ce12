package wecomsim

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"huicun/internal/fault"
)

// outgoing is a message that somebody is to send now (POST /sim/messages).
type outgoing struct {
	From     string          `json:"from"`
	To       string          `json:"to"`        // the other side of a single chat
	RoomID   string          `json:"roomid"`    // or the group
	ToList   []string        `json:"tolist"`    // members of a group that the directory does not have
	MsgType  string          `json:"msgtype"`   // default text
	Text     string          `json:"text"`      // content of a text
	Payload  json.RawMessage `json:"payload"`   // content of any other type
	PreMsgID string          `json:"pre_msgid"` // of a revoke; default: the sender's last message in the chat
	Raw      json.RawMessage `json:"raw"`       // the whole decrypted JSON instead; a string stands for its characters
}

// send appends the message that o describes.
func (s *Sim) send(o outgoing) (Message, error) {
	body, err := s.compose(o)
	if err != nil {
		return Message{}, err
	}
	return s.append(newMessage{Body: body})
}

func (s *Sim) compose(o outgoing) ([]byte, error) {
	if len(o.Raw) > 0 && string(o.Raw) != "null" {
		return rawBody(o.Raw)
	}
	to, err := s.address(&o)
	if err != nil {
		return nil, err
	}
	key, payload, err := s.payload(&o)
	if err != nil {
		return nil, err
	}
	return s.envelope(o, to, key, payload)
}

// rawBody gives the bytes that were asked for, whatever they are.
func rawBody(raw json.RawMessage) ([]byte, error) {
	if raw[0] != '"' {
		return bytes.Clone(raw), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, fault.Invalid("raw", "not JSON")
	}
	if text == "" {
		return nil, fault.Invalid("raw", "empty")
	}
	return []byte(text), nil
}

// address checks who talks to whom and gives the tolist.
func (s *Sim) address(o *outgoing) ([]string, error) {
	if o.MsgType == "" {
		o.MsgType = "text"
	}
	if err := o.checkChat(); err != nil {
		return nil, err
	}
	if o.To != "" {
		return []string{o.To}, nil
	}
	to := slices.Clone(o.ToList)
	if len(to) == 0 {
		if g, ok := s.directory.group(o.RoomID); ok {
			for _, m := range g.raw.list("member_list") {
				to = append(to, m.str("userid"))
			}
		}
	}
	to = slices.DeleteFunc(to, func(id string) bool { return id == o.From || id == "" })
	if len(to) == 0 {
		return nil, fault.Invalid("tolist", "the directory does not know the members of this group: name them")
	}
	return to, nil
}

// checkChat tells what is missing to name a chat.
func (o *outgoing) checkChat() error {
	switch {
	case o.From == "":
		return fault.Invalid("from", "missing")
	case o.To != "" && o.RoomID != "":
		return fault.Invalid("to", "give to or roomid, not both")
	case o.To == "" && o.RoomID == "":
		return fault.Invalid("to", "to or roomid is missing")
	}
	return nil
}

// inChat tells whether m belongs to the chat that o names, whoever sent it.
func (o *outgoing) inChat(m header) bool {
	if o.RoomID != "" || m.RoomID != "" {
		return m.RoomID == o.RoomID
	}
	if len(m.ToList) != 1 {
		return false
	}
	a, b := m.From, m.ToList[0]
	return a == o.From && b == o.To || a == o.To && b == o.From
}

var typeName = regexp.MustCompile(`^[A-Za-z0-9_]{1,40}$`)

// payload gives the content and the key under which it stands.
func (s *Sim) payload(o *outgoing) (key string, payload any, err error) {
	if !typeName.MatchString(o.MsgType) {
		return "", nil, fault.Invalid("msgtype", "must be letters, digits and underscores")
	}
	switch {
	case o.MsgType == "text" && len(o.Payload) == 0:
		if o.Text == "" {
			return "", nil, fault.Invalid("text", "missing")
		}
		return "text", textContent{o.Text}, nil
	case o.MsgType == "image" && len(o.Payload) == 0:
		payload, err = s.newImage()
		return "image", payload, err
	case o.MsgType == "revoke" && len(o.Payload) == 0:
		payload, err = s.newRevoke(o)
		return "revoke", payload, err
	}
	if len(o.Payload) == 0 {
		o.Payload = json.RawMessage("{}")
	}
	return payloadKey(o.MsgType), o.Payload, nil
}

// payloadKey is where a type keeps its content (message-types.md 3).
func payloadKey(msgtype string) string {
	switch msgtype {
	case "external_redpacket":
		return "redpacket"
	case "docmsg":
		return "doc"
	case "meeting_notification", "markdown", "news", "voiptext", "qydiskfile", "solitaire", "note":
		return "info"
	default:
		return msgtype
	}
}

// imageContent is the payload of an image.
type imageContent struct {
	MD5       string `json:"md5sum"`
	FileSize  int    `json:"filesize"`
	SDKFileID string `json:"sdkfileid"`
}

func (s *Sim) newImage() (imageContent, error) {
	f, err := controlImage(s.stream.next())
	if err != nil {
		return imageContent{}, err
	}
	return imageContent{f.md5sum(), len(f.Data), f.sdkFileID()}, nil
}

type revokeContent struct {
	PreMsgID string `json:"pre_msgid"`
}

func (s *Sim) newRevoke(o *outgoing) (revokeContent, error) {
	if o.PreMsgID != "" {
		return revokeContent{o.PreMsgID}, nil
	}
	last, err := s.lastOf(func(m header) bool { return m.From == o.From && o.inChat(m) })
	if err != nil {
		return revokeContent{}, err
	}
	if last.MsgID == "" {
		return revokeContent{}, fault.Invalid("pre_msgid", "the sender has no recent message in this chat")
	}
	return revokeContent{last.MsgID}, nil
}

// header is what all messages share.
type header struct {
	MsgID   string   `json:"msgid"`
	Action  string   `json:"action"`
	From    string   `json:"from"`
	ToList  []string `json:"tolist"`
	RoomID  string   `json:"roomid"`
	MsgTime int64    `json:"msgtime"` // Unix milliseconds
	MsgType string   `json:"msgtype"`

	Revoke revokeContent `json:"revoke"` // of a recall only
}

// lookBack is how many messages are searched for one to revoke.
const lookBack = 2000

// lastOf finds the newest message that match accepts and that has not been
// revoked yet; a zero header = none.
func (s *Sim) lastOf(match func(header) bool) (header, error) {
	next := s.stream.next()
	page, err := s.stream.from(max(next, lookBack)-lookBack, lookBack)
	if err != nil {
		return header{}, err
	}
	revoked := map[string]bool{}
	for _, m := range slices.Backward(page) {
		var h header
		if json.Unmarshal(m.Body, &h) != nil {
			continue
		}
		revoked[h.Revoke.PreMsgID] = true // "", too: what has no id cannot be revoked
		if h.Action == "send" && !revoked[h.MsgID] && match(h) {
			return h, nil
		}
	}
	return header{}, nil
}

// revokeLast lets whoever sent the newest message of the chat that chat names
// take it back.
func (s *Sim) revokeLast(chat outgoing) (Message, error) {
	if err := chat.checkChat(); err != nil {
		return Message{}, err
	}
	h, err := s.lastOf(chat.inChat)
	if err != nil {
		return Message{}, err
	}
	if h.MsgID == "" {
		return Message{}, conflict("there is no recent message to revoke in this chat")
	}
	o := outgoing{From: h.From, RoomID: h.RoomID, MsgType: "revoke", PreMsgID: h.MsgID}
	if h.RoomID != "" {
		o.ToList = h.ToList
	} else if len(h.ToList) > 0 {
		o.To = h.ToList[0]
	}
	return s.send(o)
}

// envelope puts the message together with its fields in WeCom's order.
func (s *Sim) envelope(o outgoing, to []string, key string, payload any) ([]byte, error) {
	now := s.now(kindMessageClock)
	action := "send"
	if o.MsgType == "revoke" {
		action = "recall"
	}
	fields := []struct {
		name  string
		value any
	}{
		{"msgid", s.newMsgID(now.Add(storedAfter).UnixMilli(), append([]string{o.From}, to...))},
		{"action", action},
		{"from", o.From},
		{"tolist", to},
		{"roomid", o.RoomID},
		{"msgtime", now.UnixMilli()},
		{"msgtype", o.MsgType},
		{key, payload},
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // WeCom does not
	for i, f := range fields {
		b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(&b, "%q:", f.name)
		if err := enc.Encode(f.value); err != nil {
			return nil, fault.Invalid(f.name, "not JSON")
		}
		b.Truncate(b.Len() - 1) // the line break of Encode
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// newMsgID makes an id of the current shape; external conversations have a
// suffix.
func (s *Sim) newMsgID(ms int64, people []string) string {
	var n [8]byte
	_, _ = rand.Read(n[:]) // never fails
	id := fmt.Sprintf("%d_%d", binary.BigEndian.Uint64(n[:]), ms)
	if slices.ContainsFunc(people, s.directory.external) {
		id += "_external"
	}
	return id
}

// excerpt shortens a message for the control page.
func excerpt(m Message) string {
	var t struct {
		MsgType string      `json:"msgtype"`
		Action  string      `json:"action"`
		Text    textContent `json:"text"`
	}
	if json.Unmarshal(m.Body, &t) != nil {
		return "(不是 JSON)"
	}
	switch {
	case t.Text.Content != "":
		const shown = 60
		return cutRunes(strings.ReplaceAll(t.Text.Content, "\n", " "), shown)
	case t.MsgType != "":
		return "[" + t.MsgType + "]"
	default:
		return "[" + t.Action + "]"
	}
}
