package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"huicun/internal/archive"
	"huicun/internal/ingest"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/personid"
)

// raw makes a message as WeCom delivers it, and its twin.
func (g *grower) raw(from string, to []string, roomid string) (*refMessage, []byte) {
	n := g.next("msg")
	m := &refMessage{msgid: fmt.Sprintf("scope-%d", n), from: personid.Key(from), at: g.moment()}
	m.id = archive.MessageID(m.msgid)
	if last := pickOne(g, g.realm.messages); last != nil && g.chance(20) {
		m.at = last.at // at the same moment
	}
	body := map[string]any{
		"msgid": m.msgid, "action": "send", "from": from, "tolist": to, "roomid": roomid, "msgtime": m.at.UnixMilli(),
	}
	original := pickOne(g, g.realm.messages)
	switch {
	case len(to) == 0:
		body = map[string]any{"msgid": m.msgid, "action": "switch", "time": m.at.UnixMilli(), "user": from}
	case original != nil && g.chance(10):
		m.revokes = original.msgid
		if original.from != "" && g.chance(60) { // nobody takes back what others said elsewhere
			m.from, body["from"] = original.from, original.from
		}
		body["action"], body["msgtype"], body["revoke"] = "recall", "revoke", map[string]string{"pre_msgid": m.revokes}
	case g.chance(30):
		g.showFiles(m, body)
	default:
		m.text = g.mark("m") + pickOne(g, []string{" 请退款", " Hello", "", " 报价单"})
		body["msgtype"], body["text"] = "text", map[string]string{"content": m.text}
	}
	b, err := json.Marshal(body)
	if err != nil {
		g.t.Fatal(err)
	}
	return m, b
}

// people are all who may write: employees, customers, robots, strangers.
func (g *grower) people() []string {
	list := mapEach(g.realm.employees, func(e *refEmployee) string { return e.userid })
	for _, c := range g.realm.customers {
		list = append(list, c.person)
	}
	return append(list, "wbScope0000000000000000000robot", "wmScopeUnknown00000000000customer", fmt.Sprintf("U%02d", g.rnd.IntN(4)))
}

// writeTo chooses who writes to whom.
func (g *grower) writeTo() (from string, to []string, roomid string) {
	from = pickOne(g, g.people())
	if e := pickOne(g, g.realm.employees); e != nil && g.chance(70) {
		from = e.userid
	}
	room := pickOne(g, keepOnly(g.realm.chats, func(c *refChat) bool { return c.kind == "group" }))
	switch {
	case g.chance(3):
		return from, nil, "" // a switch record
	case room != nil && g.chance(35): // those who are in it now: some have left, some are new
		return from, append(pickSome(g, room.members, len(room.members)), pickOne(g, g.people())), room.roomid
	case g.chance(15):
		return from, append(pickSome(g, g.people(), 6), pickOne(g, g.people())), g.newGroup().roomid
	case g.chance(3):
		return from, []string{from}, "" // to oneself
	}
	return from, []string{pickOne(g, g.people())}, ""
}

// say stores a batch of n messages.
func (g *grower) say(n int) {
	for n > 0 {
		size := min(n, 1+g.rnd.IntN(20))
		n -= size
		var ms []archive.Decoded
		var twins []*refMessage
		for range size {
			m, raw := g.raw(g.writeTo())
			twins, ms = append(twins, m), append(ms, g.decode(m, raw))
		}
		g.store(twins, ms)
	}
}

func (g *grower) decode(m *refMessage, raw []byte) archive.Decoded {
	g.seq += int64(1 + g.rnd.IntN(2))
	m.seq = g.seq
	d := chatdata.Decode(chatdata.Outer{MsgID: m.msgid, Seq: g.seq, PublicKeyVer: 1, PulledAt: time.Now()}, raw)
	if len(m.places) > 0 {
		m.text = d.Text
	}
	return d
}

// store1 stores a batch of one.
func (g *grower) store1(m *refMessage, raw []byte) {
	g.store([]*refMessage{m}, []archive.Decoded{g.decode(m, raw)})
}

