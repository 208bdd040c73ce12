package wecomsim

import (
	"slices"
	"sync"
)

// Names of the parameters of a fault, as on the command line and in JSON.
const (
	paramAfter       = "after"
	paramEvery       = "every"
	paramProbability = "probability"
	paramTimes       = "times"
	paramPath        = "path"
	paramCode        = "code"
	paramBytes       = "bytes"
	paramDelay       = "delay_ms"
	paramCount       = "count"
	paramSeconds     = "seconds"
)

// Bounds of parameters that many kinds share.
const (
	mostChances = 1 << 30
	mostDelay   = 10 * 60 * 1000 // milliseconds
	mostBytes   = 1 << 30
	mostSeconds = 400 * 24 * 3600
)

// faultParam is one number that a kind takes beside the selectors.
type faultParam struct {
	Name  string `json:"name"`
	Least int    `json:"least"`
	Most  int    `json:"most"`
	Usual int    `json:"usual"` // when it is not given
	About string `json:"about"` // Chinese, for the page
}

// chance is what a kind counts.
type chance string

// The chances that kinds count.
const (
	always    chance = "" // holds as long as it is switched on and counts nothing
	byCall    chance = "call"
	byPage    chance = "page" // a call of getchatdata behind whose seq there are messages
	byMessage chance = "message"
	byEvent   chance = "event"
	byFile    chance = "file"
	byPart    chance = "part of a file"
	byLogin   chance = "login"
	byTunnel  chance = "tunnel"
	bySend    chance = "app message"
)

// faultKind is one kind of fault.
type faultKind struct {
	Kind   string       `json:"kind"`
	Group  string       `json:"group"` // Chinese, for the page
	About  string       `json:"about"` // Chinese, for the page
	Effect string       `json:"-"`     // English, for docs/wecomsim.md
	Chance chance       `json:"chance"`
	Path   bool         `json:"path"`  // takes path
	Shape  bool         `json:"shape"` // a message that POST /sim/faults/strange can append
	Params []faultParam `json:"params"`
}

// selectors are the parameters that say when a fault strikes.
var selectors = []string{paramAfter, paramEvery, paramProbability, paramTimes}

// param finds one of the kind's own numbers.
func (k faultKind) param(name string) (faultParam, bool) {
	i := slices.IndexFunc(k.Params, func(p faultParam) bool { return p.Name == name })
	if i < 0 {
		return faultParam{}, false
	}
	return k.Params[i], true
}

// names lists every parameter that the kind takes.
func (k faultKind) names() []string {
	var all []string
	if k.Path {
		all = append(all, paramPath)
	}
	for _, p := range k.Params {
		all = append(all, p.Name)
	}
	if k.Chance != always {
		all = append(all, selectors...)
	}
	return all
}

// kinds are all kinds of faults, in the order of the page.
var kinds = sync.OnceValue(func() []faultKind {
	all := slices.Concat(pageKinds, streamKinds, mediaKinds, apiKinds, sendKinds, callbackKinds, loginKinds, clockKinds, proxyKinds)
	for i := range all {
		if all[i].Params == nil {
			all[i].Params = []faultParam{} // a list in JSON, too
		}
	}
	return all
})

func kindOf(name string) (faultKind, bool) {
	all := kinds()
	i := slices.IndexFunc(all, func(k faultKind) bool { return k.Kind == name })
	if i < 0 {
		return faultKind{}, false
	}
	return all[i], true
}
