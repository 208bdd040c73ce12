package chatdata

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// object is a JSON object read without expectations: WeCom writes numbers as
// strings and the reverse, leaves keys out and puts null where an object
// belongs. Of a key that stands twice the last value counts.
type object map[string]json.RawMessage

// parse reads a JSON object. What strict JSON refuses is repaired first: raw
// control characters inside strings, a byte order mark, NULs at the end.
func parse(raw []byte) (object, bool) {
	var o object
	if json.Unmarshal(raw, &o) == nil {
		return o, o != nil
	}
	if json.Unmarshal(repair(raw), &o) != nil {
		return nil, false
	}
	return o, o != nil
}

// repair escapes the control characters inside strings, so that nothing of the
// text is lost, and drops what surrounds the JSON.
func repair(raw []byte) []byte {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	raw = bytes.TrimRight(raw, "\x00")
	const hex = "0123456789abcdef"
	fixed := make([]byte, 0, len(raw)+len(raw)/8)
	inString, escaped := false, false
	for _, c := range raw {
		switch {
		case !inString:
			inString = c == '"'
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			inString = false
		}
		if inString && c < 0x20 {
			fixed = append(fixed, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			continue
		}
		fixed = append(fixed, c)
	}
	return fixed
}

// str gives the first non-empty of the named values as text; numbers as they
// are written, so that 64-bit ids stay exact.
func (o object) str(keys ...string) string {
	for _, key := range keys {
		if s := text(o[key]); s != "" {
			return s
		}
	}
	return ""
}

// num gives the first of the named values that is a whole number above zero,
// else 0. Fractions are cut off.
func (o object) num(keys ...string) int64 {
	for _, key := range keys {
		if n := number(text(o[key])); n > 0 {
			return n
		}
	}
	return 0
}

// float gives a finite number, else 0.
func (o object) float(key string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(text(o[key])), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0
	}
	return f
}

// truth reads true, 1 and "true".
func (o object) truth(key string) bool {
	v := bytes.TrimSpace(o[key])
	if string(v) == "true" {
		return true
	}
	b, err := strconv.ParseBool(text(v))
	return err == nil && b
}

// obj gives an object, also one that is written as JSON in a string.
func (o object) obj(key string) (object, bool) {
	return toObject(o[key])
}

// list gives the elements of the first named array; one value that is no array
// counts as a list of one.
func (o object) list(keys ...string) []json.RawMessage {
	for _, key := range keys {
		if items := toList(o[key]); len(items) > 0 {
			return items
		}
	}
	return nil
}

// strs gives the texts of an array, empty ones left out.
func (o object) strs(key string) []string {
	var all []string
	for _, v := range o.list(key) {
		if s := text(v); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func toObject(v json.RawMessage) (object, bool) {
	switch v = bytes.TrimSpace(v); first(v) {
	case '{':
		return parse(v)
	case '"':
		inner := unquote(v)
		if !strings.HasPrefix(strings.TrimSpace(inner), "{") {
			return nil, false
		}
		return parse([]byte(inner))
	}
	return nil, false
}

func toList(v json.RawMessage) []json.RawMessage {
	switch v = bytes.TrimSpace(v); first(v) {
	case 0, 'n':
		return nil
	case '[':
		var items []json.RawMessage
		if json.Unmarshal(v, &items) != nil {
			return nil
		}
		return items
	case '"':
		inner := unquote(v)
		if strings.HasPrefix(strings.TrimSpace(inner), "[") {
			var items []json.RawMessage
			if json.Unmarshal(repair([]byte(inner)), &items) == nil {
				return items
			}
		}
	}
	return []json.RawMessage{v}
}

// text gives a string or number as clean text, "" for everything else.
func text(v json.RawMessage) string {
	v = bytes.TrimSpace(v)
	switch c := first(v); {
	case c == '"':
		return clean(unquote(v))
	case c == '-' || '0' <= c && c <= '9':
		return string(v)
	}
	return ""
}

func unquote(v json.RawMessage) string {
	if n := len(v); n >= 2 && v[n-1] == '"' && isPlain(v[1:n-1]) {
		return string(v[1 : n-1])
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

// isPlain reports whether what stands in a JSON string stands for itself, as
// nearly always.
func isPlain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return utf8.Valid(b)
}

// number reads a whole number; what does not fit becomes the nearest that does.
func number(s string) int64 {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil && !math.IsInf(f, 0), math.IsNaN(f):
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

func first(v []byte) byte {
	if len(v) == 0 {
		return 0
	}
	return v[0]
}

// clean makes s storable: Postgres refuses NUL and invalid UTF-8.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}

// milliBelow parts seconds from milliseconds: no chat was sent in 1973.
const milliBelow = 100_000_000_000

// maxUnix is the end of the year 9999, the last that RFC 3339 can write.
const maxUnix = 253402300799

// when reads epoch seconds or milliseconds; zero time for what is none.
func when(n int64) time.Time {
	switch {
	case n <= 0 || n/1000 > maxUnix:
		return time.Time{}
	case n < milliBelow:
		return time.Unix(n, 0).UTC()
	}
	return time.UnixMilli(n).UTC()
}
