package server

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/media"
	"huicun/server/api"
)

// shower maps messages for one viewer: links to files are for nobody else.
type shower struct {
	files  media.Files
	viewer access.Viewer
}

func (s *Server) shower(v access.Viewer) shower { return shower{files: s.Files, viewer: v} }

// ListConversationMedia answers GET /conversations/{id}/media.
func (s *Server) ListConversationMedia(ctx context.Context, req api.ListConversationMediaRequestObject) (api.ListConversationMediaResponseObject, error) {
	ctx, r := caller(ctx)
	conv, err := number(req.ConversationId, "conversation")
	if err != nil {
		return nil, err
	}
	page, err := s.Archive.Media(ctx, r.viewer, archive.MediaQuery{
		ConvID: conv, Tab: archive.MediaTab(req.Params.Tab), Cursor: value(req.Params.Cursor), Limit: value(req.Params.Limit),
	})
	if err != nil {
		return nil, err
	}
	if err := s.recordRead(ctx, r, conv); err != nil {
		return nil, err
	}
	show := s.shower(r.viewer)
	return api.ListConversationMedia200JSONResponse{Items: mapAll(page.Items, show.mediaItem), Next: optional(page.Next)}, nil
}

func (s shower) mediaItem(it archive.MediaItem) api.MediaItem {
	return api.MediaItem{
		MessageId: it.ID, ConversationId: text(it.ConvID), SentAt: it.SentAt.UTC(), Sender: newPerson(it.Sender),
		Revoked: newRevoked(it.Revoked), Pos: it.Pos, Content: s.content(it.Part, it.Entry),
	}
}

// GetMessageFile answers GET /messages/{id}/files/{id}.
func (s *Server) GetMessageFile(ctx context.Context, req api.GetMessageFileRequestObject) (api.GetMessageFileResponseObject, error) {
	ctx, r := caller(ctx)
	f, err := s.messageFile(ctx, r, req.MessageId, req.FileId)
	return api.GetMessageFile200JSONResponse(f), err
}

// RetryMessageFile answers POST /messages/{id}/files/{id}/retry.
func (s *Server) RetryMessageFile(ctx context.Context, req api.RetryMessageFileRequestObject) (api.RetryMessageFileResponseObject, error) {
	ctx, r := caller(ctx)
	if err := adminOnly(r.viewer); err != nil {
		return nil, err
	}
	if err := s.Files.Retry(ctx, r.viewer, req.MessageId, req.FileId, r.origin()); err != nil {
		return nil, err
	}
	f, err := s.messageFile(ctx, r, req.MessageId, req.FileId)
	return api.RetryMessageFile200JSONResponse(f), err
}

func (s *Server) messageFile(ctx context.Context, r *request, messageID, fileID string) (api.MessageFile, error) {
	e, m, err := s.Archive.File(ctx, r.viewer, messageID, fileID)
	if err != nil {
		return api.MessageFile{}, err
	}
	if err := s.recordRead(ctx, r, e.ConvID); err != nil {
		return api.MessageFile{}, err
	}
	show := s.shower(r.viewer)
	return api.MessageFile{
		MessageId: e.ID, ConversationId: text(e.ConvID), Media: *show.media(m, e), Pages: show.pages(m.File, e),
	}, nil
}

// media maps a file with links for the viewer.
func (s shower) media(m *archive.Media, e archive.Entry) *api.MediaContent {
	if m == nil {
		return nil
	}
	out := &api.MediaContent{
		Name: optional(named(m.Name)), Ext: optional(named(m.Ext)), SizeBytes: optional(m.SizeBytes),
		DurationSeconds: optional(int(m.DurationSeconds)), Width: optional(int(m.Width)), Height: optional(int(m.Height)),
		Md5: optional(named(m.MD5)), State: api.MediaContentState(archive.FileNone),
	}
	f := m.File
	if f == nil {
		return out
	}
	out.Id, out.State = optional(f.ID), api.MediaContentState(f.State)
	out.ErrorClass = optional(api.MediaContentErrorClass(f.ErrorClass))
	if f.State != archive.FileReady {
		return out
	}
	out.SizeBytes, out.Mime, out.Looked = &f.SizeBytes, optional(f.Mime), optional(f.Looked)
	out.Flag = optional(api.MediaContentFlag(f.Flag))
	if f.Width > 0 && f.Height > 0 {
		out.Width, out.Height = optional(int(f.Width)), optional(int(f.Height))
	}
	if f.DurationMS > 0 {
		out.DurationSeconds = optional(int((f.DurationMS + 999) / 1000))
	}
	out.Pages = optional(int(f.Pages))
	out.Codes = optionalList(mapAll(f.Codes, shown))
	out.Waveform = optionalList(mapAll(f.Waveform, func(b byte) int { return int(b) }))
	s.links(out, f, e)
	return out
}

