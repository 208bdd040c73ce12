package server

import (
	"context"

	"huicun/internal/directory"
	"huicun/internal/search"
	"huicun/server/api"
)

// ListRecentSearches answers GET /search/recent.
func (s *Server) ListRecentSearches(ctx context.Context, _ api.ListRecentSearchesRequestObject) (api.ListRecentSearchesResponseObject, error) {
	ctx, r := caller(ctx)
	list, err := s.Finder.Recent(ctx, r.viewer)
	if err != nil {
		return nil, err
	}
	return api.ListRecentSearches200JSONResponse{Items: mapAll(list, func(it search.Recent) api.RecentSearch {
		return api.RecentSearch{Query: newSearchQuery(it.Request), At: it.At.UTC(), Total: newTotal(it.Total)}
	})}, nil
}

// DeleteRecentSearches answers DELETE /search/recent.
func (s *Server) DeleteRecentSearches(ctx context.Context, _ api.DeleteRecentSearchesRequestObject) (api.DeleteRecentSearchesResponseObject, error) {
	ctx, r := caller(ctx)
	return api.DeleteRecentSearches204Response{}, s.Finder.ClearRecent(ctx, r.viewer, r.origin())
}

// ListSavedSearches answers GET /searches.
func (s *Server) ListSavedSearches(ctx context.Context, _ api.ListSavedSearchesRequestObject) (api.ListSavedSearchesResponseObject, error) {
	ctx, r := caller(ctx)
	list, err := s.Finder.Saved(ctx, r.viewer)
	if err != nil {
		return nil, err
	}
	items, err := s.savedSearches(ctx, r, list...)
	return api.ListSavedSearches200JSONResponse{Items: items}, err
}

// CreateSavedSearch answers POST /searches.
func (s *Server) CreateSavedSearch(ctx context.Context, req api.CreateSavedSearchRequestObject) (api.CreateSavedSearchResponseObject, error) {
	ctx, r := caller(ctx)
	in, err := savedInput(req.Body)
	if err != nil {
		return nil, err
	}
	saved, err := s.Finder.CreateSaved(ctx, r.viewer, in, r.origin())
	if err != nil {
		return nil, err
	}
	out, err := s.savedSearch(ctx, r, saved)
	return api.CreateSavedSearch201JSONResponse(out), err
}

// UpdateSavedSearch answers PUT /searches/{id}.
func (s *Server) UpdateSavedSearch(ctx context.Context, req api.UpdateSavedSearchRequestObject) (api.UpdateSavedSearchResponseObject, error) {
	ctx, r := caller(ctx)
	id, err := number(req.SearchId, "search")
	if err != nil {
		return nil, err
	}
	in, err := savedInput(req.Body)
	if err != nil {
		return nil, err
	}
	saved, err := s.Finder.UpdateSaved(ctx, r.viewer, id, in, r.origin())
	if err != nil {
		return nil, err
	}
	out, err := s.savedSearch(ctx, r, saved)
	return api.UpdateSavedSearch200JSONResponse(out), err
}

// DeleteSavedSearch answers DELETE /searches/{id}.
func (s *Server) DeleteSavedSearch(ctx context.Context, req api.DeleteSavedSearchRequestObject) (api.DeleteSavedSearchResponseObject, error) {
	ctx, r := caller(ctx)
	id, err := number(req.SearchId, "search")
	if err != nil {
		return nil, err
	}
	return api.DeleteSavedSearch204Response{}, s.Finder.DeleteSaved(ctx, r.viewer, id, r.origin())
}

// CreateRuleFromSearch answers POST /searches/{id}/rule.
func (s *Server) CreateRuleFromSearch(ctx context.Context, req api.CreateRuleFromSearchRequestObject) (api.CreateRuleFromSearchResponseObject, error) {
	ctx, r := caller(ctx)
	id, err := number(req.SearchId, "search")
	if err != nil {
		return nil, err
	}
	saved, leftOut, err := s.Finder.CreateRule(ctx, r.viewer, id, r.origin())
	if err != nil {
		return nil, err
	}
	out, err := s.savedSearch(ctx, r, saved)
	out.RuleLeftOut = optionalList(leftOut)
	return api.CreateRuleFromSearch201JSONResponse(out), err
}

// DeleteRuleFromSearch answers DELETE /searches/{id}/rule.
func (s *Server) DeleteRuleFromSearch(ctx context.Context, req api.DeleteRuleFromSearchRequestObject) (api.DeleteRuleFromSearchResponseObject, error) {
	ctx, r := caller(ctx)
	id, err := number(req.SearchId, "search")
	if err != nil {
		return nil, err
	}
	return api.DeleteRuleFromSearch204Response{}, s.Finder.DeleteRule(ctx, r.viewer, id, r.origin())
}

func savedInput(in *api.SavedSearchInput) (search.SavedInput, error) {
	wanted, err := searchRequest(in.Query)
	return search.SavedInput{Name: in.Name, Request: wanted, Shared: in.Shared, Version: value(in.Version)}, err
}

func (s *Server) savedSearch(ctx context.Context, r *request, saved search.Saved) (api.SavedSearch, error) {
	out, err := s.savedSearches(ctx, r, saved)
	if err != nil {
		return api.SavedSearch{}, err
	}
	return out[0], nil
}

// savedSearches maps saved searches, with the names of all owners looked up at
// once.
func (s *Server) savedSearches(ctx context.Context, r *request, list ...search.Saved) ([]api.SavedSearch, error) {
	found, err := s.persons(ctx, mapAll(list, func(it search.Saved) string { return it.Owner }))
	if err != nil {
		return nil, err
	}
	return mapAll(list, func(it search.Saved) api.SavedSearch { return newSavedSearch(it, r.viewer.ID, found) }), nil
}

// newSavedSearch maps a saved search; whether it has a rule is its owner's
// matter.
func newSavedSearch(it search.Saved, viewer int64, found map[string]directory.Person) api.SavedSearch {
	out := api.SavedSearch{
		Id: text(it.ID), Name: it.Name, Query: newSearchQuery(it.Request), Shared: it.Shared, Owner: newPerson(personIn(found, it.Owner)),
		Mine: it.ViewerID == viewer, Version: it.Version, UpdatedAt: it.UpdatedAt.UTC(),
	}
	if out.Mine && it.RuleID != 0 {
		out.RuleId = optional(text(it.RuleID))
	}
	return out
}
