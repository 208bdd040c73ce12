package archive

import (
	"context"
	"strings"
	"time"

	"huicun/internal/access"
	"huicun/internal/fault"
)

// FileState says where the bytes of a file are. The values are those of
// MediaContent.state in openapi.yaml and of media.state in the database.
type FileState string

// The states of a file.
const (
	FileNone      FileState = "none"       // WeCom gives no id to fetch it by; not in the database
	FilePending   FileState = "pending"    // waits, or is being fetched
	FileReady     FileState = "ready"      // held
	FileExpired   FileState = "expired"    // WeCom's 5 days were over
	FileRefused   FileState = "refused"    // WeCom does not know the id
	FileBroken    FileState = "broken"     // WeCom's bytes could not be opened, again and again
	FileOverLimit FileState = "over_limit" // larger than the operator allows for its kind
)

// How the bytes that are held differ from what the message says of them.
const (
	FlagMD5  = "md5"
	FlagSize = "size"
)

// File is what is known of the bytes of a Media.
type File struct {
	ID         string // FileID(SDKFileID)
	State      FileState
	Flag       string // FlagMD5, FlagSize; "" none
	ErrorClass string // of the last failure; codes of package media; "" none
	SHA256     []byte // of the bytes; nil unless ready. Everything below is zero then
	SizeBytes  int64
	MD5        string
	Mime       string // by the bytes, never by the name
	Looked     bool   // what follows is complete: the file was looked into
	Width      int64  // pixels as shown
	Height     int64
	DurationMS int64
	Pages      int64
	Waveform   []byte   // 48 bytes, loudness of equal stretches; nil: no sound
	Codes      []string // contents of QR codes in the picture
	Renditions []Rendition
	Again      bool // it is fetched again, and what is held is shown until that has come
}

// Rendition is a form of a file that browsers show.
type Rendition struct {
	Name          string // one of the constants below, or PagePrefix with the number from 1
	Mime          string
	SizeBytes     int64
	Width, Height int64
}

// Names of renditions.
const (
	RenditionThumb  = "thumb"  // JPEG, 320 px at most; of pictures and stickers
	RenditionLarge  = "large"  // JPEG, 1600 px at most, long ones (over 3:1) as many pixels as 1600 × 1200; of pictures over 4 megapixels or of formats browsers do not show
	RenditionPoster = "poster" // JPEG, 640 px at most; of videos
	RenditionAudio  = "audio"  // MP3, mono; of what browsers do not play
	PagePrefix      = "page-"  // JPEG, 1000 px wide; of documents
)

// FileID gives the id of the file that an sdkfileid names: a UUID made of the
// first 16 bytes of its SHA-256.
func FileID(sdkFileID string) string { return idOf(sdkFileID) }

// maxSDKFileID bounds ids of files, in bytes: WeCom's have up to some hundred.
const maxSDKFileID = 4096

// HasFile reports whether the file can be asked for: it has an id that WeCom may
// have made, and that was decoded as it came. Without one its state is FileNone.
func (m *Media) HasFile() bool {
	return m.SDKFileID != "" && len(m.SDKFileID) <= maxSDKFileID && !strings.ContainsAny(m.SDKFileID, "\x00\uFFFD")
}

// Medias calls do with every Media of c, in the order in which they stand there,
// those of nested parts included, together with the kind of its part.
func (c *Content) Medias(do func(kind ContentKind, m *Media)) {
	if c.Media != nil {
		do(c.Kind, c.Media)
	}
	for i := range c.Parts {
		c.Parts[i].Medias(do)
	}
	if c.Record != nil {
		for i := range c.Record.Items {
			c.Record.Items[i].Content.Medias(do)
		}
	}
}

// MediaPart gives the part of c that holds its file or link number pos: those
// that Places counts.
func (c *Content) MediaPart(pos int) (Content, bool) {
	var found Content
	ok := false
	c.Places(func(n int, part Content, _ MediaTab) {
		if n == pos {
			found, ok = part, true
		}
	})
	return found, ok
}

// Places calls do with each part of c that belongs in a tab, numbered from 0 in
// reading order. A part with several links is one for each, with that link only.
// What is forwarded or mixed counts like what was sent by itself.
func (c *Content) Places(do func(pos int, part Content, tab MediaTab)) {
	n := 0
	c.places(func(part Content, tab MediaTab) {
		do(n, part, tab)
		n++
	})
}

