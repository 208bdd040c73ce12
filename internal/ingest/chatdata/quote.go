package chatdata

import (
	"strings"

	"huicun/internal/archive"
)

// quoteMarkers open a reply; the language is that of the sender's client.
var quoteMarkers = []string{"这是一条引用/回复消息", "this is a quote/reply"}

const quoteEnd = "------"

// textContent parts a reply from the message that it quotes. The layout is a
// marker line, the author, the quoted text, a line of six hyphens, the reply;
// author and text may stand in quotation marks, the author before a colon.
func textContent(s string) *archive.Text {
	lines := strings.Split(strings.TrimLeft(s, " \t\r\n\uFEFF"), "\n")
	if !isMarker(lines[0]) {
		return wechatReply(lines, s)
	}
	end := quoteEndLine(lines)
	if end < 0 {
		return &archive.Text{Body: s}
	}
	return &archive.Text{
		Body:  strings.Join(lines[end+1:], "\n"),
		Quote: quoteOf(strings.Join(lines[1:end], "\n")),
	}
}

// wechatReply parts a reply as WeChat's own clients write it: 「author：text」, a
// dashed line, the reply.
func wechatReply(lines []string, s string) *archive.Text {
	if strings.HasPrefix(lines[0], "「") {
		for i := 1; i < len(lines)-1; i++ {
			if isDashed(lines[i]) && strings.HasSuffix(strings.TrimRight(lines[i-1], " \t\r"), "」") {
				return &archive.Text{Body: strings.Join(lines[i+1:], "\n"), Quote: quoteOf(strings.Join(lines[:i], "\n"))}
			}
		}
	}
	return &archive.Text{Body: s}
}

// leastDashes is how many hyphens make a dashed line: WeChat writes fifteen.
const leastDashes = 5

func isDashed(line string) bool {
	return strings.Count(line, "-") >= leastDashes && strings.Trim(line, "- \t\r") == ""
}

func isMarker(line string) bool {
	line = strings.TrimRight(line, " \t\r:：")
	for _, marker := range quoteMarkers {
		if strings.EqualFold(line, marker) {
			return true
		}
	}
	return false
}

// quoteEndLine finds the line that ends the quote. A quoted reply has a marker
// and an end of its own.
func quoteEndLine(lines []string) int {
	depth, firstEnd := 0, -1
	for i, line := range lines {
		switch {
		case isMarker(strings.TrimLeft(line, "“\"")):
			depth++
		case strings.TrimRight(line, " \t\r") == quoteEnd:
			if depth--; depth == 0 {
				return i
			}
			if firstEnd < 0 {
				firstEnd = i
			}
		}
	}
	return firstEnd
}

// quoteOf parts author and text.
func quoteOf(s string) *archive.Quote {
	s = strings.TrimSpace(s)
	wrapped := false
	for _, pair := range [][2]string{{"“", "”"}, {"\"", "\""}, {"「", "」"}} {
		if inner, ok := strings.CutPrefix(s, pair[0]); ok {
			s, wrapped = strings.TrimSuffix(inner, pair[1]), true
			break
		}
	}
	author, body, twoLines := strings.Cut(s, "\n")
	if !twoLines || wrapped && !endsWithColon(author) {
		if i, size := colon(author); i >= 0 {
			return &archive.Quote{Author: strings.TrimSpace(author[:i]), Body: strings.TrimSpace(s[i+size:])}
		}
	}
	if !twoLines {
		return &archive.Quote{Body: s}
	}
	return &archive.Quote{
		Author: strings.TrimRight(author, " \t\r:："),
		Body:   strings.TrimSpace(body),
	}
}

func endsWithColon(s string) bool {
	s = strings.TrimRight(s, " \t\r")
	return strings.HasSuffix(s, "：") || strings.HasSuffix(s, ":")
}

// colon finds the first colon of either width; -1 when there is none.
func colon(s string) (at, size int) {
	wide, narrow := strings.Index(s, "："), strings.IndexByte(s, ':')
	if wide >= 0 && (narrow < 0 || wide < narrow) {
		return wide, len("：")
	}
	return narrow, 1
}
