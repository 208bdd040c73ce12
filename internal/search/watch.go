package search

import (
	"context"
	"slices"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/directory"
	"huicun/internal/fault"
)

// Watch is a search made into a rule.
type Watch struct {
	Name      string
	Version   int      // of the search
	Words     []string // one of them, in any script form
	Private   bool     // it looks at the viewer's scope and tells nobody else; else an ordinary rule, which tells the viewer
	Employees []string // ordinary rules: about these; none, and no Departments: about everybody
	// Departments, with those below; as Employees.
	Departments []int64
}

// CreateRule makes a search of the viewer's own a rule that tells them when it
// is said again. An admin gets an ordinary rule, anybody else one that looks at
// what they may see and is theirs alone. leftOut names the fields that rules do
// not look at: then the rule tells of more than the search finds, never of less
// of what texts say. Rules look at no QR code and no address of a link.
func (s *Service) CreateRule(ctx context.Context, v access.Viewer, id int64, from audit.Origin) (saved Saved, leftOut []string, err error) {
	if saved, err = s.Store.GetSaved(ctx, v.ID, id); err != nil {
		return saved, nil, err
	}
	w, leftOut, err := s.watchOf(ctx, v, saved.SavedInput)
	if err != nil {
		return saved, nil, err
	}
	saved, err = s.Store.CreateWatch(ctx, v.ID, id, w, from.Entry(audit.RuleCreated, "", nil))
	return saved, leftOut, err
}

// watchOf makes a search of v a rule, and names the fields that it does not look
// at.
func (s *Service) watchOf(ctx context.Context, v access.Viewer, in SavedInput) (w Watch, leftOut []string, err error) {
	q, err := in.Request.Query(s.now())
	if err != nil {
		return w, nil, err
	}
	if len(q.Words.All) == 0 {
		return w, nil, &fault.Error{Code: "conflict.no_words", Message: "a rule needs words that are said"}
	}
	w = Watch{Name: in.Name, Version: in.Version, Words: q.Words.All, Private: !v.IsAdmin()}
	kept := []string{"order"}
	if len(q.Words.All) == 1 && len(q.Words.None) == 0 {
		kept = append(kept, "q")
	}
	if !w.Private {
		field, err := s.scopeOf(ctx, q.Filter, &w)
		if err != nil {
			return w, nil, err
		}
		kept = append(kept, field)
	}
	for _, field := range in.Request.fields() {
		if !slices.Contains(kept, field) {
			leftOut = append(leftOut, field)
		}
	}
	return w, leftOut, nil
}

// Follow is how the rule of a search changes with it. What the search does not
// change stays as the rule has it.
type Follow struct{ Was, Now Watch }

// follow tells what a change of a search of v means to its rule; nil: it has
// none.
func (s *Service) follow(ctx context.Context, v access.Viewer, id int64, in SavedInput) (*Follow, error) {
	before, err := s.Store.GetSaved(ctx, v.ID, id)
	if err != nil || before.RuleID == 0 {
		return nil, err
	}
	var f Follow
	if f.Was, _, err = s.watchOf(ctx, v, before.SavedInput); err != nil {
		return nil, err
	}
	f.Now, _, err = s.watchOf(ctx, v, in)
	return &f, err
}

// scopeOf limits a rule to the employees or departments of a search, and names
// the field that it took over.
func (s *Service) scopeOf(ctx context.Context, f Filter, w *Watch) (string, error) {
	for field, persons := range map[string][]string{"sender": f.Senders, "person": f.Persons} {
		if len(persons) == 0 || field == "person" && (len(f.Senders) > 0 || len(persons) > 1) {
			continue
		}
		people, err := s.Archive.Persons(ctx, persons)
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(persons, func(id string) bool { return people[id].Kind != directory.KindEmployee }) {
			w.Employees = persons
			return field, nil
		}
	}
	if len(f.Departments) > 0 {
		w.Departments = f.Departments
		return "department", nil
	}
	return "", nil
}

// DeleteRule deletes the rule that was made from a search of the viewer's own.
// An ordinary rule is for admins to delete.
func (s *Service) DeleteRule(ctx context.Context, v access.Viewer, id int64, from audit.Origin) error {
	return s.Store.DeleteWatch(ctx, v.ID, id, v.IsAdmin(), from.Entry(audit.RuleDeleted, "", nil))
}
