package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"

	"huicun/internal/fault"
	"huicun/server/api"
)

// statusByClass is the one place where codes become HTTP statuses.
var statusByClass = map[string]int{
	fault.CodeInvalid:         http.StatusBadRequest,
	fault.CodeUnauthenticated: http.StatusUnauthorized,
	fault.CodeForbidden:       http.StatusForbidden,
	fault.CodeNotFound:        http.StatusNotFound,
	fault.CodeConflict:        http.StatusConflict,
	"held":                    http.StatusConflict,
	"approval_required":       http.StatusConflict,
	fault.CodeRateLimited:     http.StatusTooManyRequests,
	fault.CodeUnavailable:     http.StatusServiceUnavailable,
}

// statusClosed says in the access log that the client went away (nginx's
// number); nobody receives it.
const statusClosed = 499

// fail answers a request with an error. It is the only place that logs what
// went wrong inside.
func fail(c *gin.Context, err error) {
	f := publicFault(err)
	status, ok := statusByClass[fault.Class(f.Code)]
	if !ok {
		status = http.StatusInternalServerError
	}
	ctx := c.Request.Context()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) || c.Writer.Written() && hungUp(err) {
		c.AbortWithStatus(statusClosed)
		return
	}
	if status >= 500 {
		slog.ErrorContext(ctx, "request failed", "method", c.Request.Method, "route", c.FullPath(),
			"code", f.Code, "err", err, "request_id", requestOf(ctx).id)
	}
	if c.Writer.Written() {
		c.Abort()
		return
	}
	if wait, ok := errors.AsType[retryAfter](err); ok {
		sayRetryAfter(c, time.Duration(wait))
	}
	c.AbortWithStatusJSON(status, newError(f, requestOf(ctx).id))
}

// hungUp reports whether err, of writing an answer, says that the other side has
// left: known before the request's context tells.
func hungUp(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// publicFault gives what may be told of err. Whatever has no known code is
// internal, and its text stays in the log.
func publicFault(err error) *fault.Error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return fault.Internal(err)
	}
	if _, known := statusByClass[fault.Class(f.Code)]; !known {
		return fault.Internal(err)
	}
	return f
}

func newError(f *fault.Error, requestID string) api.Error {
	var body api.Error
	body.Error.Code = f.Code
	body.Error.Message = f.Message
	body.Error.Field = optional(f.Field)
	body.Error.RequestId = requestID
	return body
}

// strictOptions are the error hooks of the generated handlers.
func strictOptions() api.StrictGinServerOptions {
	return api.StrictGinServerOptions{
		RequestErrorHandlerFunc:  func(c *gin.Context, err error) { fail(c, decodeFault(err)) },
		HandlerErrorFunc:         fail,
		ResponseErrorHandlerFunc: fail,
	}
}

// decodeFault says what is wrong with a body that does not decode.
func decodeFault(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &fault.Error{Code: "invalid.too_large", Message: "the body is larger than " + strconv.FormatInt(tooLarge.Limit, 10) + " bytes"}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fault.Invalid(wrong.Field, "must be of type %s", wrong.Type.Kind())
	}
	if errors.Is(err, io.EOF) {
		return fault.Invalid("", "the body is empty")
	}
	return fault.Invalid("", "the body is no JSON")
}

// misread is how the generated handlers say which parameter they cannot read.
var misread = regexp.MustCompile(`^Invalid format for parameter ([a-zA-Z0-9_-]+): `)

// parameterFault says which parameter does not decode although it has the form
// that openapi.yaml wants: a day that does not exist, for one.
func parameterFault(err error) error {
	if m := misread.FindStringSubmatch(err.Error()); m != nil {
		return fault.Invalid(m[1], "has the wrong form, or does not exist")
	}
	return fault.Invalid("", "a parameter has the wrong form")
}

// optional gives nil for the zero value, which the API leaves out.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// optionalTime gives nil for the zero time, else the time in UTC.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// value gives what p points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// mapAll applies f to each element; never nil, since a list is never null.
func mapAll[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

// number reads an id of ours; whatever is no number does not exist.
func number(s, what string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != s {
		return 0, fault.NotFound(what)
	}
	return n, nil
}

func text(n int64) string { return strconv.FormatInt(n, 10) }
