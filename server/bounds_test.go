package server

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/directory"
	"huicun/internal/media"
	"huicun/internal/rules"
)

func TestFirstRunes(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		n        int
		want     string
	}{
		{"nothing", "", 3, ""},
		{"all of a short text", "回扣", 2, "回扣"},
		{"characters, not bytes", "回扣给您", 3, "回扣给"},
		{"bytes that are no UTF-8", "\xff\xffab", 3, "\xff\xffa"},
		{"no room", "ab", 0, ""},
	} {
		if got := firstRunes(tt.in, tt.n); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A message of 1 MB whose sender has a name of 1 MB is a small answer.
func TestMessageIsBounded(t *testing.T) {
	long := strings.Repeat("张", 350_000)
	e := archive.Entry{
		Message: archive.Message{Text: long},
		Sender:  directory.Person{Kind: directory.KindCustomer, Name: long, CorpName: long},
		Content: archive.Content{
			Kind: archive.ContentText, Notice: long,
			Text:   &archive.Text{Body: long, Quote: &archive.Quote{Author: long, Body: long}},
			Media:  &archive.Media{Name: long, Ext: long, MD5: long, File: boundedFile()},
			Links:  []archive.Link{{Title: long, Description: long, URL: long, Source: long}},
			Fields: []archive.Field{{Key: "title", Value: long}},
			Record: &archive.Record{Title: long},
		},
	}
	b, err := json.Marshal(shower{files: longLinks{}}.message(e))
	if err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCount(b); n > 7*maxShownRunes {
		t.Errorf("a message of %d characters, want at most %d", n, 7*maxShownRunes)
	}
}

// longLinks gives links as long as they get.
type longLinks struct{ media.Files }

func (longLinks) Link(access.Viewer, media.Ticket) (string, time.Time) {
	return strings.Repeat("x", 140), time.Time{}
}

// boundedFile has every form and as many codes as a picture can show.
func boundedFile() *archive.File {
	f := &archive.File{State: archive.FileReady, Mime: "image/png", Waveform: make([]byte, 48), Codes: slices.Repeat([]string{strings.Repeat("码", 400)}, 500)}
	for _, name := range []string{archive.RenditionThumb, archive.RenditionLarge, archive.RenditionPoster, archive.RenditionAudio} {
		f.Renditions = append(f.Renditions, archive.Rendition{Name: name, Mime: "image/jpeg"})
	}
	for n := range 20 {
		f.Renditions = append(f.Renditions, archive.Rendition{Name: archive.PagePrefix + strconv.Itoa(n+1)})
	}
	return f
}

// A forwarded record of a hundred pictures is an answer for a phone, too: the
// links of a file are of one size, however many forms it has.
func TestManyFilesAreBounded(t *testing.T) {
	e := archive.Entry{Content: archive.Content{Kind: archive.ContentChatRecord, Record: &archive.Record{}}}
	for range 100 {
		f := boundedFile()
		f.Codes = nil
		e.Content.Record.Items = append(e.Content.Record.Items, archive.RecordItem{
			Content: archive.Content{Kind: archive.ContentImage, Media: &archive.Media{Name: "a.png", File: f}},
		})
	}
	b, err := json.Marshal(shower{files: longLinks{}}.message(e))
	if err != nil {
		t.Fatal(err)
	}
	if most := 100 * 1600; len(b) > most || len(b) < 100*500 {
		t.Errorf("%d bytes, want at most %d, and links", len(b), most)
	}
}

func TestExcerptKeepsTheHit(t *testing.T) {
	evidence := strings.Repeat("甲", 1000) + "回扣" + strings.Repeat("乙", 10_000)
	hit := []rules.Span{{Start: 3000, End: 3006}}
	if got, want := excerpt(evidence, hit), evidence[:3006]+strings.Repeat("乙", afterHitRunes); got != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	for _, spans := range [][]rules.Span{nil, {{Start: 5, End: -1}}} {
		if got, want := excerpt(evidence, spans), strings.Repeat("甲", afterHitRunes); got != want {
			t.Errorf("%v: %d bytes, want %d", spans, len(got), len(want))
		}
	}
	if got := excerpt("回扣", []rules.Span{{Start: 0, End: 99}}); got != "回扣" {
		t.Errorf("a span outside: %q", got)
	}
}
