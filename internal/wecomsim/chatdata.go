package wecomsim

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strconv"

	"huicun/internal/wecom/wecomcrypt"
)

// maxChatLimit is WeCom's largest page.
const maxChatLimit = 1000

// sealedMessage is one element of chatdata.
type sealedMessage struct {
	Seq              uint64 `json:"seq"`
	MsgID            string `json:"msgid"`
	PublicKeyVer     uint32 `json:"publickey_ver"`
	EncryptRandomKey string `json:"encrypt_random_key"`
	EncryptChatMsg   string `json:"encrypt_chat_msg"`
}

// getChatData answers the Finance SDK's GetChatData. It encrypts the page only
// now, so the same seq comes with the same msgid but another ciphertext.
func (s *Sim) getChatData(c *call) (answer, *apiError) {
	var q struct {
		EncryptSign string `json:"encrypt_sign"`
		Seq         int64  `json:"seq"` // a uint64 that the SDK prints as signed
		Limit       int    `json:"limit"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	if q.Limit < 1 || q.Limit > maxChatLimit {
		return nil, badParam("limit must be 1..1000")
	}
	if q.EncryptSign != encryptSign(c.query("access_token")) {
		return nil, badParam("encrypt_sign")
	}
	if uint64(q.Seq) == ^uint64(0) {
		return answer{"chatdata": []sealedMessage{}}, nil // nothing is newer
	}
	page, err := s.chatPage(uint64(q.Seq), s.hold.cut(uint64(q.Seq), q.Limit))
	if err != nil {
		s.cfg.Log.ErrorContext(c.r.Context(), "read messages", "seq", q.Seq, "err", err)
		return nil, errBusy
	}
	if len(page) > 1 && pageBytes(page) > s.cfg.MaxPageSize {
		return nil, &apiError{301058, "response data too large"}
	}
	sealed := make([]sealedMessage, len(page))
	for i, m := range page {
		if sealed[i], err = s.seal(m); err != nil {
			s.cfg.Log.ErrorContext(c.r.Context(), "encrypt message", "seq", m.Seq, "err", err)
			return nil, errBusy
		}
		s.spoilSealed(&sealed[i])
		s.counters.served(m.Seq)
	}
	return answer{"chatdata": sealed}, nil
}

func pageBytes(page []Message) int {
	n := 0
	for _, m := range page {
		n += len(m.Body)
	}
	return n
}

// seal encrypts m as WeCom does, unless that was done ahead.
func (s *Sim) seal(m Message) (sealedMessage, error) {
	if done, ok := s.hold.prepared(m.Seq); ok {
		return done, nil
	}
	key, text := wecomcrypt.EncryptLikeWeCom(m.Body)
	pub := s.keys.publicOf(m.KeyVersion)
	if pub == nil {
		return sealedMessage{}, fmt.Errorf("wecomsim: no public key of version %d", m.KeyVersion)
	}
	random, err := rsa.EncryptPKCS1v15(rand.Reader, pub, []byte(key))
	if err != nil {
		return sealedMessage{}, fmt.Errorf("wecomsim: encrypt key of message: %w", err)
	}
	return sealedMessage{
		Seq: m.Seq, MsgID: m.MsgID, PublicKeyVer: m.KeyVersion,
		EncryptRandomKey: base64.StdEncoding.EncodeToString(random), EncryptChatMsg: text,
	}, nil
}

// encryptSign is the checksum of the access token that the SDK sends.
func encryptSign(token string) string {
	var h uint64
	for i := range len(token) {
		h = h*1313 + uint64(int64(int8(token[i])))
	}
	return strconv.FormatUint(uint64(uint32(h)^uint32(h>>32)), 10)
}
