package render

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"huicun/internal/media"
)

// newRenderer gives a Renderer with all programs, whose temporary folder must be
// empty in the end.
func newRenderer(t testing.TB) *Renderer {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() {
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("left in the temporary folder: %v, %v", left, err)
		}
	})
	r := New(Options{TempDir: dir, Log: slog.New(slog.DiscardHandler)})
	for _, c := range r.Capabilities() {
		if len(c.Missing) > 0 {
			t.Fatalf("%s needs %v: run deploy/dev/setup.sh", c.Kind, c.Missing)
		}
	}
	return r
}

// look renders data, which must work.
func look(t testing.TB, r *Renderer, data []byte) (media.Looked, map[string]media.Rendered) {
	t.Helper()
	l, made, err := r.Render(context.Background(), media.Object{}, bytes.NewReader(data))
	if err != nil {
		t.Fatalf("Render: %v", err)
	}
	byName := map[string]media.Rendered{}
	for _, m := range made {
		if m.SizeBytes != int64(len(m.Data)) || len(m.Data) == 0 {
			t.Errorf("%s: SizeBytes %d, has %d", m.Name, m.SizeBytes, len(m.Data))
		}
		if _, twice := byName[m.Name]; twice {
			t.Errorf("%s is there twice", m.Name)
		}
		byName[m.Name] = m
	}
	return l, byName
}

// failsWith renders data, which must not work.
func failsWith(t testing.TB, r *Renderer, data []byte) error {
	t.Helper()
	_, made, err := r.Render(context.Background(), media.Object{}, bytes.NewReader(data))
	if err == nil || len(made) > 0 {
		t.Fatalf("Render made %d forms, error %v; want an error only", len(made), err)
	}
	return err
}

// ffmpeg makes a file with the suffix ext.
func ffmpeg(t testing.TB, ext string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made."+ext)
	cmd := exec.Command("ffmpeg", append(append([]string{"-nostdin", "-v", "error", "-y"}, args...), path)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tone is the lavfi source of a sound of some seconds.
func tone(seconds string) []string {
	return []string{"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=" + seconds}
}

// amr makes n frames of 20 ms of noise.
func amr(wide bool, n int) []byte {
	out, frame := []byte("#!AMR\n"), append([]byte{0x3c}, make([]byte, 31)...)
	if wide {
		out, frame = []byte("#!AMR-WB\n"), append([]byte{0x14}, make([]byte, 32)...)
	}
	seed := uint32(1)
	for range n {
		for i := range frame[1:] {
			seed = seed*1664525 + 1013904223
			frame[i+1] = byte(seed >> 24)
		}
		out = append(out, frame...)
	}
	return out
}

// quarters is a picture with a colour in each quarter: red, green / blue, white.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, quarterColours[y*2/h*2+x*2/w])
		}
	}
	return img
}

var quarterColours = []color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}

// quartersOf names the colours that a picture shows, by quarter.
func quartersOf(t testing.TB, data []byte) string {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	b, out := img.Bounds(), ""
	for _, at := range []image.Point{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
		r, g, bl, _ := img.At(b.Dx()*at.X/4, b.Dy()*at.Y/4).RGBA()
		switch {
		case r > 0xe000 && g > 0xe000 && bl > 0xe000:
			out += "W"
		case r > 0xe000 && g < 0x2000:
			out += "R"
		case g > 0xe000 && r < 0x2000:
			out += "G"
		case bl > 0xe000 && r < 0x2000:
			out += "B"
		default:
			out += "?"
		}
	}
	return out
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	return encoded(t, func(w io.Writer) error { return jpeg.Encode(w, img, nil) })
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	return encoded(t, func(w io.Writer) error { return png.Encode(w, img) })
}

func encoded(t testing.TB, encode func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif is a block of EXIF with an orientation, in the byte order of order.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("II")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3) // SHORT
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	b = order.AppendUint16(b, 0)
	return order.AppendUint32(b, 0)
}

// withEXIF puts EXIF behind the begin of a JPEG.
func withEXIF(data, block []byte) []byte {
	block = append([]byte("Exif\x00\x00"), block...)
	out := append([]byte{}, data[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(block)+2))
	return append(append(out, block...), data[2:]...)
}

// write gives the path of a file with data.
func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
