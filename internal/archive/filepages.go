package archive

import (
	"context"

	"huicun/internal/access"
	"huicun/internal/cursor"
	"huicun/internal/fault"
)

// Names of the lists of files in their cursors: towards older and newer ones.
const (
	mediaList      = "media"
	newerMediaList = "media-newer"
)

// Media returns a page of the files or links of a conversation.
func (s *Service) Media(ctx context.Context, v access.Viewer, q MediaQuery) (MediaPage, error) {
	var err error
	if q.Limit, err = limitOf(q.Limit); err != nil {
		return MediaPage{}, err
	}
	from, newer, err := mediaStart(q)
	if err != nil {
		return MediaPage{}, err
	}
	q.Newer = newer
	ok, err := s.Store.HasConversation(ctx, v.Scope(), q.ConvID)
	if err != nil || !ok {
		return MediaPage{}, orNotFound(err, "conversation")
	}
	if q.Around != "" {
		return s.mediaAround(ctx, v, q)
	}
	return s.mediaFrom(ctx, v, q, from)
}

// mediaStart gives the place that a page begins at, and whether it leads to newer
// ones.
func mediaStart(q MediaQuery) (from MediaPlace, newer bool, err error) {
	if q.Around != "" && q.Cursor != "" {
		return from, false, fault.Invalid("around", "not together with cursor")
	}
	if q.Cursor == "" {
		return MediaPlace{SentAt: endOfTime(q.ConvID).SentAt, MessageID: largestID}, false, nil
	}
	if from, err = mediaPlaceOf(q.Cursor, mediaList); err != nil {
		from, err = mediaPlaceOf(q.Cursor, newerMediaList)
		newer = true
	}
	return from, newer, err
}

func mediaPlaceOf(text, list string) (MediaPlace, error) {
	var p MediaPlace
	if err := cursor.Decode(text, list, &p.SentAt, &p.Seq, &p.MessageID, &p.Pos); err != nil {
		return p, err
	}
	if !ValidID(p.MessageID) {
		return p, fault.Invalid("cursor", "not a cursor of this list")
	}
	return p, nil
}

func (p MediaPlace) cursor(list string) string {
	return cursor.Encode(list, p.SentAt, p.Seq, p.MessageID, p.Pos)
}

// mediaFrom returns the page at a place.
func (s *Service) mediaFrom(ctx context.Context, v access.Viewer, q MediaQuery, from MediaPlace) (MediaPage, error) {
	places, found, err := s.Files.FindConversationMedia(ctx, v.Scope(), q, from)
	if err != nil {
		return MediaPage{}, err
	}
	items, err := s.mediaItems(ctx, v, places, found)
	page := MediaPage{Items: items}
	if err != nil || len(places) < q.Limit {
		return page, err
	}
	if q.Newer {
		page.Prev = places[0].cursor(newerMediaList)
	} else {
		page.Next = places[len(places)-1].cursor(mediaList)
	}
	return page, nil
}

// mediaAround returns the files or links of a message with those to both sides.
func (s *Service) mediaAround(ctx context.Context, v access.Viewer, q MediaQuery) (MediaPage, error) {
	m, err := s.message(ctx, v.Scope(), q.Around)
	if err != nil {
		return MediaPage{}, err
	}
	if m.ConvID != q.ConvID {
		return MediaPage{}, fault.NotFound("message")
	}
	// Right before what the message itself has.
	at := MediaPlace{SentAt: m.SentAt, Seq: m.Seq, MessageID: m.ID, Pos: -1}
	newer, older := q, q
	newer.Newer, newer.Limit = true, q.Limit/2
	older.Limit = q.Limit - newer.Limit
	page, err := s.mediaFrom(ctx, v, older, at)
	if err != nil || newer.Limit == 0 {
		return page, err
	}
	before, err := s.mediaFrom(ctx, v, newer, at)
	page.Items = append(before.Items, page.Items...)
	page.Prev = before.Prev
	return page, err
}

// mediaItems gives what stands at places, of the messages found for them.
func (s *Service) mediaItems(ctx context.Context, v access.Viewer, places []MediaPlace, found map[string]Message) ([]MediaItem, error) {
	ms := make([]Message, 0, len(found))
	for _, m := range found {
		ms = append(ms, m)
	}
	es, err := s.entries(ctx, v.Scope(), ms)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*Entry, len(es))
	for i := range es {
		byID[es[i].ID] = &es[i]
	}
	items := []MediaItem{}
	for _, p := range places {
		e, ok := byID[p.MessageID]
		if !ok {
			continue
		}
		if part, ok := e.Content.MediaPart(int(p.Pos)); ok {
			items = append(items, MediaItem{Entry: *e, Pos: int(p.Pos), Part: part})
		}
	}
	return items, nil
}
