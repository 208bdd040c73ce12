package wecomsim

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	codeTTL   = 5 * time.Minute
	ticketTTL = 30 * time.Minute
	keepUsed  = time.Hour // how long a used or expired code is told apart from an unknown one
)

// grant is what a code of the OAuth redirect stands for.
type grant struct {
	userID     string // a member
	externalID string // a customer; neither = a stranger
	ticket     bool   // snsapi_privateinfo: a user_ticket comes with it
	expires    time.Time
	used       bool
}

// logins keeps codes and user tickets. It is safe for concurrent use.
type logins struct {
	faults  *faultSet
	now     func() time.Time
	mu      sync.Mutex
	codes   map[string]grant
	tickets map[string]grant
}

func newLogins(now func() time.Time, faults *faultSet) *logins {
	return &logins{now: now, faults: faults, codes: map[string]grant{}, tickets: map[string]grant{}}
}

// issue makes a code.
func (l *logins) issue(g grant) string {
	now := l.now()
	g.expires = now.Add(codeTTL)
	code := randomID(24)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range []map[string]grant{l.codes, l.tickets} {
		for k, old := range m {
			if now.Sub(old.expires) > keepUsed {
				delete(m, k)
			}
		}
	}
	l.codes[code] = g
	return code
}

// redeem takes a code, once, and gives a user ticket where one was asked for.
func (l *logins) redeem(code string) (g grant, ticket string, refusal *apiError) {
	if refusal := l.faults.refuseCode(); refusal != nil {
		return grant{}, "", refusal
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	g, ok := l.codes[code]
	switch {
	case !ok:
		return g, "", errBadCode
	case g.used && !l.faults.allowReuse():
		return g, "", errCodeUsed
	case !l.now().Before(g.expires):
		return g, "", errCodeExpired
	}
	g.used = true
	l.codes[code] = g
	if g.ticket && g.userID != "" {
		ticket = randomID(32)
		l.tickets[ticket] = grant{userID: g.userID, expires: l.now().Add(ticketTTL)}
	}
	return g, ticket, nil
}

// holder tells whose ticket it is.
func (l *logins) holder(ticket string) (userID string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g, ok := l.tickets[ticket]
	return g.userID, ok && l.now().Before(g.expires)
}

// authorisation is a checked request to one of the two login pages.
type authorisation struct {
	Redirect *url.URL
	State    string
	Web      bool // the QR page of a browser, not the WeCom client
	Private  bool // snsapi_privateinfo
}

var oauthState = regexp.MustCompile(`^[A-Za-z0-9]{0,128}$`)

// parseAuthorisation checks the parameters of a login page. problem is what the
// page tells the person, as WeCom does; "" = fine.
func (s *Sim) parseAuthorisation(q url.Values, web bool) (a authorisation, problem string) {
	a = authorisation{State: q.Get("state"), Web: web}
	if q.Get("appid") != s.cfg.CorpID {
		return a, "appid 参数错误"
	}
	u, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !s.trusted(u) {
		return a, "redirect_uri 参数错误"
	}
	a.Redirect = u
	agent := strconv.FormatInt(s.cfg.AgentID, 10)
	scope := q.Get("scope")
	switch {
	case web && q.Get("login_type") != "CorpApp":
		return a, "login_type 参数错误"
	case web && q.Get("agentid") != agent:
		return a, "agentid 参数错误"
	case web:
		return a, ""
	case !oauthState.MatchString(a.State):
		return a, "state 参数错误"
	case q.Get("response_type") != "code":
		return a, "response_type 参数错误"
	case scope != "snsapi_base" && scope != "snsapi_privateinfo":
		return a, "scope 参数错误"
	case q.Get("agentid") != "" && q.Get("agentid") != agent:
		return a, "agentid 参数错误"
	}
	a.Private = scope == "snsapi_privateinfo" && q.Get("agentid") != ""
	return a, ""
}

// trusted tells whether OAuth may redirect to u: host and port must be listed.
func (s *Sim) trusted(u *url.URL) bool {
	if len(s.cfg.TrustedDomains) > 0 {
		return slices.ContainsFunc(s.cfg.TrustedDomains, func(d string) bool { return strings.EqualFold(d, u.Host) })
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

// finish sends the browser back with a code.
func (s *Sim) finish(w http.ResponseWriter, r *http.Request, a authorisation, g grant) {
	g.ticket = a.Private && !a.Web
	back := *a.Redirect
	q := back.Query()
	q.Set("code", s.logins.issue(g))
	if a.State != "" {
		q.Set("state", a.State)
	}
	s.faults.spoilRedirect(q)
	back.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (s *Sim) getUserInfo(c *call) (answer, *apiError) {
	g, ticket, err := s.logins.redeem(c.query("code"))
	if err != nil {
		return nil, err
	}
	a := answer{}
	switch {
	case g.userID != "":
		a["userid"] = g.userID
		if ticket != "" {
			a["user_ticket"] = ticket
		}
	case g.externalID != "":
		a["openid"], a["external_userid"] = openID(g.externalID), g.externalID
	default:
		a["openid"] = openID(randomID(8))
	}
	return a, nil
}

func (s *Sim) getUserDetail(c *call) (answer, *apiError) {
	var q struct {
		Ticket string `json:"user_ticket"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	id, ok := s.logins.holder(q.Ticket)
	if !ok {
		return nil, badParam("user_ticket")
	}
	u, ok := s.directory.member(id)
	if !ok {
		return nil, errUserNotFound
	}
	a := answer{"userid": u.id, "gender": "0"}
	for k, v := range u.raw.only("gender", "avatar", "qr_code", "mobile", "email", "biz_mail", "address") {
		a[k] = v
	}
	return a, nil
}

// jsTicket answers a ticket for the JS-SDK; it stays the same while it is valid.
func (s *Sim) jsTicket(kind string) apiFunc {
	return func(*call) (answer, *apiError) {
		t := s.tickets.get(kind)
		left := int64(t.expires.Sub(s.cfg.Now()) / time.Second)
		return answer{"ticket": t.text, "expires_in": max(left, 1)}, nil
	}
}

func (s *Sim) agentTicket(c *call) (answer, *apiError) {
	if c.query("type") != "agent_config" {
		return nil, badParam("type")
	}
	return s.jsTicket("agent")(c)
}

// tickets hands out the two JS-SDK tickets.
type tickets struct {
	cfg     *Config
	mu      sync.Mutex
	current map[string]token
}

func (t *tickets) get(kind string) token {
	now := t.cfg.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if tk, ok := t.current[kind]; ok && now.Before(tk.expires) {
		return tk
	}
	tk := token{text: "kgt8" + randomID(30), expires: now.Add(t.cfg.TokenTTL)}
	t.current[kind] = tk
	return tk
}

// openID makes the id that a stranger has relative to the corp.
func openID(of string) string {
	sum := sha256.Sum256([]byte(of))
	const length = 26
	return ("o" + base64.RawURLEncoding.EncodeToString(sum[:]))[:length]
}
