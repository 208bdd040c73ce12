package finance

import (
	"bufio"
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
	busy sync.Mutex // held while the library works on a request
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
		last, err := h.answer(payload)
		h.busy.Unlock() // before the parent, with the last reply, may end stdin
		if err != nil {
			return err
		}
		if err := h.send(last); err != nil {
			return err
		}
	}
	if h.lib != nil {
		h.lib.destroy()
	}
	return <-ended
}

// receive passes requests on; busy is held from then until the library is done
// with them. When stdin ends before that the parent is dead or does not want the
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

// answer performs one request and returns its last reply after sending the others.
func (h *helper) answer(payload []byte) (reply, error) {
	q, err := decodeRequest(payload)
	if err != nil {
		return reply{}, err
	}
	if (h.lib == nil) != (q.Op == doInit) {
		return reply{}, errors.New("the first request, and no other, must open the library")
	}
	switch q.Op {
	case doInit:
		return h.init(q.Setup), nil
	case doReset:
		return reply{Code: h.lib.reset()}, nil
	case doChat:
		return h.lib.chatData(q.Seq, q.Limit), nil
	case doMedia:
		return h.lib.media(q.IndexBuf, q.FileID), nil
	case doCareful:
		return h.decrypt(h.out, q.Items)
	default:
		out := bufio.NewWriterSize(h.out, outBuffer)
		last, err := h.decrypt(out, q.Items)
		return last, errors.Join(err, out.Flush())
	}
}

func (h *helper) init(s setup) reply {
	lib, code, err := openLibrary(s)
	if err != nil {
		return reply{Failure: err.Error()}
	}
	h.lib = lib
	return reply{Code: code, Data: []byte(protocol)}
}

// outBuffer is how many bytes of results go to the parent at once. A result each
// would wake it each time. If the library ends the process meanwhile, the parent
// has them decrypted again, carefully.
const outBuffer = 64 << 10

// decrypt writes all results but the last to out, which it returns. With h.out
// itself the parent knows how far the batch came if the library ends the
// process.
func (h *helper) decrypt(out io.Writer, items []Sealed) (reply, error) {
	var last reply
	for i, item := range items {
		if i > 0 {
			if err := writeFrame(out, last.encode()); err != nil {
				return last, err
			}
		}
		last = h.lib.decrypt(item)
		if last.Code == 10008 { // worth one repetition according to WeCom
			last = h.lib.decrypt(item)
		}
	}
	return last, nil
}

func (h *helper) send(p reply) error { return writeFrame(h.out, p.encode()) }
