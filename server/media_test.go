package server_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
	"huicun/internal/media"
)

// links are those of the one file of the fixture, for the viewer of b.
type links struct {
	URL      string `json:"url"`
	Download string `json:"download_url"`
	Thumb    string `json:"thumb_url"`
	Large    string `json:"large_url"`
	Poster   string `json:"poster_url"`
}

func (b *browser) links() links {
	b.f.t.Helper()
	var file struct{ Media links }
	b.get("/api/v1/messages/"+messageID+"/files/"+fileID, &file)
	return file.Media
}

// open asks for a link, with headers in pairs.
func (b *browser) open(link string, header ...string) *httptest.ResponseRecorder {
	b.f.t.Helper()
	b.header = map[string]string{}
	for i := 0; i+1 < len(header); i += 2 {
		b.header[header[i]] = header[i+1]
	}
	defer func() { b.header = nil }()
	return b.send("GET", link, "")
}

func TestFileHeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	l := b.links()
	for _, tt := range []struct{ name, link, kind, disposition, cache, form string }{
		{"download", l.Download, "application/octet-stream", `attachment; filename="a.pdf"`, "private, no-store", ""},
		{"audio form", l.URL, "audio/mpeg", `inline; filename="a.mp3"`, "private, no-store", archive.RenditionAudio},
		{"thumb", l.Thumb, "image/jpeg", `inline; filename="a.jpg"`, "private, max-age=600", archive.RenditionThumb},
		{"poster", l.Poster, "image/jpeg", `inline; filename="a.jpg"`, "private, max-age=600", archive.RenditionPoster},
		{"large", l.Large, "image/jpeg", `inline; filename="a.jpg"`, "private, no-store", archive.RenditionLarge},
	} {
		w := b.open(tt.link)
		if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), f.files.contents[tt.form].data) {
			t.Errorf("%s: %d with %d bytes", tt.name, w.Code, w.Body.Len())
		}
		for name, want := range map[string]string{
			"Content-Type": tt.kind, "Content-Disposition": tt.disposition, "Cache-Control": tt.cache,
			"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox", "Accept-Ranges": "bytes",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", tt.name, name, got, want)
			}
		}
	}
	if _, open := f.files.counts(); open != 0 {
		t.Errorf("%d files were not closed", open)
	}
}

// What a browser could run is only ever saved, also under a link for showing.
func TestOnlyHarmlessTypesAreShown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	shown := []string{}
	for _, kind := range []string{
		"image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "video/webm", "audio/mpeg", "audio/mp4", "audio/wav", "audio/ogg",
		"image/svg+xml", "text/html", "text/html; charset=utf-8", "application/xhtml+xml", "text/xml", "application/pdf", "text/javascript",
		"text/css", "application/x-shockwave-flash", "multipart/x-mixed-replace", "message/rfc822", "", "IMAGE/PNG", "image/png;text/html",
	} {
		f.files.contents[""] = content{mime: kind, data: []byte("<script>alert(1)</script>")}
		token, _ := f.files.Link(f.viewerOf("mei"), media.Ticket{MessageID: messageID, FileID: fileID})
		w := b.open("/api/v1/media/" + token)
		if w.Code != http.StatusOK {
			t.Fatalf("%q: %d %s", kind, w.Code, w.Body)
		}
		asSaved := w.Header().Get("Content-Type") == "application/octet-stream" && strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment;")
		if !asSaved {
			shown = append(shown, kind)
		}
	}
	slices.Sort(shown)
	want := []string{
		"audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav", "image/gif", "image/jpeg", "image/png", "image/webp", "video/mp4", "video/webm",
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("types that are shown (-want +got):\n%s", diff)
	}
}

// A picture of which nothing could be made may be a decompression bomb: it is
// saved, never drawn.
func TestPicturesThatCannotBeDrawnAreOnlySaved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	thumb := []archive.Rendition{{Name: archive.RenditionThumb, Mime: "image/jpeg"}}
	for _, tt := range []struct {
		name  string
		file  archive.File
		shown bool
	}{
		{"drawn", archive.File{Mime: "image/png", Looked: true, Renditions: thumb}, true},
		{"not looked into yet", archive.File{Mime: "image/png"}, true},
		{"bomb", archive.File{Mime: "image/png", Looked: true}, false},
		{"sound", archive.File{Mime: "audio/mpeg", Looked: true}, true},
	} {
		file := f.archive.media().File
		*file = tt.file
		file.ID, file.State = fileID, archive.FileReady
		if l := b.links(); (l.URL != "") != tt.shown || l.Download == "" {
			t.Errorf("%s: %+v, want a link for showing: %v", tt.name, l, tt.shown)
		}
	}
}

// A picture is never saved under the name of something else.
func TestNameOfWhatIsShown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	f.files.contents[""] = content{mime: "image/png", data: []byte("x")}
	for name, want := range map[string]string{
		"a.png": "a.png", "a.PNG": "a.PNG", "a.html": "a.html.png", "": "file.png", "a.png.": "a.png", "a": "a.png", "照片.jpg": "照片.jpg.png",
	} {
		f.files.name = name
		token, _ := f.files.Link(f.viewerOf("mei"), media.Ticket{MessageID: messageID, FileID: fileID})
		if got := savedName(t, b.open("/api/v1/media/"+token)); got != want {
			t.Errorf("%q is saved as %q, want %q", name, got, want)
		}
	}
}

