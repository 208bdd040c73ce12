package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// healthz says that the process answers.
func healthz(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// readyz says whether requests would succeed: the database answers and its
// schema is current.
func (s *Server) readyz(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 3*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		slog.WarnContext(ctx, "not ready", "err", err)
		c.String(http.StatusServiceUnavailable, "not ready\n")
		return
	}
	c.String(http.StatusOK, "ready\n")
}
