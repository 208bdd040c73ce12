package chatdata

import (
	"strconv"
	"strings"
	"time"

	"huicun/internal/archive"
)

// The msgtypes that WeCom documents (developer.work.weixin.qq.com/document/path/91774).
const (
	typeText          = "text"
	typeImage         = "image"
	typeRevoke        = "revoke"
	typeAgree         = "agree"
	typeDisagree      = "disagree"
	typeVoice         = "voice"
	typeVideo         = "video"
	typeCard          = "card"
	typeLocation      = "location"
	typeEmotion       = "emotion"
	typeFile          = "file"
	typeLink          = "link"
	typeWeapp         = "weapp"
	typeChatRecord    = "chatrecord"
	typeTodo          = "todo"
	typeVote          = "vote"
	typeCollect       = "collect"
	typeRedPacket     = "redpacket"
	typeExternalRed   = "external_redpacket"
	typeMeeting       = "meeting"
	typeMeetingNotice = "meeting_notification"
	typeDoc           = "docmsg"
	typeMarkdown      = "markdown"
	typeNews          = "news"
	typeCalendar      = "calendar"
	typeMixed         = "mixed"
	typeCallAudio     = "meeting_voice_call"
	typeDocShare      = "voip_doc_share"
	typeChannel       = "sphfeed"
	typeCall          = "voiptext"
	typeDriveFile     = "qydiskfile"
	typeSolitaire     = "solitaire"
	typeNote          = "note"
)

// builder says where the payload of a msgtype is and how it is read.
type builder struct {
	keys  []string // top-level keys that may hold the payload, best first
	flat  bool     // the fields may also stand at the top level
	build func(r *reader, p object) archive.Content
}

// builders has an entry for every documented msgtype. info is shared by several
// types, so that the type decides, never the presence of a key.
var builders map[string]builder

func init() { // the readers of nested types refer back to the table
	builders = map[string]builder{
		typeText:          {keys: []string{"text"}, build: readText},
		typeImage:         {keys: []string{"image"}, build: readImage},
		typeRevoke:        {keys: []string{"revoke"}, build: readRevoke},
		typeAgree:         {keys: []string{"agree"}, build: readAgree},
		typeDisagree:      {keys: []string{"disagree", "agree"}, build: readDisagree},
		typeVoice:         {keys: []string{"voice"}, build: readVoice},
		typeVideo:         {keys: []string{"video"}, build: readVideo},
		typeCard:          {keys: []string{"card"}, build: readCard},
		typeLocation:      {keys: []string{"location"}, build: readLocation},
		typeEmotion:       {keys: []string{"emotion"}, build: readEmotion},
		typeFile:          {keys: []string{"file"}, build: readFile},
		typeLink:          {keys: []string{"link"}, build: readLink},
		typeWeapp:         {keys: []string{"weapp"}, build: readWeapp},
		typeChatRecord:    {keys: []string{"chatrecord"}, build: readChatRecord},
		typeTodo:          {keys: []string{"todo"}, flat: true, build: readTodo},
		typeVote:          {keys: []string{"vote"}, flat: true, build: readVote},
		typeCollect:       {keys: []string{"collect"}, build: readCollect},
		typeRedPacket:     {keys: []string{"redpacket"}, build: readRedPacket},
		typeExternalRed:   {keys: []string{"redpacket", "external_redpacket"}, build: readRedPacket},
		typeMeeting:       {keys: []string{"meeting"}, build: readMeeting},
		typeMeetingNotice: {keys: []string{"info", "meeting_notification"}, build: readMeetingNotice},
		typeDoc:           {keys: []string{"doc", "docmsg"}, build: readDoc},
		typeMarkdown:      {keys: []string{"info", "markdown"}, build: readMarkdown},
		typeNews:          {keys: []string{"info", "news"}, build: readNews},
		typeCalendar:      {keys: []string{"calendar"}, build: readCalendar},
		typeMixed:         {keys: []string{"mixed"}, build: readMixed},
		typeCallAudio:     {keys: []string{"meeting_voice_call"}, build: readCallAudio},
		typeDocShare:      {keys: []string{"voip_doc_share"}, build: readDocShare},
		typeChannel:       {keys: []string{"sphfeed"}, build: readChannel},
		typeCall:          {keys: []string{"info", "voiptext"}, build: readCall},
		typeDriveFile:     {keys: []string{"info", "qydiskfile"}, build: readDriveFile},
		typeSolitaire:     {keys: []string{"info", "solitaire"}, build: readSolitaire},
		typeNote:          {keys: []string{"info", "note"}, build: readNote},
	}
}

