package server

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"huicun/internal/access"
	"huicun/internal/fault"
)

//go:embed pages
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "pages/page.html"))

// pageText is a page of words for whoever has no session, since the H5 works
// only with one. These are the only words for people outside h5/src/i18n.
type pageText struct{ Title, Text, Action string }

// pages by name and language.
type pageName string

const (
	pageCancelled   pageName = "cancelled"
	pageStale       pageName = "stale"
	pageNoAccount   pageName = access.CodeNoAccount
	pageDisabled    pageName = access.CodeDisabled
	pageNotMember   pageName = access.CodeNotMember
	pageUnavailable pageName = "unavailable"
	pageLimited     pageName = "limited"
	pageFailed      pageName = "failed"
)

var pageTexts = map[string]map[pageName]pageText{
	"zh": {
		pageCancelled:   {"登录未完成", "没有收到企业微信的登录结果。如需查看会话存档，请重新登录。", "重新登录"},
		pageStale:       {"登录已失效", "登录页面已过期，或浏览器没有保存 Cookie。请允许本站使用 Cookie 后重新登录。", "重新登录"},
		pageNoAccount:   {"没有访问权限", "您还不是会话存档用户。请联系贵公司的会话存档管理员，在「权限管理」中为您添加账号和可查看的员工范围。", "重新登录"},
		pageDisabled:    {"账号已停用", "您的会话存档账号已被停用。如需恢复，请联系贵公司的会话存档管理员。", "重新登录"},
		pageNotMember:   {"没有访问权限", "会话存档只对本企业成员开放。请使用本企业的企业微信账号登录。", "重新登录"},
		pageUnavailable: {"暂时无法登录", "连接企业微信失败，请稍后再试。", "重试"},
		pageLimited:     {"操作太频繁", "请稍后再试。", "重试"},
		pageFailed:      {"登录失败", "系统出现错误，请稍后再试。如问题持续，请将下面的编号告诉管理员。", "重试"},
	},
	"en": {
		pageCancelled:   {"Sign-in not finished", "WeCom sent no result. Sign in again to read the conversation archive.", "Sign in again"},
		pageStale:       {"Sign-in expired", "The sign-in page was open for too long, or the browser kept no cookie. Allow cookies for this site and sign in again.", "Sign in again"},
		pageNoAccount:   {"No access", "You are not a user of the conversation archive yet. Ask your company's archive admin to add you, with the employees whom you may see.", "Sign in again"},
		pageDisabled:    {"Account disabled", "Your account of the conversation archive is disabled. Ask your company's archive admin.", "Sign in again"},
		pageNotMember:   {"No access", "The conversation archive is for members of this company only. Sign in with your WeCom account of this company.", "Sign in again"},
		pageUnavailable: {"Cannot sign in now", "WeCom could not be reached. Please try again later.", "Try again"},
		pageLimited:     {"Too many attempts", "Please try again later.", "Try again"},
		pageFailed:      {"Sign-in failed", "Something went wrong. Please try again later; if it stays, give the number below to your admin.", "Try again"},
	},
}

// language picks the language of a page: what the browser asks for first.
func language(c *gin.Context) string {
	first, _, _ := strings.Cut(c.GetHeader("Accept-Language"), ",")
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(first)), "en") {
		return "en"
	}
	return "zh"
}

// page answers with words and a button that signs in again.
func (s *Server) page(c *gin.Context, status int, name pageName, returnTo string) {
	lang := language(c)
	data := struct {
		pageText
		Lang, Login, ReturnTo, RequestID string
	}{pageTexts[lang][name], lang, loginPath, returnTo, requestOf(c.Request.Context()).id}
	if lang == "zh" {
		data.Lang = "zh-CN"
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		fail(c, err)
		return
	}
	c.Abort()
	c.Data(status, "text/html; charset=utf-8", b.Bytes())
}

// failPage shows an error to somebody who is signing in.
func (s *Server) failPage(c *gin.Context, err error) {
	name, status := pageFailed, http.StatusInternalServerError
	f := publicFault(err)
	switch fault.Class(f.Code) {
	case fault.CodeForbidden:
		name, status = pageNoAccount, http.StatusForbidden
		if _, ok := pageTexts["zh"][pageName(f.Code)]; ok {
			name = pageName(f.Code)
		}
	case fault.CodeUnauthenticated:
		name, status = pageStale, http.StatusUnauthorized
	case fault.CodeUnavailable:
		name, status = pageUnavailable, http.StatusServiceUnavailable
	case fault.CodeRateLimited:
		name, status = pageLimited, http.StatusTooManyRequests
	}
	ctx := c.Request.Context()
	if status >= 500 && ctx.Err() == nil {
		slog.ErrorContext(ctx, "sign-in failed", "code", f.Code, "err", err, "request_id", requestOf(ctx).id)
	}
	s.page(c, status, name, "/")
}

// pageStyle serves the style of the pages above.
func (s *Server) pageStyle(c *gin.Context) {
	b, err := pageFiles.ReadFile("pages/page.css")
	if err != nil {
		fail(c, err)
		return
	}
	c.Header("Cache-Control", "public, max-age=3600")
	c.Data(http.StatusOK, "text/css; charset=utf-8", b)
}
