package server

import (
	"testing"
	"testing/fstest"
)

func TestPicturesOfEmoticonsAreKeptByBrowsers(t *testing.T) {
	t.Parallel()
	st, err := newStatic(fstest.MapFS{"emoji/1f642.svg": {Data: []byte("<svg/>")}, "emoji/LICENSE": {Data: []byte("CC-BY 4.0")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"emoji/1f642.svg": "image/svg+xml", "emoji/LICENSE": "text/plain; charset=utf-8"} {
		if got := st.files[name].contentType; got != want {
			t.Errorf("content type of %s: %q, want %q", name, got, want)
		}
		if got, want := cacheOf(name), "public, max-age=2592000"; got != want {
			t.Errorf("cache of %s: %q, want %q", name, got, want)
		}
	}
	if got := cacheOf("favicon.svg"); got != "no-cache" {
		t.Errorf("cache of a file without a hash: %q", got)
	}
}
