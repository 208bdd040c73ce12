package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Sim is a running wecomsim.
type Sim struct {
	*Process
	URL     string `json:"url"`
	Proxy   string `json:"proxy"`
	CAFile  string `json:"ca_file"`
	KeyFile string `json:"private_key_file"` // of version 1
	CorpID  string `json:"corpid"`
	AgentID int    `json:"agentid"`
}

// Secrets that wecomsim is given; they guard nothing.
const (
	appSecret     = "bench-app-secret"
	archiveSecret = "bench-archive-secret"
	contactSecret = "bench-contact-secret"
	callbackToken = "BenchToken"
	callbackKey   = "kWxGz7RbT2mVq9LdYc4NsHf6PjUa1EoXi8ZtCwB3MDy"
)

// simPatience is enough to index a history of many millions of messages.
const simPatience = 5 * time.Minute

// startSim starts wecomsim on free ports and reads where it listens. Its data
// and logs are beside dir.
func startSim(ctx context.Context, program, dir string, flags []string) (*Sim, error) {
	args := append([]string{
		"-listen", "127.0.0.1:0", "-proxy-listen", "127.0.0.1:0", "-data", dir, "-rate", "0",
		"-app-secret", appSecret, "-archive-secret", archiveSecret, "-contact-secret", contactSecret,
		"-callback-token", callbackToken, "-callback-aeskey", callbackKey,
	}, flags...)
	p, err := startProcess(ctx, dir+".log", cleanEnviron(), program, args...)
	if err != nil {
		return nil, err
	}
	s := &Sim{Process: p}
	ready, cancel := context.WithTimeout(ctx, simPatience)
	defer cancel()
	err = p.waitFor(ready, "wecomsim to start", func() bool {
		line, err := os.ReadFile(dir + ".log.out")
		return err == nil && bytes.HasSuffix(line, []byte("\n")) && json.Unmarshal(line, s) == nil && s.URL != ""
	})
	if err != nil {
		_ = s.Stop(stopPatience) // err says more
		return nil, err
	}
	return s, nil
}

// settings are what huicun needs to know to use this WeCom.
func (s *Sim) settings() map[string]string {
	return map[string]string{
		"HUICUN_WECOM_CORP_ID": s.CorpID, "HUICUN_WECOM_AGENT_ID": strconv.Itoa(s.AgentID),
		"HUICUN_WECOM_APP_SECRET": appSecret, "HUICUN_WECOM_ARCHIVE_SECRET": archiveSecret, "HUICUN_WECOM_CONTACT_SECRET": contactSecret,
		"HUICUN_WECOM_API_BASE": s.URL, "HUICUN_WECOM_OAUTH_BASE": s.URL, "HUICUN_WECOM_WEB_LOGIN_BASE": s.URL,
		"HUICUN_FINANCE_PROXY": "http://" + s.Proxy, "HUICUN_FINANCE_CA_FILE": s.CAFile,
		"HUICUN_CALLBACK_APP_TOKEN": callbackToken, "HUICUN_CALLBACK_APP_AES_KEY": callbackKey,
		"HUICUN_CALLBACK_ARCHIVE_TOKEN": callbackToken, "HUICUN_CALLBACK_ARCHIVE_AES_KEY": callbackKey,
	}
}

// Call does a request of the control API. in is sent as JSON unless nil; the
// answer is read into out unless nil.
func (s *Sim) Call(ctx context.Context, method, path string, in, out any) error {
	return doJSON(ctx, http.DefaultClient, method, s.URL+path, nil, in, out)
}

// Message is a message as wecomsim made it.
type Message struct {
	Seq   int64  `json:"seq"`
	MsgID string `json:"msgid"`
	Body  []byte `json:"body"` // the decrypted JSON, byte for byte
}

// EachMessage calls do with every message of the archive in the order of seq.
func (s *Sim) EachMessage(ctx context.Context, do func(Message) error) error {
	return s.eachFrom(ctx, 1, do)
}

func (s *Sim) eachFrom(ctx context.Context, from int64, do func(Message) error) error {
	for {
		var page struct {
			Messages []Message `json:"messages"`
		}
		if err := s.Call(ctx, http.MethodGet, fmt.Sprintf("/sim/messages?from_seq=%d&limit=5000", from), nil, &page); err != nil {
			return err
		}
		if len(page.Messages) == 0 {
			return nil
		}
		for _, m := range page.Messages {
			if err := do(m); err != nil {
				return err
			}
		}
		from = page.Messages[len(page.Messages)-1].Seq + 1
	}
}

// doJSON sends in as JSON and reads the answer into out. An answer other than
// 2xx is an error that shows the beginning of it.
func doJSON(ctx context.Context, client *http.Client, method, url string, header http.Header, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, req.URL.Path, err)
	}
	if res.StatusCode/100 != 2 {
		return &statusError{method: method, path: req.URL.Path, status: res.StatusCode, text: string(text)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, req.URL.Path, err)
	}
	return nil
}

// statusError is an answer other than 2xx.
type statusError struct {
	method, path string
	status       int
	text         string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %s: status %d: %.300s", e.method, e.path, e.status, e.text)
}
