package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// reader is the browser's end of an open chat.
type reader struct {
	conv int64

	mu     sync.Mutex
	events []liveMessage
	news   int // events about chats in lists
	resets int
	broken bool
}

// liveMessage is a message that showed.
type liveMessage struct {
	id   string
	conv int64
	at   time.Time
}

// open connects as EventSource does and waits for the first bytes.
func (rd *reader) open(ctx context.Context, b *Browser) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/live?conversation=%d", b.api, rd.conv), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := b.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("open chat %d: %w", rd.conv, err)
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, fmt.Errorf("open chat %d: status %d", rd.conv, res.StatusCode)
	}
	return res.Body, nil
}

// read notes events until the stream ends.
func (rd *reader) read(ctx context.Context, body io.ReadCloser) {
	defer func() { _ = body.Close() }()
	lines := bufio.NewReader(body)
	name, data := "", ""
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			rd.mu.Lock()
			rd.broken = ctx.Err() == nil
			rd.mu.Unlock()
			return
		}
		line = strings.TrimSuffix(line, "\n")
		switch field, value, _ := strings.Cut(line, ": "); {
		case line == "":
			rd.event(name, data, time.Now())
			name, data = "", ""
		case field == "event":
			name = value
		case field == "data":
			data = value
		}
	}
}

// event notes one event.
func (rd *reader) event(name, data string, at time.Time) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	switch name {
	case "conversation":
		rd.news++
	case "reset":
		rd.resets++
	case "message":
		var e struct {
			ConversationID string `json:"conversation_id"`
			Message        struct {
				ID string `json:"id"`
			} `json:"message"`
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return // it counts as missed
		}
		conv, err := strconv.ParseInt(e.ConversationID, 10, 64)
		if err != nil {
			return
		}
		rd.events = append(rd.events, liveMessage{id: e.Message.ID, conv: conv, at: at})
	}
}

// messages is how many have shown so far.
func (rd *reader) messages() int {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	return len(rd.events)
}
