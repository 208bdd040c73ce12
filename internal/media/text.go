package media

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// bounded cuts a title between two characters.
func bounded(s string) string {
	if len(s) <= maxTitle {
		return s
	}
	s = s[:maxTitle]
	for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s[:len(s)-1]
}

// cleanMD5 gives an MD5 in lower-case hex; "" when it is none.
func cleanMD5(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if p, err := hex.DecodeString(s); err != nil || len(p) != 16 {
		return ""
	}
	return s
}
