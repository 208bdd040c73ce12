package store

import (
	"encoding/json"
	"fmt"

	"huicun/internal/archive"
)

// encodeSpans writes spans as violations.spans keeps them: [[start,end],…].
func encodeSpans(spans []archive.Span) string {
	pairs := make([][2]int, len(spans))
	for i, s := range spans {
		pairs[i] = [2]int{s.Start, s.End}
	}
	b, err := json.Marshal(pairs)
	if err != nil { // pairs of numbers always encode
		panic(err)
	}
	return string(b)
}

// decodeSpans reads what encodeSpans wrote.
func decodeSpans(b []byte) ([]archive.Span, error) {
	var pairs [][2]int
	if err := json.Unmarshal(b, &pairs); err != nil {
		return nil, fmt.Errorf("decode spans: %w", err)
	}
	spans := make([]archive.Span, len(pairs))
	for i, p := range pairs {
		spans[i] = archive.Span{Start: p[0], End: p[1]}
	}
	return spans, nil
}
