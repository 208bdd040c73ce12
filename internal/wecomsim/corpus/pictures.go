package corpus

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
)

// canvas is a picture being drawn from rectangles and discs.
type canvas struct{ *image.RGBA }

func newCanvas(w, h int, bg color.RGBA) canvas {
	c := canvas{image.NewRGBA(image.Rect(0, 0, w, h))}
	c.box(0, 0, w, h, bg)
	return c
}

func (c canvas) box(x, y, w, h int, col color.RGBA) {
	draw.Draw(c.RGBA, image.Rect(x, y, x+w, y+h), image.NewUniform(col), image.Point{}, draw.Over)
}

func (c canvas) disc(cx, cy, radius int, col color.RGBA) {
	for y := -radius; y <= radius; y++ {
		for x := -radius; x <= radius; x++ {
			if x*x+y*y <= radius*radius {
				c.SetRGBA(cx+x, cy+y, col)
			}
		}
	}
}

// line draws a thick line.
func (c canvas) line(x0, y0, x1, y1, thick int, col color.RGBA) {
	n := max(abs(x1-x0), abs(y1-y0), 1)
	for i := 0; i <= n; i++ {
		c.box(x0+(x1-x0)*i/n, y0+(y1-y0)*i/n, thick, thick, col)
	}
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

func rgb(hex int) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

func shade(c color.RGBA, percent int) color.RGBA {
	f := func(v uint8) uint8 { return uint8(min(255, int(v)*percent/100)) }
	return color.RGBA{f(c.R), f(c.G), f(c.B), 255}
}

var (
	wallTones = []int{0xf3efe6, 0xe9e4da, 0xf7f3ee, 0xdfe3e1, 0xe6dccf, 0xeef0ee}
	woodTones = []int{0xb98a56, 0x9c6b3f, 0xd2ad7c, 0x6f4a2f, 0xc49a6c, 0x8a5a35}
	softTones = []int{0x9aa5a0, 0xc9b8a3, 0x6d7f8a, 0xb0573f, 0x5d6f5b, 0xd8cfc2}
)

// painters draw what a photograph in a chat may show.
var painters = map[string]func(r *rng) canvas{
	"room": paintRoom, "product": paintProduct, "plan": paintPlan, "damage": paintDamage, "boxes": paintBoxes,
	"swatch": paintSwatch, "site": paintSite, "receipt": paintReceipt, "food": paintFood,
}

func paintJPEG(subject string, variant int) []byte {
	var out bytes.Buffer
	img := painters[subject](newRNG(uint64(variant), uint64(len(subject)), uint64(subject[0])))
	if err := jpeg.Encode(&out, img.RGBA, &jpeg.Options{Quality: 78}); err != nil {
		panic(err) // a bytes.Buffer does not fail
	}
	return out.Bytes()
}

// paintRoom is a living room: wall, floor, window, a sofa and a picture.
func paintRoom(r *rng) canvas {
	c := newCanvas(480, 360, rgb(pick(r, wallTones)))
	floor := rgb(pick(r, woodTones))
	for x := 0; x < 480; x += 40 {
		c.box(x, 250, 39, 110, shade(floor, r.between(92, 106)))
	}
	wx := r.between(20, 260)
	c.box(wx, 40, 130, 130, rgb(0xffffff))
	c.box(wx+6, 46, 56, 118, rgb(0xbfd9ea))
	c.box(wx+68, 46, 56, 118, rgb(0xcfe3f0))
	px := (wx + 230) % 400
	c.box(px, 60, 60, 76, rgb(0x4b4038))
	c.box(px+5, 65, 50, 66, rgb(pick(r, softTones)))
	soft := rgb(pick(r, softTones))
	sx, sw := r.between(40, 120), r.between(220, 300)
	c.box(sx, 190, sw, 60, soft)
	c.box(sx-16, 205, 26, 75, shade(soft, 88))
	c.box(sx+sw-10, 205, 26, 75, shade(soft, 88))
	for i := range 3 {
		c.box(sx+8+i*(sw-16)/3, 232, (sw-16)/3-4, 40, shade(soft, 108))
	}
	c.box(sx+20, 300, sw-90, 12, shade(floor, 70))
	c.box(sx+34, 312, 8, 30, shade(floor, 60))
	c.box(sx+sw-98, 312, 8, 30, shade(floor, 60))
	return c
}

// paintProduct is one piece on a plain ground: a table, a cabinet or a bed.
func paintProduct(r *rng) canvas {
	c := newCanvas(420, 420, rgb(0xf4f2ee))
	c.box(0, 300, 420, 120, rgb(0xe4ded4))
	wood := rgb(pick(r, woodTones))
	switch r.intn(3) {
	case 0:
		c.box(60, 190, 300, 18, wood)
		for _, x := range []int{80, 330} {
			c.box(x, 208, 14, 130, shade(wood, 82))
		}
	case 1:
		c.box(70, 130, 280, 200, wood)
		for i := range 3 {
			c.box(78+i*91, 138, 84, 184, shade(wood, 108))
			c.disc(154+i*91, 230, 4, shade(wood, 55))
		}
	default:
		c.box(60, 120, 300, 110, shade(wood, 90))
		c.box(50, 220, 320, 70, rgb(0xfaf8f4))
		c.box(80, 190, 100, 44, rgb(0xffffff))
		c.box(230, 190, 100, 44, rgb(0xffffff))
		c.box(50, 288, 320, 26, wood)
	}
	return c
}

// paintPlan is a floor plan.
func paintPlan(r *rng) canvas {
	c := newCanvas(480, 380, rgb(0xffffff))
	ink := rgb(0x303030)
	x1, y1 := r.between(160, 300), r.between(140, 240)
	for _, l := range [][4]int{{30, 30, 450, 30}, {30, 350, 450, 350}, {30, 30, 30, 350}, {444, 30, 444, 350}, {x1, 30, x1, y1}, {30, y1, 450, y1}, {x1 + 60, y1, x1 + 60, 350}} {
		c.line(l[0], l[1], l[2], l[3], 6, ink)
	}
	c.box(x1-50, y1, 40, 6, rgb(0xffffff))
	c.box(x1+90, y1, 40, 6, rgb(0xffffff))
	c.box(60, 60, 70, 50, rgb(0xe8e2d6))
	c.box(60, y1+40, 110, 46, rgb(0xdbe5ea))
	for x := 30; x < 450; x += 30 {
		c.box(x, 364, 1, 8, ink)
	}
	c.box(30, 368, 420, 1, ink)
	return c
}

// paintDamage is a board close up, with a scratch.
func paintDamage(r *rng) canvas {
	wood := rgb(pick(r, woodTones))
	c := newCanvas(420, 320, wood)
	for y := 0; y < 320; y += 6 {
		c.box(0, y, 420, 1+r.intn(2), shade(wood, r.between(86, 108)))
	}
	x, y := r.between(60, 180), r.between(60, 200)
	for range r.between(1, 3) {
		c.line(x, y, x+r.between(60, 170), y+r.between(-40, 60), 2, shade(wood, 165))
		x, y = x+12, y+14
	}
	c.disc(x+90, y+20, r.between(4, 11), shade(wood, 55))
	return c
}

// paintBoxes is a delivery: cartons against a wall.
func paintBoxes(r *rng) canvas {
	c := newCanvas(420, 320, rgb(0xcfcac2))
	c.box(0, 230, 420, 90, rgb(0x9d978e))
	for i := range r.between(3, 6) {
		card := shade(rgb(0xb58a58), r.between(88, 112))
		w, h := r.between(60, 120), r.between(50, 130)
		x := 20 + i*66
		c.box(x, 270-h, w, h, card)
		c.box(x, 270-h+h/2-4, w, 8, shade(card, 122))
	}
	return c
}

// paintSwatch is a row of colour samples.
func paintSwatch(r *rng) canvas {
	c := newCanvas(420, 280, rgb(0xf6f6f4))
	tones := append(append([]int{}, woodTones...), softTones...)
	for i, k := range r.shuffled(len(tones))[:6] {
		c.box(20+i%3*132, 20+i/3*126, 116, 112, rgb(tones[k]))
	}
	return c
}

// paintSite is a raw room under construction.
func paintSite(r *rng) canvas {
	c := newCanvas(480, 360, rgb(0xb9b6b0))
	c.box(0, 240, 480, 120, rgb(0x8f8c87))
	c.box(r.between(40, 300), 60, 110, 140, rgb(0xdfe9ee))
	for range 4 {
		x := r.between(0, 440)
		c.line(x, 0, x, 240, 2, rgb(pick(r, []int{0xc03a2b, 0x2b62c0, 0x777777})))
	}
	c.box(r.between(30, 330), 220, 90, 60, rgb(0xa88457))
	return c
}

// paintReceipt is a slip of paper on a desk.
func paintReceipt(r *rng) canvas {
	c := newCanvas(320, 420, rgb(0x6f5b49))
	c.box(60, 30, 200, 360, rgb(0xfbfaf5))
	for y := 60; y < 360; y += 18 {
		c.box(78, y, r.between(50, 110), 5, rgb(0x555555))
		c.box(210, y, r.between(16, 34), 5, rgb(0x555555))
	}
	c.disc(200, 330, 30, color.RGBA{200, 40, 40, 255})
	c.disc(200, 330, 26, rgb(0xfbfaf5))
	return c
}

// paintFood is somebody's lunch.
func paintFood(r *rng) canvas {
	c := newCanvas(400, 300, rgb(pick(r, woodTones)))
	c.disc(200, 150, 120, rgb(0xf5f3ef))
	for range 26 {
		c.disc(200+r.between(-75, 75), 150+r.between(-75, 75), r.between(8, 22), rgb(pick(r, []int{0xc0492b, 0x6d8f3a, 0xe2b04a, 0x8a5a35, 0xf0e3c0})))
	}
	return c
}

// faces are the moods of stickers.
var faces = map[string]int{"smile": 1, "ok": 2, "thanks": 3, "cry": 4}

// faceSize is the width and height of a sticker in pixels.
const faceSize = 120

func paintFace(mood string, variant, frame int) canvas {
	c := newCanvas(faceSize, faceSize, rgb(0xffffff))
	c.disc(60, 60, 50, rgb([]int{0xffd34d, 0xffc04d, 0xffe08a, 0xf7b7c5, 0xa8d8ea, 0xc5e1a5}[variant%6]))
	open := 7 - 5*frame
	for _, x := range []int{42, 78} {
		c.box(x-5, 50-open, 10, 2*open, rgb(0x3a2a1a))
	}
	for x := -22; x <= 22; x++ {
		bend := x * x / 40
		if mood == "cry" {
			bend = -bend
		}
		c.box(60+x, 84-bend, 3, 4, rgb(0x3a2a1a))
	}
	return c
}

func paintPNG(subject string, variant int) []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, paintFace(subject, variant, 0).RGBA); err != nil {
		panic(err) // a bytes.Buffer does not fail
	}
	return out.Bytes()
}

// paintGIF is a sticker that blinks.
func paintGIF(subject string, variant int) []byte {
	anim := gif.GIF{}
	for frame := range 2 {
		img := paintFace(subject, variant, frame)
		pal := image.NewPaletted(img.Bounds(), color.Palette{rgb(0xffffff), img.At(60, 20), rgb(0x3a2a1a)})
		draw.Draw(pal, img.Bounds(), img, image.Point{}, draw.Src)
		anim.Image, anim.Delay = append(anim.Image, pal), append(anim.Delay, 90-60*frame)
	}
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, &anim); err != nil {
		panic(err) // a bytes.Buffer does not fail
	}
	return out.Bytes()
}
