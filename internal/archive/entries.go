package archive

import (
	"context"
	"time"

	"huicun/internal/access"
	"huicun/internal/directory"
)

// entries makes messages ready to be shown: content, people, revocations,
// violations, each looked up once for all of them.
func (s *Service) entries(ctx context.Context, scope access.Scope, ms []Message) ([]Entry, error) {
	if len(ms) == 0 {
		return []Entry{}, nil
	}
	es := make([]Entry, len(ms))
	var ids, persons, pres []string
	for i, m := range ms {
		es[i] = Entry{Message: m, Content: s.Decode(m.Raw)}
		ids = append(ids, m.ID)
		persons = append(persons, m.FromID)
		persons = appendPersons(persons, es[i].Content)
		if r := es[i].Content.Revoke; r != nil && r.PreMsgID != "" {
			pres = append(pres, r.PreMsgID)
		}
	}
	if err := s.fillFiles(ctx, es); err != nil {
		return nil, err
	}
	revoked, err := s.Store.FindRevocations(ctx, scope, ms)
	if err != nil {
		return nil, err
	}
	for _, r := range revoked {
		persons = append(persons, r.By.ID)
	}
	people, err := s.Store.FindPersons(ctx, persons)
	if err != nil {
		return nil, err
	}
	former, err := s.Store.FindFormerNames(ctx, persons)
	if err != nil {
		return nil, err
	}
	originals, err := s.originals(ctx, scope, pres)
	if err != nil {
		return nil, err
	}
	marks, err := s.Store.FindMarks(ctx, scope, ids)
	if err != nil {
		return nil, err
	}
	for i := range es {
		fill(&es[i], known{people, former}, revoked, originals, marks)
	}
	return es, nil
}

func (s *Service) originals(ctx context.Context, scope access.Scope, pres []string) (map[string]string, error) {
	if len(pres) == 0 {
		return map[string]string{}, nil
	}
	return s.Store.FindOriginals(ctx, scope, pres)
}

// known is who people are, and what they were called before.
type known struct {
	people map[string]directory.Person
	former map[string][]directory.FormerName
}

// at gives a person as they were called then.
func (k known) at(id string, then time.Time) directory.Person {
	return k.people[id].AsOf(then, k.former[id])
}

// allAt gives all persons as they were called then.
func (k known) allAt(then time.Time) map[string]directory.Person {
	if len(k.former) == 0 {
		return k.people
	}
	out := make(map[string]directory.Person, len(k.people))
	for id := range k.people {
		out[id] = k.at(id, then)
	}
	return out
}

func fill(e *Entry, who known, revoked map[string]Revocation, originals map[string]string, marks map[string][]Mark) {
	e.People = who.allAt(e.SentAt)
	e.Sender = e.People[e.FromID]
	e.Violations = marks[e.ID]
	if r, ok := revoked[e.ID]; ok {
		r.By = who.at(r.By.ID, r.At)
		e.Revoked = &r
	}
	if r := e.Content.Revoke; r != nil {
		e.RevokesID = originals[r.PreMsgID]
	}
}

// appendPersons adds the persons that c names.
func appendPersons(ids []string, c Content) []string {
	if c.Consent != nil {
		ids = append(ids, c.Consent.Person)
	}
	if c.Card != nil {
		ids = append(ids, c.Card.Person)
	}
	for _, share := range c.Shares {
		ids = append(ids, share.Person)
	}
	if c.Kind == ContentMarkdown {
		ids = append(ids, mentioned(c.Notice)...)
	}
	for _, p := range c.Parts {
		ids = appendPersons(ids, p)
	}
	if c.Record != nil {
		for _, it := range c.Record.Items {
			ids = appendPersons(ids, it.Content)
		}
	}
	return ids
}

// LiveEvent is a message that was stored after a viewer began to watch.
type LiveEvent struct {
	BatchID int64
	Entry   Entry
	Persons []string // employees in the viewer's scope who take part in the chat
}

// maxLive bounds how far a live stream may be behind before it starts afresh.
const maxLive = 500

// LiveSince returns what was stored after a batch, of one conversation or (0)
// of all in scope, and the batch to go on from. truncated: too much; start
// afresh from next.
func (s *Service) LiveSince(ctx context.Context, v access.Viewer, after, conv int64) (events []LiveEvent, next int64, truncated bool, err error) {
	scope := v.Scope()
	if next, err = s.Store.LastBatchID(ctx); err != nil || next <= after {
		return nil, max(next, after), false, err
	}
	ms, err := s.Store.FindBatchMessages(ctx, scope, after, conv, maxLive+1)
	if err != nil {
		return nil, after, false, err
	}
	if len(ms) > maxLive {
		return nil, next, true, nil
	}
	for _, m := range ms {
		next = max(next, m.BatchID)
	}
	es, err := s.entries(ctx, scope, ms)
	if err != nil {
		return nil, after, false, err
	}
	persons, err := s.Store.FindScopeMembers(ctx, scope, convsOf(ms))
	if err != nil {
		return nil, after, false, err
	}
	for i := range es {
		events = append(events, LiveEvent{BatchID: es[i].BatchID, Entry: es[i], Persons: persons[es[i].ConvID]})
	}
	return events, next, false, nil
}

func convsOf(ms []Message) []int64 {
	seen := map[int64]bool{}
	var out []int64
	for _, m := range ms {
		if !seen[m.ConvID] {
			seen[m.ConvID] = true
			out = append(out, m.ConvID)
		}
	}
	return out
}
