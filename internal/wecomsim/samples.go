package wecomsim

import (
	"net/http"
	"strings"

	"huicun/internal/fault"
	"huicun/internal/wecomsim/corpus"
)

// getSamples lists the messages that postSample can send.
func (s *Sim) getSamples(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"samples": corpus.Exhibits()})
}

// sampleRequest is the body of POST /sim/samples.
type sampleRequest struct {
	Name string `json:"name"` // of GET /sim/samples; "all" = every one, in order
	outgoing
}

// sampleAnswer tells what was sent: a recall comes behind what it recalls.
type sampleAnswer struct {
	sentMessage
	Sent int `json:"sent"` // how many messages; the fields above are those of the last
}

// postSample sends a message of any type into a chat, with files of its own. What
// only robots send comes from a robot where the chat is a group.
func (s *Sim) postSample(q sampleRequest) (any, error) {
	to, err := s.address(&q.outgoing)
	if err != nil {
		return nil, err
	}
	names := []string{q.Name}
	if q.Name == "all" {
		names = names[:0]
		for _, e := range corpus.Exhibits() {
			names = append(names, e.Name)
		}
	}
	var out sampleAnswer
	for _, name := range names {
		if err := s.sendSample(name, q.outgoing, to, &out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sentSalt keeps the files of what is sent apart from those of the history.
const sentSalt = 1 << 40

// sendSample sends one sample and counts it in out.
func (s *Sim) sendSample(name string, o outgoing, to []string, out *sampleAnswer) error {
	s.showing.Lock() // the seq that makes the files differ is that of the next message
	defer s.showing.Unlock()
	p := corpus.Posting{From: o.From, To: to, RoomID: o.RoomID, At: s.now(kindMessageClock), Salt: sentSalt + s.stream.next()}
	if robot, only := s.robotFor(name); only && o.RoomID != "" {
		p.From, p.To = robot, append([]string{o.From}, to...)
	}
	p.MsgID = func(_ int, at int64) string {
		return s.newMsgID(at+storedAfter.Milliseconds(), append([]string{p.From}, p.To...))
	}
	records, ok := s.company.corpus.Exhibit(name, p)
	if !ok {
		return fault.Invalid("name", "GET /sim/samples lists the samples")
	}
	for _, r := range records {
		m, err := s.append(newMessage{Body: r.JSON, MsgID: r.MsgID})
		if err != nil {
			return err
		}
		out.sentMessage = sentMessage{m.Seq, m.MsgID, m.KeyVersion}
		out.Sent++
	}
	return nil
}

// robotFor gives the robot that sends messages of a kind which only robots send.
func (s *Sim) robotFor(name string) (id string, only bool) {
	kind, _, _ := strings.Cut(name, ".")
	robots := s.company.corpus.Robots()
	switch kind {
	case "markdown":
		return robots[0].RobotID, true
	case "news":
		return robots[1].RobotID, true
	}
	return "", false
}
