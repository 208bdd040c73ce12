package bench

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"huicun/internal/wecom/finance"
)

// bound measures how many RSA-2048 decryptions a second this machine can do:
// no archive can be faster, for each message needs one.
type bound struct {
	ciphertext   []byte
	inUse, goLib finance.Decrypter
}

func newBound() (*bound, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	random := make([]byte, 43) // as long as the keys of messages
	_, _ = rand.Read(random)   // never fails
	b := &bound{inUse: finance.NewDecrypter(key), goLib: finance.NewGoDecrypter(key)}
	b.ciphertext, err = rsa.EncryptPKCS1v15(rand.Reader, &key.PublicKey, random)
	return b, err
}

// rates are decryptions a second on all cores.
type rates struct {
	InUse float64 // with the implementation that this build uses
	Go    float64 // with crypto/rsa; the same when that is in use

	CPUPer1000 float64 // seconds, with the implementation in use
}

// measure keeps all cores busy for d, for each implementation.
func (b *bound) measure(ctx context.Context, d time.Duration) (rates, error) {
	var r rates
	before, err := ownCPU()
	if err != nil {
		return r, err
	}
	if r.InUse, err = decryptions(ctx, b.inUse, b.ciphertext, d); err != nil {
		return r, err
	}
	after, err := ownCPU()
	if err != nil {
		return r, err
	}
	r.Go, r.CPUPer1000 = r.InUse, (after-before).Seconds()/(r.InUse*d.Seconds())*1000
	if finance.DecrypterName() != finance.GoDecrypterName {
		r.Go, err = decryptions(ctx, b.goLib, b.ciphertext, d)
	}
	return r, err
}

// decryptions counts what GOMAXPROCS goroutines decrypt in d.
func decryptions(ctx context.Context, dec finance.Decrypter, ciphertext []byte, d time.Duration) (float64, error) {
	var n atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for time.Since(start) < d {
				if _, err := dec.Decrypt(ciphertext); err != nil {
					return fmt.Errorf("decrypt: %w", err)
				}
				n.Add(1)
				if ctx.Err() != nil {
					return ctx.Err()
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return float64(n.Load()) / time.Since(start).Seconds(), err
}

// ownCPU is the CPU time of this process so far.
func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
