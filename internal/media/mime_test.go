package media

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/gabriel-vasile/mimetype"
)

func zipOf(t *testing.T, names ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range names {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, strings.Repeat("<x/>", 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func ftyp(brand string) []byte {
	p := binary.BigEndian.AppendUint32(nil, 24)
	return append(p, "ftyp"+brand+"\x00\x00\x02\x00"+brand+"isom"...)
}

func picture(t *testing.T, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := encode(&buf, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestSniff(t *testing.T) {
	const office = "application/vnd.openxmlformats-officedocument."
	for _, tt := range []struct {
		name, want string
		head       []byte
	}{
		{"nothing", octetStream, nil},
		{"noise", octetStream, []byte{1, 2, 3, 0xff, 0xfe, 9, 8, 0}},
		{"AMR", "audio/amr", []byte("#!AMR\n\x3c\x91")},
		{"AMR-WB", "audio/amr-wb", []byte("#!AMR-WB\n\x44")},
		{"SILK of WeChat", "audio/silk", []byte("\x02#!SILK_V3\x00")},
		{"SILK", "audio/silk", []byte("#!SILK_V3\x00")},
		{"jpeg", "image/jpeg", picture(t, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) })},
		{"png", "image/png", picture(t, png.Encode)},
		{"gif", "image/gif", picture(t, func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) })},
		{"webp", "image/webp", []byte("RIFF\x24\x00\x00\x00WEBPVP8 ")},
		{"mp4", "video/mp4", ftyp("isom")},
		{"mp4 of a phone", "video/mp4", ftyp("mp42")},
		{"m4a", "audio/mp4", ftyp("M4A ")},
		{"mov", "video/quicktime", ftyp("qt  ")},
		{"heic", "image/heic", ftyp("heic")},
		{"avif", "image/avif", ftyp("avif")},
		{"pdf", "application/pdf", []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")},
		{"docx", office + "wordprocessingml.document", zipOf(t, "[Content_Types].xml", "_rels/.rels", "word/document.xml")},
		{"xlsx", office + "spreadsheetml.sheet", zipOf(t, "[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "xl/workbook.xml")},
		{"pptx", office + "presentationml.presentation", zipOf(t, "[Content_Types].xml", "ppt/presentation.xml")},
		{"docx whose parts stand late", office + "wordprocessingml.document", zipOf(t, "a", "b", "c", "d", "e", "f", "customXml/item1.xml", "word/document.xml", "[Content_Types].xml")},
		{"zip", "application/zip", zipOf(t, "a.txt", "xl.txt")},
		{"zip with a folder of that name", "application/zip", zipOf(t, "a.txt", "b.txt", "xlsx/x")},
		{"text", "text/plain", []byte("会议纪要\n第一条")},
		{"html", "text/html", []byte("<!DOCTYPE html><script>alert(1)</script>")},
		{"svg", "text/xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)},
		{"svg with a head", "text/xml", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`)},
		{"mp3", "audio/mpeg", []byte("ID3\x03\x00\x00\x00\x00\x00\x00")},
		{"wav", "audio/wav", []byte("RIFF\x24\x00\x00\x00WAVEfmt ")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := sniff(tt.head); got != tt.want {
				t.Errorf("sniff = %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzSniff(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`))
	f.Fuzz(func(t *testing.T, head []byte) {
		got := sniff(head)
		if got == "" || strings.ContainsAny(got, "; \r\n") || strings.Contains(got, "svg") {
			t.Errorf("sniff = %q", got)
		}
	})
}

func TestSniffOutlivesADetectorThatStumbles(t *testing.T) {
	const begins = "stumble here"
	mimetype.Extend(func(p []byte, _ uint32) bool {
		if bytes.HasPrefix(p, []byte(begins)) {
			panic("index out of range")
		}
		return false
	}, "application/x-stumble", ".stumble")
	if got := sniff([]byte(begins)); got != octetStream {
		t.Errorf("sniff gives %q, want %q", got, octetStream)
	}
}
