package wecomsim

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// secretKind tells the secrets of the corp apart; a call may be open to several.
type secretKind uint8

const (
	archiveSecret secretKind = 1 << iota
	appSecret
	contactSecret

	anySecret = archiveSecret | appSecret | contactSecret
)

// tokens hands out one access token a secret.
type tokens struct {
	cfg     *Config
	faults  *faultSet
	mu      sync.Mutex
	current map[secretKind]token
	issued  map[string]token // by text, also the expired ones of the last hours
}

type token struct {
	text    string
	kind    secretKind
	expires time.Time
}

// keepExpired is how long an expired token is told apart from an unknown one.
const keepExpired = 24 * time.Hour

func newTokens(cfg *Config, faults *faultSet) *tokens {
	return &tokens{cfg: cfg, faults: faults, current: map[secretKind]token{}, issued: map[string]token{}}
}

// get gives the token of kind, a new one when the last has expired.
func (t *tokens) get(kind secretKind) token {
	now := t.cfg.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if tk, ok := t.current[kind]; ok && now.Before(tk.expires) {
		return tk
	}
	tk := token{text: "sim" + randomID(32), kind: kind, expires: now.Add(t.cfg.TokenTTL)}
	t.current[kind], t.issued[tk.text] = tk, tk
	for text, old := range t.issued {
		if now.Sub(old.expires) > keepExpired {
			delete(t.issued, text)
		}
	}
	return tk
}

// revoke makes every token invalid, as WeCom may do at any time.
func (t *tokens) revoke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.current)
	clear(t.issued)
}

// kindOf tells which secret a token stands for.
func (t *tokens) kindOf(text string) (secretKind, *apiError) {
	if text == "" {
		return 0, errNoToken
	}
	t.mu.Lock()
	tk, ok := t.issued[text]
	t.mu.Unlock()
	switch {
	case !ok:
		return 0, errBadToken
	case !t.cfg.Now().Add(t.faults.skew(kindTokenClock)).Before(tk.expires):
		return 0, errTokenExpired
	default:
		return tk.kind, nil
	}
}

// handleGetToken answers gettoken. The Finance SDK aborts on any field more than
// these four.
func (t *tokens) handleGetToken(w http.ResponseWriter, r *http.Request) {
	corp := rawParam(r, "corpid")
	if !sameText(corp, t.cfg.CorpID) {
		writeAnswer(w, nil, &apiError{40013, "invalid corpid"})
		return
	}
	kind := t.kindOfSecret(rawParam(r, "corpsecret"))
	if kind == 0 {
		writeAnswer(w, nil, &apiError{40001, "invalid credential"})
		return
	}
	tk := t.get(kind)
	left := int64(tk.expires.Sub(t.cfg.Now()) / time.Second)
	writeAnswer(w, answer{"access_token": tk.text, "expires_in": max(left, 1)}, nil)
}

func (t *tokens) kindOfSecret(secret string) secretKind {
	for kind, want := range map[secretKind]string{
		archiveSecret: t.cfg.ArchiveSecret, appSecret: t.cfg.AppSecret, contactSecret: t.cfg.ContactSecret,
	} {
		if sameText(secret, want) {
			return kind
		}
	}
	return 0
}

// sameText compares what was sent, as it stands (the Finance SDK does not escape
// parameters) or unescaped (everybody else does), with a secret.
func sameText(raw, want string) bool {
	plain, err := url.QueryUnescape(raw)
	return equal(raw, want) || (err == nil && equal(plain, want))
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// rawParam gives a query parameter as it stands in the address.
func rawParam(r *http.Request, name string) string {
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if k, v, _ := strings.Cut(part, "="); k == name {
			return v
		}
	}
	return ""
}
