package api

import (
	"fmt"
	"strings"
	"time"

	"huicun/internal/access"
	"huicun/internal/fault"
)

// Class says what to do about a failed call.
type Class string

// Classes of errors. Which code belongs where, with a hint for the operator,
// is in codes.go.
const (
	ClassConfig      Class = "config"      // somebody must change a setting; do not repeat before
	ClassToken       Class = "token"       // a fresh token was refused too
	ClassUnavailable Class = "unavailable" // network, 5xx, no JSON, system busy: later
	ClassLimited     Class = "limited"     // too many calls: not before Error.RetryAfter
	ClassObject      Class = "object"      // this one object is unknown or out of sight; others work
	ClassLogin       Class = "login"       // the OAuth code is no good: start the login again
	ClassReceiver    Class = "receiver"    // no receiver can get the message
	ClassRefused     Class = "refused"     // wrong parameters, or a code that nobody knows; do not repeat
	ClassUnknown     Class = "unknown"     // the answer was lost: it may have happened or not
)

// Error is a call that failed.
type Error struct {
	Op         string        // path of the call below /cgi-bin, as "user/list"
	Code       int           // errcode; 0 when WeCom gave none
	Message    string        // WeCom's errmsg or our own words; no secrets, tokens or URLs
	Class      Class         // what to do
	Hint       string        // for the operator; "" when there is nothing to add
	RetryAfter time.Duration // with ClassLimited: the pause that this client keeps

	cause error // context.Canceled, context.DeadlineExceeded or nil
}

// Error gives all fields on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "wecom %s: %s", e.Op, e.Class)
	if e.Code != 0 {
		fmt.Fprintf(&b, " %d", e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Unwrap gives the fault that other packages see, and the context's error if
// that ended the call.
func (e *Error) Unwrap() []error {
	errs := []error{e.fault()}
	if e.cause != nil {
		errs = append(errs, e.cause)
	}
	return errs
}

// Why a sign-in failed. Each is a *fault.Error.
var (
	ErrNotMember   = &fault.Error{Code: access.CodeNotMember, Message: "not a member of this company"}
	ErrCodeInvalid = &fault.Error{Code: "unauthenticated.code_invalid", Message: "the sign-in code is invalid"}
	ErrCodeUsed    = &fault.Error{Code: "unauthenticated.code_used", Message: "the sign-in code was used already"}
	ErrCodeExpired = &fault.Error{Code: "unauthenticated.code_expired", Message: "the sign-in code has expired"}
)

// Faults by class, for packages that do not know this one.
var (
	faultUnavailable = &fault.Error{Code: fault.CodeUnavailable, Message: "WeCom cannot be reached"}
	faultConfig      = &fault.Error{Code: "unavailable.wecom_config", Message: "WeCom does not allow this call; see the log"}
	faultLimited     = &fault.Error{Code: "rate_limited.wecom", Message: "too many calls to WeCom"}
	faultObject      = &fault.Error{Code: "not_found.wecom", Message: "unknown to WeCom, or out of the app's sight"}
	faultReceiver    = &fault.Error{Code: "invalid.receiver", Message: "no receiver can get the message"}
	faultRefused     = &fault.Error{Code: "internal.wecom_refused", Message: "WeCom refused the request"}
	faultUnknown     = &fault.Error{Code: "unavailable.outcome_unknown", Message: "WeCom's answer was lost"}
)

func (e *Error) fault() *fault.Error {
	switch e.Class {
	case ClassConfig, ClassToken:
		return faultConfig
	case ClassLimited:
		return faultLimited
	case ClassObject:
		return faultObject
	case ClassReceiver:
		return faultReceiver
	case ClassLogin:
		return loginFault(e.Code)
	case ClassRefused:
		return faultRefused
	case ClassUnknown:
		return faultUnknown
	}
	return faultUnavailable
}

func loginFault(code int) *fault.Error {
	switch code {
	case codeCodeUsed:
		return ErrCodeUsed
	case codeCodeExpired:
		return ErrCodeExpired
	}
	return ErrCodeInvalid
}
