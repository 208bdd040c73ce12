package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/outbox"
)

// KindScan is the outbox kind of a stored batch that rules have to look at; its
// args are {"batch_id": n}.
const KindScan = "scan"

// Role says what a sender is to the company.
type Role string

// The roles of senders.
const (
	RoleEmployee Role = "employee"
	RoleCustomer Role = "customer"
	RoleOther    Role = "other" // robots, records without sender
)

// ScanMessage is a message as rules look at it.
type ScanMessage struct {
	ID       string // message id
	Seq      int64
	ConvID   int64
	ConvKind string // archive.ConvDirect …
	Sender   string // person
	Receiver string // person; "" in a group
	Role     Role   // of the sender
	MsgType  string
	Text     string
	SentAt   time.Time
}

// ScanStore is what scanning needs of the database.
type ScanStore interface {
	// RulesStamp is a number that grows with every change of a rule.
	RulesStamp(ctx context.Context) (int64, error)
	// EnabledRules gives the rules that hold now.
	EnabledRules(ctx context.Context) ([]Rule, error)
	// FindScanMessages gives messages of a batch that have text, after a seq and
	// id, in that order.
	FindScanMessages(ctx context.Context, s access.Scope, batch, afterSeq int64, afterID string, limit int) ([]ScanMessage, error)
	// InRuleScope gives those of persons whom the rule is about: its employees
	// and those of its departments and all below.
	InRuleScope(ctx context.Context, in Input, persons []string) ([]string, error)
	// InViewerScope gives those of persons whom the viewer may see, now.
	InViewerScope(ctx context.Context, viewer int64, persons []string) ([]string, error)
	// EmployeesOfConversation gives the members that are employees.
	EmployeesOfConversation(ctx context.Context, s access.Scope, conv int64) ([]string, error)
	// SaveViolations stores those that are new, with the message as evidence,
	// and an alert with its push for each viewer who is to be told. Saving twice
	// changes nothing. It returns how many were new.
	SaveViolations(ctx context.Context, vs []Violation) (int, error)
}

// Scanner looks for words in messages right after they were stored.
type Scanner struct {
	Store ScanStore

	mu       sync.Mutex
	compiled *compiled
}

// compiled is all rules that hold, in one matcher.
type compiled struct {
	stamp   int64
	rules   []Rule
	matcher *Matcher
	words   []string
	owners  [][]int // by word: indices into rules
}

// scanPage is how many messages are read at once: a whole page of the archive,
// whose size the puller bounds. Each read sorts the batch anew.
const scanPage = 1024

// maxSpans bounds what a violation marks of a text that is all hits.
const maxSpans = 200

// notMatched are types that say nothing of their own.
var notMatched = map[string]bool{"revoke": true, "agree": true, "disagree": true, archive.MsgTypeSwitch: true}

// Handle is the outbox handler of KindScan.
func (s *Scanner) Handle(ctx context.Context, item outbox.Item) error {
	var args struct {
		BatchID int64 `json:"batch_id"`
	}
	if err := json.Unmarshal(item.Args, &args); err != nil || args.BatchID <= 0 {
		return outbox.Permanent(errors.New("scan: args have no batch_id"))
	}
	c, err := s.current(ctx)
	if err != nil || len(c.rules) == 0 {
		return err
	}
	var afterSeq int64 = -1
	afterID := "00000000-0000-0000-0000-000000000000"
	for {
		page, err := s.Store.FindScanMessages(ctx, access.System(), args.BatchID, afterSeq, afterID, scanPage)
		if err != nil {
			return fmt.Errorf("scan batch %d: %w", args.BatchID, err)
		}
		if err := s.scan(ctx, c, page); err != nil {
			return fmt.Errorf("scan batch %d: %w", args.BatchID, err)
		}
		if len(page) < scanPage {
			return nil
		}
		afterSeq, afterID = page[len(page)-1].Seq, page[len(page)-1].ID
	}
}

