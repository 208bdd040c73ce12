package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"huicun/internal/archive"
	"huicun/internal/media"
)

func near(got, want, tolerance int64) bool { return got >= want-tolerance && got <= want+tolerance }

// checkMP3 checks that a rendition is MP3, mono, 16 kHz, 24 kbit/s, as long as
// the sound, with a table for seeking.
func checkMP3(t *testing.T, m media.Rendered, ms int64) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", write(t, m.Data)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Streams []struct {
			CodecName  string `json:"codec_name"`
			Channels   int    `json:"channels"`
			SampleRate string `json:"sample_rate"`
			BitRate    string `json:"bit_rate"`
		} `json:"streams"`
		Format struct {
			Duration string            `json:"duration"`
			Tags     map[string]string `json:"tags"`
		} `json:"format"`
	}
	if err := json.Unmarshal(out, &got); err != nil || len(got.Streams) != 1 {
		t.Fatalf("ffprobe says %s (%v)", out, err)
	}
	s := got.Streams[0]
	if s.CodecName != "mp3" || s.Channels != 1 || s.SampleRate != "16000" || s.BitRate != "24000" || m.Mime != "audio/mpeg" {
		t.Errorf("rendition: %+v, %s", s, m.Mime)
	}
	seconds, _ := strconv.ParseFloat(got.Format.Duration, 64)
	if !near(int64(seconds*1000), ms, 120) {
		t.Errorf("the MP3 lasts %v s, the sound %d ms", seconds, ms)
	}
	if !bytes.Contains(m.Data[:512], []byte("Info")) && !bytes.Contains(m.Data[:512], []byte("Xing")) {
		t.Error("the MP3 has no table for seeking")
	}
	if len(got.Format.Tags) > 1 || bytes.Contains(m.Data, []byte("planted")) {
		t.Errorf("the MP3 has the texts of the original: %v", got.Format.Tags)
	}
}

func TestSound(t *testing.T) {
	r := newRenderer(t)
	src := append(tone("3"), "-metadata", "title=planted")
	made := func(ext string, args ...string) []byte { return ffmpeg(t, ext, append(src, args...)...) }
	for _, tt := range []struct {
		name      string
		data      []byte
		ms        int64
		rendition bool
	}{
		{"amr, narrow", amr(false, 150), 3000, true},
		{"amr, wide", amr(true, 150), 3000, true},
		{"mp3", made("mp3", "-b:a", "32k"), 3000, false},
		{"mp3 without tags", made("mp3", "-id3v2_version", "0", "-write_xing", "0"), 3000, false},
		{"m4a", made("m4a", "-c:a", "aac"), 3000, false},
		{"mp4 without video", made("mp4", "-c:a", "aac"), 3000, false},
		{"mov with samples", made("mov", "-c:a", "pcm_s16be"), 3000, true},
		{"wav", made("wav"), 3000, false},
		{"wav, stereo", made("wav", "-ac", "2", "-ar", "44100"), 3000, false},
		{"wav with ADPCM", made("wav", "-c:a", "adpcm_ms"), 3000, true},
		{"ogg, opus", made("ogg", "-c:a", "libopus"), 3000, true},
		{"ogg, vorbis", made("ogg", "-c:a", "libvorbis"), 3000, true},
		{"flac", made("flac"), 3000, true},
		{"adts", made("aac", "-c:a", "aac"), 3000, true},
		{"webm without video", made("webm", "-c:a", "libopus"), 3000, true},
		{"amr in 3gp", ffmpegFrom(t, amr(false, 150), "3gp", "-c:a", "copy"), 3000, true},
		{"a very short one", amr(false, 2), 40, true},
		{"cut in a frame", amr(false, 150)[:6+100*32+7], 2000, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, forms := look(t, r, tt.data)
			if !near(l.DurationMS, tt.ms, 110) {
				t.Errorf("DurationMS = %d, want %d", l.DurationMS, tt.ms)
			}
			if len(l.Waveform) != waveBars || bytes.Count(l.Waveform, []byte{255}) < 1 {
				t.Errorf("waveform %v", l.Waveform)
			}
			mp3, ok := forms[archive.RenditionAudio]
			if ok != tt.rendition || len(forms) > 1 || l.Width != 0 {
				t.Fatalf("forms %d, audio %v, want %v", len(forms), ok, tt.rendition)
			}
			if ok {
				checkMP3(t, mp3, l.DurationMS)
			}
		})
	}
}

