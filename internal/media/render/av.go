package render

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"huicun/internal/archive"
	"huicun/internal/media"
)

// sampleRate of what sound is decoded to, and of the MP3 made of it. Voice needs
// no more; a minute of MP3 is 180 KB.
const (
	sampleRate = 16000
	mp3Rate    = "24k"
	maxMP3     = 128 << 20 // 12 hours
	maxPCM     = 24 * 3600 * sampleRate * 2
)

// av looks into sound or video: which it is, its streams say.
func (r *Renderer) av(ctx context.Context, f format, content io.ReadSeeker) (media.Looked, []media.Rendered, error) {
	if err := r.needs(progFFmpeg, progFFprobe); err != nil {
		return media.Looked{}, nil, err
	}
	in, err := r.spool(ctx, content)
	if err != nil {
		return media.Looked{}, nil, err
	}
	defer in.Close()
	info, err := r.probe(ctx, f, in)
	if err != nil {
		return media.Looked{}, nil, err
	}
	if v := info.video(); v != nil {
		return r.video(ctx, f, in, info, v)
	}
	if a := info.audio(); a != nil {
		return r.sound(ctx, f, in, a)
	}
	return media.Looked{}, nil, errors.New("there is neither sound nor video in it")
}

// sound decodes all of a sound, for its duration and its waveform, and makes an
// MP3 of it unless browsers play the original.
func (r *Renderer) sound(ctx context.Context, f format, in *os.File, a *stream) (media.Looked, []media.Rendered, error) {
	j := job{program: progFFmpeg, in: in, max: maxPCM}
	rate := strconv.Itoa(sampleRate)
	args := []string{"-map", "0:a:0", "-ac", "1", "-ar", rate, "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"}
	original := plays(f, a.CodecName)
	if !original {
		mp3, err := r.nameless()
		if err != nil {
			return media.Looked{}, nil, err
		}
		defer mp3.Close()
		j.file = mp3
		// Nothing of the file's own texts. ffmpeg writes the table for seeking at
		// the end, into the begin: hence a file and not a pipe.
		args = append(args, "-map", "0:a:0", "-map_metadata", "-1", "-ac", "1", "-ar", rate,
			"-c:a", "libmp3lame", "-b:a", mp3Rate, "-fs", strconv.Itoa(maxMP3), "-f", "mp3", filePath)
	}
	wave := newWave()
	j.out, j.args = wave, ffmpegArgs(f, nil, args...)
	if _, err := r.run(ctx, j); err != nil {
		return media.Looked{}, nil, err
	}
	if wave.samples == 0 {
		return media.Looked{}, nil, errors.New("there is no sound in it that can be decoded")
	}
	look := media.Looked{DurationMS: wave.samples * 1000 / sampleRate, Waveform: wave.bars()}
	if original {
		return look, nil, nil
	}
	data, err := io.ReadAll(io.NewSectionReader(j.file, 0, maxMP3+1))
	if err != nil {
		return look, nil, readError(err)
	}
	return look, []media.Rendered{rendered(archive.RenditionAudio, "audio/mpeg", 0, 0, data)}, nil
}

// plays tells whether every browser that H5 supports plays a sound: MP3, AAC in
// MP4, plain samples in WAV. Safari plays no Ogg, and ADTS has no way to seek.
func plays(f format, codec string) bool {
	switch f {
	case formatMP3:
		return codec == "mp3"
	case formatMP4:
		return codec == "aac" || codec == "mp3"
	case formatWAV:
		return slices.Contains([]string{"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le"}, codec)
	}
	return false
}

const (
	posterSide = 640
	maxPoster  = 8 << 20
	// dark is how much of a frame, in percent, may be black where the poster comes
	// from, and posterSeconds how far from the begin such a frame is looked for.
	dark          = "90"
	posterSeconds = "20"
)

