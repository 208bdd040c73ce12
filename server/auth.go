package server

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/personid"
)

const (
	loginPath    = "/auth/login"
	callbackPath = "/auth/callback"

	// againMark at the end of a state says that this sign-in is the second
	// attempt: a third would go round for ever.
	againMark = "r"
)

// login sends the browser to WeCom's page for signing in.
func (s *Server) login(c *gin.Context) {
	returnTo := c.Query("return_to")
	if returnTo == "" {
		returnTo = c.Query("to")
	}
	l, err := s.Access.StartLogin(c.Request.Context(), cookie(c.Request, s.loginCookieName()), safePath(returnTo))
	if err != nil {
		s.failPage(c, err)
		return
	}
	s.setCookie(c.Writer, s.loginCookieName(), l.Browser, access.LoginStateMax)
	state := l.State
	if c.Query("again") != "" {
		state += againMark
	}
	redirect := s.public.String() + callbackPath
	to := s.WeCom.WebLoginURL(state, redirect, language(c))
	if insideWeCom(c.Request) {
		to = s.WeCom.AuthorizeURL(state, redirect)
	}
	c.Redirect(http.StatusFound, to)
}

func insideWeCom(r *http.Request) bool {
	return strings.Contains(strings.ToLower(r.UserAgent()), "wxwork")
}

// callback takes the browser back from WeCom.
func (s *Server) callback(c *gin.Context) {
	state, again := strings.CutSuffix(c.Query("state"), againMark)
	browser := cookie(c.Request, s.loginCookieName())
	returnTo, err := s.Access.UseState(c.Request.Context(), browser, state)
	if fault.Is(err, fault.CodeNotFound) {
		s.staleState(c, again)
		return
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	returnTo = safePath(returnTo)
	code := c.Query("code")
	if code == "" {
		s.page(c, http.StatusUnauthorized, pageCancelled, returnTo)
		return
	}
	userid, err := s.WeCom.UserByCode(c.Request.Context(), code)
	if fault.Is(err, fault.CodeUnauthenticated) && !again {
		c.Redirect(http.StatusFound, loginAgain(returnTo))
		return
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	s.finishLogin(c, userid, returnTo)
}

// staleState meets a state that was used, has run out or belongs to another
// browser: somebody who reloads the page, or took too long.
func (s *Server) staleState(c *gin.Context, again bool) {
	if s.signedIn(c) == nil {
		c.Redirect(http.StatusFound, "/")
		return
	}
	if again {
		s.page(c, http.StatusUnauthorized, pageStale, "/")
		return
	}
	c.Redirect(http.StatusFound, loginAgain("/"))
}

func loginAgain(returnTo string) string {
	return loginPath + "?" + url.Values{"again": {"1"}, "return_to": {returnTo}}.Encode()
}

// finishLogin gives the browser a new session. One that it had before ends.
func (s *Server) finishLogin(c *gin.Context, userid, returnTo string) {
	ctx := c.Request.Context()
	r := requestOf(ctx)
	token, err := s.Access.SignIn(ctx, userid, r.origin(), c.Request.UserAgent())
	if err != nil {
		s.recordRefusal(c, userid, err)
		s.failPage(c, err)
		return
	}
	if s.signedIn(c) == nil {
		if err := s.Access.SignOut(ctx, r.session, r.origin()); err != nil {
			slog.WarnContext(ctx, "former session not ended", "err", err, "request_id", r.id)
		}
	}
	s.setCookie(c.Writer, s.loginCookieName(), "", 0)
	s.setCookie(c.Writer, s.cookieName(), token, access.SessionMax)
	c.Redirect(http.StatusFound, returnTo)
}

// recordRefusal notes that a member without a valid account tried to sign in.
func (s *Server) recordRefusal(c *gin.Context, userid string, err error) {
	if !fault.Is(err, fault.CodeForbidden) || userid == "" {
		return
	}
	ctx := c.Request.Context()
	from := requestOf(ctx).origin()
	from.Actor = personid.Key(userid)
	e := from.Entry(audit.SessionRefused, "", map[string]any{"code": fault.CodeOf(err)})
	if err := s.Audit.RecordOnce(ctx, e); err != nil {
		slog.ErrorContext(ctx, "refused sign-in not recorded", "err", err)
	}
}
