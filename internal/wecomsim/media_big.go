package wecomsim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"

	"huicun/internal/fault"
)

// mostBig bounds a big file in MiB: WeCom's filesize is a uint32.
const mostBig = 4095

// bigFile is a file that is held nowhere: any part of it is computed when it is
// asked for, from its name.
type bigFile struct {
	size  int64
	block cipher.Block
}

// read fills p with the bytes from a place on: AES-CTR over nothing.
func (b *bigFile) read(p []byte, from int64) {
	var iv [aes.BlockSize]byte
	binary.BigEndian.PutUint64(iv[8:], uint64(from/aes.BlockSize))
	stream := cipher.NewCTR(b.block, iv[:])
	var skip [aes.BlockSize]byte
	stream.XORKeyStream(skip[:from%aes.BlockSize], skip[:from%aes.BlockSize])
	clear(p)
	stream.XORKeyStream(p, p)
}

// md5sum reads the file once, a little at a time.
func (b *bigFile) md5sum() string {
	h := md5.New() // WeCom's choice, no security in it
	part := make([]byte, 1<<20)
	for at := int64(0); at < b.size; at += int64(len(part)) {
		n := min(int64(len(part)), b.size-at)
		b.read(part[:n], at)
		h.Write(part[:n])
	}
	return hex.EncodeToString(h.Sum(nil))
}

var bigName = regexp.MustCompile(`^SIMBIG-(\d{1,4})-(\d{1,19})$`)

// bigID names the n-th big file, which has so many MiB.
func bigID(mib int, n uint64) string { return fmt.Sprintf("SIMBIG-%d-%d", mib, n) }

// findBig gives a big file by its id.
func findBig(fileID string) (mediaFile, bool) {
	m := bigName.FindStringSubmatch(fileID)
	if m == nil {
		return mediaFile{}, false
	}
	mib, err := strconv.Atoi(m[1])
	if err != nil || mib < 1 || mib > mostBig {
		return mediaFile{}, false
	}
	sum := sha256.Sum256([]byte(fileID))
	block, err := aes.NewCipher(sum[:aes.BlockSize])
	if err != nil {
		return mediaFile{}, false
	}
	f := mediaFile{FileID: fileID, AuthKey: "v1_" + hex.EncodeToString(sum[24:]), Big: &bigFile{size: int64(mib) << 20, block: block}}
	copy(f.AESKey[:], sum[aes.BlockSize:])
	return f, true
}

// bigRequest is the body of POST /sim/media/big.
type bigRequest struct {
	MiB int `json:"mib"`
	outgoing
}

// postBig sends a file of so many MiB, made for this message alone.
func (s *Sim) postBig(q bigRequest) (any, error) {
	if q.MiB < 1 || q.MiB > mostBig {
		return nil, fault.Invalid("mib", "must be 1..%d", mostBig)
	}
	f, ok := findBig(bigID(q.MiB, s.stream.next()))
	if !ok { // the name has just been made
		return nil, fault.Invalid("mib", "cannot be made")
	}
	if err := q.checkChat(); err != nil {
		return nil, err
	}
	payload, err := json.Marshal(documentContent{f.Big.md5sum(), fmt.Sprintf("大文件-%dMB.bin", q.MiB), "bin", f.size(), f.sdkFileID()})
	if err != nil {
		return nil, err
	}
	q.MsgType, q.Payload = "file", payload
	return sent(s.send(q.outgoing))
}

// documentContent is the payload of a file.
type documentContent struct {
	MD5       string `json:"md5sum"`
	FileName  string `json:"filename"`
	FileExt   string `json:"fileext"`
	FileSize  int64  `json:"filesize"`
	SDKFileID string `json:"sdkfileid"`
}

// sendBig sends the file of Config.MediaBig, once in the life of a stream.
func (s *Sim) sendBig() error {
	_, added, _ := s.stream.counts()
	if s.cfg.MediaBig == 0 || added > 0 {
		return nil
	}
	customer, employee := s.somePair()
	if employee.ID == "" {
		return fmt.Errorf("wecomsim: media-big: the directory has nobody to send the file")
	}
	_, err := s.postBig(bigRequest{MiB: s.cfg.MediaBig, outgoing: outgoing{From: employee.ID, To: customer.ID}})
	return err
}