// current gives the rules as of now, compiled anew only when one changed.
func (s *Scanner) current(ctx context.Context) (*compiled, error) {
	stamp, err := s.Store.RulesStamp(ctx)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compiled != nil && s.compiled.stamp >= stamp {
		return s.compiled, nil
	}
	rules, err := s.Store.EnabledRules(ctx)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	s.compiled = compile(stamp, rules)
	return s.compiled, nil
}

func compile(stamp int64, rules []Rule) *compiled {
	c := &compiled{stamp: stamp, rules: rules}
	index := map[string]int{}
	for i, r := range rules {
		for _, w := range r.Words {
			at, ok := index[w]
			if !ok {
				at = len(c.words)
				index[w] = at
				c.words = append(c.words, w)
				c.owners = append(c.owners, nil)
			}
			c.owners[at] = append(c.owners[at], i)
		}
	}
	c.matcher = NewMatcher(c.words...)
	return c
}

func (s *Scanner) scan(ctx context.Context, c *compiled, page []ScanMessage) error {
	var found []Violation
	var hits []Hit
	for _, m := range page {
		if notMatched[m.MsgType] {
			continue
		}
		hits = c.matcher.AppendHits(hits[:0], m.Text)
		for _, i := range c.hit(hits) {
			r := c.rules[i]
			if !r.Direction.covers(m.Role) {
				continue
			}
			employees, ok, err := s.employees(ctx, r, m)
			if err != nil {
				return err
			}
			if ok {
				found = append(found, c.violation(i, m, hits, employees))
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	_, err := s.Store.SaveViolations(ctx, found)
	return err
}

// hit gives the rules that own a word of hits, each once.
func (c *compiled) hit(hits []Hit) []int {
	var all []int
	for _, h := range hits {
		all = append(all, c.owners[h.Word]...)
	}
	return unique(all)
}

func (d Direction) covers(r Role) bool {
	return d == FromBoth || d == FromEmployee && r == RoleEmployee || d == FromCustomer && r == RoleCustomer
}

// employees gives whose violation it is: the sender's, or that of the employees
// who received it; false when the rule is about none of them. A viewer's own rule
// is about whatever is said where somebody takes part whom they may see.
func (s *Scanner) employees(ctx context.Context, r Rule, m ScanMessage) ([]string, bool, error) {
	persons := []string{m.Sender}
	if m.Role != RoleEmployee || r.ViewerID != 0 {
		var err error
		if persons, err = s.Store.EmployeesOfConversation(ctx, access.System(), m.ConvID); err != nil {
			return nil, false, err
		}
	}
	if r.ViewerID != 0 {
		persons, err := s.Store.InViewerScope(ctx, r.ViewerID, persons)
		return persons, len(persons) > 0, err
	}
	if r.ScopeAll {
		return persons, true, nil
	}
	persons, err := s.Store.InRuleScope(ctx, r.Input, persons)
	return persons, len(persons) > 0, err
}

func (c *compiled) violation(rule int, m ScanMessage, hits []Hit, employees []string) Violation {
	r := c.rules[rule]
	words, spans := collect(hits, func(h Hit) (string, bool) {
		for _, owner := range c.owners[h.Word] {
			if owner == rule {
				return c.words[h.Word], true
			}
		}
		return "", false
	})
	return Violation{
		DedupeKey: fmt.Sprintf("word:%d:%s", r.ID, m.ID), Kind: KindWord,
		RuleID: r.ID, RuleVersion: r.Version, RuleName: r.Name, Severity: r.Severity,
		Words: words, Spans: spans[:min(len(spans), maxSpans)],
		Sender: m.Sender, Receiver: m.Receiver, Employees: employees,
		ConvID: m.ConvID, MessageID: m.ID, Seq: m.Seq, MsgType: m.MsgType, OccurredAt: m.SentAt, Evidence: m.Text,
		State: StateOpen, ViewerID: r.ViewerID,
	}
}
