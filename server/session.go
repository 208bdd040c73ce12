package server

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huicun/internal/access"
	"huicun/internal/fault"
	"huicun/internal/personid"
	"huicun/server/api"
)

// cookieName is that of the session. The prefix makes browsers refuse the
// cookie from other hosts and without TLS (RFC 6265bis, 4.1.3.2); over plain
// http, which is for this machine only, it would never come back.
func (s *Server) cookieName() string {
	if s.secure() {
		return "__Host-huicun"
	}
	return "huicun"
}

// loginCookieName is that of the browser while it signs in.
func (s *Server) loginCookieName() string { return s.cookieName() + "-login" }

// setCookie sets one of our cookies; an empty value deletes it.
func (s *Server) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	age := int(life.Seconds())
	if value == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	})
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// signedIn finds the session of a request and the viewer as of now.
func (s *Server) signedIn(c *gin.Context) error {
	token := cookie(c.Request, s.cookieName())
	sess, v, err := s.Access.Session(c.Request.Context(), token)
	if err != nil {
		return err
	}
	r := requestOf(c.Request.Context())
	r.token, r.session, r.viewer = token, sess, v
	return nil
}

// requireSession lets only viewers through.
func (s *Server) requireSession(c *gin.Context) {
	if err := s.signedIn(c); err != nil {
		fail(c, err)
		return
	}
	c.Header("X-Huicun-Build", s.Build)
	c.Next()
}

// adminOnly refuses whoever is no admin.
func adminOnly(v access.Viewer) error {
	if v.IsAdmin() && !v.Disabled {
		return nil
	}
	return fault.Forbidden("archive admins only")
}

// GetMe answers GET /me.
func (s *Server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	ctx, r := caller(ctx)
	me, err := s.me(ctx, r.viewer, r.session)
	return api.GetMe200JSONResponse(me), err
}

// UpdateMe answers PATCH /me.
func (s *Server) UpdateMe(ctx context.Context, req api.UpdateMeRequestObject) (api.UpdateMeResponseObject, error) {
	ctx, r := caller(ctx)
	v, err := s.Access.UpdateMe(ctx, r.viewer, req.Body.DeletionAlerts, r.origin())
	if err != nil {
		return nil, err
	}
	me, err := s.me(ctx, v, r.session)
	return api.UpdateMe200JSONResponse(me), err
}

func (s *Server) me(ctx context.Context, v access.Viewer, sess access.Session) (api.Me, error) {
	size, err := s.Access.ScopeSize(ctx, v)
	if err != nil {
		return api.Me{}, err
	}
	person, err := s.person(ctx, personid.Key(v.UserID))
	if err != nil {
		return api.Me{}, err
	}
	return api.Me{
		Id: text(v.ID), Userid: v.UserID, Name: person.Name, Role: api.Role(v.Role), Csrf: sess.CSRF, Build: s.Build,
		DeletionAlerts: v.DeletionAlerts, ScopeSize: int(size), CorpId: s.CorpID, AgentId: s.AgentID,
	}, nil
}

// DeleteSession answers DELETE /session.
func (s *Server) DeleteSession(ctx context.Context, _ api.DeleteSessionRequestObject) (api.DeleteSessionResponseObject, error) {
	ctx, r := caller(ctx)
	if err := s.Access.SignOut(ctx, r.session, r.origin()); err != nil {
		return nil, err
	}
	s.hub.endSession(string(r.session.ID))
	return signedOut{s}, nil
}

// signedOut takes the cookie away along with the answer.
type signedOut struct{ s *Server }

// VisitDeleteSessionResponse writes the answer.
func (o signedOut) VisitDeleteSessionResponse(w http.ResponseWriter) error {
	o.s.setCookie(w, o.s.cookieName(), "", 0)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
