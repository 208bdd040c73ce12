package finance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	chunkItems = 128     // messages decrypted with one request to a helper
	chunkBytes = 8 << 20 // or as many as are this large
)

// sdkClient drives the real SDK in helper processes.
type sdkClient struct {
	opts  Options
	relay *relay // nil when switched off

	// A worker is in its channel when nobody uses it. Chat data always goes
	// through the first worker, so that there is one token, and media through
	// the others, so that a large file does not hold up messages.
	chat  chan *worker
	media chan *worker // the same channel when there is only one worker

	life  lifetime
	close func() error
}

// OpenSDK opens WeCom's own library in helper processes. It fails at once when
// the first of them cannot load the library. The caller closes the client.
func OpenSDK(ctx context.Context, o Options) (Client, error) {
	if sdkMissing != "" {
		return nil, configError("%s", sdkMissing)
	}
	o, err := o.normal()
	if err != nil {
		return nil, err
	}
	if err := o.helperCommand(); err != nil {
		return nil, err
	}
	c := &sdkClient{opts: o}
	c.close = sync.OnceValue(c.shutDown)
	if err := c.startRelay(ctx); err != nil {
		return nil, err
	}
	c.makeWorkers()
	if err := c.use(ctx, c.chat, c.checkStart); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// helperCommand fills in this program and checks what the SDK cannot do.
func (o *Options) helperCommand() error {
	if !o.Relay && o.Upstream != Host+":443" {
		return configError("the SDK itself always calls %s:443; switch the relay on to reach %s", Host, o.Upstream)
	}
	if strings.ContainsRune(o.Proxy, 0) {
		return configError("the proxy contains a NUL byte")
	}
	if len(o.HelperCommand) > 0 {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return configError("find this program: %v", err)
	}
	o.HelperCommand = []string{self, "finance-helper"}
	return nil
}

// startRelay starts the relay unless it is switched off.
func (c *sdkClient) startRelay(ctx context.Context) error {
	if !c.opts.Relay {
		return nil
	}
	up, err := newUpstream(c.opts)
	if err != nil {
		return err
	}
	c.relay, err = startRelay(ctx, up, c.opts.Log)
	return err
}

func (c *sdkClient) makeWorkers() {
	c.chat = make(chan *worker, 1)
	c.chat <- c.newWorker(0)
	c.media = c.chat
	if c.opts.Workers > 1 {
		c.media = make(chan *worker, c.opts.Workers-1)
		for i := range c.opts.Workers - 1 {
			c.media <- c.newWorker(i + 1)
		}
	}
}

func (c *sdkClient) newWorker(i int) *worker {
	o := c.opts
	w := &worker{name: fmt.Sprintf("sdk-%d", i), command: o.HelperCommand, log: o.Log, now: time.Now, patient: decryptLimit}
	w.setup = setup{
		Library: o.Library, CorpID: o.CorpID, Secret: o.Secret,
		Proxy: o.Proxy, ProxyPassword: o.ProxyPassword, Seconds: uint64(o.Timeout / time.Second),
	}
	if c.relay != nil {
		w.grant = c.relay.grant(w.name)
		w.setup.Proxy, w.setup.ProxyPassword = c.relay.url(), w.grant.password
	}
	return w
}

// use runs fn with a worker of the pool. The ctx of fn ends with the client too.
func (c *sdkClient) use(ctx context.Context, pool chan *worker, fn func(context.Context, *worker) error) error {
	return c.useEither(ctx, pool, pool, fn)
}

// useEither is use with whichever worker is free first.
func (c *sdkClient) useEither(ctx context.Context, a, b chan *worker, fn func(context.Context, *worker) error) error {
	ctx, end, err := c.life.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	pool := a
	var w *worker
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case w = <-a:
	case w = <-b:
		pool = b
	}
	defer func() { pool <- w }()
	return fn(ctx, w)
}

// checkStart makes OpenSDK fail early.
func (c *sdkClient) checkStart(ctx context.Context, w *worker) error {
	_, err := w.ready(ctx)
	return startError(err)
}

