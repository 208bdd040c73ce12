package search

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"huicun/internal/archive"
	"huicun/internal/hanzi"
)

// Characters that stand for others in folded texts. Unicode reserves them for
// such use (noncharacters); Fold leaves none in what it is given.
const (
	partEnd  = '\uFDD0' // between the text of a message and each code in its pictures: no word reaches over it
	blankFor = '\uFDD1' // a blank inside a token, see Tokens
)

// Fold gives the form in which texts are compared: without characters that show
// nothing, NFKC (width and compatibility forms), lower case, every kind of blank
// and control character as one space each, CR LF as one; and, unless exact,
// simplified characters. A word is in a text when its form is in the text's.
func Fold(s string, exact bool) string {
	f := folder{exact: exact}
	f.fold(s)
	return f.out.String()
}

// folder folds a text, and, where offsets is set, notes for each byte of the
// result where the characters begin and end in the text that it was made from.
type folder struct {
	exact, offsets bool
	out            strings.Builder
	starts, ends   []int
	kept           []byte // the text without what shows nothing
	from, to       []int  // for each byte of kept: where its character begins and ends in the text
}

func (f *folder) fold(s string) {
	if !f.offsets && plain(s) {
		f.out.WriteString(strings.ToLower(s))
		return
	}
	f.keepVisible(s)
	var it norm.Iter
	it.Init(norm.NFKC, f.kept)
	for !it.Done() {
		from, before := it.Pos(), f.out.Len()
		f.write(it.Next())
		if !f.offsets {
			continue
		}
		for range f.out.Len() - before {
			f.starts = append(f.starts, f.from[from])
		}
		// Of a character that becomes several the iterator gives one at a time, and
		// moves on with the last.
		for it.Pos() > from && len(f.ends) < len(f.starts) {
			f.ends = append(f.ends, f.to[it.Pos()-1])
		}
	}
}

// plain reports whether s holds nothing but visible ASCII and spaces.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// keepVisible leaves out what shows nothing. Bytes that are no character become
// U+FFFD.
func (f *folder) keepVisible(s string) {
	f.kept = make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		from := i
		i += size
		switch {
		case r == '\r' && i < len(s) && s[i] == '\n':
			continue // the line feed stands for both
		case unicode.IsSpace(r), unicode.IsControl(r):
			r = ' '
		case noncharacter(r):
			r = utf8.RuneError
		case ignorable(r):
			continue
		}
		before := len(f.kept)
		f.kept = utf8.AppendRune(f.kept, r)
		if f.offsets {
			for range len(f.kept) - before {
				f.from, f.to = append(f.from, from), append(f.to, i)
			}
		}
	}
}

func (f *folder) write(segment []byte) {
	for len(segment) > 0 {
		r, size := utf8.DecodeRune(segment)
		segment = segment[size:]
		r = unicode.ToLower(r)
		if !f.exact {
			r = hanzi.Simplify(r)
		}
		f.out.WriteRune(r)
	}
}

// ignorable reports whether a character shows nothing by itself: joiners,
// direction marks, soft hyphens, variation selectors (Unicode's
// Default_Ignorable_Code_Point, unicode.org/reports/tr44).
func ignorable(r rune) bool {
	if r < 0xAD {
		return false
	}
	switch {
	case 0xFFF9 <= r && r <= 0xFFFB, 0x13430 <= r && r <= 0x13440, unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// noncharacter reports whether Unicode has set r aside for ever.
func noncharacter(r rune) bool { return 0xFDD0 <= r && r <= 0xFDEF || r&0xFFFE == 0xFFFE }

// Spans returns where text contains one of words, which are folded, as byte
// offsets into text that begin and end at whole characters, in order. Those that
// overlap or touch are one.
func Spans(text string, exact bool, words []string) []archive.Span {
	f := folder{exact: exact, offsets: true}
	f.fold(text)
	folded := f.out.String()
	var spans []archive.Span
	for _, w := range words {
		for from := 0; w != ""; {
			i := strings.Index(folded[from:], w)
			if i < 0 {
				break
			}
			a, b := from+i, from+i+len(w)
			spans = append(spans, archive.Span{Start: f.starts[a], End: f.ends[b-1]})
			from = b
		}
	}
	return merged(spans)
}

// merged puts spans in order and makes one of those that overlap or touch.
func merged(spans []archive.Span) []archive.Span {
	slices.SortFunc(spans, func(a, b archive.Span) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && s.Start <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}
