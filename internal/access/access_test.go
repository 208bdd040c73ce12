package access

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScopeOfAViewer(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    Viewer
		id   int64
		all  bool
	}{
		{"admin", Viewer{ID: 7, Role: RoleAdmin}, 7, true},
		{"viewer", Viewer{ID: 7, Role: RoleViewer}, 7, false},
		{"disabled admin", Viewer{ID: 7, Role: RoleAdmin, Disabled: true}, 0, false},
		{"disabled viewer", Viewer{ID: 7, Role: RoleViewer, Disabled: true}, 0, false},
		{"nobody", Viewer{Role: RoleAdmin}, 0, false},
		{"zero", Viewer{}, 0, false},
	} {
		s := tt.v.Scope()
		if s.ViewerID() != tt.id || s.All() != tt.all {
			t.Errorf("%s: viewer %d, all %v; want %d, %v", tt.name, s.ViewerID(), s.All(), tt.id, tt.all)
		}
	}
	if s := System(); !s.All() || s.ViewerID() > 0 {
		t.Errorf("the system's scope is that of viewer %d, all %v", s.ViewerID(), s.All())
	}
}

func TestSecrets(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		token, text := newToken(), newText()
		if len(token) != tokenLen || !validText(text) || seen[token] || seen[text] {
			t.Fatalf("token %q, text %q", token, text)
		}
		seen[token], seen[text] = true, true
	}
	for _, bad := range []string{"", "A", strings.Repeat("a", 52), strings.Repeat("A", 51) + "1", strings.Repeat("A", 53), strings.Repeat("A", 51) + "\x00"} {
		if validText(bad) {
			t.Errorf("%q is taken for one of ours", bad)
		}
	}
}

func TestTruncateKeepsWholeCharacters(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		n        int
	}{
		{"short", "short", 10},
		{"微信", "微", 5},
		{"微信", "微信", 6},
		{"bad\xff", "bad", 10},
	} {
		if got := truncate(tt.in, tt.n); got != tt.want || !utf8.ValidString(got) {
			t.Errorf("truncate(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}
