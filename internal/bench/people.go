package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/personid"
)

// Scope is what a viewer of a benchmark may read.
type Scope struct {
	Departments []int64  // ids, those below included
	Employees   []string // persons
}

// AddViewer makes an account for a member, as an admin does in the app, and
// gives it as the database knows it.
func (w *World) AddViewer(ctx context.Context, admin *Browser, userid string, s Scope) (access.Viewer, error) {
	departments := []string{}
	for _, d := range s.Departments {
		departments = append(departments, fmt.Sprint(d))
	}
	if s.Employees == nil {
		s.Employees = []string{}
	}
	err := admin.Call(ctx, http.MethodPost, "/viewers", map[string]any{
		"userid": userid, "role": "viewer", "disabled": false, "departments": departments, "employees": s.Employees,
	}, nil)
	if err != nil {
		return access.Viewer{}, fmt.Errorf("make %s a viewer: %w", userid, err)
	}
	v, ok, err := w.DB.FindViewer(ctx, personid.Key(userid))
	if err == nil && !ok {
		err = fmt.Errorf("%s is no viewer", userid)
	}
	return v, err
}

// cookieOfSession is the name of the cookie over plain http.
const cookieOfSession = "huicun"

// OpenSession makes a session of a viewer as a sign-in does, without the login
// page, which lets one address in only so often.
func (w *World) OpenSession(ctx context.Context, userid string) (*Browser, error) {
	service := access.Service{Store: w.DB}
	token, err := service.SignIn(ctx, userid, audit.Origin{IP: "127.0.0.1"}, "huicun bench")
	if err != nil {
		return nil, fmt.Errorf("open a session of %s: %w", userid, err)
	}
	at, err := url.Parse(w.URL)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	jar.SetCookies(at, []*http.Cookie{{Name: cookieOfSession, Value: token, Path: "/"}})
	return &Browser{Client: &http.Client{Jar: jar, Transport: w.transport()}, api: w.URL + "/api/v1", token: token}, nil
}

// transport keeps as many connections as any benchmark has streams open.
func (w *World) transport() http.RoundTripper {
	if w.connections == nil {
		w.connections = &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	}
	return w.connections
}
