package server

import (
	"bytes"
	"context"
	"net/http"

	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/server/api"
)

// ListMessages answers GET /conversations/{id}/messages.
func (s *Server) ListMessages(ctx context.Context, req api.ListMessagesRequestObject) (api.ListMessagesResponseObject, error) {
	ctx, r := caller(ctx)
	q, err := timelineQuery(req)
	if err != nil {
		return nil, err
	}
	w, err := s.Archive.Timeline(ctx, r.viewer, q)
	if err != nil {
		return nil, err
	}
	if err := s.recordRead(ctx, r, q.ConvID); err != nil {
		return nil, err
	}
	return api.ListMessages200JSONResponse{
		Items: mapAll(w.Entries, s.shower(r.viewer).message), HasOlder: w.HasOlder, HasNewer: w.HasNewer,
		Target: optional(w.Target), LiveId: optional(text(w.LiveID)),
	}, nil
}

func timelineQuery(req api.ListMessagesRequestObject) (archive.TimelineQuery, error) {
	p := req.Params
	conv, err := number(req.ConversationId, "conversation")
	if err != nil {
		return archive.TimelineQuery{}, err
	}
	given := 0
	for _, set := range []bool{p.Around != nil, p.Older != nil, p.Newer != nil, p.At != nil} {
		if set {
			given++
		}
	}
	if given > 1 {
		return archive.TimelineQuery{}, fault.Invalid("around", "at most one of around, older, newer, at")
	}
	for _, id := range []*string{p.Around, p.Older, p.Newer} {
		if id != nil && !archive.ValidID(*id) {
			return archive.TimelineQuery{}, fault.NotFound("message")
		}
	}
	return archive.TimelineQuery{
		ConvID: conv, Around: value(p.Around), Older: value(p.Older), Newer: value(p.Newer),
		At: value(p.At), Limit: value(p.Limit),
	}, nil
}

// recordRead notes who reads a conversation, once in ten minutes.
func (s *Server) recordRead(ctx context.Context, r *request, conv int64) error {
	return s.Audit.RecordOnce(ctx, r.origin().Entry(audit.ConversationRead, audit.Object("conversation", conv), nil))
}

// GetMessage answers GET /messages/{id}.
func (s *Server) GetMessage(ctx context.Context, req api.GetMessageRequestObject) (api.GetMessageResponseObject, error) {
	ctx, r := caller(ctx)
	e, err := s.Archive.Entry(ctx, r.viewer, req.MessageId)
	if err != nil {
		return nil, err
	}
	if err := s.recordRead(ctx, r, e.ConvID); err != nil {
		return nil, err
	}
	return api.GetMessage200JSONResponse(s.shower(r.viewer).message(e)), nil
}

// GetRawMessage answers GET /messages/{id}/raw.
func (s *Server) GetRawMessage(ctx context.Context, req api.GetRawMessageRequestObject) (api.GetRawMessageResponseObject, error) {
	ctx, r := caller(ctx)
	if err := adminOnly(r.viewer); err != nil {
		return nil, err
	}
	raw, err := s.Archive.Raw(ctx, r.viewer, req.MessageId)
	if err != nil {
		return nil, err
	}
	if err := s.Audit.Record(ctx, r.origin().Entry(audit.MessageRawRead, "message:"+req.MessageId, nil)); err != nil {
		return nil, err
	}
	return rawMessage(raw), nil
}

// rawMessage is evidence: it is saved as a file, never shown.
type rawMessage []byte

// VisitGetRawMessageResponse writes the bytes as they are.
func (m rawMessage) VisitGetRawMessageResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Disposition", `attachment; filename="message.json"`)
	return api.GetRawMessage200ApplicationoctetStreamResponse{
		Body: bytes.NewReader(m), ContentLength: int64(len(m)),
	}.VisitGetRawMessageResponse(w)
}

func (s shower) message(e archive.Entry) api.Message {
	m := api.Message{
		Id: e.ID, ConversationId: text(e.ConvID), Seq: text(e.Seq), SentAt: e.SentAt.UTC(), Msgtype: e.MsgType,
		Sender: newPerson(e.Sender), Content: s.content(e.Content, e), Text: shown(e.Text), Revoked: newRevoked(e.Revoked),
	}
	if e.TimeSource != "" && e.TimeSource != archive.TimeFromMsgTime {
		m.TimeSource = optional(api.MessageTimeSource(e.TimeSource))
	}
	if len(e.Violations) > 0 {
		marks := mapAll(e.Violations, func(v archive.Mark) api.MessageViolation { return newMark(e.Text, v) })
		m.Violations = &marks
	}
	return m
}

func newRevoked(r *archive.Revocation) *api.Revoked {
	if r == nil {
		return nil
	}
	return &api.Revoked{By: newPerson(r.By), At: r.At.UTC(), MessageId: r.MessageID}
}

func newMark(body string, m archive.Mark) api.MessageViolation {
	return api.MessageViolation{
		Id: text(m.ViolationID), Severity: api.Severity(m.Severity), RuleName: m.RuleName,
		Words: notNil(m.Words), Spans: newSpans(body, m.Spans), Private: optional(m.Private),
	}
}

// personOf gives a person that the content of e names.
func personOf(e archive.Entry, id string) directory.Person { return personIn(e.People, id) }

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
