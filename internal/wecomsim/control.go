package wecomsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"huicun/internal/fault"
)

// Bounds of the control API.
const (
	maxControlBody = 8 << 20 // a 1 MB message and then some
	pageUsual      = 100
	pageMost       = 10000
)

// controlRoutes adds the JSON API below /sim/: what the control page's buttons do
// and what tests ask. Errors are {"error": {code, message, field}}.
func (s *Sim) controlRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /sim/messages", control(s, s.postMessage))
	mux.HandleFunc("GET /sim/messages", s.getMessages)
	mux.HandleFunc("POST /sim/media/big", control(s, s.postBig))
	mux.HandleFunc("POST /sim/files", s.postFile)
	mux.HandleFunc("GET /sim/files", s.getFile)
	mux.HandleFunc("GET /sim/samples", s.getSamples)
	mux.HandleFunc("POST /sim/samples", control(s, s.postSample))
	mux.HandleFunc("POST /sim/revoke-last", control(s, func(chat outgoing) (any, error) { return sent(s.revokeLast(chat)) }))
	mux.HandleFunc("POST /sim/say", control(s, func(struct{}) (any, error) { return sent(s.sayNext()) }))
	mux.HandleFunc("POST /sim/delete", control(s, s.postDelete))
	mux.HandleFunc("POST /sim/add", control(s, s.postAdd))
	mux.HandleFunc("POST /sim/consent", control(s, s.postConsent))
	mux.HandleFunc("POST /sim/keys", s.postKey)
	mux.HandleFunc("POST /sim/release", control(s, s.postRelease))
	mux.HandleFunc("POST /sim/keys/release", control(s, s.releaseKeys))
	mux.HandleFunc("POST /sim/rate", control(s, s.postRate))
	mux.HandleFunc("POST /sim/tokens/revoke", control(s, func(struct{}) (any, error) {
		s.tokens.revoke()
		return struct{}{}, nil
	}))
	mux.HandleFunc("POST /sim/callbacks/verify", s.verifyCallbacks)
	mux.HandleFunc("GET /sim/app-messages", s.getAppMessages)
	mux.HandleFunc("GET /sim/people", s.getPeople)
	s.faultRoutes(mux)
	mux.HandleFunc("GET /sim/stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.stats()) })
}

// control makes a handler that reads JSON and answers JSON.
func control[In, Out any](s *Sim, do func(In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := readControl(w, r, &in); err != nil {
			s.writeFault(w, r, err)
			return
		}
		out, err := do(in)
		if err != nil {
			s.writeFault(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, out)
	}
}

// readBody refuses what another site's page sends, so that it cannot press
// buttons here.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return nil, fault.Invalid("", "requests of other sites are refused")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBody))
	if err != nil {
		return nil, fault.Invalid("", "the body cannot be read or is larger than %d bytes", maxControlBody)
	}
	return body, nil
}

// readControl reads a JSON body. None at all counts as {}.
func readControl(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return fault.Invalid(wrong.Field, "has a wrong type")
		}
		return fault.Invalid("", "the body is not JSON")
	}
	return nil
}

