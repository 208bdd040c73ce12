package server

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"huicun/server/api"
)

func init() { gin.SetMode(gin.ReleaseMode) } // else gin prints every route

// routes builds the router. What is not listed here is a page of the H5.
func (s *Server) routes() (*gin.Engine, error) {
	e := gin.New()
	e.HandleMethodNotAllowed = false
	e.RedirectTrailingSlash = false
	e.ContextWithFallback = true
	if err := e.SetTrustedProxies(s.TrustedProxies); err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	e.Use(s.identify, s.logAccess, s.recoverPanic, s.protect)

	e.GET("/healthz", healthz)
	e.GET("/readyz", s.readyz)

	auth := e.Group("/auth", noStore, s.limitLogin)
	auth.GET("/login", s.login)
	auth.GET("/callback", s.callback)
	auth.GET("/page.css", s.pageStyle)

	wecom := e.Group("/wecom/callback", noStore)
	wecom.GET("/:config_id", s.verifyCallback)
	wecom.POST("/:config_id", s.receiveCallback)

	e.POST(apiBase+"/csp", noStore, s.limitReports, s.reportCSP)

	v1 := e.Group(apiBase, noStore, s.requireSession, s.limitSession, s.sameOrigin, s.checkCSRF, s.limitHeavy, s.validate)
	api.RegisterHandlersWithOptions(v1, api.NewStrictHandlerWithOptions(s, nil, strictOptions()), api.GinServerOptions{
		ErrorHandler: func(c *gin.Context, err error, _ int) { fail(c, parameterFault(err)) },
	})

	v1.GET("/openapi.json", s.openapi)

	e.NoRoute(s.serveStatic)
	return e, nil
}

// openapi gives admins the contract itself.
func (s *Server) openapi(c *gin.Context) {
	if err := adminOnly(requestOf(c.Request.Context()).viewer); err != nil {
		fail(c, err)
		return
	}
	spec, err := api.GetSpecJSON()
	if err != nil {
		fail(c, err)
		return
	}
	c.Data(http.StatusOK, "application/json", spec)
}
