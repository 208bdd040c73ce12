package render

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"

	"golang.org/x/image/webp"
)

// decodeWebP decodes a webp; of one that moves the first frame, which the
// library does not know. Source: developers.google.com/speed/webp/docs/riff_container.
func decodeWebP(r ctxBytes, data []byte) (image.Image, error) {
	still, at, canvas, ok := firstFrame(data)
	if !ok {
		return webp.Decode(r)
	}
	if canvas.check() != nil {
		return nil, image.ErrFormat
	}
	img, err := webp.Decode(ctxBytes{r.ctx, bytes.NewReader(still)})
	if err != nil {
		return nil, err
	}
	whole := image.NewNRGBA(image.Rect(0, 0, canvas.w, canvas.h))
	draw.Draw(whole, img.Bounds().Add(at), img, img.Bounds().Min, draw.Src)
	return whole, nil
}

// firstFrame makes a still webp of the first frame of one that moves, and tells
// where on which canvas it stands.
func firstFrame(data []byte) (still []byte, at image.Point, canvas dims, ok bool) {
	if len(data) < 30 || string(data[12:16]) != "VP8X" || data[20]&2 == 0 {
		return nil, at, canvas, false
	}
	canvas = dims{1 + uint24(data[24:]), 1 + uint24(data[27:])}
	for rest := data[12:]; ; {
		name, body, next, ok := riffChunk(rest)
		if !ok {
			return nil, at, canvas, false
		}
		if name == "ANMF" && len(body) > 16 {
			w, h := 1+uint24(body[6:]), 1+uint24(body[9:])
			if w > canvas.w || h > canvas.h {
				return nil, at, canvas, false
			}
			return stillWebP(w, h, body[16:]), image.Pt(2*uint24(body), 2*uint24(body[3:])), canvas, true
		}
		rest = next
	}
}

// stillWebP wraps the chunks of a frame.
func stillWebP(w, h int, chunks []byte) []byte {
	out := []byte("RIFF\x00\x00\x00\x00WEBP")
	if string(chunks[:min(4, len(chunks))]) == "ALPH" {
		out = append(out, "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
		out = append(out, byte(w-1), byte((w-1)>>8), byte((w-1)>>16), byte(h-1), byte((h-1)>>8), byte((h-1)>>16))
	}
	out = append(out, chunks...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// riffChunk takes the first chunk off b.
func riffChunk(b []byte) (name string, body, rest []byte, ok bool) {
	if len(b) < 8 {
		return "", nil, nil, false
	}
	n := uint64(binary.LittleEndian.Uint32(b[4:]))
	if n > uint64(len(b)-8) {
		return "", nil, nil, false
	}
	body, rest = b[8:8+n], b[8+n:]
	if n%2 == 1 && len(rest) > 0 {
		rest = rest[1:]
	}
	return string(b[:4]), body, rest, true
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
