package media

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// digest is what is learnt of a content while it passes by.
type digest struct {
	sha, md5 hash.Hash
	size     int64
	head     []byte // the first sniffBytes
}

func newDigest() digest { return digest{sha: sha256.New(), md5: md5.New()} }

func (d *digest) write(p []byte) {
	_, _ = d.sha.Write(p) // never fails
	_, _ = d.md5.Write(p) // never fails
	d.size += int64(len(p))
	if missing := sniffBytes - len(d.head); missing > 0 {
		d.head = append(d.head, p[:min(missing, len(p))]...)
	}
}

// fetched gives what the database keeps of the content.
func (d *digest) fetched() Fetched {
	return Fetched{SHA256: d.sha.Sum(nil), SizeBytes: d.size, MD5: hex.EncodeToString(d.md5.Sum(nil)), Mime: sniff(d.head)}
}
