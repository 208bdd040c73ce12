package finance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"huicun/internal/wecom/wecomcrypt"
)

// maxAnswer bounds an HTTP answer.
const maxAnswer = maxFrame

// pureClient speaks the SDK's protocol in Go.
type pureClient struct {
	opts Options
	http *http.Client
	now  func() time.Time

	life lifetime

	fetching chan struct{} // holds one element while the token is used or fetched
	token    string
	expires  time.Time
}

// OpenPure opens a client that needs no library. It checks nothing over the
// network yet. Tencent documents no protocol for its servers, so this is for
// wecomsim. The caller closes the client.
func OpenPure(_ context.Context, o Options) (Client, error) {
	o, err := o.normal()
	if err != nil {
		return nil, err
	}
	up, err := newUpstream(o)
	if err != nil {
		return nil, err
	}
	c := &pureClient{opts: o, now: time.Now, fetching: make(chan struct{}, 1)}
	c.http = &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				conn, err := up.dial(ctx)
				if err != nil {
					return nil, err // not conn: a nil *tls.Conn is no nil net.Conn
				}
				return conn, nil
			},
			DisableCompression:  true,
			MaxIdleConnsPerHost: o.Workers,
			IdleConnTimeout:     up.idle(),
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Close implements Client.
func (c *pureClient) Close() error {
	c.life.end()
	c.http.CloseIdleConnections()
	return nil
}

// GetChatData implements Client.
func (c *pureClient) GetChatData(ctx context.Context, seq uint64, limit uint32) ([]byte, error) {
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	ctx, end, err := c.life.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	return c.withToken(ctx, func(token string) ([]byte, error) {
		body := map[string]any{
			"encrypt_sign": tokenChecksum(token), "seq": int64(seq), "version": 1, "limit": limit, // wraps as the SDK prints it
		}
		answer, _, err := c.post(ctx, opGetChatData, "getchatdata", token, body, "")
		return answer, err
	})
}

// DecryptData implements Client.
func (c *pureClient) DecryptData(ctx context.Context, items []Sealed) ([]Opened, error) {
	ctx, end, err := c.life.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	results := make([]Opened, len(items))
	for i, item := range items {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		data, err := wecomcrypt.Decrypt(item.Key, item.Msg)
		if err != nil {
			err = codeError(opDecryptData, decryptCode(err))
		}
		results[i] = Opened{Data: data, Err: err}
	}
	return results, nil
}

// decryptCode is the return code of the SDK that stands for err.
func decryptCode(err error) int {
	switch {
	case errors.Is(err, wecomcrypt.ErrKey):
		return 10008
	case errors.Is(err, wecomcrypt.ErrBody):
		return 10006
	default:
		return 10005
	}
}

// tokenChecksum is the field encrypt_sign: a checksum, not a signature.
func tokenChecksum(token string) string {
	var h uint64
	for _, c := range []byte(token) {
		h = h*1313 + uint64(int64(int8(c))) // the SDK takes bytes as signed, too
	}
	return strconv.FormatUint(h&0xffffffff^h>>32, 10)
}

// withToken makes a call, and once more with a new token when the answer refuses
// the token.
func (c *pureClient) withToken(ctx context.Context, call func(token string) ([]byte, error)) ([]byte, error) {
	token, err := c.accessToken(ctx, "")
	if err != nil {
		return nil, err
	}
	answer, err := call(token)
	if err != nil || !tokenRefused[errcodeOf(answer)] {
		return answer, err
	}
	if token, err = c.accessToken(ctx, token); err != nil {
		return nil, err
	}
	return call(token)
}

// errcodeOf reads the errcode of a short answer; a page of messages has none.
func errcodeOf(answer []byte) int {
	var v struct {
		ErrCode int `json:"errcode"`
	}
	if len(answer) > 4<<10 || json.Unmarshal(answer, &v) != nil {
		return 0
	}
	return v.ErrCode
}

// accessToken returns a valid token that is not the refused one.
func (c *pureClient) accessToken(ctx context.Context, refused string) (string, error) {
	select {
	case c.fetching <- struct{}{}:
		defer func() { <-c.fetching }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	if c.token != "" && c.token != refused && c.now().Before(c.expires) {
		return c.token, nil
	}
	answer, err := c.fetchToken(ctx)
	if err != nil {
		return "", err
	}
	c.token, c.expires = answer.AccessToken, c.now().Add(time.Duration(answer.ExpiresIn)*time.Second)
	return c.token, nil
}

// tokenAnswer is what gettoken returns.
type tokenAnswer struct {
	ErrCode     int    `json:"errcode"`
	ErrMsg      string `json:"errmsg"`
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

// fetchToken calls gettoken. Corp id and secret go into the URL as they are: the
// SDK does not escape them either.
func (c *pureClient) fetchToken(ctx context.Context) (tokenAnswer, error) {
	var v tokenAnswer
	query := "corpid=" + c.opts.CorpID + "&corpsecret=" + c.opts.Secret
	answer, _, err := c.do(ctx, opGetToken, http.MethodGet, "/cgi-bin/gettoken", query, nil, "")
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		return v, &Error{Op: opGetToken, Code: 10002, Class: ClassRetry, Reason: jsonReason(answer, err)}
	}
	if v.ErrCode != 0 {
		e := codeError(opGetToken, v.ErrCode)
		e.Reason = cleanLine(v.ErrMsg)
		return v, e
	}
	if v.AccessToken == "" {
		return v, &Error{Op: opGetToken, Code: 10002, Class: ClassRetry, Reason: "the answer has no access_token"}
	}
	return v, nil
}

// post calls one function of the archive.
func (c *pureClient) post(ctx context.Context, op, name, token string, body any, byteRange string) ([]byte, http.Header, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, nil, err
	}
	return c.do(ctx, op, http.MethodPost, "/cgi-bin/message/"+name, "access_token="+token, data, byteRange)
}

// do makes one request. The HTTP status does not matter, as it does not to the
// SDK. Errors never hold the URL, in which there are secrets.
func (c *pureClient) do(ctx context.Context, op, method, path, query string, body []byte, byteRange string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+Host+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.URL.RawQuery = query
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded") // what the SDK says of its JSON
	}
	if byteRange != "" {
		req.Header.Set("Range", byteRange)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, networkError(ctx, op, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, networkError(ctx, op, err)
	}
	if len(answer) > maxAnswer {
		return nil, nil, &Error{Op: op, Code: 10002, Class: ClassRetry, Reason: fmt.Sprintf("the answer is larger than %d bytes", maxAnswer)}
	}
	return answer, resp.Header, nil
}

// networkError takes the URL out of an error of net/http.
func networkError(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var withURL *url.Error
	if errors.As(err, &withURL) {
		err = withURL.Err
	}
	e := &Error{Op: op, Code: 10001, Class: ClassRetry, Err: err}
	var dial *dialError
	if errors.As(err, &dial) {
		e.Class, e.Err = dial.class, dial
	}
	return e
}
