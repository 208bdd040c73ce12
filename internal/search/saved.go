package search

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
)

// Bounds of what is kept; the same as in openapi.yaml.
const (
	maxSaved     = 100 // searches of one viewer
	maxNameRunes = 60
	maxRecent    = 20
)

// repeatedWithin is how long the further pages of a search, and its list of
// conversations, count as that search.
const repeatedWithin = 30 * time.Minute

// Note is a search that was made.
type Note struct {
	Request
	Total    *Total // nil: not counted
	Engine   string
	Repeated bool // part of a search that was noted already, unless that is long ago
}

// Store keeps searches. What changes something writes its entry in the same
// transaction, and fills in Entry.Object.
type Store interface {
	// SaveSearch notes a search, and writes the entry; one that is Repeated only
	// when the viewer has not searched for the same within the given time.
	SaveSearch(ctx context.Context, viewer int64, n Note, within time.Duration, e audit.Entry) error
	// FindRecent gives what the viewer searched for, each query once, newest
	// first.
	FindRecent(ctx context.Context, viewer int64, limit int) ([]Recent, error)
	// ClearRecent has FindRecent give only searches that come later.
	ClearRecent(ctx context.Context, viewer int64, e audit.Entry) error
	// FindSaved gives the viewer's saved searches, then those that others share,
	// each by name.
	FindSaved(ctx context.Context, viewer int64) ([]Saved, error)
	// GetSaved gives one of the viewer's own; fault.NotFound.
	GetSaved(ctx context.Context, viewer, id int64) (Saved, error)
	// CreateSaved adds one; fault.Conflict when the viewer has most already.
	CreateSaved(ctx context.Context, viewer int64, in SavedInput, most int, e audit.Entry) (Saved, error)
	// UpdateSaved changes one of the viewer's own, and its rule; fault.NotFound,
	// fault.Conflict when in.Version is not current, or rule is nil and there is one.
	// An ordinary rule of a viewer who is no admin any more lets go of the search.
	UpdateSaved(ctx context.Context, viewer, id int64, in SavedInput, rule *Follow, e audit.Entry) (Saved, error)
	// DeleteSaved deletes one of the viewer's own, with its rule when that is
	// private; fault.NotFound.
	DeleteSaved(ctx context.Context, viewer, id int64, e audit.Entry) error
	// CreateWatch makes one of the viewer's own a rule, unless it is one already;
	// fault.NotFound, fault.Invalid when no rule can be made of it, fault.Conflict
	// when the viewer has too many, or w is not of the current version.
	CreateWatch(ctx context.Context, viewer, id int64, w Watch, e audit.Entry) (Saved, error)
	// DeleteWatch deletes the rule of one of the viewer's own; an ordinary rule only
	// if that is allowed, else it is fault.Forbidden. fault.NotFound without rule.
	DeleteWatch(ctx context.Context, viewer, id int64, ordinary bool, e audit.Entry) error
}

// note notes a search: that it was made goes to the operation log, what was
// searched for to its own table, as that may be chat text.
func (s *Service) note(ctx context.Context, v access.Viewer, n Note, from audit.Origin) error {
	detail := map[string]any{"characters": utf8.RuneCountInString(n.Text), "fields": n.fields(), "engine": n.Engine}
	if n.Total != nil {
		detail["total"], detail["exact"] = n.Total.Count, n.Total.Exact
	}
	return s.Store.SaveSearch(ctx, v.ID, n, repeatedWithin, from.Entry(audit.Searched, "", detail))
}

// ClearRecent empties the list of what the viewer searched for lately; what they
// searched for stays on record.
func (s *Service) ClearRecent(ctx context.Context, v access.Viewer, from audit.Origin) error {
	return s.Store.ClearRecent(ctx, v.ID, from.Entry(audit.RecentCleared, audit.Object("viewer", v.ID), nil))
}

// Recent gives what the viewer searched for lately.
func (s *Service) Recent(ctx context.Context, v access.Viewer) ([]Recent, error) {
	return s.Store.FindRecent(ctx, v.ID, maxRecent)
}

// Saved gives the viewer's saved searches and those that others share.
func (s *Service) Saved(ctx context.Context, v access.Viewer) ([]Saved, error) {
	return s.Store.FindSaved(ctx, v.ID)
}

// CreateSaved keeps a search.
func (s *Service) CreateSaved(ctx context.Context, v access.Viewer, in SavedInput, from audit.Origin) (Saved, error) {
	in, err := in.check(s.now())
	if err != nil {
		return Saved{}, err
	}
	return s.Store.CreateSaved(ctx, v.ID, in, maxSaved, from.Entry(audit.SearchSaved, "", in.detail()))
}

// UpdateSaved changes a search of the viewer's own, and the rule that was made of
// it. fault.Conflict: it was changed elsewhere since, or it has a rule and no
// words any more.
func (s *Service) UpdateSaved(ctx context.Context, v access.Viewer, id int64, in SavedInput, from audit.Origin) (Saved, error) {
	in, err := in.check(s.now())
	if err != nil {
		return Saved{}, err
	}
	if in.Version < 1 {
		return Saved{}, fault.Invalid("version", "is needed: the version that was edited")
	}
	rule, err := s.follow(ctx, v, id, in)
	if err != nil {
		return Saved{}, err
	}
	return s.Store.UpdateSaved(ctx, v.ID, id, in, rule, from.Entry(audit.SearchUpdated, audit.Object("saved_search", id), in.detail()))
}

// DeleteSaved deletes a search of the viewer's own, with its rule when that
// tells nobody else.
func (s *Service) DeleteSaved(ctx context.Context, v access.Viewer, id int64, from audit.Origin) error {
	return s.Store.DeleteSaved(ctx, v.ID, id, from.Entry(audit.SearchDeleted, audit.Object("saved_search", id), nil))
}

// check gives in ready to be stored, or says what is wrong with it.
func (in SavedInput) check(now time.Time) (SavedInput, error) {
	in.Name = strings.TrimSpace(in.Name)
	n := utf8.RuneCountInString(in.Name)
	if n < 1 || n > maxNameRunes || !utf8.ValidString(in.Name) || strings.ContainsRune(in.Name, 0) {
		return in, fault.Invalid("name", "must have 1 to %d characters", maxNameRunes)
	}
	_, err := in.Request.Query(now)
	return in, err
}

func (in SavedInput) detail() map[string]any {
	return map[string]any{"fields": in.Request.fields(), "shared": in.Shared}
}
