package wecomsim

import (
	"bytes"
	"crypto/aes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// wholeSealed encrypts a file in one go, as sealPart does it by parts.
func wholeSealed(t *testing.T, f mediaFile) []byte {
	t.Helper()
	data := make([]byte, f.size())
	f.read(data, 0)
	block, err := aes.NewCipher(f.AESKey[:])
	if err != nil {
		t.Fatal(err)
	}
	pad := aes.BlockSize - len(data)%aes.BlockSize
	data = append(data, bytes.Repeat([]byte{byte(pad)}, pad)...)
	for i := 0; i < len(data); i += aes.BlockSize {
		block.Encrypt(data[i:], data[i:])
	}
	return data
}

func TestPartsAreThoseOfTheWholeFile(t *testing.T) {
	t.Parallel()
	big, ok := findBig(bigID(1, 3))
	if !ok {
		t.Fatal("no big file")
	}
	for _, f := range []mediaFile{
		{FileID: "empty"},
		{FileID: "one", Data: []byte("x"), AESKey: big.AESKey},
		{FileID: "a block", Data: bytes.Repeat([]byte("0123456789abcdef"), 1), AESKey: big.AESKey},
		{FileID: "blocks and a bit", Data: bytes.Repeat([]byte("0123456789abcde"), 9), AESKey: big.AESKey},
		big,
	} {
		whole := wholeSealed(t, f)
		size := sealedSize(f.size())
		if size != int64(len(whole)) {
			t.Fatalf("%s: sealed size %d, want %d", f.FileID, size, len(whole))
		}
		for i := range uint64(300) {
			from := int64(mix(1, i) % uint64(size))
			to := from + int64(mix(2, i)%uint64(size-from))
			if i%2 == 0 { // near the end, where the padding is
				from, to = max(0, size-1-int64(i)%40), size-1
			}
			got, err := mediaDamage{}.seal(f, from, to)
			if err != nil || !bytes.Equal(got, whole[from:to+1]) {
				t.Fatalf("%s: bytes %d-%d: %v, %d bytes differ from the whole", f.FileID, from, to, err, len(got))
			}
		}
	}
}

func TestBigFile(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.MediaBig = 3
	s, stop := startStop(t, cfg)
	c := newSDKClient(t, s, nil)
	c.login()
	texts, _ := bodies(t, s)
	var m struct{ File documentContent }
	if err := json.Unmarshal([]byte(texts[0]), &m); err != nil || len(texts) != 1 || m.File.FileSize != 3<<20 {
		t.Fatalf("%d messages, %v: %s", len(texts), err, texts[0])
	}
	data, parts := c.fetch(m.File.SDKFileID, 1<<19)
	sum := md5.Sum(data)
	if hex.EncodeToString(sum[:]) != m.File.MD5 || parts != 7 {
		t.Errorf("MD5 %x of %d bytes in %d parts, the message says %s", sum, len(data), parts, m.File.MD5)
	}
	stop()
	again := start(t, cfg)
	if texts, _ := bodies(t, again); len(texts) != 1 {
		t.Errorf("%d messages after a restart, want 1", len(texts))
	}
	_, a := request(t, http.MethodPost, again.URL()+"/sim/media/big", `{"mib":1,"from":"LinXiaoyu","to":"ZhouMingkai"}`)
	texts, _ = bodies(t, again)
	var other struct{ File documentContent }
	if err := json.Unmarshal([]byte(texts[len(texts)-1]), &other); err != nil || a["seq"] != float64(2) || other.File.FileSize != 1<<20 || other.File.MD5 == m.File.MD5 {
		t.Errorf("POST /sim/media/big: %v, %+v, %v", a, other, err)
	}
	for _, mib := range []string{"0", "-1", "4096"} {
		_, a := request(t, http.MethodPost, again.URL()+"/sim/media/big", `{"from":"LinXiaoyu","to":"ZhouMingkai","mib":`+mib+`}`)
		if _, field := errorCode(a); field != "mib" {
			t.Errorf("mib %s: %v", mib, a)
		}
	}
}

// TestHugeFileIsHeldNowhere asks for parts of a file of 4 GB.
func TestHugeFileIsHeldNowhere(t *testing.T) {
	f, ok := findBig(bigID(mostBig, 1))
	if !ok {
		t.Fatal("no big file")
	}
	size := sealedSize(f.size())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, from := range []int64{0, size / 2, size - 1<<19} {
		if _, err := (mediaDamage{}).seal(f, from, from+1<<19-1); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("three parts of 512 KiB took %d MiB", used>>20)
	}
}

func FuzzParseRange(f *testing.F) {
	for _, header := range []string{"", "bytes=0-15", "bytes=5-2", "bytes=-5", "bytes=5-", "bytes=0-0,2-3", "bytes=999999999999999-999999999999999", "Bytes=0-1", "bytes= 0-1", "bytes=０-１"} {
		f.Add(header, int64(100))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 1 { // a sealed file has 16 bytes at least
			return
		}
		from, to, ok := parseRange(header, size)
		if ok && (from < 0 || to < from || to >= size || to-from >= mostPart) {
			t.Errorf("parseRange(%q, %d) = %d, %d", header, size, from, to)
		}
		if ok && header != "" && !strings.HasPrefix(header, "bytes=") {
			t.Errorf("parseRange accepts %q", header)
		}
	})
}