// links fills in where the bytes are to be had.
func (s shower) links(out *api.MediaContent, f *archive.File, e archive.Entry) {
	link := func(form string, download bool) *string {
		token, until := s.files.Link(s.viewer, media.Ticket{MessageID: e.ID, FileID: f.ID, Form: form, Download: download})
		out.LinksUntil = &until
		return optional(apiBase + "/media/" + token)
	}
	out.DownloadUrl = link("", true)
	if shownInline(f.Mime) {
		out.Url = link("", false)
	}
	for _, r := range f.Renditions {
		switch r.Name {
		case archive.RenditionThumb:
			out.ThumbUrl = link(r.Name, false)
		case archive.RenditionLarge:
			out.LargeUrl = link(r.Name, false)
			if out.Url == nil {
				out.Url = out.LargeUrl
			}
		case archive.RenditionPoster:
			out.PosterUrl = link(r.Name, false)
		case archive.RenditionAudio:
			out.Url = link(r.Name, false)
		}
	}
}

// pages are the pictures of a document's pages, in order.
func (s shower) pages(f *archive.File, e archive.Entry) []api.PagePicture {
	pages := []api.PagePicture{}
	if f == nil {
		return pages
	}
	byName := map[string]archive.Rendition{}
	for _, r := range f.Renditions {
		byName[r.Name] = r
	}
	for n := 1; ; n++ {
		r, ok := byName[archive.PagePrefix+strconv.Itoa(n)]
		if !ok {
			return pages
		}
		token, _ := s.files.Link(s.viewer, media.Ticket{MessageID: e.ID, FileID: f.ID, Form: r.Name})
		pages = append(pages, api.PagePicture{Url: apiBase + "/media/" + token, Width: int(r.Width), Height: int(r.Height)})
	}
}

// inline are the types that a browser shows or plays and that cannot run
// anything. SVG and HTML are not among them.
var inline = map[string]bool{
	"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true,
	"audio/mpeg": true, "audio/mp4": true, "audio/wav": true, "audio/ogg": true, "video/mp4": true, "video/webm": true,
}

func shownInline(mimeType string) bool { return inline[mimeType] }

// GetMedia answers GET /media/{token}.
func (s *Server) GetMedia(ctx context.Context, req api.GetMediaRequestObject) (api.GetMediaResponseObject, error) {
	hr, _ := ctx.Value(gin.ContextRequestKey).(*http.Request)
	ctx, r := caller(ctx)
	f, err := s.Files.Open(ctx, r.viewer, req.Token)
	if err != nil {
		return nil, err
	}
	if err := s.recordOpened(ctx, r, f, value(req.Params.Range)); err != nil {
		_ = f.Content.Close()
		return nil, err
	}
	return &openedMedia{f, hr}, nil
}

// recordOpened notes who opens a file: not for a small picture, which is part
// of reading the chat, nor for the further parts of what is being played.
func (s *Server) recordOpened(ctx context.Context, r *request, f *media.Opened, ranges string) error {
	if f.Form == archive.RenditionThumb || f.Form == archive.RenditionPoster {
		return s.recordRead(ctx, r, f.ConvID)
	}
	if ranges != "" && !strings.HasPrefix(ranges, "bytes=0-") {
		return s.Audit.RecordOnce(ctx, r.origin().Entry(audit.FileOpened, "file:"+f.FileID, openedDetail(f)))
	}
	return s.Audit.Record(ctx, r.origin().Entry(audit.FileOpened, "file:"+f.FileID, openedDetail(f)))
}

func openedDetail(f *media.Opened) map[string]any {
	return map[string]any{"message": f.MessageID, "conversation": text(f.ConvID), "form": f.Form, "download": f.Download}
}

// openedMedia writes a file, or the range of it that was asked for.
type openedMedia struct {
	*media.Opened
	req *http.Request
}

// VisitGetMediaResponse implements api.GetMediaResponseObject.
func (m *openedMedia) VisitGetMediaResponse(w http.ResponseWriter) error {
	defer func() { _ = m.Content.Close() }()
	h := w.Header()
	kind, disposition := m.Mime, "inline"
	if m.Download || !shownInline(kind) {
		kind, disposition = "application/octet-stream", "attachment"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", contentDisposition(disposition, m.Name))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", cacheFor(m.Form))
	h.Set("ETag", fmt.Sprintf(`"%x-%s"`, m.SHA256[:8], m.Form))
	http.ServeContent(w, m.req, "", m.StoredAt, m.Content)
	return nil
}

// cacheFor lets the viewer's own browser keep small pictures for a while.
func cacheFor(form string) string {
	if form == archive.RenditionThumb || form == archive.RenditionPoster {
		return "private, max-age=600"
	}
	return "private, no-store"
}

// longestFileName is what file systems take, in bytes.
const longestFileName = 200

// contentDisposition names a file for saving. Names come from strangers: no
// path, no control characters, nothing that turns the text around.
func contentDisposition(disposition, name string) string {
	name = path.Base(strings.ReplaceAll(named(name), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(name, ".")
	if ext := path.Ext(name); len(name) > longestFileName && len(ext) <= 20 {
		name = strings.ToValidUTF8(name[:longestFileName-len(ext)], "") + ext
	} else if len(name) > longestFileName {
		name = strings.ToValidUTF8(name[:longestFileName], "")
	}
	if name == "" {
		name = "file"
	}
	if v := mime.FormatMediaType(disposition, map[string]string{"filename": name}); v != "" {
		return v
	}
	return disposition + "; filename*=UTF-8''" + url.PathEscape(name)
}
