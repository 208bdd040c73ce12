package render

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"io"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"huicun/internal/archive"
	"huicun/internal/media"
)

func TestPictures(t *testing.T) {
	r := newRenderer(t)
	small, big := quarters(400, 300), quarters(2600, 1800)
	frames := &gif.GIF{Config: image.Config{Width: 60, Height: 40}}
	for range 3 {
		p := image.NewPaletted(image.Rect(0, 0, 60, 40), color.Palette{quarterColours[0], quarterColours[1], quarterColours[2], quarterColours[3]})
		for y := range 40 {
			for x := range 60 {
				p.Set(x, y, quarters(60, 40).At(x, y))
			}
		}
		frames.Image, frames.Delay = append(frames.Image, p), append(frames.Delay, 10)
	}
	webp := func(img image.Image) []byte {
		return ffmpegFrom(t, asPNG(t, img), "webp", "-c:v", "libwebp", "-lossless", "1")
	}
	for _, tt := range []struct {
		name string
		data []byte
		want string // size of the original and of each form
	}{
		{"jpeg", asJPEG(t, small), "400x300 thumb 320x240"},
		{"small pictures are not enlarged", asJPEG(t, quarters(100, 80)), "100x80 thumb 100x80"},
		{"over 4 megapixels", asJPEG(t, big), "2600x1800 thumb 320x222 large 1600x1108"},
		{"png", asPNG(t, small), "400x300 thumb 320x240"},
		{"big png", asPNG(t, big), "2600x1800 thumb 320x222 large 1600x1108"},
		{"gif", encoded(t, func(w io.Writer) error { return gif.EncodeAll(w, frames) }), "60x40 thumb 60x40"},
		{"webp", webp(small), "400x300 thumb 320x240"},
		{"webp with alpha", ffmpegFrom(t, asPNG(t, small), "webp", "-c:v", "libwebp", "-vf", "format=yuva420p", "-quality", "90"), "400x300 thumb 320x240"},
		{"webp that moves", moving(t, small), "400x300 thumb 320x240"},
		{"webp that moves, lossless", moving(t, small, "-lossless", "1", "-pix_fmt", "bgra"), "400x300 thumb 320x240"},
		{"bmp", encoded(t, func(w io.Writer) error { return bmp.Encode(w, small) }), "400x300 thumb 320x240 large 400x300"},
		{"tiff", encoded(t, func(w io.Writer) error { return tiff.Encode(w, small, nil) }), "400x300 thumb 320x240 large 400x300"},
		{"deflated tiff", encoded(t, func(w io.Writer) error {
			return tiff.Encode(w, small, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		}), "400x300 thumb 320x240 large 400x300"},
		{"portrait", asJPEG(t, quarters(300, 400)), "300x400 thumb 240x320"},
		{"panorama", asJPEG(t, quarters(8000, 800)), "8000x800 thumb 320x32 large 4382x438"},
		{
			"avif", ffmpegFrom(t, asPNG(t, small), "avif", "-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8", "-pix_fmt", "yuv444p"),
			"400x300 thumb 320x240 large 400x300",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, made := look(t, r, tt.data)
			got := fmt.Sprintf("%dx%d", l.Width, l.Height)
			for _, name := range []string{archive.RenditionThumb, archive.RenditionLarge} {
				m, ok := made[name]
				if !ok {
					continue
				}
				c, err := jpeg.DecodeConfig(bytes.NewReader(m.Data))
				if err != nil || int64(c.Width) != m.Width || int64(c.Height) != m.Height || m.Mime != "image/jpeg" {
					t.Errorf("%s: %+v, error %v, said to be %dx%d %s", name, c, err, m.Width, m.Height, m.Mime)
				}
				got += fmt.Sprintf(" %s %dx%d", name, m.Width, m.Height)
				if q := quartersOf(t, m.Data); q != "RGBW" {
					t.Errorf("%s shows %s, want RGBW", name, q)
				}
			}
			if got != tt.want || len(l.Renditions) > 0 || l.Waveform != nil || l.Pages != 0 || l.DurationMS != 0 {
				t.Errorf("got %s, %+v, want %s", got, l, tt.want)
			}
		})
	}
}

// moving makes a webp of two frames that begins with img.
func moving(t testing.TB, img image.Image, args ...string) []byte {
	t.Helper()
	data := ffmpegFrom(t, asPNG(t, img), "webp", append([]string{"-vf", "loop=4:1:0,negate=enable='gte(n,2)'", "-c:v", "libwebp_anim"}, args...)...)
	if !bytes.Contains(data, []byte("ANMF")) {
		t.Fatal("it does not move")
	}
	return data
}

