package finance

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// oddHelper is a helper whose library gives messages back as they are, hangs on
// "hang" and, like the real one, ends the process on "die".
func oddHelper(in io.Reader, out io.Writer) int {
	for {
		payload, err := readFrame(in)
		if err != nil {
			return 0
		}
		q, err := decodeRequest(payload)
		if err != nil {
			return 1
		}
		replies := []reply{{Data: []byte(protocol)}}
		if q.Op == doDecrypt || q.Op == doCareful {
			replies = nil
		}
		held := bufio.NewWriter(out) // lost when the process ends, as in the real helper
		to := io.Writer(held)
		if q.Op == doCareful {
			to = out
		}
		for _, item := range q.Items {
			replies = append(replies, reply{Data: []byte(item.Msg)})
		}
		for _, r := range replies {
			switch string(r.Data) {
			case "hang":
				_, _ = io.Copy(io.Discard, in)
				return 1
			case "die":
				return 2
			}
			if writeFrame(to, r.encode()) != nil {
				return 1
			}
		}
		if held.Flush() != nil {
			return 1
		}
	}
}

func newOddWorker(t *testing.T) *worker {
	t.Helper()
	w := &worker{
		name: "odd", command: []string{os.Args[0], "odd-helper"}, setup: setup{Seconds: 5},
		log: slog.New(slog.DiscardHandler), now: time.Now, patient: time.Minute,
	}
	t.Cleanup(w.close)
	return w
}

func TestDecryptAllGoesOnAfterBadItems(t *testing.T) {
	gone := ErrCrashed.Error()
	for _, tt := range []struct {
		name string
		msgs []string
		want []string
	}{
		{"none", nil, nil},
		{"good", []string{"a", "b"}, []string{"a", "b"}},
		{"dies in the middle", []string{"a", "die", "b"}, []string{"a", gone, "b"}},
		{"dies first and last", []string{"die", "a", "die"}, []string{gone, "a", gone}},
		{"dies on all", []string{"die", "die"}, []string{gone, gone}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, decryptMsgs(t, newOddWorker(t), tt.msgs)); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecryptAllGoesOnAfterItemThatHangs(t *testing.T) {
	w := newOddWorker(t)
	w.patient = time.Second
	want := []string{"a", ErrCrashed.Error(), "b"}
	if diff := cmp.Diff(want, decryptMsgs(t, w, []string{"a", "hang", "b"})); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// decryptMsgs gives the text of each result, or its cause.
func decryptMsgs(t *testing.T, w *worker, msgs []string) []string {
	t.Helper()
	var items []Sealed
	for _, msg := range msgs {
		items = append(items, Sealed{Msg: msg})
	}
	results := make([]Opened, len(items))
	if err := w.decryptAll(t.Context(), items, results); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, r := range results {
		if r.Err != nil {
			texts = append(texts, errors.Unwrap(r.Err).Error())
			continue
		}
		texts = append(texts, string(r.Data))
	}
	return texts
}

func TestBackoffGrowsAndIsForgotten(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	w := newOddWorker(t)
	w.now = func() time.Time { return now }
	var got []time.Duration
	for range 14 {
		w.died(t.Context(), &errDied{}, maxBackoff)
		got = append(got, w.notBefore.Sub(now))
	}
	ms := time.Millisecond
	want := []time.Duration{
		0, 50 * ms, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 12800 * ms, 25600 * ms,
		maxBackoff, maxBackoff, maxBackoff,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
	now = now.Add(time.Hour)
	if _, err := w.call(t.Context(), opGetChatData, request{Op: doChat}); err != nil {
		t.Fatal(err)
	}
	if w.failures != 0 {
		t.Errorf("%d failures are remembered after a success", w.failures)
	}
}

func TestBackoffDoesNotCountCallersThatLeave(t *testing.T) {
	w := newOddWorker(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.died(ctx, context.Canceled, maxBackoff)
	if w.failures != 0 {
		t.Errorf("%d failures, want none", w.failures)
	}
}

func TestCallDuringBackoffEndsWithItsContext(t *testing.T) {
	w := newOddWorker(t)
	w.notBefore = time.Now().Add(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.call(ctx, opGetChatData, request{Op: doChat}); !errors.Is(err, context.Canceled) {
		t.Errorf("call: %v, want context.Canceled", err)
	}
}

func TestTokenIsRenewedOnceAMinute(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	w := newOddWorker(t)
	w.now = func() time.Time { return now }
	refused := []byte(`{"errcode":41001,"errmsg":"access_token missing"}`)
	var renewals []int
	for i := range 7 {
		if i == 5 {
			now = now.Add(tokenPause)
		}
		renewed, err := w.renewToken(t.Context(), refused)
		if err != nil {
			t.Fatal(err)
		}
		if renewed {
			renewals = append(renewals, i)
		}
	}
	if diff := cmp.Diff([]int{0, 5}, renewals); diff != "" {
		t.Errorf("answers after which the handle was renewed (-want +got):\n%s", diff)
	}
	now = now.Add(tokenPause)
	if renewed, err := w.renewToken(t.Context(), []byte(`{"errcode":0}`)); err != nil || renewed {
		t.Errorf("a good answer: renewed %v, error %v", renewed, err)
	}
}
