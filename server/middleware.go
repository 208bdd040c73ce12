package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huicun/internal/fault"
)

const maxBodyBytes = 1 << 20

// bodyTimeout bounds how long a body may take to arrive.
const bodyTimeout = 30 * time.Second

// contentSecurityPolicy lets the H5 load nothing but its own files. The frame
// schemes are those of the bridge inside WeCom.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"media-src 'self'; font-src 'self'; connect-src 'self'; " +
	"frame-src weixin: weixinping: weixinpreinject: wxwork:; base-uri 'none'; form-action 'self'; " +
	"frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types vue; " +
	"report-uri /api/v1/csp"

// identify gives each request its id and client address.
func (s *Server) identify(c *gin.Context) {
	r := &request{id: newRequestID(s.Now()), ip: c.ClientIP(), lastEventID: c.GetHeader("Last-Event-ID")}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestKey{}, r))
	c.Header("X-Request-Id", r.id)
	c.Next()
}

// logAccess writes a line per request: no query, no names.
func (s *Server) logAccess(c *gin.Context) {
	start := time.Now()
	c.Next()
	level := slog.LevelInfo
	if c.FullPath() == "/healthz" || c.FullPath() == "/readyz" {
		level = slog.LevelDebug
	}
	ctx := c.Request.Context()
	r := requestOf(ctx)
	slog.Log(ctx, level, "request", "method", c.Request.Method, "path", shortPath(c), "status", c.Writer.Status(),
		"bytes", max(0, c.Writer.Size()), "duration_ms", time.Since(start).Milliseconds(), "ip", r.ip,
		"viewer_id", r.viewer.ID, "request_id", r.id)
}

// shortPath gives the route for known paths, so that ids stay out of the log,
// and the beginning of the path for all others.
func shortPath(c *gin.Context) string {
	if route := c.FullPath(); route != "" {
		return route
	}
	path := c.Request.URL.Path
	if i := strings.IndexByte(path[min(1, len(path)):], '/'); i >= 0 {
		path = path[:i+1] + "/…"
	}
	return strings.ToValidUTF8(path[:min(len(path), 60)], "")
}

// recoverPanic turns a panic into a 500 without internals. What panicked may
// hold chat text, so only errors of the runtime are logged in words.
func (s *Server) recoverPanic(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		what := fmt.Sprintf("%T", p)
		if e, ok := p.(runtime.Error); ok {
			what = e.Error()
		}
		slog.ErrorContext(c.Request.Context(), "panic", "what", what, "stack", string(debug.Stack()),
			"request_id", requestOf(c.Request.Context()).id)
		fail(c, fault.Internal(nil))
	}()
	c.Next()
}

// protect sets the headers of every answer and bounds every body.
func (s *Server) protect(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), clipboard-read=()")
	if s.secure() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBodyBytes)
	if c.Request.Method != http.MethodGet {
		// A body that trickles in holds a connection no longer than this. Not
		// every writer has deadlines; those of tests do not.
		_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(s.bodyTimeout))
	}
	c.Next()
}

// noStore keeps answers out of every cache.
func noStore(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Next()
}

// sameOrigin refuses changes that another site makes a browser ask for. The
// CSRF token would stop them too; this does not depend on the token staying
// secret.
func (s *Server) sameOrigin(c *gin.Context) {
	if safeMethod(c.Request.Method) {
		c.Next()
		return
	}
	site := c.GetHeader("Sec-Fetch-Site")
	origin := c.GetHeader("Origin")
	if (site == "" || site == "same-origin" || site == "none" || s.allowedOrigin(origin)) &&
		(origin == "" || s.allowedOrigin(origin)) {
		c.Next()
		return
	}
	fail(c, &fault.Error{Code: "forbidden.origin", Message: "the request comes from another site"})
}

func (s *Server) allowedOrigin(origin string) bool {
	if origin == "" {
		return false
	}
	if strings.EqualFold(origin, s.public.String()) {
		return true
	}
	for _, o := range s.ExtraOrigins {
		if strings.EqualFold(origin, o) {
			return true
		}
	}
	return false
}

// checkCSRF refuses changes without the token of the session.
func (s *Server) checkCSRF(c *gin.Context) {
	if safeMethod(c.Request.Method) || requestOf(c.Request.Context()).session.ValidCSRF(c.GetHeader("X-CSRF-Token")) {
		c.Next()
		return
	}
	fail(c, &fault.Error{Code: "forbidden.csrf", Message: "the header X-CSRF-Token is missing or wrong"})
}

func safeMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
