package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
)

// request is one call of the API.
type request struct {
	op     string     // path below /cgi-bin
	secret secretName // whose token it takes
	query  url.Values // besides the token
	body   any        // POSTed as JSON; nil for GET
	once   bool       // must not happen twice: a lost answer is ClassUnknown and ends it
}

// call makes a request with a token and decodes the answer into out. It keeps
// the limits of the API, renews a refused token once and tries again what may
// pass, maxTries at most. Every error is an *Error.
func (c *Client) call(ctx context.Context, r request, out any) error {
	g := c.gate(r.op)
	if err := g.enter(ctx); err != nil {
		return c.failed(r, err)
	}
	defer g.leave()
	for try := 1; ; try++ {
		if left, code := g.closed(c.now()); left > 0 {
			return &Error{Op: r.op, Code: code, Class: ClassLimited, Message: "paused after WeCom's limit", RetryAfter: left}
		}
		e := asError(c.withToken(ctx, r, out))
		if e == nil {
			g.passed(c.now())
			return nil
		}
		if e.Code == codeFrequency || e.Code == codeFrequencyOld {
			e.RetryAfter = g.limited(c.now(), e.Code)
		}
		if try == maxTries || !passing(e) {
			return e
		}
		if err := c.sleep(ctx, backoff(try)); err != nil {
			return e
		}
	}
}

// passing reports whether the failure may be gone in a moment.
func passing(e *Error) bool {
	if e.cause != nil && errors.Is(e.cause, context.Canceled) {
		return false
	}
	return e.Class == ClassUnavailable || e.Code == codeConcurrency
}

// asError gives err as *Error; nil stays nil.
func asError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		copied := *e // a remembered failure is shared: the caller may change its own
		return &copied
	}
	return &Error{Class: ClassUnavailable, Message: "failed"}
}

// withToken makes the request with the token at hand and, if WeCom refuses
// that, once more with a new one.
func (c *Client) withToken(ctx context.Context, r request, out any) error {
	tokens := c.token(r.secret)
	token, err := tokens.get(ctx)
	if err != nil {
		return c.failed(r, err)
	}
	err = c.exchange(ctx, r.with(token), out)
	if e := asError(err); e == nil || !tokenRefused(e.Code) {
		return err
	}
	tokens.drop(token)
	if token, err = tokens.get(ctx); err != nil {
		return c.failed(r, err)
	}
	if err = c.exchange(ctx, r.with(token), out); err != nil {
		if e := asError(err); tokenRefused(e.Code) {
			tokens.drop(token)
		}
	}
	return err
}

// with gives the request with the token in its query.
func (r request) with(token string) request {
	query := url.Values{"access_token": {token}}
	for key, values := range r.query {
		query[key] = values
	}
	r.query = query
	return r
}

// exchange makes one HTTP request and decodes the answer into out.
func (c *Client) exchange(ctx context.Context, r request, out any) error {
	var written atomic.Bool // from here on WeCom may act on the request
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { written.Store(true) },
	})
	body, err := c.roundTrip(ctx, r)
	if err == nil {
		err = c.decode(r, body, out)
	}
	e := asError(err)
	if e == nil {
		return nil
	}
	if r.once && written.Load() && e.Code == 0 { // no answer, or none that says what WeCom did
		e.Class = ClassUnknown
	}
	return e
}

// roundTrip gives the body of a 200 answer.
func (c *Client) roundTrip(ctx context.Context, r request) ([]byte, error) {
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.failed(r, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
		return nil, &Error{Op: r.op, Class: ClassUnavailable, Message: fmt.Sprintf("HTTP status %d", resp.StatusCode)}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	if err != nil {
		return nil, c.failed(r, err)
	}
	if len(body) > maxAnswerBytes {
		return nil, &Error{Op: r.op, Class: ClassRefused, Message: "the answer is too large"}
	}
	return body, nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if r.body != nil {
		data, err := marshal(r.body)
		if err != nil {
			return nil, &Error{Op: r.op, Class: ClassRefused, Message: "the request cannot be written as JSON"}
		}
		method, body = http.MethodPost, bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/cgi-bin/"+r.op+"?"+r.query.Encode(), body)
	if err != nil { // err holds the URL
		return nil, &Error{Op: r.op, Class: ClassRefused, Message: "the request has no valid address"}
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return req, nil
}

// marshal writes v as JSON without changing <, > and &, which app messages
// use; the same value always gives the same bytes.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// decode reads an answer. errcode decides alone: 0 or absent is success.
func (c *Client) decode(r request, body []byte, out any) error {
	op := r.op
	var head struct {
		ErrCode json.RawMessage `json:"errcode"`
		ErrMsg  text            `json:"errmsg"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return &Error{Op: op, Class: ClassUnavailable, Message: "the answer is no JSON object"}
	}
	if len(head.ErrCode) > 0 && string(head.ErrCode) != "null" {
		code, ok := parseNum(head.ErrCode)
		if !ok {
			return &Error{Op: op, Class: ClassUnavailable, Message: "the answer's errcode is no number"}
		}
		if code != 0 {
			known := react(int(code))
			return &Error{Op: op, Code: int(code), Message: c.scrub(r, string(head.ErrMsg)), Class: known.class, Hint: known.hint}
		}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil { // err may quote the answer
		return &Error{Op: op, Class: ClassRefused, Message: "the answer has an unexpected form"}
	}
	return nil
}

// failed turns a failure that came from no answer into an *Error. Its text is
// scrubbed: net/http puts the URL, and so the token, into its errors.
func (c *Client) failed(r request, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Op: r.op, Class: ClassUnavailable}
	switch {
	case errors.Is(err, context.Canceled):
		e.cause, e.Message = context.Canceled, "cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		e.cause, e.Message = context.DeadlineExceeded, "timed out"
	default:
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		e.Message = c.scrub(r, err.Error())
	}
	return e
}

// maxMessage bounds WeCom's errmsg in our errors.
const maxMessage = 300

// scrub takes secrets, tokens and URLs out of a text, and bounds it.
func (c *Client) scrub(r request, s string) string {
	for _, secret := range c.secretValues(r) {
		s = strings.ReplaceAll(s, secret, "[secret]")
	}
	words := strings.Fields(strings.ToValidUTF8(s, "?"))
	for i, word := range words {
		if strings.Contains(word, "://") {
			words[i] = "[url]"
		} else if strings.Contains(word, "access_token=") || strings.Contains(word, "corpsecret=") {
			words[i] = "[secret]"
		}
	}
	out := []rune(strings.Join(words, " "))
	if len(out) > maxMessage {
		out = append(out[:maxMessage], '…')
	}
	return string(out)
}

// secretValues gives every secret, token and ticket that the client holds or
// that r carries, as it is and as a URL spells it.
func (c *Client) secretValues(r request) []string {
	c.mu.Lock()
	lent := make([]*cached, 0, len(c.tokens)+len(c.tickets))
	for _, t := range c.tokens {
		lent = append(lent, t)
	}
	for _, t := range c.tickets {
		lent = append(lent, t)
	}
	c.mu.Unlock()
	var values []string
	add := func(v string) {
		if v != "" {
			values = append(values, v, url.QueryEscape(v))
		}
	}
	for _, secret := range c.secrets {
		add(secret)
	}
	for _, key := range []string{"access_token", "corpsecret", "code"} {
		add(r.query.Get(key))
	}
	for _, l := range lent {
		l.mu.Lock()
		add(l.value)
		l.mu.Unlock()
	}
	return values
}