// A picture or a voice has no name of its own: saved, it opens as what it is.
func TestNameOfWhatHasNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	f.files.name = ""
	for kind, want := range map[string]string{
		"image/jpeg": "file.jpg", "video/mp4": "file.mp4", "audio/amr": "file.amr", "audio/silk": "file.silk", "image/heic": "file.heic",
		"text/html": "file", "text/xml": "file", "application/octet-stream": "file", "": "file",
	} {
		f.files.contents[""] = content{mime: kind, data: []byte("x")}
		token, _ := f.files.Link(f.viewerOf("mei"), media.Ticket{MessageID: messageID, FileID: fileID, Download: true})
		if got := savedName(t, b.open("/api/v1/media/"+token)); got != want {
			t.Errorf("%q is saved as %q, want %q", kind, got, want)
		}
	}
}

func savedName(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	_, params, err := mime.ParseMediaType(w.Header().Get("Content-Disposition"))
	if err != nil {
		t.Fatalf("%q: %v", w.Header().Get("Content-Disposition"), err)
	}
	return params["filename"]
}

// Any range of any file is exactly those bytes.
func TestRanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	rnd := rand.New(rand.NewPCG(5, 5))
	for _, size := range []int{1, 2, 511, 4096, 70_001} {
		data := randomBytes(size)
		f.files.contents[""] = content{mime: "video/mp4", data: data}
		link := b.links().Download
		for range 60 {
			from, to := rnd.IntN(size), rnd.IntN(2*size)
			ranges := pick(rnd, fmt.Sprintf("bytes=%d-%d", from, max(from, to)), fmt.Sprintf("bytes=%d-", from), fmt.Sprintf("bytes=-%d", 1+to))
			want := data[from:min(size, max(from, to)+1)]
			switch {
			case strings.HasSuffix(ranges, "-"):
				want = data[from:]
			case strings.HasPrefix(ranges, "bytes=-"):
				from = max(0, size-1-to)
				want = data[from:]
			}
			w := b.open(link, "Range", ranges)
			if w.Code != http.StatusPartialContent || !bytes.Equal(w.Body.Bytes(), want) {
				t.Fatalf("%s of %d: %d with %d bytes, want %d", ranges, size, w.Code, w.Body.Len(), len(want))
			}
			if got, want := w.Header().Get("Content-Range"), fmt.Sprintf("bytes %d-%d/%d", from, from+len(want)-1, size); got != want {
				t.Errorf("%s of %d: Content-Range %q, want %q", ranges, size, got, want)
			}
		}
	}
	if _, open := f.files.counts(); open != 0 {
		t.Errorf("%d files were not closed", open)
	}
}

func pick[T any](rnd *rand.Rand, list ...T) T { return list[rnd.IntN(len(list))] }

func TestUnusualRanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	link, data := b.links().Download, f.files.contents[""].data
	whole := b.open(link)
	tag := whole.Header().Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	for _, tt := range []struct {
		name   string
		header []string
		status int
		want   []byte
	}{
		{"the same file", []string{"Range", "bytes=5-9", "If-Range", tag}, http.StatusPartialContent, data[5:10]},
		{"another file", []string{"Range", "bytes=5-9", "If-Range", `"x"`}, http.StatusOK, data},
		{"a time, which is not told", []string{"Range", "bytes=5-9", "If-Range", "Mon, 02 Mar 2020 04:00:00 GMT"}, http.StatusOK, data},
		{"behind the end", []string{"Range", "bytes=70000-"}, http.StatusRequestedRangeNotSatisfiable, nil},
		{"backwards", []string{"Range", "bytes=9-5"}, http.StatusRequestedRangeNotSatisfiable, nil},
		{"another unit", []string{"Range", "pages=1-2"}, http.StatusRequestedRangeNotSatisfiable, nil},
		{"no number", []string{"Range", "bytes=x-y"}, http.StatusRequestedRangeNotSatisfiable, nil},
		{"too large a number", []string{"Range", "bytes=0-99999999999999999999"}, http.StatusRequestedRangeNotSatisfiable, nil},
		{"known already", []string{"If-None-Match", tag}, http.StatusNotModified, nil},
		{"ranges that are longer than the file", []string{"Range", "bytes=0-,0-,0-"}, http.StatusOK, data},
	} {
		w := b.open(link, tt.header...)
		if w.Code != tt.status || tt.want != nil && !bytes.Equal(w.Body.Bytes(), tt.want) {
			t.Errorf("%s: %d with %d bytes, want %d", tt.name, w.Code, w.Body.Len(), tt.status)
		}
	}
	w := b.open(link, "Range", "bytes=0-9, 100-199,-5")
	_, params, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if w.Code != http.StatusPartialContent || err != nil {
		t.Fatalf("several ranges: %d, %v", w.Code, err)
	}
	parts := multipart.NewReader(w.Body, params["boundary"])
	for _, want := range [][]byte{data[:10], data[100:200], data[len(data)-5:]} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(part); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", part.Header.Get("Content-Range"), len(got), err)
		}
	}
}

func TestWrongLinks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	good := strings.TrimPrefix(b.links().Download, "/api/v1/media/")
	for _, token := range []string{
		"x", good + "x", good[1:], strings.ToUpper(good), "%00", "%ff", "..", "%2e%2e", "%2e%2e%2fme", good + "%2f", good + "/", good + "/x", "%20" + good,
		strings.Repeat("A", 5000), "-", "*", "null", "%E2%80%AE",
	} {
		if w := b.open("/api/v1/media/" + token); w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%.20q: %d %q", token, w.Code, w.Header().Get("Cache-Control"))
		}
	}
	for _, method := range []string{"HEAD", "POST", "PUT", "DELETE"} {
		if w := b.send(method, "/api/v1/media/"+good, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if opens, _ := f.files.counts(); opens != 0 {
		t.Errorf("%d opened", opens)
	}
}
