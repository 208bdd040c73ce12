package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// num is a number as WeCom may send it: 1, "1", 1.0, "", null or absent.
// What is no number reads as 0: a field for display must not cost the entry.
type num int64

// UnmarshalJSON never fails.
func (n *num) UnmarshalJSON(data []byte) error {
	v, _ := parseNum(data)
	*n = num(v)
	return nil
}

// parseNum reads a number, quoted or not; ok is false when it is none.
func parseNum(data []byte) (n int64, ok bool) {
	s := strings.TrimSpace(strings.Trim(string(bytes.TrimSpace(data)), `"`))
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != f || f < -1<<62 || f > 1<<62 {
		return 0, false
	}
	return int64(f), true
}

// unix reads epoch seconds; zero for 0 and for what no calendar holds.
func (n num) unix() time.Time {
	const endOf9999 = 253402300799
	if n <= 0 || n > endOf9999 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}

// text is a string; a number reads as its digits, null and everything else as
// "". NUL, which Postgres cannot hold, is dropped.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(data []byte) error {
	*t = ""
	var s string
	if err := json.Unmarshal(data, &s); err == nil {
		*t = text(strings.ReplaceAll(s, "\x00", ""))
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(data, &n); err == nil {
		*t = text(n)
	}
	return nil
}

// rows is an array whose entries are read one by one, so that a bad one does
// not cost the others. null, absent and what is no array are empty.
type rows[T any] struct {
	items []T
	bad   int // entries that could not be read
}

// UnmarshalJSON never fails.
func (r *rows[T]) UnmarshalJSON(data []byte) error {
	*r = rows[T]{}
	if string(data) == "null" {
		return nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		if !emptyObject(data) {
			r.bad = 1
		}
		return nil
	}
	for _, entry := range raw {
		var item T
		if err := json.Unmarshal(entry, &item); err != nil {
			r.bad++
			continue
		}
		r.items = append(r.items, item)
	}
	return nil
}

// emptyObject reports {} and "", which some servers write for an empty array.
func emptyObject(data []byte) bool {
	s := string(bytes.TrimSpace(data))
	return s == "{}" || s == `""`
}

// strs gives the non-empty texts.
func strs(r rows[text]) []string {
	out := make([]string, 0, len(r.items))
	for _, s := range r.items {
		if s != "" {
			out = append(out, string(s))
		}
	}
	return out
}
