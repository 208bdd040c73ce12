package bench

import (
	"context"
	"errors"
	"flag"
	"strconv"
)

// Ingest measures how fast messages are pulled, decrypted and stored.
type Ingest struct {
	Messages int
	Pairs    int
}

// Flags implements Benchmark.
func (b *Ingest) Flags(fs *flag.FlagSet) {
	fs.IntVar(&b.Messages, "messages", 100_000, "`number` of messages")
	fs.IntVar(&b.Pairs, "pairs", 7, "`number` of slices; after each the RSA bound is measured")
}

// Run implements Benchmark.
func (b *Ingest) Run(ctx context.Context, o Options) (err error) {
	w, err := Start(ctx, o, Setup{SimFlags: []string{"-messages", strconv.Itoa(b.Messages)}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	admin, err := w.SignIn(ctx, Admin)
	if err != nil {
		return err
	}
	if err := admin.AddRule(ctx, "回扣", []string{"回扣"}); err != nil {
		return err
	}
	u, err := w.Usage()
	w.Logf("%s %+v", w.URL, u)
	return err
}
