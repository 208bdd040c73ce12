package server

import (
	"context"

	"huicun/internal/alert"
	"huicun/internal/directory"
	"huicun/server/api"
)

// ListAlerts answers GET /alerts.
func (s *Server) ListAlerts(ctx context.Context, req api.ListAlertsRequestObject) (api.ListAlertsResponseObject, error) {
	ctx, r := caller(ctx)
	page, err := s.Alerts.List(ctx, r.viewer, value(req.Params.Cursor), value(req.Params.Limit))
	if err != nil {
		return nil, err
	}
	items, err := s.newAlerts(ctx, r, page.Items)
	return api.ListAlerts200JSONResponse{Items: items, Next: optional(page.Next)}, err
}

// alertsOf gives whom a violation was pushed to, as far as the viewer may know.
func (s *Server) alertsOf(ctx context.Context, r *request, violation int64) ([]api.Alert, error) {
	list, err := s.Alerts.OfViolation(ctx, r.viewer, violation)
	if err != nil {
		return nil, err
	}
	return s.newAlerts(ctx, r, list)
}

// newAlerts maps alerts, with the names of all receivers looked up at once.
// What WeCom said about a failure is for admins.
func (s *Server) newAlerts(ctx context.Context, r *request, list []alert.Alert) ([]api.Alert, error) {
	found, err := s.persons(ctx, mapAll(list, func(a alert.Alert) string { return a.To }))
	if err != nil {
		return nil, err
	}
	return mapAll(list, func(a alert.Alert) api.Alert {
		if !r.viewer.IsAdmin() {
			a.Error = ""
		}
		return newAlert(a, found)
	}), nil
}

func newAlert(a alert.Alert, found map[string]directory.Person) api.Alert {
	return api.Alert{
		Id: text(a.ID), ViolationId: text(a.ViolationID), Kind: optional(string(a.Kind)), RuleName: optional(a.RuleName),
		To: newPerson(personIn(found, a.To)), State: api.AlertState(a.State), Attempt: a.Attempt, Error: optional(a.Error),
		CreatedAt: a.CreatedAt.UTC(), SentAt: optionalTime(a.SentAt),
	}
}
