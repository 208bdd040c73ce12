package server_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"huicun/server/api"
)

// sampleBodies are requests that the server accepts; one for each operation
// with a body, or the tests below prove nothing about it.
var sampleBodies = map[string]string{
	"UpdateMe":          `{"deletion_alerts":true}`,
	"CreateRule":        `{"name":"r","words":["微信"],"severity":"high","direction":"both","scope_all":true,"scope_departments":[],"scope_employees":[],"subscribers":[],"enabled":true}`,
	"UpdateRule":        `{"name":"r","words":["微信"],"severity":"high","direction":"both","scope_all":true,"scope_departments":[],"scope_employees":[],"subscribers":[],"enabled":true,"version":1}`,
	"TestRule":          `{"words":["微信"],"text":"加我微信"}`,
	"CreateViewer":      `{"userid":"Shop","role":"viewer","disabled":false,"departments":["2"],"employees":["mei"]}`,
	"UpdateViewer":      `{"userid":"Mei","role":"viewer","disabled":false,"departments":["2"],"employees":[]}`,
	"UpdateViolation":   `{"state":"handled","note":"ok"}`,
	"CreateSavedSearch": `{"name":"n","query":{"q":"微信"},"shared":false}`,
	"UpdateSavedSearch": `{"name":"n","query":{"q":"微信"},"shared":false,"version":1}`,
	"ReportClientError": `{"route":"chat","build":"b","stack":"Error\n    at x (https://archive.example.com/assets/app.js:1:2)"}`,
}

var parameter = regexp.MustCompile(`\{\w+\}`)

// address gives a path of the operation, with ids that may or may not exist.
func (op operation) address() string {
	return "/api/v1" + parameter.ReplaceAllString(op.Path, "2")
}

func (op operation) mutates() bool {
	return op.Method != http.MethodGet && op.Method != http.MethodHead
}

func TestNoOperationWorksWithoutSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, op := range contract {
		for name, cookies := range map[string][]*http.Cookie{
			"no cookie":    nil,
			"wrong cookie": {{Name: "__Host-huicun", Value: strings.Repeat("A", 43)}},
		} {
			w := f.do(call{
				method: op.Method, path: op.address(), body: sampleBodies[op.Operation.OperationID], cookies: cookies,
				header: map[string]string{"X-CSRF-Token": "x"},
			})
			if w.Code != http.StatusUnauthorized {
				t.Errorf("%s with %s: %d, want 401", op.Operation.OperationID, name, w.Code)
			}
			checkRefused(t, op.Operation.OperationID, w, "unauthenticated", "")
		}
	}
	if got := f.actions(); len(got) != 0 {
		t.Errorf("log: %v", got)
	}
}

func TestNoChangeWorksWithoutCSRFToken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	token := b.csrf
	before := len(f.actions())
	for _, op := range contract {
		if !op.mutates() {
			continue
		}
		id := op.Operation.OperationID
		body, ok := sampleBodies[id]
		if op.Operation.RequestBody != nil && !ok {
			t.Errorf("%s has no sample body", id)
		}
		for name, header := range map[string]map[string]string{
			"no token":        {},
			"empty token":     {"X-CSRF-Token": ""},
			"wrong token":     {"X-CSRF-Token": token[1:] + "x"},
			"shorter token":   {"X-CSRF-Token": token[1:]},
			"token in cookie": {"Cookie": "X-CSRF-Token=" + token},
		} {
			w := f.do(call{method: op.Method, path: op.address(), body: body, header: header, cookies: b.cookies()})
			if w.Code != http.StatusForbidden {
				t.Errorf("%s with %s: %d, want 403", id, name, w.Code)
			}
			checkRefused(t, id+" with "+name, w, "forbidden.csrf", "")
		}
		for name, header := range map[string]map[string]string{
			"another origin":   {"Origin": "https://evil.example.com"},
			"the null origin":  {"Origin": "null"},
			"another scheme":   {"Origin": "http://archive.example.com"},
			"another port":     {"Origin": site + ":8443"},
			"a cross-site tab": {"Sec-Fetch-Site": "cross-site"},
			"a sister domain":  {"Sec-Fetch-Site": "same-site"},
		} {
			header["X-CSRF-Token"] = token
			w := f.do(call{method: op.Method, path: op.address(), body: body, header: header, cookies: b.cookies()})
			checkRefused(t, id+" from "+name, w, "forbidden.origin", "")
		}
	}
	if got := f.actions()[before:]; len(got) != 0 {
		t.Errorf("log: %v", got)
	}
}