// reader is the state of reading one message.
type reader struct {
	sentAt int64 // msgtime, ms; of the message itself, 0 unknown
	depth  int
	nodes  int  // nested items read so far
	cut    bool // some were left out
}

// Content reads the content of a decrypted message for showing. Bytes that
// cannot be read and types that nobody knows give ContentUnsupported.
func Content(raw []byte) archive.Content {
	msg, ok := parse(raw)
	if !ok {
		return archive.Content{Kind: archive.ContentUnsupported}
	}
	return contentOf(msg, msgType(msg))
}

func contentOf(msg object, msgtype string) archive.Content {
	if msgtype == archive.MsgTypeSwitch {
		return archive.Content{Kind: archive.ContentSwitch}
	}
	b, ok := builders[msgtype]
	if !ok {
		return readUnknown(msg)
	}
	payload, ok := b.payload(msg)
	if !ok {
		return readUnknown(msg)
	}
	return b.build(&reader{sentAt: number(msg.str("msgtime"))}, payload)
}

// payload finds the payload. A missing one reads as empty; one that is no
// object does not fit, except text that stands there directly.
func (b builder) payload(msg object) (object, bool) {
	misfit := false
	for _, key := range b.keys {
		v, present := msg[key]
		if p, ok := toObject(v); ok {
			return p, true
		}
		if s := text(v); s != "" && key == typeText {
			return object{"content": v}, true
		}
		misfit = misfit || present && string(v) != "null"
	}
	if b.flat {
		return msg, true
	}
	return object{}, !misfit
}

func readText(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentText, Text: textContent(p.str("content"))}
}

func readRevoke(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentRevoke, Revoke: &archive.Revoke{PreMsgID: p.str("pre_msgid")}}
}

func readAgree(_ *reader, p object) archive.Content    { return consent(p, true) }
func readDisagree(_ *reader, p object) archive.Content { return consent(p, false) }

func consent(p object, agreed bool) archive.Content {
	at := p.num("agree_time", "disagree_time")
	if !agreed {
		at = p.num("disagree_time", "agree_time")
	}
	return archive.Content{Kind: archive.ContentConsent, Consent: &archive.Consent{
		Agreed: agreed,
		Person: person(p.str("userid")),
		At:     when(at),
	}}
}

func readCard(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentCard, Card: &archive.Card{
		Person:   person(p.str("userid")),
		CorpName: p.str("corpname"),
	}}
}

func readLocation(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentLocation, Location: &archive.Location{
		Title:     p.str("title"),
		Address:   p.str("address"),
		Latitude:  p.float("latitude"),
		Longitude: p.float("longitude"),
		Zoom:      p.num("zoom"),
	}}
}

func readMeetingNotice(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentNotice, Notice: p.str("content")}
}

func readMarkdown(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentMarkdown, Notice: p.str("content")}
}

func readSolitaire(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentSolitaire, Notice: p.str("solitaire_content")}
}

// fields collects labelled values; empty ones are left out.
type fields []archive.Field

func (f *fields) text(key, value string) {
	if value != "" {
		*f = append(*f, archive.Field{Key: key, Value: value})
	}
}

func (f *fields) texts(key string, values []string) {
	for _, v := range values {
		f.text(key, v)
	}
}

func (f *fields) number(key string, n int64) {
	if n > 0 {
		f.text(key, strconv.FormatInt(n, 10))
	}
}

func (f *fields) time(key string, t time.Time) {
	if !t.IsZero() {
		f.text(key, t.Format(time.RFC3339))
	}
}

// webURL gives s when it is an http or https address, else "". What looks like
// another scheme to a browser (javascript:, with blanks or capitals) is none.
func webURL(s string) string {
	s = strings.TrimSpace(s)
	head := strings.ToLower(s[:min(len(s), len("https://"))])
	if !strings.HasPrefix(head, "http://") && head != "https://" {
		return ""
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return ""
	}
	return s
}
