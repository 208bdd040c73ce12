package rules

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"huicun/internal/hanzi"
)

// noise stands in the fold table for characters that may be put between the
// characters of a word without changing what a reader sees.
const (
	softNoise = 0 // blanks, line breaks, invisible characters, accents: never part of a word
	hardNoise = 1 // punctuation: part of a word that has it, skipped in all others
	firstUnit = 2 // units below do not occur
)

// foldTable gives the unit of each character of the basic plane.
type foldTable [1 << 16]uint16

// foldRunes is built on first use: 64K look-ups take some milliseconds.
var foldRunes = sync.OnceValue(func() *foldTable {
	t := new(foldTable)
	for r := rune(0); r < 1<<16; r++ {
		t[r] = foldSlowly(r)
	}
	return t
})

// foldSlowly gives the unit of one character: full width as half width, upper
// case as lower, traditional as simplified.
func foldSlowly(r rune) uint16 {
	if utf16Surrogate(r) {
		return hardNoise
	}
	if c := kindOfNoise(r); c != firstUnit {
		return uint16(c)
	}
	if folded := []rune(norm.NFKC.String(string(r))); len(folded) == 1 {
		r = folded[0]
	}
	r = hanzi.Simplify(unicode.ToLower(r))
	if c := kindOfNoise(r); c != firstUnit {
		return uint16(c)
	}
	if r >= 1<<16 {
		return hardNoise
	}
	return uint16(r)
}

func utf16Surrogate(r rune) bool { return 0xD800 <= r && r <= 0xDFFF }

// kindOfNoise tells soft and hard noise from the rest, which gives firstUnit.
// Marks are noise only where they decorate: vowels of Thai or Hindi are not.
func kindOfNoise(r rune) rune {
	switch {
	case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Z, r),
		0x0300 <= r && r <= 0x036F, 0x20D0 <= r && r <= 0x20FF, 0xFE00 <= r && r <= 0xFE0F,
		r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0, r == 0x2800: // fillers that show nothing
		return softNoise
	case unicode.IsPunct(r), unicode.Is(unicode.Sm, r), unicode.Is(unicode.Sk, r), r == utf8.RuneError:
		return hardNoise
	}
	return firstUnit
}

// unitOf gives the unit of any character. Beyond the basic plane, where the
// emoji are, a character stands for itself.
func (t *foldTable) unitOf(r rune) rune {
	if r < 1<<16 {
		return rune(t[r])
	}
	if 0xE0000 <= r && r <= 0xE01EF { // tags and variation selectors
		return softNoise
	}
	return foldWide(r)
}

// foldWide turns the letters and digits that only look different, such as
// mathematical bold, into plain ones. They start at U+1D400 and U+1F100.
func foldWide(r rune) rune {
	if !(0x1D400 <= r && r <= 0x1D7FF) && !(0x1F100 <= r && r <= 0x1F1FF) && !(0x1FBF0 <= r && r <= 0x1FBF9) {
		return r
	}
	folded := []rune(norm.NFKC.String(string(r)))
	if len(folded) == 1 {
		return unicode.ToLower(folded[0])
	}
	return r
}

// Bounds of what may stand between two characters of a word: a word is not
// spread over paragraphs.
const (
	maxGapRunes  = 8
	maxGapBreaks = 1
)

// folded is a text as the matcher sees it: one entry a unit, noise left out.
// The slices are reused from text to text.
type folded struct {
	units []rune
	start []int32 // byte offset of the unit
	end   []int32
	gap   []gap // before the unit
}

// gap says what stood between a unit and the one before it.
type gap uint8

const (
	gapNone  gap = iota // nothing
	gapNoise            // noise that a word may hide behind
	gapWide             // too much of it
)

// fold reads a text. Bytes that are no UTF-8 count as punctuation.
func (f *folded) fold(t *foldTable, text string) {
	f.units, f.start, f.end, f.gap = f.units[:0], f.start[:0], f.end[:0], f.gap[:0]
	runes, breaks := 0, 0
	for i, size := 0, 0; i < len(text); i += size {
		r := rune(text[i])
		size = 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		u := t.unitOf(r)
		if u < firstUnit {
			runes++
			if r == '\n' {
				breaks++
			}
			continue
		}
		g := gapNone
		if runes > 0 {
			g = gapNoise
			if runes > maxGapRunes || breaks > maxGapBreaks {
				g = gapWide
			}
			runes, breaks = 0, 0
		}
		f.units = append(f.units, u)
		f.start = append(f.start, int32(i))
		f.end = append(f.end, int32(i+size))
		f.gap = append(f.gap, g)
	}
}
