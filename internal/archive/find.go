package archive

import (
	"context"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"huicun/internal/access"
	"huicun/internal/cursor"
	"huicun/internal/fault"
)

// maxFindRunes bounds the text that Find looks for.
const maxFindRunes = 100

// Find looks for a text in one conversation: NFKC width and ASCII case do not
// matter, everything else does.
func (s *Service) Find(ctx context.Context, v access.Viewer, q FindQuery) (HitPage, error) {
	tq, err := textQuery(q)
	if err != nil {
		return HitPage{}, err
	}
	ok, err := s.Store.HasConversation(ctx, v.Scope(), q.ConvID)
	if err != nil || !ok {
		return HitPage{}, orNotFound(err, "conversation")
	}
	ms, total, err := s.Store.FindText(ctx, v.Scope(), tq)
	if err != nil {
		return HitPage{}, err
	}
	page := HitPage{Total: total, Hits: []Hit{}}
	if len(ms) == tq.Limit {
		last := ms[len(ms)-1]
		page.Next = cursor.Encode(hitList, last.SentAt, last.Seq, last.ID)
	}
	es, err := s.entries(ctx, v.Scope(), ms)
	if err != nil {
		return HitPage{}, err
	}
	for _, e := range es {
		page.Hits = append(page.Hits, Hit{Entry: e, Spans: FindSpans(e.Text, q.Text)})
	}
	return page, nil
}

// textQuery checks q and reads its cursor.
func textQuery(q FindQuery) (TextQuery, error) {
	n := utf8.RuneCountInString(q.Text)
	if n == 0 || n > maxFindRunes || !utf8.ValidString(q.Text) || strings.ContainsRune(q.Text, 0) {
		return TextQuery{}, fault.Invalid("q", "must be 1 to %d characters", maxFindRunes)
	}
	var err error
	if q.Limit, err = limitOf(q.Limit); err != nil {
		return TextQuery{}, err
	}
	tq := TextQuery{FindQuery: q, Before: endOfTime(q.ConvID)}
	if q.Cursor != "" {
		if err := cursor.Decode(q.Cursor, hitList, &tq.Before.SentAt, &tq.Before.Seq, &tq.Before.ID); err != nil {
			return TextQuery{}, err
		}
		if !ValidID(tq.Before.ID) {
			return TextQuery{}, fault.Invalid("cursor", "not a cursor of this list")
		}
	}
	tq.Text = Fold(q.Text)
	return tq, nil
}

// Fold is the form in which texts are compared: NFKC, ASCII letters in lower
// case. Postgres does the same with lower(normalize(x, NFKC) COLLATE "C").
func Fold(s string) string {
	return lowerASCII(norm.NFKC.String(s))
}

// lowerASCII leaves every other byte as it is, those of no character too.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// FindSpans returns where text contains q, as byte offsets into text that
// begin and end at whole characters. They do not overlap.
func FindSpans(text, q string) []Span {
	q = Fold(q)
	if q == "" {
		return nil
	}
	folded, starts, ends := foldWithOffsets(text)
	var spans []Span
	for from := 0; ; {
		i := strings.Index(folded[from:], q)
		if i < 0 {
			return spans
		}
		a, b := from+i, from+i+len(q)
		if last := len(spans) - 1; last >= 0 && starts[a] < spans[last].End {
			spans[last].End = max(spans[last].End, ends[b-1]) // both in one character, as f and f in ﬃ
		} else {
			spans = append(spans, Span{Start: starts[a], End: ends[b-1]})
		}
		from = b
	}
}

// foldWithOffsets folds text and gives for each byte of the result where the
// characters that it was made from begin and end in text.
func foldWithOffsets(text string) (folded string, starts, ends []int) {
	var b strings.Builder
	var it norm.Iter
	it.InitString(norm.NFKC, text)
	for !it.Done() {
		from := it.Pos()
		seg := it.Next()
		b.Write(seg)
		for range seg {
			starts = append(starts, from)
		}
		// Of a character that becomes several the iterator gives one at a time,
		// and moves on with the last.
		for it.Pos() > from && len(ends) < len(starts) {
			ends = append(ends, it.Pos())
		}
	}
	return lowerASCII(b.String()), starts, ends
}
