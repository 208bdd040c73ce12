package wecomsim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxReceivers   = 1000
	maxParties     = 100
	usualDuplicate = 1800 * time.Second
	mostDuplicate  = 4 * time.Hour
)

// sendRequest is message/send without the content.
type sendRequest struct {
	ToUser      string          `json:"touser"`
	ToParty     string          `json:"toparty"`
	ToTag       string          `json:"totag"`
	MsgType     string          `json:"msgtype"`
	AgentID     json.RawMessage `json:"agentid"`
	TransIDs    int             `json:"enable_id_trans"`
	CheckTwice  int             `json:"enable_duplicate_check"`
	TwiceWithin int64           `json:"duplicate_check_interval"` // seconds
}

// messageSend answers message/send.
func (s *Sim) messageSend(c *call) (answer, *apiError) {
	var q sendRequest
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	if err := s.checkAgent(q.AgentID); err != nil {
		return nil, err
	}
	to, refusal := s.receivers(q)
	if refusal != nil {
		return nil, refusal
	}
	s.sending.Lock() // two identical requests at once must see each other
	defer s.sending.Unlock()
	now := s.cfg.Now()
	hash := requestHash(c.body)
	if q.CheckTwice == 1 {
		if a, ok := s.phones.seen(hash, now); ok && !s.forgetsDuplicate() {
			return a, nil
		}
	}
	spoilt := s.spoilReceivers(&to)
	content, refusal := s.content(q, c.body)
	if refusal != nil {
		return nil, refusal
	}
	m := AppMessage{MsgID: "sim" + randomID(20), MsgType: q.MsgType, Content: content, Dropped: spoilt.dropped}
	a := answer{
		"invaliduser": strings.Join(to.badUsers, "|"), "invalidparty": strings.Join(to.badParties, "|"),
		"invalidtag": strings.Join(to.badTags, "|"), "unlicenseduser": strings.Join(spoilt.unlicensed, "|"), "msgid": m.MsgID,
	}
	var request *sentRequest
	if q.CheckTwice == 1 {
		request = &sentRequest{Hash: hash, Until: now.Add(duplicateInterval(q.TwiceWithin)), Answer: maps.Clone(a)}
	}
	if err := s.phones.deliver(m, to.users, request, now); err != nil {
		s.cfg.Log.ErrorContext(c.r.Context(), "keep app message", "err", err)
		return nil, errBusy
	}
	return a, nil
}

func duplicateInterval(seconds int64) time.Duration {
	if seconds <= 0 {
		return usualDuplicate
	}
	return min(time.Duration(min(seconds, int64(mostDuplicate/time.Second)))*time.Second, mostDuplicate)
}

// requestHash is the same for the same JSON, whatever its spacing and order.
func requestHash(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) == nil {
		if b, err := json.Marshal(v); err == nil {
			body = b
		}
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// checkAgent insists on a number: a string is what many clients send wrongly.
func (s *Sim) checkAgent(raw json.RawMessage) *apiError {
	var id int64
	if len(raw) == 0 || json.Unmarshal(raw, &id) != nil {
		return &apiError{40056, "invalid agentid"}
	}
	if id != s.cfg.AgentID {
		return &apiError{301002, "not allow operate another agent with this accesstoken"}
	}
	return nil
}

// receiverList is who gets a message and who does not.
type receiverList struct {
	users, badUsers, badParties, badTags []string
}

func (s *Sim) receivers(q sendRequest) (receiverList, *apiError) {
	var to receiverList
	users, parties, tags := splitIDs(q.ToUser), splitIDs(q.ToParty), splitIDs(q.ToTag)
	switch {
	case len(users)+len(parties)+len(tags) == 0:
		return to, &apiError{82001, "touser & toparty & totag all empty"}
	case len(users) > maxReceivers:
		return to, badParam("touser holds more than 1000 members")
	case len(parties) > maxParties || len(tags) > maxParties:
		return to, badParam("toparty or totag holds more than 100 ids")
	}
	if slices.Contains(users, "@all") {
		for _, u := range s.directory.members() {
			to.users = append(to.users, u.id)
		}
	} else {
		s.addUsers(&to, users)
		s.addParties(&to, parties)
		to.badTags = tags // the corp has no tags of members
	}
	slices.Sort(to.users)
	to.users = slices.Compact(to.users)
	if len(to.users) == 0 {
		return to, &apiError{81013, "user & party & tag all invalid"}
	}
	return to, nil
}

func (s *Sim) addUsers(to *receiverList, ids []string) {
	for _, id := range ids {
		if u, ok := s.directory.member(id); ok {
			to.users = append(to.users, u.id)
		} else {
			to.badUsers = append(to.badUsers, strings.ToLower(id))
		}
	}
}

func (s *Sim) addParties(to *receiverList, ids []string) {
	for _, id := range ids {
		n, err := strconv.ParseInt(id, 10, 64)
		in := s.directory.below(n)
		if err != nil || in == nil {
			to.badParties = append(to.badParties, id)
			continue
		}
		for _, u := range s.directory.members() {
			if slices.ContainsFunc(u.depts, func(d int64) bool { return in[d] }) {
				to.users = append(to.users, u.id)
			}
		}
	}
}

func splitIDs(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == '|' || r == ' ' })
}

