package media

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
)

// A token is the base64url of a payload and its tag: version, 1 for a download,
// when it ends (Unix seconds), id of the viewer, message, file, and the form to
// the end; then HMAC-SHA256 under a key of its own, the first 16 bytes.
const (
	tokenVersion = 1
	tokenHead    = 1 + 1 + 8 + 8 + 16 + 16
	tokenTag     = 16
	maxForm      = 32
	maxToken     = 200 // characters

	// Links of some minutes are the same, so that browsers need not load a
	// picture anew with every page that shows it.
	linkStep = 5 * time.Minute
)

var errToken = errors.New("not a link of ours")

// claims is what a token says.
type claims struct {
	Ticket
	viewer int64
	until  time.Time
}

// sealToken makes a token; "" for ids that are none.
func sealToken(k key, c claims) string {
	p := make([]byte, 0, tokenHead+len(c.Form)+tokenTag)
	p = append(p, tokenVersion, 0)
	if c.Download {
		p[1] = 1
	}
	p = binary.BigEndian.AppendUint64(p, uint64(c.until.Unix()))
	p = binary.BigEndian.AppendUint64(p, uint64(c.viewer))
	for _, id := range []string{c.MessageID, c.FileID} {
		raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
		if err != nil || len(raw) != 16 {
			return ""
		}
		p = append(p, raw...)
	}
	if len(c.Form) > maxForm {
		return ""
	}
	p = append(p, c.Form...)
	return base64.RawURLEncoding.EncodeToString(append(p, tagOf(k, p)...))
}

func tagOf(k key, payload []byte) []byte {
	mac := hmac.New(sha256.New, k.derive("link", nil, keyBytes))
	_, _ = mac.Write(payload) // never fails
	return mac.Sum(nil)[:tokenTag]
}

// openToken reads a token that one of keys has made. When it ends and for whom
// it is remains to be checked.
func openToken(keys []key, token string) (claims, error) {
	if len(token) > maxToken {
		return claims{}, errToken
	}
	p, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(p) < tokenHead+tokenTag {
		return claims{}, errToken
	}
	payload, tag := p[:len(p)-tokenTag], p[len(p)-tokenTag:]
	ours := false
	for _, k := range keys {
		ours = hmac.Equal(tag, tagOf(k, payload)) || ours
	}
	if !ours || strings.ContainsAny(token, "\r\n") {
		return claims{}, errToken
	}
	return parseClaims(payload)
}

func parseClaims(p []byte) (claims, error) {
	if len(p) < tokenHead || p[0] != tokenVersion || p[1] > 1 {
		return claims{}, errToken
	}
	return claims{
		Ticket: Ticket{MessageID: uuid(p[18:34]), FileID: uuid(p[34:50]), Form: string(p[tokenHead:]), Download: p[1] == 1},
		until:  time.Unix(int64(binary.BigEndian.Uint64(p[2:])), 0),
		viewer: int64(binary.BigEndian.Uint64(p[10:])),
	}, nil
}

func uuid(p []byte) string {
	h := hex.EncodeToString(p)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Link implements Files: the link is valid for LinkFor, and up to linkStep more.
func (s *Service) Link(v access.Viewer, t Ticket) (token string, until time.Time) {
	until = s.now().Add(LinkFor + linkStep).Truncate(linkStep).UTC()
	return sealToken(s.Vault.keys.newest(), claims{Ticket: t, viewer: v.ID, until: until}), until
}

// check opens a token for a viewer.
func (s *Service) check(v access.Viewer, token string) (Ticket, error) {
	c, err := openToken(s.Vault.keys.all(), token)
	if err != nil {
		return Ticket{}, err
	}
	if v.ID == 0 || c.viewer != v.ID || !s.now().Before(c.until) || !archive.ValidID(c.MessageID) || !archive.ValidID(c.FileID) {
		return Ticket{}, errToken
	}
	return c.Ticket, nil
}
