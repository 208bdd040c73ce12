package render

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"
)

// longRatio is from where a picture is long: screenshots of whole chats. Bound
// by their longer side they would be unreadable stripes.
const longRatio = 3

// fit gives the size of a picture within side × side pixels, never enlarged. A
// long one that is to be read, 1600 and more, has as many pixels as 4:3 would
// have, instead.
func fit(w, h, side int) dims {
	long, short := max(w, h), min(w, h)
	scale := float64(side) / float64(long)
	if side >= largeSide && long > longRatio*short {
		scale = math.Sqrt(float64(side*side*3/4) / (float64(w) * float64(h)))
	}
	if scale >= 1 {
		return dims{w, h}
	}
	return dims{max(1, int(math.Round(float64(w)*scale))), max(1, int(math.Round(float64(h)*scale)))}
}

// baseSize is the size at which a picture is worked with: its own up to
// bigPixels, so that small codes stay sharp, and else that of RenditionLarge.
func baseSize(d dims) dims {
	if d.w*d.h <= bigPixels {
		return d
	}
	return fit(d.w, d.h, largeSide)
}

// shrink makes a picture smaller, on white. Whole factors are averaged first, in
// stripes, which is quick and takes little memory whatever kind of picture it is.
func shrink(img image.Image, to dims) *image.RGBA {
	b := img.Bounds()
	if out, ok := img.(*image.RGBA); ok && out.Opaque() && b.Dx() == to.w && b.Dy() == to.h {
		return out
	}
	k := max(1, min(b.Dx()/to.w, b.Dy()/to.h))
	small := average(img, k)
	if small.Rect.Dx() == to.w && small.Rect.Dy() == to.h {
		return small
	}
	out := image.NewRGBA(image.Rect(0, 0, to.w, to.h))
	xdraw.CatmullRom.Scale(out, out.Rect, small, small.Rect, xdraw.Src, nil)
	return out
}

// average draws img on white and makes one pixel of k × k. Up to k-1 columns and
// rows at the right and at the bottom are left over, less than a pixel each.
func average(img image.Image, k int) *image.RGBA {
	b := img.Bounds()
	if k == 1 {
		return onWhite(img, b)
	}
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()/k, b.Dy()/k))
	stripe := image.NewRGBA(image.Rect(0, 0, b.Dx(), k))
	for y := range out.Rect.Dy() {
		drawOnWhite(stripe, img, image.Pt(b.Min.X, b.Min.Y+y*k))
		averageRow(out.Pix[y*out.Stride:][:out.Rect.Dx()*4], stripe, k)
	}
	return out
}

func averageRow(row []uint8, stripe *image.RGBA, k int) {
	n := uint32(k * k)
	for x := 0; x < len(row); x += 4 {
		var r, g, b uint32
		for dy := range k {
			p := stripe.Pix[dy*stripe.Stride+x*k:][:k*4]
			for i := 0; i < len(p); i += 4 {
				r, g, b = r+uint32(p[i]), g+uint32(p[i+1]), b+uint32(p[i+2])
			}
		}
		row[x], row[x+1], row[x+2], row[x+3] = uint8((r+n/2)/n), uint8((g+n/2)/n), uint8((b+n/2)/n), 255
	}
}

func onWhite(img image.Image, r image.Rectangle) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	drawOnWhite(out, img, r.Min)
	return out
}

func drawOnWhite(out *image.RGBA, img image.Image, from image.Point) {
	draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, img, from, draw.Over)
}

func bytesPerPixel(m color.Model) int {
	switch m {
	case color.GrayModel, color.AlphaModel:
		return 1
	case color.Gray16Model, color.Alpha16Model:
		return 2
	case color.YCbCrModel:
		return 3
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	if _, ok := m.(color.Palette); ok {
		return 1
	}
	return 4
}
