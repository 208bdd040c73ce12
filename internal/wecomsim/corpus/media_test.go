package corpus

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"image"
	_ "image/gif" // decoders of stickers and pictures
	_ "image/jpeg"
	_ "image/png"
	"testing"

	"huicun/internal/wecomsim/samples"
)

// announced gives every file of the messages, with those inside of others.
func announced(t *testing.T, c *Corpus) (files []map[string]any) {
	t.Helper()
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if v["sdkfileid"] != nil {
				files = append(files, v)
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		case string:
			var inner map[string]any
			if json.Unmarshal([]byte(v), &inner) == nil {
				walk(inner)
			}
		}
	}
	for i := range c.Len() {
		var m any
		if err := json.Unmarshal(c.Message(i).JSON, &m); err != nil {
			t.Fatal(err)
		}
		walk(m)
	}
	return files
}

func TestFilesDifferButForThoseThatArePassedOn(t *testing.T) {
	ids, sums := map[string]bool{}, map[string]int{}
	for _, f := range announced(t, sample()) {
		id := f["sdkfileid"].(string)
		if ids[id] {
			t.Fatalf("%s was sent twice", id)
		}
		ids[id] = true
		if sum, _ := f["md5sum"].(string); sum != "" {
			sums[sum]++
		}
	}
	total, shared := 0, 0
	for _, n := range sums {
		total += n
		if n > 1 {
			shared += n
		}
	}
	if share := 100 * float64(shared) / float64(total); total < 2000 || share < 3 || share > 8 {
		t.Errorf("%d of %d files share their content with another", shared, total)
	}
}

// TestFilesAreWhatMessagesSay reads every 40th file and compares it with what the
// message says of it.
func TestFilesAreWhatMessagesSay(t *testing.T) {
	c, films, stickers, voices := sample(), 0, 0, 0
	for i, f := range announced(t, c) {
		_, isVoice := f["voice_size"]
		_, isSticker := f["imagesize"]
		length, timed := f["play_length"].(float64)
		if i%40 != 0 && (!timed || isVoice) {
			continue
		}
		id, _, _ := unpack(t, f["sdkfileid"].(string))
		b, ok := c.Media(id)
		if !ok {
			t.Fatalf("no file %s", id)
		}
		if sum := md5.Sum(b); f["md5sum"] != nil && hex.EncodeToString(sum[:]) != f["md5sum"] {
			t.Errorf("%s has MD5 %x, the message says %v", id, sum, f["md5sum"])
		}
		switch {
		case isVoice:
			voices++
			if _, frames := samples.Frames(b); len(frames) != int(length)*samples.FramesPerSecond {
				t.Errorf("%s: %d frames, %v seconds", id, len(frames), length)
			}
		case timed:
			films++
			if !bytes.Equal(b[4:8], []byte("ftyp")) || length < 6 {
				t.Errorf("%s: %q, %v seconds", id, b[:8], length)
			}
		case isSticker:
			stickers++
			img, _, err := image.DecodeConfig(bytes.NewReader(b))
			if err != nil || float64(img.Width) != f["width"] || float64(img.Height) != f["height"] {
				t.Errorf("%s: %v, %d × %d; the message says %v × %v", id, err, img.Width, img.Height, f["width"], f["height"])
			}
		}
	}
	if films == 0 || stickers == 0 || voices == 0 {
		t.Errorf("%d films, %d stickers, %d voices were seen", films, stickers, voices)
	}
}

func TestFewFilesAreKept(t *testing.T) {
	c := baseCache{most: 50_000, files: map[fileKey][]byte{}}
	made := 0
	for range 2 {
		for variant := range 12 {
			made += len(c.get(fileKey{"img", "swatch", variant}))
		}
	}
	sum := 0
	for _, b := range c.files {
		sum += len(b)
	}
	if sum != c.held || sum > c.most || made < 2*c.most || len(c.order) != len(c.files) {
		t.Errorf("%d bytes of %d files are kept of %d made, %d counted, %d in order; at most %d", sum, len(c.files), made, c.held, len(c.order), c.most)
	}
}