// tabs says where parts with a file or a link belong.
var tabs = map[ContentKind]MediaTab{
	ContentImage: TabVisual, ContentVideo: TabVisual, ContentFile: TabFile, ContentDocShare: TabFile, ContentVoice: TabVoice, ContentCall: TabVoice,
	ContentLink: TabLink, ContentWeapp: TabLink, ContentDoc: TabLink, ContentDriveFile: TabLink, ContentNews: TabLink,
}

func (c *Content) places(do func(part Content, tab MediaTab)) {
	if tab, ok := tabs[c.Kind]; ok {
		if c.Media != nil {
			do(*c, tab)
		}
		for _, l := range c.Links {
			part := *c
			part.Links = []Link{l}
			do(part, tab)
		}
	}
	for i := range c.Parts {
		c.Parts[i].places(do)
	}
	if c.Record != nil {
		for i := range c.Record.Items {
			c.Record.Items[i].Content.places(do)
		}
	}
}

// MediaTab is a tab of the files and links of a chat. The values are those of
// message_media.tab in the database and of the parameter tab in openapi.yaml.
type MediaTab string

// The tabs.
const (
	TabVisual MediaTab = "visual" // pictures, videos
	TabFile   MediaTab = "file"
	TabLink   MediaTab = "link"
	TabVoice  MediaTab = "voice" // voice messages and call recordings
	TabNone   MediaTab = "none"  // in no tab: stickers; they are fetched all the same
)

// MediaQuery asks for a page of a tab, newest first.
type MediaQuery struct {
	ConvID int64
	Tab    MediaTab
	Cursor string
	Around string // a message: its files or links, and half a page to both sides; "" for Cursor
	Newer  bool   // of the store: the page before the place instead of the one after it
	Limit  int    // 1 to 100
}

// MediaItem is one file or link of a chat.
type MediaItem struct {
	Entry // the message that it is part of
	Pos   int
	Part  Content // the part of the message: image, file, link …
}

// MediaPage is a page of a tab.
type MediaPage struct {
	Items []MediaItem
	Next  string // older ones
	Prev  string // newer ones; only of a page around a message, and of those that Prev led to
}

// FileStore reads what is known of files. Methods that read chats take a scope.
type FileStore interface {
	// FindFiles returns files by FileID; those that are not known are missing.
	// It gives no bytes and no names: whoever may read the message that names a
	// file may know how it stands.
	FindFiles(ctx context.Context, ids []string) (map[string]File, error)
	// FindConversationMedia returns places of a tab of one conversation in
	// scope, newest first, after a place (q.Newer: right before it), with the
	// messages that they are in.
	FindConversationMedia(ctx context.Context, s access.Scope, q MediaQuery, after MediaPlace) ([]MediaPlace, map[string]Message, error)
	// FindFileMessages returns the messages of these conversations, in scope,
	// that name a file, by conversation.
	FindFileMessages(ctx context.Context, s access.Scope, fileID string, convs []int64) (map[int64][]string, error)
}

// MediaPlace is a place in a tab: time, seq, message, position in it.
type MediaPlace struct {
	SentAt    time.Time `db:"msgtime"`
	Seq       int64     `db:"seq"`
	MessageID string    `db:"message_id"`
	Pos       int64     `db:"pos"`
}

// File returns a file of a message in scope, with that message.
func (s *Service) File(ctx context.Context, v access.Viewer, messageID, fileID string) (Entry, *Media, error) {
	e, err := s.Entry(ctx, v, messageID)
	if err != nil {
		return Entry{}, nil, err
	}
	var found *Media
	e.Content.Medias(func(_ ContentKind, m *Media) {
		if found == nil && m.HasFile() && FileID(m.SDKFileID) == fileID {
			found = m
		}
	})
	if found == nil {
		return Entry{}, nil, fault.NotFound("file")
	}
	return e, found, nil
}

// fillFiles looks up how the files of es stand, once for all of them. A file
// that is not known yet is pending.
func (s *Service) fillFiles(ctx context.Context, es []Entry) error {
	var ids []string
	each := func(do func(m *Media)) {
		for i := range es {
			es[i].Content.Medias(func(_ ContentKind, m *Media) {
				if m.HasFile() {
					do(m)
				}
			})
		}
	}
	each(func(m *Media) { ids = append(ids, FileID(m.SDKFileID)) })
	if len(ids) == 0 || s.Files == nil {
		return nil
	}
	files, err := s.Files.FindFiles(ctx, ids)
	if err != nil {
		return err
	}
	each(func(m *Media) {
		f, ok := files[FileID(m.SDKFileID)]
		if !ok {
			f = File{ID: FileID(m.SDKFileID), State: FilePending}
		}
		m.File = &f
	})
	return nil
}
