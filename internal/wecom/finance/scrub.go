package finance

import (
	"regexp"
	"strings"
	"unicode"
)

// maxLine is how much of a foreign text goes into an error or a log line.
const maxLine = 200

// longRun is what a token, a secret or a ciphertext looks like.
var longRun = regexp.MustCompile(`[A-Za-z0-9+/=_-]{24,}`)

// cleanLine makes one short line of a text that came from outside: control
// characters become spaces and whatever could be a token is left out.
func cleanLine(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 8*maxLine)], "?")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	s = longRun.ReplaceAllString(s, "***")
	if r := []rune(s); len(r) > maxLine {
		s = string(r[:maxLine]) + "…"
	}
	return strings.TrimSpace(s)
}
