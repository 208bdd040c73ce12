// Package render looks into files and makes the forms of them that browsers
// show: small pictures, sound as MP3, posters of videos, pages of documents. It
// reads QR codes, too.
//
// Pictures are decoded in this process where they are small enough, everything
// else by ffmpeg and poppler: programs of their own, with limits (run.go). What
// a file is, its first bytes say, never its name.
package render

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"huicun/internal/archive"
	"huicun/internal/media"
)

// The programs that are looked for.
const (
	progFFmpeg   = "ffmpeg"
	progFFprobe  = "ffprobe"
	progPDFToPPM = "pdftoppm"
	progPDFInfo  = "pdfinfo"
	progPrlimit  = "prlimit" // of util-linux: starts the others with limits
)

// Options of New.
type Options struct {
	// FFmpeg, FFprobe, PDFToPPM and PDFInfo are paths of programs. "": looked for
	// in PATH. What needs a program that is not there answers an error that names it.
	FFmpeg, FFprobe, PDFToPPM, PDFInfo string
	// TempDir is where files lie, without a name, while programs read them. ""
	// is the system's.
	TempDir string
	Log     *slog.Logger // nil: slog.Default
}

// Renderer implements media.Renderer. It is safe for concurrent use.
type Renderer struct {
	programs map[string]string // path by name; those missing are not in it
	tempDir  string
	log      *slog.Logger
	pictures chan struct{} // held while a picture is in memory: one at a time
	limits   limits
}

var _ media.Renderer = (*Renderer)(nil)

// New looks for the programs.
func New(o Options) *Renderer {
	r := &Renderer{
		programs: map[string]string{}, tempDir: o.TempDir, log: o.Log, pictures: make(chan struct{}, 1), limits: defaultLimits,
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	for name, path := range map[string]string{
		progFFmpeg: o.FFmpeg, progFFprobe: o.FFprobe, progPDFToPPM: o.PDFToPPM, progPDFInfo: o.PDFInfo, progPrlimit: "",
	} {
		if path == "" {
			path = name
		}
		if found, err := exec.LookPath(path); err == nil {
			r.programs[name] = found
		}
	}
	return r
}

// Capability says whether files of a kind can be shown.
type Capability struct {
	Kind    string   // sound, video, document, "big picture"
	Missing []string // programs that are not installed; none: all is there
}

// Capabilities tells the operator what is missing, by kind. Pictures need no
// program, but those over the limits of this process and those in rare formats.
func (r *Renderer) Capabilities() []Capability {
	av := []string{progFFmpeg, progFFprobe, progPrlimit}
	return []Capability{
		{"sound", r.missing(av...)},
		{"video", r.missing(av...)},
		{"big picture", r.missing(av...)},
		{"document", r.missing(progPDFToPPM, progPDFInfo, progPrlimit)},
	}
}

func (r *Renderer) missing(names ...string) []string {
	var none []string
	for _, name := range names {
		if r.programs[name] == "" {
			none = append(none, name)
		}
	}
	return none
}

// needs answers an error that names the first program that is missing.
func (r *Renderer) needs(names ...string) error {
	if none := r.missing(append(names, progPrlimit)...); len(none) > 0 {
		return fmt.Errorf("%s is not installed", none[0])
	}
	return nil
}

// errTooLong is the cause of a context that ended because a file took longer
// than this package allows; another try would, too.
var errTooLong = errors.New("it takes too long")

// limits of time. They are fields so that tests can have less.
type limits struct {
	picture, program, file time.Duration
}

// The Looker allows 12 minutes; what takes that long here shall not be tried again.
var defaultLimits = limits{picture: time.Minute, program: 5 * time.Minute, file: 10 * time.Minute}

// Render implements media.Renderer. Looked.Renditions stays empty: what was made
// is in the second result, with sizes. A file of which nothing can be made, such
// as a spreadsheet, is no error and gives nothing.
func (r *Renderer) Render(ctx context.Context, _ media.Object, content io.ReadSeeker) (media.Looked, []media.Rendered, error) {
	head, err := readHead(content)
	if err != nil {
		return media.Looked{}, nil, temporary(ctx, fmt.Errorf("read: %w", err))
	}
	bounded, cancel := context.WithTimeoutCause(ctx, r.limits.file, errTooLong)
	defer cancel()
	look, made, err := r.render(bounded, sniff(head), content)
	if err != nil {
		return media.Looked{}, nil, temporary(ctx, err)
	}
	for i := range made {
		made[i].SizeBytes = int64(len(made[i].Data))
	}
	return look, made, nil
}

func (r *Renderer) render(ctx context.Context, f format, content io.ReadSeeker) (media.Looked, []media.Rendered, error) {
	switch f.class {
	case classPicture:
		return r.picture(ctx, f, content)
	case classAV:
		return r.av(ctx, f, content)
	case classPDF:
		return r.pdf(ctx, content)
	case classSILK:
		return media.Looked{}, nil, errors.New("sound in SILK format: nothing here decodes it, there is only the original")
	}
	return media.Looked{}, nil, nil
}

// temporary marks what failed because the caller's time was over.
func temporary(ctx context.Context, err error) error {
	if ctx.Err() == nil || errors.Is(err, media.ErrTemporary) {
		return err
	}
	return fmt.Errorf("%w: %w", media.ErrTemporary, err)
}

// readError is a failure to read the file, which says nothing about the file.
func readError(err error) error { return fmt.Errorf("read: %w: %w", media.ErrTemporary, err) }

func readHead(content io.ReadSeeker) ([]byte, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(content, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, readError(err)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return nil, readError(err)
	}
	return head[:n], nil
}

// spool copies content into a file that has no name any more, so that nothing
// is left after a crash. It is readable by us alone.
func (r *Renderer) spool(ctx context.Context, content io.ReadSeeker) (*os.File, error) {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return nil, readError(err)
	}
	f, err := r.nameless()
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(f, ctxReader{ctx, content}); err != nil {
		_ = f.Close()
		return nil, readError(err)
	}
	return f, nil
}

// nameless opens an empty file that has no name, so that nothing is left of it
// whenever the process is killed; mode 0600.
func (r *Renderer) nameless() (*os.File, error) {
	dir := r.tempDir
	if dir == "" {
		dir = os.TempDir()
	}
	if f, ok := unnamed(dir); ok {
		return f, nil
	}
	return named(dir)
}

// named is for systems that have files with names only: a kill between the two
// calls leaves an empty one.
func named(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "huicun-render-")
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w: %w", media.ErrTemporary, err)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("temporary file: %w: %w", media.ErrTemporary, err)
	}
	return f, nil
}

// ctxReader stops reading when ctx is over.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// rendered makes a form of a file.
func rendered(name, mime string, w, h int, data []byte) media.Rendered {
	return media.Rendered{
		Rendition: archive.Rendition{Name: name, Mime: mime, Width: int64(w), Height: int64(h)}, Data: data,
	}
}
