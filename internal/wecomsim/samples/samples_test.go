package samples

import (
	"archive/zip"
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"image"
	"image/gif"
	_ "image/jpeg" // decoders of the pictures
	_ "image/png"
	"io"
	"net/http"
	"os/exec"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// most is what all samples may weigh together.
const most = 1_200_000

func TestListFilesAndScriptAgree(t *testing.T) {
	var listed, stored []string
	total := 0
	for _, s := range All() {
		listed = append(listed, s.Name)
		total += len(Bytes(s.Name))
	}
	entries, err := data.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		stored = append(stored, e.Name())
	}
	out, err := exec.CommandContext(t.Context(), "sh", "make.sh", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Fields(string(out)), listed); diff != "" {
		t.Errorf("make.sh list, and All (-script +list):\n%s", diff)
	}
	if len(stored) != len(listed) || total > most {
		t.Errorf("%d files, %d bytes; %d are listed, at most %d bytes", len(stored), total, len(listed), most)
	}
}

// magics are how the files of an extension begin, at an offset.
var magics = map[string]struct {
	at    int
	bytes string
}{
	".jpg": {0, "\xff\xd8\xff"}, ".webp": {8, "WEBPVP8"}, ".png": {0, "\x89PNG\r\n\x1a\n"}, ".gif": {0, "GIF89a"},
	".amr": {0, headNB}, ".awb": {0, headWB}, ".m4a": {4, "ftypM4A"}, ".mp3": {0, "ID3"}, ".mp4": {4, "ftypisom"}, ".pdf": {0, "%PDF-1."},
	".docx": {0, "PK\x03\x04"}, ".xlsx": {0, "PK\x03\x04"}, ".pptx": {0, "PK\x03\x04"}, ".zip": {0, "PK\x03\x04"}, ".txt": {0, "星河家居"},
}

// valid checks one file as thoroughly as the standard library can.
func valid(t *testing.T, s Sample, b []byte) {
	t.Helper()
	ext := path.Ext(s.Name)
	if m, ok := magics[ext]; !ok || len(b) < m.at || !bytes.HasPrefix(b[m.at:], []byte(m.bytes)) {
		t.Errorf("%s begins with %q", s.Name, b[:min(16, len(b))])
	}
	switch ext {
	case ".jpg", ".png":
		if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err != nil || c.Width != s.Width || c.Height != s.Height {
			t.Errorf("%s: %v, want %d × %d", s.Name, err, s.Width, s.Height)
		}
	case ".gif":
		g, err := gif.DecodeAll(bytes.NewReader(b))
		if err != nil || len(g.Image) < 2 || g.Config.Width != s.Width || g.Config.Height != s.Height || len(b) > 60<<10 {
			t.Errorf("%s: %v, %d bytes; want an animation of %d × %d", s.Name, err, len(b), s.Width, s.Height)
		}
	case ".amr", ".awb":
		if _, frames := Frames(b); (len(frames)+FramesPerSecond-1)/FramesPerSecond != s.Seconds {
			t.Errorf("%s has %d frames, want %d seconds", s.Name, len(frames), s.Seconds)
		}
	case ".mp4", ".m4a":
		if boxes(b)["moov"] == 0 {
			t.Errorf("%s has boxes %v", s.Name, boxes(b))
		}
	case ".webp":
		if n := binary.LittleEndian.Uint32(b[4:]); int(n)+8 != len(b) {
			t.Errorf("%s announces %d bytes, has %d", s.Name, n+8, len(b))
		}
	case ".docx", ".xlsx", ".pptx", ".zip":
		unpack(t, s.Name, b)
	}
}

// boxes gives the place of each box of an MP4, from 1; nil when they do not fit.
func boxes(b []byte) map[string]int {
	found, n := map[string]int{}, 0
	for len(b) >= 8 {
		size := int(binary.BigEndian.Uint32(b))
		if size < 8 || size > len(b) {
			return nil
		}
		n++
		found[string(b[4:8])], b = n, b[size:]
	}
	if len(b) != 0 {
		return nil
	}
	return found
}

func unpack(t *testing.T, name string, b []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(z.File) < 3 {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			t.Errorf("%s: %s: %v", name, f.Name, err)
		}
	}
}

// drawable decodes a picture to its last byte.
func drawable(t *testing.T, s Sample, b []byte) {
	t.Helper()
	if ext := path.Ext(s.Name); ext != ".jpg" && ext != ".png" {
		return
	}
	if _, _, err := image.Decode(bytes.NewReader(b)); err != nil {
		t.Errorf("%s: %v", s.Name, err)
	}
}

func TestSamplesAreWhatTheyAreCalled(t *testing.T) {
	for _, s := range All() {
		valid(t, s, Bytes(s.Name))
	}
	if b := boxes(Bytes("video-landscape.mp4")); b["moov"] < b["mdat"] {
		t.Errorf("video-landscape.mp4 has its moov before mdat: %v", b)
	}
	if b := boxes(Bytes("video-portrait.mp4")); b["moov"] > b["mdat"] {
		t.Errorf("video-portrait.mp4 has its moov behind mdat: %v", b)
	}
	if got := bytes.Count(Bytes("drawing.pdf"), []byte("/Type /Page ")); got != 3 {
		t.Errorf("drawing.pdf has %d pages", got)
	}
	if !bytes.Contains(Bytes("photo-turned.jpg")[:64], []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06")) {
		t.Error("photo-turned.jpg lacks orientation 6")
	}
}

func TestStampedFilesAreValidAndDiffer(t *testing.T) {
	for _, s := range All() {
		base := Bytes(s.Name)
		stamp, err := NewStamp(base)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, mark := range []uint64{0, 1, 60, 61, 1 << 20, 1 << 63, 1<<64 - 1} {
			b := stamp.Apply(base, mark)
			sum := md5.Sum(b)
			got, size, err := stamp.MD5(mark)
			if err != nil || got != hex.EncodeToString(sum[:]) || size != len(b) {
				t.Errorf("%s, mark %x: MD5 = %s, %d, %v; it is %x of %d bytes", s.Name, mark, got, size, err, sum, len(b))
			}
			seen[got] = true
			valid(t, s, b)
			if mark == 61 {
				drawable(t, s, b)
			}
			if again := stamp.Apply(base, mark); !bytes.Equal(b, again) {
				t.Errorf("%s, mark %x: another file the second time", s.Name, mark)
			}
			if was, is := http.DetectContentType(base), http.DetectContentType(b); was != is {
				t.Errorf("%s, mark %x: %s turns into %s", s.Name, mark, was, is)
			}
		}
		if len(seen) != 7 {
			t.Errorf("%s: 7 marks give %d files", s.Name, len(seen))
		}
	}
}

func TestSpeechHasTheSecondsThatWereAskedFor(t *testing.T) {
	for _, name := range []string{"voice-nb-1.amr", "voice-nb-2.amr", "voice-wb.awb"} {
		for _, seconds := range []int{1, 2, 30, 60} {
			b := Speech(name, 77, seconds)
			if _, frames := Frames(b); len(frames) != seconds*FramesPerSecond {
				t.Errorf("%s: %d frames for %d seconds", name, len(frames), seconds)
			}
			stamp, err := NewStamp(b)
			if err != nil {
				t.Fatal(err)
			}
			if one, other := stamp.Apply(b, 5), stamp.Apply(b, 6<<40); bytes.Equal(one, other) || len(one) != len(b) {
				t.Errorf("%s, %d seconds: two marks give %d and %d bytes, the same %v", name, seconds, len(one), len(other), bytes.Equal(one, other))
			}
		}
	}
}
