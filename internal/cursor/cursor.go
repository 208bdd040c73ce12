// Package cursor makes the opaque texts by which lists are paged: where a page
// ended, so that the next one begins there. A cursor is no secret and gives no
// right; what comes back from a client is hostile all the same.
package cursor

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"huicun/internal/fault"
)

// Times that a cursor may hold, which Postgres and Go both know.
var (
	earliest = time.Time{}
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
)

// Encode makes the cursor of a list. Parts are int64, bool, string or
// time.Time, which is kept to the microsecond, as Postgres does; it panics on
// any other type.
func Encode(list string, parts ...any) string {
	all := []any{list}
	for _, p := range parts {
		switch v := p.(type) {
		case time.Time:
			p = v.UnixMicro()
		case int64, bool, string:
		default: // it would be written, and refused when it comes back
			panic(fmt.Sprintf("cursor: a part of type %T", p))
		}
		all = append(all, p)
	}
	b, err := json.Marshal(all)
	if err != nil { // none of the types above fails
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Decode reads a cursor that Encode made for the same list into pointers to
// int64, bool, string or time.Time (UTC). Anything else is fault.Invalid, and
// then the parts are not to be used.
func Decode(s, list string, parts ...any) error {
	if err := decode(s, list, parts); err != nil {
		return &fault.Error{Code: fault.CodeInvalid, Field: "cursor", Message: "not a cursor of this list", Err: err}
	}
	return nil
}

func decode(s, list string, parts []any) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return err
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if len(raw) != len(parts)+1 {
		return fmt.Errorf("%d parts, not %d", len(raw), len(parts)+1)
	}
	var of string
	if err := part(raw[0], &of); err != nil || of != list {
		return errors.New("of another list")
	}
	for i, p := range parts {
		if err := part(raw[i+1], p); err != nil {
			return fmt.Errorf("part %d: %w", i+1, err)
		}
	}
	return nil
}

// part reads one part. null, which json would skip, is none.
func part(raw json.RawMessage, to any) error {
	if string(raw) == "null" {
		return errors.New("null")
	}
	if t, ok := to.(*time.Time); ok {
		var micros int64
		if err := json.Unmarshal(raw, &micros); err != nil {
			return err
		}
		if *t = time.UnixMicro(micros).UTC(); t.Before(earliest) || t.After(latest) {
			return errors.New("a time that no calendar has")
		}
		return nil
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return err
	}
	if s, ok := to.(*string); ok && strings.ContainsRune(*s, 0) {
		return errors.New("a text that Postgres cannot hold")
	}
	return nil
}
