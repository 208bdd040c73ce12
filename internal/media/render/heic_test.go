package render

import (
	_ "embed"
	"errors"
	"strings"
	"testing"

	"huicun/internal/media"
)

// A picture of 800 by 600 as iPhones write them, made of our own colours with
// heif-enc of Debian's libheif-examples.
//
//go:embed testdata/quarters.heic
var heicQuarters []byte

// An iPhone's picture is shown where this machine's ffmpeg can read it; else it is
// a file, and the operator is told why.
func TestPictureOfAnIPhone(t *testing.T) {
	if f := sniff(heicQuarters); f != formatHEIC {
		t.Fatalf("it is taken for %+v", f)
	}
	if got := boxSize(formatHEIC, heicQuarters); got != (dims{800, 600}) {
		t.Errorf("it says that it has %+v", got)
	}
	r := newRenderer(t)
	l, made, err := r.Render(t.Context(), media.Object{}, strings.NewReader(string(heicQuarters)))
	if err != nil {
		if errors.Is(err, media.ErrTemporary) || !strings.Contains(err.Error(), "a heic picture") || len(made) > 0 {
			t.Errorf("where ffmpeg cannot read it: %d forms, %v", len(made), err)
		}
		return
	}
	shown := map[string]bool{}
	for _, m := range made {
		shown[m.Name] = true
		if got := quartersOf(t, m.Data); got != "RGBW" {
			t.Errorf("%s shows %s", m.Name, got)
		}
	}
	if l.Width != 800 || l.Height != 600 || !shown["thumb"] || !shown["large"] {
		t.Errorf("%d by %d, forms %v", l.Width, l.Height, shown)
	}
}
