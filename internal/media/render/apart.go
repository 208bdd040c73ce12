package render

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"strconv"

	"github.com/bep/imagemeta"

	"huicun/internal/media"
)

// maxPrinted is what ffmpeg may print of a picture: RGBA as PNG.
const maxPrinted = 64 << 20

// decodeApart decodes a picture by ffmpeg, which makes it small at once. data
// is the file, or its first maxFile bytes; size may be unknown.
func (r *Renderer) decodeApart(ctx context.Context, f format, content io.ReadSeeker, data []byte, size dims) (*opened, error) {
	if err := r.needs(progFFmpeg, progFFprobe); err != nil {
		return nil, fmt.Errorf("a %s picture that needs it: %w", f.name, err)
	}
	in, err := r.spool(ctx, content)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if size == (dims{}) {
		if size, err = r.pictureSize(ctx, f, in, data); err != nil {
			return nil, err
		}
	}
	small, err := r.smallPNG(ctx, f, in, baseSize(size))
	if err != nil {
		return nil, err
	}
	o := orientation(f, data)
	w, h := o.turned(size.w, size.h)
	return &opened{w, h, moves(f, data), o.apply(onWhite(small, small.Bounds()))}, nil
}

// pictureSize asks ffprobe. In the box formats a picture may consist of tiles,
// of which old versions of ffmpeg give the first: better none than a wrong one.
func (r *Renderer) pictureSize(ctx context.Context, f format, in *os.File, data []byte) (dims, error) {
	info, err := r.probe(ctx, f, in)
	if err != nil && boxes(f) && !errors.Is(err, media.ErrTemporary) && ctx.Err() == nil {
		return dims{}, fmt.Errorf("a %s picture, which this ffmpeg does not read (version 7.1 does): %w", f.name, err)
	}
	if err != nil {
		return dims{}, err
	}
	v := info.video()
	if v == nil {
		return dims{}, errors.New("there is no picture in it")
	}
	d := dims{v.Width, v.Height}
	if err := d.check(); err != nil {
		return d, err
	}
	if boxes(f) {
		if said := boxSize(f, data); said != d && said != (dims{d.h, d.w}) {
			return d, fmt.Errorf("a %s picture of tiles, which this ffmpeg does not put together", f.name)
		}
	}
	return d, nil
}

// boxes tells the formats of pictures in the boxes of mp4.
func boxes(f format) bool { return f == formatHEIC || f == formatAVIF }

// boxSize is the size that a heic or avif says that it has.
func boxSize(f format, data []byte) (d dims) {
	defer func() {
		if recover() != nil {
			d = dims{}
		}
	}()
	kind := imagemeta.HEIF
	if f == formatAVIF {
		kind = imagemeta.AVIF
	}
	got, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(data), ImageFormat: kind, Sources: imagemeta.CONFIG, Warnf: func(string, ...any) {},
	})
	if err != nil {
		return dims{}
	}
	return dims{got.ImageConfig.Width, got.ImageConfig.Height}
}

func (r *Renderer) smallPNG(ctx context.Context, f format, in *os.File, to dims) (image.Image, error) {
	args := []string{
		"-map", "0:v:0", "-frames:v", "1", "-vf", "scale=" + strconv.Itoa(to.w) + ":" + strconv.Itoa(to.h) + ":flags=bicubic",
		"-pix_fmt", "rgba", "-c:v", "png", "-f", "image2pipe", "pipe:1",
	}
	// EXIF is applied here, whatever the version of ffmpeg makes of it.
	before := []string{"-noautorotate"}
	if boxes(f) {
		before = nil
	}
	out, err := r.run(ctx, job{program: progFFmpeg, in: in, max: maxPrinted, args: ffmpegArgs(f, before, args...)})
	if err != nil {
		return nil, err
	}
	if c, err := png.DecodeConfig(bytes.NewReader(out)); err != nil || c.Width != to.w || c.Height != to.h {
		return nil, fmt.Errorf("%s: it cannot be decoded", f.name)
	}
	return png.Decode(bytes.NewReader(out))
}

// ffmpegArgs makes the arguments of ffmpeg: quiet, no terminal, one thread, the
// demuxer forced and no protocol but files, so that nothing that a file says
// makes it open another file or the network.
func ffmpegArgs(f format, before []string, after ...string) []string {
	args := append([]string{"-nostdin", "-hide_banner", "-v", "error", "-y", "-filter_threads", "1"}, before...)
	return append(append(args, inputArgs(f)...), after...)
}

func inputArgs(f format) []string {
	return []string{"-threads", "1", "-protocol_whitelist", "file,fd,pipe", "-f", f.demux, "-i", inPath}
}

// probed is what ffprobe says of a file.
type probed struct {
	Streams []stream `json:"streams"`
	Format  struct {
		Duration string `json:"duration"` // seconds
	} `json:"format"`
}

type stream struct {
	CodecType   string           `json:"codec_type"`
	CodecName   string           `json:"codec_name"`
	Width       int              `json:"width"`
	Height      int              `json:"height"`
	Aspect      string           `json:"sample_aspect_ratio"` // "1:1"; "0:1", "" unknown
	Duration    string           `json:"duration"`
	Disposition map[string]int   `json:"disposition"`
	Tags        map[string]any   `json:"tags"`
	SideData    []map[string]any `json:"side_data_list"`
}

// probe asks ffprobe for the streams of a file.
func (r *Renderer) probe(ctx context.Context, f format, in *os.File) (*probed, error) {
	args := append([]string{"-hide_banner", "-v", "error", "-of", "json", "-show_streams", "-show_format"}, inputArgs(f)...)
	out, err := r.run(ctx, job{program: progFFprobe, in: in, max: 1 << 20, args: args})
	if err != nil {
		return nil, err
	}
	var p probed
	if err := json.Unmarshal(out, &p); err != nil {
		return nil, fmt.Errorf("%s: its answer cannot be read: %w", progFFprobe, err)
	}
	return &p, nil
}

// video is the first stream with moving pictures: not the cover of a song.
func (p *probed) video() *stream {
	for i := range p.Streams {
		if s := &p.Streams[i]; s.CodecType == "video" && s.Disposition["attached_pic"] == 0 {
			return s
		}
	}
	return nil
}

// audio is the first stream with sound.
func (p *probed) audio() *stream {
	for i := range p.Streams {
		if p.Streams[i].CodecType == "audio" {
			return &p.Streams[i]
		}
	}
	return nil
}
