package wecomsim

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// Config is everything that can be set. DefaultConfig fills it for a
// demonstration; the zero value of a field takes the default unless its comment
// says otherwise.
type Config struct {
	Listen        string // API and pages, host:port; port 0 takes a free one
	ProxyListen   string // CONNECT proxy for the Finance SDK, host:port
	ProxyPassword string // "user:password" that the proxy asks for; "" = none
	DataDir       string // CA, keys and state; "" = a temporary one, removed at the end of Run

	CorpID        string
	AgentID       int64
	ArchiveSecret string // Finance SDK and msgaudit/*
	AppSecret     string // everything that the self-built app calls
	ContactSecret string // user/list_id and department/simplelist
	TokenTTL      time.Duration

	// TrustedDomains are the hosts (with port, if any) that OAuth may redirect
	// to; empty = every loopback address on any port.
	TrustedDomains []string

	AppCallback     Callback      // customer events; not sent when its URL is ""
	ArchiveCallback Callback      // msgaudit_notify; not sent when its URL is ""
	NotifyEvery     time.Duration // least time between two msgaudit_notify
	CallbackTimeout time.Duration // a slower answer counts as a failed delivery
	RetryWait       time.Duration // pause before a delivery is repeated

	Messages    int       // size of the made-up history; negative = none; ignored with Load
	Seed        uint64    // of the made-up company
	End         time.Time // time of the newest made-up message; zero = now, kept in DataDir
	Rate        float64   // new made-up messages a minute; 0 = none
	StartSeq    uint64    // seq of the first message; 0 counts as 1
	Load        string    // file with one message JSON a line; "-" = Input; "" = the made-up company
	Input       io.Reader // what Load "-" reads; nil = nothing
	Directory   string    // JSON file with the directory; "" = the made-up company
	PublicKey   string    // PEM file of the company's own RSA-2048 public key; "" = make a pair
	MaxPageSize int       // bytes of plaintext in one getchatdata answer before 301058
	Gallery     bool      // the made-up history begins with the sample chat of every type, corpus.GalleryName
	MediaBig    int       // MiB of a file that is sent first to a new data directory; 0 = none
	Hold        bool      // no message is given out before POST /sim/release lets it

	HuicunURL string // where the phone pages find huicun; "" = no link

	Faults    []Fault // switched on from the start
	FaultSeed uint64  // of the faults' chances; 0 counts as 1

	// Middleware wraps every /cgi-bin/ call, on both listeners: the one place
	// where faults can be put between WeCom and its caller. nil = none.
	Middleware func(http.Handler) http.Handler

	Log *slog.Logger     // nil = slog.Default()
	Now func() time.Time // nil = time.Now
}

// Callback is one 接收事件服务器 of the console.
type Callback struct {
	URL    string
	Token  string // up to 32 letters and digits
	AESKey string // EncodingAESKey, 43 letters and digits
}

// DefaultConfig is a company ready for a demonstration on loopback. Its secrets
// are written here for everybody to read: the simulator guards nothing.
func DefaultConfig() Config {
	return Config{
		Listen:          "127.0.0.1:18080",
		ProxyListen:     "127.0.0.1:18081",
		CorpID:          "ww5f0c1a7e9b3d2846",
		AgentID:         1000012,
		ArchiveSecret:   "sim-archive-secret-4Yx0Qm2Vt7Lr9Kd1Wb6N",
		AppSecret:       "sim-app-secret-8Hs3Zc5Pj0Gf2Ta7Re4Mu1Q",
		ContactSecret:   "sim-contact-secret-1Bv6Nk9Xw4Ds8Ly3Fo5",
		TokenTTL:        2 * time.Hour,
		AppCallback:     Callback{Token: "SimAppToken2026", AESKey: "kWxGz7RbT2mVq9LdYc4NsHf6PjUa1EoXi8ZtCwB3MDy"},
		ArchiveCallback: Callback{Token: "SimArchiveToken2026", AESKey: "Qn5VtZ8cLw2RyXk7BmJd4HgPs9FaUe1ToIi6YqCxM3N"},
		NotifyEvery:     15 * time.Second,
		CallbackTimeout: 5 * time.Second,
		RetryWait:       time.Second,
		Messages:        20000,
		Seed:            1,
		StartSeq:        1,
		FaultSeed:       1,
		MaxPageSize:     64 << 20,
	}
}

// withDefaults fills what was left zero and that must not stay so.
func (c Config) withDefaults() Config {
	d := DefaultConfig()
	set(&c.Listen, d.Listen)
	set(&c.ProxyListen, d.ProxyListen)
	set(&c.CorpID, d.CorpID)
	set(&c.AgentID, d.AgentID)
	set(&c.ArchiveSecret, d.ArchiveSecret)
	set(&c.AppSecret, d.AppSecret)
	set(&c.ContactSecret, d.ContactSecret)
	set(&c.TokenTTL, d.TokenTTL)
	set(&c.NotifyEvery, d.NotifyEvery)
	set(&c.CallbackTimeout, d.CallbackTimeout)
	set(&c.RetryWait, d.RetryWait)
	set(&c.Messages, d.Messages)
	set(&c.StartSeq, d.StartSeq)
	set(&c.MaxPageSize, d.MaxPageSize)
	set(&c.FaultSeed, d.FaultSeed)
	c.AppCallback = c.AppCallback.withDefaults(d.AppCallback)
	c.ArchiveCallback = c.ArchiveCallback.withDefaults(d.ArchiveCallback)
	if c.Messages < 0 {
		c.Messages = 0
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c Callback) withDefaults(d Callback) Callback {
	set(&c.Token, d.Token)
	set(&c.AESKey, d.AESKey)
	return c
}

// set gives v the value d if it is zero.
func set[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// check finds what would only fail later and less clearly.
func (c Config) check() error {
	if c.ArchiveSecret == c.AppSecret || c.AppSecret == c.ContactSecret || c.ArchiveSecret == c.ContactSecret {
		return errors.New("wecomsim: the archive, app and contact secrets must differ")
	}
	if c.Rate < 0 || c.Rate > maxRate {
		return fmt.Errorf("wecomsim: rate must be 0..%d messages a minute", maxRate)
	}
	if c.MediaBig < 0 || c.MediaBig > mostBig {
		return fmt.Errorf("wecomsim: media-big must be 0..%d MiB", mostBig)
	}
	for _, addr := range []string{c.Listen, c.ProxyListen} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("wecomsim: listen address: %w", err)
		}
	}
	for name, cb := range map[string]Callback{"app": c.AppCallback, "archive": c.ArchiveCallback} {
		if err := cb.check(); err != nil {
			return fmt.Errorf("wecomsim: %s callback: %w", name, err)
		}
	}
	return checkWebURL("huicun URL", c.HuicunURL)
}

var callbackToken = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)

func (c Callback) check() error {
	if !callbackToken.MatchString(c.Token) {
		return errors.New("token must be 1..32 letters and digits")
	}
	if _, err := callbackKey(c.AESKey); err != nil {
		return err
	}
	return checkWebURL("URL", c.URL)
}

// checkWebURL accepts "" and absolute http(s) addresses.
func checkWebURL(name, raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("%s must be an absolute http or https address", name)
	}
	return nil
}

// randomID gives 2n hexadecimal digits.
func randomID(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
