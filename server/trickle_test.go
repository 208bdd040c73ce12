package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/server"
)

// A body that trickles in holds a connection for no longer than is sensible.
func TestBodyThatNeverEnds(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	server.BodyWithin(f.Server, 20*time.Millisecond)
	conn, err := net.Dial("tcp", strings.TrimPrefix(hs.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil { // else it would hang for ever
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "POST /wecom/callback/app?msg_signature=good&timestamp=1&nonce=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<xml>")
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 4 {
		t.Errorf("answer %s, want one of the 400s", res.Status)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}

// Messages of a chat that is open are read as they come: that is noted like
// reading the chat.
func TestLiveReadingIsRecorded(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	b := f.signedIn("Boss")
	for _, query := range []string{"", "conversation=7", "conversation=7", "conversation=8"} {
		b.watch(hs, query).resp.Body.Close()
	}
	want := []string{"boss session.created viewer:1", "boss conversation.read conversation:7"}
	if diff := cmp.Diff(want, f.actions()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}
