package render

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// class is what is done with a format.
type class int

const (
	classNone    class = iota // nothing is made of it
	classPicture              // picture.go
	classAV                   // sound or video: which, its streams say
	classPDF
	classSILK
)

// format is what the first bytes of a file say that it is.
type format struct {
	class class
	name  string // for this package and its errors
	demux string // ffmpeg's name of its demuxer, which is forced: no file decides that it is a playlist
	shown bool   // browsers show or play it, if they know what is inside
}

var (
	formatJPEG = format{classPicture, "jpeg", "jpeg_pipe", true}
	formatPNG  = format{classPicture, "png", "png_pipe", true}
	formatGIF  = format{classPicture, "gif", "gif", true}
	formatWebP = format{classPicture, "webp", "webp_pipe", true}
	formatBMP  = format{classPicture, "bmp", "bmp_pipe", false}
	formatTIFF = format{classPicture, "tiff", "tiff_pipe", false}
	formatHEIC = format{classPicture, "heic", "mov", false}
	formatAVIF = format{classPicture, "avif", "mov", false}

	formatAMR  = format{classAV, "amr", "amr", false}
	formatMP3  = format{classAV, "mp3", "mp3", true}
	formatWAV  = format{classAV, "wav", "wav", true}
	formatMP4  = format{classAV, "mp4", "mov", true}
	formatADTS = format{classAV, "aac", "aac", false}
	formatOgg  = format{classAV, "ogg", "ogg", false}
	formatFLAC = format{classAV, "flac", "flac", false}
	formatMKV  = format{classAV, "matroska", "matroska", false}
	formatAVI  = format{classAV, "avi", "avi", false}
	formatASF  = format{classAV, "asf", "asf", false}
	formatFLV  = format{classAV, "flv", "flv", false}

	formatPDF  = format{class: classPDF, name: "pdf"}
	formatSILK = format{class: classSILK, name: "silk"}
)

// prefixes of files. Those that need more than a prefix are in sniff.
var prefixes = []struct {
	prefix string
	format format
}{
	{"\xff\xd8\xff", formatJPEG},
	{"\x89PNG\r\n\x1a\n", formatPNG},
	{"GIF87a", formatGIF},
	{"GIF89a", formatGIF},
	{"II*\x00", formatTIFF},
	{"MM\x00*", formatTIFF},
	{"#!AMR\n", formatAMR},
	{"#!AMR-WB\n", formatAMR},
	{"#!SILK_V3", formatSILK},
	{"\x02#!SILK_V3", formatSILK},
	{"ID3", formatMP3},
	{"OggS", formatOgg},
	{"fLaC", formatFLAC},
	{"\x1a\x45\xdf\xa3", formatMKV},
	{"\x30\x26\xb2\x75\x8e\x66\xcf\x11", formatASF},
	{"FLV\x01", formatFLV},
	{"%PDF-", formatPDF},
	{"\xef\xbb\xbf%PDF-", formatPDF},
}

// sniff tells the format of a file by its first bytes, 512 are enough.
func sniff(head []byte) format {
	for _, p := range prefixes {
		if bytes.HasPrefix(head, []byte(p.prefix)) {
			return p.format
		}
	}
	if f, ok := sniffRIFF(head); ok {
		return f
	}
	if f, ok := sniffISO(head); ok {
		return f
	}
	if isBMP(head) {
		return formatBMP
	}
	return sniffMPEG(head)
}

func sniffRIFF(head []byte) (format, bool) {
	if len(head) < 12 || string(head[:4]) != "RIFF" {
		return format{}, false
	}
	switch string(head[8:12]) {
	case "WEBP":
		return formatWebP, true
	case "WAVE":
		return formatWAV, true
	case "AVI ":
		return formatAVI, true
	}
	return format{}, false
}

// Brands of pictures in the box format of mp4.
var (
	heicBrands = []string{"heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs"}
	avifBrands = []string{"avif", "avis"}
)

// sniffISO tells what a file of boxes is. The first brand decides, and for the
// general mif1 and msf1 one of the others.
func sniffISO(head []byte) (format, bool) {
	if len(head) < 12 {
		return format{}, false
	}
	switch string(head[4:8]) {
	case "moov", "mdat", "wide", "pnot": // QuickTime before there were brands
		return formatMP4, true
	case "ftyp":
	default:
		return format{}, false
	}
	brands := []string{string(head[8:12])}
	if brands[0] == "mif1" || brands[0] == "msf1" {
		end := min(int(binary.BigEndian.Uint32(head)), len(head))
		for at := 16; at+4 <= end; at += 4 {
			brands = append(brands, string(head[at:at+4]))
		}
	}
	for _, b := range brands {
		if slices.Contains(heicBrands, b) {
			return formatHEIC, true
		}
		if slices.Contains(avifBrands, b) {
			return formatAVIF, true
		}
	}
	if len(brands) > 1 {
		return format{}, false // a picture of a kind that nobody here knows
	}
	return formatMP4, true
}

// isBMP looks at the size of the second header, too: two letters are also how
// texts begin.
func isBMP(head []byte) bool {
	if len(head) < 18 || string(head[:2]) != "BM" {
		return false
	}
	return slices.Contains([]uint32{12, 40, 52, 56, 64, 108, 124}, binary.LittleEndian.Uint32(head[14:]))
}

// sniffMPEG knows the header of a frame of MPEG audio: ADTS has layer 0, MP3 has
// layer 3 and neither a free nor a forbidden bit rate.
func sniffMPEG(head []byte) format {
	if len(head) < 4 || head[0] != 0xff || head[1]&0xe0 != 0xe0 {
		return format{}
	}
	version, layer := head[1]>>3&3, head[1]>>1&3
	switch {
	case head[1]&0xf6 == 0xf0 && head[2]>>2&0xf < 13:
		return formatADTS
	case version != 1 && layer == 1 && head[2]>>4 != 0 && head[2]>>4 != 15 && head[2]>>2&3 != 3:
		return formatMP3
	}
	return format{}
}
