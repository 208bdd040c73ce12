package render

import (
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"

	"huicun/internal/archive"
	"huicun/internal/media"
)

// Limits of documents.
const (
	maxPages  = 20
	pageWidth = 1000 // pixels
	pageTall  = 3000 // of a page that is taller the width is less
	maxPage   = 16 << 20
)

// pdf counts the pages of a document and makes pictures of the first. One that
// is damaged, or that a password protects, has none.
func (r *Renderer) pdf(ctx context.Context, content io.ReadSeeker) (media.Looked, []media.Rendered, error) {
	if err := r.needs(progPDFInfo, progPDFToPPM); err != nil {
		return media.Looked{}, nil, err
	}
	in, err := r.spool(ctx, content)
	if err != nil {
		return media.Looked{}, nil, err
	}
	defer in.Close()
	out, err := r.run(ctx, job{
		program: progPDFInfo, in: in, max: 1 << 20, args: []string{"-f", "1", "-l", strconv.Itoa(maxPages), inPath},
	})
	if err != nil {
		return media.Looked{}, nil, unlessFailed(err)
	}
	look := media.Looked{Pages: pageCount(out)}
	var made []media.Rendered
	for n, dpi := range resolutions(out) {
		page, err := r.page(ctx, in, n+1, dpi)
		if err := unlessFailed(err); err != nil {
			return look, nil, err
		}
		if err == nil {
			made = append(made, page)
		}
	}
	return look, made, nil
}

// unlessFailed drops the error of a program that cannot do anything with a file:
// what else is known of the file counts.
func unlessFailed(err error) error {
	var failure *failed
	if errors.As(err, &failure) || errors.Is(err, errTooLong) || errors.Is(err, errTooMuch) {
		return nil
	}
	return err
}

func (r *Renderer) page(ctx context.Context, in *os.File, n int, dpi float64) (media.Rendered, error) {
	number := strconv.Itoa(n)
	out, err := r.run(ctx, job{program: progPDFToPPM, in: in, max: maxPage, args: []string{
		"-f", number, "-l", number, "-singlefile", "-cropbox", "-jpeg", "-jpegopt", "quality=80",
		"-r", strconv.FormatFloat(dpi, 'f', 9, 64), "-q", inPath,
	}})
	if err != nil {
		return media.Rendered{}, err
	}
	d, _, err := jpegHeader(out)
	if err != nil || d.w > pageWidth || d.h > pageTall {
		return media.Rendered{}, &failed{progPDFToPPM, "no page"}
	}
	return rendered(archive.PagePrefix+number, "image/jpeg", d.w, d.h, out), nil
}

var (
	pagesLine = regexp.MustCompile(`(?m)^Pages:\s+(\d{1,9})$`)
	sizeLine  = regexp.MustCompile(`(?m)^Page\s+(\d+) size:\s+([\d.]+) x ([\d.]+) pts`)
	rotLine   = regexp.MustCompile(`(?m)^Page\s+(\d+) rot:\s+(\d+)`)
)

func pageCount(info []byte) int64 {
	if m := pagesLine.FindSubmatch(info); m != nil {
		n, _ := strconv.ParseInt(string(m[1]), 10, 64)
		return n
	}
	return 0
}

// resolutions gives that of each of the first pages, in order.
func resolutions(info []byte) []float64 {
	turned := map[string]bool{}
	for _, m := range rotLine.FindAllSubmatch(info, -1) {
		degrees, _ := strconv.Atoi(string(m[2]))
		turned[string(m[1])] = degrees%180 != 0
	}
	var all []float64
	for _, m := range sizeLine.FindAllSubmatch(info, maxPages) {
		w, _ := strconv.ParseFloat(string(m[2]), 64)
		h, _ := strconv.ParseFloat(string(m[3]), 64)
		if turned[string(m[1])] {
			w, h = h, w
		}
		all = append(all, resolution(w, h))
	}
	return all
}

// resolution in pixels an inch at which a page of w × h points is pageWidth wide,
// or pageTall tall if that is less, whatever size the paper has.
func resolution(w, h float64) float64 {
	if !(w > 0 && h > 0) {
		return 72
	}
	const up = 0.1 // what is rounded up must not be more
	return 72 * min((pageWidth-up)/w, (pageTall-up)/h)
}
