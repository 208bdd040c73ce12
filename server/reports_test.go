package server_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestCSPReport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	report := `{"csp-report":{"document-uri":"https://archive.example.com/c/conv-planted?q=query-planted","blocked-uri":"https://cdn.csp-test.example/path-planted?x=y",
		"effective-directive":"img-src","source-file":"https://archive.example.com/assets/a.js","line-number":3}}`
	w := f.do(call{method: "POST", path: "/api/v1/csp", body: report, header: map[string]string{"Content-Type": "application/csp-report"}})
	if w.Code != http.StatusNoContent {
		t.Errorf("status %d", w.Code)
	}
	text := logs.String()
	for _, want := range []string{`"directive":"img-src"`, `"blocked":"https://cdn.csp-test.example"`, `"document":"/c"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	for _, planted := range []string{"conv-planted", "query-planted", "path-planted"} {
		if strings.Contains(text, planted) {
			t.Errorf("the log has %s", planted)
		}
	}
	for _, body := range []string{"", "no JSON", `{"csp-report":{"blocked-uri":"` + strings.Repeat("x", 20<<10) + `"}}`} {
		if w := f.do(call{method: "POST", path: "/api/v1/csp", body: body}); w.Code != http.StatusBadRequest {
			t.Errorf("%.20q: %d, want 400", body, w.Code)
		}
	}
}

func TestClientErrorReport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	body := `{"route":"chat-route","build":"b1","stack":"TypeError: message-planted is no function\n    at f (https://archive.example.com/assets/chat-1.js?tok-planted:1:2)\ng@https://archive.example.com/assets/app-2.js:3:4\nother-planted"}`
	b.json("POST", "/api/v1/client-errors", body, http.StatusNoContent, nil)
	text := logs.String()
	for _, want := range []string{`"route":"chat-route"`, "assets/chat-1.js", "assets/app-2.js:3:4"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	for _, planted := range []string{"message-planted", "tok-planted", "other-planted"} {
		if strings.Contains(text, planted) {
			t.Errorf("the log has %s", planted)
		}
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	state := b.startLogin("/c/returnto-planted")
	b.send("GET", "/auth/callback?code=code-planted-secret&state="+state, "")
	b.get("/api/v1/conversations/7/find?q=%E8%AF%8D-planted", nil)
	b.get("/api/v1/conversations/7/messages", nil)
	b.send("GET", "/c/7/path-planted?q=query-planted", "")
	b.send("PATCH", "/api/v1/me", `{"deletion_alerts":"body-planted"}`)
	text := logs.String()
	for _, secret := range []string{
		"returnto-planted", "code-planted", "词-planted", "path-planted", "query-planted", "body-planted",
		"加我微信", "店员", state, b.csrf, b.jar["__Host-huicun"].Value,
	} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if !strings.Contains(text, `"path":"/api/v1/conversations/:conversation_id/find"`) {
		t.Error("the log lacks the request")
	}
}
