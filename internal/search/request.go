package search

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huicun/internal/archive"
	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/personid"
)

// Bounds of a request; the same as in openapi.yaml.
const (
	maxIDs     = 100 // of each list
	maxIDBytes = 200
	maxDays    = 3660
)

// Request is what a viewer asks for, as they typed and chose it. Zero fields do
// not limit. It is what searches and saved searches keep.
type Request struct {
	Text        string // see ParseWords
	Exact       bool
	Senders     []string // persons
	Persons     []string // persons
	Departments []int64
	ConvIDs     []int64
	Chat        string   // ChatDirect, ChatGroup
	Side        string   // SideInternal, SideExternal
	MsgTypes    []string // as on the wire
	From, To    time.Time
	Days        int      // the last so many days, today among them, instead of From and To; 0: not asked for
	Has         []string // HasFileName …
	Revoked     bool
	Sensitive   bool
	Order       Order // "": Newest
}

// Values of Request.Chat, Request.Side and Request.Has.
const (
	ChatDirect   = "direct"
	ChatGroup    = "group"
	SideInternal = "internal"
	SideExternal = "external"
	FileName     = "file"
	LinkName     = "link"
	QRName       = "qr"
)

// flagNames are the flags by their names in Request.Has.
var flagNames = map[string]Flags{FileName: HasFile, LinkName: HasLink, QRName: HasQR}

// Query checks a request and gives what an engine is asked, without scope. The
// zone of now says when days begin. fault.Invalid names the field as the API has it.
func (r Request) Query(now time.Time) (Query, error) {
	words, err := ParseWords(r.Text, r.Exact)
	if err != nil {
		return Query{}, err
	}
	if err := r.checkLists(); err != nil {
		return Query{}, err
	}
	from, err := r.since(now)
	if err != nil {
		return Query{}, err
	}
	f := Filter{
		Senders: personid.Keys(r.Senders), Persons: personid.Keys(r.Persons), Departments: r.Departments, ConvIDs: r.ConvIDs,
		MsgTypes: r.MsgTypes, From: from.UTC(), To: r.To.UTC(),
	}
	if f.External, err = choice("side", r.Side, SideInternal, SideExternal); err != nil {
		return Query{}, err
	}
	if f.Groups, err = choice("chat", r.Chat, ChatDirect, ChatGroup); err != nil {
		return Query{}, err
	}
	if f.Flags, err = r.flags(); err != nil {
		return Query{}, err
	}
	switch {
	case !r.To.IsZero() && r.From.After(r.To):
		return Query{}, fault.Invalid("to", "must not be before from")
	case len(words.All)+len(words.None) == 0 && !f.Limits():
		return Query{}, fault.Invalid("q", "is missing: a text or a filter is needed")
	}
	order := r.Order
	switch order {
	case "":
		order = Newest
	case Newest, Oldest, Best:
	default:
		return Query{}, fault.Invalid("order", "must be newest, oldest or best")
	}
	return Query{Words: words, Filter: f, Order: order}, nil
}

// since gives the first moment that is searched; the zero time for no bound.
func (r Request) since(now time.Time) (time.Time, error) {
	switch {
	case r.Days == 0:
		return r.From, nil
	case r.Days < 1 || r.Days > maxDays:
		return time.Time{}, fault.Invalid("days", "must be 1 to %d", maxDays)
	case !r.From.IsZero() || !r.To.IsZero():
		return time.Time{}, fault.Invalid("days", "must not come with from or to")
	}
	year, month, day := now.Date()
	return time.Date(year, month, day-r.Days+1, 0, 0, 0, 0, now.Location()), nil
}

func (r Request) checkLists() error {
	for field, list := range map[string][]string{"sender": r.Senders, "person": r.Persons, "type": r.MsgTypes, "has": r.Has} {
		if len(list) > maxIDs {
			return fault.Invalid(field, "must be at most %d", maxIDs)
		}
		for _, id := range list {
			if id == "" || len(id) > maxIDBytes || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
				return fault.Invalid(field, "each must have 1 to %d bytes of text", maxIDBytes)
			}
		}
	}
	for field, list := range map[string][]int64{"department": r.Departments, "conversation": r.ConvIDs} {
		if len(list) > maxIDs {
			return fault.Invalid(field, "must be at most %d", maxIDs)
		}
	}
	return nil
}

