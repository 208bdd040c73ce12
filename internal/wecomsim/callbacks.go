package wecomsim

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	callbackRetries = 3    // after the first try
	callbackQueue   = 1024 // events that wait for a slow or absent receiver
	maxEcho         = 1 << 10
)

// caller delivers events to one 接收事件服务器, one after another.
type caller struct {
	name     string // for the log
	cfg      Callback
	key      []byte
	corpID   string
	timeout  time.Duration
	wait     time.Duration
	now      func() time.Time
	client   *http.Client
	queue    chan []byte
	counters *counters
	faults   *faultSet
	held     []heldCallback // by run alone
	log      *slog.Logger
}

func newCaller(name string, cb Callback, cfg Config, count *counters, faults *faultSet) (*caller, error) {
	key, err := callbackKey(cb.AESKey)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: %s callback: %w", name, err)
	}
	return &caller{
		name: name, cfg: cb, key: key, corpID: cfg.CorpID, timeout: cfg.CallbackTimeout, wait: cfg.RetryWait,
		now: cfg.Now, queue: make(chan []byte, callbackQueue), counters: count, faults: faults, log: cfg.Log,
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// enqueue hands an event over; it never blocks. Events are dropped when too many
// wait, as WeCom may do.
func (c *caller) enqueue(event []byte) {
	if c.cfg.URL == "" {
		return
	}
	select {
	case c.queue <- event:
	default:
		c.counters.callback(false)
		c.log.Warn("callback dropped: queue is full", "callback", c.name)
	}
}

// run delivers until ctx ends.
func (c *caller) run(ctx context.Context) error {
	defer c.client.CloseIdleConnections()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-c.queue:
			c.dispatch(ctx, event)
		case now := <-c.nextHeld():
			c.release(ctx, func(h heldCallback) bool { return !h.due.After(now) })
		}
	}
}

// deliver sends one event, up to three times more if the connection fails or the
// answer takes too long. Any HTTP answer in time ends it. Where replay is set, the
// request that was answered comes again.
func (c *caller) deliver(ctx context.Context, event []byte, replay *hit) {
	for try := 0; ; try++ {
		status, err := c.post(ctx, event, replay)
		if err == nil {
			c.counters.callback(status == http.StatusOK)
			if status != http.StatusOK {
				c.log.WarnContext(ctx, "callback refused", "callback", c.name, "status", status)
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
		if try == callbackRetries {
			c.counters.callback(false)
			c.log.WarnContext(ctx, "callback given up", "callback", c.name, "err", withoutURL(err))
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(c.wait):
		}
	}
}

// envelope is the outer XML.
type envelope struct {
	XMLName    xml.Name `xml:"xml"`
	ToUserName cdata    `xml:"ToUserName"`
	AgentID    cdata    `xml:"AgentID"`
	Encrypt    cdata    `xml:"Encrypt"`
}

type cdata struct {
	Text string `xml:",cdata"`
}

// post sends an event, encrypted anew.
func (c *caller) post(ctx context.Context, event []byte, replay *hit) (status int, err error) {
	e, err := c.sealWith(event, c.corpID, c.cfg.Token)
	if err != nil {
		return 0, err
	}
	status, _, err = c.do(ctx, http.MethodPost, e.address, e.body)
	if err == nil && replay != nil {
		c.hold(*replay, false, func(ctx context.Context) { c.sendForged(ctx, *replay, e) })
	}
	return status, err
}

// sealWith encrypts an event for a receiver and signs it with a token.
func (c *caller) sealWith(event []byte, receiver, token string) (sealedEvent, error) {
	encrypted, err := encryptCallback(c.key, randomBytes(16), event, receiver)
	if err != nil {
		return sealedEvent{}, err
	}
	return c.sign(encrypted, token)
}

func (c *caller) sign(encrypted, token string) (sealedEvent, error) {
	body, err := xml.Marshal(envelope{ToUserName: cdata{c.corpID}, Encrypt: cdata{encrypted}})
	return sealedEvent{c.address(encrypted, token, nil), body}, err
}

// errEcho tells that the receiver did not prove that it has token and key.
var errEcho = errors.New("the address does not answer the verification as WeCom wants it: the decrypted echostr, nothing else")

// verify does what the console does when the address is saved.
func (c *caller) verify(ctx context.Context) error {
	if c.cfg.URL == "" {
		return errors.New("no address is configured")
	}
	plain := strconv.FormatUint(uint64(c.now().UnixNano()), 10)
	echo, err := encryptCallback(c.key, randomBytes(16), []byte(plain), c.corpID)
	if err != nil {
		return err
	}
	status, answer, err := c.do(ctx, http.MethodGet, c.address(echo, c.cfg.Token, url.Values{"echostr": {echo}}), nil)
	if err != nil {
		return withoutURL(err)
	}
	if status != http.StatusOK || string(answer) != plain {
		return errEcho
	}
	return nil
}

// address is the URL with the signature of one request.
func (c *caller) address(encrypted, token string, more url.Values) string {
	timestamp := strconv.FormatInt(c.now().Add(c.faults.skew(kindCallbackClock)).Unix(), 10)
	nonce := strconv.FormatUint(uint64(c.now().UnixNano())%1e10, 10)
	u, err := url.Parse(c.cfg.URL)
	if err != nil { // checked at the start
		return c.cfg.URL
	}
	q := u.Query()
	q.Set("msg_signature", callbackSignature(token, timestamp, nonce, encrypted))
	q.Set("timestamp", timestamp)
	q.Set("nonce", nonce)
	for k := range more {
		q.Set(k, more.Get(k))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func (c *caller) do(ctx context.Context, method, address string, body []byte) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read as far as it matters
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxEcho))
	return resp.StatusCode, answer, err
}

// withoutURL drops the address, which carries the signature, from an error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
