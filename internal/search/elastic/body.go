package elastic

import (
	"strconv"
	"unicode/utf8"

	"huicun/internal/search"
)

// appendBody appends a document as a line of JSON, written by hand: that is most
// of what a feed has to compute.
func appendBody(b []byte, d search.Document) []byte {
	b = appendText(append(b, `{"`+fieldID+`":`...), d.ID)
	b = appendNumber(b, fieldConv, d.ConvID)
	b = appendField(b, fieldFrom, d.FromID)
	b = appendField(b, fieldType, d.MsgType)
	b = appendNumber(b, fieldTime, d.SentAt.UnixMilli())
	b = appendNumber(b, fieldSeq, d.Seq)
	b = append(b, `,"`+fieldFlags+`":[`...)
	for i, name := range flagsOf(d) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, name)
	}
	b = append(b, ']')
	b = appendNumber(b, fieldLength, int64(d.Length()))
	b = appendNumber(b, fieldChange, d.Change)
	b = appendField(b, fieldSingles, search.Singles(d.Body))
	b = appendField(b, fieldPairs, search.Pairs(d.Body))
	if d.Exact != "" {
		b = appendField(b, fieldExactSingles, search.Singles(d.Exact))
		b = appendField(b, fieldExactPairs, search.Pairs(d.Exact))
	}
	return append(b, '}', '\n')
}

func appendNumber(b []byte, field string, n int64) []byte {
	b = append(append(append(b, ',', '"'), field...), '"', ':')
	return strconv.AppendInt(b, n, 10)
}

func appendField(b []byte, field, text string) []byte {
	b = append(append(append(b, ',', '"'), field...), '"', ':')
	return appendText(b, text)
}

const hex = "0123456789abcdef"

// appendText appends a JSON text. What is no UTF-8 becomes U+FFFD, as the
// database has none.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			b = append(b, s[from:i]...)
			if c < ' ' {
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			} else {
				b = append(b, '\\', c)
			}
			from = i + 1
		}
		i++
	}
	return append(append(b, s[from:]...), '"')
}
