package store_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/fault"
)

// Read from its end, the list is the same.
func TestMediaPagesBackwards(t *testing.T) {
	t.Parallel()
	f, lin, _ := album(t)
	boss := f.addViewer(t, "boss", "lin")
	page := func(newer bool, limit int, from archive.MediaPlace) []archive.MediaPlace {
		t.Helper()
		q := archive.MediaQuery{ConvID: lin.ConvID, Tab: archive.TabVisual, Newer: newer, Limit: limit}
		places, _, err := f.FindConversationMedia(t.Context(), boss.Scope(), q, from)
		if err != nil {
			t.Fatal(err)
		}
		return places
	}
	whole := page(false, 100, newest)
	for limit := 1; limit <= 4; limit++ {
		got := whole[len(whole)-1:]
		for {
			p := page(true, limit, got[0])
			got = slices.Concat(p, got)
			if len(p) < limit {
				break
			}
		}
		if diff := cmp.Diff(whole, got); diff != "" {
			t.Errorf("pages of %d (-whole +got):\n%s", limit, diff)
		}
	}
}

// Whatever message one begins at, and however small the pages are, reading on to
// both sides gives the whole list once.
func TestMediaAroundAMessage(t *testing.T) {
	t.Parallel()
	f, lin, wang := album(t)
	boss := f.addViewer(t, "boss", "lin")
	svc := &archive.Service{Store: f.DB, Files: f.DB, Decode: twoPictures}
	read := func(q archive.MediaQuery) archive.MediaPage {
		t.Helper()
		q.ConvID, q.Tab = lin.ConvID, archive.TabVisual
		page, err := svc.Media(t.Context(), boss, q)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	whole := places(read(archive.MediaQuery{Limit: 100}).Items)
	if len(whole) != 5 {
		t.Fatalf("%d pictures, want 5", len(whole))
	}
	for _, at := range whole {
		for limit := 1; limit <= 6; limit++ {
			page := read(archive.MediaQuery{Around: at.MessageID, Limit: limit})
			if !slices.ContainsFunc(page.Items, func(it archive.MediaItem) bool { return it.ID == at.MessageID }) {
				t.Errorf("around %s, pages of %d: the message is not in it", at.MessageID, limit)
			}
			got := page.Items
			for next := page.Next; next != ""; {
				older := read(archive.MediaQuery{Cursor: next, Limit: limit})
				got, next = append(got, older.Items...), older.Next
			}
			for prev := page.Prev; prev != ""; {
				newer := read(archive.MediaQuery{Cursor: prev, Limit: limit})
				got, prev = append(newer.Items, got...), newer.Prev
			}
			if limit > 1 {
				if diff := cmp.Diff(whole, places(got)); diff != "" {
					t.Errorf("around %s, pages of %d (-whole +got):\n%s", at.MessageID, limit, diff)
				}
			}
		}
	}
	for name, tt := range map[string]struct {
		v    access.Viewer
		q    archive.MediaQuery
		code string
	}{
		"a message of another chat": {boss, archive.MediaQuery{Around: wang.ID}, fault.CodeNotFound},
		"no message":                {boss, archive.MediaQuery{Around: "x"}, fault.CodeNotFound},
		"out of scope":              {f.addViewer(t, "other", "wang"), archive.MediaQuery{Around: lin.ID}, fault.CodeNotFound},
		"and a cursor":              {boss, archive.MediaQuery{Around: lin.ID, Cursor: "x"}, fault.CodeInvalid},
		"a wrong cursor":            {boss, archive.MediaQuery{Cursor: "x"}, fault.CodeInvalid},
	} {
		tt.q.ConvID, tt.q.Tab = lin.ConvID, archive.TabVisual
		if _, err := svc.Media(t.Context(), tt.v, tt.q); !fault.Is(err, tt.code) {
			t.Errorf("%s: %v, want %s", name, err, tt.code)
		}
	}
}

func twoPictures([]byte) archive.Content {
	picture := archive.Content{Kind: archive.ContentImage, Media: &archive.Media{}}
	return archive.Content{Kind: archive.ContentMixed, Parts: []archive.Content{picture, picture}}
}

type mediaPlace struct {
	MessageID string
	Pos       int
}

func places(items []archive.MediaItem) []mediaPlace {
	out := make([]mediaPlace, len(items))
	for i := range items {
		out[i] = mediaPlace{items[i].ID, items[i].Pos}
	}
	return out
}
