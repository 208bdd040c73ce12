package server

import (
	"context"
	"strconv"
	"strings"

	"huicun/internal/access"
	"huicun/internal/archive"
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
		ConvID: conv, Tab: archive.MediaTab(req.Params.Tab), Cursor: value(req.Params.Cursor), Around: value(req.Params.Around),
		Limit: value(req.Params.Limit),
	})
	if err != nil {
		return nil, err
	}
	if err := s.recordRead(ctx, r, conv); err != nil {
		return nil, err
	}
	show := s.shower(r.viewer)
	return api.ListConversationMedia200JSONResponse{Items: mapAll(page.Items, show.mediaItem), Next: optional(page.Next), Prev: optional(page.Prev)}, nil
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
	out.Refetching = optional(f.Again)
	out.Flag = optional(api.MediaContentFlag(f.Flag))
	if f.Width > 0 && f.Height > 0 {
		out.Width, out.Height = optional(int(f.Width)), optional(int(f.Height))
	}
	if f.DurationMS > 0 {
		out.DurationSeconds = optional(int((f.DurationMS + 999) / 1000))
	}
	out.Pages = optional(int(f.Pages))
	out.Codes = optionalList(mapAll(f.Codes[:min(len(f.Codes), maxCodes)], shown))
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
	if shownInline(f.Mime) && !undrawable(f) {
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

// undrawable reports whether f is a picture of which nothing could be made here: a
// few bytes that stand for gigabytes of pixels, or none at all. No browser is to
// decode it unasked.
func undrawable(f *archive.File) bool {
	return strings.HasPrefix(f.Mime, "image/") && f.Looked && len(f.Renditions) == 0
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
