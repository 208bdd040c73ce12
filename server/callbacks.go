package server

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"huicun/internal/fault"
)

// eventMsgaudit says that new messages wait at WeCom
// (developer.work.weixin.qq.com/document/path/95039).
const eventMsgaudit = "msgaudit_notify"

// verifyCallback answers WeCom's check of a callback URL.
func (s *Server) verifyCallback(c *gin.Context) {
	codec, ok := s.Callbacks.Codecs[c.Param("config_id")]
	if !ok {
		refuseCallback(c, fault.NotFound("callback configuration"))
		return
	}
	answer, err := codec.Verify(c.Request.URL.Query())
	if err != nil {
		refuseCallback(c, err)
		return
	}
	c.Data(http.StatusOK, "text/plain; charset=utf-8", answer)
}

// receiveCallback stores an event before it answers; the work comes after.
func (s *Server) receiveCallback(c *gin.Context) {
	id := c.Param("config_id")
	codec, ok := s.Callbacks.Codecs[id]
	if !ok {
		refuseCallback(c, fault.NotFound("callback configuration"))
		return
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		refuseCallback(c, err)
		return
	}
	msg, err := codec.Open(c.Request.URL.Query(), body)
	if err != nil {
		refuseCallback(c, err)
		return
	}
	s.saveCallback(c, id, msg)
}

// saveCallback keeps what WeCom signed. A message that does not parse is kept
// too: its sender is proven, and somebody may want to know. Any status but 200
// makes WeCom send it again.
func (s *Server) saveCallback(c *gin.Context, configID string, msg []byte) {
	ctx := c.Request.Context()
	event, changeType, err := s.Callbacks.Parse(msg)
	if err != nil {
		slog.WarnContext(ctx, "callback not understood", "config_id", configID, "bytes", len(msg), "err", err)
	}
	added, err := s.Callbacks.Save(ctx, configID, event, changeType, msg)
	if err != nil {
		slog.ErrorContext(ctx, "callback not stored", "config_id", configID, "err", err, "request_id", requestOf(ctx).id)
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	slog.InfoContext(ctx, "callback stored", "config_id", configID, "kind", event, "change_type", changeType, "new", added)
	if event == eventMsgaudit && s.Callbacks.Wake != nil {
		s.Callbacks.Wake(ctx)
	}
	c.Status(http.StatusOK)
}

// refuseCallback answers every failure alike, so that nobody learns by trying
// which configurations there are and which check fails.
func refuseCallback(c *gin.Context, err error) {
	ctx := c.Request.Context()
	slog.WarnContext(ctx, "callback refused", "err", err, "ip", requestOf(ctx).ip, "request_id", requestOf(ctx).id)
	c.AbortWithStatus(http.StatusForbidden)
}
