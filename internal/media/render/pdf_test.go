package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"huicun/internal/media"
)

// pdf writes a document: each page is its dictionary's extra entries. It shows a
// black square in the lower left quarter of a page of 595 × 842 points.
func pdf(trailer string, pages ...string) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	b.WriteString("%PDF-1.7\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 4+i)
	}
	object(fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids.String(), len(pages)))
	const draw = "0 0 297 421 re f"
	object(fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(draw), draw))
	for _, p := range pages {
		object("<</Type/Page/Parent 2 0 R/Contents 3 0 R/Resources<<>>" + p + ">>")
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, trailer, start)
	return b.Bytes()
}

const a4 = "/MediaBox[0 0 595 842]"

func TestDocuments(t *testing.T) {
	r := newRenderer(t)
	var many []string
	for range 25 {
		many = append(many, a4)
	}
	for _, tt := range []struct {
		name  string
		data  []byte
		pages int64
		want  string // sizes of the pages that can be shown
	}{
		{"one page", pdf("", a4), 1, "1:1000x1415"},
		{"pages of several shapes", pdf("", a4, "/MediaBox[0 0 842 595]", a4+"/Rotate 90"), 3, "1:1000x1415 2:1000x707 3:1000x707"},
		{"cropped", pdf("", a4+"/CropBox[0 0 595 595]"), 1, "1:1000x1000"},
		{"10 m of paper", pdf("", "/MediaBox[0 0 28346 28346]"), 1, "1:1000x1000"},
		{"a stripe", pdf("", "/MediaBox[0 0 14 14400]"), 1, "1:3x3000"},
		{"a stripe that lies", pdf("", "/MediaBox[0 0 14400 14]"), 1, "1:1000x1"},
		{"behind a mark of byte order", append([]byte("\xef\xbb\xbf"), pdf("", a4)...), 1, "1:1000x1415"},
		{"damaged", pdf("", a4)[:200], 0, ""},
		{"a table that is elsewhere is found", bytes.Replace(pdf("", a4), []byte("startxref\n"), []byte("startxref\n9"), 1), 1, "1:1000x1415"},
		{"nothing", []byte("%PDF-1.7\n"), 0, ""},
		{"protected", pdf("/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<"+strings.Repeat("ab", 32)+">/U<"+strings.Repeat("cd", 32)+
			">>>/ID[<"+strings.Repeat("ef", 16)+"><"+strings.Repeat("ef", 16)+">]", a4), 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, made := look(t, r, tt.data)
			var got []string
			for n := 1; n <= len(made); n++ {
				m, ok := made[fmt.Sprintf("page-%d", n)]
				d, _, err := jpegHeader(m.Data)
				if !ok || err != nil || int64(d.w) != m.Width || int64(d.h) != m.Height || m.Mime != "image/jpeg" {
					t.Fatalf("page %d: %v, %+v, %v", n, ok, d, err)
				}
				got = append(got, fmt.Sprintf("%d:%dx%d", n, d.w, d.h))
			}
			if l.Pages != tt.pages || strings.Join(got, " ") != tt.want {
				t.Errorf("%d pages, %v, want %d, %s", l.Pages, got, tt.pages, tt.want)
			}
		})
	}
	l, made := look(t, r, pdf("", many...))
	if l.Pages != 25 || len(made) != maxPages {
		t.Errorf("of 25 pages: %d, %d shown", l.Pages, len(made))
	}
}

func TestPageShowsWhatIsOnIt(t *testing.T) {
	r := newRenderer(t)
	_, made := look(t, r, pdf("", a4, a4+"/Rotate 90"))
	for name, want := range map[string]string{"page-1": "WW?W", "page-2": "?WWW"} { // "?" is black
		if got := quartersOf(t, made[name].Data); got != want {
			t.Errorf("%s shows %s, want %s", name, got, want)
		}
	}
}

func TestResolution(t *testing.T) {
	for _, tt := range []struct{ w, h, want float64 }{
		{720, 1000, 99.99},
		{1, 1e9, 72 * 2.9999e-6},
		{1e9, 1, 72 * 0.9999e-6},
		{0, 0, 72},
		{-1, 5, 72},
	} {
		if got := resolution(tt.w, tt.h); math.Abs(got-tt.want) > tt.want*1e-9 {
			t.Errorf("resolution(%v, %v) = %v, want %v", tt.w, tt.h, got, tt.want)
		}
	}
}

func FuzzPDFInfo(f *testing.F) {
	f.Add([]byte("Pages:          2\nPage    1 size: 595 x 842 pts (A4)\nPage    1 rot:  90\nPage    2 size: 1e9 x .. pts\n"))
	f.Fuzz(func(t *testing.T, info []byte) {
		if n := pageCount(info); n < 0 {
			t.Errorf("%d pages", n)
		}
		all := resolutions(info)
		for _, dpi := range all {
			if !(dpi > 0) {
				t.Errorf("resolution %v", dpi)
			}
		}
		if len(all) > maxPages {
			t.Errorf("%d pages", len(all))
		}
	})
}

func TestDocumentIsTriedAgainWhenTheCallerStops(t *testing.T) {
	r := newRenderer(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := r.Render(ctx, media.Object{}, bytes.NewReader(pdf("", a4))); !errors.Is(err, media.ErrTemporary) {
		t.Errorf("%v, want a temporary error", err)
	}
}
