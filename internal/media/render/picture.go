package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"huicun/internal/archive"
	"huicun/internal/media"
)

// Limits of pictures. They are looked at in the header, before a pixel is decoded.
const (
	maxPixels = 100_000_000 // more is refused
	maxSide   = 65_500      // of either side; what JPEG can hold
	// maxDecoded is the memory of one decoded picture in this process, and
	// maxFile that of the file. Beyond, ffmpeg decodes it apart, with its own
	// limits. Pictures go one at a time; scaling takes up to 200 MiB more.
	maxDecoded = 128 << 20
	maxFile    = 32 << 20
	// bigPixels is from where a picture has a RenditionLarge.
	bigPixels = 4_000_000
	thumbSide = 320
	largeSide = 1600
)

// errTooManyPixels is what decompression bombs meet.
var errTooManyPixels = errors.New("the picture has more than 100 megapixels")

// picture makes thumb and large of a picture and reads its QR codes.
func (r *Renderer) picture(ctx context.Context, f format, content io.ReadSeeker) (media.Looked, []media.Rendered, error) {
	select {
	case r.pictures <- struct{}{}:
		defer func() { <-r.pictures }()
	case <-ctx.Done():
		return media.Looked{}, nil, fmt.Errorf("another picture: %w: %w", media.ErrTemporary, context.Cause(ctx))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.limits.picture, errTooLong)
	defer cancel()
	p, err := r.open(ctx, f, content)
	if err != nil {
		return media.Looked{}, nil, err
	}
	return p.forms(ctx, f)
}

// opened is a picture that was decoded.
type opened struct {
	width, height int         // of the original, as shown
	moves         bool        // there is more than a frame, or may be
	base          *image.RGBA // upright, on white, of baseSize
}

// open decodes a picture here, or else apart: when it is too large for this
// process, or when the decoders here do not know what is in it.
func (r *Renderer) open(ctx context.Context, f format, content io.ReadSeeker) (*opened, error) {
	data, err := io.ReadAll(io.LimitReader(ctxReader{ctx, content}, maxFile))
	if err != nil {
		return nil, readError(err)
	}
	size, cost, err := header(f, data)
	if err == nil {
		if err := size.check(); err != nil {
			return nil, err
		}
	}
	here := err == nil && cost <= maxDecoded && len(data) < maxFile
	if here {
		if p, err := decode(ctx, f, data, size); err == nil {
			return p, nil
		} else if ctx.Err() != nil {
			return nil, fmt.Errorf("decode %s: %w", f.name, context.Cause(ctx))
		}
	}
	return r.decodeApart(ctx, f, content, data, size)
}

// dims is a size in pixels; zero: unknown.
type dims struct{ w, h int }

func (d dims) check() error {
	if d.w <= 0 || d.h <= 0 {
		return errors.New("the picture has no size")
	}
	if d.w > maxSide || d.h > maxSide || d.w*d.h > maxPixels {
		return errTooManyPixels
	}
	return nil
}

// header gives size and memory in bytes of a picture, once decoded here.
func header(f format, data []byte) (dims, int, error) {
	switch f {
	case formatJPEG:
		return jpegHeader(data)
	case formatHEIC, formatAVIF:
		return dims{}, 0, image.ErrFormat
	}
	c, err := config(f, bytes.NewReader(data))
	if err != nil {
		return dims{}, 0, err
	}
	d := dims{c.Width, c.Height}
	if d.check() != nil {
		return d, 0, nil
	}
	perPixel := bytesPerPixel(c.ColorModel)
	switch f {
	case formatGIF:
		perPixel = 5 // the first frame, and the canvas that it stands on
	case formatWebP:
		perPixel = 8 // the same
	}
	if f == formatPNG && len(data) > 28 && data[28] == 1 {
		perPixel *= 2 // interlaced: one pass beside the whole
	}
	return d, d.w * d.h * perPixel, nil
}

func config(f format, r io.Reader) (image.Config, error) {
	switch f {
	case formatPNG:
		return png.DecodeConfig(r)
	case formatGIF:
		return gif.DecodeConfig(r)
	case formatWebP:
		return webp.DecodeConfig(r)
	case formatBMP:
		return bmp.DecodeConfig(r)
	case formatTIFF:
		return tiff.DecodeConfig(r)
	}
	return image.Config{}, image.ErrFormat
}

// decode decodes a picture in this process.
func decode(ctx context.Context, f format, data []byte, size dims) (*opened, error) {
	img, err := decodeImage(f, ctxBytes{ctx, bytes.NewReader(data)}, data)
	if err != nil {
		return nil, err
	}
	img = onCanvas(img, size)
	o := orientation(f, data)
	w, h := o.turned(size.w, size.h)
	return &opened{w, h, moves(f, data), o.apply(shrink(img, baseSize(size)))}, nil
}

func decodeImage(f format, r ctxBytes, data []byte) (image.Image, error) {
	switch f {
	case formatJPEG:
		return jpeg.Decode(r)
	case formatPNG:
		return png.Decode(r)
	case formatGIF:
		return gif.Decode(r)
	case formatWebP:
		return decodeWebP(r, data)
	case formatBMP:
		return bmp.Decode(r)
	case formatTIFF:
		return tiff.Decode(r)
	}
	return nil, image.ErrFormat
}

func moves(f format, data []byte) bool {
	if f == formatWebP {
		_, _, _, moving := firstFrame(data)
		return moving
	}
	return f == formatGIF
}

// onCanvas puts the first frame of a gif where it stands on its canvas.
func onCanvas(img image.Image, size dims) image.Image {
	canvas := image.Rect(0, 0, size.w, size.h)
	if img.Bounds() == canvas {
		return img
	}
	whole := image.NewRGBA(canvas)
	draw.Draw(whole, img.Bounds(), img, img.Bounds().Min, draw.Src)
	return whole
}

// ctxBytes is a file in memory that cannot be read any more when ctx is over,
// which ends a decoder that takes too long.
type ctxBytes struct {
	ctx context.Context
	*bytes.Reader
}

func (c ctxBytes) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.Reader.Read(p)
}

func (c ctxBytes) ReadAt(p []byte, at int64) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.Reader.ReadAt(p, at)
}

// forms makes what browsers show.
func (p *opened) forms(ctx context.Context, f format) (media.Looked, []media.Rendered, error) {
	look := media.Looked{Width: int64(p.width), Height: int64(p.height)}
	thumb, err := encodeJPEG(archive.RenditionThumb, shrink(p.base, fit(p.base.Rect.Dx(), p.base.Rect.Dy(), thumbSide)))
	if err != nil {
		return look, nil, err
	}
	made := []media.Rendered{thumb}
	// What moves is shown as it is.
	if !f.shown || p.width*p.height > bigPixels && !p.moves {
		large, err := encodeJPEG(archive.RenditionLarge, shrink(p.base, fit(p.base.Rect.Dx(), p.base.Rect.Dy(), largeSide)))
		if err != nil {
			return look, nil, err
		}
		made = append(made, large)
	}
	look.Codes = readCodes(ctx, p.base)
	if err := context.Cause(ctx); err != nil && !errors.Is(err, errTooLong) {
		return look, nil, err
	}
	return look, made, nil
}

func encodeJPEG(name string, img *image.RGBA) (media.Rendered, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		return media.Rendered{}, fmt.Errorf("encode %s: %w", name, err)
	}
	return rendered(name, "image/jpeg", img.Rect.Dx(), img.Rect.Dy(), b.Bytes()), nil
}
