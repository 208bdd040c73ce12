package elastic_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"huicun/internal/search"
)

// disturb changes a document in the database, as the indexer does.
func (l *lab) disturb(id, set string) {
	l.Helper()
	l.archive.MustExec(`UPDATE search_state SET change = change + 1`)
	l.archive.MustExec(`UPDATE search_messages SET `+set+`, change = (SELECT change FROM search_state) WHERE id = $1`, id)
}

// immense is a name that is too long for a term of Lucene.
const immense = `from_id = repeat('x', 40000)`

func TestDocumentsThatAreRefusedAreLeftOut(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := l.say(march, numbered(5)...)
	l.disturb(ids[2], immense)
	l.feed()
	l.same("合同", []string{ids[0], ids[1], ids[3], ids[4]})
	c, err := l.engine.Coverage(t.Context())
	if err != nil || c.Complete() || c.Indexed != 4 || c.Messages != 5 || !strings.Contains(c.Problem, "1 messages are left out") {
		t.Errorf("coverage %+v, %v", c, err)
	}
	g := l.generation()
	poison, err := l.archive.FindPoison(t.Context(), g.Name, 10)
	if err != nil || len(poison) != 1 || poison[0].MessageID != ids[2] || poison[0].Attempts != 3 || strings.Contains(poison[0].Error, "xxx") {
		t.Errorf("poison %+v, %v", poison, err)
	}

	r, err := l.feeder.Check(t.Context(), &g, nil)
	if err != nil || r.Poison != 1 || r.Cured != 0 || r.Holes != 0 {
		t.Errorf("Check = %+v, %v", r, err)
	}
	l.archive.MustExec(`UPDATE search_messages SET from_id = 'anna' WHERE id = $1`, ids[2])
	if r, err = l.feeder.Check(t.Context(), &g, nil); err != nil || r.Poison != 0 || r.Cured != 1 {
		t.Errorf("Check once it is in order = %+v, %v", r, err)
	}
	l.same("合同", ids)

	l.disturb(ids[4], immense)
	l.feed()
	l.disturb(ids[4], `from_id = 'anna'`)
	l.feed()
	if g := l.generation(); g.Poison != 0 || !l.complete() {
		t.Errorf("what is in the index is poison still: %+v", g)
	}
}

func TestTooManyRefusalsStopIt(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.feeder.MostPoison = 2
	ids := l.say(march, numbered(5)...)
	l.feed()
	before := l.generation().Change
	for _, id := range ids[:3] {
		l.disturb(id, immense)
	}
	l.until("telling why", func() bool { return strings.Contains(l.generation().Error, "more than 2 documents are refused") })
	if g := l.generation(); g.Change != before || g.Poison != 0 {
		t.Errorf("it went on: %+v", g)
	}
	for _, id := range ids[:3] {
		l.disturb(id, `from_id = 'anna'`)
	}
	l.until("catching up", l.complete)
	l.same("合同", ids)
}

func TestCheckMendsHolesAndExtras(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var ids []string
	for i := range 4 {
		ids = append(ids, l.say(time.Date(2026, time.Month(3+i), 15, 0, 0, 0, 0, time.UTC), numbered(10)...)...)
	}
	l.feed()
	g := l.generation()
	if r, err := l.feeder.Check(t.Context(), &g, nil); err != nil || r.Compared != 40 || r.Holes+r.Extras != 0 {
		t.Fatalf("Check of what is right = %+v, %v", r, err)
	}
	// A hole, an older version, and documents of nobody.
	var change int64
	if err := l.archive.Get(&change, `SELECT change FROM search_messages WHERE id = $1`, ids[3]); err != nil {
		t.Fatal(err)
	}
	l.call("DELETE", fmt.Sprintf("%s/_doc/%s?version=%d&version_type=external_gte", g.Index("202603"), ids[3], change), "")
	l.disturb(ids[4], `flags = 8`)
	l.archive.MustExec(`UPDATE search_indexes SET change = (SELECT change FROM search_state)`)
	other := "00000000-0000-4000-8000-000000000001"
	doc := func(id string) string {
		return `{"id":"` + id + `","conv":1,"from":"x","type":"text","time":1,"seq":1,"flags":[],"len":1,"u":"合","b":"合同 同"}`
	}
	l.call("PUT", g.Index("202604")+"/_doc/"+other, doc(other))
	l.call("PUT", g.Index("202604")+"/_doc/not-ours", doc(ids[5]))
	l.call("PUT", g.Index("202605")+"/_doc/no-uuid", doc("no-uuid"))
	l.call("PUT", g.Index("202605")+"/_doc/of%22nobody%5C", doc("no-uuid"))
	l.archive.MustExec(`DELETE FROM search_messages WHERE id = $1`, ids[6])
	l.archive.MustExec(`UPDATE search_state SET indexed = indexed - 1`)

	g = l.generation()
	r, err := l.feeder.Check(t.Context(), &g, nil)
	if err != nil || r.Holes != 2 || r.Extras != 5 || r.Compared != 39 {
		t.Errorf("Check = %+v, %v", r, err)
	}
	l.same("合同", append(append([]string{}, ids[:6]...), ids[7:]...))
	refs := l.find("合同")
	if len(refs) != 39 {
		t.Errorf("%d hits", len(refs))
	}
	if g = l.generation(); g.Repaired != 7 || g.CheckedAt == nil {
		t.Errorf("generation %+v", g)
	}
	if r, err = l.feeder.Check(t.Context(), &g, nil); err != nil || r.Holes+r.Extras != 0 {
		t.Errorf("Check again = %+v, %v", r, err)
	}
}

