package bench

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// Browser is somebody who signed in to huicun through WeCom's login page.
type Browser struct {
	Client *http.Client // holds the session's cookie
	ID     string       // of the viewer

	api   string
	csrf  string
	token string // of a session that OpenSession made
}

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// SignIn goes through /auth/login as a browser does.
func (w *World) SignIn(ctx context.Context, userid string) (*Browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	b := &Browser{Client: &http.Client{Jar: jar}, api: w.URL + "/api/v1"}
	if err := b.passLogin(ctx, w.URL+"/auth/login", userid); err != nil {
		return nil, fmt.Errorf("sign in as %s: %w", userid, err)
	}
	if err := b.learn(ctx); err != nil {
		return nil, fmt.Errorf("sign in as %s: %w", userid, err)
	}
	return b, nil
}

// learn asks who is signed in, and for the token that changes need.
func (b *Browser) learn(ctx context.Context) error {
	var me struct{ CSRF, ID string }
	err := b.Call(ctx, http.MethodGet, "/me", nil, &me)
	b.csrf, b.ID = me.CSRF, me.ID
	return err
}

// passLogin chooses a member on the simulator's login page and follows it back.
func (b *Browser) passLogin(ctx context.Context, login, userid string) error {
	page, at, err := b.page(ctx, http.MethodGet, login, nil)
	if err != nil {
		return err
	}
	_, chosen, ok := strings.Cut(page, `action="/connect/chosen"`)
	if !ok {
		return errors.New("no login page of wecomsim came up")
	}
	form := url.Values{"who": {"member:" + userid}}
	for _, m := range hiddenInput.FindAllStringSubmatch(chosen, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	_, _, err = b.page(ctx, http.MethodPost, at.Scheme+"://"+at.Host+"/connect/chosen", form)
	return err
}

// page loads a page as a browser does and tells where it was found in the end.
func (b *Browser) page(ctx context.Context, method, address string, form url.Values) (string, *url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", nil, err
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.Client.Do(req)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return string(text), res.Request.URL, err
}

// Call does a request of huicun's API; path is below /api/v1. in is sent as
// JSON unless nil; the answer is read into out unless nil.
func (b *Browser) Call(ctx context.Context, method, path string, in, out any) error {
	header := http.Header{}
	if method != http.MethodGet {
		header.Set("X-CSRF-Token", b.csrf)
	}
	return doJSON(ctx, b.Client, method, b.api+path, header, in, out)
}

// AddRule makes a rule for everybody with these words.
func (b *Browser) AddRule(ctx context.Context, name string, words []string, subscribers ...string) error {
	if subscribers == nil {
		subscribers = []string{}
	}
	return b.Call(ctx, http.MethodPost, "/rules", map[string]any{
		"name": name, "words": words, "severity": "high", "direction": "both", "scope_all": true,
		"scope_departments": []string{}, "scope_employees": []string{}, "subscribers": subscribers, "enabled": true,
	}, nil)
}
