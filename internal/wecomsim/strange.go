package wecomsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sizes of strange messages.
const (
	largeShape = 50 << 10
	hugeShape  = 1 << 20
	mostShape  = 8 << 20
	deepShape  = 2000 // arrays in arrays
)

// shape is one kind of strange message.
type shape struct {
	kind, about, effect string
	bytes               int                      // usual size; 0 = takes none
	variants            []func(shapeBase) []byte // one of them is drawn
}

// shapeBase is what a strange message is made of: a place in a real chat.
type shapeBase struct {
	header
	msgID string
	bytes int
	roll  uint64
	other []byte // the message before it
}

// shapes are all kinds of strange messages.
var shapes = []shape{
	{
		"stream.unknown_type", "没见过的 msgtype，内容嵌套", "a msgtype that nobody knows, with nested content", 0,
		[]func(shapeBase) []byte{unknownType},
	},
	{
		"stream.malformed", "不是 JSON：截断、多余逗号、单引号、纯文字、数组、空对象", "no usable JSON: cut short, comma too many, single quotes, plain text, an array, an empty object", 0,
		[]func(shapeBase) []byte{cutJSON, extraComma, singleQuotes, plainText, anArray, emptyObject},
	},
	{
		"stream.control", "字符串里有未转义的控制字符", "raw control characters in strings", 0,
		[]func(shapeBase) []byte{textOf("前\x01中\x0b后\x1f\x7f"), textOf("第一行\n第二行\t制表\r回车")},
	},
	{
		"stream.invalid_utf8", "字符串里有非法 UTF-8", "invalid UTF-8 in strings", 0,
		[]func(shapeBase) []byte{textOf("好\xff\xfe的"), textOf("半个字\xe4\xbd"), textOf("\xc0\xafoverlong\xed\xa0\x80")},
	},
	{
		"stream.lone_surrogate", "转义里有落单的代理项", "escapes of half a surrogate pair", 0,
		[]func(shapeBase) []byte{textOf(`笑\ud83d哭`), textOf(`\ude00\ud83d`), textOf(`末尾\udbff`)},
	},
	{
		"stream.nul_escape", `转义的 NUL（\u0000）`, `an escaped NUL (\u0000)`, 0,
		[]func(shapeBase) []byte{textOf(`前\u0000后`), textOf(`\u0000`)},
	},
	{
		"stream.nul_raw", "原样的 NUL 字节", "a raw NUL byte", 0,
		[]func(shapeBase) []byte{textOf("前\x00后"), nulAround},
	},
	{
		"stream.large", "很长的文字（默认 50 KB）", "a long text, 50 KB unless told otherwise", largeShape,
		[]func(shapeBase) []byte{largeText},
	},
	{
		"stream.huge", "超长的文字（默认 1 MB）", "a very long text, 1 MB unless told otherwise", hugeShape,
		[]func(shapeBase) []byte{largeText},
	},
	{
		"stream.many_receivers", "接收人列表很长（默认 50 KB）", "a long tolist, 50 KB unless told otherwise", largeShape,
		[]func(shapeBase) []byte{manyReceivers},
	},
	{
		"stream.duplicate_keys", "同一个对象里有重复的键", "the same key twice in one object", 0,
		[]func(shapeBase) []byte{duplicateType, duplicateContent},
	},
	{
		"stream.duplicate_msgid", "上一条消息换一个 seq 再来一次", "the message before it again, with the same msgid and another seq", 0,
		[]func(shapeBase) []byte{func(b shapeBase) []byte { return bytes.Clone(b.other) }},
	},
	{
		"stream.wrong_types", "字段的类型不对", "fields of wrong types", 0,
		[]func(shapeBase) []byte{wrongTypes},
	},
	{
		"stream.deep", "嵌套两千层", "nested two thousand levels deep", 0,
		[]func(shapeBase) []byte{deepNesting},
	},
	{
		"stream.bad_time", "msgtime 为 0、负数、秒、远在未来或缺失", "msgtime is 0, negative, in seconds, far ahead or missing", 0,
		[]func(shapeBase) []byte{timeOf("0"), timeOf("-1"), timeInSeconds, timeOf("9007199254740993"), noTime},
	},
	{
		"stream.hostile_text", "文字里是 HTML、脚本、SQL、通配符、双向控制符、零宽字符", "text that attacks: HTML, script, SQL, LIKE patterns, bidi, zero-width, javascript: links", 0,
		[]func(shapeBase) []byte{
			hostileText(`<img src=x onerror=alert(1)><script>alert(2)</script>`), hostileText(`'; DROP TABLE messages; --`),
			hostileText(`%_\%50%`), hostileText("\u202egnp.exe\u202c\u2066abc"), hostileText("零\u200b宽\u200d连\ufeff接"),
			hostileText(`javascript:alert(document.domain)`), hostileText(`{{constructor.constructor('alert(1)')()}}`),
		},
	},
	{
		"stream.media_expired", "图片的文件已过期（GetMediaData 返回 10010）", "a picture whose file is gone (10010)", 0,
		[]func(shapeBase) []byte{expiredImage},
	},
	{
		"stream.media_md5", "图片的 md5sum 和文件不符", "a picture whose md5sum is not that of the file", 0,
		[]func(shapeBase) []byte{wrongMD5Image},
	},
	{
		"stream.media_bad_id", "图片的 sdkfileid 不能解析（GetMediaData 返回 10005）", "a picture with a malformed sdkfileid (10005)", 0,
		[]func(shapeBase) []byte{badFileID},
	},
}

