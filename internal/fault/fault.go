// Package fault holds the one error type that crosses package borders and the
// list of its codes. Codes are part of the public API: they never change.
package fault

import (
	"errors"
	"fmt"
)

// Codes that stand for a class of failure. server maps each to one HTTP
// status; a more specific code is written "class.reason" after its class in
// Error.Code (for example "invalid.cursor").
const (
	CodeInvalid         = "invalid"         // 400
	CodeUnauthenticated = "unauthenticated" // 401
	CodeForbidden       = "forbidden"       // 403
	CodeNotFound        = "not_found"       // 404; also whatever is out of the viewer's scope
	CodeConflict        = "conflict"        // 409
	CodeRateLimited     = "rate_limited"    // 429
	CodeInternal        = "internal"        // 500
	CodeUnavailable     = "unavailable"     // 503
)

// Error is a failure that a caller may show to a person.
type Error struct {
	Code    string // one of the codes above, or "class.reason"
	Message string // English, without secrets, chat text or SQL
	Field   string // the request field that is wrong; "" when none is
	Err     error  // the cause, for the log only; may be nil
}

// Error gives code, field, message and cause, for logs.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	if e.Field != "" {
		s = e.Code + " (" + e.Field + "): " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Invalid says that a request field has a value that cannot be used.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// NotFound says that what is asked for does not exist or is out of scope.
func NotFound(what string) *Error {
	return &Error{Code: CodeNotFound, Message: what + " not found"}
}

// Unauthenticated says that there is no valid session.
func Unauthenticated(reason string) *Error {
	return &Error{Code: CodeUnauthenticated, Message: reason}
}

// Forbidden says that the viewer lacks a right, named in the message.
func Forbidden(reason string) *Error {
	return &Error{Code: CodeForbidden, Message: reason}
}

// Conflict says that the state of an object does not allow the request.
func Conflict(reason string) *Error {
	return &Error{Code: CodeConflict, Message: reason}
}

// Unavailable says that something that the request needs is down for now.
func Unavailable(reason string, err error) *Error {
	return &Error{Code: CodeUnavailable, Message: reason, Err: err}
}

// Internal wraps a failure whose detail is for the log only.
func Internal(err error) *Error {
	return &Error{Code: CodeInternal, Message: "internal error", Err: err}
}

// CodeOf gives the code of err: CodeInternal for an error without one.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// Class gives the part of a code before the first dot.
func Class(code string) string {
	for i := range len(code) {
		if code[i] == '.' {
			return code[:i]
		}
	}
	return code
}

// Is reports whether err carries a code of the given class.
func Is(err error, class string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && Class(e.Code) == class
}
