package server

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"huicun/internal/archive"
)

// browserPath does to a reference what a browser does before it looks for a
// host (url.spec.whatwg.org, basic URL parser): strips blanks and controls
// around it, drops tabs and line breaks, reads \ as /.
func browserPath(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	return strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(s)
}

// Whatever is asked for after signing in, a browser stays on this site.
func FuzzSafePath(f *testing.F) {
	for _, s := range []string{
		"/c/1?m=2#x", "//evil.example", `/\evil.example`, "/\t/evil.example", "/%09/evil.example", "/%2f%2fevil.example", "/%5cevil.example", "https://evil.example/",
		"javascript:alert(1)", "/c/1@evil.example", "/login?to=/login", "/auth/callback", "/api/v1/me", "/。evil.example", "/\u202e//evil", " //evil.example", "/..//evil.example",
	} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "https", Host: "huicun.example", Path: "/auth/callback"}
	f.Fuzz(func(t *testing.T, s string) {
		got := safePath(s)
		if got != s && got != "/" {
			t.Fatalf("safePath(%q) = %q: neither as it came nor the start page", s, got)
		}
		seen := browserPath(got)
		if !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
			t.Errorf("safePath(%q) = %q, which a browser reads as %q", s, got, seen)
		}
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme {
			t.Errorf("safePath(%q) = %q leads to %v, %v", s, got, u, err)
		}
	})
}

func FuzzParsePosition(f *testing.F) {
	for _, s := range []string{"0", "12.7", "12.", ".7", "-1.0", "9223372036854775808.0", "1.2.3", "+1.+2", "１.2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePosition(s)
		if err != nil {
			return
		}
		if p.batch < 0 || p.violation < -1 {
			t.Errorf("parsePosition(%q) = %+v", s, p)
		}
		if p.violation < 0 {
			return
		}
		if again, err := parsePosition(p.String()); err != nil || again != p {
			t.Errorf("%q again: %+v, %v, want %+v", p, again, err, p)
		}
	})
}

// An id has one spelling, so that a log entry names one object.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1", "0", "-1", "01", "+1", " 1", "1e3", "9223372036854775807", "9223372036854775808", "１", "1\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := number(s, "conversation"); err == nil && (n <= 0 || text(n) != s) {
			t.Errorf("number(%q) = %d", s, n)
		}
	})
}

// Marks for the browser never leave the text and never part a character.
func FuzzSpans(f *testing.F) {
	f.Add("加我😀微信", 3, 6)
	f.Add("\xff\xfe", -1, 9)
	f.Fuzz(func(t *testing.T, s string, from, to int) {
		got := newSpans(s, []archive.Span{{Start: from, End: to}})[0]
		units := utf16.Encode([]rune(s))
		if got.Start < 0 || got.End < got.Start || got.End > len(units) {
			t.Fatalf("newSpans(%q, %d, %d) = %+v of %d units", s, from, to, got, len(units))
		}
		if marked := string(utf16.Decode(units[got.Start:got.End])); utf8.ValidString(s) && !strings.Contains(s, marked) {
			t.Errorf("newSpans(%q, %d, %d) marks %q", s, from, to, marked)
		}
	})
}
