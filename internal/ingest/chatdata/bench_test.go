package chatdata_test

import (
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"testing"
	"time"

	"huicun/internal/ingest/chatdata"
	"huicun/internal/wecomsim/corpus"
)

// BenchmarkDecodeShareOfRSA decodes messages of the made-up company, one call each, and
// compares with the RSA decryption that each of them costs anyway: rsa-share is
// decoding as a part of it.
func BenchmarkDecodeShareOfRSA(b *testing.B) {
	const n = 1000
	c := corpus.New(corpus.Options{Seed: 1, Messages: n, End: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)})
	var raws [][]byte
	var ids []string
	size := 0
	for i := range n {
		m := c.Message(i)
		raws, ids = append(raws, m.JSON), append(ids, m.MsgID)
		size += len(m.JSON)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, &key.PublicKey, make([]byte, 43))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var shares []float64
	for b.Loop() {
		start := time.Now()
		for i, raw := range raws {
			d := chatdata.Decode(chatdata.Outer{MsgID: ids[i], Seq: int64(i + 1), PublicKeyVer: 1}, raw)
			if d.MsgType == "" {
				b.Fatalf("message %d is not readable", i)
			}
		}
		decode := time.Since(start) / n
		b.StopTimer()
		start = time.Now()
		const decryptions = 10
		for range decryptions {
			if _, err := rsa.DecryptPKCS1v15(nil, key, sealed); err != nil {
				b.Fatal(err)
			}
		}
		shares = append(shares, float64(decode)/float64(time.Since(start)/decryptions))
		b.StartTimer()
	}
	slices.Sort(shares)
	b.ReportMetric(shares[len(shares)/2], "rsa-share")
}
