package server

import "huicun/internal/rules"

// Pages draw so much of a text and no more; the whole of a message is what
// GET /messages/{message_id}/raw answers. Without bounds a page of fifty
// messages of 1 MB would be 100 MB for a phone.
const (
	maxShownRunes = 20_001 // one more than the H5 draws, so that it says that there is more
	maxNameRunes  = 500
	previewRunes  = 120 // of the last message, in lists of conversations
	afterHitRunes = 500 // of evidence in a list, behind its first hit
	maxCodes      = 20  // of one picture
)

// shown gives as much of a text as pages draw.
func shown(s string) string { return firstRunes(s, maxShownRunes) }

// named gives as much of a name as pages draw.
func named(s string) string { return firstRunes(s, maxNameRunes) }

// preview gives as much of a text as lists of conversations show.
func preview(s string) string { return firstRunes(s, previewRunes) }

// firstRunes gives at most n characters of s.
func firstRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// excerpt gives as much of evidence as lists show around its first hit; offsets
// into it stay valid. The violation itself has all of it.
func excerpt(evidence string, spans []rules.Span) string {
	at := 0
	if len(spans) > 0 {
		at = min(max(spans[0].End, 0), len(evidence))
	}
	return evidence[:at] + firstRunes(evidence[at:], afterHitRunes)
}
