package render

import (
	"bytes"
	"image"

	"github.com/bep/imagemeta"
)

// turn is an orientation of EXIF, 1 to 8: what is to be done with the pixels
// before they are shown. 5 to 8 exchange width and height.
// Source: EXIF 2.32, 4.6.4, tag 0x0112.
type turn int

// upright is the orientation of pictures that say nothing.
const upright turn = 1

// metaFormats can hold EXIF that browsers follow.
var metaFormats = map[format]imagemeta.ImageFormat{
	formatJPEG: imagemeta.JPEG, formatPNG: imagemeta.PNG, formatWebP: imagemeta.WebP, formatTIFF: imagemeta.TIFF,
}

// orientation reads the EXIF of a picture. One that is damaged counts as none.
func orientation(f format, data []byte) (t turn) {
	kind, ok := metaFormats[f]
	if !ok {
		return upright
	}
	t = upright
	// The parser meets whatever people send.
	defer func() {
		if recover() != nil {
			t = upright
		}
	}()
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(data), ImageFormat: kind, Sources: imagemeta.EXIF,
		LimitNumTags: 500, LimitTagSize: 1024,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool { return tag.Tag == "Orientation" && tag.Namespace == "IFD0" },
		HandleTag: func(tag imagemeta.TagInfo) error {
			if v, ok := tag.Value.(uint16); ok && v >= 1 && v <= 8 {
				t = turn(v)
			}
			return imagemeta.ErrStopWalking
		},
		Warnf: func(string, ...any) {},
	})
	return t
}

// turned gives width and height as shown.
func (t turn) turned(w, h int) (int, int) {
	if t >= 5 {
		return h, w
	}
	return w, h
}

// apply gives the picture as shown.
func (t turn) apply(img *image.RGBA) *image.RGBA {
	if t <= upright || t > 8 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	outW, outH := t.turned(w, h)
	out := image.NewRGBA(image.Rect(0, 0, outW, outH))
	for y := range outH {
		for x := range outW {
			fromX, fromY := t.source(x, y, w, h)
			copy(out.Pix[y*out.Stride+x*4:][:4], img.Pix[fromY*img.Stride+fromX*4:][:4])
		}
	}
	return out
}

// source tells which pixel of a picture of w × h is shown at x, y.
func (t turn) source(x, y, w, h int) (int, int) {
	switch t {
	case 2: // mirrored
		return w - 1 - x, y
	case 3: // upside down
		return w - 1 - x, h - 1 - y
	case 4: // upside down, mirrored
		return x, h - 1 - y
	case 5: // transposed
		return y, x
	case 6: // to be turned right
		return y, h - 1 - x
	case 7: // transposed along the other diagonal
		return w - 1 - y, h - 1 - x
	case 8: // to be turned left
		return w - 1 - y, x
	}
	return x, y
}
