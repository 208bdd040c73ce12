package api

import (
	"context"
	"crypto/rand"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"huicun/internal/fault"
)

// SignKind says in whose name a page calls the JS-SDK.
type SignKind string

// Kinds of signatures: the corp's (getConfigSignature), the app's
// (getAgentConfigSignature).
const (
	SignCorp  SignKind = "corp"
	SignAgent SignKind = "agent"
)

// Signature lets one page call the JS-SDK.
type Signature struct {
	Timestamp int64 // epoch seconds
	Nonce     string
	Signature string
}

// Signature signs a page's address as the browser has it (location.href,
// escapes untouched; a fragment is cut off). The caller must have checked that
// the page is one of its own. An unknown kind is fault.Invalid.
// Source: developer.work.weixin.qq.com/document/path/90506.
func (c *Client) Signature(ctx context.Context, kind SignKind, page string) (Signature, error) {
	if kind != SignCorp && kind != SignAgent {
		return Signature{}, fault.Invalid("kind", "must be corp or agent")
	}
	ticket, err := c.ticket(kind).get(ctx)
	if err != nil {
		return Signature{}, c.failed(request{op: "ticket"}, err)
	}
	page, _, _ = strings.Cut(page, "#")
	return sign(ticket, rand.Text(), page, c.now().Unix()), nil
}

func sign(ticket, nonce, page string, timestamp int64) Signature {
	plain := "jsapi_ticket=" + ticket + "&noncestr=" + nonce + "&timestamp=" + strconv.FormatInt(timestamp, 10) + "&url=" + page
	return Signature{Timestamp: timestamp, Nonce: nonce, Signature: util.Signature(plain)}
}

// ticket gives the cache of one kind of ticket. WeCom allows 100 an hour for
// an app and 400 for a corp.
func (c *Client) ticket(kind SignKind) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.tickets[kind]
	if !ok {
		t = newCached(c.now, func(ctx context.Context) (string, time.Duration, error) {
			return c.fetchTicket(ctx, kind)
		})
		c.tickets[kind] = t
	}
	return t
}

func (c *Client) fetchTicket(ctx context.Context, kind SignKind) (string, time.Duration, error) {
	r := request{op: "get_jsapi_ticket", secret: secretApp}
	if kind == SignAgent {
		r = request{op: "ticket/get", secret: secretApp, query: url.Values{"type": {"agent_config"}}}
	}
	var answer struct {
		Ticket    text `json:"ticket"`
		ExpiresIn num  `json:"expires_in"`
	}
	if err := c.call(ctx, r, &answer); err != nil {
		return "", 0, err
	}
	if answer.Ticket == "" {
		return "", 0, &Error{Op: r.op, Class: ClassUnavailable, Message: "the answer has no ticket"}
	}
	return string(answer.Ticket), lifetime(answer.ExpiresIn), nil
}
