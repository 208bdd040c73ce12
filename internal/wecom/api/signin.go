package api

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// AuthorizeURL gives the page to which a browser inside WeCom is sent to sign
// in. redirect is on the app's trusted domain, port included; state has at
// most 128 letters and digits.
// Source: developer.work.weixin.qq.com/document/path/91022.
func (c *Client) AuthorizeURL(state, redirect string) string {
	// The order of the parameters is the documented one, so no url.Values.
	u := c.oauthBase + "/connect/oauth2/authorize?appid=" + escape(c.corpID) +
		"&redirect_uri=" + escape(redirect) +
		"&response_type=code&scope=snsapi_base&state=" + escape(state)
	if c.agentID != 0 {
		u += "&agentid=" + strconv.Itoa(c.agentID)
	}
	return u + "#wechat_redirect"
}

// WebLoginURL gives the page with a QR code to which a desktop browser is sent
// to sign in. lang is "zh" or "en"; anything else is taken as zh.
// Source: developer.work.weixin.qq.com/document/path/98152.
func (c *Client) WebLoginURL(state, redirect, lang string) string {
	if lang != "en" {
		lang = "zh"
	}
	return c.webLoginBase + "/wwlogin/sso/login?login_type=CorpApp&appid=" + escape(c.corpID) +
		"&agentid=" + strconv.Itoa(c.agentID) +
		"&redirect_uri=" + escape(redirect) +
		"&state=" + escape(state) + "&lang=" + lang
}

// escape is url.QueryEscape with %20 for a blank, which every reader takes.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// UserByCode gives the userid, as WeCom spells it, of the member who signed in
// with code. Errors: ErrNotMember, ErrCodeInvalid, ErrCodeUsed, ErrCodeExpired
// (by errors.Is), else an *Error. A code works once, so a lost answer is
// ClassUnknown: start the login again.
// Source: developer.work.weixin.qq.com/document/path/91023.
func (c *Client) UserByCode(ctx context.Context, code string) (string, error) {
	if code == "" || len(code) > 1024 {
		return "", ErrCodeInvalid
	}
	var answer struct {
		UserID text `json:"userid"`
	}
	r := request{op: "auth/getuserinfo", secret: secretApp, query: url.Values{"code": {code}}, once: true}
	if err := c.call(ctx, r, &answer); err != nil {
		return "", err
	}
	if answer.UserID == "" {
		return "", ErrNotMember
	}
	return string(answer.UserID), nil
}
