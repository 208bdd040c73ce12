package search

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"huicun/internal/access"
	"huicun/internal/fault"
)

// Names finds people and groups by what they are called.
type Names interface {
	// FindNames gives the keys of names in scope that begin with what was typed:
	// of each kind those of up to limit names or more, best first; those that begin
	// within a name behind all others. typed is folded.
	FindNames(ctx context.Context, s access.Scope, typed string, limit int) ([]Match, error)
}

// NameKind says whose name it is. Numbers are in the database.
type NameKind int16

// The kinds of names.
const (
	NameEmployee NameKind = 1
	NameCustomer NameKind = 2
	NameGroup    NameKind = 3
)

// NameSource says what kind of name it is. Numbers are in the database.
type NameSource int16

// The sources of names.
const (
	SourceName NameSource = iota // as they are called now; an alias and a userid too
	SourceFormer
	SourceRemark // what an employee noted as a customer's name
)

// Match is a key that begins with what was typed.
type Match struct {
	Kind   NameKind   `db:"kind"`
	Inside bool       `db:"inside"`
	Form   Form       `db:"form"`
	Source NameSource `db:"source"`
	Owner  string     `db:"owner"`   // person, or roomid
	ConvID int64      `db:"conv_id"` // groups
	Name   string     `db:"name"`    // the name as it is written
}

// matched names how a name was found.
func (m Match) matched() string {
	switch {
	case m.Form == FormPinyin:
		return "pinyin"
	case m.Form == FormInitials:
		return "initials"
	case m.Source == SourceFormer:
		return "former_name"
	case m.Source == SourceRemark:
		return "remark"
	}
	return "name"
}

// maxTypedRunes bounds what suggestions are asked for with.
const maxTypedRunes = 50

// defaultSuggestions is how many are given when no number is asked for.
const defaultSuggestions = 10

// Suggest gives people and groups in scope whose name, former name or remark
// begins with or holds what was typed, as it is written, in pinyin or by its
// initials.
func (s *Service) Suggest(ctx context.Context, v access.Viewer, typed string, limit int) ([]Suggestion, error) {
	if limit == 0 {
		limit = defaultSuggestions
	}
	limit, err := limitOf(limit)
	if err != nil {
		return nil, err
	}
	if n := utf8.RuneCountInString(typed); n > maxTypedRunes || !utf8.ValidString(typed) || strings.ContainsRune(typed, 0) {
		return nil, fault.Invalid("q", "must have 1 to %d characters", maxTypedRunes)
	}
	folded := strings.TrimFunc(Fold(typed, false), unicode.IsSpace)
	if folded == "" {
		return nil, fault.Invalid("q", "must have 1 to %d characters", maxTypedRunes)
	}
	found, err := s.Names.FindNames(ctx, v.Scope(), folded, limit)
	if err != nil {
		return nil, err
	}
	if together := strings.ReplaceAll(folded, " ", ""); len(found) == 0 && together != folded { // syllables parted by blanks
		if found, err = s.Names.FindNames(ctx, v.Scope(), together, limit); err != nil {
			return nil, err
		}
	}
	return s.suggestions(ctx, v, choose(found, limit))
}

// Kinds that stand behind others in the list have some places at least, where
// there are so many of them.
const (
	leastCustomers = 3
	leastGroups    = 2
)

// choose takes each owner once and limits the list.
func choose(found []Match, limit int) []Match {
	type owner struct {
		kind NameKind
		id   string
	}
	seen, counts := map[owner]bool{}, map[NameKind]int{}
	var once []Match
	for _, m := range found {
		if o := (owner{m.Kind, m.Owner}); !seen[o] {
			seen[o] = true
			counts[m.Kind]++
			once = append(once, m)
		}
	}
	groups := min(counts[NameGroup], leastGroups)
	customers := min(counts[NameCustomer], leastCustomers)
	room := map[NameKind]int{NameEmployee: limit - groups - customers, NameCustomer: limit - groups, NameGroup: limit}
	var chosen []Match
	used := map[NameKind]int{}
	for _, m := range once {
		taken := used[NameEmployee]
		if m.Kind != NameEmployee {
			taken = len(chosen)
		}
		if len(chosen) < limit && taken < max(room[m.Kind], 1) {
			used[m.Kind]++
			chosen = append(chosen, m)
		}
	}
	return chosen
}

// suggestions adds to matches whom they are.
func (s *Service) suggestions(ctx context.Context, v access.Viewer, matches []Match) ([]Suggestion, error) {
	var persons []string
	var convs []int64
	for _, m := range matches {
		if m.Kind == NameGroup {
			convs = append(convs, m.ConvID)
		} else {
			persons = append(persons, m.Owner)
		}
	}
	people, err := s.Archive.Persons(ctx, persons)
	if err != nil {
		return nil, err
	}
	chats, err := s.Archive.ConversationsOf(ctx, v, convs)
	if err != nil {
		return nil, err
	}
	out := []Suggestion{}
	for _, m := range matches {
		it := Suggestion{Matched: m.matched(), Kind: KindEmployee}
		if m.Source != SourceName {
			it.Detail = m.Name
		}
		if m.Kind == NameGroup {
			chat, ok := chats[m.ConvID]
			if !ok {
				continue
			}
			it.Kind, it.Conversation = KindGroup, &chat
		} else {
			p := people[m.Owner]
			it.Person = &p
			if m.Kind == NameCustomer {
				it.Kind = KindCustomer
			}
		}
		out = append(out, it)
	}
	return out, s.addDepartments(ctx, v, out)
}

// addDepartments says of employees where they work.
func (s *Service) addDepartments(ctx context.Context, v access.Viewer, list []Suggestion) error {
	for i, it := range list {
		if it.Kind != KindEmployee || it.Detail != "" {
			continue
		}
		e, err := s.Archive.Employee(ctx, v, it.Person.ID)
		if err != nil && !fault.Is(err, fault.CodeNotFound) {
			return err
		}
		if len(e.Departments) > 0 {
			list[i].Detail = e.Departments[0]
		}
	}
	return nil
}
