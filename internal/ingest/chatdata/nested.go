package chatdata

import (
	"encoding/json"
	"strings"

	"huicun/internal/archive"
)

// Bounds of what is read of messages inside messages: a forwarded record may
// hold others, and its JSON is a stranger's.
const (
	maxDepth = 8
	maxNodes = 500
)

// take counts one nested item; false when there were too many.
func (r *reader) take() bool {
	if r.nodes >= maxNodes {
		r.cut = true
		return false
	}
	r.nodes++
	return true
}

func readChatRecord(r *reader, p object) archive.Content {
	record := &archive.Record{Title: p.str("title"), Items: []archive.RecordItem{}}
	outerCut := r.cut
	r.cut = false
	r.each(p.list("item", "items"), func(item object, c archive.Content) {
		record.Items = append(record.Items, archive.RecordItem{
			SentAt:       when(item.num("msgtime")),
			FromChatroom: item.truth("from_chatroom"),
			Content:      c,
		})
	})
	record.Truncated = r.cut
	r.cut = r.cut || outerCut
	return archive.Content{Kind: archive.ContentChatRecord, Record: record}
}

func readMixed(r *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentMixed, Parts: r.parts(p)}
}

func readNote(r *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentNote, Parts: r.parts(p)}
}

// parts reads the items of a message that has no sign for being cut off: an
// unsupported part at the end tells that there was more.
func (r *reader) parts(p object) []archive.Content {
	parts := []archive.Content{}
	whole := r.each(p.list("item", "items"), func(_ object, c archive.Content) { parts = append(parts, c) })
	if !whole {
		parts = append(parts, archive.Content{Kind: archive.ContentUnsupported})
	}
	return parts
}

// each reads items in order; false when some were left out.
func (r *reader) each(items []json.RawMessage, add func(item object, c archive.Content)) bool {
	if len(items) > 0 && r.depth >= maxDepth {
		r.cut = true
		return false
	}
	r.depth++
	defer func() { r.depth-- }()
	for _, v := range items {
		if !r.take() {
			return false
		}
		item, ok := toObject(v)
		if !ok {
			add(object{}, plain(text(v)))
			continue
		}
		add(item, r.item(item))
	}
	return true
}

// item reads one nested message. Content is JSON in a string or an object; what
// does not fit its type is shown as text.
func (r *reader) item(item object) archive.Content {
	payload, ok := item.obj("content")
	if !ok {
		return plain(item.str("content"))
	}
	b, known := builders[itemType(item.str("type", "msg_type", "msgtype"))]
	if known {
		return b.build(r, payload)
	}
	return plain(payload.str("content"))
}

func plain(s string) archive.Content {
	if s == "" {
		return archive.Content{Kind: archive.ContentUnsupported}
	}
	return archive.Content{Kind: archive.ContentText, Text: textContent(s)}
}

// itemType gives the msgtype for the name of an item: ChatRecordVoipDocShare is
// voip_doc_share, ChatRecord a record again.
func itemType(name string) string {
	name = strings.ToLower(name)
	if rest, ok := strings.CutPrefix(name, typeChatRecord); ok && rest != "" {
		name = rest
	}
	if _, ok := builders[name]; ok {
		return name
	}
	return itemAliases[name]
}

// itemAliases are names of items, lower-cased, that differ from the msgtype.
var itemAliases = map[string]string{
	"meetingvoicecall":    typeCallAudio,
	"voipdocshare":        typeDocShare,
	"externalredpacket":   typeExternalRed,
	"meetingnotification": typeMeetingNotice,
	"doc":                 typeDoc,
}
