// Package samples holds the real files that the simulated WeCom serves:
// pictures, stickers, speech, films, recordings of calls and documents. They are
// ours; make.sh says how each was made. It also makes as many different files
// of each as are wanted, all of them valid.
package samples

import (
	"embed"
	"fmt"
	"sync"
)

//go:embed data
var data embed.FS

// Kind says as what a file is sent.
type Kind string

// The kinds of samples.
const (
	Image   Kind = "image"
	Emotion Kind = "emotion"
	Voice   Kind = "voice"
	Video   Kind = "video"
	Call    Kind = "call" // recording of a call
	File    Kind = "file" // a document
)

// Sample is one file.
type Sample struct {
	Name          string // in data/
	Kind          Kind
	Title         string // Chinese, for people to choose by
	Width, Height int    // pixels as stored, before EXIF orientation; 0 = it has none
	Seconds       int    // length, to the next full second; 0 = it has none
}

// all lists every sample, in the order of the page. A test compares it with the
// files and with the list of make.sh.
var all = []Sample{
	{Name: "photo-landscape.jpg", Kind: Image, Title: "照片（横）", Width: 1280, Height: 960},
	{Name: "photo-portrait.jpg", Kind: Image, Title: "照片（竖）", Width: 960, Height: 1280},
	{Name: "photo-panorama.jpg", Kind: Image, Title: "全景照片", Width: 2880, Height: 540},
	{Name: "photo-turned.jpg", Kind: Image, Title: "靠 EXIF 转正的照片", Width: 1280, Height: 960},
	{Name: "photo-12mp.jpg", Kind: Image, Title: "一千二百万像素的照片", Width: 4032, Height: 3024},
	{Name: "photo-qr-link.jpg", Kind: Image, Title: "二维码（链接）", Width: 900, Height: 1200},
	{Name: "photo-qr-pay.jpg", Kind: Image, Title: "二维码（收款）", Width: 900, Height: 1200},
	{Name: "photo.webp", Kind: Image, Title: "WebP 图片", Width: 1024, Height: 768},
	{Name: "screenshot.png", Kind: Image, Title: "截图（PNG）", Width: 750, Height: 1334},
	{Name: "emotion-wave.gif", Kind: Emotion, Title: "动态表情：挥手", Width: 240, Height: 240},
	{Name: "emotion-hello.gif", Kind: Emotion, Title: "动态表情：哈哈", Width: 240, Height: 240},
	{Name: "emotion-ok.png", Kind: Emotion, Title: "静态表情：OK", Width: 240, Height: 240},
	{Name: "voice-nb-1.amr", Kind: Voice, Title: "语音（AMR-NB）", Seconds: 23},
	{Name: "voice-nb-2.amr", Kind: Voice, Title: "语音（AMR-NB，另一人）", Seconds: 17},
	{Name: "voice-wb.awb", Kind: Voice, Title: "语音（AMR-WB）", Seconds: 17},
	{Name: "call.m4a", Kind: Call, Title: "通话录音（M4A）", Seconds: 39},
	{Name: "call.mp3", Kind: Call, Title: "通话录音（MP3）", Seconds: 17},
	{Name: "video-portrait.mp4", Kind: Video, Title: "视频（竖）", Width: 360, Height: 640, Seconds: 6},
	{Name: "video-landscape.mp4", Kind: Video, Title: "视频（横，moov 在末尾）", Width: 640, Height: 360, Seconds: 8},
	{Name: "drawing.pdf", Kind: File, Title: "PDF，三页"},
	{Name: "contract.docx", Kind: File, Title: "Word 文档"},
	{Name: "prices.xlsx", Kind: File, Title: "Excel 表格"},
	{Name: "proposal.pptx", Kind: File, Title: "PowerPoint 幻灯片"},
	{Name: "pack.zip", Kind: File, Title: "压缩包"},
	{Name: "notes.txt", Kind: File, Title: "文本文件"},
}

// All lists the samples; it must not be changed.
func All() []Sample { return all }

// Find gives the sample of a name.
func Find(name string) (Sample, bool) {
	for _, s := range all {
		if s.Name == name {
			return s, true
		}
	}
	return Sample{}, false
}

// Bytes gives the content of a sample, which must not be changed; nil when there
// is none of this name.
func Bytes(name string) []byte { return contents()[name] }

var contents = sync.OnceValue(func() map[string][]byte {
	m := make(map[string][]byte, len(all))
	for _, s := range all {
		b, err := data.ReadFile("data/" + s.Name)
		if err != nil {
			panic(fmt.Sprintf("samples: %v", err)) // a test finds it
		}
		m[s.Name] = b
	}
	return m
})