// store saves a batch as the puller does, and files the twins.
func (g *grower) store(twins []*refMessage, ms []archive.Decoded) {
	g.t.Helper()
	ctx, db := g.t.Context(), g.app.db
	if g.lease == (ingest.Lease{}) {
		lease, ok, err := db.TakeLease(ctx, ingest.LeasePull, "scope", time.Hour)
		if err != nil || !ok {
			g.t.Fatalf("%s: lease: %v, %v", g.name, ok, err)
		}
		g.lease = lease
	}
	for _, m := range ms {
		if err := db.EnsurePartitions(ctx, m.SentAt); err != nil {
			g.t.Fatal(err)
		}
	}
	state, err := db.PullState(ctx)
	if err != nil {
		g.t.Fatal(err)
	}
	now := time.Now()
	saved, err := db.SaveBatch(ctx, g.lease, ingest.Batch{
		FromSeq: state.Seq, FirstSeq: ms[0].Seq, LastSeq: ms[len(ms)-1].Seq, Received: len(ms), Messages: ms,
		Pull: ingest.Pull{StartedAt: now, FinishedAt: now, Holder: "scope", FromSeq: state.Seq, Calls: 1, Received: len(ms), Outcome: ingest.OutcomeStored},
	})
	if err != nil || saved.Added != len(ms) {
		g.t.Fatalf("%s: %d of %d stored: %v", g.name, saved.Added, len(ms), err)
	}
	for i, m := range twins {
		g.file(m, ms[i].Raw)
	}
	g.numberChats()
	g.changed()
}

// file puts a message into its chat, which begins with it or is there.
func (g *grower) file(m *refMessage, raw []byte) {
	var msg struct {
		From, User, RoomID string
		ToList             []string
	}
	if err := json.Unmarshal(raw, &msg); err != nil {
		g.t.Fatal(err)
	}
	c := &refChat{kind: "direct", roomid: msg.RoomID}
	to := personid.Keys(msg.ToList)
	switch {
	case msg.User != "":
		m.from = personid.Key(msg.User)
		c.kind, c.a = "log", m.from
	case msg.RoomID != "":
		c.kind = "group"
	default:
		c.a, c.b = min(m.from, to[0]), max(m.from, to[0])
	}
	if known := findOne(g.realm.chats, func(x *refChat) bool { return x.kind == c.kind && x.a == c.a && x.b == c.b && x.roomid == c.roomid }); known != nil {
		c = known
	} else {
		g.realm.chats = append(g.realm.chats, c)
	}
	for _, p := range append([]string{m.from}, to...) {
		if !slices.Contains(c.members, p) {
			c.members = append(c.members, p)
		}
		if !personid.External(p) && g.realm.employee(p) == nil {
			g.realm.employees = append(g.realm.employees, &refEmployee{person: p, userid: p, name: p, unlisted: true})
		}
	}
	m.chat = c
	c.messages = append(c.messages, m)
	slices.SortFunc(c.messages, func(a, b *refMessage) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.seq, b.seq)) })
	g.realm.messages = append(g.realm.messages, m)
}

// numberChats reads the ids of new chats.
func (g *grower) numberChats() {
	g.t.Helper()
	var rows []struct {
		ID      int64
		Kind    string
		PersonA string `db:"person_a"`
		PersonB string `db:"person_b"`
		RoomID  string
	}
	if err := g.app.db.Select(&rows, `SELECT id, kind, person_a, person_b, roomid FROM conversations`); err != nil {
		g.t.Fatal(err)
	}
	for _, row := range rows {
		c := findOne(g.realm.chats, func(c *refChat) bool {
			return c.kind == row.Kind && c.a == row.PersonA && c.b == row.PersonB && c.roomid == row.RoomID
		})
		if c == nil {
			g.t.Fatalf("%s: conversation %+v is not in the reference", g.name, row)
		}
		c.id = row.ID
	}
	if len(rows) != len(g.realm.chats) {
		g.t.Fatalf("%s: %d conversations, the reference has %d", g.name, len(rows), len(g.realm.chats))
	}
}
