package server

import (
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// Unlimited lifts all rate limits of s.
func Unlimited(s *Server) {
	none := redis_rate.Limit{Rate: 1e6, Burst: 1e6, Period: time.Second}
	s.rates = rates{login: none, reports: none, api: none}
}

// Limited puts the rate limits back.
func Limited(s *Server) { s.rates = defaultRates() }

// RecheckEvery sets how often live streams look at their session.
func RecheckEvery(s *Server, d time.Duration) { s.liveRecheck = d }
