package elastic

import (
	"time"
	"unicode/utf8"

	"huicun/internal/archive"
	"huicun/internal/search"
)

// flagExact marks documents whose exact text differs; the other flags are these.
const flagExact = "exact"

var flagNames = map[search.Flags]string{
	search.HasFile: "file", search.HasLink: "link", search.HasQR: "qr", search.Revoked: "revoked", search.Sensitive: "sensitive",
}

func flagsOf(d search.Document) []string {
	flags := []string{}
	for bit := search.Flags(1); bit > 0 && bit <= d.Flags; bit <<= 1 {
		if name, ok := flagNames[bit]; ok && d.Flags&bit != 0 {
			flags = append(flags, name)
		}
	}
	if d.Exact != "" {
		flags = append(flags, flagExact)
	}
	return flags
}

// filter gives what a document must fulfil. convs are the conversations to which
// the search is limited; nil: it is not.
func filter(q search.Query, convs []int64) object {
	var must, not []object
	add := func(o object) { must = append(must, o) }
	for _, w := range q.Words.All {
		add(has(w, q.Words.Exact))
	}
	for _, w := range q.Words.None {
		not = append(not, has(w, q.Words.Exact))
	}
	f := q.Filter
	if convs != nil {
		add(terms(fieldConv, convs))
	}
	if len(f.Senders) > 0 {
		add(terms(fieldFrom, f.Senders))
	}
	if len(f.MsgTypes) > 0 {
		add(terms(fieldType, f.MsgTypes))
	}
	if r := timeRange(f); len(r) > 0 {
		add(object{"range": object{fieldTime: r}})
	}
	for bit := search.Flags(1); bit > 0 && bit <= f.Flags; bit <<= 1 {
		if f.Flags&bit != 0 {
			add(term(fieldFlags, flagNames[bit])) // a flag that is unknown here is in no document
		}
	}
	b := object{}
	if must != nil {
		b["filter"] = must
	}
	if not != nil {
		b["must_not"] = not
	}
	return object{"constant_score": object{"filter": object{"bool": b}}}
}

// has gives the condition that a word is in a document.
func has(word string, exact bool) object {
	if !exact {
		return within(word, fieldSingles, fieldPairs)
	}
	same := object{"bool": object{"filter": []object{within(word, fieldSingles, fieldPairs)}, "must_not": []object{term(fieldFlags, flagExact)}}}
	return object{"bool": object{"should": []object{same, within(word, fieldExactSingles, fieldExactPairs)}}}
}

// within: one character is a token, more are pairs that follow one another.
func within(word, singles, pairs string) object {
	if utf8.RuneCountInString(word) == 1 {
		return term(singles, search.Singles(word))
	}
	return object{"match_phrase": object{pairs: search.PairsOf(word)}}
}

func term(field, value string) object { return object{"term": object{field: value}} }

func terms[T any](field string, values []T) object { return object{"terms": object{field: values}} }

// timeRange is in milliseconds, like the times of messages.
func timeRange(f search.Filter) object {
	r := object{}
	if !f.From.IsZero() {
		r["gte"] = millisUp(f.From)
	}
	if !f.To.IsZero() {
		r["lt"] = millisUp(f.To)
	}
	return r
}

// millisUp gives the first millisecond that does not lie before t.
func millisUp(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// sorting gives the order. It is that of the index itself, forwards or backwards.
func sorting(o search.Order) []object {
	direction := "desc"
	if o == search.Oldest {
		direction = "asc"
	}
	s := make([]object, 3)
	for i, field := range []string{fieldTime, fieldSeq, fieldID} {
		s[i] = object{field: direction}
	}
	return s
}

func searchAfter(p archive.Position) []any { return []any{p.SentAt.UnixMilli(), p.Seq, p.ID} }

// monthsIn gives those of the months (YYYYMM) in which the query may find
// something.
func monthsIn(months []string, q search.Query) []string {
	lo, hi := q.Filter.From, q.Filter.To
	if a := q.After; a != nil && q.Order == search.Oldest && a.SentAt.After(lo) {
		lo = a.SentAt
	} else if a != nil && q.Order != search.Oldest && (hi.IsZero() || a.SentAt.Before(hi)) {
		hi = a.SentAt.Add(time.Millisecond)
	}
	var in []string
	for _, m := range months {
		start, err := time.Parse("200601", m)
		if err != nil || !hi.IsZero() && !start.Before(hi) || !lo.IsZero() && !start.AddDate(0, 1, 0).After(lo) {
			continue
		}
		in = append(in, m)
	}
	return in
}
