package server

import (
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
)

// Unlimited lifts all rate limits of s.
func Unlimited(s *Server) {
	none := redis_rate.Limit{Rate: 1e6, Burst: 1e6, Period: time.Second}
	s.rates = rates{login: none, reports: none, api: none, media: none, files: none}
}

// Limited makes all rate limits so low that a test can count: 5 requests, and
// no more within the hour.
func Limited(s *Server) {
	few := redis_rate.Limit{Rate: 1, Burst: 5, Period: time.Hour}
	heavy := few
	heavy.Burst = 2
	s.rates = rates{login: few, reports: few, api: few, media: few, files: heavy, heavy: map[string]redis_rate.Limit{"FindInConversation": heavy}}
}

// LimitedByBytes lifts all rate limits of s but that of bytes of files.
func LimitedByBytes(s *Server, hour int64) {
	Unlimited(s)
	s.rates.bytes = bytesPerHour(hour)
}

// RecheckEvery sets how often live streams look at their session.
func RecheckEvery(s *Server, d time.Duration) { s.liveRecheck = d }

// BodyWithin sets how long a body may take to arrive.
func BodyWithin(s *Server, d time.Duration) { s.bodyTimeout = d }

// PatientWith lets s wait for a slow Redis.
func PatientWith(s *Server, client *redis.Client) { s.limits = newLimiter(client, time.Minute) }

// WriteWithin sets how long a reader may take for a piece of a file.
func WriteWithin(s *Server, d time.Duration) { s.mediaWrite = d }

// LimitedAsUsual gives s the rate limits of production.
func LimitedAsUsual(s *Server) { s.rates = defaultRates() }
