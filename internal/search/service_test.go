package search_test

import (
	cmpx "cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/cursor"
	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/search"
)

var noon = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

// listed is an engine that finds whatever it holds, and an archive that shows
// what is not hidden of it.
type listed struct {
	refs   []search.Ref // newest first
	hidden map[string]bool
	code   string // of a picture in each message
	link   string // in each message
	slow   bool   // counting takes as long as it may
	fail   error
	asked  search.Query // last one
	notes  []search.Note
	entry  audit.Entry
}

// newListed holds n messages, in conversations 1 to 3, the longest one newest.
func newListed(n int) *listed {
	l := &listed{hidden: map[string]bool{}}
	for i := n; i > 0; i-- {
		l.refs = append(l.refs, search.Ref{
			ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", i), ConvID: int64(1 + i%3), SentAt: noon.Add(time.Duration(i/2) * time.Second), Seq: int64(i), Length: i,
		})
	}
	return l
}

func (l *listed) Name() string { return "postgres" }

func (l *listed) Find(_ context.Context, q search.Query, limit int) ([]search.Ref, error) {
	l.asked = q
	refs := slices.Clone(l.refs)
	if q.Order == search.Oldest {
		slices.Reverse(refs)
	}
	if a := q.After; a != nil {
		refs = slices.DeleteFunc(refs, func(r search.Ref) bool {
			c := cmpx.Or(r.SentAt.Compare(a.SentAt), cmpx.Compare(r.Seq, a.Seq), strings.Compare(r.ID, a.ID))
			return q.Order == search.Oldest && c <= 0 || q.Order != search.Oldest && c >= 0
		})
	}
	return refs[:min(limit, len(refs))], l.fail
}

