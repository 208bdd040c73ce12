package archive

import (
	"regexp"
	"strings"

	"huicun/internal/personid"
)

// mention is how a robot's Markdown names somebody: <@userid>
// (developer.work.weixin.qq.com/document/path/91770).
var mention = regexp.MustCompile(`<@([^<>@\s]{1,64})>`)

// mostMentions bounds how many people are looked up for one text; nobody names
// more, and the others keep their userid.
const mostMentions = 100

// mentioned gives the persons that a Markdown names.
func mentioned(source string) []string {
	var ids []string
	for _, m := range mention.FindAllStringSubmatch(source, mostMentions) {
		ids = append(ids, personid.Key(m[1]))
	}
	return ids
}

// WithMentions gives a Markdown with "@name" where it names a person: name tells
// how a person is called, "" when that is not known; then the userid stays.
func WithMentions(source string, name func(person string) string) string {
	return mention.ReplaceAllStringFunc(source, func(m string) string {
		userid := m[len("<@") : len(m)-len(">")]
		if n := name(personid.Key(userid)); n != "" {
			return "@" + plain.Replace(n)
		}
		return "@" + userid
	})
}

// plain keeps a name from being Markdown itself: what has a meaning there becomes
// what looks the same and has none.
var plain = strings.NewReplacer(
	"[", "［", "]", "］", "(", "（", ")", "）", "<", "＜", ">", "＞", "*", "＊", "`", "｀", "_", "＿", "#", "＃", "\n", " ", "\r", " ")
