package server

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// inline are the types that a browser shows or plays and that cannot run
// anything, with the ending of their files. SVG, HTML and PDF are not among
// them.
var inline = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
	"audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/wav": ".wav", "audio/ogg": ".ogg", "video/mp4": ".mp4", "video/webm": ".webm",
}

// saved are the endings of other types that messages have without a name.
var saved = map[string]string{
	"audio/amr": ".amr", "audio/amr-wb": ".awb", "audio/silk": ".silk", "video/quicktime": ".mov", "video/3gpp": ".3gp",
	"image/bmp": ".bmp", "image/tiff": ".tiff", "image/heic": ".heic", "image/heif": ".heif", "image/avif": ".avif",
}

func shownInline(mimeType string) bool { return inline[mimeType] != "" }

const (
	longestFileName = 200 // bytes; file systems take 255
	longestExt      = 20
	unnamedFile     = "file"
)

// contentDisposition names a file for saving (RFC 6266). Names come from
// strangers: see safeFileName.
func contentDisposition(disposition, name string) string {
	name = safeFileName(name)
	if plainFileName(name) {
		return disposition + `; filename="` + name + `"`
	}
	fallback := unnamedFile
	if ext := path.Ext(name); plainFileName(ext) {
		fallback += ext
	}
	return disposition + `; filename="` + fallback + `"; filename*=UTF-8''` + percentEncoded(name)
}

// safeFileName gives what is left of a name without folders, control
// characters, what turns the text around or hides, what file systems refuse or
// take for a device, and more than file systems hold. The ending is kept.
func safeFileName(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	name = name[strings.LastIndexByte(name, '/')+1:]
	var b strings.Builder
	for _, r := range name {
		switch {
		case unicode.Is(unicode.Bidi_Control, r), r == '\u200b', r == '\ufeff', r == utf8.RuneError, unicode.Is(unicode.Variation_Selector, r) && r >= 0xE0100:
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', strings.ContainsRune(`:*?"<>|`, r):
			b.WriteByte('_')
		default:
			b.WriteRune(r)
		}
	}
	name = shortened(strings.Trim(b.String(), ". \u00a0\u3000"))
	if name == "" {
		return unnamedFile
	}
	if device(name) {
		return "_" + name
	}
	return name
}

func shortened(name string) string {
	if len(name) <= longestFileName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > longestExt {
		ext = ""
	}
	return strings.TrimRight(firstBytes(name, longestFileName-len(ext)), ". ") + ext
}

// firstBytes gives at most n bytes of s, in whole characters.
func firstBytes(s string, n int) string {
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:min(n, len(s))]
}

// device reports whether Windows takes a name for a device, whatever its ending
// (learn.microsoft.com/windows/win32/fileio/naming-a-file).
func device(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	if number, ok := strings.CutPrefix(base, "COM"); ok {
		return deviceNumber(number)
	}
	number, ok := strings.CutPrefix(base, "LPT")
	return ok && deviceNumber(number)
}

func deviceNumber(s string) bool {
	return utf8.RuneCountInString(s) == 1 && strings.Contains("0123456789¹²³", s)
}

// plainFileName reports whether every browser reads a name in quotes alike:
// some decode what looks like an escape.
func plainFileName(name string) bool {
	for _, r := range name {
		if r > '~' || r < ' ' || strings.ContainsRune(`%"\;`, r) {
			return false
		}
	}
	return name != ""
}

// percentEncoded writes a name as RFC 8187 wants it.
func percentEncoded(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c < utf8.RuneSelf && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) || strings.IndexByte("-._~", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// withoutExt takes the ending off a name.
func withoutExt(name string) string {
	if ext := path.Ext(name); len(ext) <= longestExt {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// sameExt are endings that mean the same as those of inline.
var sameExt = map[string]string{
	".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".m4v": ".mp4", ".oga": ".ogg", ".opus": ".ogg", ".aac": ".m4a",
}

// withExt gives name an ending, unless it has that.
func withExt(name, ext string) string {
	has := strings.ToLower(path.Ext(strings.TrimRight(name, ". ")))
	if has == ext || sameExt[has] == ext {
		return name
	}
	return name + ext
}
