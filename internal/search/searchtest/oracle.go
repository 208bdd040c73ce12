package searchtest

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lib/pq"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/search"
)

// Oracle answers searches by looking at every message. It knows nothing of
// indexes: what it says of messages, people and violations comes from the rows.
type Oracle struct {
	docs   []search.Document // newest first
	convs  map[int64]*oracleConv
	sees   map[int64]map[string]bool    // viewer -> employees
	cases  map[string][]map[string]bool // message -> employees of each violation that counts
	places map[string]map[int64]bool    // employee -> departments
	tree   map[int64]int64              // department -> the one above
}

type oracleConv struct {
	kind      string
	outsiders bool
	members   map[string]bool
}

// NewOracle reads an archive.
func NewOracle(t testing.TB, a *Archive) *Oracle {
	t.Helper()
	o := &Oracle{convs: map[int64]*oracleConv{}, sees: map[int64]map[string]bool{}, cases: map[string][]map[string]bool{}, places: map[string]map[int64]bool{}, tree: map[int64]int64{}}
	r := reader{t, a}
	o.readPeople(r)
	o.readViolations(r)
	o.readMessages(r)
	return o
}

// reader ends the test when a row cannot be read.
type reader struct {
	testing.TB
	a *Archive
}

func (r reader) rows(query string, each func(scan func(...any))) {
	r.Helper()
	rows, err := r.a.QueryContext(r.Context(), query)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		each(func(to ...any) {
			if err := rows.Scan(to...); err != nil {
				r.Fatal(err)
			}
		})
	}
	if err := rows.Err(); err != nil {
		r.Fatal(err)
	}
}

func (o *Oracle) readPeople(r reader) {
	r.Helper()
	listed, customers, outside := map[string]bool{}, map[string]bool{}, map[string]bool{}
	r.rows(`SELECT person, status > 0 FROM employees`, func(scan func(...any)) {
		var p string
		var known bool
		scan(&p, &known)
		listed[p] = known
	})
	r.rows(`SELECT person FROM customers`, func(scan func(...any)) {
		var p string
		scan(&p)
		customers[p] = true
	})
	r.rows(`SELECT roomid FROM groups WHERE external`, func(scan func(...any)) {
		var room string
		scan(&room)
		outside[room] = true
	})
	r.rows(`SELECT id, kind, roomid FROM conversations`, func(scan func(...any)) {
		var id int64
		var room string
		c := &oracleConv{members: map[string]bool{}}
		scan(&id, &c.kind, &room)
		c.outsiders = c.kind == archive.ConvGroup && outside[room]
		o.convs[id] = c
	})
	idOfCustomer := regexp.MustCompile(`^w[mo].{22}`)
	r.rows(`SELECT conv_id, person FROM conv_members`, func(scan func(...any)) {
		var id int64
		var p string
		scan(&id, &p)
		c := o.convs[id]
		c.members[p] = true
		c.outsiders = c.outsiders || !listed[p] && (customers[p] || idOfCustomer.MatchString(p))
	})
	r.rows(`SELECT viewer_id, person FROM viewer_employees`, func(scan func(...any)) {
		var id int64
		var p string
		scan(&id, &p)
		if o.sees[id] == nil {
			o.sees[id] = map[string]bool{}
		}
		o.sees[id][p] = true
	})
	r.rows(`SELECT person, department_id FROM employee_departments`, func(scan func(...any)) {
		var p string
		var id int64
		scan(&p, &id)
		if o.places[p] == nil {
			o.places[p] = map[int64]bool{}
		}
		o.places[p][id] = true
	})
	r.rows(`SELECT id, parent_id FROM departments`, func(scan func(...any)) {
		var id, above int64
		scan(&id, &above)
		o.tree[id] = above
	})
}

func (o *Oracle) readViolations(r reader) {
	r.Helper()
	r.rows(`SELECT message_id, ARRAY(SELECT person FROM violation_employees e WHERE e.violation_id = v.id) FROM violations v
WHERE state <> 'false_alarm' AND message_id IS NOT NULL`, func(scan func(...any)) {
		var id string
		var persons pq.StringArray
		scan(&id, &persons)
		of := map[string]bool{}
		for _, p := range persons {
			of[p] = true
		}
		o.cases[id] = append(o.cases[id], of)
	})
}

type oracleRevoke struct {
	pre, from string
	conv      int64
}

