package rules

import (
	"context"
	"slices"
	"unicode/utf8"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
)

// Store keeps rules. Changes write the audit entry and the new version in one
// transaction; the store fills in Entry.Object and Entry.Detail.
type Store interface {
	// ListRules gives all rules that are not deleted, by name.
	ListRules(ctx context.Context) ([]Rule, error)
	// GetRule gives one; fault.NotFound.
	GetRule(ctx context.Context, id int64) (Rule, error)
	// CreateRule adds one. fault.Invalid when a department, employee or viewer
	// that it names does not exist.
	CreateRule(ctx context.Context, in Input, e audit.Entry) (Rule, error)
	// UpdateRule changes one; fault.Conflict when in.Version is not current.
	UpdateRule(ctx context.Context, id int64, in Input, e audit.Entry) (Rule, error)
	// DeleteRule hides one; its violations stay.
	DeleteRule(ctx context.Context, id int64, e audit.Entry) error
}

// Service keeps rules for admins.
type Service struct{ Store Store }

// List gives all rules.
func (s *Service) List(ctx context.Context, v access.Viewer) ([]Rule, error) {
	if err := adminOnly(v); err != nil {
		return nil, err
	}
	return s.Store.ListRules(ctx)
}

// Get gives one rule.
func (s *Service) Get(ctx context.Context, v access.Viewer, id int64) (Rule, error) {
	if err := adminOnly(v); err != nil {
		return Rule{}, err
	}
	return s.Store.GetRule(ctx, id)
}

// Create adds a rule; it holds for messages that arrive from now on.
func (s *Service) Create(ctx context.Context, v access.Viewer, in Input, from audit.Origin) (Rule, error) {
	if err := adminOnly(v); err != nil {
		return Rule{}, err
	}
	in, err := in.check()
	if err != nil {
		return Rule{}, err
	}
	return s.Store.CreateRule(ctx, in, from.Entry(audit.RuleCreated, "", nil))
}

// Update changes a rule. fault.Conflict: somebody else changed it since.
func (s *Service) Update(ctx context.Context, v access.Viewer, id int64, in Input, from audit.Origin) (Rule, error) {
	if err := adminOnly(v); err != nil {
		return Rule{}, err
	}
	in, err := in.check()
	if err != nil {
		return Rule{}, err
	}
	if in.Version < 1 {
		return Rule{}, fault.Invalid("version", "is needed: the version that was edited")
	}
	return s.Store.UpdateRule(ctx, id, in, from.Entry(audit.RuleUpdated, audit.Object("rule", id), nil))
}

// Delete deletes a rule; its violations stay.
func (s *Service) Delete(ctx context.Context, v access.Viewer, id int64, from audit.Origin) error {
	if err := adminOnly(v); err != nil {
		return err
	}
	return s.Store.DeleteRule(ctx, id, from.Entry(audit.RuleDeleted, audit.Object("rule", id), nil))
}

// Test tells which words stand in a text, and where.
func (s *Service) Test(_ context.Context, v access.Viewer, words []string, text string) ([]string, []Span, error) {
	if err := adminOnly(v); err != nil {
		return nil, nil, err
	}
	words, err := checkWords(words)
	if err != nil {
		return nil, nil, err
	}
	if utf8.RuneCountInString(text) > maxTestRunes {
		return nil, nil, fault.Invalid("text", "must have at most %d characters", maxTestRunes)
	}
	found, spans := collect(NewMatcher(words...).AppendHits(nil, text), func(hit Hit) (string, bool) { return words[hit.Word], true })
	return found, spans, nil
}

// collect gives the words that were hit, each once, and the spans in order.
func collect(hits []Hit, word func(Hit) (string, bool)) ([]string, []Span) {
	words, spans := []string{}, []Span{}
	for _, hit := range hits {
		w, ok := word(hit)
		if !ok {
			continue
		}
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
		spans = append(spans, hit.Span)
	}
	slices.SortFunc(spans, compareSpans)
	return words, slices.Compact(spans)
}

func adminOnly(v access.Viewer) error {
	if !v.IsAdmin() || v.Disabled || v.ID == 0 {
		return fault.Forbidden("only admins may see and change rules")
	}
	return nil
}
