package server

import (
	"context"

	"huicun/internal/directory"
	"huicun/internal/rules"
	"huicun/server/api"
)

// ListViolations answers GET /violations.
func (s *Server) ListViolations(ctx context.Context, req api.ListViolationsRequestObject) (api.ListViolationsResponseObject, error) {
	ctx, r := caller(ctx)
	p := req.Params
	q := rules.Query{
		Tab: string(value(p.Tab)), State: rules.State(value(p.State)), Cursor: value(p.Cursor), Limit: value(p.Limit),
	}
	if conv := value(p.Conversation); conv != "" {
		var err error
		if q.ConvID, err = number(conv, "conversation"); err != nil {
			return nil, err
		}
	}
	page, err := s.Violations.List(ctx, r.viewer, q)
	if err != nil {
		return nil, err
	}
	for i, v := range page.Items {
		page.Items[i].Evidence = excerpt(v.Evidence, v.Spans)
	}
	items, err := s.newViolations(ctx, page.Items...)
	return api.ListViolations200JSONResponse{Items: items, Next: optional(page.Next), Total: int(page.Open)}, err
}

// GetViolation answers GET /violations/{id}.
func (s *Server) GetViolation(ctx context.Context, req api.GetViolationRequestObject) (api.GetViolationResponseObject, error) {
	ctx, r := caller(ctx)
	id, err := number(req.ViolationId, "violation")
	if err != nil {
		return nil, err
	}
	d, err := s.Violations.Get(ctx, r.viewer, id)
	if err != nil {
		return nil, err
	}
	if d.ConvID != 0 && len(d.Context) > 0 {
		if err := s.recordRead(ctx, r, d.ConvID); err != nil {
			return nil, err
		}
	}
	alerts, err := s.alertsOf(ctx, r, id)
	if err != nil {
		return nil, err
	}
	v, err := s.newViolation(ctx, d.Violation)
	return api.GetViolation200JSONResponse{Violation: v, Context: mapAll(d.Context, s.shower(r.viewer).message), Alerts: alerts}, err
}

// UpdateViolation answers PATCH /violations/{id}.
func (s *Server) UpdateViolation(ctx context.Context, req api.UpdateViolationRequestObject) (api.UpdateViolationResponseObject, error) {
	ctx, r := caller(ctx)
	id, err := number(req.ViolationId, "violation")
	if err != nil {
		return nil, err
	}
	v, err := s.Violations.Update(ctx, r.viewer, id, rules.State(req.Body.State), value(req.Body.Note), r.origin())
	if err != nil {
		return nil, err
	}
	out, err := s.newViolation(ctx, v)
	return api.UpdateViolation200JSONResponse(out), err
}

func (s *Server) newViolation(ctx context.Context, v rules.Violation) (api.Violation, error) {
	out, err := s.newViolations(ctx, v)
	if err != nil {
		return api.Violation{}, err
	}
	return out[0], nil
}

// newViolations maps violations, with the names of all persons looked up at
// once.
func (s *Server) newViolations(ctx context.Context, list ...rules.Violation) ([]api.Violation, error) {
	var ids []string
	for _, v := range list {
		for _, id := range []string{v.Sender, v.Receiver, v.HandledBy} {
			if id != "" {
				ids = append(ids, id)
			}
		}
	}
	found, err := s.persons(ctx, ids)
	if err != nil {
		return nil, err
	}
	return mapAll(list, func(v rules.Violation) api.Violation { return newViolation(v, found) }), nil
}

func newViolation(v rules.Violation, found map[string]directory.Person) api.Violation {
	out := api.Violation{
		Id: text(v.ID), Kind: api.ViolationKind(v.Kind), Severity: api.Severity(v.Severity), RuleName: v.RuleName,
		Words: notNil(v.Words), Sender: newPerson(personIn(found, v.Sender)), Receiver: personAt(found, v.Receiver),
		ConversationTitle: optional(named(v.ConvTitle)), MessageId: optional(v.MessageID), Msgtype: optional(v.MsgType),
		OccurredAt: v.OccurredAt.UTC(), Evidence: v.Evidence, Spans: newSpans(v.Evidence, v.Spans),
		State: api.ViolationState(v.State), HandledBy: personAt(found, v.HandledBy), HandledAt: optionalTime(v.HandledAt),
		Note: v.Note, Private: optional(v.ViewerID != 0),
	}
	if v.RuleID != 0 {
		out.RuleId = optional(text(v.RuleID))
	}
	if v.ConvID != 0 {
		out.ConversationId = optional(text(v.ConvID))
	}
	return out
}

// personAt gives nil for nobody.
func personAt(found map[string]directory.Person, id string) *api.Person {
	if id == "" {
		return nil
	}
	return personOrNil(personIn(found, id))
}
