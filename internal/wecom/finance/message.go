package finance

// protocol is what a helper answers to opInit, so that a wrong program is
// noticed at once.
const protocol = "huicun-finance-helper/2"

// The operations of a helper.
const (
	doInit    = 1 // open library, handle and credentials; first of all
	doReset   = 2 // a new handle, which fetches a new token
	doChat    = 3
	doDecrypt = 4 // at least one item; one reply per item, in pieces of outBuffer
	doMedia   = 5
	doCareful = 6 // doDecrypt with each reply as soon as it is there
)

// setup is what a helper needs to know once. It travels over standard input,
// never in arguments or the environment.
type setup struct {
	Library, CorpID, Secret string
	Proxy, ProxyPassword    string
	Seconds                 uint64 // the SDK's timeout
}

// request is one call.
type request struct {
	Op       uint64
	Setup    setup    // doInit
	Seq      uint64   // doChat
	Limit    uint64   // doChat
	IndexBuf string   // doMedia
	FileID   string   // doMedia
	Items    []Sealed // doDecrypt, doCareful
}

// encode gives the payload of q; only the fields of its operation are kept.
func (q request) encode() []byte {
	var f fields
	f.number(q.Op)
	switch q.Op {
	case doInit:
		for _, s := range []string{q.Setup.Library, q.Setup.CorpID, q.Setup.Secret, q.Setup.Proxy, q.Setup.ProxyPassword} {
			f.text(s)
		}
		f.number(q.Setup.Seconds)
	case doChat:
		f.number(q.Seq)
		f.number(q.Limit)
	case doMedia:
		f.text(q.IndexBuf)
		f.text(q.FileID)
	case doDecrypt, doCareful:
		f.number(uint64(len(q.Items)))
		for _, item := range q.Items {
			f.text(item.Key)
			f.text(item.Msg)
		}
	}
	return f
}

// decodeRequest reads what encode wrote.
func decodeRequest(payload []byte) (request, error) {
	r := fieldReader{rest: payload}
	q := request{Op: r.number()}
	switch q.Op {
	case doInit:
		q.Setup = setup{Library: r.text(), CorpID: r.text(), Secret: r.text(), Proxy: r.text(), ProxyPassword: r.text()}
		q.Setup.Seconds = r.number()
	case doReset:
	case doChat:
		q.Seq, q.Limit = r.number(), r.number()
	case doMedia:
		q.IndexBuf, q.FileID = r.text(), r.text()
	case doDecrypt, doCareful:
		for n := r.number(); n > 0 && !r.bad; n-- {
			q.Items = append(q.Items, Sealed{Key: r.text(), Msg: r.text()})
		}
		r.bad = r.bad || len(q.Items) == 0
	default:
		return q, errFrame
	}
	return q, r.done()
}

// reply is one answer.
type reply struct {
	Code        int    // return code of the SDK
	Failure     string // why the helper could not call the SDK; "" when it did
	Data        []byte
	OutIndexBuf string
	Finished    bool
}

func (p reply) encode() []byte {
	f := make(fields, 0, len(p.Data)+len(p.OutIndexBuf)+len(p.Failure)+32)
	f.signed(int64(p.Code))
	f.text(p.Failure)
	f.text(p.OutIndexBuf)
	f.flag(p.Finished)
	f.number(uint64(len(p.Data)))
	return append(f, p.Data...)
}

func decodeReply(payload []byte) (reply, error) {
	r := fieldReader{rest: payload}
	p := reply{Code: int(r.signed()), Failure: r.text(), OutIndexBuf: r.text(), Finished: r.flag(), Data: r.bytes()}
	return p, r.done()
}
