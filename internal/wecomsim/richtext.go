package wecomsim

import (
	"html"
	"html/template"
	"net/url"
	"regexp"
	"strings"
)

// htmlTag finds the few tags that WeCom knows in app messages.
var htmlTag = regexp.MustCompile(`<div class="(gray|normal|highlight)">|</div>|<br\s*/?>|<a href="([^"<>]*)">|</a>`)

// cardHTML shows a description of a textcard: the known tags work, everything
// else is text.
func cardHTML(text string) template.HTML {
	var b strings.Builder
	var open []string // closing tags that are due
	at := 0
	for _, m := range htmlTag.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(escapeLines(text[at:m[0]]))
		at = m[1]
		tag := text[m[0]:m[1]]
		switch {
		case m[2] >= 0:
			b.WriteString(`<div class="t-` + text[m[2]:m[3]] + `">`)
			open = append(open, "</div>")
		case m[4] >= 0:
			b.WriteString(openLink(html.UnescapeString(text[m[4]:m[5]])))
			open = append(open, "</a>")
		case strings.HasPrefix(tag, "<br"):
			b.WriteString("<br>")
		case len(open) > 0 && open[len(open)-1] == tag:
			b.WriteString(tag)
			open = open[:len(open)-1]
		}
	}
	b.WriteString(escapeLines(text[at:]))
	for i := len(open) - 1; i >= 0; i-- {
		b.WriteString(open[i])
	}
	return template.HTML(b.String()) //nolint:gosec // every piece was escaped above
}

func escapeLines(text string) string {
	return strings.ReplaceAll(html.EscapeString(text), "\n", "<br>")
}

// openLink begins a link, one without a target unless it leads to the web.
func openLink(target string) string {
	if !webAddress(target) {
		return "<a>"
	}
	return `<a rel="noopener noreferrer" href="` + html.EscapeString(target) + `">`
}

func webAddress(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

var (
	mdBold = regexp.MustCompile(`\*\*([^*\n]+)\*\*`)
	mdCode = regexp.MustCompile("`([^`\n]+)`")
	mdLink = regexp.MustCompile(`\[([^\]\n]+)\]\(([^()\s]+)\)`)
	mdFont = regexp.MustCompile(`&lt;font color=&#34;(info|comment|warning)&#34;&gt;(.*?)&lt;/font&gt;`)
)

// markdownHTML shows the little Markdown that WeCom knows.
func markdownHTML(text string) template.HTML {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		level := len(line) - len(strings.TrimLeft(line, "#"))
		switch {
		case level > 0 && level <= 6 && strings.HasPrefix(line[level:], " "):
			b.WriteString(`<div class="md-h">` + mdInline(line[level+1:]) + "</div>")
		case strings.HasPrefix(line, ">"):
			b.WriteString(`<div class="md-quote">` + mdInline(strings.TrimSpace(line[1:])) + "</div>")
		default:
			b.WriteString("<div>" + mdInline(line) + "&nbsp;</div>")
		}
	}
	return template.HTML(b.String()) //nolint:gosec // every line was escaped
}

func mdInline(line string) string {
	s := html.EscapeString(line)
	s = mdFont.ReplaceAllString(s, `<span class="md-$1">$2</span>`)
	s = mdBold.ReplaceAllString(s, "<b>$1</b>")
	s = mdCode.ReplaceAllString(s, "<code>$1</code>")
	return mdLink.ReplaceAllStringFunc(s, func(found string) string {
		m := mdLink.FindStringSubmatch(found)
		return openLink(html.UnescapeString(m[2])) + m[1] + "</a>"
	})
}