// shapeKinds describes the shapes as kinds of faults.
func shapeKinds() []faultKind {
	var all []faultKind
	for _, sh := range shapes {
		k := faultKind{
			Kind: sh.kind, Group: streamGroup, Chance: byMessage, Shape: true,
			About: "插入一条消息：" + sh.about, Effect: "inserts a message: " + sh.effect,
		}
		if sh.bytes > 0 {
			k.Params = []faultParam{{Name: paramBytes, Least: 1, Most: mostShape, Usual: sh.bytes, About: "字节"}}
		}
		all = append(all, k)
	}
	return all
}

func shapeOf(kind string) *shape {
	i := slices.IndexFunc(shapes, func(s shape) bool { return s.kind == kind })
	if i < 0 {
		return nil
	}
	return &shapes[i]
}

// message makes a strange message for the chat of before. The same order at the
// same place gives the same bytes; place tells messages with the same order apart.
func (o shapeOrder) message(before record, place uint64) newMessage {
	sh := shapeOf(o.kind)
	b := shapeBase{bytes: o.bytes, roll: o.roll, other: before.Body}
	set(&b.bytes, sh.bytes)
	b.header, _ = readHeader(before.Body) // what is missing stays empty
	if b.MsgTime <= 0 {
		b.MsgTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	}
	b.MsgTime++
	const least, digits = 1e18, 9e18 // always as long
	b.msgID = fmt.Sprintf("%d_%d", least+mix(o.roll, hashOf(before.MsgID), place)%digits, b.MsgTime)
	if strings.HasSuffix(before.MsgID, "_external") {
		b.msgID += "_external"
	}
	if o.kind == "stream.duplicate_msgid" {
		b.msgID = before.MsgID
	}
	return newMessage{MsgID: b.msgID, Body: sh.variants[o.roll%uint64(len(sh.variants))](b)}
}

// readHeader reads what all messages share, where that can be read.
func readHeader(body []byte) (h header, ok bool) {
	err := json.Unmarshal(body, &h)
	return h, err == nil && h.From != "" && h.MsgID != ""
}

// head is the JSON of the common fields up to msgtime, without the end.
func (b shapeBase) head(msgtime string) string {
	to, err := json.Marshal(b.ToList)
	if err != nil || b.ToList == nil {
		to = []byte("[]")
	}
	return `{"msgid":` + quoted(b.msgID) + `,"action":"send","from":` + quoted(b.From) + `,"tolist":` + string(to) +
		`,"roomid":` + quoted(b.RoomID) + msgtime
}

func (b shapeBase) time() string { return `,"msgtime":` + strconv.FormatInt(b.MsgTime, 10) }

// body is a whole message with this content, which is JSON or not.
func (b shapeBase) body(msgtype, content string) []byte {
	return []byte(b.head(b.time()) + `,"msgtype":"` + msgtype + `",` + content + `}`)
}

// quoted is a JSON string.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil { // strings can always be encoded
		return `""`
	}
	return string(b)
}

// textOf makes a text whose characters stand in the JSON as they are.
func textOf(raw string) func(shapeBase) []byte {
	return func(b shapeBase) []byte { return b.body("text", `"text":{"content":"`+raw+`"}`) }
}