// writeFault answers {"error": {code, message, field}}.
func (s *Sim) writeFault(w http.ResponseWriter, r *http.Request, err error) {
	f, known := errors.AsType[*fault.Error](err)
	if !known {
		s.cfg.Log.ErrorContext(r.Context(), "control request failed", "path", r.URL.Path, "err", err)
		f = &fault.Error{Code: fault.CodeInternal, Message: "see the simulator's log"}
	}
	status := map[string]int{
		fault.CodeInvalid: http.StatusBadRequest, fault.CodeConflict: http.StatusConflict,
		fault.CodeNotFound: http.StatusNotFound, fault.CodeUnavailable: http.StatusServiceUnavailable,
	}[f.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	body := map[string]string{"code": f.Code, "message": f.Message}
	if f.Field != "" {
		body["field"] = f.Field
	}
	writeJSON(w, status, map[string]any{"error": body})
}

// sentMessage answers whatever appends a message.
type sentMessage struct {
	Seq        uint64 `json:"seq"`
	MsgID      string `json:"msgid"`
	KeyVersion uint32 `json:"publickey_ver"`
}

func sent(m Message, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return sentMessage{m.Seq, m.MsgID, m.KeyVersion}, nil
}

// postedMessage also tells when the simulator took the message in: who
// measures a delay begins there.
type postedMessage struct {
	sentMessage
	AcceptedAt time.Time `json:"accepted_at"`
}

func (s *Sim) postMessage(o outgoing) (any, error) {
	at := time.Now()
	m, err := s.send(o)
	if err != nil {
		return nil, err
	}
	return postedMessage{sentMessage{m.Seq, m.MsgID, m.KeyVersion}, at}, nil
}

// plainMessage is one message of GET /sim/messages.
type plainMessage struct {
	sentMessage
	Body []byte `json:"body"` // base64 of the decrypted JSON
}

// getMessages gives plaintexts: what a test compares the archive with.
func (s *Sim) getMessages(w http.ResponseWriter, r *http.Request) {
	from, err1 := number(r, "from_seq", 0)
	limit, err2 := number(r, "limit", pageUsual)
	if err := errors.Join(err1, err2); err != nil {
		s.writeFault(w, r, err)
		return
	}
	if limit < 1 || limit > pageMost {
		s.writeFault(w, r, fault.Invalid("limit", "must be 1..%d", pageMost))
		return
	}
	page, err := s.stream.from(from, int(limit))
	if err != nil {
		s.writeFault(w, r, err)
		return
	}
	out := make([]plainMessage, len(page))
	for i, m := range page {
		out[i] = plainMessage{sentMessage{m.Seq, m.MsgID, m.KeyVersion}, m.Body}
	}
	writeJSON(w, http.StatusOK, map[string]any{"messages": out, "last_seq": s.stream.next() - 1})
}

func number(r *http.Request, name string, usual uint64) (uint64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fault.Invalid(name, "must be a number, 0 or more")
	}
	return n, nil
}

// deleteRequest is the body of POST /sim/delete.
type deleteRequest struct {
	relationChange
	By string `json:"by"` // "customer" or "employee"
}

func (s *Sim) postDelete(q deleteRequest) (any, error) {
	switch q.By {
	case "customer":
		q.change = customerDeleted
	case "employee":
		q.change = employeeDeleted
	default:
		return nil, fault.Invalid("by", `must be "customer" or "employee"`)
	}
	return changed{q.change}, s.changeRelation(q.relationChange)
}

// changed answers a change of a relation with its ChangeType.
type changed struct {
	ChangeType string `json:"change_type"`
}

func (s *Sim) postAdd(q relationChange) (any, error) {
	q.change = customerAdded
	if q.Name == "" {
		q.Name = q.ExternalID
	}
	return changed{q.change}, s.changeRelation(q)
}

// consentRequest is the body of POST /sim/consent.
type consentRequest struct {
	UserID     string `json:"userid"`
	ExternalID string `json:"external_userid"`
	Agree      *bool  `json:"agree"`
}

// postConsent lets a customer agree or disagree to the archive, with the message
// that WeCom puts into the stream.
func (s *Sim) postConsent(q consentRequest) (any, error) {
	if q.Agree == nil {
		return nil, fault.Invalid("agree", "missing")
	}
	kind, timeKey, change := "disagree", "disagree_time", auditRefused
	if *q.Agree {
		kind, timeKey, change = "agree", "agree_time", auditApproved
	}
	if err := s.changeRelation(relationChange{UserID: q.UserID, ExternalID: q.ExternalID, change: change}); err != nil {
		return nil, err
	}
	payload, err := json.Marshal(map[string]any{"userid": q.ExternalID, timeKey: s.cfg.Now().UnixMilli()})
	if err != nil {
		return nil, err
	}
	return sent(s.send(outgoing{From: q.ExternalID, To: q.UserID, MsgType: kind, Payload: payload}))
}

