package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"huicun/internal/fault"
)

// Bounds of what is searched for; the same as in openapi.yaml.
const (
	maxTextRunes = 200 // characters of the whole input
	maxWords     = 16
)

// Words is what somebody typed, taken apart: parts parted by blanks must all be
// in a message; one in quotes ("…" or “…”) stands as it is, blanks included; one
// behind a minus must not be in it. All are folded. A quote that is not closed
// goes to the end; a minus in front of nothing is looked for like any other
// character, and so is a quote in the middle of a part.
type Words struct {
	Exact bool     // traditional and simplified forms differ
	All   []string // each must be there
	None  []string // none may be there
}

// ParseWords takes apart what somebody typed. It may be empty: then only filters
// count. fault.Invalid names the field q.
func ParseWords(text string, exact bool) (Words, error) {
	w := Words{Exact: exact}
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text), strings.ContainsRune(text, 0):
		return w, fault.Invalid("q", "must be text")
	case n > maxTextRunes:
		return w, fault.Invalid("q", "must have at most %d characters", maxTextRunes)
	}
	for rest := strings.TrimLeftFunc(text, unicode.IsSpace); rest != ""; rest = strings.TrimLeftFunc(rest, unicode.IsSpace) {
		var word string
		var not bool
		word, not, rest = nextWord(rest)
		if word = Fold(word, exact); word == "" {
			continue // nothing that shows
		}
		if not {
			w.None = append(w.None, word)
		} else {
			w.All = append(w.All, word)
		}
	}
	switch {
	case len(w.All)+len(w.None) > maxWords:
		return w, fault.Invalid("q", "must have at most %d words", maxWords)
	case len(w.All)+len(w.None) == 0 && strings.TrimSpace(text) != "":
		return w, fault.Invalid("q", "has no character that shows")
	}
	return w, nil
}

// quotes are opening quotes and what closes them.
var quotes = map[rune]string{'"': `"`, '“': `”`, '＂': `＂`}

// nextWord takes the first part off text, which does not begin with a blank.
func nextWord(text string) (word string, not bool, rest string) {
	r, size := utf8.DecodeRuneInString(text)
	if (r == '-' || r == '－') && len(text) > size {
		if next, _ := utf8.DecodeRuneInString(text[size:]); !unicode.IsSpace(next) {
			not, text = true, text[size:]
			r, size = utf8.DecodeRuneInString(text)
		}
	}
	if end, ok := quotes[r]; ok && len(text) > size {
		word, rest, _ = strings.Cut(text[size:], end)
		if word != "" {
			return word, not, rest
		}
	}
	i := strings.IndexFunc(text, unicode.IsSpace)
	if i < 0 {
		i = len(text)
	}
	return text[:i], not, text[i:]
}

// In reports whether a message with this document is one that the words ask
// for. It is the meaning of a search: the engines must say the same.
func (w Words) In(d Document) bool {
	body := d.Body
	if w.Exact && d.Exact != "" {
		body = d.Exact
	}
	for _, word := range w.All {
		if !strings.Contains(body, word) {
			return false
		}
	}
	for _, word := range w.None {
		if strings.Contains(body, word) {
			return false
		}
	}
	return true
}
