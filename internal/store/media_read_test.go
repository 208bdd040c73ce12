package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/media"
)

// album is a chat of lin with pictures, and one of wang, with their places.
func album(t *testing.T) (f fixture, lin, wang archive.Message) {
	t.Helper()
	f = newFixture(t)
	ms := []archive.Decoded{picture(1, "m1", "lin", "wmA", "x"), picture(2, "m2", "lin", "wmA", "y"), picture(3, "m3", "wang", "wmB", "x"), picture(4, "m4", "lin", "wmA", "z")}
	ms[3].SentAt, ms[3].Seq = ms[1].SentAt, ms[1].Seq // at once with m2
	f.save(t, batch(0, ms...))
	rows, err := f.FindMediaMessages(t.Context(), access.System(), 1, -1, "", 10)
	if err != nil || len(rows) != 4 {
		t.Fatalf("FindMediaMessages = %d, %v", len(rows), err)
	}
	var refs []media.Ref
	for _, m := range rows {
		d := archive.Decoded{Message: m}
		name := map[string]string{"m1": "x", "m2": "y", "m3": "x", "m4": "z"}[m.MsgID]
		refs = append(refs, ref(d, m.ConvID, 0, name), ref(d, m.ConvID, 1, name))
		if m.MsgID == "m1" {
			lin = m
		}
		if m.MsgID == "m3" {
			wang = m
		}
	}
	refs[0].Tab = archive.TabFile
	if err := f.SaveRefs(t.Context(), refs); err != nil {
		t.Fatal(err)
	}
	return f, lin, wang
}

var newest = archive.MediaPlace{SentAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), MessageID: "ffffffff-ffff-ffff-ffff-ffffffffffff"}

func TestMediaPagesOfAConversationWithoutHoles(t *testing.T) {
	t.Parallel()
	f, lin, _ := album(t)
	boss, other := f.addViewer(t, "boss", "lin"), f.addViewer(t, "other", "wang")
	page := func(s access.Scope, tab archive.MediaTab, limit int, after archive.MediaPlace) []archive.MediaPlace {
		t.Helper()
		places, ms, err := f.FindConversationMedia(t.Context(), s, archive.MediaQuery{ConvID: lin.ConvID, Tab: tab, Limit: limit}, after)
		if err != nil {
			t.Fatal(err)
		}
		for i := range places {
			m, ok := ms[places[i].MessageID]
			if !ok || m.ConvID != lin.ConvID || len(m.Raw) == 0 {
				t.Errorf("place %d comes without its message", i)
			}
			places[i].SentAt = places[i].SentAt.UTC()
		}
		return places
	}
	whole := page(boss.Scope(), archive.TabVisual, 100, newest)
	if len(whole) != 5 {
		t.Fatalf("%d pictures, want 5", len(whole))
	}
	if !slices.IsSortedFunc(whole, func(a, b archive.MediaPlace) int {
		if c := b.SentAt.Compare(a.SentAt); c != 0 {
			return c
		}
		return strings.Compare(a.MessageID+fmt.Sprint(a.Pos), b.MessageID+fmt.Sprint(b.Pos))
	}) {
		t.Errorf("not newest first: %v", whole)
	}
	for limit := 1; limit <= 4; limit++ {
		var got []archive.MediaPlace
		for after := newest; ; after = got[len(got)-1] {
			p := page(boss.Scope(), archive.TabVisual, limit, after)
			got = append(got, p...)
			if len(p) < limit {
				break
			}
		}
		if diff := cmp.Diff(whole, got); diff != "" {
			t.Errorf("pages of %d (-whole +got):\n%s", limit, diff)
		}
	}
	if got := page(boss.Scope(), archive.TabFile, 10, newest); len(got) != 1 || got[0].MessageID != lin.ID {
		t.Errorf("files: %v, want one of m1", got)
	}
	for _, s := range []access.Scope{other.Scope(), {}} {
		if got := page(s, archive.TabVisual, 10, newest); len(got) != 0 {
			t.Errorf("out of scope there are %d pictures", len(got))
		}
	}
}

func TestMessagesOfAFileAreThoseInScope(t *testing.T) {
	t.Parallel()
	f, lin, wang := album(t)
	boss := f.addViewer(t, "boss", "lin")
	both := []int64{lin.ConvID, wang.ConvID}
	for _, tt := range []struct {
		name  string
		scope access.Scope
		file  string
		convs []int64
		want  map[int64][]string
	}{
		{"everything", access.System(), archive.FileID("x"), both, map[int64][]string{lin.ConvID: {lin.ID}, wang.ConvID: {wang.ID}}},
		{"in scope", boss.Scope(), archive.FileID("x"), both, map[int64][]string{lin.ConvID: {lin.ID}}},
		{"another chat", boss.Scope(), archive.FileID("x"), []int64{wang.ConvID}, map[int64][]string{}},
		{"no chat", boss.Scope(), archive.FileID("x"), nil, map[int64][]string{}},
		{"unknown file", boss.Scope(), archive.FileID("?"), both, map[int64][]string{}},
		{"no file", boss.Scope(), "?", both, map[int64][]string{}},
		{"nobody", access.Scope{}, archive.FileID("x"), both, map[int64][]string{}},
	} {
		got, err := f.FindFileMessages(t.Context(), tt.scope, tt.file, tt.convs)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
