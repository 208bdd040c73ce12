package wecomsim

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// memberCookie says whose WeCom client this browser is: a userid, or userid
	// and Unix time of the binding joined by a dot.
	memberCookie = "wecomsim_member"
	// silentFor is how long the QR page of a browser takes a tap on a phone page
	// for the scan. Later it asks again, so that another person may sign in. A
	// cookie without a time is always taken.
	silentFor = 2 * time.Minute
	// shownPeople bounds each list of the page; the search finds the rest.
	shownPeople = 200
)

// person is one line of a list of people.
type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Note string `json:"note"`
}

// loginPage is what the template shows.
type loginPage struct {
	Corp      string
	Web       bool
	App       string
	Query     string
	Hidden    url.Values // the request's own parameters, to be sent back
	Members   []person
	Customers []person
	More      bool
}

// handleLogin shows the page of one of the two login entries, or goes straight
// back for a browser that belongs to a member.
func (s *Sim) handleLogin(web bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		a, problem := s.parseAuthorisation(q, web)
		if problem != "" {
			s.render(w, "problem", problem)
			return
		}
		if id, ok := s.boundMember(r, web); ok {
			s.finish(w, r, a, grant{userID: id})
			return
		}
		s.render(w, "login", s.newLoginPage(q, web))
	}
}

func (s *Sim) newLoginPage(q url.Values, web bool) loginPage {
	search := strings.TrimSpace(q.Get("q"))
	hidden := url.Values{}
	for _, name := range []string{"appid", "redirect_uri", "response_type", "scope", "state", "agentid", "login_type", "lang"} {
		if q.Has(name) {
			hidden.Set(name, q.Get(name))
		}
	}
	p := loginPage{Corp: s.corpName(), App: "会话存档", Web: web, Query: search, Hidden: hidden}
	p.Members, p.More = s.findMembers(search, shownPeople)
	const someCustomers = 12
	customers, more := s.findCustomers(search, someCustomers)
	p.Customers, p.More = customers, p.More || more
	return p
}

// handleChosen takes the choice of the login page.
func (s *Sim) handleChosen(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.render(w, "problem", "表单错误")
		return
	}
	web := r.PostForm.Get("login_type") != ""
	a, problem := s.parseAuthorisation(r.PostForm, web)
	if problem != "" {
		s.render(w, "problem", problem)
		return
	}
	who := r.PostForm.Get("who")
	kind, id, _ := strings.Cut(who, ":")
	switch kind {
	case "member":
		u, ok := s.directory.member(id)
		if !ok {
			s.render(w, "problem", "该成员不存在或已离职")
			return
		}
		if !web { // a client stays its member's; a browser does not
			s.bind(w, u.id)
		}
		s.finish(w, r, a, grant{userID: u.id})
	case "customer":
		s.finish(w, r, a, grant{externalID: id})
	default:
		s.finish(w, r, a, grant{})
	}
}

// boundMember tells whose WeCom client the browser is.
func (s *Sim) boundMember(r *http.Request, web bool) (userID string, ok bool) {
	c, err := r.Cookie(memberCookie)
	if err != nil {
		return "", false
	}
	id, err := url.QueryUnescape(c.Value)
	if err != nil {
		return "", false
	}
	if at := strings.LastIndexByte(id, '.'); at > 0 {
		if sec, err := strconv.ParseInt(id[at+1:], 10, 64); err == nil {
			if web && s.cfg.Now().Sub(time.Unix(sec, 0)) > silentFor {
				return "", false
			}
			id = id[:at]
		}
	}
	u, found := s.directory.member(id)
	if !found {
		return "", false
	}
	return u.id, true
}

// bind makes the browser the WeCom client of a member.
func (s *Sim) bind(w http.ResponseWriter, userID string) {
	http.SetCookie(w, &http.Cookie{
		Name: memberCookie, Value: url.QueryEscape(userID + "." + strconv.FormatInt(s.cfg.Now().Unix(), 10)),
		Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// unbind makes the browser nobody's client.
func (s *Sim) unbind(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: memberCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// becomeClient binds the browser to a member. Another member's phone is another
// device with cookies of its own, which one browser cannot have twice: when the
// member changes, all cookies of the host go, huicun's session among them, since
// cookies do not tell ports apart.
func (s *Sim) becomeClient(w http.ResponseWriter, r *http.Request, userID string) {
	if before, ok := s.boundMember(r, false); !ok || before != userID {
		for _, c := range r.Cookies() {
			if c.Name != memberCookie {
				http.SetCookie(w, &http.Cookie{Name: c.Name, Path: "/", MaxAge: -1})
			}
		}
	}
	s.bind(w, userID)
}

// findMembers searches by userid, name and position.
func (s *Sim) findMembers(search string, most int) (found []person, more bool) {
	for _, u := range s.directory.members() {
		note := u.raw.str("position")
		if !matches(search, u.id, u.name, note) {
			continue
		}
		if len(found) == most {
			return found, true
		}
		found = append(found, person{ID: u.id, Name: u.name, Note: note})
	}
	return found, false
}

// findCustomers searches by id, name and remark.
func (s *Sim) findCustomers(search string, most int) (found []person, more bool) {
	s.directory.mu.RLock()
	defer s.directory.mu.RUnlock()
	for _, c := range s.directory.contacts {
		note := contactNote(c)
		if !matches(search, c.id, c.name, note) {
			continue
		}
		if len(found) == most {
			return found, true
		}
		found = append(found, person{ID: c.id, Name: c.name, Note: note})
	}
	return found, false
}

// contactNote is what employees call a customer, or where he is from.
func contactNote(c *contact) string {
	for _, f := range c.follows {
		if remark := f.raw.str("remark"); remark != "" {
			return remark
		}
	}
	return c.raw.str("corp_name")
}

func matches(search string, in ...string) bool {
	search = strings.ToLower(search)
	for _, text := range in {
		if strings.Contains(strings.ToLower(text), search) {
			return true
		}
	}
	return false
}

// corpName is the name of the root department.
func (s *Sim) corpName() string {
	for _, d := range s.directory.departments {
		if d.parent == 0 && d.raw.str("name") != "" {
			return d.raw.str("name")
		}
	}
	return s.cfg.CorpID
}