func TestMovingWebPsFirstFrameStandsWhereItBelongs(t *testing.T) {
	r := newRenderer(t)
	data := moving(t, quarters(80, 60), "-lossless", "1", "-pix_fmt", "bgra")
	// A canvas of twice the size, and the frame in its right half, down.
	copy(data[24:], []byte{159, 0, 0, 119, 0, 0})
	frame := bytes.Index(data, []byte("ANMF")) + 8
	copy(data[frame:], []byte{40, 0, 0, 30, 0, 0})
	l, made := look(t, r, data)
	if q := quartersOf(t, made["thumb"].Data); l.Width != 160 || l.Height != 120 || q[:3] != "WWW" {
		t.Errorf("%dx%d shows %s", l.Width, l.Height, q)
	}
	img, err := jpeg.Decode(bytes.NewReader(made["thumb"].Data))
	if err != nil {
		t.Fatal(err)
	}
	if red, _, _, _ := img.At(90, 70).RGBA(); red < 0xe000 {
		t.Errorf("no red at 90, 70")
	}
	if _, green, _, _ := img.At(90, 70).RGBA(); green > 0x3000 {
		t.Errorf("not red at 90, 70")
	}
}

func FuzzFirstFrame(f *testing.F) {
	f.Add(moving(f, quarters(8, 6)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, at, canvas, ok := firstFrame(data); ok && (canvas.w < 1 || canvas.h < 1 || at.X < 0 || at.Y < 0) {
			t.Errorf("%v on %v", at, canvas)
		}
	})
}

func TestTransparentPicturesStandOnWhite(t *testing.T) {
	r := newRenderer(t)
	img := image.NewNRGBA(image.Rect(0, 0, 900, 900)) // all transparent black
	for y := range 450 {
		for x := range 450 {
			img.Set(x, y, color.NRGBA{255, 0, 0, 255})
		}
	}
	_, made := look(t, r, asPNG(t, img))
	if q := quartersOf(t, made["thumb"].Data); q != "RWWW" {
		t.Errorf("thumb shows %s, want RWWW", q)
	}
}

func TestGIFsFirstFrameStandsWhereItBelongs(t *testing.T) {
	r := newRenderer(t)
	p := image.NewPaletted(image.Rect(20, 0, 40, 20), color.Palette{quarterColours[1]})
	g := &gif.GIF{Image: []*image.Paletted{p}, Delay: []int{0}, Config: image.Config{Width: 40, Height: 40}}
	_, made := look(t, r, encoded(t, func(w io.Writer) error { return gif.EncodeAll(w, g) }))
	if q := quartersOf(t, made["thumb"].Data); q != "WGWW" {
		t.Errorf("thumb shows %s, want WGWW", q)
	}
}

func TestOrientations(t *testing.T) {
	r := newRenderer(t)
	// Stored as "R G / B W"; see the table of EXIF 2.32, 4.6.4.
	want := map[uint16]string{1: "RGBW", 2: "GRWB", 3: "WBGR", 4: "BWRG", 5: "RBGW", 6: "BRWG", 7: "WGBR", 8: "GWRB"}
	plain := asJPEG(t, quarters(480, 240))
	png := asPNG(t, quarters(480, 240))
	for o, shows := range want {
		size := "480x240"
		if o >= 5 {
			size = "240x480"
		}
		for name, data := range map[string][]byte{
			"little endian": withEXIF(plain, exif(binary.LittleEndian, o)),
			"big endian":    withEXIF(plain, exif(binary.BigEndian, o)),
			"png":           append(append(append([]byte{}, png[:33]...), chunk("eXIf", exif(binary.BigEndian, o))...), png[33:]...),
		} {
			l, made := look(t, r, data)
			if got := fmt.Sprintf("%dx%d", l.Width, l.Height); got != size {
				t.Errorf("%d, %s: %s, want %s", o, name, got, size)
			}
			if q := quartersOf(t, made["thumb"].Data); q != shows {
				t.Errorf("%d, %s: shows %s, want %s", o, name, q, shows)
			}
		}
	}
}

func TestOrientationOfPicturesDecodedApart(t *testing.T) {
	r := newRenderer(t)
	data := withEXIF(asJPEG(t, quarters(480, 240)), exif(binary.LittleEndian, 6))
	p, err := r.decodeApart(context.Background(), formatJPEG, bytes.NewReader(data), data, dims{480, 240})
	if err != nil {
		t.Fatal(err)
	}
	if q := quartersOf(t, asJPEG(t, p.base)); p.width != 240 || p.height != 480 || q != "BRWG" {
		t.Errorf("%dx%d shows %s, want 240x480 BRWG", p.width, p.height, q)
	}
}