// keyAnswer tells the version of a new key.
type keyAnswer struct {
	Version        uint32 `json:"version"`
	FromSeq        uint64 `json:"from_seq"`
	PrivateKeyFile string `json:"private_key_file,omitempty"` // of a pair made here
}

// postKey takes {"public_key": PEM}, the PEM text itself, or nothing.
func (s *Sim) postKey(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	if err != nil {
		s.writeFault(w, r, err)
		return
	}
	q := keyRequest{PublicKey: string(body)}
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("-----BEGIN")) {
		q = keyRequest{}
		if len(body) > 0 && json.Unmarshal(body, &q) != nil {
			s.writeFault(w, r, fault.Invalid("", "the body is neither JSON nor PEM"))
			return
		}
	}
	e, err := s.addKey(q)
	if err != nil {
		s.writeFault(w, r, err)
		return
	}
	a := keyAnswer{Version: e.Version, FromSeq: e.FromSeq}
	if q.PublicKey == "" && !q.Withhold {
		a.PrivateKeyFile = s.PrivateKeyFile(e.Version)
	}
	writeJSON(w, http.StatusOK, a)
}

func (s *Sim) postRate(q struct {
	PerMinute *float64 `json:"per_minute"`
},
) (any, error) {
	if q.PerMinute == nil {
		return nil, fault.Invalid("per_minute", "missing")
	}
	return struct{}{}, s.rate.set(*q.PerMinute)
}

// verifyCallbacks does what the console does when callback addresses are saved.
func (s *Sim) verifyCallbacks(w http.ResponseWriter, r *http.Request) {
	if err := readControl(w, r, &struct{}{}); err != nil {
		s.writeFault(w, r, err)
		return
	}
	out := map[string]string{}
	for _, c := range []*caller{s.appCaller, s.archiveCaller} {
		out[c.name] = "ok"
		if err := c.verify(r.Context()); err != nil {
			out[c.name] = err.Error()
		}
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Sim) getAppMessages(w http.ResponseWriter, r *http.Request) {
	list := s.phones.everything()
	if id := r.URL.Query().Get("userid"); id != "" {
		list = s.phones.of(id)
	}
	writeJSON(w, http.StatusOK, map[string]any{"messages": list})
}

// getPeople searches members, customers and groups for the control page.
func (s *Sim) getPeople(w http.ResponseWriter, r *http.Request) {
	const most = 20
	search := strings.TrimSpace(r.URL.Query().Get("q"))
	members, _ := s.findMembers(search, most)
	customers, _ := s.findCustomers(search, most)
	groups := []person{}
	for _, g := range s.directory.groups {
		if len(groups) < most && matches(search, g.id, g.raw.str("name")) {
			groups = append(groups, person{ID: g.id, Name: g.raw.str("name"), Note: "群聊"})
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"members": members, "customers": customers, "groups": groups})
}

// simStats is GET /sim/stats.
type simStats struct {
	LastSeq    uint64         `json:"last_seq"`
	PulledSeq  uint64         `json:"pulled_seq"` // newest that was ever given out
	History    int            `json:"history"`    // messages at the start
	Added      int            `json:"added"`
	Live       int            `json:"live"` // of Added, by the rate
	KeyVersion uint32         `json:"publickey_ver"`
	PerMinute  float64        `json:"per_minute"`
	Callbacks  callbackStats  `json:"callbacks"`
	Calls      map[string]int `json:"calls"`
	Members    int            `json:"members"`
	Customers  int            `json:"customers"`
	Groups     int            `json:"groups"`
	AppSent    int            `json:"app_messages"`
}

func (s *Sim) stats() simStats {
	st := simStats{LastSeq: s.stream.next() - 1, KeyVersion: s.KeyVersion(), Groups: len(s.directory.groups)}
	st.History, st.Added, st.Live = s.stream.counts()
	st.PerMinute, _ = s.rate.get()
	st.Calls, st.Callbacks, st.PulledSeq = s.counters.snapshot()
	st.Members, st.Customers = len(s.directory.members()), s.directory.customerCount()
	st.AppSent = len(s.phones.everything())
	return st
}
