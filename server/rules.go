package server

import (
	"context"

	"huicun/internal/directory"
	"huicun/internal/rules"
	"huicun/server/api"
)

// ListRules answers GET /rules.
func (s *Server) ListRules(ctx context.Context, _ api.ListRulesRequestObject) (api.ListRulesResponseObject, error) {
	ctx, r := caller(ctx)
	list, err := s.Rules.List(ctx, r.viewer)
	if err != nil {
		return nil, err
	}
	items, err := s.newRules(ctx, list...)
	return api.ListRules200JSONResponse{Items: items}, err
}

// GetRule answers GET /rules/{id}.
func (s *Server) GetRule(ctx context.Context, req api.GetRuleRequestObject) (api.GetRuleResponseObject, error) {
	ctx, r := caller(ctx)
	if err := adminOnly(r.viewer); err != nil {
		return nil, err
	}
	id, err := number(req.RuleId, "rule")
	if err != nil {
		return nil, err
	}
	rule, err := s.Rules.Get(ctx, r.viewer, id)
	if err != nil {
		return nil, err
	}
	out, err := s.newRule(ctx, rule)
	return api.GetRule200JSONResponse(out), err
}

// CreateRule answers POST /rules.
func (s *Server) CreateRule(ctx context.Context, req api.CreateRuleRequestObject) (api.CreateRuleResponseObject, error) {
	ctx, r := caller(ctx)
	in, err := ruleInput(req.Body)
	if err != nil {
		return nil, err
	}
	rule, err := s.Rules.Create(ctx, r.viewer, in, r.origin())
	if err != nil {
		return nil, err
	}
	out, err := s.newRule(ctx, rule)
	return api.CreateRule201JSONResponse(out), err
}

// UpdateRule answers PUT /rules/{id}.
func (s *Server) UpdateRule(ctx context.Context, req api.UpdateRuleRequestObject) (api.UpdateRuleResponseObject, error) {
	ctx, r := caller(ctx)
	if err := adminOnly(r.viewer); err != nil {
		return nil, err
	}
	id, err := number(req.RuleId, "rule")
	if err != nil {
		return nil, err
	}
	in, err := ruleInput(req.Body)
	if err != nil {
		return nil, err
	}
	rule, err := s.Rules.Update(ctx, r.viewer, id, in, r.origin())
	if err != nil {
		return nil, err
	}
	out, err := s.newRule(ctx, rule)
	return api.UpdateRule200JSONResponse(out), err
}

// DeleteRule answers DELETE /rules/{id}.
func (s *Server) DeleteRule(ctx context.Context, req api.DeleteRuleRequestObject) (api.DeleteRuleResponseObject, error) {
	ctx, r := caller(ctx)
	if err := adminOnly(r.viewer); err != nil {
		return nil, err
	}
	id, err := number(req.RuleId, "rule")
	if err != nil {
		return nil, err
	}
	return api.DeleteRule204Response{}, s.Rules.Delete(ctx, r.viewer, id, r.origin())
}

// TestRule answers POST /rules/test.
func (s *Server) TestRule(ctx context.Context, req api.TestRuleRequestObject) (api.TestRuleResponseObject, error) {
	ctx, r := caller(ctx)
	words, spans, err := s.Rules.Test(ctx, r.viewer, req.Body.Words, req.Body.Text)
	if err != nil {
		return nil, err
	}
	return api.TestRule200JSONResponse{Words: notNil(words), Spans: newSpans(req.Body.Text, spans)}, nil
}

func ruleInput(in *api.RuleInput) (rules.Input, error) {
	departments, err := numbers("scope_departments", in.ScopeDepartments)
	if err != nil {
		return rules.Input{}, err
	}
	subscribers, err := numbers("subscribers", in.Subscribers)
	if err != nil {
		return rules.Input{}, err
	}
	return rules.Input{
		Name: in.Name, Words: in.Words, Severity: rules.Severity(in.Severity), Direction: rules.Direction(in.Direction),
		ScopeAll: in.ScopeAll, ScopeDepartments: departments, ScopeEmployees: in.ScopeEmployees,
		Subscribers: subscribers, Enabled: in.Enabled, Version: value(in.Version),
	}, nil
}

func (s *Server) newRule(ctx context.Context, rule rules.Rule) (api.Rule, error) {
	out, err := s.newRules(ctx, rule)
	if err != nil {
		return api.Rule{}, err
	}
	return out[0], nil
}

// newRules maps rules, with the names of all persons looked up at once.
func (s *Server) newRules(ctx context.Context, list ...rules.Rule) ([]api.Rule, error) {
	var ids []string
	for _, r := range list {
		ids = append(append(ids, r.ScopeEmployees...), r.SubscriberPersons...)
	}
	found, err := s.persons(ctx, ids)
	if err != nil {
		return nil, err
	}
	return mapAll(list, func(r rules.Rule) api.Rule { return newRule(r, found) }), nil
}

func newRule(r rules.Rule, found map[string]directory.Person) api.Rule {
	out := api.Rule{
		Id: text(r.ID), Name: r.Name, Words: notNil(r.Words), Severity: api.Severity(r.Severity),
		Direction: api.RuleDirection(r.Direction), ScopeAll: r.ScopeAll, ScopeDepartments: mapAll(r.ScopeDepartments, text),
		ScopeEmployees: newPersons(found, r.ScopeEmployees), Subscribers: make([]api.ViewerRef, len(r.Subscribers)),
		Enabled: r.Enabled, Version: r.Version, UpdatedAt: r.Changed.UTC(), Hits: int(r.Hits),
	}
	for i, id := range r.Subscribers {
		out.Subscribers[i] = api.ViewerRef{Id: text(id), Person: newPerson(personIn(found, r.SubscriberPersons[i]))}
	}
	return out
}