func (l *listed) Count(ctx context.Context, _ search.Query, most int) (int, error) {
	if l.slow {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return min(len(l.refs), most), nil
}

func (l *listed) Coverage(context.Context) (search.Coverage, error) {
	return search.Coverage{Indexed: 9, Messages: 9, UpTo: noon}, nil
}

func (l *listed) EntriesAt(_ context.Context, _ access.Viewer, at []archive.Position) ([]archive.Entry, error) {
	var es []archive.Entry
	for _, p := range at {
		if l.hidden[p.ID] {
			continue
		}
		picture := &archive.Media{File: &archive.File{Codes: []string{l.code}}}
		es = append(es, archive.Entry{
			Message: archive.Message{ID: p.ID, ConvID: p.ConvID, Text: "加我微信，微信"}, Content: archive.Content{Parts: []archive.Content{
				{Kind: archive.ContentImage, Media: picture}, {Kind: archive.ContentLink, Links: []archive.Link{{URL: l.link}}},
			}},
		})
	}
	return es, nil
}

func (l *listed) FoundAt(ctx context.Context, v access.Viewer, at []archive.Position) ([]archive.Found, error) {
	es, err := l.EntriesAt(ctx, v, at)
	var found []archive.Found
	for _, e := range es {
		found = append(found, archive.Found{Entry: e, Conversation: archive.Conversation{ID: e.ConvID}})
	}
	return found, err
}

func (l *listed) ConversationsOf(_ context.Context, _ access.Viewer, convs []int64) (map[int64]archive.Conversation, error) {
	out := map[int64]archive.Conversation{}
	for _, c := range convs {
		if !l.hidden[fmt.Sprint(c)] {
			out[c] = archive.Conversation{ID: c}
		}
	}
	return out, nil
}

func (l *listed) CanRead(_ context.Context, _ access.Viewer, conv int64) (bool, error) {
	return conv < 4, nil
}

func (l *listed) Departments(context.Context, access.Viewer) ([]archive.Department, error) {
	return []archive.Department{{ID: 2}, {ID: 3}}, nil
}

func (l *listed) Persons(context.Context, []string) (map[string]directory.Person, error) {
	return nil, nil
}

func (l *listed) Employee(context.Context, access.Viewer, string) (archive.Employee, error) {
	return archive.Employee{}, nil
}

// notebook is a search.Store that keeps notes alone.
type notebook struct {
	search.Store
	*listed
	full error
}

func (n notebook) SaveSearch(_ context.Context, _ int64, it search.Note, _ time.Duration, e audit.Entry) error {
	n.notes = append(n.notes, it)
	n.entry = e
	return n.full
}

func serviceOf(l *listed) *search.Service {
	return &search.Service{Engine: l, Archive: l, Store: notebook{listed: l}}
}

var (
	mei  = access.Viewer{ID: 2, Person: "mei", Role: access.RoleViewer}
	boss = access.Viewer{ID: 1, Person: "boss", Role: access.RoleAdmin}
)

// walk reads all pages and gives the seqs of the hits in order.
func walk(t *testing.T, s *search.Service, r search.Request, limit int) (seqs []string, pages []search.Page) {
	t.Helper()
	for p := (search.Paging{Limit: limit}); ; {
		page, err := s.Search(t.Context(), mei, r, p, audit.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
		for _, h := range page.Hits {
			seqs = append(seqs, strings.TrimLeft(h.ID[24:], "0"))
		}
		if p.Cursor = page.Next; p.Cursor == "" {
			return seqs, pages
		}
	}
}

func numbers(from, to int) (out []string) {
	step := 1
	if to < from {
		step = -1
	}
	for i := from; i != to+step; i += step {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func TestSearchPages(t *testing.T) {
	t.Parallel()
	for order, want := range map[search.Order][]string{
		"": numbers(25, 1), search.Newest: numbers(25, 1), search.Oldest: numbers(1, 25), search.Best: numbers(1, 25),
	} {
		l := newListed(25)
		seqs, pages := walk(t, serviceOf(l), search.Request{Text: "微信", Order: order}, 10)
		if diff := cmp.Diff(want, seqs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", order, diff)
		}
		if len(pages) != 3 || *pages[0].Total != (search.Total{Count: 25, Exact: true}) || pages[1].Total != nil {
			t.Errorf("%s: %d pages, totals %v %v", order, len(pages), pages[0].Total, pages[1].Total)
		}
		if len(l.notes) != 3 || l.notes[0].Repeated || !l.notes[1].Repeated {
			t.Errorf("%s: notes %+v", order, l.notes)
		}
		if l.entry.Action != audit.Searched || fmt.Sprint(l.entry.Detail["characters"]) != "2" || strings.Contains(fmt.Sprint(l.entry), "微信") {
			t.Errorf("entry %+v", l.entry)
		}
	}
}

// What comes in while somebody pages through does not move the rest.
func TestPagingIsStable(t *testing.T) {
	t.Parallel()
	for _, order := range []search.Order{search.Newest, search.Best} {
		l := newListed(20)
		s := serviceOf(l)
		first, err := s.Search(t.Context(), mei, search.Request{Text: "x", Order: order}, search.Paging{Limit: 10}, audit.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		l.refs = append([]search.Ref{{ID: "00000000-0000-0000-0000-000000000099", ConvID: 1, SentAt: noon.Add(time.Hour), Seq: 99, Length: 1}}, l.refs...)
		second, err := s.Search(t.Context(), mei, search.Request{Text: "x", Order: order}, search.Paging{Limit: 10, Cursor: first.Next}, audit.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range second.Hits {
			got = append(got, strings.TrimLeft(h.ID[24:], "0"))
		}
		want := numbers(10, 1)
		if order == search.Best {
			want = numbers(11, 20)
		}
		if diff := cmp.Diff(want, got); diff != "" || second.Next != "" {
			t.Errorf("%s, second page (-want +got), next %q:\n%s", order, second.Next, diff)
		}
	}
}

// An index may hold what the viewer may not see any more: the page is filled up
// with others.
func TestHiddenHitsAreLeftOut(t *testing.T) {
	t.Parallel()
	l := newListed(40)
	for i := 1; i <= 40; i++ {
		if i%2 == 0 {
			l.hidden[fmt.Sprintf("00000000-0000-0000-0000-%012d", i)] = true
		}
	}
	seqs, pages := walk(t, serviceOf(l), search.Request{Text: "x"}, 6)
	if len(seqs) != 20 || len(pages[0].Hits) != 6 {
		t.Errorf("%d hits, %d on the first page; want 20 and 6", len(seqs), len(pages[0].Hits))
	}
}

// A page ends although nothing of it is visible.
func TestAllHiddenEnds(t *testing.T) {
	t.Parallel()
	l := newListed(300)
	for _, r := range l.refs {
		l.hidden[r.ID] = true
	}
	if seqs, pages := walk(t, serviceOf(l), search.Request{Text: "x"}, 10); len(seqs) != 0 || len(pages) > 10 {
		t.Errorf("%d hits on %d pages", len(seqs), len(pages))
	}
}

func TestTotalsHaveABound(t *testing.T) {
	t.Parallel()
	l := newListed(search.MaxRefs + 5)
	for _, order := range []search.Order{search.Newest, search.Best} {
		page, err := serviceOf(l).Search(t.Context(), mei, search.Request{Text: "x", Order: order}, search.Paging{}, audit.Origin{})
		if err != nil || *page.Total != (search.Total{Count: search.MaxRefs}) {
			t.Errorf("%s: total %v, %v", order, page.Total, err)
		}
	}
}

func TestCountingThatTakesTooLongIsLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListed(50)
		l.slow = true
		began := time.Now()
		page, err := serviceOf(l).Search(t.Context(), mei, search.Request{Text: "x"}, search.Paging{}, audit.Origin{})
		if err != nil || page.Total != nil || len(page.Hits) != 40 || time.Since(began) != 2*time.Second {
			t.Errorf("total %v of %d hits after %v, %v", page.Total, len(page.Hits), time.Since(began), err)
		}
		l.refs = l.refs[:5] // all on the first page: known without counting
		page, err = serviceOf(l).Search(t.Context(), mei, search.Request{Text: "x"}, search.Paging{}, audit.Origin{})
		if err != nil || *page.Total != (search.Total{Count: 5, Exact: true}) {
			t.Errorf("total %v, %v", page.Total, err)
		}
	})
}

func TestWhatIsNotNotedIsNotAnswered(t *testing.T) {
	t.Parallel()
	l := newListed(3)
	full := errors.New("no room")
	s := serviceOf(l)
	s.Store = notebook{listed: l, full: full}
	if _, err := s.Search(t.Context(), mei, search.Request{Text: "x"}, search.Paging{}, audit.Origin{}); !errors.Is(err, full) {
		t.Errorf("Search: %v", err)
	}
	if _, err := s.Conversations(t.Context(), mei, search.Request{Text: "x"}, search.Paging{}, audit.Origin{}); !errors.Is(err, full) {
		t.Errorf("Conversations: %v", err)
	}
}

func TestAFailureIsNotNothing(t *testing.T) {
	t.Parallel()
	l := newListed(3)
	l.fail = errors.New("down")
	s := serviceOf(l)
	_, errSearch := s.Search(t.Context(), mei, search.Request{Text: "x"}, search.Paging{}, audit.Origin{})
	_, errBest := s.Search(t.Context(), mei, search.Request{Text: "x", Order: search.Best}, search.Paging{}, audit.Origin{})
	_, errConvs := s.Conversations(t.Context(), mei, search.Request{Text: "x"}, search.Paging{}, audit.Origin{})
	_, errIn := s.InConversation(t.Context(), mei, 1, search.Request{Text: "x"}, search.Paging{})
	for _, err := range []error{errSearch, errBest, errConvs, errIn} {
		if !errors.Is(err, l.fail) {
			t.Errorf("%v", err)
		}
	}
	if len(l.notes) != 0 {
		t.Errorf("noted: %v", l.notes)
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	l := newListed(1)
	l.code, l.link = "https://u.wechat.com/微信", "https://shop.example.com/"+strings.Repeat("x", 3000)+"end"
	hit := func(text string) search.Hit {
		page, err := serviceOf(l).Search(t.Context(), mei, search.Request{Text: text}, search.Paging{}, audit.Origin{})
		if err != nil || len(page.Hits) != 1 {
			t.Fatal(page, err)
		}
		return page.Hits[0]
	}
	for text, want := range map[string]string{
		"微信":     "[{6 12} {15 21}] [code [{21 27}]]",
		"WeChat": "[] [code [{10 16}]]",
		"加我":     "[{0 6}] []",
		"Shop":   "[] [link [{8 12}]]",
		"微信 com": "[{6 12} {15 21}] [code [{17 20} {21 27}] link [{21 24}]]",
		"end":    "[] [link []]", // behind what is given of it
	} {
		h := hit(text)
		also := []string{}
		for _, a := range h.Also {
			also = append(also, fmt.Sprint(a.Kind, " ", a.Spans))
			if utf8.RuneCountInString(a.Text) > 2000 {
				t.Errorf("%s: %d bytes of a %s", text, len(a.Text), a.Kind)
			}
		}
		if got := fmt.Sprint(h.Spans, " ", also); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestSearchConversations(t *testing.T) {
	t.Parallel()
	l := newListed(31)
	s := serviceOf(l)
	var got []string
	for p := (search.Paging{Limit: 2}); ; {
		page, err := s.Conversations(t.Context(), mei, search.Request{Text: "x"}, p, audit.Origin{})
		if err != nil || !page.Exact {
			t.Fatal(page, err)
		}
		for _, c := range page.Items {
			got = append(got, fmt.Sprintf("%d:%d", c.Conversation.ID, c.Hits))
		}
		if p.Cursor == "" { // moves nothing
			l.refs = append([]search.Ref{{ID: "00000000-0000-0000-0000-000000000099", ConvID: 3, SentAt: noon.Add(time.Hour), Seq: 99}}, l.refs...)
		}
		if p.Cursor = page.Next; p.Cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"2:11", "1:10", "3:10"}, got); diff != "" {
		t.Errorf("conversations (-want +got):\n%s", diff)
	}
}

func TestFiltersReachTheEngine(t *testing.T) {
	t.Parallel()
	l := newListed(1)
	yes, no := true, false
	r := search.Request{
		Text: "x", Senders: []string{"Lin"}, Persons: []string{"wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw"}, Departments: []int64{3, 4}, ConvIDs: []int64{7}, Chat: "direct", Side: "external",
		MsgTypes: []string{"text"}, From: noon, To: noon.Add(time.Hour), Has: []string{"file", "link", "qr"}, Revoked: true, Sensitive: true,
	}
	want := search.Filter{
		Senders: []string{"lin"}, Persons: r.Persons, Departments: []int64{3, 4}, ConvIDs: []int64{7}, External: &yes, Groups: &no, MsgTypes: []string{"text"},
		From: noon, To: noon.Add(time.Hour), Flags: search.HasFile | search.HasLink | search.HasQR | search.Revoked | search.Sensitive,
	}
	for _, v := range []access.Viewer{boss, mei} {
		if _, err := serviceOf(l).Search(t.Context(), v, r, search.Paging{}, audit.Origin{}); err != nil {
			t.Fatal(err)
		}
		if v.Person == "mei" { // department 4 is not hers to see
			want.Departments = []int64{-1, 3}
		}
		if diff := cmp.Diff(want, l.asked.Filter); diff != "" {
			t.Errorf("%s: filter (-want +got):\n%s", v.Person, diff)
		}
		if l.asked.Scope != v.Scope() {
			t.Errorf("%s: scope %+v", v.Person, l.asked.Scope)
		}
	}
}

func TestTheLastDays(t *testing.T) {
	t.Parallel()
	china := time.FixedZone("CST", 8*60*60)
	now := time.Date(2026, 3, 1, 0, 30, 0, 0, china) // the day before in UTC
	for days, want := range map[int]time.Time{
		1:    time.Date(2026, 3, 1, 0, 0, 0, 0, china),
		7:    time.Date(2026, 2, 23, 0, 0, 0, 0, china),
		30:   time.Date(2026, 1, 31, 0, 0, 0, 0, china),
		3660: time.Date(2016, 2, 23, 0, 0, 0, 0, china),
	} {
		q, err := search.Request{Days: days}.Query(now)
		if err != nil || !q.Filter.From.Equal(want) || !q.Filter.To.IsZero() {
			t.Errorf("%d days: %v to %v, %v; want from %v", days, q.Filter.From, q.Filter.To, err, want)
		}
	}
	l := newListed(1)
	s := serviceOf(l)
	s.Zone = china
	before := time.Now().In(china)
	if _, err := s.Search(t.Context(), boss, search.Request{Days: 1}, search.Paging{}, audit.Origin{}); err != nil {
		t.Fatal(err)
	}
	year, month, day := before.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, china)
	if from := l.asked.Filter.From; !from.Equal(midnight) && !from.Equal(midnight.AddDate(0, 0, 1)) { // should midnight come in between
		t.Errorf("today begins at %v, want %v", from, midnight)
	}
	if len(l.notes) != 1 || l.notes[0].Request.Days != 1 || !l.notes[0].Request.From.IsZero() {
		t.Errorf("noted: %+v", l.notes)
	}
}

// Whoever pages over midnight misses no day of what was asked for.
func TestTheLastDaysOverMidnight(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]func(ctx context.Context, s *search.Service, order search.Order, p search.Paging) (next string, err error){
		"search": func(ctx context.Context, s *search.Service, order search.Order, p search.Paging) (string, error) {
			page, err := s.Search(ctx, boss, search.Request{Text: "x", Days: 2, Order: order}, p, audit.Origin{})
			return page.Next, err
		},
		"conversations": func(ctx context.Context, s *search.Service, _ search.Order, p search.Paging) (string, error) {
			page, err := s.Conversations(ctx, boss, search.Request{Text: "x", Days: 2}, p, audit.Origin{})
			return page.Next, err
		},
		"in a conversation": func(ctx context.Context, s *search.Service, _ search.Order, p search.Paging) (string, error) {
			page, err := s.InConversation(ctx, boss, 1, search.Request{Text: "x", Days: 2}, p)
			return page.Next, err
		},
	} {
		for _, order := range []search.Order{search.Newest, search.Oldest, search.Best} {
			synctest.Test(t, func(t *testing.T) {
				l := newListed(9)
				s := serviceOf(l)
				s.Zone = time.FixedZone("CST", 8*60*60)
				time.Sleep(15*time.Hour + 59*time.Minute) // from midnight in UTC: a minute to midnight in China
				next, err := list(t.Context(), s, order, search.Paging{Limit: 1})
				if err != nil || next == "" {
					t.Fatalf("%s, %s: next %q, %v", name, order, next, err)
				}
				first := l.asked.Filter.From
				for range 2 {
					time.Sleep(2 * time.Minute)
					if next, err = list(t.Context(), s, order, search.Paging{Limit: 1, Cursor: next}); err != nil {
						t.Fatalf("%s, %s: %v", name, order, err)
					}
					if from := l.asked.Filter.From; !from.Equal(first) {
						t.Errorf("%s, %s: a later page from %v, the first from %v", name, order, from, first)
					}
				}
				if _, err = list(t.Context(), s, order, search.Paging{Limit: 1}); err != nil || !l.asked.Filter.From.Equal(first.AddDate(0, 0, 1)) {
					t.Errorf("%s, %s: asked anew from %v, %v; want a day after %v", name, order, l.asked.Filter.From, err, first)
				}
			})
		}
	}
}

func TestRequestsAreRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("p", i)
	}
	inside := cursor.Encode("search-newest", noon, int64(1), "00000000-0000-0000-0000-000000000001")
	for name, tt := range map[string]struct {
		r     search.Request
		p     search.Paging
		field string
	}{
		"nothing":           {field: "q"},
		"blanks":            {r: search.Request{Text: "  "}, field: "q"},
		"order alone":       {r: search.Request{Order: search.Oldest}, field: "q"},
		"a long text":       {r: search.Request{Text: strings.Repeat("字", 50_000)}, field: "q"},
		"NUL":               {r: search.Request{Text: "a\x00b"}, field: "q"},
		"no UTF-8":          {r: search.Request{Text: "\xff"}, field: "q"},
		"many persons":      {r: search.Request{Persons: many}, field: "person"},
		"an empty person":   {r: search.Request{Persons: []string{""}}, field: "person"},
		"a long sender":     {r: search.Request{Senders: []string{strings.Repeat("x", 201)}}, field: "sender"},
		"NUL in a type":     {r: search.Request{MsgTypes: []string{"\x00"}}, field: "type"},
		"many chats":        {r: search.Request{ConvIDs: make([]int64, 10_000)}, field: "conversation"},
		"an unknown chat":   {r: search.Request{Text: "x", Chat: "both"}, field: "chat"},
		"an unknown side":   {r: search.Request{Text: "x", Side: "both"}, field: "side"},
		"an unknown flag":   {r: search.Request{Text: "x", Has: []string{"soul"}}, field: "has"},
		"an unknown order":  {r: search.Request{Text: "x", Order: "worst"}, field: "order"},
		"times upside down": {r: search.Request{From: noon, To: noon.Add(-1)}, field: "to"},
		"days and a time":   {r: search.Request{Days: 7, From: noon}, field: "days"},
		"days and an end":   {r: search.Request{Days: 7, To: noon}, field: "days"},
		"negative days":     {r: search.Request{Text: "x", Days: -1}, field: "days"},
		"many days":         {r: search.Request{Text: "x", Days: 3661}, field: "days"},
		"a limit":           {r: search.Request{Text: "x"}, p: search.Paging{Limit: 101}, field: "limit"},
		"a cursor":          {r: search.Request{Text: "x"}, p: search.Paging{Cursor: "x"}, field: "cursor"},
		"no cursor of days": {r: search.Request{Text: "x", Days: 2}, p: search.Paging{Cursor: cursor.Encode("search-newest", noon, int64(1), "00000000-0000-0000-0000-000000000001")}, field: "cursor"},
		"days long ago":     {r: search.Request{Text: "x", Days: 2}, p: search.Paging{Cursor: cursor.Encode("search-days", time.Now().AddDate(0, 0, -8), inside)}, field: "cursor"},
		"days to come":      {r: search.Request{Text: "x", Days: 2}, p: search.Paging{Cursor: cursor.Encode("search-days", time.Now().AddDate(0, 0, 2), inside)}, field: "cursor"},
		"days of no list":   {r: search.Request{Text: "x", Days: 2}, p: search.Paging{Cursor: cursor.Encode("search-days", time.Now(), "")}, field: "cursor"},
		"a cursor of best":  {r: search.Request{Text: "x", Order: search.Best}, p: search.Paging{Cursor: "WyJzZWFyY2gtYmVzdCJd"}, field: "cursor"},
	} {
		l := newListed(1)
		_, err := serviceOf(l).Search(t.Context(), mei, tt.r, tt.p, audit.Origin{})
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != fault.CodeInvalid || f.Field != tt.field {
			t.Errorf("%s: %v, want invalid %s", name, err, tt.field)
		}
		if len(l.notes) != 0 {
			t.Errorf("%s: noted", name)
		}
	}
}

func TestInConversation(t *testing.T) {
	t.Parallel()
	l := newListed(25)
	s := serviceOf(l)
	n := 0
	for p := (search.Paging{Limit: 10}); ; {
		page, err := s.InConversation(t.Context(), mei, 2, search.Request{Text: "微信"}, p)
		if err != nil || page.Total != (search.Total{Count: 25, Exact: true}) {
			t.Fatal(page.Total, err)
		}
		n += len(page.Hits)
		if p.Cursor = page.Next; p.Cursor == "" {
			break
		}
	}
	if n != 25 || !slices.Equal(l.asked.Filter.ConvIDs, []int64{2}) {
		t.Errorf("%d hits of %v", n, l.asked.Filter.ConvIDs)
	}
	if _, err := s.InConversation(t.Context(), mei, 4, search.Request{Text: "x"}, search.Paging{}); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("out of scope: %v", err)
	}
	for _, text := range []string{"", " ", "\u200b"} {
		if _, err := s.InConversation(t.Context(), mei, 2, search.Request{Text: text}, search.Paging{}); !fault.Is(err, fault.CodeInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The engine that answered is told, and the coverage is its own.
func TestTheEngineThatAnswers(t *testing.T) {
	t.Parallel()
	down, up := newListed(1), newListed(3)
	down.fail = errors.New("down")
	s := serviceOf(up)
	s.Engine = &search.Fallback{Primary: down, Secondary: up}
	page, err := s.Search(t.Context(), mei, search.Request{Text: "x"}, search.Paging{}, audit.Origin{})
	if err != nil || len(page.Hits) != 3 || page.Fallback != string(search.Unavailable) || !page.Coverage.Complete() {
		t.Errorf("%d hits, fallback %q, %v", len(page.Hits), page.Fallback, err)
	}
}
