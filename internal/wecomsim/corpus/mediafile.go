package corpus

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"sync"

	"huicun/internal/wecomsim/samples"
)

// fileKey names what a file was made from. Files with one key differ in their
// stamp only.
type fileKey struct {
	format, subject string
	variant         int
}

// sharedOneIn says that one file in so many has the same content as others, under
// an sdkfileid of its own: people pass on what they got.
const sharedOneIn = 20

// fileID names a file, as in "xh-img-room-12-00f3…".
func fileID(format, subject string, variant int, salt uint64) string {
	return fmt.Sprintf("xh-%s-%s-%d-%016x", format, subject, variant, salt)
}

// sampleID names a file made of one of the samples.
func sampleID(name string, salt uint64) string {
	return fileID("sample", strings.ReplaceAll(name, "-", "_"), 0, salt)
}

// splitFileID takes a fileid apart; mark is that of its stamp.
func splitFileID(id string) (key fileKey, mark uint64, ok bool) {
	f := strings.Split(id, "-")
	if len(f) != 5 || f[0] != "xh" || len(f[4]) != 16 || f[4] != strings.ToLower(f[4]) {
		return fileKey{}, 0, false
	}
	variant, err1 := strconv.Atoi(f[3])
	salt, err2 := strconv.ParseUint(f[4], 16, 64)
	if err1 != nil || err2 != nil || variant < 0 || variant >= 64 || makers[f[1]] == nil || !knownSubject(f[1], f[2]) {
		return fileKey{}, 0, false
	}
	if salt%sharedOneIn == 0 && f[1] != "sample" {
		return fileKey{f[1], f[2], 0}, 0, true
	}
	return fileKey{f[1], f[2], variant}, salt, true
}

// knownSubject keeps made-up ids from filling the memory.
func knownSubject(format, subject string) bool {
	switch format {
	case "amr":
		n, err := strconv.Atoi(subject)
		return err == nil && n > 0 && n < 60 && strconv.Itoa(n) == subject
	case "img":
		return painters[subject] != nil
	case "gif", "png":
		return subject == "" || faces[subject] != 0
	case "sample":
		_, ok := samples.Find(strings.ReplaceAll(subject, "_", "-"))
		return ok
	}
	return subject == "doc"
}

// maker makes one variant of a file about a subject.
type maker func(subject string, variant int) []byte

var makers map[string]maker

func init() {
	makers = map[string]maker{
		"img": makeImage, "png": makePNG, "gif": makeGIF, "amr": makeSpeech, "mp4": makeFilm, "rec": makeCall,
		"pdf": makePDF, "txt": makeText, "xlsx": makeSheet, "docx": makeDocument, "pptx": makeSlides, "dwg": makeDrawing, "zip": makeArchive,
		"sample": makeSample,
	}
}

// fileKind is all that a message says about the files of one key.
type fileKind struct {
	once          sync.Once
	stamp         *samples.Stamp
	width, height int
	seconds       int
}

// fileKinds are those seen so far: a kilobyte each, of some thousands that exist.
var fileKinds sync.Map // fileKey -> *fileKind

// kindOf gives what is known about the files of a key.
func kindOf(key fileKey) *fileKind {
	v, ok := fileKinds.Load(key)
	if !ok {
		v, _ = fileKinds.LoadOrStore(key, &fileKind{})
	}
	f := v.(*fileKind)
	f.once.Do(func() { f.learn(key) })
	return f
}

func (f *fileKind) learn(key fileKey) {
	var err error
	if f.stamp, err = samples.NewStamp(bases.get(key)); err != nil {
		panic(err) // the MD5 of the standard library can be cloned
	}
	if s, ok := samples.Find(sampleOf(key)); ok {
		f.width, f.height, f.seconds = s.Width, s.Height, s.Seconds
		return
	}
	switch key.format {
	case "gif", "png":
		f.width, f.height = faceSize, faceSize
	case "amr":
		f.seconds, _ = strconv.Atoi(key.subject)
	}
}

// mostBases bounds the bytes of files that are kept to be stamped again.
const mostBases = 8 << 20

// bases are the files that were made last, without a stamp.
var bases = baseCache{most: mostBases, files: map[fileKey][]byte{}}

// baseCache keeps what takes a while to draw.
type baseCache struct {
	mu    sync.Mutex
	most  int // bytes
	files map[fileKey][]byte
	order []fileKey // the oldest first
	held  int       // bytes
}