// A document that the database has, in the index of another month too: it is
// found twice, until the comparison deletes it there and nowhere else.
func TestCheckClearsTheWrongMonth(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := append(l.say(march, numbered(3)...), l.say(march.AddDate(0, 0, 1), numbered(3)...)...)
	l.feed()
	g := l.generation()
	docs, err := l.archive.FindDocuments(t.Context(), ids[1:2])
	if err != nil || len(docs) != 1 {
		t.Fatal(docs, err)
	}
	d := docs[0]
	l.call("PUT", fmt.Sprintf("%s/_doc/%s?refresh=true&version=%d&version_type=external_gte", g.Index("202604"), d.ID, d.Change),
		fmt.Sprintf(`{"id":%q,"conv":%d,"from":"anna","type":"text","time":%d,"seq":%d,"flags":[],"len":2,"u":"合 同","b":"合同 同"}`, d.ID, d.ConvID, d.SentAt.UnixMilli(), d.Seq))
	if got := l.find("合同"); len(got) != len(ids)+1 {
		t.Fatalf("%d hits before the comparison", len(got))
	}
	if r, err := l.feeder.Check(t.Context(), &g, nil); err != nil || r.Holes != 0 || r.Extras != 1 || r.Compared != 6 {
		t.Errorf("Check = %+v, %v", r, err)
	}
	l.same("合同", ids)
	if r, err := l.feeder.Check(t.Context(), &g, nil); err != nil || r.Holes+r.Extras != 0 || !l.complete() {
		t.Errorf("Check again = %+v, %v", r, err)
	}
}

func TestWrongCountLeadsToACheck(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.say(march, numbered(5)...)
	l.feed()
	other := "00000000-0000-4000-8000-000000000002"
	l.call("PUT", l.generation().Index("202603")+"/_doc/"+other+"?refresh=true", `{"id":"`+other+`","conv":1,"from":"x","type":"text","time":1,"seq":1,"flags":[],"len":1,"u":"合","b":"合同 同"}`)
	l.connect()
	l.until("mending", func() bool { return l.generation().Repaired == 1 })
	if !l.complete() || len(l.find("合同")) != 5 {
		t.Errorf("%d hits", len(l.find("合同")))
	}
}

func TestNewerIndexIsBuiltAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := l.say(march, numbered(5)...)
	l.feed()
	was := l.generation()
	l.age(was.Name)
	// As after the database came back from a backup.
	l.call("PUT", was.Index("202603")+"/_doc/"+ids[0]+"?version=1000&version_type=external_gte&refresh=true",
		`{"id":"`+ids[0]+`","conv":1,"from":"x","type":"text","time":`+fmt.Sprint(march.UnixMilli())+`,"seq":1,"flags":[],"len":1,"u":"旧","b":"旧"}`)
	l.archive.MustExec(`UPDATE search_indexes SET finished_at = now() - interval '3 days', started_at = now() - interval '3 days'`) // a comparison is due
	l.until("building again", func() bool { return l.generation().Name != was.Name && l.complete() })
	l.same("合同", ids)
	if g := l.generation(); !strings.Contains(g.Reason, "newer documents") {
		t.Errorf("reason %q", g.Reason)
	}
}

