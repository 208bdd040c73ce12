package wecomsim

import (
	"bytes"
	"net/http"
	"testing"
)

func TestHeldMessagesComeOutWhenReleased(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Messages, cfg.Directory, cfg.StartSeq, cfg.Hold = 30, "", 5, true
	s := start(t, cfg)
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	c := newSDKClient(t, s, nil)
	c.login()
	seqs := func() (all []uint64) {
		for seq := uint64(0); ; seq = all[len(all)-1] {
			page, code := c.chatData(seq, 4)
			if len(page) == 0 || code != 0 {
				return all
			}
			for _, m := range page {
				want, err := s.stream.from(m.Seq, 1)
				if err != nil || !bytes.Equal(open(t, key, m), want[0].Body) {
					t.Errorf("seq %d is not the message of the stream (%v)", m.Seq, err)
				}
				all = append(all, m.Seq)
			}
		}
	}
	for _, tt := range []struct {
		name, body   string
		status, want int // want: messages that come out then
	}{
		{"nothing at first", `{"to_seq":4}`, http.StatusBadRequest, 0},
		{"ten", `{"to_seq":14}`, http.StatusOK, 10},
		{"not backwards", `{"to_seq":14}`, http.StatusBadRequest, 10},
		{"not beyond the end", `{"to_seq":35}`, http.StatusBadRequest, 10},
		{"some more", `{"to_seq":15}`, http.StatusOK, 11},
		{"everything", `{}`, http.StatusOK, 30},
	} {
		res, err := http.Post(s.URL()+"/sim/release", "application/json", bytes.NewReader([]byte(tt.body)))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := seqs(); res.StatusCode != tt.status || len(got) != tt.want {
			t.Errorf("%s: status %d, %d messages come out; want %d and %d", tt.name, res.StatusCode, len(got), tt.status, tt.want)
		}
	}
}