// get gives a file, which must not be changed, and makes it if need be.
func (c *baseCache) get(key fileKey) []byte {
	c.mu.Lock()
	b, ok := c.files[key]
	c.mu.Unlock()
	if ok {
		return b
	}
	b = makers[key.format](key.subject, key.variant)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.files[key]; ok {
		return b
	}
	c.files[key], c.order, c.held = b, append(c.order, key), c.held+len(b)
	for c.held > c.most {
		old := c.order[0]
		c.held -= len(c.files[old])
		delete(c.files, old)
		c.order = c.order[1:]
	}
	return b
}

// Samples that stand in for some of the variants of what is drawn.
var (
	photos = map[string][]string{
		"room":    {"photo-landscape.jpg", "photo-portrait.jpg", "photo-panorama.jpg", "photo-turned.jpg", "photo-12mp.jpg", "photo-landscape.jpg"},
		"product": {"photo-portrait.jpg", "photo-qr-link.jpg", "photo-landscape.jpg", "screenshot.png", "photo-turned.jpg", "photo-portrait.jpg"},
		"receipt": {"photo-qr-pay.jpg", "screenshot.png"},
	}
	stickers  = map[string][]string{"gif": {"emotion-wave.gif", "emotion-hello.gif"}, "png": {"emotion-ok.png"}}
	films     = []string{"video-portrait.mp4", "video-landscape.mp4"}
	calls     = []string{"call.m4a", "call.mp3"}
	voices    = []string{"voice-nb-1.amr", "voice-nb-2.amr", "voice-wb.awb"}
	documents = map[string]string{"pdf": "drawing.pdf", "docx": "contract.docx", "xlsx": "prices.xlsx", "zip": "pack.zip"}
)

// sampleOf names the sample that a file is made of; "" = it is drawn or written.
func sampleOf(key fileKey) string {
	switch v := key.variant; key.format {
	case "sample":
		return strings.ReplaceAll(key.subject, "_", "-")
	case "img":
		if list := photos[key.subject]; v >= 30 && len(list) > 0 {
			return list[v%len(list)]
		}
	case "gif", "png":
		if list := stickers[key.format]; v >= 4 {
			return list[v%len(list)]
		}
	case "mp4":
		return films[v%len(films)]
	case "rec":
		return calls[v%len(calls)]
	case "pptx":
		return "proposal.pptx"
	case "pdf", "docx", "xlsx", "zip":
		if v%3 == 0 {
			return documents[key.format]
		}
	}
	return ""
}

// orSample makes a file unless a sample stands for it.
func orSample(format, subject string, variant int, otherwise maker) []byte {
	if name := sampleOf(fileKey{format, subject, variant}); name != "" {
		return samples.Bytes(name)
	}
	return otherwise(subject, variant)
}

func makeImage(subject string, variant int) []byte {
	return orSample("img", subject, variant, paintJPEG)
}

func makePNG(subject string, variant int) []byte {
	return orSample("png", subject, variant, paintPNG)
}

func makeGIF(subject string, variant int) []byte {
	return orSample("gif", subject, variant, paintGIF)
}

func makePDF(subject string, variant int) []byte {
	return orSample("pdf", subject, variant, writePDF)
}

func makeSheet(subject string, variant int) []byte {
	return orSample("xlsx", subject, variant, writeSheet)
}

func makeDocument(subject string, variant int) []byte {
	return orSample("docx", subject, variant, writeDocument)
}

func makeArchive(subject string, variant int) []byte {
	return orSample("zip", subject, variant, writeArchive)
}

func makeSample(subject string, _ int) []byte {
	return samples.Bytes(strings.ReplaceAll(subject, "_", "-"))
}

func makeSlides(subject string, variant int) []byte { return orSample("pptx", subject, variant, nil) }

func makeFilm(subject string, variant int) []byte { return orSample("mp4", subject, variant, nil) }

func makeCall(subject string, variant int) []byte { return orSample("rec", subject, variant, nil) }

// makeSpeech cuts so many seconds out of somebody's speech, each variant at
// another place.
func makeSpeech(subject string, variant int) []byte {
	seconds, _ := strconv.Atoi(subject)
	return samples.Speech(voices[variant%len(voices)], 37*seconds+211*variant, seconds)
}

// extension of a sample's name, without its dot.
func extension(name string) string { return strings.TrimPrefix(path.Ext(name), ".") }
