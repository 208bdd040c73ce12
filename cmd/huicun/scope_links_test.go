package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"huicun/internal/archive"
)

// scopeLink is a request that names something by a placeholder. What is out of scope
// and what does not exist must answer alike, and ask the database the same.
type scopeLink struct {
	method, path string
	body         map[string]any
}

// hidden names, of each kind, something that v may not see and something that
// does not exist; false when v sees all there is.
func (g *grower) hidden(v *refViewer) map[string][2]string {
	r := g.realm
	out := map[string][2]string{}
	if e := pickOne(g, keepOnly(r.employees, func(e *refEmployee) bool { return !r.sees(v, e.person) })); e != nil {
		out["{employee}"] = [2]string{e.person, "e9999"}
		if markPattern.MatchString(e.name) { // no namesakes
			out["{name}"] = [2]string{url.QueryEscape(e.name), "n99tke9999z"}
		}
	}
	if c := pickOne(g, keepOnly(r.chats, func(c *refChat) bool { return !r.seesChat(v, c) })); c != nil {
		out["{chat}"] = [2]string{strconv.FormatInt(c.id, 10), strconv.FormatInt(c.id+1_000_000, 10)}
		m := pickOne(g, c.messages)
		out["{message}"] = [2]string{m.id, archive.MessageID("nowhere")}
		out["{file}"] = [2]string{archive.FileID("of " + m.id), archive.FileID("nowhere")}
		if mark := markPattern.FindString(m.text); mark != "" {
			out["{word}"] = [2]string{mark, "tkm999999z"}
		}
		if p := findOne(m.places, func(p refPlace) bool { return p.file != nil }); p.file != nil {
			out["{file}"] = [2]string{p.file.id, archive.FileID("nowhere")}
		}
	}
	if foreign := pickOne(g, keepOnly(g.given, func(l fileLink) bool { return l.viewer != v })); foreign.token != "" {
		out["{token}"] = [2]string{foreign.token, strings.Repeat("A", len(foreign.token))}
	}
	if x := pickOne(g, keepOnly(r.violations, func(x *refViolation) bool { return !r.seesViolation(v, x) })); x != nil {
		out["{violation}"] = [2]string{strconv.FormatInt(x.id, 10), strconv.FormatInt(x.id+1_000_000, 10)}
	}
	if d := pickOne(g, keepOnly(r.departments, func(d *refDepartment) bool {
		return !slices.ContainsFunc(r.employees, func(e *refEmployee) bool {
			return r.sees(v, e.person) && slices.ContainsFunc(e.departments, func(id int64) bool { return r.above(d.id, id) })
		})
	})); d != nil {
		out["{department}"] = [2]string{strconv.FormatInt(d.id, 10), "987654"}
	}
	if s := pickOne(g, keepOnly(r.saved, func(s *refSaved) bool { return s.owner != v })); s != nil {
		out["{search}"] = [2]string{strconv.FormatInt(s.id, 10), "987654"}
	}
	out["{rule}"] = [2]string{strconv.FormatInt(pickOne(g, r.rules).id, 10), "987654"}
	out["{viewer}"] = [2]string{strconv.FormatInt(pickOne(g, r.viewers).id, 10), "987654"}
	return out
}

// methodPage asks for a page of the H5 instead of the API.
const methodPage = "PAGE"

// scopeLinks are all ways to name something; own is a chat that the viewer may read.
func scopeLinks(own *refChat) []scopeLink {
	get := func(path string) scopeLink { return scopeLink{method: http.MethodGet, path: path} }
	page := func(path string) scopeLink { return scopeLink{method: methodPage, path: path} }
	all := []scopeLink{
		get("/employees/{employee}"), get("/employees/{employee}/conversations?tab=groups"), get("/employees?department={department}"),
		get("/employees?q={name}"),
		get("/conversations/{chat}"), get("/conversations/{chat}?as={employee}"), get("/conversations/{chat}/messages"),
		get("/conversations/{chat}/messages?around={message}"), get("/conversations/{chat}/messages?older={message}"),
		get("/conversations/{chat}/messages?at=2026-01-01T00:00:00Z"), get("/conversations/{chat}/find?q=x"), get("/conversations/{chat}/days"),
		get("/messages/{message}"), get("/messages/{message}/raw"),
		get("/conversations/{chat}/media?tab=visual"), get("/conversations/{chat}/media?tab=visual&around={message}"), get("/messages/{message}/files/{file}"), get("/media/{token}"),
		{http.MethodPost, "/messages/{message}/files/{file}/retry", nil},
		get("/violations?conversation={chat}"), get("/violations/{violation}"), get("/live?conversation={chat}"),
		{http.MethodPatch, "/violations/{violation}", map[string]any{"state": "handled", "note": "mine"}},
		page("/c/{chat}?m={message}&a={violation}"), page("/people/{employee}"), page("/alerts/{violation}"),
		get("/rules/{rule}"),
		get("/search?conversation={chat}"), get("/search?q=x&conversation={chat}&order=best"), get("/search?q={word}"), get("/search?department={department}"),
		get("/search/conversations?conversation={chat}"), get("/search/conversations?q={word}"), get("/search/suggestions?q={name}"),
		{http.MethodPut, "/searches/{search}", map[string]any{"name": "x", "query": map[string]any{"q": "x"}, "shared": false, "version": 1}},
		{http.MethodDelete, "/searches/{search}", nil},
		{http.MethodPost, "/searches/{search}/rule", nil},
		{http.MethodDelete, "/searches/{search}/rule", nil},
		{http.MethodDelete, "/rules/{rule}", nil},
		{http.MethodPut, "/rules/{rule}", ruleNaming("{department}", "{employee}", "{viewer}")},
		{http.MethodPost, "/rules", ruleNaming("{department}", "{employee}", "{viewer}")},
		{http.MethodPost, "/viewers", viewerNaming("{employee}", "{department}", "{employee}")},
		{http.MethodPut, "/viewers/{viewer}", viewerNaming("{employee}", "{department}", "{employee}")},
	}
	if own != nil {
		base := fmt.Sprintf("/conversations/%d", own.id)
		all = append(all, get(base+"?as={employee}"), get(base+"/messages?around={message}"), get(base+"/messages?older={message}"), get(base+"/messages?newer={message}"),
			get(base+"/media?tab=visual&around={message}"))
	}
	return all
}