// video gives size and duration of a video as they are shown and makes a poster.
// A video whose codec nothing here decodes has no poster and is no failure.
func (r *Renderer) video(ctx context.Context, f format, in *os.File, info *probed, v *stream) (media.Looked, []media.Rendered, error) {
	w, h := v.shown()
	look := media.Looked{Width: int64(w), Height: int64(h), DurationMS: info.durationMS(v)}
	if (dims{w, h}).check() != nil {
		return look, nil, nil
	}
	poster, err := r.poster(ctx, f, in, look.DurationMS)
	if err := unlessFailed(err); err != nil {
		return look, nil, err
	}
	if poster == nil {
		r.log.InfoContext(ctx, "no poster of a video", "codec", cleanName(v.CodecName))
		return look, nil, nil
	}
	return look, []media.Rendered{*poster}, nil
}

// poster takes the first frame that is not black. Where there is none soon, it
// is one at a tenth of the video, and else the first.
func (r *Renderer) poster(ctx context.Context, f format, in *os.File, ms int64) (*media.Rendered, error) {
	bright := "fps=4,blackframe=amount=0:threshold=32,metadata=mode=select:key=lavfi.blackframe.pblack:value=" + dark + ":function=less,"
	tenth := strconv.FormatFloat(float64(ms)/10000, 'f', 3, 64)
	var err error
	for _, try := range []struct {
		before []string
		filter string
	}{{[]string{"-t", posterSeconds}, bright}, {[]string{"-ss", tenth}, ""}, {nil, ""}} {
		var poster *media.Rendered
		if poster, err = r.frame(ctx, f, in, try.before, try.filter); poster != nil {
			return poster, nil
		}
		if unlessFailed(err) != nil {
			return nil, err
		}
	}
	return nil, err
}

// frame makes a JPEG of the first frame that passes a filter; nil: none did.
func (r *Renderer) frame(ctx context.Context, f format, in *os.File, before []string, filter string) (*media.Rendered, error) {
	side := strconv.Itoa(posterSide)
	scale := "scale='trunc(iw*if(sar,sar,1)+0.5)':ih,setsar=1," +
		"scale='min(" + side + ",iw)':'min(" + side + ",ih)':force_original_aspect_ratio=decrease:flags=bicubic"
	out, err := r.run(ctx, job{program: progFFmpeg, in: in, max: maxPoster, args: ffmpegArgs(
		f, before, "-map", "0:V:0", "-frames:v", "1", "-vf", filter+scale, "-pix_fmt", "yuvj420p", "-map_metadata", "-1",
		"-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "pipe:1")})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	d, _, err := jpegHeader(out)
	if err != nil || d.w > posterSide || d.h > posterSide {
		return nil, fmt.Errorf("%s: its poster is none", progFFmpeg)
	}
	made := rendered(archive.RenditionPoster, "image/jpeg", d.w, d.h, out)
	return &made, nil
}

// shown is the size of a video in square pixels, upright.
func (s *stream) shown() (int, int) {
	w, h := s.Width, s.Height
	if x, y, ok := strings.Cut(s.Aspect, ":"); ok {
		num, _ := strconv.Atoi(x)
		den, _ := strconv.Atoi(y)
		if num > 0 && den > 0 && num < 100*den && den < 100*num {
			w = int(math.Round(float64(w) * float64(num) / float64(den)))
		}
	}
	if s.rotation()%180 != 0 {
		return h, w
	}
	return w, h
}

// rotation in degrees, a multiple of 90.
func (s *stream) rotation() int {
	for _, d := range s.SideData {
		if v, ok := d["rotation"].(float64); ok {
			return int(math.Round(v/90)) * 90
		}
	}
	if v, ok := s.Tags["rotate"].(string); ok {
		degrees, _ := strconv.Atoi(v)
		return degrees
	}
	return 0
}

// durationMS is what the file says; 0: nothing that can be.
func (p *probed) durationMS(s *stream) int64 {
	for _, text := range []string{p.Format.Duration, s.Duration} {
		seconds, err := strconv.ParseFloat(text, 64)
		if err == nil && seconds > 0 && seconds < 30*24*3600 {
			return int64(math.Round(seconds * 1000))
		}
	}
	return 0
}

// cleanName keeps what names of codecs are made of.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 32)]
}
