package wecomsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// answer is the body of a /cgi-bin/ reply; errcode and errmsg are added.
type answer map[string]any

// apiError is a refusal, in the shape that WeCom gives it. Its message never
// holds what the caller sent.
type apiError struct {
	Code int
	Msg  string
}

// Error implements error.
func (e *apiError) Error() string { return fmt.Sprintf("errcode %d: %s", e.Code, e.Msg) }

// Refusals used in several places; the codes are those of server-api.md 15.
var (
	errBadToken      = &apiError{40014, "invalid access_token"}
	errNoToken       = &apiError{41001, "access_token missing"}
	errTokenExpired  = &apiError{42001, "access_token expired"}
	errNoPermission  = &apiError{48002, "api forbidden"}
	errBadCode       = &apiError{40029, "invalid code"}
	errCodeUsed      = &apiError{42022, "code has been used"}
	errCodeExpired   = &apiError{42003, "code expired"}
	errUserNotFound  = &apiError{60111, "userid not found"}
	errDeptNotFound  = &apiError{60123, "invalid party id"}
	errNoRelation    = &apiError{84061, "not external contact"}
	errBadExternalID = &apiError{40096, "invalid external userid"}
	errNotInternal   = &apiError{301059, "not internal group"}
	errBusy          = &apiError{-1, "system error"}
)

// badParam refuses a parameter that is wrong or missing.
func badParam(what string) *apiError { return &apiError{40058, "invalid request parameter: " + what} }

// errBadJSON is what WeCom says about a body that is no JSON.
var errBadJSON = &apiError{40058, "Warning: wrong json format. invalid request parameter"}

// writeAnswer sends a as WeCom would: status 200 whatever happened.
func writeAnswer(w http.ResponseWriter, a answer, err *apiError) {
	body := answer{"errcode": 0, "errmsg": "ok"}
	if err != nil {
		body["errcode"], body["errmsg"] = err.Code, err.Msg
	}
	for k, v := range a {
		body[k] = v
	}
	writeJSON(w, http.StatusOK, body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // only our own types come here
		http.Error(w, "wecomsim: encode answer", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b) // a reader that left needs no answer
}
