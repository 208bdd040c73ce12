package render

import (
	"context"
	"image"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	multi "github.com/makiuchi-d/gozxing/multi/qrcode/detector"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
)

const (
	maxCodes   = 8
	maxCodeLen = 2048 // characters
	// maxCorners is how many candidates for corners of codes a picture may have.
	// All groups of three are compared; noise has thousands.
	maxCorners = 240
)

var qrHints = map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}

// readCodes gives the contents of the QR codes in a picture, each once, at most
// maxCodes. It stops with what it has when ctx is over.
func readCodes(ctx context.Context, img *image.RGBA) []string {
	codes := codesAt(ctx, img, nil)
	if half := fit(img.Rect.Dx(), img.Rect.Dy(), largeSide/2); len(codes) == 0 && half.w < img.Rect.Dx() {
		codes = codesAt(ctx, shrink(img, half), codes) // one that is large and not sharp
	}
	return codes
}

// codesAt adds the codes of a picture at its size.
func codesAt(ctx context.Context, img *image.RGBA, codes []string) []string {
	grey, err := newLuminance(img)
	if err != nil {
		return codes
	}
	// Local contrast finds most; one threshold for the whole picture finds some
	// small sharp ones. Codes on dark ground are inverted.
	for _, b := range []gozxing.Binarizer{
		gozxing.NewHybridBinarizer(grey), gozxing.NewGlobalHistgramBinarizer(grey), gozxing.NewHybridBinarizer(grey.Invert()),
	} {
		if ctx.Err() != nil || len(codes) >= maxCodes {
			break
		}
		codes = codesIn(ctx, b, codes)
	}
	return codes
}

// codesIn adds the codes of one black and white form of a picture.
func codesIn(ctx context.Context, b gozxing.Binarizer, codes []string) (found []string) {
	found = codes
	// The reader is a port that was not written for hostile pictures.
	defer func() { _ = recover() }()
	matrix, err := b.GetBlackMatrix()
	if err != nil {
		return found
	}
	var read []*detector.FinderPatternInfo
	for _, corners := range findCorners(ctx, matrix) {
		if ctx.Err() != nil || len(found) >= maxCodes {
			return found
		}
		if slices.ContainsFunc(read, func(r *detector.FinderPatternInfo) bool { return sharesCorner(r, corners) }) {
			continue
		}
		text, ok := decodeCode(matrix, corners)
		if !ok {
			continue
		}
		read = append(read, corners)
		if text = cleanCode(text); text != "" && !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	return found
}

// tooManyCorners ends a search; see findCorners.
type tooManyCorners struct{}

// findCorners finds what may be the three corners of codes.
func findCorners(ctx context.Context, matrix *gozxing.BitMatrix) (infos []*detector.FinderPatternInfo) {
	defer func() {
		if cause := recover(); cause != nil && cause != (tooManyCorners{}) {
			panic(cause)
		}
	}()
	n := 0
	finder := multi.NewMultiFinderPatternFinder(matrix, func(gozxing.ResultPoint) {
		// The library has no other way to stop than this.
		if n++; n > maxCorners || ctx.Err() != nil {
			panic(tooManyCorners{})
		}
	})
	infos, _ = finder.FindMulti(qrHints)
	return infos
}

func sharesCorner(a, b *detector.FinderPatternInfo) bool {
	of := func(i *detector.FinderPatternInfo) []*detector.FinderPattern {
		return []*detector.FinderPattern{i.GetTopLeft(), i.GetTopRight(), i.GetBottomLeft()}
	}
	return slices.ContainsFunc(of(a), func(p *detector.FinderPattern) bool { return slices.Contains(of(b), p) })
}

func decodeCode(matrix *gozxing.BitMatrix, corners *detector.FinderPatternInfo) (string, bool) {
	found, err := detector.NewDetector(matrix).ProcessFinderPatternInfo(corners)
	if err != nil {
		return "", false
	}
	result, err := decoder.NewDecoder().Decode(found.GetBits(), qrHints)
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}

// cleanCode makes a content valid UTF-8 without control characters but tab and
// newline, of at most maxCodeLen characters.
func cleanCode(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if utf8.RuneCountInString(s) > maxCodeLen {
		s = string([]rune(s)[:maxCodeLen])
	}
	return strings.TrimSpace(s)
}

// newLuminance makes a picture grey, for the reader of codes.
func newLuminance(img *image.RGBA) (gozxing.LuminanceSource, error) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	grey := make([]byte, w*h)
	for i := range grey {
		p := img.Pix[i*4 : i*4+3]
		grey[i] = byte((uint32(p[0]) + 2*uint32(p[1]) + uint32(p[2])) / 4)
	}
	return gozxing.NewPlanarYUVLuminanceSource(grey, w, h, 0, 0, w, h, false)
}
