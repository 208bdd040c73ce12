// Package finance pulls WeCom's conversation archive (会话内容存档).
//
// There are two clients behind one interface. OpenSDK drives Tencent's own
// Finance SDK, a closed library that is opened at run time in helper processes,
// because it ends its whole process on some bad input. OpenPure speaks the same
// protocol in Go and is meant for wecomsim, since Tencent documents no protocol
// for its servers. Sources: developer.work.weixin.qq.com/document/path/91774 and
// the behaviour of the library.
package finance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"
)

// Host is the only name that the SDK calls and whose certificate is accepted.
const Host = "qyapi.weixin.qq.com"

// MaxLimit is the largest page that GetChatData may ask for.
const MaxLimit = 1000

// Client pulls one corp's archive. It is safe for concurrent use. Failures that
// WeCom or the SDK report are an *Error; a cancelled call gives the error of its
// context, a call after Close gives ErrClosed.
type Client interface {
	// GetChatData returns up to limit (1 to MaxLimit) messages that follow seq:
	// the outer JSON, byte for byte, which ParseChatData reads. The JSON may
	// carry an errcode although the call succeeded.
	GetChatData(ctx context.Context, seq uint64, limit uint32) ([]byte, error)

	// DecryptData opens messages. Result i belongs to item i; a message that
	// does not open has its Opened.Err set and never fails the call.
	DecryptData(ctx context.Context, items []Sealed) ([]Opened, error)

	// GetMediaData fetches one part of a file: indexBuf is "" at first, then the
	// previous part's OutIndexBuf. Fetching a part again is harmless.
	GetMediaData(ctx context.Context, indexBuf, sdkFileID string) (MediaPart, error)

	// Close ends calls in flight and releases all processes and connections.
	Close() error
}

// Sealed is one encrypted message.
type Sealed struct {
	Key string // encrypt_random_key after RSA, see KeyRing.OpenKey
	Msg string // encrypt_chat_msg as it came
}

// Opened is a decrypted message, or why there is none.
type Opened struct {
	Data []byte // JSON as WeCom made it; may hold raw control characters
	Err  error  // an *Error, nil when Data is valid
}

// MediaPart is up to 512 KiB of a file.
type MediaPart struct {
	Data        []byte
	OutIndexBuf string // where the next part begins; "" when Finished
	Finished    bool   // this was the last part
}

// Options say which corp to pull and how to reach WeCom.
type Options struct {
	CorpID string // ww...
	Secret string // the secret of the conversation archive, not of an app

	// Library is the path of libWeWorkFinanceSdk_C.so, or of its folder. Only
	// OpenSDK needs it.
	Library string

	Proxy         string // "", http://host:port or socks5://host:port
	ProxyPassword string // user:password for Proxy, "" when it needs none

	// Upstream is the host:port to connect to instead of Host:443, for wecomsim.
	// Its certificate must be for Host all the same.
	Upstream string

	// CAFile holds the PEM certificates that the upstream's certificate must
	// chain to; "" means those of the system.
	CAFile string

	// Relay makes the SDK talk to a relay of our own on the loopback, which
	// checks the certificate of WeCom, because the SDK itself does not check
	// who issued it. Without it Proxy goes straight to the SDK.
	Relay bool

	Timeout time.Duration // of one request; 0 means 30 s, else rounded up to whole seconds
	Workers int           // helper processes, each with one SDK handle; 0 means 3, at most 16

	// HelperCommand starts a helper process, whose main must call HelperMain;
	// empty means this program with the argument finance-helper.
	HelperCommand []string

	Log *slog.Logger // nil means no log
}

const (
	defaultTimeout = 30 * time.Second
	maxTimeout     = 10 * time.Minute
	defaultWorkers = 3
	maxWorkers     = 16
)

// ErrClosed is returned by calls after Close.
var ErrClosed = errors.New("finance: client is closed")

// normal checks o and fills in what was left out.
func (o Options) normal() (Options, error) {
	if err := checkCredential("corp id", o.CorpID); err != nil {
		return o, err
	}
	if err := checkCredential("archive secret", o.Secret); err != nil {
		return o, err
	}
	if o.Upstream == "" {
		o.Upstream = net.JoinHostPort(Host, "443")
	}
	if _, _, err := net.SplitHostPort(o.Upstream); err != nil {
		return o, configError("the upstream address %q is not host:port", o.Upstream)
	}
	if strings.ContainsRune(o.ProxyPassword, 0) {
		return o, configError("the proxy password contains a NUL byte")
	}
	if o.Timeout < 0 || o.Timeout > maxTimeout {
		return o, configError("the timeout %v is not between 0 and %v", o.Timeout, maxTimeout)
	}
	if o.Workers < 0 || o.Workers > maxWorkers {
		return o, configError("%d workers are not between 1 and %d", o.Workers, maxWorkers)
	}
	return o.defaults(), nil
}

func (o Options) defaults() Options {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	o.Timeout = (o.Timeout + time.Second - 1).Truncate(time.Second)
	if o.Workers == 0 {
		o.Workers = defaultWorkers
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// checkCredential refuses what the library could not put into its request
// unharmed: it writes both into the URL as they are.
func checkCredential(name, value string) error {
	if value == "" {
		return configError("no %s is configured", name)
	}
	for _, c := range []byte(value) {
		if c <= ' ' || c >= 0x7f || c == '&' || c == '#' {
			return configError("the %s contains a space or another character that cannot be part of it", name)
		}
	}
	return nil
}

// configError is an error in the options.
func configError(format string, args ...any) error {
	return &Error{Op: "open", Class: ClassConfig, Reason: fmt.Sprintf(format, args...)}
}

// checkLimit refuses what the SDK refuses, before it gets there.
func checkLimit(limit uint32) error {
	if limit < 1 || limit > MaxLimit {
		return &Error{
			Op: opGetChatData, Code: 10000, Class: ClassConfig,
			Reason: fmt.Sprintf("limit %d is not between 1 and %d", limit, MaxLimit),
		}
	}
	return nil
}
