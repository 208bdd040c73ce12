package render

import (
	"encoding/binary"
	"image"
)

// jpegHeader finds the frame of a JPEG: its size, and the memory that decoding
// takes. A progressive one is held as coefficients, too.
func jpegHeader(data []byte) (dims, int, error) {
	for at := 2; at+4 <= len(data); {
		if data[at] != 0xff {
			return dims{}, 0, image.ErrFormat
		}
		marker := data[at+1]
		if marker == 0xff { // padding
			at++
			continue
		}
		if marker == 0x01 || marker >= 0xd0 && marker <= 0xd8 { // no length
			at += 2
			continue
		}
		if marker == 0xda || marker == 0xd9 { // pixels before a frame
			break
		}
		n := int(binary.BigEndian.Uint16(data[at+2:]))
		if n < 2 || at+2+n > len(data) {
			break
		}
		if isFrame(marker) {
			return jpegFrame(data[at+4:at+2+n], marker == 0xc2)
		}
		at += 2 + n
	}
	return dims{}, 0, image.ErrFormat
}

// isFrame: markers C0 to CF, but tables (C4), extensions (C8) and conditioning (CC).
func isFrame(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}

func jpegFrame(p []byte, progressive bool) (dims, int, error) {
	if len(p) < 6 || p[5] == 0 || p[5] > 4 || len(p) < 6+3*int(p[5]) {
		return dims{}, 0, image.ErrFormat
	}
	d := dims{int(binary.BigEndian.Uint16(p[3:])), int(binary.BigEndian.Uint16(p[1:]))}
	if d.check() != nil {
		return d, 0, nil
	}
	most, sum := 1, 0
	for i := range int(p[5]) {
		factors := p[6+3*i+1]
		n := int(factors>>4) * int(factors&15)
		most, sum = max(most, n), sum+n
	}
	samples := d.w * d.h * sum / most
	if progressive {
		return d, samples * 5, nil
	}
	return d, samples, nil
}
