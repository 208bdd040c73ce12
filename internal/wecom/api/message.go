package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"huicun/internal/fault"
)

const (
	maxReceivers     = 1000
	maxCardURLBytes  = 2048
	maxDuplicateSpan = 4 * time.Hour
)

// Message is an app message to members. Exactly one of Text, Markdown and Card
// is set. The same Message always makes the same request, byte for byte, so
// that WeCom's duplicate check recognises a repetition.
type Message struct {
	To       []string // userids, 1 to 1000
	Text     string   // up to 2048 bytes; longer texts are cut by WeCom
	Markdown string   // up to 2048 bytes
	Card     *TextCard

	// NoRepeat is how long WeCom keeps an identical message from being
	// delivered again; default 30 minutes, at most 4 hours.
	NoRepeat time.Duration
}

// TextCard is a card that opens a page.
type TextCard struct {
	Title       string // up to 128 characters
	Description string // up to 512; <div class="gray|normal|highlight"> and <br> work, all else must be escaped
	URL         string // compulsory, up to 2048 bytes
	Button      string // up to 4 characters; default 详情
}

// SendResult says what WeCom took over. It drops silently what exceeds 30
// messages a minute or 1000 an hour to one member.
type SendResult struct {
	MsgID      string   // for Recall
	Invalid    []string // of Message.To, spelt as there: unknown or out of the app's range
	Unlicensed []string // of Message.To
}

// Send sends an app message. ClassReceiver: nobody got it. ClassUnknown: the
// answer was lost, members may have got it; sending the same Message again
// within NoRepeat delivers it at most once. A Message that WeCom would refuse
// is fault.Invalid.
// Source: developer.work.weixin.qq.com/document/path/90236.
func (c *Client) Send(ctx context.Context, m Message) (SendResult, error) {
	body, err := c.messageBody(m)
	if err != nil {
		return SendResult{}, err
	}
	var answer struct {
		InvalidUser    text `json:"invaliduser"`
		UnlicensedUser text `json:"unlicenseduser"`
		MsgID          text `json:"msgid"`
	}
	if err := c.call(ctx, request{op: "message/send", secret: secretApp, body: body, once: true}, &answer); err != nil {
		return SendResult{}, err
	}
	return SendResult{
		MsgID:      string(answer.MsgID),
		Invalid:    spelt(m.To, string(answer.InvalidUser)),
		Unlicensed: spelt(m.To, string(answer.UnlicensedUser)),
	}, nil
}

// Recall takes a message back, within 24 hours; it vanishes in WeCom only.
// Source: developer.work.weixin.qq.com/document/path/94867.
func (c *Client) Recall(ctx context.Context, msgid string) error {
	if msgid == "" {
		return fault.Invalid("msgid", "is empty")
	}
	body := map[string]string{"msgid": msgid}
	return c.call(ctx, request{op: "message/recall", secret: secretApp, body: body}, nil)
}

// sendBody is the request of message/send. agentid is a number.
type sendBody struct {
	ToUser            string        `json:"touser"`
	MsgType           string        `json:"msgtype"`
	AgentID           int           `json:"agentid"`
	Text              *contentBody  `json:"text,omitempty"`
	Markdown          *contentBody  `json:"markdown,omitempty"`
	TextCard          *textCardBody `json:"textcard,omitempty"`
	DuplicateCheck    int           `json:"enable_duplicate_check"`
	DuplicateInterval int           `json:"duplicate_check_interval"`
}

type contentBody struct {
	Content string `json:"content"`
}

type textCardBody struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	Button      string `json:"btntxt,omitempty"`
}

func (c *Client) messageBody(m Message) (sendBody, error) {
	if err := checkReceivers(m.To); err != nil {
		return sendBody{}, err
	}
	span := m.NoRepeat
	if span == 0 {
		span = 30 * time.Minute
	}
	if span < time.Second || span > maxDuplicateSpan {
		return sendBody{}, fault.Invalid("no_repeat", "must be between 1 second and 4 hours")
	}
	body := sendBody{
		ToUser:            strings.Join(m.To, "|"),
		AgentID:           c.agentID,
		DuplicateCheck:    1,
		DuplicateInterval: int(span / time.Second),
	}
	return body.withContent(m)
}

// withContent fills in the one content that m has.
func (b sendBody) withContent(m Message) (sendBody, error) {
	kinds := 0
	if m.Text != "" {
		kinds, b.MsgType, b.Text = kinds+1, "text", &contentBody{m.Text}
	}
	if m.Markdown != "" {
		kinds, b.MsgType, b.Markdown = kinds+1, "markdown", &contentBody{m.Markdown}
	}
	if card := m.Card; card != nil {
		if card.Title == "" || card.Description == "" {
			return sendBody{}, fault.Invalid("card", "needs a title and a description")
		}
		if card.URL == "" || len(card.URL) > maxCardURLBytes {
			return sendBody{}, fault.Invalid("card.url", "must have 1 to %d bytes", maxCardURLBytes)
		}
		kinds, b.MsgType = kinds+1, "textcard"
		b.TextCard = &textCardBody{Title: card.Title, Description: card.Description, URL: card.URL, Button: card.Button}
	}
	if kinds != 1 {
		return sendBody{}, fault.Invalid("message", "must be one of text, markdown and card")
	}
	return b, nil
}

// checkReceivers refuses what would reach others than the named: the joint "|"
// and @all, which means everybody.
func checkReceivers(to []string) error {
	if len(to) == 0 || len(to) > maxReceivers {
		return fault.Invalid("to", "must name 1 to %d members", maxReceivers)
	}
	for _, id := range to {
		if id == "" || id == "@all" || strings.Contains(id, "|") {
			return fault.Invalid("to", "must be userids")
		}
	}
	return nil
}

// spelt reads ids joined by "|", which WeCom writes in lower case, and gives
// them as they are spelt in to. An id that is not there stays as it came.
func spelt(to []string, joined string) []string {
	var out []string
	for id := range strings.SplitSeq(joined, "|") {
		if id == "" {
			continue
		}
		if i := slices.IndexFunc(to, func(t string) bool { return strings.EqualFold(t, id) }); i >= 0 {
			id = to[i]
		}
		out = append(out, id)
	}
	return out
}