func ruleNaming(department, employee, viewer string) map[string]any {
	return map[string]any{
		"name": "x", "words": []string{"x"}, "severity": "low", "direction": "both", "scope_all": false, "enabled": true, "version": 1,
		"scope_departments": []string{department}, "scope_employees": []string{employee}, "subscribers": []string{viewer},
	}
}

func viewerNaming(userid, department, employee string) map[string]any {
	return map[string]any{"userid": userid, "role": "viewer", "disabled": false, "departments": []string{department}, "employees": []string{employee}}
}

// fill puts the hidden (0) or the missing (1) things into the places.
func (l scopeLink) fill(names map[string][2]string, which int) (path string, body any, ok bool) {
	b, err := json.Marshal(l.body)
	if err != nil {
		panic(err)
	}
	path, text := l.path, string(b)
	for place, name := range names {
		path, text = strings.ReplaceAll(path, place, name[which]), strings.ReplaceAll(text, place, name[which])
	}
	if l.body == nil {
		return path, nil, !strings.Contains(path, "{")
	}
	return path, json.RawMessage(text), !strings.Contains(path, "{") && !strings.Contains(text, `"{`)
}

// checkLinks compares what is hidden with what is missing.
func (g *grower) checkLinks(v *refViewer) {
	g.t.Helper()
	if v.admin {
		return
	}
	names := g.hidden(v)
	own := pickOne(g, keepOnly(g.realm.chats, func(c *refChat) bool { return g.realm.seesChat(v, c) }))
	if own != nil { // the first reading of a chat is noted, which is a statement more
		for _, rest := range []string{"", "/messages"} {
			g.ask(v, http.MethodGet, fmt.Sprintf("/conversations/%d%s", own.id, rest), nil)
		}
	}
	for _, l := range scopeLinks(own) {
		hidden, hiddenBody, ok := l.fill(names, 0)
		missing, missingBody, _ := l.fill(names, 1)
		if !ok {
			continue
		}
		if v.session.uses+2 > sessionUses {
			g.signIn(v)
		}
		a, b := g.open(v, l.method, hidden, hiddenBody), g.open(v, l.method, missing, missingBody)
		g.differ(v, l.method+" "+hidden+" (-missing +hidden)", b.alike(), a.alike())
		if len(a.statements) == 0 && l.method != methodPage { // pages may not be built
			g.t.Errorf("%s: %s %s: no statement was noted", g.name, l.method, hidden)
		}
		if a.status >= 400 && slices.ContainsFunc(a.statements, func(text string) bool { return strings.HasPrefix(text, "INSERT") }) {
			g.t.Errorf("%s: %s %s: what was refused leaves a trace: %q", g.name, l.method, hidden, a.statements)
		}
		g.usage.pair(l)
	}
}

// open asks; of a live stream it reads what comes before anything is new.
func (g *grower) open(v *refViewer, method, path string, body any) apiAnswer {
	g.t.Helper()
	var log statementLog
	if method == methodPage {
		w := httptest.NewRecorder()
		req := g.request(log.in(g.t.Context()), v, http.MethodGet, path, nil)
		req.URL.Path = strings.TrimPrefix(req.URL.Path, "/api/v1")
		g.app.server.ServeHTTP(w, req)
		return apiAnswer{status: w.Code, header: w.Header(), body: w.Body.String(), statements: log.list}
	}
	if !strings.HasPrefix(path, "/live") {
		return g.ask(v, method, path, body)
	}
	ctx, cancel := context.WithCancel(log.in(g.t.Context()))
	defer cancel()
	w := &cutWriter{ResponseRecorder: httptest.NewRecorder(), cut: cancel}
	req := g.request(ctx, v, method, path, body)
	g.app.server.ServeHTTP(w, req)
	g.usage.count(v, req, w.Code)
	return apiAnswer{status: w.Code, header: w.Header(), body: w.Body.String(), statements: log.list}
}

// cutWriter is a client that goes away after the first words.
type cutWriter struct {
	*httptest.ResponseRecorder
	cut func()
}

// Flush passes the words on.
func (w *cutWriter) Flush() {
	w.ResponseRecorder.Flush()
	w.cut()
}

// toldApart is all that somebody outside can tell two answers apart by.
type toldApart struct {
	Status     int
	Header     http.Header
	Body       string
	Statements []string
}

func (a apiAnswer) alike() toldApart {
	h := a.header.Clone()
	id := h.Get("X-Request-Id")
	h.Del("X-Request-Id")
	body := a.body
	if id != "" {
		body = strings.ReplaceAll(body, id, "request-id")
	}
	return toldApart{a.status, h, body, a.statements}
}
