package api

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"
)

// secretName tells the secrets of one corp apart. A token belongs to one
// secret and is good for its calls only.
type secretName string

const (
	secretApp     secretName = "app"
	secretArchive secretName = "archive"
	secretContact secretName = "contact" // 通讯录同步
)

const (
	defaultLifetime = 2 * time.Hour   // when WeCom gives no expires_in
	renewEarly      = 5 * time.Minute // a value this close to its end is renewed
)

// cached is a value that WeCom lends for some time, a token or a ticket. One
// fetch runs at a time, and those who waited for it share its outcome; while it
// renews a value that still holds, others go on with the old one.
type cached struct {
	now   func() time.Time
	fetch func(context.Context) (value string, life time.Duration, err error)
	lock  chan struct{} // held by the one who fetches

	mu      sync.Mutex
	value   string
	renewAt time.Time
	endsAt  time.Time
	failure *Error // not asked again before holdTill
	hold    time.Time
	fetches int   // that came to an end of their own
	outcome error // of the last of them
}

func newCached(now func() time.Time, fetch func(context.Context) (string, time.Duration, error)) *cached {
	return &cached{now: now, fetch: fetch, lock: make(chan struct{}, 1)}
}

// get gives the value, fetched when need be.
func (c *cached) get(ctx context.Context) (string, error) {
	value, fresh, err := c.peek()
	if fresh || err != nil {
		return value, err
	}
	before, _ := c.fetched()
	if value != "" { // still good: renew it only if nobody else does
		select {
		case c.lock <- struct{}{}:
		default:
			return value, nil
		}
	} else {
		select {
		case c.lock <- struct{}{}:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	defer func() { <-c.lock }()
	if value, fresh, err = c.peek(); fresh || err != nil {
		return value, err // somebody else was faster
	}
	if n, outcome := c.fetched(); value == "" && n != before && outcome != nil {
		return "", outcome // somebody else failed: asking again at once is no use
	}
	return c.renew(ctx, value)
}

// fetched gives how many fetches came to an end, and how the last did.
func (c *cached) fetched() (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fetches, c.outcome
}

// renew fetches a value; the caller holds lock. old still holds, or is "".
func (c *cached) renew(ctx context.Context, old string) (string, error) {
	value, life, err := c.fetch(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() == nil { // a caller who gave up says nothing about WeCom
		c.fetches, c.outcome = c.fetches+1, err
	}
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && holdAfter(e) > 0 {
			c.failure, c.hold = e, c.now().Add(holdAfter(e))
		}
		if old != "" {
			return old, nil
		}
		return "", err
	}
	c.value, c.failure = value, nil
	c.endsAt = c.now().Add(life)
	c.renewAt = c.endsAt.Add(-min(renewEarly, life/10))
	return value, nil
}

// peek gives the value while it holds, and whether that needs no renewal; or
// the remembered failure.
func (c *cached) peek() (value string, fresh bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.value != "" && now.Before(c.endsAt) {
		held := c.failure != nil && now.Before(c.hold)
		return c.value, held || now.Before(c.renewAt), nil
	}
	if c.failure != nil && now.Before(c.hold) {
		return "", false, c.failure
	}
	return "", false, nil
}

// drop forgets value; a newer one stays.
func (c *cached) drop(value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.value == value {
		c.value = ""
	}
}

// token gives the cache of the token of a secret.
func (c *Client) token(name secretName) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.tokens[name]
	if !ok {
		t = newCached(c.now, func(ctx context.Context) (string, time.Duration, error) {
			return c.fetchToken(ctx, name)
		})
		c.tokens[name] = t
	}
	return t
}

// fetchToken calls gettoken (developer.work.weixin.qq.com/document/path/91039).
func (c *Client) fetchToken(ctx context.Context, name secretName) (string, time.Duration, error) {
	const op = "gettoken"
	secret := c.secrets[name]
	if secret == "" {
		return "", 0, &Error{Op: op, Class: ClassConfig, Message: "no " + string(name) + " secret is configured"}
	}
	var answer struct {
		AccessToken text `json:"access_token"`
		ExpiresIn   num  `json:"expires_in"`
	}
	query := url.Values{"corpid": {c.corpID}, "corpsecret": {secret}}
	if err := c.exchange(ctx, request{op: op, query: query}, &answer); err != nil {
		return "", 0, err
	}
	if answer.AccessToken == "" {
		return "", 0, &Error{Op: op, Class: ClassUnavailable, Message: "the answer has no access_token"}
	}
	return string(answer.AccessToken), lifetime(answer.ExpiresIn), nil
}

func lifetime(seconds num) time.Duration {
	if seconds <= 0 || seconds > 30*24*3600 {
		return defaultLifetime
	}
	return time.Duration(seconds) * time.Second
}
