package server

import (
	"context"
	"net/url"
	"strings"

	"huicun/internal/fault"
	"huicun/server/api"
)

// GetStatus answers GET /status.
func (s *Server) GetStatus(ctx context.Context, _ api.GetStatusRequestObject) (api.GetStatusResponseObject, error) {
	ctx, r := caller(ctx)
	if err := adminOnly(r.viewer); err != nil {
		return nil, err
	}
	st, err := s.Status(ctx)
	if err != nil {
		return nil, err
	}
	return api.GetStatus200JSONResponse(newStatus(st)), nil
}

func newStatus(st Status) api.Status {
	out := api.Status{
		Seq: text(st.Seq), Received: st.Received, Stored: st.Stored, Quarantined: st.Quarantined,
		Duplicates: st.Duplicates, Balanced: st.Received == st.Stored+st.Quarantined,
		Gaps: mapAll(st.Gaps, newGap), GapTotal: st.GapTotal,
		LastSuccessAt: optionalTime(st.LastSuccessAt), CaughtUpAt: optionalTime(st.CaughtUpAt),
		LagSeconds: int64(st.Lag.Seconds()), Alarm: api.StatusAlarm(st.Alarm),
		LastError: optional(st.LastError), LastErrorCause: optional(st.LastCause), LastErrorAt: optionalTime(st.LastErrorAt),
		Quarantine: mapAll(st.Quarantine, newQuarantineGroup), Pulls: mapAll(st.Pulls, newPull), Puller: optional(st.Puller),
		Troubles: mapAll(st.Troubles, newTrouble), Media: newMediaStatus(st.Media), Search: newSearchStatus(st.Search),
	}
	if st.WindowLeft != nil {
		left := int64(st.WindowLeft.Seconds())
		out.WindowLeftSeconds = &left
	}
	return out
}

func newMediaStatus(m *MediaStatus) *api.MediaStatus {
	if m == nil {
		return nil
	}
	return &api.MediaStatus{
		Files: m.Files, Ready: m.Ready, Pending: m.Pending, Overdue: m.Overdue, Expired: m.Expired, Refused: m.Refused, Broken: m.Broken,
		OverLimit: m.OverLimit, Flagged: m.Flagged, Bytes: m.Bytes, Unlooked: optional(m.Unlooked), Unreadable: optional(m.Unreadable),
		OldestPendingAt: optionalTime(m.OldestPendingAt), LastError: optional(m.LastError), LastErrorClass: optional(m.LastErrorClass),
	}
}

func newSearchStatus(s *SearchStatus) *api.SearchStatus {
	if s == nil {
		return nil
	}
	return &api.SearchStatus{Engine: api.SearchEngine(s.Engine), Engines: mapAll(s.Engines, newSearchIndex)}
}

func newSearchIndex(i SearchIndex) api.SearchIndex {
	out := api.SearchIndex{
		Name: api.SearchEngine(i.Name), Indexed: i.Indexed, Messages: i.Messages, UpTo: optionalTime(i.UpTo), Behind: i.Behind, Problem: optional(i.Problem),
	}
	if i.Building != nil {
		out.Building = &api.SearchBuilding{Documents: i.Building.Documents, Target: i.Building.Target}
	}
	return out
}

func newTrouble(t Trouble) api.Trouble {
	return api.Trouble{
		Subject: api.TroubleSubject(t.Subject), Cause: t.Cause, Since: t.Since.UTC(), Title: t.Title, Detail: t.Detail, Next: t.Next, Early: t.Early,
	}
}

func newGap(g Gap) api.Gap {
	return api.Gap{
		AfterSeq: text(g.AfterSeq), BeforeSeq: text(g.BeforeSeq), Kind: api.GapKind(g.Kind), NoticedAt: g.NoticedAt.UTC(),
	}
}

func newQuarantineGroup(g QuarantineGroup) api.QuarantineGroup {
	return api.QuarantineGroup{
		PublickeyVer: g.PublicKeyVer, Reason: g.Reason, Messages: int(g.Messages), Oldest: optionalTime(g.Oldest),
	}
}

func newPull(p Pull) api.Pull {
	return api.Pull{
		StartedAt: p.StartedAt.UTC(), FinishedAt: optionalTime(p.FinishedAt), FromSeq: text(p.FromSeq), Calls: int(p.Calls),
		Received: int(p.Received), Duplicates: int(p.Duplicates),
		Outcome: api.PullOutcome(p.Outcome), Error: optional(p.Error), Cause: optional(p.Cause),
	}
}

// GetSignature answers GET /wecom/signature. Only pages of this site are
// signed: a signature lets a page act in the viewer's name inside WeCom.
func (s *Server) GetSignature(ctx context.Context, req api.GetSignatureRequestObject) (api.GetSignatureResponseObject, error) {
	ctx, _ = caller(ctx)
	page := value(req.Params.Url)
	if !s.ownPage(page) {
		return nil, fault.Invalid("url", "must be a page of this site")
	}
	kind := value(req.Params.Kind)
	if kind == "" {
		return nil, fault.Invalid("kind", "is missing")
	}
	sig, err := s.Sign(ctx, string(kind), page)
	if err != nil {
		return nil, err
	}
	return api.GetSignature200JSONResponse{
		Timestamp: sig.Timestamp, NonceStr: sig.Nonce, Signature: sig.Signature,
	}, nil
}

func (s *Server) ownPage(page string) bool {
	u, err := url.Parse(page)
	return err == nil && len(page) <= 2000 && u.Scheme == s.public.Scheme && strings.EqualFold(u.Host, s.public.Host) &&
		u.User == nil && !strings.Contains(page, "#")
}