func TestDurationComesFromTheSamples(t *testing.T) {
	r := newRenderer(t)
	wav := ffmpeg(t, "wav", tone("2")...)
	at := bytes.Index(wav, []byte("data"))
	copy(wav[at+4:], "\xff\xff\xff\x7f") // says that it lasts for 18 hours
	if l, _ := look(t, r, wav); !near(l.DurationMS, 2000, 10) {
		t.Errorf("DurationMS = %d, want 2000", l.DurationMS)
	}
}

func TestSoundThatCannotBePlayed(t *testing.T) {
	r := newRenderer(t)
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"silk":              {[]byte("#!SILK_V3\x01\x02\x03"), "SILK"},
		"silk of Tencent":   {[]byte("\x02#!SILK_V3\x01\x02\x03"), "SILK"},
		"amr without frame": {[]byte("#!AMR\n"), ""},
		"wav of nothing":    {[]byte("RIFF\x24\x00\x00\x00WAVEfmt "), ""},
		"mp4 of nothing":    {[]byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"), ""},
	} {
		if err := failsWith(t, r, tt.data); !strings.Contains(err.Error(), tt.want) || errors.Is(err, media.ErrTemporary) {
			t.Errorf("%s: %v, want a lasting error with %q", name, err, tt.want)
		}
	}
}

func TestWave(t *testing.T) {
	// Loudness grows from stretch to stretch, whatever the length.
	for _, n := range []int{48, 49, 1000, 16_000, 400_000, 5_000_003} {
		w := newWave()
		var buf bytes.Buffer
		for i := range n {
			v := int16(20_000 * (i*waveBars/n + 1) / waveBars)
			if i%2 == 1 {
				v = -v
			}
			buf.Write([]byte{byte(v), byte(uint16(v) >> 8)})
		}
		for b := buf.Bytes(); len(b) > 0; { // pieces that cut samples
			k := min(len(b), 4093)
			if got, err := w.Write(b[:k]); got != k || err != nil {
				t.Fatal(got, err)
			}
			b = b[k:]
		}
		bars := w.bars()
		if w.samples != int64(n) || len(w.blocks) > waveBlocks {
			t.Errorf("%d samples: counted %d, %d blocks", n, w.samples, len(w.blocks))
		}
		for i, got := range bars {
			if want := float64(i+1) / waveBars * 255; n >= 1000 && math.Abs(float64(got)-want) > 4 {
				t.Errorf("%d samples, stretch %d: %d, want %.0f", n, i, got, want)
			}
		}
		if bars[waveBars-1] != 255 {
			t.Errorf("%d samples: the loudest is %d", n, bars[waveBars-1])
		}
	}
}

func TestWaveOfSilenceAndOfNothing(t *testing.T) {
	for _, n := range []int{0, 2, 10, 64_000} {
		w := newWave()
		_, _ = w.Write(make([]byte, n))
		if got := w.bars(); !bytes.Equal(got, make([]byte, waveBars)) {
			t.Errorf("%d bytes of silence: %v", n, got)
		}
	}
}

func testVideo(t testing.TB, ext, size, filter string, args ...string) []byte {
	t.Helper()
	return ffmpeg(t, ext, append([]string{
		"-f", "lavfi", "-i", "testsrc2=size=" + size + ":rate=10:duration=4", "-f", "lavfi", "-i", "sine=duration=4",
		"-vf", filter, "-pix_fmt", "yuv420p",
	}, args...)...)
}