// adminOperations are those that viewers may not use. An operation that says
// "(admins)" in the contract and is missing here fails the test.
func TestAdminOperationsRefuseViewers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	seen := 0
	for _, op := range contract {
		if !strings.Contains(op.Operation.Summary, "(admins)") && !strings.Contains(op.Operation.Summary, "(admins);") {
			continue
		}
		seen++
		w := b.send(op.Method, op.address(), sampleBodies[op.Operation.OperationID])
		if w.Code != http.StatusForbidden {
			t.Errorf("%s by a viewer: %d %s, want 403", op.Operation.OperationID, w.Code, w.Body)
		}
	}
	if seen < 10 {
		t.Errorf("only %d operations are for admins: does the contract say so?", seen)
	}
}

func TestRequestsKeepToTheContract(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	for _, tt := range []struct{ name, method, path, body, code, field string }{
		{"no JSON", "PATCH", "/me", `{`, "invalid", ""},
		{"no body", "PATCH", "/me", ``, "invalid", ""},
		{"two values", "PATCH", "/me", `{"deletion_alerts":true}{}`, "invalid", ""},
		{"wrong type", "PATCH", "/me", `{"deletion_alerts":"yes"}`, "invalid", "deletion_alerts"},
		{"missing field", "PATCH", "/me", `{}`, "invalid", "deletion_alerts"},
		{"null", "PATCH", "/me", `null`, "invalid", ""},
		{"list", "PATCH", "/me", `[]`, "invalid", ""},
		{"enum in body", "POST", "/viewers", `{"userid":"Shop","role":"root","disabled":false,"departments":[],"employees":[]}`, "invalid", "role"},
		{"empty string", "POST", "/viewers", `{"userid":"","role":"admin","disabled":false,"departments":[],"employees":[]}`, "invalid", "userid"},
		{"no number", "POST", "/viewers", `{"userid":"Shop","role":"admin","disabled":false,"departments":["x"],"employees":[]}`, "invalid", "departments"},
		{"element", "POST", "/viewers", `{"userid":"Shop","role":"admin","disabled":false,"departments":[2],"employees":[]}`, "invalid", "departments.0"},
		{"limit of 0", "GET", "/employees?limit=0", ``, "invalid", "limit"},
		{"limit of 101", "GET", "/employees?limit=101", ``, "invalid", "limit"},
		{"limit of no number", "GET", "/employees?limit=ten", ``, "invalid", "limit"},
		{"enum in query", "GET", "/employees?state=here", ``, "invalid", "state"},
		{"department", "GET", "/employees?department=sales", ``, "invalid", "department"},
		{"cursor", "GET", "/employees?cursor=bad", ``, "invalid.cursor", "cursor"},
		{"time", "GET", "/conversations/7/messages?at=yesterday", ``, "invalid", "at"},
		{"two anchors", "GET", "/conversations/7/messages?around=" + messageID + "&older=" + messageID, ``, "invalid", "around"},
		{"nothing to find", "GET", "/conversations/7/find", ``, "invalid", "q"},
		{"too much to find", "GET", "/conversations/7/find?q=" + strings.Repeat("a", 201), ``, "invalid", "q"},
		{"NUL to find", "GET", "/conversations/7/find?q=a%00", ``, "invalid", "q"},
		{"bad UTF-8 to find", "GET", "/conversations/7/find?q=%ff", ``, "invalid", "q"},
		{"live id", "GET", "/live?last_event_id=x", ``, "invalid", "last_event_id"},
		{"signature of another site", "GET", "/wecom/signature?kind=corp&url=https://evil.example.com/", ``, "invalid", "url"},
		{"signature of a look-alike", "GET", "/wecom/signature?kind=corp&url=https://archive.example.com@evil.example.com/", ``, "invalid", "url"},
		{"signature of a kind", "GET", "/wecom/signature?kind=other&url=https://archive.example.com/", ``, "invalid", "kind"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := b.send(tt.method, "/api/v1"+tt.path, tt.body)
			if w.Code != http.StatusBadRequest {
				t.Errorf("status %d, want 400", w.Code)
			}
			checkRefused(t, tt.name, w, tt.code, tt.field)
		})
	}
	b.header = map[string]string{"Content-Type": "text/plain"}
	b.refused("PATCH", "/api/v1/me", `{"deletion_alerts":true}`, "invalid.content_type", "")
	b.header = nil
	b.refused("PATCH", "/api/v1/me", `{"deletion_alerts":true,"x":"`+strings.Repeat("x", 1<<20)+`"}`, "invalid.too_large", "")
}

