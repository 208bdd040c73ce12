package rules

import (
	"slices"
	"sync"
	"unicode/utf8"

	"huicun/internal/archive"
)

// Span is a range of byte offsets into a text, end exclusive.
type Span = archive.Span

// Hit is a word found in a text.
type Hit struct {
	Word int // index into the words of NewMatcher
	Span
}

// Matcher finds many words at once, whatever their case, width, traditional or
// simplified form, and with blanks, punctuation and invisible characters put
// between their characters. It is safe for use by several goroutines.
//
// Between letters or digits of the Latin script noise counts as a disguise only
// when the hit is not cut out of longer words: vx is in "v x" but not in
// "dev xyz". Punctuation of a word itself must be in the text: c++ is not c.
type Matcher struct {
	words  []word
	trie   trie
	starts bitmap // first unit of a word
	pairs  bitmap // first two units of a word
	ones   bitmap // words of one unit
}

type word struct {
	hard []rune // with punctuation, folded; nil when the word has none
	lead int    // how much of hard stands before the first unit
}

// NewMatcher makes a matcher of words. A word without any letter, digit or
// other character that is more than noise is never found.
func NewMatcher(words ...string) *Matcher {
	m := &Matcher{
		words:  make([]word, len(words)),
		trie:   newTrie(),
		starts: newBitmap(len(words)),
		pairs:  newBitmap(len(words)),
		ones:   newBitmap(len(words)),
	}
	var f folded
	for i, w := range words {
		f.fold(foldRunes(), w)
		if len(f.units) == 0 {
			continue
		}
		m.words[i] = newWord(w)
		m.trie.add(f.units, i)
		m.starts.set(f.units[0])
		if len(f.units) == 1 {
			m.ones.set(f.units[0])
			continue
		}
		m.pairs.set(pair(f.units[0], f.units[1]))
	}
	return m
}

// Matchable reports whether a word has anything that can be found.
func Matchable(w string) bool { return characters(w) > 0 }

// characters counts what of a word is more than noise.
func characters(w string) int {
	var f folded
	f.fold(foldRunes(), w)
	return len(f.units)
}

func newWord(w string) word {
	var hard []rune
	lead, units, punctuated := 0, 0, false
	for _, r := range w {
		u := foldRunes().unitOf(r)
		switch u {
		case softNoise:
			continue
		case hardNoise:
			punctuated = true
			hard = append(hard, plainPunctuation(r))
			continue
		}
		if units++; units == 1 {
			lead = len(hard)
		}
		hard = append(hard, u)
	}
	if !punctuated {
		return word{}
	}
	return word{hard: hard, lead: lead}
}

// plainPunctuation makes full-width punctuation half-width.
func plainPunctuation(r rune) rune {
	if 0xFF01 <= r && r <= 0xFF5E {
		return r - 0xFEE0
	}
	return r
}

// Find gives where words are, in order of start, then of end, each span once.
func (m *Matcher) Find(text string) []Span {
	hits := m.AppendHits(nil, text)
	if len(hits) == 0 {
		return nil
	}
	spans := make([]Span, len(hits))
	for i, h := range hits {
		spans[i] = h.Span
	}
	slices.SortFunc(spans, compareSpans)
	return slices.Compact(spans)
}

func compareSpans(a, b Span) int {
	if a.Start != b.Start {
		return a.Start - b.Start
	}
	return a.End - b.End
}

var scratch = sync.Pool{New: func() any { return new(folded) }}

// keepUnits bounds what a scratch that goes back to the pool may hold.
const keepUnits = 1 << 14

// AppendHits appends every hit in text to dst, overlapping ones too, in order
// of their first character. It allocates only to grow dst.
func (m *Matcher) AppendHits(dst []Hit, text string) []Hit {
	f, _ := scratch.Get().(*folded)
	f.fold(foldRunes(), text)
	last := len(f.units) - 1
	for i, u := range f.units {
		if !m.starts.has(u) {
			continue
		}
		if i < last && m.pairs.has(pair(u, f.units[i+1])) || m.ones.has(u) {
			dst = m.walk(dst, text, f, i)
		}
	}
	if cap(f.units) <= keepUnits {
		scratch.Put(f)
	}
	return dst
}

// walk follows the trie from one unit.
func (m *Matcher) walk(dst []Hit, text string, f *folded, from int) []Hit {
	node, between := int32(0), gapNone
	for i := from; i < len(f.units); i++ {
		if i > from {
			between = max(between, f.gap[i])
		}
		var ok bool
		if node, ok = m.trie.next(node, f.units[i]); !ok {
			return dst
		}
		for w := m.trie.first[node]; w >= 0; w = m.trie.nextWord[w] {
			span := Span{Start: int(f.start[from]), End: int(f.end[i])}
			if m.words[w].hard != nil {
				if span, ok = m.words[w].at(text, span.Start); ok {
					dst = append(dst, Hit{Word: int(w), Span: span})
				}
				continue
			}
			if between == gapNone || between == gapNoise && f.whole(from, i) {
				dst = append(dst, Hit{Word: int(w), Span: span})
			}
		}
	}
	return dst
}

// whole reports whether the units from..to are not cut out of longer Latin
// words or numbers.
func (f *folded) whole(from, to int) bool {
	if from > 0 && f.gap[from] == gapNone && alnum(f.units[from]) && alnum(f.units[from-1]) {
		return false
	}
	return to+1 == len(f.units) || f.gap[to+1] != gapNone || !alnum(f.units[to]) || !alnum(f.units[to+1])
}

func alnum(u rune) bool { return 'a' <= u && u <= 'z' || '0' <= u && u <= '9' }

// at reports whether a word with punctuation stands in text, its first unit at
// start, and where. Only invisible characters and blanks are skipped.
func (w word) at(text string, start int) (Span, bool) {
	span := Span{Start: start, End: start}
	for i, skipped := w.lead, 0; i > 0; {
		r, size := utf8.DecodeLastRuneInString(text[:span.Start])
		span.Start -= size
		u := hardUnit(r)
		if u == softNoise && size > 0 && skipped < maxGapRunes {
			skipped++
			continue
		}
		if i--; size == 0 || u != w.hard[i] {
			return Span{}, false
		}
		skipped = 0
	}
	for i, skipped := w.lead, 0; i < len(w.hard); {
		r, size := utf8.DecodeRuneInString(text[span.End:])
		span.End += size
		u := hardUnit(r)
		if u == softNoise && size > 0 && skipped < maxGapRunes {
			skipped++
			continue
		}
		if size == 0 || u != w.hard[i] {
			return Span{}, false
		}
		i, skipped = i+1, 0
	}
	return span, true
}

// hardUnit is the unit of r where punctuation counts.
func hardUnit(r rune) rune {
	u := foldRunes().unitOf(r)
	if u == hardNoise {
		return plainPunctuation(r)
	}
	return u
}
