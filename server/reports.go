package server

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"huicun/internal/fault"
	"huicun/server/api"
)

const maxReportBytes = 16 << 10

// cspReport is what browsers send when the policy stopped something
// (w3.org/TR/CSP3, 5.3).
type cspReport struct {
	Report struct {
		DocumentURI        string `json:"document-uri"`
		BlockedURI         string `json:"blocked-uri"`
		ViolatedDirective  string `json:"violated-directive"`
		EffectiveDirective string `json:"effective-directive"`
		SourceFile         string `json:"source-file"`
		LineNumber         int    `json:"line-number"`
	} `json:"csp-report"`
}

// reportCSP logs a report without what may be private in its addresses.
func (s *Server) reportCSP(c *gin.Context) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxReportBytes))
	if err != nil {
		fail(c, decodeFault(err))
		return
	}
	var r cspReport
	if err := json.Unmarshal(body, &r); err != nil {
		fail(c, fault.Invalid("", "no CSP report"))
		return
	}
	directive := r.Report.EffectiveDirective
	if directive == "" {
		directive, _, _ = strings.Cut(r.Report.ViolatedDirective, " ")
	}
	slog.WarnContext(c.Request.Context(), "content security policy violated", "directive", printable(directive, 60),
		"blocked", originOf(r.Report.BlockedURI), "document", firstSegment(r.Report.DocumentURI),
		"source", originOf(r.Report.SourceFile), "line", r.Report.LineNumber)
	c.Status(http.StatusNoContent)
}

// originOf keeps scheme and host of an address; keywords such as "inline" stay.
func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "unreadable"
	}
	if u.Host == "" {
		return printable(u.Scheme+u.Path, 30)
	}
	return printable(u.Scheme+"://"+u.Host, 100)
}

// firstSegment keeps the page without its ids.
func firstSegment(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "unreadable"
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return printable("/"+first, 60)
}

// printable keeps at most n ASCII characters that cannot disturb a log.
func printable(s string, n int) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s[:min(len(s), n)])
}

// ReportClientError answers POST /client-errors.
func (s *Server) ReportClientError(ctx context.Context, req api.ReportClientErrorRequestObject) (api.ReportClientErrorResponseObject, error) {
	ctx, r := caller(ctx)
	slog.WarnContext(ctx, "failure in a browser", "route", printable(req.Body.Route, 100),
		"build", printable(req.Body.Build, 100), "stack", stackFrames(req.Body.Stack), "viewer_id", r.viewer.ID, "request_id", r.id)
	return api.ReportClientError204Response{}, nil
}

// stackFrames keeps the lines of a stack that name a place in our code. The
// first line of a stack repeats the error's message, which may quote anything.
func stackFrames(stack string) []string {
	var frames []string
	for line := range strings.SplitSeq(stack, "\n") {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "?")
		if !strings.HasPrefix(line, "at ") && !strings.Contains(line, "@") {
			continue
		}
		if i := strings.Index(line, "/assets/"); i >= 0 && len(frames) < 30 {
			frames = append(frames, printable(line[i+1:], 120))
		}
	}
	return frames
}
