package server

import (
	"context"

	"huicun/internal/fault"
	"huicun/server/api"
)

var errTmp = fault.Unavailable("rules", nil)

func (s *Server) ListRules(ctx context.Context, request api.ListRulesRequestObject) (api.ListRulesResponseObject, error) {
	if _, r := caller(ctx); !r.viewer.IsAdmin() {
		return nil, adminOnly(r.viewer)
	}
	return nil, errTmp
}
func (s *Server) CreateRule(ctx context.Context, request api.CreateRuleRequestObject) (api.CreateRuleResponseObject, error) {
	if _, r := caller(ctx); !r.viewer.IsAdmin() {
		return nil, adminOnly(r.viewer)
	}
	return nil, errTmp
}
func (s *Server) TestRule(ctx context.Context, request api.TestRuleRequestObject) (api.TestRuleResponseObject, error) {
	if _, r := caller(ctx); !r.viewer.IsAdmin() {
		return nil, adminOnly(r.viewer)
	}
	return nil, errTmp
}
func (s *Server) DeleteRule(ctx context.Context, request api.DeleteRuleRequestObject) (api.DeleteRuleResponseObject, error) {
	if _, r := caller(ctx); !r.viewer.IsAdmin() {
		return nil, adminOnly(r.viewer)
	}
	return nil, errTmp
}
func (s *Server) GetRule(ctx context.Context, request api.GetRuleRequestObject) (api.GetRuleResponseObject, error) {
	if _, r := caller(ctx); !r.viewer.IsAdmin() {
		return nil, adminOnly(r.viewer)
	}
	return nil, errTmp
}
func (s *Server) UpdateRule(ctx context.Context, request api.UpdateRuleRequestObject) (api.UpdateRuleResponseObject, error) {
	if _, r := caller(ctx); !r.viewer.IsAdmin() {
		return nil, adminOnly(r.viewer)
	}
	return nil, errTmp
}
func (s *Server) ListViolations(ctx context.Context, request api.ListViolationsRequestObject) (api.ListViolationsResponseObject, error) {
	return nil, errTmp
}
func (s *Server) GetViolation(ctx context.Context, request api.GetViolationRequestObject) (api.GetViolationResponseObject, error) {
	return nil, errTmp
}
func (s *Server) UpdateViolation(ctx context.Context, request api.UpdateViolationRequestObject) (api.UpdateViolationResponseObject, error) {
	return nil, errTmp
}
func (s *Server) ListAlerts(ctx context.Context, request api.ListAlertsRequestObject) (api.ListAlertsResponseObject, error) {
	return nil, errTmp
}
