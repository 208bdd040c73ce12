package server

import (
	"net/url"
	"strings"
	"unicode"
)

// safePath gives s when it is a path of this site, with query, else "/". A
// browser reads "//host", "/\host" and "/<tab>/host" as another host, so what
// is not plainly a path is refused, not repaired.
func safePath(s string) string {
	if len(s) > 2000 || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.Contains(s, `\`) {
		return "/"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return "/"
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || hiddenHost(u.Path) {
		return "/"
	}
	if u.Path == "/login" || strings.HasPrefix(u.Path, "/auth/") || strings.HasPrefix(u.Path, "/api/") {
		return "/" // no page to return to
	}
	return s
}

// hiddenHost finds what looks like another host once escapes are undone.
func hiddenHost(path string) bool {
	return strings.HasPrefix(path, "//") || strings.Contains(path, `\`) || strings.ContainsFunc(path, unicode.IsControl)
}