func TestHostileEXIFCountsAsNone(t *testing.T) {
	r := newRenderer(t)
	plain := asJPEG(t, quarters(480, 240))
	loop := exif(binary.LittleEndian, 6)
	binary.LittleEndian.PutUint32(loop[len(loop)-4:], 8) // the next directory is this one
	for name, block := range map[string][]byte{
		"orientation 0":       exif(binary.LittleEndian, 0),
		"orientation 9":       exif(binary.LittleEndian, 9),
		"orientation 65535":   exif(binary.BigEndian, 65535),
		"cut":                 exif(binary.LittleEndian, 6)[:12],
		"nothing":             nil,
		"directory far away":  append([]byte("II*\x00\xff\xff\xff\x7f"), make([]byte, 100)...),
		"60,000 entries":      append([]byte("II*\x00\x08\x00\x00\x00\x60\xea"), make([]byte, 60_000)...),
		"a directory of 0xff": append([]byte("II*\x00\x08\x00\x00\x00"), bytes.Repeat([]byte{0xff}, 60_000)...),
	} {
		l, made := look(t, r, withEXIF(plain, block))
		if q := quartersOf(t, made["thumb"].Data); l.Width != 480 || q != "RGBW" {
			t.Errorf("%s: %dx%d shows %s", name, l.Width, l.Height, q)
		}
	}
	if l, _ := look(t, r, withEXIF(plain, loop)); l.Width != 240 {
		t.Errorf("a directory that follows itself: width %d, want 240", l.Width)
	}
}

// chunk makes a chunk of a PNG.
func chunk(name string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, name...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// pngOfSize changes the size that the header of a PNG claims.
func pngOfSize(t testing.TB, w, h uint32) []byte {
	t.Helper()
	data := asPNG(t, image.NewGray(image.Rect(0, 0, 8, 8)))
	head := binary.BigEndian.AppendUint32(nil, w)
	head = binary.BigEndian.AppendUint32(head, h)
	return append(append(append([]byte{}, data[:8]...), chunk("IHDR", append(head, data[24:29]...))...), data[33:]...)
}

func TestDecompressionBombsAreRefusedByTheirHeader(t *testing.T) {
	r := newRenderer(t)
	jpg := asJPEG(t, image.NewGray(image.Rect(0, 0, 8, 8)))
	sof := bytes.Index(jpg, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(jpg[sof+5:], 20_000)
	binary.BigEndian.PutUint16(jpg[sof+7:], 20_000)
	gifBomb := []byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02L\x01\x00;")
	for name, data := range map[string][]byte{
		"png of 50,000 x 50,000":      pngOfSize(t, 50_000, 50_000),
		"png of 4 G x 1":              pngOfSize(t, 1<<31-1, 1),
		"jpeg of 20,000 x 20,000":     jpg,
		"gif of 65,535 x 65,535":      gifBomb,
		"png just over 100 megapixel": pngOfSize(t, 10_001, 10_000),
	} {
		if err := failsWith(t, r, data); !errors.Is(err, errTooManyPixels) || errors.Is(err, media.ErrTemporary) {
			t.Errorf("%s: %v, want %v", name, err, errTooManyPixels)
		}
	}
}

func TestPicturesOverTheLimitOfMemoryAreDecodedApart(t *testing.T) {
	r := newRenderer(t)
	data := ffmpeg(t, "png", "-f", "lavfi", "-i", "color=red:size=9900x9900", "-frames:v", "1", "-pix_fmt", "rgb24")
	if _, cost, err := header(formatPNG, data); err != nil || cost <= maxDecoded {
		t.Fatalf("costs %d, %v: not what this test is about", cost, err)
	}
	l, made := look(t, r, data)
	if q := quartersOf(t, made["large"].Data); l.Width != 9900 || l.Height != 9900 || made["large"].Width != 1600 || q != "RRRR" {
		t.Errorf("%dx%d, large %d shows %s", l.Width, l.Height, made["large"].Width, q)
	}
}

func TestHugeMetadataIsPassedOver(t *testing.T) {
	r := newRenderer(t)
	png := asPNG(t, quarters(400, 300))
	for _, name := range []string{"zTXt", "tEXt", "iTXt", "eXIf"} {
		data := append(append(append([]byte{}, png[:33]...), chunk(name, bytes.Repeat([]byte{'x', 0}, 4<<20))...), png[33:]...)
		if l, _ := look(t, r, data); l.Width != 400 {
			t.Errorf("%s: width %d", name, l.Width)
		}
	}
	frames := &gif.GIF{}
	for range 10_000 {
		frames.Image = append(frames.Image, image.NewPaletted(image.Rect(0, 0, 20, 20), color.Palette{color.White, color.Black}))
		frames.Delay = append(frames.Delay, 1)
	}
	if l, _ := look(t, r, encoded(t, func(w io.Writer) error { return gif.EncodeAll(w, frames) })); l.Width != 20 {
		t.Errorf("gif: width %d", l.Width)
	}
}

func TestDamagedPictures(t *testing.T) {
	r := newRenderer(t)
	cut := asJPEG(t, quarters(800, 600))
	l, made := look(t, r, cut[:len(cut)*3/4])
	if l.Width != 800 || !strings.HasPrefix(quartersOf(t, made["thumb"].Data), "RG") {
		t.Errorf("a cut jpeg: %+v, shows %s; its upper part can be shown", l, quartersOf(t, made["thumb"].Data))
	}
	for name, data := range map[string][]byte{
		"jpeg without pixels": cut[:30],
		"png of zeros":        append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 500)...),
		"gif of zeros":        append([]byte("GIF89a"), make([]byte, 500)...),
		"webp of nothing":     []byte("RIFF\x04\x00\x00\x00WEBP"),
		"tiff of zeros":       append([]byte("II*\x00"), make([]byte, 500)...),
		"heic of nothing":     append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), make([]byte, 500)...),
	} {
		if err := failsWith(t, r, data); errors.Is(err, media.ErrTemporary) {
			t.Errorf("%s: %v; another try would not help", name, err)
		}
	}
}

