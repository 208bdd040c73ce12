package render

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"huicun/internal/media"
)

// alone is a Renderer without programs: what it decodes, it decodes here.
func alone(t testing.TB) *Renderer {
	return New(Options{
		FFmpeg: "/nonexistent/a", FFprobe: "/nonexistent/b", PDFToPPM: "/nonexistent/c", PDFInfo: "/nonexistent/d",
		TempDir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	})
}

// smallFiles are pictures of each kind that is decoded here, and beginnings of others.
func smallFiles(t testing.TB) [][]byte {
	img := page(64, 64, color.White, map[image.Point]image.Image{{4, 4}: code(t, "x", 50)})
	p := image.NewPaletted(image.Rect(2, 2, 30, 30), color.Palette{color.White, color.Black})
	frames := &gif.GIF{Image: []*image.Paletted{p}, Delay: []int{0}, Config: image.Config{Width: 40, Height: 40}}
	return [][]byte{
		withEXIF(asJPEG(t, img), exif(binary.LittleEndian, 6)),
		asPNG(t, img),
		encoded(t, func(w io.Writer) error { return gif.EncodeAll(w, frames) }),
		encoded(t, func(w io.Writer) error { return bmp.Encode(w, img) }),
		encoded(t, func(w io.Writer) error { return tiff.Encode(w, img, &tiff.Options{Compression: tiff.Deflate}) }),
		ffmpegFrom(t, asPNG(t, img), "webp", "-c:v", "libwebp"),
		moving(t, img),
		ffmpegFrom(t, asPNG(t, img), "webp", "-c:v", "libwebp", "-lossless", "1"),
		amr(false, 3), []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"), pdf("", a4),
	}
}

// render must not panic, and what it makes must hold what it says.
func mustHold(t *testing.T, r *Renderer, data []byte) {
	t.Helper()
	l, made, err := r.Render(context.Background(), media.Object{}, bytes.NewReader(data))
	if err != nil && (len(made) > 0 || l.Width != 0) {
		t.Errorf("an error and forms: %v", err)
	}
	for _, m := range made {
		d, _, err := jpegHeader(m.Data)
		if err != nil || int64(d.w) != m.Width || int64(d.h) != m.Height || d.check() != nil {
			t.Errorf("%s: %+v, %v", m.Name, d, err)
		}
	}
	if len(l.Codes) > maxCodes {
		t.Errorf("%d codes", len(l.Codes))
	}
}

func TestMutatedFilesDoNotPanic(t *testing.T) {
	r := alone(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, file := range smallFiles(t) {
		for range 60 {
			data := bytes.Clone(file)
			for range 1 + rnd.IntN(4) {
				data[rnd.IntN(len(data))] = byte(rnd.Uint32())
			}
			if rnd.IntN(4) == 0 {
				data = data[:rnd.IntN(len(data))]
			}
			mustHold(t, r, data)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, file := range smallFiles(f) {
		f.Add(file)
	}
	r := alone(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if d, _, err := header(sniff(data), data); err == nil && d.w*d.h > 1<<20 {
			return // takes long, and is nothing new
		}
		mustHold(t, r, data)
	})
}

func FuzzSniff(f *testing.F) {
	for _, p := range prefixes {
		f.Add([]byte(p.prefix))
	}
	f.Add([]byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"))
	f.Fuzz(func(t *testing.T, head []byte) {
		if got := sniff(head); got.class == classAV && got.demux == "" {
			t.Errorf("%+v has no demuxer", got)
		}
	})
}
