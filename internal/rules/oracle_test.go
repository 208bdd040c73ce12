package rules

import "unicode/utf8"

// token is a character as the oracle sees it.
type token struct {
	unit, r  rune
	from, to int
}

func tokens(s string) []token {
	var all []token
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		all = append(all, token{unit: foldRunes().unitOf(r), r: plainPunctuation(r), from: i, to: i + size})
		i += size
	}
	return all
}

// BruteForce finds a word by trying it at every character of the text.
func BruteForce(w, text string) []Span {
	var wanted []token
	units, punctuated := 0, false
	for _, t := range tokens(w) {
		if t.unit == softNoise {
			continue
		}
		wanted = append(wanted, t)
		if t.unit == hardNoise {
			punctuated = true
		} else {
			units++
		}
	}
	if units == 0 {
		return nil
	}
	all := tokens(text)
	var spans []Span
	for i := range all {
		var to int
		var ok bool
		if punctuated {
			to, ok = exactly(wanted, all, i)
		} else {
			to, ok = disguised(wanted, all, i)
		}
		if ok {
			spans = append(spans, Span{Start: all[i].from, End: all[to].to})
		}
	}
	return spans
}

// exactly matches with punctuation, skipping only soft noise, from token i on.
func exactly(wanted, all []token, i int) (int, bool) {
	last := i
	for n, w := range wanted {
		skipped := 0
		for n > 0 && i < len(all) && all[i].unit == softNoise && skipped < maxGapRunes {
			i, skipped = i+1, skipped+1
		}
		if i >= len(all) || all[i].unit != w.unit || w.unit == hardNoise && all[i].r != w.r {
			return 0, false
		}
		last, i = i, i+1
	}
	return last, true
}

// disguised matches with all noise skipped, from token i on.
func disguised(wanted, all []token, i int) (int, bool) {
	first, last, hidden := i, i, false
	for n, w := range wanted {
		noise, breaks := 0, 0
		for n > 0 && i < len(all) && all[i].unit < firstUnit {
			if all[i].r == '\n' {
				breaks++
			}
			i, noise = i+1, noise+1
		}
		if i >= len(all) || all[i].unit != w.unit || noise > maxGapRunes || breaks > maxGapBreaks {
			return 0, false
		}
		hidden = hidden || noise > 0
		last, i = i, i+1
	}
	cutBefore := first > 0 && alnum(all[first-1].unit) && alnum(all[first].unit)
	cutAfter := last+1 < len(all) && alnum(all[last+1].unit) && alnum(all[last].unit)
	return last, !hidden || !cutBefore && !cutAfter
}
