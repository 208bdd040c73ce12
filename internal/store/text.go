package store

import "strings"

// dbText makes s storable as text: Postgres refuses NUL and invalid UTF-8.
// Only derived columns pass through here; evidence is bytea.
func dbText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// escapeLike makes s stand for itself in a LIKE pattern.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