func hostileText(text string) func(shapeBase) []byte { return textOf(strings.Trim(quoted(text), `"`)) }

func unknownType(b shapeBase) []byte {
	n := strconv.FormatUint(b.roll%1000, 10)
	return b.body("hologram_"+n, `"hologram_`+n+`":{"title":"一种还没有人见过的消息","layers":[{"depth":1},{"depth":2.5}],"ok":null}`)
}

// cutJSON ends somewhere behind the first byte.
func cutJSON(b shapeBase) []byte {
	whole := textOf("这条消息在传输中被截断了")(b)
	return whole[:1+b.roll%uint64(len(whole)-1)]
}

func extraComma(b shapeBase) []byte { return b.body("text", `"text":{"content":"多一个逗号",},`) }

func singleQuotes(b shapeBase) []byte { return b.body("text", `'text':{'content':'单引号'}`) }

func plainText(shapeBase) []byte { return []byte("这不是 JSON，只是一句话。") }

func anArray(b shapeBase) []byte {
	return append(append([]byte("["), textOf("数组里的消息")(b)...), ']')
}

func emptyObject(shapeBase) []byte { return []byte("{}") }

func nulAround(b shapeBase) []byte { return append(textOf("后面跟着一个 NUL")(b), 0) }

func largeText(b shapeBase) []byte {
	const line = "这是一条很长的消息，一个字一个字都要原样保存下来。"
	return textOf(cutBytes(strings.Repeat(line, b.bytes/len(line)+1), b.bytes))(b)
}

func manyReceivers(b shapeBase) []byte {
	const each = len(`"SimMember00000",`)
	for n := 0; n < b.bytes; n += each {
		b.ToList = append(b.ToList, fmt.Sprintf("SimMember%05d", len(b.ToList)))
	}
	if b.RoomID == "" {
		b.RoomID = "wrSimLargeGroup0000000000000000A"
	}
	return textOf("全体注意")(b)
}

func duplicateType(b shapeBase) []byte {
	return b.body("image", `"msgtype":"text","text":{"content":"类型写了两次"}`)
}

func duplicateContent(b shapeBase) []byte {
	return b.body("text", `"text":{"content":"第一份"},"text":{"content":"第二份","content":"第三份"}`)
}

func wrongTypes(b shapeBase) []byte {
	return []byte(`{"msgid":` + quoted(b.msgID) + `,"action":1,"from":[` + quoted(b.From) + `],"tolist":` + quoted(b.From) +
		`,"roomid":null,"msgtime":"` + strconv.FormatInt(b.MsgTime, 10) + `","msgtype":{"a":1},"text":["不是对象"]}`)
}

func deepNesting(b shapeBase) []byte {
	return b.body("nested", `"nested":`+strings.Repeat("[", deepShape)+strings.Repeat("]", deepShape))
}

func timeOf(ms string) func(shapeBase) []byte {
	return func(b shapeBase) []byte {
		return []byte(b.head(`,"msgtime":`+ms) + `,"msgtype":"text","text":{"content":"时间不对"}}`)
	}
}

func timeInSeconds(b shapeBase) []byte { return timeOf(strconv.FormatInt(b.MsgTime/1000, 10))(b) }

func noTime(b shapeBase) []byte {
	return []byte(b.head("") + `,"msgtype":"text","text":{"content":"没有时间"}}`)
}

// goneImage is the id of a file that does not exist.
func goneImage(b shapeBase) mediaFile {
	return mediaFile{FileID: "SIMGONE-" + strconv.FormatUint(b.roll, 16), AuthKey: "v1_gone", Data: []byte("gone")}
}

func (b shapeBase) image(md5 string, size int, sdkFileID string) []byte {
	return b.body("image", `"image":{"md5sum":"`+md5+`","filesize":`+strconv.Itoa(size)+`,"sdkfileid":"`+sdkFileID+`"}`)
}

func expiredImage(b shapeBase) []byte {
	f := goneImage(b)
	return b.image(f.md5sum(), len(f.Data), f.sdkFileID())
}

func wrongMD5Image(b shapeBase) []byte {
	f, err := controlImage(b.roll % 1000)
	if err != nil { // an image in memory can always be encoded
		f = goneImage(b)
	}
	return b.image(strings.Repeat("0", 32), len(f.Data), f.sdkFileID())
}

func badFileID(b shapeBase) []byte { return b.image(strings.Repeat("a", 32), 4, "not*base64*at*all") }