func (o *Oracle) readMessages(r reader) {
	r.Helper()
	held, codes, revokes := map[string]bool{}, map[string][]string{}, map[string][]oracleRevoke{}
	r.rows(`SELECT id FROM message_ids`, func(scan func(...any)) {
		var id string
		scan(&id)
		held[id] = true
	})
	r.rows(`SELECT p.message_id, o.codes FROM message_media p, media f, media_objects o WHERE f.id = p.media_id AND o.sha256 = f.sha256 ORDER BY p.pos`, func(scan func(...any)) {
		var id string
		var found pq.StringArray
		scan(&id, &found)
		codes[id] = append(codes[id], found...)
	})
	r.rows(`SELECT pre_base_id, pre_id, from_id, conv_id FROM revokes`, func(scan func(...any)) {
		var base string
		var v oracleRevoke
		scan(&base, &v.pre, &v.from, &v.conv)
		revokes[base] = append(revokes[base], v)
	})
	r.rows(`SELECT id, base_id, seq, conv_id, msgtime, from_id, msgtype, text, raw FROM messages`, func(scan func(...any)) {
		var s search.Source
		var raw []byte
		scan(&s.ID, &s.BaseID, &s.Seq, &s.ConvID, &s.SentAt, &s.FromID, &s.MsgType, &s.Text, &raw)
		content := chatdata.Content(raw)
		s.SentAt, s.Codes, s.Links, s.Flags = s.SentAt.UTC(), codes[s.ID], search.LinksOf(content), search.FlagsOf(content)
		for _, v := range revokes[s.BaseID] {
			if (v.conv == s.ConvID || v.from == s.FromID && v.from != "") && (v.pre == s.ID || !held[v.pre]) {
				s.Flags |= search.Revoked
			}
		}
		if len(o.cases[s.ID]) > 0 {
			s.Flags |= search.Sensitive
		}
		o.docs = append(o.docs, s.Document())
	})
	slices.SortFunc(o.docs, func(a, b search.Document) int { return compareDocs(b, a) })
}

func compareDocs(a, b search.Document) int {
	return cmp.Or(a.SentAt.Compare(b.SentAt), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.ID, b.ID))
}

// Find gives all hits of a query, After left aside.
func (o *Oracle) Find(q search.Query) []search.Ref {
	refs := []search.Ref{}
	for _, d := range o.docs {
		if q.Words.In(d) && o.visible(q, d) && o.passes(q, d) {
			refs = append(refs, search.Ref{ID: d.ID, ConvID: d.ConvID, SentAt: d.SentAt, Seq: d.Seq, Length: utf8.RuneCountInString(d.Body)})
		}
	}
	if q.Order == search.Oldest {
		slices.Reverse(refs)
	}
	return refs
}

func (o *Oracle) visible(q search.Query, d search.Document) bool {
	if q.Scope.All() {
		return true
	}
	sees := o.sees[q.Scope.ViewerID()]
	overlaps := func(persons map[string]bool) bool {
		for p := range persons {
			if sees[p] {
				return true
			}
		}
		return false
	}
	return overlaps(o.convs[d.ConvID].members) && (q.Filter.Flags&search.Sensitive == 0 || slices.ContainsFunc(o.cases[d.ID], overlaps))
}

func (o *Oracle) passes(q search.Query, d search.Document) bool {
	f, c := q.Filter, o.convs[d.ConvID]
	kind := map[bool]string{true: archive.ConvGroup, false: archive.ConvDirect}
	switch {
	case len(f.Senders) > 0 && !slices.Contains(f.Senders, d.FromID),
		len(f.ConvIDs) > 0 && !slices.Contains(f.ConvIDs, d.ConvID),
		len(f.MsgTypes) > 0 && !slices.Contains(f.MsgTypes, d.MsgType),
		len(f.Departments) > 0 && !o.inDepartments(q.Scope, c, f.Departments),
		f.External != nil && *f.External != c.outsiders,
		f.Groups != nil && kind[*f.Groups] != c.kind,
		!f.From.IsZero() && d.SentAt.Before(f.From),
		!f.To.IsZero() && !d.SentAt.Before(f.To):
		return false
	}
	for _, p := range f.Persons {
		if !c.members[p] {
			return false
		}
	}
	return d.Flags&f.Flags == f.Flags
}

// inDepartments: where somebody works whom the viewer may not see is not told.
func (o *Oracle) inDepartments(s access.Scope, c *oracleConv, roots []int64) bool {
	for p := range c.members {
		if !s.All() && !o.sees[s.ViewerID()][p] {
			continue
		}
		for id := range o.places[p] {
			for range len(o.tree) + 1 { // departments may stand above each other
				if slices.Contains(roots, id) {
					return true
				}
				id = o.tree[id]
			}
		}
	}
	return false
}

// Conversations are the ids of all of them, ascending.
func (o *Oracle) Conversations() []int64 { return slices.Sorted(maps.Keys(o.convs)) }

// bodies are the folded texts, exact or not, of all messages that have any.
func (o *Oracle) bodies(exact bool) []string {
	var all []string
	for _, d := range o.docs {
		body := d.Body
		if exact && d.Exact != "" {
			body = d.Exact
		}
		if strings.TrimSpace(body) != "" {
			all = append(all, body)
		}
	}
	return all
}

// span is the time of the first and of the last message.
func (o *Oracle) span() (first, last time.Time) {
	return o.docs[len(o.docs)-1].SentAt, o.docs[0].SentAt
}
