package server_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"huicun/server"
)

// failing reads some bytes, then no more.
type failing struct {
	*bytes.Reader
	after int64
}

func (f *failing) Read(p []byte) (int, error) {
	at, _ := f.Seek(0, io.SeekCurrent)
	if at >= f.after {
		return 0, errors.New("authentication of a package failed")
	}
	return f.Reader.Read(p[:min(int64(len(p)), f.after-at)])
}

// A file that breaks off does not look whole, and the operator learns of it.
func TestFileThatBreaksOff(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	b := f.signedIn("Mei")
	data := randomBytes(200_000)
	f.files.contents[""] = content{mime: "video/mp4", from: &failing{bytes.NewReader(data), 150_000}}
	resp := b.fetch(hs, b.links().Download)
	got, err := io.ReadAll(resp.Body)
	if err == nil || !bytes.Equal(got, data[:len(got)]) || len(got) > 150_000 {
		t.Errorf("%d bytes, error %v; want an end that is too early", len(got), err)
	}
	await(t, func() bool { return strings.Contains(logs.String(), "file not read to its end") })
	await(t, func() bool { _, open := f.files.counts(); return open == 0 })
}

// fetch asks over a real connection.
func (b *browser) fetch(hs *httptest.Server, path string) *http.Response {
	b.f.t.Helper()
	r, err := http.NewRequestWithContext(b.f.t.Context(), http.MethodGet, hs.URL+path, nil)
	if err != nil {
		b.f.t.Fatal(err)
	}
	for _, c := range b.jar {
		r.AddCookie(c)
	}
	resp, err := hs.Client().Do(r)
	if err != nil {
		b.f.t.Fatal(err)
	}
	b.f.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// zeros is a file without an end in sight.
type zeros struct{ at, size int64 }

func (z *zeros) Read(p []byte) (int, error) {
	n := min(int64(len(p)), z.size-z.at)
	if n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	z.at += n
	return int(n), nil
}

func (z *zeros) Seek(offset int64, whence int) (int64, error) {
	z.at = offset + map[int]int64{io.SeekStart: 0, io.SeekCurrent: z.at, io.SeekEnd: z.size}[whence]
	return z.at, nil
}

// Whoever does not take what they asked for is dropped.
func TestSlowReaderIsDropped(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	server.WriteWithin(f.Server, 50*time.Millisecond)
	b := f.signedIn("Mei")
	f.files.contents[""] = content{mime: "video/mp4", from: &zeros{size: 1 << 40}}
	resp := b.fetch(hs, b.links().Download)
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	await(t, func() bool { _, open := f.files.counts(); return open == 0 })
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("the answer looks whole")
	}
}

// await polls until ok, or fails.
func await(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestMediaLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	l := b.links()
	server.Limited(f.Server)
	if n := allowed(t, func() int { return b.open(l.Download).Code }); n != 2 {
		t.Errorf("%d files, want 2", n)
	}
	if n := allowed(t, func() int { return b.open(l.Thumb).Code }); n != 2 { // 3 of 5 were the files
		t.Errorf("%d small pictures after them, want 2", n)
	}
	b.get("/api/v1/me", nil) // pictures do not stand in the way of the rest
}

// With the limits as they are, what readers do passes, and a machine that takes
// everything is slowed down.
func TestMediaLimitsAsTheyAre(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	l := b.links()
	server.LimitedAsUsual(f.Server)
	count := func(link string, most int) (n int) {
		for n < most && b.open(link).Code == http.StatusOK {
			n++
		}
		return n
	}
	if n := count(l.Thumb, 100); n != 100 {
		t.Errorf("a grid of 100 pictures loads %d", n)
	}
	if n := count(l.Large, 200); n != 200 {
		t.Errorf("of 200 pictures in the viewer %d load", n)
	}
	b.get("/api/v1/me", nil)
	if n := count(l.Download, 2000); n >= 1000 {
		t.Errorf("%d files are handed out in one go", n)
	}
	b.get("/api/v1/conversations/7/messages", nil)
}
