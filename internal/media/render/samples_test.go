package render

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSamples looks into the files that the simulator serves: AMR of a real
// encoder, photos, videos, documents.
func TestSamples(t *testing.T) {
	r := newRenderer(t)
	want := map[string]string{
		"call.m4a":            "39.0s wave",
		"call.mp3":            "16.7s wave",
		"contract.docx":       "",
		"drawing.pdf":         "3 pages page-1 page-2 page-3",
		"emotion-hello.gif":   "240x240 thumb",
		"photo-12mp.jpg":      "4032x3024 large thumb",
		"photo-qr-link.jpg":   "900x1200 thumb",
		"photo-qr-pay.jpg":    "900x1200 thumb",
		"photo-turned.jpg":    "960x1280 thumb",
		"photo.webp":          "1024x768 thumb",
		"video-landscape.mp4": "640x360 8.0s poster",
		"video-portrait.mp4":  "360x640 6.0s poster",
		"voice-nb-1.amr":      "22.2s wave audio",
		"voice-wb.awb":        "16.7s wave audio",
	}
	for name, want := range want {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("../../wecomsim/samples/data", name))
			if err != nil {
				t.Fatal(err)
			}
			l, made := look(t, r, data)
			var got []string
			if l.Width > 0 {
				got = append(got, fmt.Sprintf("%dx%d", l.Width, l.Height))
			}
			if l.DurationMS > 0 {
				got = append(got, fmt.Sprintf("%.1fs", float64(l.DurationMS)/1000))
			}
			if l.Pages > 0 {
				got = append(got, fmt.Sprintf("%d pages", l.Pages))
			}
			if len(l.Waveform) == waveBars {
				got = append(got, "wave")
			}
			var names []string
			for n := range made {
				names = append(names, n)
			}
			slices.Sort(names)
			if diff := cmp.Diff(want, strings.Join(append(got, names...), " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (len(l.Codes) == 1) != strings.Contains(name, "-qr-") {
				t.Errorf("codes %q", l.Codes)
			}
		})
	}
}
