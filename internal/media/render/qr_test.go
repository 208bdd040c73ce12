package render

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	xdraw "golang.org/x/image/draw"
)

// code draws a QR code of side × side pixels, quiet zone included.
func code(t testing.TB, text string, side int) image.Image {
	t.Helper()
	m, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, side, side,
		map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_CHARACTER_SET: "UTF-8"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// page draws pictures on a ground.
func page(w, h int, ground color.Color, at map[image.Point]image.Image) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	for p, img := range at {
		draw.Draw(out, img.Bounds().Add(p), img, img.Bounds().Min, draw.Src)
	}
	return out
}

// screenshot draws what looks like lines of text.
func screenshot(w, h int) *image.RGBA {
	out := page(w, h, color.RGBA{237, 237, 237, 255}, nil)
	rnd := rand.New(rand.NewPCG(1, 2))
	for y := 20; y+40 < h; y += 60 {
		for x := 20; x+30 < w; x += 6 + rnd.IntN(8) {
			r := image.Rect(x, y+rnd.IntN(12), x+2+rnd.IntN(4), y+14+rnd.IntN(18))
			draw.Draw(out, r, image.NewUniform(color.RGBA{25, 25, 25, 255}), image.Point{}, draw.Src)
		}
	}
	return out
}

func noise(w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range out.Pix {
		out.Pix[i] = uint8(rnd.Uint32())
	}
	return out
}

func inverted(img image.Image) image.Image {
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	for i := range out.Pix {
		if i%4 != 3 {
			out.Pix[i] = 255 - out.Pix[i]
		}
	}
	return out
}

func turnedBy(t turn, img image.Image) image.Image { return t.apply(onWhite(img, img.Bounds())) }

func tiles(t testing.TB, n int) (map[image.Point]image.Image, []string) {
	t.Helper()
	at := map[image.Point]image.Image{}
	var texts []string
	for i := range n {
		text := "https://example.com/table/" + string(rune('a'+i))
		at[image.Pt(20+i%4*240, 20+i/4*240)] = code(t, text, 200)
		texts = append(texts, text)
	}
	return at, texts
}

func TestCodes(t *testing.T) {
	r := newRenderer(t)
	const pay = "wxp://f2f0AbCdEf1234567890abcdef"
	many, manyTexts := tiles(t, 10)
	small := screenshot(1080, 2400)
	draw.Draw(small, image.Rect(800, 2100, 1000, 2300), code(t, pay, 200), image.Point{}, draw.Src)
	long := screenshot(1080, 12000)
	draw.Draw(long, image.Rect(300, 9000, 780, 9480), code(t, pay, 480), image.Point{}, draw.Src)
	photo := image.NewRGBA(image.Rect(0, 0, 3000, 4000))
	xdraw.BiLinear.Scale(photo, photo.Rect, noise(60, 80), image.Rect(0, 0, 60, 80), xdraw.Src, nil)
	draw.Draw(photo, image.Rect(900, 1500, 2100, 2700), code(t, pay, 1200), image.Point{}, draw.Src)
	for _, tt := range []struct {
		name string
		img  image.Image
		want []string
	}{
		{"one", page(600, 600, color.White, map[image.Point]image.Image{{100, 100}: code(t, pay, 300)}), []string{pay}},
		{"nothing but the code", code(t, pay, 148), []string{pay}},
		{"Chinese", page(600, 600, color.White, map[image.Point]image.Image{{100, 100}: code(t, "加我微信：家装顾问小李 13800000000", 300)}), []string{"加我微信：家装顾问小李 13800000000"}},
		{"two", page(900, 500, color.White, map[image.Point]image.Image{{40, 80}: code(t, "收款码", 300), {500, 80}: code(t, pay, 300)}), []string{pay, "收款码"}},
		{"the same twice counts once", page(900, 500, color.White, map[image.Point]image.Image{{40, 80}: code(t, pay, 300), {500, 80}: code(t, pay, 300)}), []string{pay}},
		{"no more than eight", page(1000, 800, color.White, many), manyTexts},
		{"on dark ground, inverted", page(600, 600, color.Black, map[image.Point]image.Image{{100, 100}: inverted(code(t, pay, 300))}), []string{pay}},
		{"upside down", turnedBy(3, page(600, 600, color.White, map[image.Point]image.Image{{100, 100}: code(t, pay, 300)})), []string{pay}},
		{"on its side", turnedBy(6, page(600, 500, color.White, map[image.Point]image.Image{{100, 100}: code(t, pay, 300)})), []string{pay}},
		{"small, in a screenshot", small, []string{pay}},
		{"in a long screenshot", long, []string{pay}},
		{"in a photo of 12 megapixels", photo, []string{pay}},
		{"long content", page(1000, 1000, color.White, map[image.Point]image.Image{{50, 50}: code(t, strings.Repeat("很长的内容", 60), 900)}), []string{strings.Repeat("很长的内容", 60)}},
		{"none", screenshot(800, 1200), nil},
		{"noise", noise(1200, 1200), nil},
		{"one pixel", page(1, 1, color.Black, nil), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, _ := look(t, r, asJPEG(t, tt.img))
			got := slices.Sorted(slices.Values(l.Codes))
			if tt.name == "no more than eight" {
				if len(got) != maxCodes || slices.ContainsFunc(got, func(s string) bool { return !slices.Contains(tt.want, s) }) {
					t.Errorf("got %q", got)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCleanCode(t *testing.T) {
	for in, want := range map[string]string{
		"a\x00b\x1fc\x7f":         "abc",
		"bad \xff\xfe bytes":      "bad \uFFFD bytes",
		" spaces\n":               "spaces",
		"tab\tand\nline":          "tab\tand\nline",
		strings.Repeat("码", 3000): strings.Repeat("码", maxCodeLen),
		"\x00":                    "",
	} {
		if got := cleanCode(in); got != want {
			t.Errorf("cleanCode(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCodesStopWhenTimeIsOver(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	if got := readCodes(ctx, page(600, 600, color.White, map[image.Point]image.Image{{100, 100}: code(t, "x", 300)})); got != nil {
		t.Errorf("got %q", got)
	}
}

func BenchmarkCodes(b *testing.B) {
	for name, img := range map[string]*image.RGBA{
		"one":        page(1600, 1200, color.White, map[image.Point]image.Image{{600, 400}: code(b, "https://example.com", 300)}),
		"screenshot": screenshot(900, 1600), "noise": noise(1600, 1200), "white": page(1600, 1200, color.White, nil),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				readCodes(context.Background(), img)
			}
		})
	}
}

func BenchmarkThumb(b *testing.B) {
	data := asJPEG(b, quarters(4000, 3000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		p, err := decode(context.Background(), formatJPEG, data, dims{4000, 3000})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := encodeJPEG("thumb", shrink(p.base, fit(p.base.Rect.Dx(), p.base.Rect.Dy(), thumbSide))); err != nil {
			b.Fatal(err)
		}
	}
}
