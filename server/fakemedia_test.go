package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/media"
)

const sdkFileID = "secret-file-id"

var fileID = archive.FileID(sdkFileID)

// fakeFiles keeps the tickets that it gave in memory, and the bytes too.
type fakeFiles struct {
	archive *fakeArchive

	mu       sync.Mutex
	now      time.Time
	given    map[string]givenTicket
	contents map[string]content // by form
	name     string             // of the file, as the message says
	opens    int
	open     int // not yet closed
	retried  []string
}

type givenTicket struct {
	media.Ticket
	viewer int64
	until  time.Time
}

type content struct {
	mime string
	data []byte
	from io.ReadSeeker // instead of data
}

func newFakeFiles(a *fakeArchive) *fakeFiles {
	return &fakeFiles{archive: a, given: map[string]givenTicket{}, now: noon, name: "a.pdf", contents: map[string]content{
		"":                      {mime: "application/pdf", data: randomBytes(70_000)},
		archive.RenditionThumb:  {mime: "image/jpeg", data: randomBytes(300)},
		archive.RenditionLarge:  {mime: "image/jpeg", data: randomBytes(3000)},
		archive.RenditionPoster: {mime: "image/jpeg", data: randomBytes(200)},
		archive.RenditionAudio:  {mime: "audio/mpeg", data: randomBytes(2000)},
		"page-1":                {mime: "image/jpeg", data: randomBytes(1000)},
		"page-2":                {mime: "image/jpeg", data: randomBytes(1000)},
	}}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func (f *fakeFiles) Link(v access.Viewer, t media.Ticket) (string, time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(fmt.Append(nil, v.ID, t))
	token, until := hex.EncodeToString(sum[:8]), f.now.Add(media.LinkFor)
	f.given[token] = givenTicket{Ticket: t, viewer: v.ID, until: until}
	return token, until
}

func (f *fakeFiles) Open(ctx context.Context, v access.Viewer, token string) (*media.Opened, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g, ok := f.given[token]
	if !ok || g.viewer != v.ID || f.now.After(g.until) {
		return nil, fault.NotFound("file")
	}
	e, _, err := f.archive.File(ctx, v, g.MessageID, g.FileID)
	if err != nil {
		return nil, fault.NotFound("file")
	}
	c, ok := f.contents[g.Form]
	if !ok {
		return nil, fault.NotFound("file")
	}
	f.opens++
	f.open++
	if c.from == nil {
		c.from = bytes.NewReader(c.data)
	}
	size, err := c.from.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := c.from.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(g.FileID))
	return &media.Opened{
		Ticket: g.Ticket, ConvID: e.ConvID, Content: &closeOnce{ReadSeeker: c.from, files: f}, SizeBytes: size, Mime: c.mime,
		Name: f.name, SHA256: sum[:],
	}, nil
}

// closeOnce counts what is open.
type closeOnce struct {
	io.ReadSeeker
	files *fakeFiles
	done  bool
}

func (c *closeOnce) Close() error {
	c.files.mu.Lock()
	defer c.files.mu.Unlock()
	if c.done {
		return errors.New("closed twice")
	}
	c.done = true
	c.files.open--
	return nil
}

func (f *fakeFiles) Retry(ctx context.Context, v access.Viewer, messageID, file string, _ audit.Origin) error {
	if _, _, err := f.archive.File(ctx, v, messageID, file); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.retried) > 0 {
		return &fault.Error{Code: fault.CodeConflict, Message: "the file is not given up"}
	}
	f.retried = append(f.retried, messageID+"/"+file)
	return nil
}

// counts gives how often a file was opened, and how many are open.
func (f *fakeFiles) counts() (opens, open int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opens, f.open
}

func (a *fakeArchive) Media(_ context.Context, v access.Viewer, q archive.MediaQuery) (archive.MediaPage, error) {
	page := archive.MediaPage{Next: "more"}
	a.entry.Content.Places(func(pos int, part archive.Content, tab archive.MediaTab) {
		if tab == q.Tab {
			page.Items = append(page.Items, archive.MediaItem{Entry: a.entry, Pos: pos, Part: part})
		}
	})
	return page, a.see(v, q.ConvID == 7, "conversation")
}

func (a *fakeArchive) File(_ context.Context, v access.Viewer, messageID, file string) (archive.Entry, *archive.Media, error) {
	err := a.see(v, messageID == a.entry.ID && file == fileID, "file")
	return a.entry, a.media(), err
}

// media is the one file of the one message.
func (a *fakeArchive) media() (found *archive.Media) {
	a.entry.Content.Medias(func(_ archive.ContentKind, m *archive.Media) {
		if found == nil && m.File != nil {
			found = m
		}
	})
	return found
}

// fullFile is a file with every form that a file can have.
func fullFile() *archive.File {
	return &archive.File{
		ID: fileID, State: archive.FileReady, Flag: archive.FlagMD5, ErrorClass: "retry", SHA256: randomBytes(32), SizeBytes: 70_000, MD5: "11", Mime: "application/pdf",
		Looked: true, Width: 8, Height: 9, DurationMS: 3001, Pages: 2, Waveform: []byte{0, 9, 255}, Codes: []string{"https://example.com/qr"},
		Renditions: []archive.Rendition{
			{Name: "page-2", Mime: "image/jpeg", SizeBytes: 1000, Width: 1000, Height: 1414},
			{Name: archive.RenditionThumb, Mime: "image/jpeg", SizeBytes: 300, Width: 320, Height: 240},
			{Name: archive.RenditionLarge, Mime: "image/jpeg", SizeBytes: 3000, Width: 1600, Height: 1200},
			{Name: archive.RenditionPoster, Mime: "image/jpeg", SizeBytes: 200, Width: 640, Height: 480},
			{Name: archive.RenditionAudio, Mime: "audio/mpeg", SizeBytes: 2000},
			{Name: "page-1", Mime: "image/jpeg", SizeBytes: 1000, Width: 1000, Height: 1415},
		},
	}
}

// viewerOf reads a viewer as they are in the database.
func (f *fixture) viewerOf(person string) access.Viewer {
	f.t.Helper()
	v := access.Viewer{Person: person}
	if err := f.db.Get(&v.ID, `SELECT id FROM viewers WHERE person = $1`, person); err != nil {
		f.t.Fatal(err)
	}
	return v
}
