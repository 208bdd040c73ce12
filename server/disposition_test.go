package server

import (
	"mime"
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestContentDisposition(t *testing.T) {
	long := strings.Repeat("报", 17_000)
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "report 2026.pdf", "report 2026.pdf"},
		{"Chinese", "报价单.xlsx", "报价单.xlsx"},
		{"emoji of several characters", "👨‍👩‍👧.png", "👨‍👩‍👧.png"},
		{"nothing", "", "file"},
		{"folders", "../../etc/passwd", "passwd"},
		{"folders of Windows", `C:\Windows\System32\cmd.exe`, "cmd.exe"},
		{"only folders", "../", "file"},
		{"dots", "..", "file"},
		{"hidden", ".bashrc", "bashrc"},
		{"ends with dots", "a.exe. . ", "a.exe"},
		{"turned text", "photo\u202egpj.exe", "photogpj.exe"},
		{"isolates and marks", "\u2066a\u2069\u200e\u200f\u061c.txt", "a.txt"},
		{"nothing to be seen", "a\u200b\ufeff.txt", "a.txt"},
		{"line breaks", "a\r\nSet-Cookie: x=1.txt", "a__Set-Cookie_ x=1.txt"},
		{"line separators", "a\u2028b\u2029c\u0085.txt", "a_b_c_.txt"},
		{"NUL", "a\x00.exe", "a_.exe"},
		{"quotes", `a"b';c.txt`, "a_b';c.txt"},
		{"what Windows refuses", `a<b>c|d?e*f:g.txt`, "a_b_c_d_e_f_g.txt"},
		{"a stream", "a.txt::$DATA", "a.txt__$DATA"},
		{"a device", "CON", "_CON"},
		{"a device with an ending", "nul.tar.gz", "_nul.tar.gz"},
		{"a device with spaces", "Com1 .txt", "_Com1 .txt"},
		{"a device with another digit", "lpt².txt", "_lpt².txt"},
		{"no device", "console.txt", "console.txt"},
		{"no device either", "com10.txt", "com10.txt"},
		{"an escape", "a%2f..%2fb%00.txt", "a%2f..%2fb%00.txt"},
		{"no UTF-8", "a\xff\xfe.txt", "a.txt"},
		{"50 KB", long + ".docx", strings.Repeat("报", 65) + ".docx"},
		{"50 KB of ending", "a." + long, "a." + strings.Repeat("报", 66)},
	} {
		for _, disposition := range []string{"attachment", "inline"} {
			header := contentDisposition(disposition, tt.in)
			got, params, err := mime.ParseMediaType(header)
			if err != nil || got != disposition || params["filename"] != tt.want {
				t.Errorf("%s: %.200q read as %q %q, %v; want %q", tt.name, header, got, params["filename"], err, tt.want)
			}
		}
	}
}

// What cannot be written plainly has a name for readers that know no other.
func TestContentDispositionFallback(t *testing.T) {
	for in, want := range map[string]string{
		"a b.txt": `attachment; filename="a b.txt"`,
		"报.xlsx":  `attachment; filename="file.xlsx"; filename*=UTF-8''%E6%8A%A5.xlsx`,
		"a%41.é":  `attachment; filename="file"; filename*=UTF-8''a%2541.%C3%A9`,
	} {
		if got := contentDisposition("attachment", in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// FuzzContentDisposition: whatever the name, the header has one meaning, is one
// line of ASCII, and the name is one that any file system takes.
func FuzzContentDisposition(f *testing.F) {
	for _, seed := range []string{"a.pdf", "../x", "\u202egpj.exe", "a\r\nb", `"\";`, "CON", strings.Repeat("报", 300), "\xff", "%41", "a\u200d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		header := contentDisposition("attachment", name)
		for _, r := range header {
			if r < ' ' || r > '~' {
				t.Fatalf("%q is not plain ASCII", header)
			}
		}
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || len(params) != 1 {
			t.Fatalf("%q: %q %v, %v", header, kind, params, err)
		}
		got := params["filename"]
		bad := func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || strings.ContainsRune(`/\:*?"<>|`, r)
		}
		if got == "" || len(got) > longestFileName+1 || !utf8.ValidString(got) || strings.ContainsFunc(got, bad) || got != path.Base(got) ||
			got[0] == '.' || strings.HasSuffix(got, ".") || strings.HasSuffix(got, " ") || device(got) {
			t.Fatalf("%q is saved as %q", name, got)
		}
	})
}

func TestFurtherParts(t *testing.T) {
	for ranges, want := range map[string]bool{
		"": false, "bytes=0-": false, "bytes=0-99": false, "bytes=0-1": true, "bytes=5-": true, "bytes=-5": true, "bytes= 5-9": true,
		"bytes=0-5,9-": false, "lines=5-": false, "bytes=": true,
	} {
		if got := furtherPart(ranges); got != want {
			t.Errorf("furtherPart(%q) = %v", ranges, got)
		}
	}
}

func TestOpenFilesOfASessionAreCounted(t *testing.T) {
	var c openCounts
	var done []func()
	for range maxOpenMedia {
		end, ok := c.begin("a")
		if !ok {
			t.Fatalf("refused after %d", len(done))
		}
		done = append(done, end)
	}
	if _, ok := c.begin("a"); ok {
		t.Errorf("more than %d", maxOpenMedia)
	}
	other, ok := c.begin("b")
	if !ok {
		t.Error("another session is refused")
	}
	other()
	done[0]()
	if done[0], ok = c.begin("a"); !ok {
		t.Error("refused although one is closed")
	}
	for _, end := range done {
		end()
	}
	if len(c.bySession) != 0 {
		t.Errorf("%v left", c.bySession)
	}
}
