package media

import (
	"bytes"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// sniffBytes is how much of the beginning of a file tells its type.
const sniffBytes = 64 << 10

const octetStream = "application/octet-stream"

// signatures are of formats that nobody else knows, or knows by halves.
var signatures = []struct{ begins, mime string }{
	{"#!AMR-WB\n", "audio/amr-wb"},
	{"#!AMR\n", "audio/amr"},
	{"\x02#!SILK_V3", "audio/silk"},
	{"#!SILK_V3", "audio/silk"},
}

// usual are the names by which browsers and servers call a type.
var usual = map[string]string{
	"audio/x-m4a": "audio/mp4", "video/x-m4v": "video/mp4", "image/vnd.mozilla.apng": "image/png",
	"image/svg+xml": "text/xml", // a document with scripts, never a picture
}

// officeParts are folders in the zip of an office document.
var officeParts = []struct{ dir, mime string }{
	{"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
}

// sniff tells the type of a file by its first bytes, without parameters;
// octetStream: unknown. Its name says nothing: anybody may call a file anything.
func sniff(head []byte) (mime string) {
	defer func() { // a file that a detector stumbles over is kept like any other
		if recover() != nil {
			mime = octetStream
		}
	}()
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.begins)) {
			return s.mime
		}
	}
	if len(head) == 0 {
		return octetStream
	}
	mime, _, _ = strings.Cut(mimetype.Detect(head).String(), ";")
	if name, ok := usual[mime]; ok {
		return name
	}
	if mime == "application/zip" {
		return sniffZip(head)
	}
	return mime
}

// sniffZip knows office documents whose parts stand in an unusual order.
func sniffZip(head []byte) string {
	const localFile, nameAt = "PK\x03\x04", 30
	content := false
	found := ""
	for rest := head; ; {
		at := bytes.Index(rest, []byte(localFile))
		if at < 0 || len(rest) < at+nameAt {
			break
		}
		rest = rest[at+nameAt:]
		content = content || bytes.HasPrefix(rest, []byte("[Content_Types].xml"))
		for _, p := range officeParts {
			if found == "" && bytes.HasPrefix(rest, []byte(p.dir)) {
				found = p.mime
			}
		}
	}
	if content && found != "" {
		return found
	}
	return "application/zip"
}
