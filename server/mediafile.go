package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/media"
	"huicun/server/api"
)

const (
	// mediaWrite bounds how long a reader may take for 32 KiB of a file. A
	// player that was paused for longer asks for the rest when it goes on.
	mediaWrite = time.Minute
	// maxOpenMedia is how many files one session may be reading at a time, small
	// pictures not counted.
	maxOpenMedia = 64
	// mediaPolicy lets a file that is opened by itself do nothing at all.
	mediaPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox"
)

// GetMedia answers GET /media/{token}.
func (s *Server) GetMedia(ctx context.Context, req api.GetMediaRequestObject) (api.GetMediaResponseObject, error) {
	hr, _ := ctx.Value(gin.ContextRequestKey).(*http.Request)
	ctx, r := caller(ctx)
	f, err := s.Files.Open(ctx, r.viewer, req.Token)
	if err != nil {
		return nil, err
	}
	m := s.newMeter(r.viewer.ID)
	ranges := value(req.Params.Range)
	if ranges == firstByte && hr.Header.Get("If-Range") != "" {
		ranges = "" // all of it may be answered
	}
	done, err := s.startMedia(ctx, r, f, m, ranges)
	if err != nil {
		_ = f.Content.Close()
		return nil, err
	}
	return &openedMedia{Opened: f, s: s, req: hr, meter: m, done: done}, nil
}

// startMedia counts and notes who opens a file. done is to be called once. Small
// pictures are counted as requests only.
func (s *Server) startMedia(ctx context.Context, r *request, f *media.Opened, m *meter, ranges string) (done func(), err error) {
	if partOfReading(f.Form) {
		m.limit.Rate = 0
		return func() {}, s.recordRead(ctx, r, f.ConvID)
	}
	if wait := s.limits.allow(ctx, "files:"+r.sessionKey(), s.rates.files, 1); wait > 0 {
		return nil, tooMany(wait, "too many files opened")
	}
	if wait := m.begin(ctx); wait > 0 {
		return nil, tooMany(wait, "too many bytes of files read")
	}
	done, ok := s.reading.begin(string(r.session.ID))
	if !ok {
		return nil, tooMany(openPause, "too many files open at a time")
	}
	if err := s.recordOpened(ctx, r, f, ranges); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// partOfReading: a small picture is part of reading the chat that it stands in.
func partOfReading(form string) bool {
	return form == archive.RenditionThumb || form == archive.RenditionPoster
}

// firstByte is the range of who only asks whether a file may be had, before it
// is saved: nothing of it is shown.
const firstByte = "bytes=0-0"

// recordOpened notes that a file is opened, each time, but not each further part
// of what is being played or saved, nor its first byte alone.
func (s *Server) recordOpened(ctx context.Context, r *request, f *media.Opened, ranges string) error {
	if ranges == firstByte {
		return nil
	}
	e := r.origin().Entry(audit.FileOpened, "file:"+f.FileID, map[string]any{
		"message": f.MessageID, "conversation": text(f.ConvID), "form": f.Form, "download": f.Download,
	})
	if furtherPart(ranges) {
		return s.Audit.RecordOnce(ctx, e)
	}
	return s.Audit.RecordFirst(ctx, e)
}

// furtherPart: players begin at byte 0, some of them with a look at the first
// two bytes.
func furtherPart(ranges string) bool {
	from, ok := strings.CutPrefix(strings.ReplaceAll(ranges, " ", ""), "bytes=")
	return ok && (!strings.HasPrefix(from, "0-") || from == "0-1")
}

// openCounts counts the files that sessions are reading.
type openCounts struct {
	mu        sync.Mutex
	bySession map[string]int
}

// begin counts one more; ok is false when that is too many. done counts it off.
func (c *openCounts) begin(session string) (done func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bySession[session] >= maxOpenMedia {
		return nil, false
	}
	if c.bySession == nil {
		c.bySession = map[string]int{}
	}
	c.bySession[session]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.bySession[session]--; c.bySession[session] == 0 {
			delete(c.bySession, session)
		}
	}, true
}

// openedMedia writes a file, or the range of it that was asked for.
type openedMedia struct {
	*media.Opened
	s     *Server
	req   *http.Request
	meter *meter
	done  func()
}

// VisitGetMediaResponse implements api.GetMediaResponseObject.
func (m *openedMedia) VisitGetMediaResponse(w http.ResponseWriter) error {
	defer m.done()
	defer func() { _ = m.Content.Close() }()
	kind, disposition := m.Mime, "inline"
	if m.Download || !shownInline(kind) {
		kind, disposition = "application/octet-stream", "attachment"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", contentDisposition(disposition, m.fileName(disposition)))
	h.Set("Content-Security-Policy", mediaPolicy)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", cacheFor(m.Form))
	h.Set("ETag", fmt.Sprintf(`"%x-%d-%s"`, m.SHA256[:min(8, len(m.SHA256))], m.SizeBytes, m.Form))
	content := &watchedContent{ReadSeeker: m.Content}
	slow := slowWriter{w, m.req.Context(), http.NewResponseController(w), m.s.mediaWrite, m.meter}
	http.ServeContent(slow, m.req, "", time.Time{}, content)
	if content.err != nil && m.req.Context().Err() == nil {
		// The length was told before: the reader notices that bytes are missing.
		slog.ErrorContext(m.req.Context(), "file not read to its end", "file_id", m.FileID, "form", m.Form, "err", content.err,
			"request_id", requestOf(m.req.Context()).id)
	}
	return nil
}

// fileName is the name under which the file is saved. What is not the file itself
// has a type of its own, and what is shown never a name of another type: it
// would be opened as that from the disk. Pictures, voices and videos come without
// a name: theirs has the ending of what they are, where that can run nothing.
func (m *openedMedia) fileName(disposition string) string {
	if m.Form == "" && disposition == "attachment" {
		if m.Name == "" {
			return unnamedFile + cmp.Or(inline[m.Mime], saved[m.Mime])
		}
		return m.Name
	}
	if m.Form != "" {
		return withoutExt(safeFileName(m.Name)) + inline[m.Mime]
	}
	return withExt(safeFileName(m.Name), inline[m.Mime])
}

// watchedContent remembers why reading failed, which http.ServeContent does not
// tell.
type watchedContent struct {
	io.ReadSeeker
	err error
}

func (c *watchedContent) Read(p []byte) (int, error) {
	n, err := c.ReadSeeker.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// slowWriter drops a reader that takes too long, and slows one down that takes
// too much.
type slowWriter struct {
	http.ResponseWriter
	ctx   context.Context
	rc    *http.ResponseController
	each  time.Duration
	meter *meter
}

// Write gives up when p is not taken in time.
func (w slowWriter) Write(p []byte) (int, error) {
	if err := w.meter.pay(w.ctx, len(p)); err != nil {
		return 0, err
	}
	if err := w.rc.SetWriteDeadline(time.Now().Add(w.each)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}

// cacheFor lets the viewer's own browser keep small pictures for a while.
func cacheFor(form string) string {
	if partOfReading(form) {
		return "private, max-age=600"
	}
	return "private, no-store"
}
