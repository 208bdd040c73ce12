package server

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huicun/internal/access"
	"huicun/internal/audit"
)

// request is what is known of a request beside its content.
type request struct {
	id          string // sortable by time, in header and log
	ip          string
	token       string // of the session cookie
	lastEventID string // where a live stream goes on
	session     access.Session
	viewer      access.Viewer // zero before signing in; sees nothing
}

type requestKey struct{}

// requestOf gives the request that ctx belongs to; an empty one outside.
func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// caller gives the request's own context and who is asking. The generated code
// hands over a *gin.Context, which is used again for other requests as soon as
// this one is answered; nothing may hold on to it.
func caller(ctx context.Context) (context.Context, *request) {
	if r, ok := ctx.Value(gin.ContextRequestKey).(*http.Request); ok {
		ctx = r.Context()
	}
	return ctx, requestOf(ctx)
}

// origin says who acts and from where, for the operation log.
func (r *request) origin() audit.Origin {
	return audit.Origin{Actor: r.viewer.Person, IP: r.ip, RequestID: r.id}
}

var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// newRequestID gives 26 characters that sort by time: 48 bits of milliseconds
// and 82 random bits, as a ULID has (github.com/ulid/spec), with the two spare
// bits at the end instead of the beginning.
func newRequestID(now time.Time) string {
	var b [17]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails: it ends the process instead
	return crockford.EncodeToString(b[:])[:26]
}
