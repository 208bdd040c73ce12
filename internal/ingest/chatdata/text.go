package chatdata

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"huicun/internal/archive"
)

// textFields are the keys of fields that hold words, not numbers or times.
var textFields = map[string]bool{
	"title": true, "content": true, "option": true, "wish": true, "topic": true, "place": true, "remarks": true,
	"organiser": true, "attendee": true, "channel": true, "description": true, "room": true, "question": true,
}

// Text gives the readable text of a content of any kind, for previews, rules
// and search: no labels, so that a picture has none. Parts stand on lines of
// their own; of a reply the new text comes first, the quote after it.
func Text(c archive.Content) string {
	w := textWriter{left: maxTextRunes}
	w.content(c)
	return w.b.String()
}

type textWriter struct {
	b    strings.Builder
	left int // runes that still fit
}

func (w *textWriter) content(c archive.Content) {
	switch {
	case c.Text != nil:
		w.quoted(c.Text)
	case c.Media != nil && c.Kind != archive.ContentCall:
		w.line(c.Media.Name)
	case c.Card != nil:
		w.line(c.Card.CorpName)
	case c.Location != nil:
		w.line(c.Location.Title)
		w.line(c.Location.Address)
	case c.Record != nil:
		w.record(c.Record)
	}
	for _, l := range c.Links {
		w.line(l.Title)
		w.line(l.Description)
		if c.Kind == archive.ContentWeapp {
			w.line(l.Source)
		}
	}
	for _, share := range c.Shares {
		w.line(share.Document)
	}
	for _, part := range c.Parts {
		w.content(part)
	}
	for _, f := range c.Fields {
		if textFields[f.Key] {
			w.line(f.Value)
		}
	}
	if c.Kind == archive.ContentMarkdown {
		w.line(withoutMarkup(c.Notice))
		return
	}
	w.line(c.Notice)
}

// Markup of WeCom's markdown: links, and what stands around words for emphasis,
// quotes, headings and colours.
var (
	markdownLink  = regexp.MustCompile(`\[([^\]\n]*)\]\(([^)\s]*)\)`)
	markdownName  = regexp.MustCompile(`<(@[^<>@\s]{1,64})>`)
	markdownMarks = regexp.MustCompile("(?m)</?font[^>\\n]*>|\\*\\*|`|^[ \\t]*(?:>|#{1,6} )[ \\t]*")
)

// withoutMarkup gives the words of a markdown text as they are read; people by
// their userids, since names are not known here.
func withoutMarkup(s string) string {
	s = markdownName.ReplaceAllString(markdownLink.ReplaceAllString(s, "$1 $2"), "$1")
	return markdownMarks.ReplaceAllString(s, "")
}

func (w *textWriter) quoted(t *archive.Text) {
	w.line(t.Body)
	if t.Quote == nil {
		return
	}
	if t.Quote.Author == "" {
		w.line(t.Quote.Body)
		return
	}
	w.line(t.Quote.Author + "：" + t.Quote.Body)
}

func (w *textWriter) record(r *archive.Record) {
	w.line(r.Title)
	for _, item := range r.Items {
		w.content(item.Content)
	}
}

// line adds s on a line of its own, as much of it as fits.
func (w *textWriter) line(s string) {
	if s == "" || w.left <= 0 {
		return
	}
	if w.b.Len() > 0 {
		w.b.WriteByte('\n')
		w.left--
	}
	if n := utf8.RuneCountInString(s); n <= w.left {
		w.left -= n
		w.b.WriteString(s)
		return
	}
	for i := range s {
		if w.left <= 0 {
			w.b.WriteString(s[:i])
			return
		}
		w.left--
	}
}
