package wecomsim

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// phoneRoutes adds the phone pages.
func (s *Sim) phoneRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /phone/{$}", s.phoneList)
	mux.HandleFunc("POST /phone/leave", func(w http.ResponseWriter, r *http.Request) {
		s.unbind(w)
		http.Redirect(w, r, "/phone/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /phone/{userid}", s.phonePage)
	mux.HandleFunc("GET /phone/{userid}/messages", s.phoneMessages)
	mux.HandleFunc("GET /phone/{userid}/events", s.phoneEvents)
	mux.HandleFunc("GET /phone/{userid}/home", s.phoneHome)
	mux.HandleFunc("GET /phone/{userid}/open/{id}", s.phoneOpen)
}

// phoneRow is one phone of the list.
type phoneRow struct {
	person
	Count int
	Last  time.Time
}

// phoneListPage is what the template shows.
type phoneListPage struct {
	Corp   string
	Search string
	Bound  string // name of the member whose client this browser is
	Rows   []phoneRow
	More   bool
}

func (s *Sim) phoneList(w http.ResponseWriter, r *http.Request) {
	search := r.URL.Query().Get("q")
	found, more := s.findMembers(search, shownPeople)
	p := phoneListPage{Corp: s.corpName(), Search: search, More: more}
	if id, ok := s.boundMember(r, false); ok {
		p.Bound = s.directory.name(id)
	}
	var rest []phoneRow
	for _, m := range found { // phones with messages first
		row := phoneRow{person: m}
		for _, msg := range s.phones.of(m.ID) {
			if !msg.Dropped && !msg.Recalled {
				row.Count++
				row.Last = msg.SentAt
			}
		}
		if row.Count > 0 {
			p.Rows = append(p.Rows, row)
		} else {
			rest = append(rest, row)
		}
	}
	p.Rows = append(p.Rows, rest...)
	s.render(w, "phones", p)
}

// phoneView is a phone with its messages.
type phoneView struct {
	Corp, App string
	User      person
	Home      bool // there is a huicun to open
	Messages  []phoneMessage
}

// phoneMessage is one app message as the phone shows it.
type phoneMessage struct {
	AppMessage
	ShowTime bool // a time stands above it
	Text     *textContent
	Card     *cardContent
	Template *templateCard
	HTML     template.HTML // of a text, a description or Markdown
	Link     bool          // tapping opens something
}

// timeGap is how long nothing came for a time to be shown again.
const timeGap = 5 * time.Minute

func (s *Sim) newPhoneView(u *user) phoneView {
	v := phoneView{Corp: s.corpName(), App: "会话存档", Home: s.cfg.HuicunURL != "", User: person{u.id, u.name, u.raw.str("position")}}
	var last time.Time
	for _, m := range s.phones.of(u.id) {
		if m.Dropped || m.Recalled {
			continue
		}
		shown := newPhoneMessage(m)
		shown.ShowTime = m.SentAt.Sub(last) > timeGap
		last = m.SentAt
		v.Messages = append(v.Messages, shown)
	}
	return v
}

func newPhoneMessage(m AppMessage) phoneMessage {
	p := phoneMessage{AppMessage: m, Link: linkOf(m) != ""}
	switch m.MsgType {
	case "text", "markdown":
		p.Text = decodeContent[textContent](m)
		p.HTML = cardHTML(p.Text.Content)
		if m.MsgType == "markdown" {
			p.HTML = markdownHTML(p.Text.Content)
		}
	case "textcard":
		p.Card = decodeContent[cardContent](m)
		p.HTML = cardHTML(p.Card.Description)
	case "template_card":
		p.Template = decodeContent[templateCard](m)
	}
	return p
}

// decodeContent reads what messageSend has written.
func decodeContent[T any](m AppMessage) *T {
	var v T
	if json.Unmarshal(m.Content, &v) != nil {
		return new(T)
	}
	return &v
}

// linkOf is where tapping a message leads; "" = nowhere.
func linkOf(m AppMessage) string {
	target := ""
	switch m.MsgType {
	case "textcard":
		target = decodeContent[cardContent](m).URL
	case "template_card":
		if a := decodeContent[templateCard](m).Action; a != nil {
			target = a.URL
		}
	}
	if !webAddress(target) {
		return ""
	}
	return target
}

// phoneUser finds the owner of the phone in the path, or answers 404.
func (s *Sim) phoneUser(w http.ResponseWriter, r *http.Request) (*user, bool) {
	u, ok := s.directory.member(r.PathValue("userid"))
	if !ok {
		s.renderStatus(w, http.StatusNotFound, "problem", "没有这位成员，或已离职")
	}
	return u, ok
}

func (s *Sim) phonePage(w http.ResponseWriter, r *http.Request) {
	if u, ok := s.phoneUser(w, r); ok {
		s.render(w, "phone", s.newPhoneView(u))
	}
}

// phoneMessages is the part of the page that changes.
func (s *Sim) phoneMessages(w http.ResponseWriter, r *http.Request) {
	if u, ok := s.phoneUser(w, r); ok {
		s.render(w, "phone-messages", s.newPhoneView(u))
	}
}

// phoneEvents tells the page when to read its messages again.
func (s *Sim) phoneEvents(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.phoneUser(w, r); !ok {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for {
		changed := s.phones.wait()
		if _, err := fmt.Fprint(w, "data: changed\n\n"); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-s.stopping:
			return
		}
	}
}

// phoneHome opens huicun as the app's home page in the workbench does.
func (s *Sim) phoneHome(w http.ResponseWriter, r *http.Request) {
	u, ok := s.phoneUser(w, r)
	if !ok {
		return
	}
	if s.cfg.HuicunURL == "" {
		s.render(w, "problem", "没有配置会存的地址（-huicun-url）")
		return
	}
	s.openAs(w, r, u, s.cfg.HuicunURL)
}

// phoneOpen is the tap on a message.
func (s *Sim) phoneOpen(w http.ResponseWriter, r *http.Request) {
	u, ok := s.phoneUser(w, r)
	if !ok {
		return
	}
	id, err := strconv.Atoi(r.PathValue("id"))
	m, found := s.phones.byID(id)
	if err != nil || !found || m.UserID != u.id || m.Dropped || linkOf(m) == "" {
		s.renderStatus(w, http.StatusNotFound, "problem", "这条消息没有可以打开的链接")
		return
	}
	s.openAs(w, r, u, linkOf(m))
}

// openAs makes the browser the member's WeCom client and sends it to target.
func (s *Sim) openAs(w http.ResponseWriter, r *http.Request, u *user, target string) {
	to, err := url.Parse(target)
	if err != nil { // checked before
		s.render(w, "problem", "链接无法打开")
		return
	}
	s.becomeClient(w, r, u.id)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to.String(), http.StatusFound)
}
