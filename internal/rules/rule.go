package rules

import (
	"strings"
	"time"
	"unicode/utf8"

	"huicun/internal/fault"
	"huicun/internal/personid"
)

// Severity of a rule and its violations.
type Severity string

// The severities.
const (
	Low  Severity = "low"
	Mid  Severity = "mid"
	High Severity = "high"
)

// Direction says who must say a word for the rule to hit.
type Direction string

// The directions.
const (
	FromEmployee Direction = "employee"
	FromCustomer Direction = "customer"
	FromBoth     Direction = "both" // anybody, robots too
)

// Bounds of a rule; the same as in openapi.yaml.
const (
	maxNameRunes   = 60
	maxWords       = 1000
	maxWordRunes   = 100
	maxTestRunes   = 5000
	maxScope       = 1000 // departments, and employees
	maxSubscribers = 1000
)

// Input is what an admin may set of a rule.
type Input struct {
	Name             string
	Words            []string
	Severity         Severity
	Direction        Direction
	ScopeAll         bool // everybody; the two lists are empty then
	ScopeDepartments []int64
	ScopeEmployees   []string // persons
	Subscribers      []int64  // viewers who are told
	Enabled          bool
	Version          int // the version that was edited; 0 when created
}

// Rule is a sensitive-word rule.
type Rule struct {
	Input              // Version: the current one, from 1
	ID                 int64
	SubscriberPersons  []string // persons of Subscribers, in the same order
	CreatedAt, Changed time.Time
	Hits               int64 // violations so far
	ViewerID           int64 // it looks at this viewer's scope, and tells nobody else; 0: it is everybody's
}

// Check gives in ready to be stored, or says what is wrong with it.
func (in Input) Check() (Input, error) { return in.check() }

// Bounds of rules that tell one viewer alone.
const (
	MostOwn       = 20 // of a viewer
	minOwnLetters = 2  // of a word, blanks and punctuation not counted
)

// CheckOwn is Check of a rule that tells one viewer alone.
func (in Input) CheckOwn() (Input, error) {
	for _, w := range in.Words {
		if characters(w) < minOwnLetters {
			return in, fault.Invalid("words", "each must have at least %d letters, digits or characters besides punctuation", minOwnLetters)
		}
	}
	return in.check()
}

// check gives in ready to be stored, or says what is wrong with it.
func (in Input) check() (Input, error) {
	in.Name = strings.TrimSpace(in.Name)
	if n := utf8.RuneCountInString(in.Name); n < 1 || n > maxNameRunes || !storable(in.Name) {
		return in, fault.Invalid("name", "must have 1 to %d characters", maxNameRunes)
	}
	var err error
	if in.Words, err = checkWords(in.Words); err != nil {
		return in, err
	}
	switch in.Severity {
	case Low, Mid, High:
	default:
		return in, fault.Invalid("severity", "must be low, mid or high")
	}
	switch in.Direction {
	case FromEmployee, FromCustomer, FromBoth:
	default:
		return in, fault.Invalid("direction", "must be employee, customer or both")
	}
	if len(in.Subscribers) > maxSubscribers {
		return in, fault.Invalid("subscribers", "must be at most %d", maxSubscribers)
	}
	in.Subscribers = unique(in.Subscribers)
	return in.checkScope()
}

func (in Input) checkScope() (Input, error) {
	if in.ScopeAll {
		in.ScopeDepartments, in.ScopeEmployees = []int64{}, []string{}
		return in, nil
	}
	in.ScopeDepartments = unique(in.ScopeDepartments)
	in.ScopeEmployees = unique(personid.Keys(in.ScopeEmployees))
	switch {
	case len(in.ScopeDepartments) > maxScope:
		return in, fault.Invalid("scope_departments", "must be at most %d", maxScope)
	case len(in.ScopeEmployees) > maxScope:
		return in, fault.Invalid("scope_employees", "must be at most %d", maxScope)
	case len(in.ScopeDepartments)+len(in.ScopeEmployees) == 0:
		return in, fault.Invalid("scope_all", "choose everybody, departments or employees")
	}
	return in, nil
}

// checkWords trims words and drops those that stand twice.
func checkWords(words []string) ([]string, error) {
	kept := make([]string, 0, len(words))
	for _, w := range words {
		w = strings.TrimSpace(w)
		if n := utf8.RuneCountInString(w); n < 1 || n > maxWordRunes || !storable(w) {
			return nil, fault.Invalid("words", "each must have 1 to %d characters", maxWordRunes)
		}
		if !Matchable(w) {
			return nil, fault.Invalid("words", "each needs a letter, digit or character besides punctuation")
		}
		kept = append(kept, w)
	}
	kept = unique(kept)
	if len(kept) == 0 || len(kept) > maxWords {
		return nil, fault.Invalid("words", "must be 1 to %d", maxWords)
	}
	return kept, nil
}

// storable reports whether Postgres takes s as text.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// unique drops what stands twice and keeps the order.
func unique[T comparable](all []T) []T {
	seen := make(map[T]bool, len(all))
	kept := make([]T, 0, len(all))
	for _, v := range all {
		if !seen[v] {
			seen[v] = true
			kept = append(kept, v)
		}
	}
	return kept
}
