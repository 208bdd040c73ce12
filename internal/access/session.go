package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
	"strings"
	"time"

	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/personid"
)

// Codes of refused sign-ins.
const (
	CodeNoAccount = "forbidden.no_account" // a member, but not an archive user
	CodeDisabled  = "forbidden.disabled"   // the account is disabled
	CodeNotMember = "forbidden.not_member" // not a member of the corp
)

// LoginState is a state value that travels through WeCom's login page and must
// come back in the same browser, once.
type LoginState struct {
	StateHash   []byte    `db:"state_hash"`   // SHA-256
	BrowserHash []byte    `db:"browser_hash"` // SHA-256 of the browser's cookie
	ReturnTo    string    `db:"return_to"`    // path of this site
	ExpiresAt   time.Time `db:"expires_at"`
}

// Session is a browser that a viewer has signed in with.
type Session struct {
	ID         []byte    `db:"session_id"` // SHA-256 of the token that the cookie holds
	ViewerID   int64     `db:"viewer_id"`
	CSRF       string    `db:"csrf"`
	CreatedAt  time.Time `db:"session_created_at"`
	LastSeenAt time.Time `db:"last_seen_at"`
	ExpiresAt  time.Time `db:"expires_at"`
	IP         string    `db:"ip"`
	UserAgent  string    `db:"user_agent"`
}

// ValidCSRF compares the token of a request in constant time.
func (s Session) ValidCSRF(token string) bool {
	return s.CSRF != "" && subtle.ConstantTimeCompare([]byte(s.CSRF), []byte(token)) == 1
}

// Login is a sign-in that has begun.
type Login struct {
	State   string // letters and digits, for WeCom's login page
	Browser string // value of the browser's login cookie
}

// StartLogin begins a sign-in that will lead to returnTo. browser is the value
// of the login cookie, if the browser has one: several tabs share it.
func (s *Service) StartLogin(ctx context.Context, browser, returnTo string) (Login, error) {
	now := s.now()
	if s.sweepDue(now) {
		if err := s.Store.DeleteExpired(ctx, now.Add(-sweepAfter)); err != nil {
			slog.WarnContext(ctx, "expired sessions not deleted", "err", err)
		}
	}
	if !validText(browser) {
		browser = newText()
	}
	l := Login{State: newText(), Browser: browser}
	err := s.Store.SaveLoginState(ctx, LoginState{
		StateHash: hash(l.State), BrowserHash: hash(browser), ReturnTo: returnTo, ExpiresAt: now.Add(LoginStateMax),
	})
	return l, err
}

// UseState takes the state that came back with a browser and gives the path to
// go to. fault.NotFound when the state is not of this browser, was used or has
// run out.
func (s *Service) UseState(ctx context.Context, browser, state string) (string, error) {
	if !validText(browser) || !validText(state) {
		return "", fault.NotFound("login state")
	}
	st, err := s.Store.UseLoginState(ctx, hash(state), hash(browser), s.now())
	return st.ReturnTo, err
}

// SignIn makes a session for the member whom WeCom named and gives the token
// for the cookie. Each sign-in has a new one. Errors: CodeNotMember for an
// empty userid, CodeNoAccount, CodeDisabled.
func (s *Service) SignIn(ctx context.Context, userid string, from audit.Origin, userAgent string) (string, error) {
	if userid == "" || personid.External(userid) {
		return "", &fault.Error{Code: CodeNotMember, Message: "not a member of this company"}
	}
	from.Actor = personid.Key(userid)
	v, ok, err := s.Store.FindViewer(ctx, from.Actor)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", &fault.Error{Code: CodeNoAccount, Message: "no account of the archive"}
	}
	if v.Disabled {
		return "", &fault.Error{Code: CodeDisabled, Message: "the account is disabled"}
	}
	now, token := s.now(), newToken()
	err = s.Store.CreateSession(ctx, Session{
		ID: hash(token), ViewerID: v.ID, CSRF: newToken(), CreatedAt: now, LastSeenAt: now,
		ExpiresAt: now.Add(SessionMax), IP: from.IP, UserAgent: truncate(userAgent, 200),
	}, from.Entry(audit.SessionCreated, audit.Object("viewer", v.ID), nil))
	if err != nil {
		return "", err
	}
	return token, nil
}

// Session gives the session of a cookie with its viewer as of now, and notes
// that it is in use. fault.Unauthenticated when there is none.
func (s *Service) Session(ctx context.Context, token string) (Session, Viewer, error) {
	sess, v, err := s.Peek(ctx, token)
	if err != nil {
		return Session{}, Viewer{}, err
	}
	now := s.now()
	if now.Sub(sess.LastSeenAt) >= touchEvery {
		if err := s.Store.TouchSession(ctx, sess.ID, now); err != nil {
			return Session{}, Viewer{}, err
		}
	}
	return sess, v, nil
}

// Peek is Session without noting the use: an open stream alone does not keep a
// session alive.
func (s *Service) Peek(ctx context.Context, token string) (Session, Viewer, error) {
	if len(token) != tokenLen {
		return Session{}, Viewer{}, fault.Unauthenticated("not signed in")
	}
	now := s.now()
	sess, v, err := s.Store.GetSession(ctx, hash(token), now, now.Add(-SessionIdle))
	if fault.Is(err, fault.CodeNotFound) {
		return Session{}, Viewer{}, fault.Unauthenticated("the session has ended")
	}
	return sess, v, err
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, sess Session, from audit.Origin) error {
	return s.Store.EndSession(ctx, sess.ID, s.now(), from.Entry(audit.SessionEnded, audit.Object("viewer", sess.ViewerID), nil))
}

// tokenLen is the length of 32 bytes in base64 without padding.
const tokenLen = 43

// newToken gives 256 random bits.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// newText gives 260 random bits as capital letters and digits: WeCom allows
// nothing else in state (developer.work.weixin.qq.com/document/path/91022).
func newText() string { return rand.Text() + rand.Text() }

func validText(s string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	return len(s) == 52 && strings.Trim(s, alphabet) == ""
}

func hash(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// truncate keeps at most n bytes of s, whole characters only.
func truncate(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