func TestVideo(t *testing.T) {
	r := newRenderer(t)
	h264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"}
	turned := ffmpegFrom(t, testVideo(t, "mp4", "320x240", "null", h264...), "mp4", "-c", "copy", "-metadata:s:v", "rotate=90")
	for _, tt := range []struct {
		name          string
		data          []byte
		width, height int64
		poster        image.Point
	}{
		{"landscape, moov at the end", testVideo(t, "mp4", "1280x720", "null", h264...), 1280, 720, image.Pt(640, 360)},
		{"portrait, moov first", testVideo(t, "mp4", "720x1280", "null", append(h264, "-movflags", "faststart")...), 720, 1280, image.Pt(360, 640)},
		{"small", testVideo(t, "mp4", "320x240", "null", h264...), 320, 240, image.Pt(320, 240)},
		{"turned", turned, 240, 320, image.Pt(240, 320)},
		{"pixels that are not square", testVideo(t, "mp4", "720x576", "setsar=16/11", h264...), 1047, 576, image.Pt(640, 352)},
		{"hevc", testVideo(t, "mp4", "640x360", "null", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-c:a", "aac"), 640, 360, image.Pt(640, 360)},
		{"quicktime", testVideo(t, "mov", "640x360", "null", h264...), 640, 360, image.Pt(640, 360)},
		{"webm", testVideo(t, "webm", "640x360", "null", "-c:v", "libvpx", "-deadline", "realtime"), 640, 360, image.Pt(640, 360)},
		{"avi", testVideo(t, "avi", "640x360", "null"), 640, 360, image.Pt(640, 360)},
		{"without sound", testVideo(t, "mp4", "640x360", "null", append(h264, "-an")...), 640, 360, image.Pt(640, 360)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, made := look(t, r, tt.data)
			if l.Width != tt.width || l.Height != tt.height || !near(l.DurationMS, 4000, 150) || l.Waveform != nil {
				t.Errorf("%dx%d, %d ms, want %dx%d, 4000 ms", l.Width, l.Height, l.DurationMS, tt.width, tt.height)
			}
			p, ok := made[archive.RenditionPoster]
			if !ok || len(made) != 1 || p.Mime != "image/jpeg" {
				t.Fatalf("forms: %v", len(made))
			}
			c, err := jpeg.DecodeConfig(bytes.NewReader(p.Data))
			if err != nil || !near(int64(c.Width), int64(tt.poster.X), 2) || !near(int64(c.Height), int64(tt.poster.Y), 2) ||
				int64(c.Width) != p.Width || int64(c.Height) != p.Height {
				t.Errorf("poster %dx%d, said to be %dx%d, want %v; %v", c.Width, c.Height, p.Width, p.Height, tt.poster, err)
			}
		})
	}
}

// brightness of a JPEG, 0 to 255.
func brightness(t *testing.T, data []byte) int {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	sum, b := 0, img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, _ := img.At(x, y).RGBA()
			sum += int(r+g+bl) / 3 >> 8
		}
	}
	return sum / (b.Dx() * b.Dy())
}

func TestPosterIsNotBlack(t *testing.T) {
	r := newRenderer(t)
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
	for _, tt := range []struct {
		name, filter string
		black        bool
	}{
		{"two seconds of black first", "drawbox=c=black:t=fill:enable='lt(t,2)'", false},
		{"all of it black", "drawbox=c=black:t=fill", true},
		{"black for longer than is looked", "drawbox=c=black:t=fill:enable='lt(t,22)'", true},
	} {
		data := ffmpeg(t, "mp4", append([]string{"-f", "lavfi", "-i", "testsrc2=size=320x240:rate=5:duration=25", "-vf", tt.filter}, x264...)...)
		_, made := look(t, r, data)
		if got := brightness(t, made[archive.RenditionPoster].Data); (got < 10) != tt.black {
			t.Errorf("%s: brightness %d", tt.name, got)
		}
	}
}

func TestVideoThatNobodyDecodesIsLookedIntoWithoutFailure(t *testing.T) {
	r := newRenderer(t)
	data := testVideo(t, "mp4", "640x360", "null", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
	data = bytes.ReplaceAll(data, []byte("avc1"), []byte("zzzz"))
	l, made := look(t, r, data)
	if l.Width != 640 || l.Height != 360 || !near(l.DurationMS, 4000, 150) || len(made) != 0 {
		t.Errorf("%dx%d, %d ms, %d forms", l.Width, l.Height, l.DurationMS, len(made))
	}
	mdat := bytes.Index(data, []byte("mdat"))
	if l, _ := look(t, r, append(bytes.ReplaceAll(data[:mdat+4], []byte("zzzz"), []byte("avc1")), zeroedMiddle(data[mdat+4:])...)); l.Width != 640 {
		t.Errorf("damaged frames: %+v", l)
	}
}

// zeroedMiddle keeps the end, where moov stands.
func zeroedMiddle(b []byte) []byte {
	out := bytes.ReplaceAll(bytes.Clone(b), []byte("zzzz"), []byte("avc1"))
	clear(out[:bytes.Index(out, []byte("moov"))-8])
	return out
}
