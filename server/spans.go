package server

import (
	"unicode/utf8"

	"huicun/internal/archive"
	"huicun/server/api"
)

// newSpans turns byte offsets into the UTF-16 offsets by which browsers count.
// Offsets that are out of range, inside a character or in the wrong order are
// moved to the next place that exists, so that a wrong span shows too much
// rather than breaking the page.
func newSpans(s string, spans []archive.Span) []api.Span {
	out := make([]api.Span, len(spans))
	if len(spans) == 0 {
		return out
	}
	units := utf16Offsets(s)
	at := func(i int) int { return units[min(max(i, 0), len(s))] }
	for i, sp := range spans {
		start := at(sp.Start)
		out[i] = api.Span{Start: start, End: max(start, at(sp.End))}
	}
	return out
}

// utf16Offsets gives for each byte offset of s, its end included, the number
// of UTF-16 units before it; inside a character, those after it. A byte that
// is no UTF-8 counts one unit, as encoding/json writes it.
func utf16Offsets(s string) []int {
	offsets := make([]int, len(s)+1)
	units := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		offsets[i] = units
		units++
		if r > 0xFFFF {
			units++
		}
		for j := 1; j < size; j++ {
			offsets[i+j] = units
		}
		i += size
	}
	offsets[len(s)] = units
	return offsets
}
