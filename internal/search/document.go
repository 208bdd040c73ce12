package search

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huicun/internal/archive"
)

// Flags are yes-or-no facts of a message that a search may ask for.
type Flags int16

// The flags. Their numbers are in the database.
const (
	HasFile   Flags = 1 << iota // a picture, video, voice, document: anything with bytes
	HasLink                     // a link, mini program, document link; nested ones too
	HasQR                       // a QR code was read in a picture of it
	Revoked                     // taken back
	Sensitive                   // part of a violation that is no false alarm
)

// Source is what a document is made from.
type Source struct {
	ID      string
	BaseID  string // archive.Message.BaseID: revokes name it
	Seq     int64
	ConvID  int64
	SentAt  time.Time
	FromID  string
	MsgType string
	Text    string   // archive.Message.Text
	Codes   []string // contents of QR codes in its pictures
	Links   []string // where its links lead; see LinksOf
	Flags   Flags
}

// Document is what a search knows of a message: one row of search_messages, one
// document in Elasticsearch.
type Document struct {
	ID      string
	Seq     int64
	ConvID  int64
	SentAt  time.Time
	FromID  string
	MsgType string
	Flags   Flags
	Body    string // text, codes and links, folded; each code and link behind partEnd
	Exact   string // the same, traditional characters kept; "" when it is the same as Body
	Change  int64  // number of the change that made it; grows with every change of any document
}

// Document makes the document of a source.
func (s Source) Document() Document {
	d := Document{
		ID: s.ID, Seq: s.Seq, ConvID: s.ConvID, SentAt: s.SentAt, FromID: s.FromID, MsgType: s.MsgType, Flags: s.Flags,
		Body: s.body(false),
	}
	if len(s.Codes) > 0 {
		d.Flags |= HasQR
	}
	if exact := s.body(true); exact != d.Body {
		d.Exact = exact
	}
	return d
}

func (s Source) body(exact bool) string {
	var b strings.Builder
	b.WriteString(Fold(s.Text, exact))
	for _, parts := range [][]string{s.Codes, s.Links} {
		for _, p := range parts {
			b.WriteRune(partEnd)
			b.WriteString(Fold(p, exact))
		}
	}
	return b.String()
}

// Length is the number of characters of the body: by it the best hits are first.
func (d Document) Length() int { return utf8.RuneCountInString(d.Body) }

// FlagsOf gives the flags that the content of a message alone decides.
func FlagsOf(c archive.Content) Flags {
	var f Flags
	c.Medias(func(archive.ContentKind, *archive.Media) { f |= HasFile })
	c.Places(func(_ int, _ archive.Content, tab archive.MediaTab) {
		if tab == archive.TabLink {
			f |= HasLink
		}
	})
	return f
}

// LinksOf gives the addresses behind the links of a message, each once, in
// reading order: its card shows where it leads, its text does not have it.
func LinksOf(c archive.Content) []string {
	var links []string
	c.Places(func(_ int, part archive.Content, _ archive.MediaTab) {
		for _, l := range part.Links {
			if l.URL != "" && !slices.Contains(links, l.URL) {
				links = append(links, l.URL)
			}
		}
	})
	return links
}

// Grams gives the numbers under which Postgres indexes a folded text: each
// character and each pair of neighbours, sorted, each once. Texts that hold a
// word have all of GramsOf(word); the opposite is checked on the text.
func Grams(folded string) []int32 {
	if folded == "" {
		return []int32{}
	}
	grams := make([]int32, 0, 2*len(folded)/3+2)
	var last rune = -1
	for _, r := range folded {
		grams = append(grams, single(r))
		if last >= 0 {
			grams = append(grams, pair(last, r))
		}
		last = r
	}
	slices.Sort(grams)
	return slices.Compact(grams)
}

// GramsOf gives the numbers that every text with the word has: of one character
// its own, of more those of all pairs, which are rarer.
func GramsOf(word string) []int32 {
	if utf8.RuneCountInString(word) == 1 {
		r, _ := utf8.DecodeRuneInString(word)
		return []int32{single(r)}
	}
	var grams []int32
	var last rune = -1
	for _, r := range word {
		if last >= 0 {
			grams = append(grams, pair(last, r))
		}
		last = r
	}
	slices.Sort(grams)
	return slices.Compact(grams)
}

// Numbers: a character of the basic plane is its code point; those beyond it,
// and pairs, are 65536 and a hash of 18 bits. The index is a third smaller than
// with exact numbers, and what the hash confuses the check of the text tells
// apart.
const hashBits = 18

func single(r rune) int32 {
	if r < 1<<16 {
		return r
	}
	return hashed(uint64(r))
}

func pair(a, b rune) int32 { return hashed(uint64(a)<<21 | uint64(b) | 1<<42) }

// hashed is Fibonacci hashing: the upper bits of a product with 2^64 over the
// golden ratio.
func hashed(x uint64) int32 { return 1<<16 + int32(x*0x9E3779B97F4A7C15>>(64-hashBits)) }

// Singles gives the distinct characters of a folded text as tokens parted by
// spaces, for Elasticsearch's whitespace analyzer.
func Singles(folded string) string {
	var b strings.Builder
	seen := map[rune]bool{}
	for _, r := range folded {
		if !seen[r] {
			seen[r] = true
			b.WriteRune(shown(r))
			b.WriteByte(' ')
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

// Pairs gives the overlapping pairs of neighbours of a folded text in order, and
// its last character alone, as tokens parted by spaces. A word of n characters is
// in the text exactly when its n-1 pairs, see PairsOf, follow one another there.
func Pairs(folded string) string {
	var b strings.Builder
	b.Grow(3 * len(folded))
	var last rune = -1
	for _, r := range folded {
		if last >= 0 {
			b.WriteRune(shown(last))
			b.WriteRune(shown(r))
			b.WriteByte(' ')
		}
		last = r
	}
	if last >= 0 {
		b.WriteRune(shown(last))
	}
	return b.String()
}

// PairsOf gives the tokens of a word of two or more characters: those of Pairs
// without the last character alone.
func PairsOf(word string) string {
	all := Pairs(word)
	return all[:strings.LastIndexByte(all, ' ')]
}

// shown gives a blank its stand-in, so that it does not part tokens.
func shown(r rune) rune {
	if r == ' ' {
		return blankFor
	}
	return r
}
