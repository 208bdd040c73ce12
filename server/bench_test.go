package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-redis/redis_rate/v10"
)

// BenchmarkLimiter is what counting a request in the process costs.
func BenchmarkLimiter(b *testing.B) {
	l := newLimiter(nil, redisTimeout)
	limit := redis_rate.PerSecond(1e9)
	for b.Loop() {
		l.allow(b.Context(), "key", limit, 1)
	}
}

// BenchmarkValidate is what checking a request against the contract costs.
func BenchmarkValidate(b *testing.B) {
	routes, err := newContract()
	if err != nil {
		b.Fatal(err)
	}
	s := &Server{contract: routes}
	e := gin.New()
	e.GET(apiBase+"/conversations/:conversation_id/messages", s.validate, func(c *gin.Context) { c.Status(http.StatusOK) })
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, apiBase+"/conversations/7/messages?limit=40", nil)
	for b.Loop() {
		e.ServeHTTP(httptest.NewRecorder(), r)
	}
}