// GetChatData implements Client.
func (c *sdkClient) GetChatData(ctx context.Context, seq uint64, limit uint32) ([]byte, error) {
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	var data []byte
	err := c.use(ctx, c.chat, func(ctx context.Context, w *worker) error {
		var err error
		data, err = w.chatData(ctx, request{Op: doChat, Seq: seq, Limit: uint64(limit)})
		return err
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// GetMediaData implements Client.
func (c *sdkClient) GetMediaData(ctx context.Context, indexBuf, sdkFileID string) (MediaPart, error) {
	if sdkFileID == "" || strings.ContainsRune(sdkFileID, 0) {
		return MediaPart{}, mediaError(10005, "sdkfileid")
	}
	if strings.ContainsRune(indexBuf, 0) {
		return MediaPart{}, mediaError(10000, "malformed index buffer")
	}
	var part MediaPart
	err := c.use(ctx, c.media, func(ctx context.Context, w *worker) error {
		r, err := w.ask(ctx, opGetMediaData, request{Op: doMedia, IndexBuf: indexBuf, FileID: sdkFileID})
		part = MediaPart{Data: r.Data, OutIndexBuf: r.OutIndexBuf, Finished: r.Finished}
		return err
	})
	if err == nil && !part.Finished && (part.OutIndexBuf == "" || part.OutIndexBuf == indexBuf) {
		err = mediaError(10002, "the part is not the last one but no other follows") // else the caller would never end
	}
	if err != nil {
		return MediaPart{}, err
	}
	return part, nil
}

// DecryptData implements Client.
func (c *sdkClient) DecryptData(ctx context.Context, items []Sealed) ([]Opened, error) {
	results := make([]Opened, len(items))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.opts.Workers)
	for from := 0; from < len(items); {
		n := chunkLen(items[from:])
		part, into := items[from:from+n], results[from:from+n]
		from += n
		group.Go(func() error {
			return c.useEither(ctx, c.chat, c.media, func(ctx context.Context, w *worker) error {
				return w.decryptText(ctx, part, into)
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return results, nil
}

// chunkLen is how many of the items go into one request, at least one.
func chunkLen(items []Sealed) int {
	n, size := 0, 0
	for n < len(items) && n < chunkItems {
		size += len(items[n].Key) + len(items[n].Msg)
		if n > 0 && size > chunkBytes {
			break
		}
		n++
	}
	return n
}

// Close implements Client.
func (c *sdkClient) Close() error { return c.close() }

// shutDown ends the calls in flight and then everything else.
func (c *sdkClient) shutDown() error {
	c.life.end()
	var wg sync.WaitGroup
	for i := range c.opts.Workers {
		pool := c.media
		if i == 0 {
			pool = c.chat
		}
		w := <-pool
		wg.Go(w.close)
	}
	wg.Wait()
	if c.relay != nil {
		c.relay.close()
	}
	return nil
}

// tokenRefused are the errcodes of a token that WeCom does not take.
var tokenRefused = map[int]bool{40014: true, 41001: true, 42001: true}

// chatData fetches a page, and once more with a new token when the answer refuses
// the one that the SDK has.
func (w *worker) chatData(ctx context.Context, q request) ([]byte, error) {
	r, err := w.ask(ctx, opGetChatData, q)
	if err != nil {
		return nil, err
	}
	renewed, err := w.renewToken(ctx, r.Data)
	if err != nil || !renewed {
		return r.Data, err
	}
	r, err = w.ask(ctx, opGetChatData, q)
	return r.Data, err
}

// renewToken renews the handle when data refuses its token: the SDK does not fetch
// a new one by itself, and goes on with an empty one after a gettoken that failed
// for whatever reason. A wrong secret looks the same, so it is done once a minute
// at most.
func (w *worker) renewToken(ctx context.Context, data []byte) (renewed bool, err error) {
	errcode := errcodeOf(data)
	if !tokenRefused[errcode] || w.now().Sub(w.renewedAt) < tokenPause {
		return false, nil
	}
	w.renewedAt = w.now()
	w.log.WarnContext(ctx, "sdk handle renewed", "worker", w.name, "errcode", errcode)
	_, err = w.ask(ctx, opInit, request{Op: doReset})
	return err == nil, err
}
