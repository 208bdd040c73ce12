package render

import (
	"encoding/binary"
	"math"
)

const (
	// waveBars is how many stretches of a sound are told apart.
	waveBars = 48
	// waveBlocks is how many blocks a wave remembers at most, so that the memory
	// stays the same for a second and for a day.
	waveBlocks = 400 * waveBars
)

// wave takes 16 bit samples, little endian, and remembers how loud they were.
type wave struct {
	samples int64
	odd     []byte    // half a sample
	size    int       // samples of a block; doubles when there are too many blocks
	blocks  []float64 // sums of the squares, of whole blocks
	sum     float64   // of the block that is not whole
	filled  int
}

func newWave() *wave { return &wave{size: 8} }

// Write never fails.
func (w *wave) Write(p []byte) (int, error) {
	n := len(p)
	if len(w.odd) == 1 && n > 0 {
		w.add(int16(uint16(w.odd[0]) | uint16(p[0])<<8))
		p, w.odd = p[1:], nil
	}
	for ; len(p) >= 2; p = p[2:] {
		w.add(int16(binary.LittleEndian.Uint16(p)))
	}
	if len(p) == 1 {
		w.odd = []byte{p[0]}
	}
	return n, nil
}

func (w *wave) add(sample int16) {
	w.samples++
	w.sum += float64(sample) * float64(sample)
	if w.filled++; w.filled < w.size {
		return
	}
	w.blocks = append(w.blocks, w.sum)
	w.sum, w.filled = 0, 0
	if len(w.blocks) == waveBlocks {
		w.halve()
	}
}

// halve makes one block of two.
func (w *wave) halve() {
	for i := range waveBlocks / 2 {
		w.blocks[i] = w.blocks[2*i] + w.blocks[2*i+1]
	}
	w.blocks, w.size = w.blocks[:waveBlocks/2], w.size*2
}

// bars gives the loudness (RMS) of equal stretches, 0 to 255, the loudest 255.
// Silence is all 0.
func (w *wave) bars() []byte {
	var rms [waveBars]float64
	for i := range rms {
		from, to := w.samples*int64(i)/waveBars, w.samples*int64(i+1)/waveBars
		rms[i] = math.Sqrt(w.energy(from, to) / float64(max(1, to-from)))
	}
	peak := 0.0
	for _, v := range rms {
		peak = max(peak, v)
	}
	out := make([]byte, waveBars)
	for i, v := range rms {
		if peak > 0 {
			out[i] = uint8(math.Round(v / peak * 255))
		}
	}
	return out
}

// energy is the sum of the squares of the samples from up to before to; of a
// block that is partly in it, that part of its sum.
func (w *wave) energy(from, to int64) float64 {
	sum := 0.0
	size := int64(w.size)
	for i := from / size; i*size < to && i <= int64(len(w.blocks)); i++ {
		begin, end, value := i*size, (i+1)*size, w.sum
		if i < int64(len(w.blocks)) {
			value = w.blocks[i]
		} else {
			end = w.samples
		}
		if end <= begin {
			continue
		}
		sum += value * float64(min(end, to)-max(begin, from)) / float64(end-begin)
	}
	return sum
}
