package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// browser is somebody who signed in through the simulator's login page.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
	csrf string
	id   string // viewer id
}

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// signIn goes through /auth/login as a browser does. It fails the test when
// the member is let in although allowed is false, or the reverse.
func (w *world) signIn(userid string, allowed bool) *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	b := &browser{t: w.t, base: "http://" + w.address, http: &http.Client{Jar: jar}}
	res, page := b.do(http.MethodGet, "/auth/login", nil)
	form := url.Values{"who": {"member:" + userid}}
	_, chosen, _ := strings.Cut(page, `action="/connect/chosen"`)
	for _, m := range hiddenInput.FindAllStringSubmatch(chosen, -1) {
		form.Set(m[1], strings.ReplaceAll(m[2], "&amp;", "&"))
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://"+res.Request.URL.Host+"/connect/chosen", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if res, err = b.http.Do(req); err != nil {
		w.t.Fatal(err)
	}
	_ = res.Body.Close()
	var me struct{ CSRF, ID string }
	status := b.get("/me", &me)
	if allowed != (status == http.StatusOK) {
		w.t.Fatalf("%s signed in and GET /me answers %d", userid, status)
	}
	b.csrf, b.id = me.CSRF, me.ID
	return b
}

// do sends a request and returns the answer with its body.
func (b *browser) do(method, path string, body any) (*http.Response, string) {
	b.t.Helper()
	var r io.Reader
	if body != nil {
		j, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, r)
	if err != nil {
		b.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		req.Header.Set("X-CSRF-Token", b.csrf)
	} else if path == "/auth/login" {
		req.Header.Set("Accept", "text/html")
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res, string(text)
}

// get reads from the API; answer is filled when the status is 200.
func (b *browser) get(path string, answer any) int {
	b.t.Helper()
	res, text := b.do(http.MethodGet, "/api/v1"+path, nil)
	if res.StatusCode == http.StatusOK && answer != nil {
		if err := json.Unmarshal([]byte(text), answer); err != nil {
			b.t.Fatalf("GET %s: %v in %s", path, err, text)
		}
	}
	return res.StatusCode
}

// send changes something through the API.
func (b *browser) send(method, path string, body, answer any) {
	b.t.Helper()
	res, text := b.do(method, "/api/v1"+path, body)
	if res.StatusCode/100 != 2 {
		b.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	if answer != nil {
		if err := json.Unmarshal([]byte(text), answer); err != nil {
			b.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
}

// addManager makes a viewer who sees single employees, and signs in as them.
func (w *world) addManager(admin *browser, userid string, employees ...string) *browser {
	w.t.Helper()
	w.waitFor("the directory to know "+userid, func() bool {
		return admin.get("/employees/"+strings.ToLower(userid), nil) == http.StatusOK
	})
	admin.send(http.MethodPost, "/viewers", map[string]any{"userid": userid, "role": "viewer", "disabled": false, "departments": []string{}, "employees": employees}, nil)
	return w.signIn(userid, true)
}
