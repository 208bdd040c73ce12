package finance

import (
	"testing"

	"huicun/internal/wecomsim"
	"huicun/internal/wecomsim/corpus"
)

// TestSimulatorFaults looks at what each client makes of the simulator's faults,
// through the CONNECT proxy and TLS. Each fault strikes once; the call after it
// must succeed.
func TestSimulatorFaults(t *testing.T) {
	s := startSim(t, nil)
	const id = "xh-amr-59-0-0000000000000001"
	authKey, aesKey := corpus.MediaKeys(id)
	sdkFileID := corpus.SDKFileID(id, authKey, aesKey)
	media := func(t *testing.T, c Client) error {
		part, err := c.GetMediaData(t.Context(), "", sdkFileID)
		if err == nil && len(part.Data) == 0 {
			t.Error("an empty file, and no error")
		}
		return err
	}
	const chat, file = "message/getchatdata", "message/getchatmediadata"
	for _, tt := range []struct {
		name  string
		fault wecomsim.Fault
		call  func(*testing.T, Client) error
		want  Class
	}{
		{"file expired", wecomsim.Fault{Kind: "media.expired"}, media, ClassExpired},
		{"file corrupt", wecomsim.Fault{Kind: "media.corrupt"}, media, ClassKey},
		{"file without content", wecomsim.Fault{Kind: "media.empty"}, media, ClassRetry},
		{"file answer cut", wecomsim.Fault{Kind: "api.cut_body", Path: file, Bytes: 500}, media, ClassRetry},
		{"file answer garbage", wecomsim.Fault{Kind: "api.garbage", Path: file}, media, ClassRetry},
		{"file refused by address", wecomsim.Fault{Kind: "api.error", Path: file, Code: 301042}, media, ClassTrustedIP},
		{"file busy", wecomsim.Fault{Kind: "api.error", Path: file, Code: -1}, media, ClassRetry},
		{"page cut before a byte", wecomsim.Fault{Kind: "api.cut", Path: chat}, firstPage, ClassRetry},
		{"page cut in its body", wecomsim.Fault{Kind: "api.cut_body", Path: chat, Bytes: 100}, firstPage, ClassRetry},
		{"page cut short with right framing", wecomsim.Fault{Kind: "api.truncate", Path: chat}, firstPage, ClassRetry},
		{"page dropped", wecomsim.Fault{Kind: "api.drop", Path: chat}, firstPage, ClassRetry},
		{"page reset", wecomsim.Fault{Kind: "api.reset", Path: chat}, firstPage, ClassRetry},
		{"page garbage", wecomsim.Fault{Kind: "api.garbage", Path: chat}, firstPage, ClassRetry},
		{"page empty", wecomsim.Fault{Kind: "api.empty", Path: chat}, firstPage, ClassRetry},
		{"too often", wecomsim.Fault{Kind: "api.error", Path: chat, Code: 45009}, firstPage, ClassWait},
		{"address not trusted", wecomsim.Fault{Kind: "api.error", Path: chat, Code: 301042}, firstPage, ClassTrustedIP},
		{"tunnel refused", wecomsim.Fault{Kind: "proxy.refuse"}, firstPage, ClassRetry},
		{"tunnel dropped", wecomsim.Fault{Kind: "proxy.drop"}, firstPage, ClassRetry},
		{"tunnel cut in the handshake", wecomsim.Fault{Kind: "proxy.cut", Bytes: 700}, firstPage, ClassRetry},
	} {
		tt.fault.Times = 1
		t.Run(tt.name, func(t *testing.T) {
			eachSimClient(t, s, func(t *testing.T, c Client) {
				if err := s.SetFaults(1, tt.fault); err != nil {
					t.Fatal(err)
				}
				if err := tt.call(t, c); err == nil || ClassOf(err) != tt.want {
					t.Errorf("err = %v, of class %v, want class %v", err, ClassOf(err), tt.want)
				}
				if err := tt.call(t, c); err != nil {
					t.Errorf("the call after it: %v", err)
				}
			})
		})
	}
}

// TestSimulatorTokenFaults spoils one answer of gettoken, after which the SDK
// goes on with an empty token or ends its process: the call after it must
// succeed at the latest.
func TestSimulatorTokenFaults(t *testing.T) {
	s := startSim(t, nil)
	for _, f := range []wecomsim.Fault{
		{Kind: "api.garbage"},
		{Kind: "api.truncate"},
		{Kind: "api.empty"},
		{Kind: "api.drop"},
		{Kind: "api.cut", Bytes: 60},
		{Kind: "api.error", Code: -1},
		{Kind: "api.error", Code: 45009},
		{Kind: "api.http"},
	} {
		f.Path, f.Times = "gettoken", 1
		t.Run(f.Kind, func(t *testing.T) {
			eachSimClient(t, s, func(t *testing.T, c Client) {
				if err := s.SetFaults(1, f); err != nil {
					t.Fatal(err)
				}
				if err := firstPage(t, c); err == nil {
					return
				}
				if err := firstPage(t, c); err != nil {
					t.Errorf("the second call: %v", err)
				}
			})
		})
	}
}

// firstPage pulls a page and gives what its answer says.
func firstPage(t *testing.T, c Client) error {
	t.Helper()
	raw, err := c.GetChatData(t.Context(), 0, 10)
	if err != nil {
		return err
	}
	p, err := ParseChatData(raw)
	if err != nil {
		return err
	}
	if len(p.Items) == 0 && p.Err() == nil {
		t.Error("an empty page, and no error")
	}
	return p.Err()
}
