package archive

import "time"

// ContentKind names the part of Content that is filled. The values are those
// of Content.kind in openapi.yaml.
type ContentKind string

// The kinds of content; several msgtypes may share one.
const (
	ContentText        ContentKind = "text"
	ContentImage       ContentKind = "image"
	ContentRevoke      ContentKind = "revoke"
	ContentConsent     ContentKind = "consent"
	ContentVoice       ContentKind = "voice"
	ContentVideo       ContentKind = "video"
	ContentCard        ContentKind = "card"
	ContentLocation    ContentKind = "location"
	ContentEmotion     ContentKind = "emotion"
	ContentFile        ContentKind = "file"
	ContentLink        ContentKind = "link"
	ContentWeapp       ContentKind = "weapp"
	ContentChatRecord  ContentKind = "chatrecord"
	ContentTodo        ContentKind = "todo"
	ContentVote        ContentKind = "vote"
	ContentCollect     ContentKind = "collect"
	ContentRedPacket   ContentKind = "redpacket"
	ContentMeeting     ContentKind = "meeting"
	ContentNotice      ContentKind = "notice"
	ContentDoc         ContentKind = "doc"
	ContentSwitch      ContentKind = "switch"
	ContentMarkdown    ContentKind = "markdown"
	ContentNews        ContentKind = "news"
	ContentCalendar    ContentKind = "calendar"
	ContentMixed       ContentKind = "mixed"
	ContentCall        ContentKind = "call"
	ContentDocShare    ContentKind = "doc_share"
	ContentChannel     ContentKind = "channel"
	ContentDriveFile   ContentKind = "drive_file"
	ContentSolitaire   ContentKind = "solitaire"
	ContentNote        ContentKind = "note"
	ContentUnsupported ContentKind = "unsupported"
)

// Content is what a message says, ready to be shown. Exactly the part that
// belongs to Kind is filled; unsupported has the words and files that were found.
type Content struct {
	Kind     ContentKind
	Text     *Text
	Media    *Media
	Revoke   *Revoke
	Consent  *Consent
	Card     *Card
	Location *Location
	Links    []Link    // link, weapp, doc, drive_file: one; news: each article
	Record   *Record   // chatrecord
	Parts    []Content // mixed, note; in order; unsupported: its files
	Shares   []Share   // call: what was shown while it was recorded, in order
	Fields   []Field   // todo, vote, collect, redpacket, meeting, calendar, call, channel
	Notice   string    // notice, solitaire: text; markdown: source; unsupported: the words that stand in it
}

// Text is a text message, a quote that stood in it taken apart.
type Text struct {
	Body  string // without the quote
	Quote *Quote
}

// Quote is the message that a text answers to, as WeCom wrote it into the text.
type Quote struct{ Author, Body string }

// Media is a file that the message carries or names.
type Media struct {
	SDKFileID       string // argument of GetMediaData; "" when WeCom gives none
	Name, Ext       string
	SizeBytes       int64
	DurationSeconds int64
	Width, Height   int64 // pixels; 0 unknown
	MD5             string
	File            *File // what is known of the bytes; nil until the service that reads has looked
}

// Revoke names the message that was taken back.
type Revoke struct{ PreMsgID string }

// Consent is the decision of a customer about being archived.
type Consent struct {
	Agreed bool
	Person string // personid.Key
	At     time.Time
}

// Card is a business card.
type Card struct {
	Person   string // personid.Key
	CorpName string
}

// Location is a place.
type Location struct {
	Title, Address      string
	Latitude, Longitude float64 // degrees
	Zoom                int64
}

// Link is anything with a title that leads somewhere.
type Link struct {
	Title, Description string
	URL                string // http and https only; "" otherwise
	Source             string // mini program's or author's name
}

// Record is a forwarded chat.
type Record struct {
	Title     string
	Items     []RecordItem
	Truncated bool // more items or deeper ones than were decoded
}

// RecordItem is one message of a forwarded chat; WeCom does not tell its sender.
type RecordItem struct {
	SentAt       time.Time
	FromChatroom bool
	Content      Content
}

// Share is a document or screen that was shown in a recorded call.
type Share struct {
	Document         string // its file name; "" for a screen
	Person           string // personid.Key of whoever showed it
	StartsAt, EndsAt time.Time
}

// Field is one labelled value of a card; keys as in openapi.yaml.
type Field struct{ Key, Value string }
