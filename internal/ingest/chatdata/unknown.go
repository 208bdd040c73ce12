package chatdata

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"huicun/internal/archive"
)

// envelope are the keys of a message that are around its payload.
var envelope = map[string]bool{
	"msgid": true, "action": true, "from": true, "tolist": true, "roomid": true, "msgtime": true, "msgtype": true, "seq": true, "time": true, "user": true,
}

// readUnknown makes the best of a msgtype that nobody has seen: its words are
// read and found, and its files are fetched while WeCom keeps them
// (message-types.md 5, rule 7).
func readUnknown(msg object) archive.Content {
	r := &reader{}
	var words []string
	c := archive.Content{Kind: archive.ContentUnsupported}
	for _, key := range slices.Sorted(maps.Keys(msg)) {
		if !envelope[key] {
			r.collect(key, msg[key], &words, &c.Parts)
		}
	}
	c.Notice = strings.Join(words, "\n")
	return c
}

// collect takes words and files out of a value, whatever its shape.
func (r *reader) collect(key string, v json.RawMessage, words *[]string, files *[]archive.Content) {
	if r.depth >= maxDepth || !r.take() {
		return
	}
	r.depth++
	defer func() { r.depth-- }()
	if o, ok := toObject(v); ok {
		if o.str("sdkfileid") != "" {
			*files = append(*files, archive.Content{Kind: archive.ContentFile, Media: named(o)})
		}
		for _, k := range slices.Sorted(maps.Keys(o)) {
			r.collect(k, o[k], words, files)
		}
		return
	}
	if items := toList(v); first(v) == '[' {
		for _, item := range items {
			r.collect(key, item, words, files)
		}
		return
	}
	if s := text(v); first(v) == '"' && isWords(key, s) {
		*words = append(*words, s)
	}
}

// isWords tells what people wrote from ids, sums and addresses.
func isWords(key, s string) bool {
	key = strings.ToLower(key)
	for _, end := range []string{"id", "md5sum", "key", "token", "fileext", "filename"} { // the name of a file stands with the file
		if strings.HasSuffix(key, end) {
			return false
		}
	}
	return strings.TrimSpace(s) != ""
}
