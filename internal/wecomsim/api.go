package wecomsim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// call is one authorised request to /cgi-bin/.
type call struct {
	r    *http.Request
	body []byte
}

// maxCallBody bounds a request; the largest legal one is a message/send of a few
// kilobytes to 1000 members.
const maxCallBody = 1 << 20

// decode reads the JSON body into v. An empty body counts as {}.
func (c *call) decode(v any) *apiError {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return badParam(wrong.Field + " has a wrong type")
		}
		return errBadJSON
	}
	return nil
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// apiFunc answers one call.
type apiFunc func(*call) (answer, *apiError)

// apiHandler is everything below /cgi-bin/, behind the one fault point.
func (s *Sim) apiHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/cgi-bin/gettoken", s.tokens.handleGetToken)
	mux.HandleFunc("POST /cgi-bin/message/getchatmediadata", s.authorised(archiveSecret, s.handleMediaData))
	for path, e := range s.endpoints() {
		mux.HandleFunc(path, s.authorised(e.open, func(w http.ResponseWriter, c *call) {
			a, err := e.do(c)
			writeAnswer(w, a, err)
		}))
	}
	mux.HandleFunc("/cgi-bin/", func(w http.ResponseWriter, _ *http.Request) {
		writeAnswer(w, nil, &apiError{40066, "invalid url"})
	})
	faulty := s.faulty(mux)
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.counters.call(r.URL.Path)
		faulty.ServeHTTP(w, r)
	})
	if s.cfg.Middleware == nil {
		return counted
	}
	return s.cfg.Middleware(counted)
}

// endpoint is one call: who may make it and what it answers.
type endpoint struct {
	open secretKind
	do   apiFunc
}

// endpoints lists every call by method and path.
func (s *Sim) endpoints() map[string]endpoint {
	all := map[string]endpoint{
		"GET /cgi-bin/getcallbackip":              {anySecret, loopbackOnly},
		"GET /cgi-bin/get_api_domain_ip":          {anySecret, loopbackOnly},
		"POST /cgi-bin/message/getchatdata":       {archiveSecret, s.getChatData},
		"GET /cgi-bin/auth/getuserinfo":           {appSecret, s.getUserInfo},
		"POST /cgi-bin/auth/getuserdetail":        {appSecret, s.getUserDetail},
		"GET /cgi-bin/get_jsapi_ticket":           {appSecret, s.jsTicket("corp")},
		"GET /cgi-bin/ticket/get":                 {appSecret, s.agentTicket},
		"POST /cgi-bin/message/send":              {appSecret, s.messageSend},
		"POST /cgi-bin/message/recall":            {appSecret, s.messageRecall},
		"GET /cgi-bin/department/simplelist":      {appSecret | contactSecret, s.departmentSimpleList},
		"GET /cgi-bin/department/list":            {appSecret, s.departmentList},
		"GET /cgi-bin/department/get":             {appSecret, s.departmentGet},
		"GET /cgi-bin/user/simplelist":            {appSecret, s.userSimpleList},
		"GET /cgi-bin/user/list":                  {appSecret, s.userList},
		"GET /cgi-bin/user/get":                   {appSecret, s.userGet},
		"POST /cgi-bin/user/list_id":              {contactSecret, s.userListID},
		"POST /cgi-bin/msgaudit/get_robot_info":   {archiveSecret, s.robotInfo},
		"GET /cgi-bin/msgaudit/get_robot_info":    {archiveSecret, s.robotInfo},
		"POST /cgi-bin/msgaudit/groupchat/get":    {archiveSecret, s.auditGroup},
		"POST /cgi-bin/msgaudit/check_room_agree": {archiveSecret, s.checkRoomAgree},
	}
	const customers = "/cgi-bin/externalcontact/"
	all["GET "+customers+"get_follow_user_list"] = endpoint{appSecret, s.followUsers}
	all["GET "+customers+"list"] = endpoint{appSecret, s.customerList}
	all["GET "+customers+"get"] = endpoint{appSecret, s.customerGet}
	all["POST "+customers+"batch/get_by_user"] = endpoint{appSecret, s.customerBatch}
	all["POST "+customers+"groupchat/list"] = endpoint{appSecret, s.groupList}
	all["POST "+customers+"groupchat/get"] = endpoint{appSecret, s.groupGet}
	all["POST "+customers+"get_corp_tag_list"] = endpoint{appSecret, s.corpTags}
	all["POST "+customers+"get_unassigned_list"] = endpoint{appSecret, s.unassigned}
	all["POST /cgi-bin/msgaudit/get_permit_user_list"] = endpoint{archiveSecret, s.permitUsers}
	all["POST /cgi-bin/msgaudit/check_single_agree"] = endpoint{archiveSecret, s.checkSingleAgree}
	return all
}

func loopbackOnly(*call) (answer, *apiError) {
	return answer{"ip_list": []string{"127.0.0.1"}}, nil
}

// authorised checks the token and reads the body.
func (s *Sim) authorised(open secretKind, do func(http.ResponseWriter, *call)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, revoked := s.faults.strike(kindTokenRevoke, r.URL.Path); revoked {
			s.tokens.revoke()
		}
		kind, refusal := s.tokens.kindOf(r.URL.Query().Get("access_token"))
		if refusal == nil && kind&open == 0 {
			refusal = errNoPermission
		}
		if refusal != nil {
			writeAnswer(w, nil, refusal)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallBody))
		if err != nil {
			writeAnswer(w, nil, badParam("body cannot be read"))
			return
		}
		do(w, &call{r: r, body: body})
	}
}
