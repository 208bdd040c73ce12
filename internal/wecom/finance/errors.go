package finance

import (
	"errors"
	"fmt"
	"strings"
)

// Names of the SDK's functions, used as Error.Op.
const (
	opGetChatData  = "GetChatData"
	opDecryptData  = "DecryptData"
	opGetMediaData = "GetMediaData"
	opGetToken     = "gettoken"
	opInit         = "Init"
)

// Class says what to do about an Error.
type Class int

// The classes. No class ends pulling for good: after a failure that a person
// must mend, try again every few minutes.
const (
	// ClassRetry: repeat the same call, with back-off.
	ClassRetry Class = iota + 1
	// ClassWait: too many calls; pause at least 60 s.
	ClassWait
	// ClassTooLarge: halve the limit, down to 1, and repeat.
	ClassTooLarge
	// ClassConfig: stop and alarm; an administrator has to change something.
	ClassConfig
	// ClassTrustedIP: stop and alarm; this machine's address is not in the
	// archive's list of trusted addresses.
	ClassTrustedIP
	// ClassExpired: older than WeCom's window of 5 days; it will never come.
	ClassExpired
	// ClassKey: this message does not open with its key. Keep it as it came and
	// try again when keys have changed.
	ClassKey
	// ClassPermanent: this item will never succeed; record it and go on.
	ClassPermanent
)

var classNames = map[Class]string{
	ClassRetry: "retry", ClassWait: "wait", ClassTooLarge: "too_large", ClassConfig: "config",
	ClassTrustedIP: "trusted_ip", ClassExpired: "expired", ClassKey: "key", ClassPermanent: "permanent",
}

// String gives the class as one word, for logs and metrics.
func (c Class) String() string {
	if s, ok := classNames[c]; ok {
		return s
	}
	return fmt.Sprintf("class(%d)", int(c))
}

// ErrCrashed is inside errors of calls on which the SDK ended its process.
var ErrCrashed = errors.New("the SDK aborted its process")

// Error is a failure that the SDK or WeCom reported. Its text names the cause
// and the operator's next step and never holds secrets or chat text.
type Error struct {
	Op     string // function of the SDK, or "gettoken", "open"
	Code   int    // return code of the SDK or errcode of the JSON; 0 when neither was given
	Class  Class
	Reason string // what WeCom said or what was found out; may be ""
	Err    error  // the cause; may be nil
}

// Error gives all parts in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("finance: " + e.Op)
	if e.Code != 0 {
		fmt.Fprintf(&b, ": code %d", e.Code)
	}
	info := codes[e.Code]
	for _, part := range []string{info.cause, e.Reason} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if info.step != "" {
		b.WriteString("; " + info.step)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// codeError is the Error of a return code or errcode.
func codeError(op string, code int) *Error {
	e := &Error{Op: op, Code: code, Class: Classify(code)}
	if op == opDecryptData && code == 10005 {
		e.Class = ClassKey // the layout of the message, not a file id
	}
	return e
}

// Classify gives the class of an SDK return code or a JSON errcode. An unknown
// code of the SDK is worth another try; an unknown errcode needs a person.
func Classify(code int) Class {
	if info, ok := codes[code]; ok {
		return info.class
	}
	if code < 20000 {
		return ClassRetry
	}
	return ClassConfig
}

// ClassOf gives the class of the *Error inside err, or ClassRetry when there is
// none: an error that nobody classified is worth another try.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ClassRetry
}
