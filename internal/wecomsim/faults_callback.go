package wecomsim

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"time"
)

const callbackGroup = "回调"

// callbackKinds are the faults of events on their way to huicun. Forged ones come
// in addition, ahead of the real one.
var callbackKinds = []faultKind{
	{
		Kind: "callback.lost", Group: callbackGroup, Chance: byEvent,
		About:  "事件丢失，不发送",
		Effect: "the event is never sent",
	},
	{
		Kind: "callback.double", Group: callbackGroup, Chance: byEvent,
		About:  "事件发送两次（密文不同）",
		Effect: "the event is sent twice, encrypted anew",
	},
	{
		Kind: "callback.late", Group: callbackGroup, Chance: byEvent, Params: []faultParam{callbackDelay},
		About:  "事件过一段时间才发送，后面的先到",
		Effect: "the event is sent later; others overtake it",
	},
	{
		Kind: "callback.reorder", Group: callbackGroup, Chance: byEvent, Params: []faultParam{callbackDelay},
		About:  "事件排到下一个事件之后；一直没有下一个，则等这么久",
		Effect: "the event goes behind the next one, or waits so long when there is none",
	},
	{
		Kind: "callback.replayed", Group: callbackGroup, Chance: byEvent, Params: []faultParam{callbackDelay},
		About:  "过一段时间把同一个请求原样再发一次（签名、时间戳、随机数都不变）",
		Effect: "the very same request again after a while: same signature, timestamp and nonce",
	},
	{
		Kind: kindForgedSignature, Group: callbackGroup, Chance: byEvent,
		About:  "先来一个签名不对的假事件",
		Effect: "a forged event first: its signature is wrong",
	},
	{
		Kind: kindForgedReceiver, Group: callbackGroup, Chance: byEvent,
		About:  "先来一个签名对、但属于别的企业的假事件",
		Effect: "a forged event first: rightly signed, but for another corp",
	},
	{
		Kind: kindForgedCipher, Group: callbackGroup, Chance: byEvent,
		About:  "先来一个签名对、密文却是乱码的假事件",
		Effect: "a forged event first: rightly signed, but its ciphertext is noise",
	},
}

const (
	kindForgedSignature = "callback.forged_signature"
	kindForgedReceiver  = "callback.forged_receiver"
	kindForgedCipher    = "callback.forged_cipher"
)

var callbackDelay = faultParam{Name: paramDelay, Least: 1, Most: mostDelay, Usual: 3000, About: "毫秒"}

// heldCallback is something that a caller does later.
type heldCallback struct {
	due       time.Time
	afterNext bool // or behind the next event, if that comes first
	do        func(context.Context)
}

// callbackPlan is what the faults do to one event. It is made before anything is
// sent, so that it belongs to one set of faults.
type callbackPlan struct {
	forged       []hit
	lost, double bool
	late, behind *hit
	replay       *hit
}

func (s *faultSet) planEvent() callbackPlan {
	var p callbackPlan
	if s.none() {
		return p
	}
	struck := func(kind string) *hit {
		if h, ok := s.strike(kind, ""); ok {
			return &h
		}
		return nil
	}
	for _, kind := range []string{kindForgedSignature, kindForgedReceiver, kindForgedCipher} {
		if h := struck(kind); h != nil {
			p.forged = append(p.forged, *h)
		}
	}
	if p.lost = struck("callback.lost") != nil; p.lost {
		return p
	}
	p.late, p.behind = struck("callback.late"), struck("callback.reorder")
	p.double, p.replay = struck("callback.double") != nil, struck("callback.replayed")
	return p
}

// dispatch delivers one event, with what the faults do to it.
func (c *caller) dispatch(ctx context.Context, event []byte) {
	p := c.faults.planEvent()
	c.forge(ctx, event, p.forged)
	deliver := func(ctx context.Context) {
		c.deliver(ctx, event, p.replay)
		if p.double {
			c.deliver(ctx, event, nil)
		}
	}
	switch {
	case p.lost:
	case p.late != nil:
		c.hold(*p.late, false, deliver)
	case p.behind != nil:
		c.hold(*p.behind, true, deliver)
	default:
		deliver(ctx)
		c.release(ctx, func(h heldCallback) bool { return h.afterNext })
	}
}

func (c *caller) hold(h hit, afterNext bool, do func(context.Context)) {
	due := time.Now().Add(time.Duration(h.DelayMS) * time.Millisecond)
	c.held = append(c.held, heldCallback{due, afterNext, do})
}

// release does what was held and is ready.
func (c *caller) release(ctx context.Context, ready func(heldCallback) bool) {
	var now, later []heldCallback
	for _, h := range c.held {
		if ready(h) {
			now = append(now, h)
		} else {
			later = append(later, h)
		}
	}
	c.held = later
	for _, h := range now {
		h.do(ctx)
	}
}

// nextHeld gives a channel that fires when something held is due; nil = nothing
// is held.
func (c *caller) nextHeld() <-chan time.Time {
	if len(c.held) == 0 {
		return nil
	}
	first := slices.MinFunc(c.held, func(a, b heldCallback) int { return a.due.Compare(b.due) })
	return time.After(time.Until(first.due))
}

// sealedEvent is an event as it goes over the wire.
type sealedEvent struct {
	address string
	body    []byte
}

// forge sends the forged events that are to come ahead of event.
func (c *caller) forge(ctx context.Context, event []byte, as []hit) {
	const stranger = "ww00000000000stranger"
	for _, h := range as {
		var e sealedEvent
		var err error
		switch h.Kind {
		case kindForgedSignature:
			e, err = c.sealWith(event, c.corpID, c.cfg.Token+"x")
		case kindForgedReceiver:
			e, err = c.sealWith(event, stranger, c.cfg.Token)
		default:
			e, err = c.sign(noise(len(event)), c.cfg.Token)
		}
		if err != nil { // keys are checked at the start
			c.log.ErrorContext(ctx, "forge callback", "callback", c.name, "err", err)
			continue
		}
		c.sendForged(ctx, h, e)
	}
}

// noise has the shape of an encrypted event and no meaning.
func noise(size int) string {
	b := randomBytes(size/callbackBlock*callbackBlock + callbackBlock)
	return base64.StdEncoding.EncodeToString(b)
}

// sendForged sends what should not be taken, once, and notes whether it was.
func (c *caller) sendForged(ctx context.Context, h hit, e sealedEvent) {
	status, _, err := c.do(ctx, http.MethodPost, e.address, e.body)
	if err == nil && status == http.StatusOK {
		c.faults.accepted(h)
	}
}