func TestWithoutProgramsPicturesWork(t *testing.T) {
	r := New(Options{FFmpeg: "/nonexistent/ffmpeg", FFprobe: "/nonexistent/ffprobe", PDFToPPM: "/nonexistent/x", PDFInfo: "/nonexistent/y", TempDir: t.TempDir()})
	if l, _ := look(t, r, asJPEG(t, quarters(400, 300))); l.Width != 400 {
		t.Errorf("width %d", l.Width)
	}
	for want, data := range map[string][]byte{
		"ffmpeg is not installed": amr(false, 50), "pdfinfo is not installed": []byte("%PDF-1.7\n"),
	} {
		if err := failsWith(t, r, data); err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	want := "[{sound [ffmpeg ffprobe]} {video [ffmpeg ffprobe]} {big picture [ffmpeg ffprobe]} {document [pdftoppm pdfinfo]}]"
	if got := fmt.Sprint(r.Capabilities()); got != want {
		t.Errorf("Capabilities() = %s, want %s", got, want)
	}
}

// ffmpegFrom makes a file of another.
func ffmpegFrom(t testing.TB, data []byte, ext string, args ...string) []byte {
	t.Helper()
	return ffmpeg(t, ext, append([]string{"-i", write(t, data)}, args...)...)
}

// A file that is read in part, and then no more.
type brokenReader struct{ io.ReadSeeker }

func (b brokenReader) Read(p []byte) (int, error) {
	at, _ := b.Seek(0, io.SeekCurrent)
	if at >= 1000 {
		return 0, errors.New("the store is gone")
	}
	return b.ReadSeeker.Read(p[:min(len(p), 1000)])
}

func TestWhatCannotBeReadIsTemporary(t *testing.T) {
	r := newRenderer(t)
	for name, data := range map[string][]byte{"jpeg": asJPEG(t, quarters(800, 600)), "amr": amr(false, 100), "pdf": append([]byte("%PDF-1.7"), make([]byte, 5000)...)} {
		_, _, err := r.Render(context.Background(), media.Object{}, brokenReader{bytes.NewReader(data)})
		if !errors.Is(err, media.ErrTemporary) {
			t.Errorf("%s: %v, want a temporary error", name, err)
		}
	}
	gone := New(Options{TempDir: "/nonexistent"})
	if err := failsWith(t, gone, amr(false, 100)); !errors.Is(err, media.ErrTemporary) {
		t.Errorf("no temporary folder: %v, want a temporary error", err)
	}
}

func TestPicturesWaitForEachOther(t *testing.T) {
	r := newRenderer(t)
	r.pictures <- struct{}{} // another one is in memory
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := r.Render(ctx, media.Object{}, bytes.NewReader(asJPEG(t, quarters(40, 30))))
	if !errors.Is(err, media.ErrTemporary) {
		t.Errorf("%v, want a temporary error", err)
	}
	<-r.pictures
	look(t, r, asJPEG(t, quarters(40, 30)))
}

func TestDecodersStopWhenTimeIsOver(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errTooLong)
	for _, data := range smallFiles(t) {
		f := sniff(data)
		if f.class != classPicture || f == formatHEIC {
			continue
		}
		if _, err := decodeImage(f, ctxBytes{ctx, bytes.NewReader(data)}, data); err == nil || !strings.Contains(err.Error(), errTooLong.Error()) {
			t.Errorf("%s: %v, want %v", f.name, err, errTooLong)
		}
	}
}
