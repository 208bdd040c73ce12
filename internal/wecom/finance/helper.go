package finance

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// HelperMain is the body of the hidden subcommand "finance-helper": it opens the
// SDK and serves its parent's calls over stdin and stdout until stdin ends, and
// returns the exit status. A person who starts it by hand is told so.
func HelperMain(args []string, stdin io.Reader, stdout *os.File) int {
	if len(args) > 0 {
		return helperFailed(errors.New("it takes no arguments; huicun starts it by itself"))
	}
	out, err := isolate(stdout)
	if err != nil {
		return helperFailed(err)
	}
	h := &helper{out: out}
	if err := h.serve(stdin); err != nil {
		return helperFailed(err)
	}
	return 0
}

// helperPrefix marks the lines of standard error that the parent may log.
const helperPrefix = "finance-helper: "

func helperFailed(err error) int {
	fmt.Fprintln(os.Stderr, helperPrefix+err.Error())
	return 1
}

// helper serves one SDK handle.
type helper struct {
	out  io.Writer
	busy sync.Mutex // held from the arrival of a request until its last reply
	lib  *library
}

// serve answers requests in order until stdin ends.
func (h *helper) serve(stdin io.Reader) error {
	requests := make(chan []byte)
	ended := make(chan error, 1)
	go func() {
		ended <- h.receive(stdin, requests)
		close(requests)
	}()
	for payload := range requests {
		err := h.answer(payload)
		h.busy.Unlock()
		if err != nil {
			return err
		}
	}
	if h.lib != nil {
		h.lib.destroy()
	}
	return <-ended
}

// receive passes requests on; busy is held from then until the answer is out. When
// stdin ends in the middle of a call the parent is dead or does not want the
// answer: the process ends at once, because nothing else stops a call in the
// library.
func (h *helper) receive(stdin io.Reader, requests chan<- []byte) error {
	for {
		payload, err := readFrame(stdin)
		if err != nil && !h.busy.TryLock() {
			os.Exit(1)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		h.busy.Lock()
		requests <- payload
	}
}

// answer performs one request and writes its replies.
func (h *helper) answer(payload []byte) error {
	q, err := decodeRequest(payload)
	if err != nil {
		return err
	}
	if h.lib == nil && q.Op != doInit {
		return errFrame
	}
	switch q.Op {
	case doInit:
		return h.send(h.init(q.Setup))
	case doReset:
		return h.send(reply{Code: h.lib.reset()})
	case doChat:
		return h.send(h.lib.chatData(q.Seq, q.Limit))
	case doMedia:
		return h.send(h.lib.media(q.IndexBuf, q.FileID))
	default:
		return h.decrypt(q.Items)
	}
}

func (h *helper) init(s setup) reply {
	if h.lib != nil {
		return reply{Failure: "the helper was initialised twice"}
	}
	lib, code, err := openLibrary(s)
	if err != nil {
		return reply{Failure: err.Error()}
	}
	h.lib = lib
	return reply{Code: code, Data: []byte(protocol)}
}

// decrypt sends each result as soon as it is there, so that the parent knows
// how far the batch came if the library ends the process.
func (h *helper) decrypt(items []Sealed) error {
	for _, item := range items {
		p := h.lib.decrypt(item)
		if p.Code == 10008 { // worth one repetition according to WeCom
			p = h.lib.decrypt(item)
		}
		if err := h.send(p); err != nil {
			return err
		}
	}
	return nil
}

func (h *helper) send(p reply) error { return writeFrame(h.out, p.encode()) }