// choice gives nil for "", false for one value and true for the other.
func choice(field, value, no, yes string) (*bool, error) {
	switch value {
	case "":
		return nil, nil //nolint:nilnil // no choice is an answer
	case no, yes:
		chosen := value == yes
		return &chosen, nil
	}
	return nil, fault.Invalid(field, "must be %s or %s", no, yes)
}

func (r Request) flags() (Flags, error) {
	var f Flags
	for _, name := range r.Has {
		flag, ok := flagNames[name]
		if !ok {
			return 0, fault.Invalid("has", "must be file, link or qr")
		}
		f |= flag
	}
	if r.Revoked {
		f |= Revoked
	}
	if r.Sensitive {
		f |= Sensitive
	}
	return f, nil
}

// fields names what a request has set, as the API does, sorted: for the
// operation log, and for what a rule leaves out.
func (r Request) fields() []string {
	set := map[string]bool{
		"q": r.Text != "", "exact": r.Exact, "sender": len(r.Senders) > 0, "person": len(r.Persons) > 0,
		"department": len(r.Departments) > 0, "conversation": len(r.ConvIDs) > 0, "chat": r.Chat != "", "side": r.Side != "",
		"type": len(r.MsgTypes) > 0, "from": !r.From.IsZero(), "to": !r.To.IsZero(), "days": r.Days != 0, "has": len(r.Has) > 0,
		"revoked": r.Revoked, "sensitive": r.Sensitive, "order": r.Order != "",
	}
	var names []string
	for name, ok := range set {
		if ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Paging says which part of an answer is wanted.
type Paging struct {
	Cursor string
	Limit  int // 1 to 100; 0: 40
}

// Answer says how a search was answered.
type Answer struct {
	Engine   string // Engine.Name of the one that answered
	Fallback string // why another than the configured one did; "" it did not
	Coverage Coverage
}

// Total counts the hits of a search.
type Total struct {
	Count int  // at most MaxRefs
	Exact bool // else there are at least so many
}

// Page is a page of hits.
type Page struct {
	Hits  []Hit
	Next  string
	Total *Total // of a first page; nil: counting took too long
	Answer
}

// Hit is a message that a search found.
type Hit struct {
	archive.Entry
	Spans         []archive.Span // into Message.Text
	Also          []Also         // what has a word beside the text
	Conversation  archive.Conversation
	Before, After *archive.LastMessage // the messages around it in the conversation; nil: none
}

// Also is something of a message that is searched like its text.
type Also struct {
	Kind  string         // AlsoCode …
	Text  string         // the first characters of it
	Spans []archive.Span // into Text
}

// Kinds of what is searched beside the text.
const (
	AlsoCode = "code" // what a QR code in a picture says
	AlsoLink = "link" // where a link leads
)

// ConversationPage is a page of conversations with hits, the one with the newest
// first.
type ConversationPage struct {
	Items []ConversationHits
	Next  string
	Exact bool // else of the newest MaxRefs hits only
	Answer
}

// ConversationHits says how many hits a conversation has.
type ConversationHits struct {
	Conversation archive.Conversation
	Hits         int
	Newest       time.Time // when the newest was sent
}

// HitPage is a page of hits in one conversation, newest first.
type HitPage struct {
	Hits  []Hit // without conversation and context
	Next  string
	Total Total
}

// Kinds of suggestion.
const (
	KindEmployee = "employee"
	KindCustomer = "customer"
	KindGroup    = "group"
)

// Suggestion is somebody, or a group, whose name begins with or holds what was
// typed.
type Suggestion struct {
	Kind         string                // KindEmployee …
	Person       *directory.Person     // employees and customers
	Conversation *archive.Conversation // groups
	Detail       string                // employees: department; else what matched, where that is not the name
	Matched      string                // name | former_name | remark | pinyin | initials
}

// Recent is a search that the viewer made.
type Recent struct {
	Request
	At    time.Time
	Total *Total // nil: not counted
}

// SavedInput is what a viewer may set of a saved search.
type SavedInput struct {
	Name    string
	Request Request
	Shared  bool // everybody sees name and request
	Version int  // the version that was edited; 0 when created
}

// Saved is a saved search.
type Saved struct {
	SavedInput // Version: the current one, from 1
	ID         int64
	ViewerID   int64
	Owner      string // person
	RuleID     int64  // the rule made from it; 0 none
	UpdatedAt  time.Time
}