func TestReindexBesideTheLiveOne(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := l.say(march, numbered(20)...)
	l.feed()
	was := l.generation()
	if err := l.archive.CreateGeneration(t.Context(), l.options.Prefix, 2, "asked for"); err != nil {
		t.Fatal(err)
	}
	l.options.Shards = 2
	l.connect() // a start in the middle
	l.until("building", func() bool { return l.generations() == 2 })
	l.same("合同", ids)
	ids = append(ids, l.say(march.Add(time.Hour), "合同 meanwhile")...)
	l.until("the swap", func() bool { return l.generation().Name != was.Name && l.generation().State == search.GenerationLive })
	l.same("合同", ids)
	l.until("deleting the old one", func() bool { return l.generations() == 1 })
	l.same("合同", ids)
	if g := l.generation(); g.Shards != 2 || !l.complete() {
		t.Errorf("generation %+v", g)
	}
}

// restore gives the database the documents and the cursor that it had when it had
// come to a change, as a backup does.
func (l *lab) restore(change int64) {
	l.Helper()
	l.archive.MustExec(`DELETE FROM search_messages WHERE id IN (SELECT id FROM message_ids WHERE seq > $1)`, change)
	l.archive.MustExec(`UPDATE search_messages SET change = seq, flags = 0`) // in these tests the first change of each
	l.archive.MustExec(`UPDATE search_state SET change = $1, indexed = $1`, change)
	l.archive.MustExec(`UPDATE search_indexes SET change = LEAST(change, $1)`, change)
}

func TestIndexAheadOfARestoredDatabase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		since func(l *lab, ids []string) // what happens before the index is looked at
	}{
		{"nothing happened since", func(*lab, []string) {}},
		{"it went on, beyond what the index knows", func(l *lab, ids []string) {
			l.disturb(ids[0], `flags = 8`)
			for range 10 {
				l.disturb(ids[1], `flags = 8`)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			ids := l.say(march, numbered(5)...)
			later := l.say(march.Add(time.Hour), "合同 later")
			for range 5 { // facts of a message that is not new
				l.disturb(ids[0], `flags = 16`)
			}
			l.feed()
			l.same("合同", append(ids[:5:5], later...))
			was := l.generation()
			l.age(was.Name)
			l.restore(5)
			tt.since(l, ids)
			l.connect() // huicun is started again
			l.until("building again", func() bool { g := l.generation(); return g.Name != was.Name && g.State == search.GenerationLive })
			l.same("合同", ids)
			if g := l.generation(); !strings.Contains(g.Reason, "newer documents") || g.State != search.GenerationLive {
				t.Errorf("generation %+v", g)
			}
			q := l.query("合同")
			q.Filter.Flags = search.Sensitive
			if refs, err := l.engine.Find(t.Context(), q, 10); err != nil || len(refs) != 0 {
				t.Errorf("%d hits with what was known before, %v", len(refs), err)
			}
		})
	}
}

// One prefix may begin with another one: of each the own template counts.
func TestPrefixesThatOverlap(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := l.say(march, numbered(3)...)
	l.feed()
	l.archive.MustExec(`UPDATE search_indexes SET error = 'planted', error_at = now()`)
	was := l.generation()

	l.options.Prefix += "-b"
	l.connect()
	l.feed()
	l.same("合同", ids)
	others, err := l.archive.FindOtherGenerations(t.Context(), l.options.Prefix)
	if err != nil || len(others) != 1 || others[0].Name != was.Name || others[0].Error != "" {
		t.Errorf("what is left: %+v, %v", others, err)
	}
	for range 2 {
		names, err := l.feeder.DropOthers(t.Context())
		if err != nil || len(names) != len(others) {
			t.Errorf("DropOthers = %q, %v", names, err)
		}
		others = nil
	}
	var left struct {
		Indices map[string]any `json:"indices"`
	}
	l.ask("GET", "_stats/docs?filter_path=indices.*.uuid&expand_wildcards=all", "", &left)
	for name := range left.Indices {
		if strings.HasPrefix(name, was.Name) {
			t.Errorf("%s is left", name)
		}
	}
	if err := l.askAt(l.options.URLs[0], "GET", "_index_template/"+was.Alias+"-v2", "", nil); err == nil {
		t.Error("its template is left")
	}
	l.same("合同", ids)
	ids = append(ids, l.say(march.AddDate(0, 2, 0), "合同 of another month")...)
	l.feed()
	l.same("合同", ids)
	if !l.complete() {
		t.Errorf("generation %+v", l.generation())
	}
}
