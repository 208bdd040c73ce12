package callback_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecom/callback"
	"huicun/internal/wecomsim"
)

// receiver is a callback URL that opens what the simulator sends.
func receiver(t *testing.T, codec *callback.Codec, events chan<- callback.Event) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			plain, err := codec.Verify(r.URL.Query())
			if err != nil {
				http.Error(w, "refused", http.StatusForbidden)
				return
			}
			_, _ = w.Write(plain)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, callback.MaxBodyBytes))
		if err != nil {
			t.Errorf("read: %v", err)
		}
		msg, err := codec.Open(r.URL.Query(), body)
		if err != nil {
			t.Errorf("Open: %v", err)
			return
		}
		event, err := callback.ParseEvent(msg)
		if err != nil {
			t.Errorf("ParseEvent: %v", err)
			return
		}
		events <- event
	}))
	t.Cleanup(server.Close)
	return server
}

func post(t *testing.T, address, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s, %v", address, resp.Status, out, err)
	}
	return string(out)
}

// TestSimCallbacks opens what the simulator, which has a cipher of its own,
// sends when its URL is saved and when somebody deletes somebody.
func TestSimCallbacks(t *testing.T) {
	const external = "wmNobodysCustomer000000000000Yet1"
	cfg := wecomsim.DefaultConfig()
	codec, err := callback.New(callback.Config{ID: "app", Token: cfg.AppCallback.Token, AESKey: cfg.AppCallback.AESKey, ReceiveID: cfg.CorpID})
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan callback.Event, 10)
	cfg.AppCallback.URL = receiver(t, codec, events).URL
	cfg.Listen, cfg.ProxyListen, cfg.DataDir = "127.0.0.1:0", "127.0.0.1:0", t.TempDir()
	cfg.Messages = -1
	cfg.Log = slog.New(slog.DiscardHandler)
	sim, err := wecomsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
	<-sim.Ready()

	if got := post(t, sim.URL()+"/sim/callbacks/verify", ""); !strings.Contains(got, `"app":"ok"`) {
		t.Errorf("URL verification: %s", got)
	}
	userid := member(t, sim)
	relation := `"userid":"` + userid + `","external_userid":"` + external + `"`
	for _, step := range []struct{ path, body, change string }{
		{"/sim/add", `{` + relation + `,"name":"陈先生"}`, callback.ChangeAddExternalContact},
		{"/sim/delete", `{` + relation + `,"by":"customer"}`, callback.ChangeDelFollowUser},
		{"/sim/delete", `{` + relation + `,"by":"employee"}`, callback.ChangeDelExternalContact},
	} {
		post(t, sim.URL()+step.path, step.body)
		var got callback.Event
		select {
		case got = <-events:
		case <-time.After(2 * time.Minute):
			t.Fatalf("no %s", step.change)
		}
		want := []string{callback.EventChangeExternalContact, step.change, userid, external}
		if diff := cmp.Diff(want, []string{got.Event, got.ChangeType, got.UserID, got.ExternalUserID}); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
		if got.CreateTime.IsZero() || got.ToUserName != cfg.CorpID {
			t.Errorf("event %+v", got)
		}
	}
}

// member gives the userid of some member of the simulated company.
func member(t *testing.T, sim *wecomsim.Sim) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sim.URL()+"/sim/people", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(body), `"members":`)
	_, rest, ok := strings.Cut(rest, `"id":"`)
	id, _, found := strings.Cut(rest, `"`)
	if !ok || !found {
		t.Fatalf("no member in %.200s", body)
	}
	return id
}
