package api

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"huicun/internal/fault"
)

// Where WeCom lives. Options may name other places: a reverse proxy, a
// private deployment, a simulator.
const (
	DefaultBaseURL         = "https://qyapi.weixin.qq.com"
	DefaultOAuthBaseURL    = "https://open.weixin.qq.com"
	DefaultWebLoginBaseURL = "https://login.work.weixin.qq.com"
)

const (
	callTimeout    = 20 * time.Second // of one HTTP exchange
	maxTries       = 3
	maxParallel    = 4 // calls of one API at a time (developer.work.weixin.qq.com/document/path/90312)
	maxAnswerBytes = 64 << 20
)

// Options say which corp and which app a Client works for.
type Options struct {
	BaseURL         string // default DefaultBaseURL
	OAuthBaseURL    string // authorise page inside WeCom; default DefaultOAuthBaseURL
	WebLoginBaseURL string // QR page for browsers; default DefaultWebLoginBaseURL

	CorpID        string // compulsory
	AgentID       int    // of the self-built app; compulsory with AppSecret
	AppSecret     string // directory, customers, sign-in, messages
	ArchiveSecret string // msgaudit/*
	ContactSecret string // 通讯录同步: MemberIDs only

	HTTP *http.Client     // default: one of its own with time-outs; redirects are never followed
	Now  func() time.Time // default time.Now
}

// Client calls WeCom for one corp. It is safe for concurrent use.
type Client struct {
	base, oauthBase, webLoginBase string

	corpID  string
	agentID int
	secrets map[secretName]string
	http    *http.Client
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error

	mu      sync.Mutex
	tokens  map[secretName]*cached
	tickets map[SignKind]*cached
	gates   map[string]*gate
}

// New checks the options and makes a Client. It makes no call. Errors are
// fault.Invalid and name the option.
func New(o Options) (*Client, error) {
	if o.CorpID == "" {
		return nil, fault.Invalid("corp_id", "the corp id is empty")
	}
	if o.AppSecret != "" && o.AgentID <= 0 {
		return nil, fault.Invalid("agent_id", "the app has a secret but no agent id")
	}
	c := &Client{
		corpID:  o.CorpID,
		agentID: o.AgentID,
		secrets: map[secretName]string{secretApp: o.AppSecret, secretArchive: o.ArchiveSecret, secretContact: o.ContactSecret},
		http:    httpClient(o.HTTP),
		now:     o.Now,
		sleep:   sleep,
		tokens:  map[secretName]*cached{},
		tickets: map[SignKind]*cached{},
		gates:   map[string]*gate{},
	}
	if c.now == nil {
		c.now = time.Now
	}
	for _, u := range []struct {
		field, value, fallback string
		to                     *string
	}{
		{"base_url", o.BaseURL, DefaultBaseURL, &c.base},
		{"oauth_base_url", o.OAuthBaseURL, DefaultOAuthBaseURL, &c.oauthBase},
		{"web_login_base_url", o.WebLoginBaseURL, DefaultWebLoginBaseURL, &c.webLoginBase},
	} {
		base, err := baseURL(u.field, u.value, u.fallback)
		if err != nil {
			return nil, err
		}
		*u.to = base
	}
	return c, nil
}

// baseURL checks a base URL and takes its trailing slash off.
func baseURL(field, value, fallback string) (string, error) {
	if value == "" {
		value = fallback
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", fault.Invalid(field, "must be an address like %s", fallback)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fault.Invalid(field, "must be an address like %s, without user, query or fragment", fallback)
	}
	return strings.TrimRight(value, "/"), nil
}

// httpClient gives a copy of given that never follows a redirect, since the
// token would go along, and that never waits for ever.
func httpClient(given *http.Client) *http.Client {
	h := &http.Client{}
	if given != nil {
		*h = *given
	} else {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 2 * maxParallel
		t.ResponseHeaderTimeout = callTimeout
		h.Transport = t
	}
	if h.Timeout == 0 {
		h.Timeout = callTimeout
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return h
}

// CorpID gives the corp that the client works for.
func (c *Client) CorpID() string { return c.corpID }

// AgentID gives the app that the client works for.
func (c *Client) AgentID() int { return c.agentID }

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backoff gives the pause after the given try: 0.25 s, 0.5 s, … up to half
// as long again, so that replicas do not keep step.
func backoff(try int) time.Duration {
	base := 250 * time.Millisecond << (try - 1)
	return base + rand.N(base/2)
}