// content checks the part of the request named like msgtype, cuts it to WeCom's
// lengths and returns it as the phone keeps it.
func (s *Sim) content(q sendRequest, body []byte) (json.RawMessage, *apiError) {
	var all map[string]json.RawMessage
	if json.Unmarshal(body, &all) != nil {
		return nil, errBadJSON
	}
	part := all[q.MsgType]
	if part == nil {
		part = json.RawMessage("{}")
	}
	var out any
	var err *apiError
	switch q.MsgType {
	case "text", "markdown":
		out, err = s.textContent(part, q.TransIDs == 1)
	case "textcard":
		out, err = s.cardContent(part, q.TransIDs == 1)
	case "template_card":
		out, err = s.templateContent(part)
	default:
		return nil, &apiError{40008, "invalid message type"}
	}
	if err != nil {
		return nil, err
	}
	b, e := json.Marshal(out)
	if e != nil { // only our own types come here
		return nil, errBusy
	}
	return b, nil
}

type textContent struct {
	Content string `json:"content"`
}

func (s *Sim) textContent(part json.RawMessage, trans bool) (any, *apiError) {
	var t textContent
	if json.Unmarshal(part, &t) != nil || t.Content == "" {
		return nil, badParam("content is empty")
	}
	const most = 2048
	if trans {
		t.Content = s.transIDs(t.Content)
	}
	t.Content = cutBytes(t.Content, most)
	return t, nil
}

// cardContent is a textcard.
type cardContent struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	Button      string `json:"btntxt"`
}

const maxURL = 2048 // bytes

func (s *Sim) cardContent(part json.RawMessage, trans bool) (any, *apiError) {
	var t cardContent
	if json.Unmarshal(part, &t) != nil {
		return nil, badParam("textcard")
	}
	switch {
	case t.Title == "":
		return nil, badParam("textcard.title is empty")
	case t.Description == "":
		return nil, badParam("textcard.description is empty")
	case t.URL == "" || len(t.URL) > maxURL:
		return nil, badParam("textcard.url is empty or too long")
	}
	if trans {
		t.Title, t.Description = s.transIDs(t.Title), s.transIDs(t.Description)
	}
	const title, description, button = 128, 512, 4
	t.Title, t.Description, t.Button = cutRunes(t.Title, title), cutRunes(t.Description, description), cutRunes(t.Button, button)
	set(&t.Button, "详情")
	return t, nil
}

var transID = regexp.MustCompile(`\$(userName|departmentName)=([^$\s]+)\$`)

// transIDs puts names where a text has $userName=ID$ or $departmentName=ID$.
func (s *Sim) transIDs(text string) string {
	return transID.ReplaceAllStringFunc(text, func(found string) string {
		m := transID.FindStringSubmatch(found)
		if m[1] == "userName" {
			return s.directory.name(m[2])
		}
		for _, d := range s.directory.departments {
			if strconv.FormatInt(d.id, 10) == m[2] {
				return d.raw.str("name")
			}
		}
		return m[2]
	})
}

func cutRunes(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}

// cutBytes cuts before the character that does not fit.
func cutBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

func (s *Sim) messageRecall(c *call) (answer, *apiError) {
	var q struct {
		MsgID string `json:"msgid"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	ok, err := s.phones.recall(q.MsgID, s.cfg.Now())
	if err != nil {
		s.cfg.Log.ErrorContext(c.r.Context(), "keep recall", "err", err)
		return nil, errBusy
	}
	if !ok {
		return nil, badParam("msgid")
	}
	return answer{}, nil
}
