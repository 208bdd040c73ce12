package server

import (
	"time"

	"huicun/internal/archive"
	"huicun/server/api"
)

// content maps what a message says; e is the message that it belongs to.
func (s shower) content(c archive.Content, e archive.Entry) api.Content {
	out := api.Content{
		Kind: api.ContentKind(c.Kind), Text: newText(c.Text), Media: s.media(c.Media, e), Location: newLocation(c.Location),
		Record: s.record(c.Record, e), Notice: optional(shown(notice(c, e))),
	}
	if !out.Kind.Valid() {
		out.Kind = api.ContentKind(archive.ContentUnsupported)
	}
	if c.Revoke != nil {
		out.Revoke = &api.RevokeContent{MessageId: optional(e.RevokesID)}
	}
	if c.Consent != nil {
		out.Consent = &api.ConsentContent{
			Agreed: c.Consent.Agreed, Person: newPerson(personOf(e, c.Consent.Person)), At: optionalTime(c.Consent.At),
		}
	}
	if c.Card != nil {
		out.Card = &api.CardContent{Person: newPerson(personOf(e, c.Card.Person)), CorpName: optional(named(c.Card.CorpName))}
	}
	out.Links = optionalList(mapAll(c.Links, newLink))
	out.Shares = optionalList(mapAll(c.Shares, func(sh archive.Share) api.Share { return newShare(sh, e) }))
	out.Parts = optionalList(mapAll(c.Parts, func(p archive.Content) api.Content { return s.content(p, e) }))
	out.Fields = optionalList(mapAll(c.Fields, func(f archive.Field) api.Field { return api.Field{Key: f.Key, Value: shown(f.Value)} }))
	return out
}

// notice gives the text of c, and a Markdown with the names that people had then.
func notice(c archive.Content, e archive.Entry) string {
	if c.Kind != archive.ContentMarkdown {
		return c.Notice
	}
	return archive.WithMentions(c.Notice, func(person string) string {
		if p := e.People[person]; p.Name != p.ID {
			return p.Name
		}
		return ""
	})
}

// newShare maps what was shown in a call; its place in the recording is known
// where the recording begins with the message.
func newShare(sh archive.Share, e archive.Entry) api.Share {
	out := api.Share{Document: optional(named(sh.Document)), StartsAt: optionalTime(sh.StartsAt), EndsAt: optionalTime(sh.EndsAt)}
	if sh.Person != "" {
		out.Person = personOrNil(personOf(e, sh.Person))
	}
	if e.TimeSource == archive.TimeFromMsgTime && sh.StartsAt.After(e.SentAt) {
		out.OffsetSeconds = optional(int(sh.StartsAt.Sub(e.SentAt) / time.Second))
	}
	return out
}

// optionalList gives nil for an empty list, which the API leaves out.
func optionalList[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

func newText(t *archive.Text) *api.TextContent {
	if t == nil {
		return nil
	}
	out := &api.TextContent{Body: shown(t.Body)}
	if t.Quote != nil {
		out.Quote = &api.Quote{Author: named(t.Quote.Author), Body: shown(t.Quote.Body)}
	}
	return out
}

func newLocation(l *archive.Location) *api.LocationContent {
	if l == nil {
		return nil
	}
	return &api.LocationContent{
		Title: optional(named(l.Title)), Address: optional(named(l.Address)), Latitude: &l.Latitude, Longitude: &l.Longitude,
		Zoom: optional(int(l.Zoom)),
	}
}

func newLink(l archive.Link) api.LinkContent {
	return api.LinkContent{
		Title: named(l.Title), Description: optional(named(l.Description)), Url: optional(shown(l.URL)), Source: optional(named(l.Source)),
	}
}

func (s shower) record(r *archive.Record, e archive.Entry) *api.RecordContent {
	if r == nil {
		return nil
	}
	items := mapAll(r.Items, func(it archive.RecordItem) api.RecordItem {
		return api.RecordItem{
			SentAt: optionalTime(it.SentAt), FromChatroom: optional(it.FromChatroom), Content: s.content(it.Content, e),
		}
	})
	return &api.RecordContent{Title: named(r.Title), Items: items, Truncated: optional(r.Truncated)}
}