func TestEmptyFiltersDoNotFilter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	b.get("/api/v1/employees?q=&cursor=&department=", nil)
	b.get("/api/v1/employees/shop/conversations?q=&cursor=", nil)
	b.get("/api/v1/conversations/7?as=", nil)
	b.get("/api/v1/violations?conversation=&cursor=", nil)
}

func TestErrorsDoNotQuoteWhatWasSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	const secret = "秘密的聊天内容"
	for _, c := range []struct{ method, path, body string }{
		{"PATCH", "/me", `{"deletion_alerts":"` + secret + `"}`},
		{"PATCH", "/me", `{"` + secret},
		{"POST", "/viewers", `{"userid":"Shop","role":"` + secret + `","disabled":false,"departments":[],"employees":[]}`},
		{"POST", "/rules/test", `{"words":["` + strings.Repeat(secret, 20) + `"],"text":"x"}`},
		{"GET", "/conversations/7/find?limit=" + secret, ""},
		{"GET", "/employees?state=" + secret, ""},
	} {
		w := b.send(c.method, "/api/v1"+c.path, c.body)
		if w.Code < 400 || strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
}

func TestUnknownOperations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	for _, c := range []struct{ method, path string }{
		{"GET", "/api/v1/nothing"}, {"GET", "/api/v2/me"}, {"POST", "/api/v1/me"}, {"DELETE", "/api/v1/employees/shop"}, {"GET", "/api/v1/"},
	} {
		b.refused(c.method, c.path, "", "not_found", "")
	}
}

func TestInternalErrorsStayInside(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	f.archive.failure = &json.UnsupportedValueError{Str: "pq: password of huicun"}
	w := b.send("GET", "/api/v1/employees", "")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "pq") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	checkRefused(t, "internal", w, "internal", "")
	var body api.Error
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Error.Message != "internal error" {
		t.Errorf("message %q, %v", body.Error.Message, err)
	}
}

func TestPanicsStayInside(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Boss")
	f.archive.panics = "panic-planted"
	w := b.send("GET", "/api/v1/employees", "")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "planted") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	checkRefused(t, "panic", w, "internal", "")
	text := logs.String()
	if strings.Contains(text, "panic-planted") || !strings.Contains(text, `"msg":"panic","what":"string"`) {
		t.Error("the log must have the panic, without its text")
	}
	f.archive.panics = ""
	b.get("/api/v1/employees", nil)
}

func TestContractIsServedToAdmins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var spec struct{ OpenAPI string }
	f.signedIn("Boss").get("/api/v1/openapi.json", &spec)
	if spec.OpenAPI != "3.0.3" {
		t.Errorf("openapi %q", spec.OpenAPI)
	}
	f.signedIn("Mei").refused("GET", "/api/v1/openapi.json", "", "forbidden", "")
	f.browser().refused("GET", "/api/v1/openapi.json", "", "unauthenticated", "")
}

// cookies gives what the browser holds.
func (b *browser) cookies() []*http.Cookie {
	var list []*http.Cookie
	for _, c := range b.jar {
		list = append(list, c)
	}
	return list
}
