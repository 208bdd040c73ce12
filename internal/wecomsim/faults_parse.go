package wecomsim

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"huicun/internal/fault"
)

// ParseFault reads KIND[:key=value,…] as the command line has it, for example
// "api.error:code=45009,path=message/send,every=3". Its errors name the kind,
// parameter or value that is wrong.
func ParseFault(text string) (Fault, error) {
	kind, rest, _ := strings.Cut(text, ":")
	f := Fault{Kind: strings.TrimSpace(kind)}
	k, err := findKind(f.Kind)
	if err != nil {
		return f, err
	}
	for part := range strings.SplitSeq(rest, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if !found {
			return f, fault.Invalid(name, "%s: must be written %s=value", f.Kind, name)
		}
		if err := f.set(k, name, strings.TrimSpace(value)); err != nil {
			return f, err
		}
	}
	return f.checked()
}

// UnmarshalJSON reads {"kind": …, parameters} and refuses what ParseFault
// refuses.
func (f *Fault) UnmarshalJSON(b []byte) error {
	var all map[string]json.RawMessage
	if json.Unmarshal(b, &all) != nil || all == nil {
		return fault.Invalid("faults", "a fault must be an object")
	}
	*f = Fault{}
	if json.Unmarshal(all["kind"], &f.Kind) != nil {
		return fault.Invalid("kind", "missing or no string")
	}
	delete(all, "kind")
	k, err := findKind(f.Kind)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text := string(bytes.TrimSpace(all[name]))
		if name == paramPath && json.Unmarshal(all[name], &text) != nil {
			return fault.Invalid(name, "%s: must be a string", f.Kind)
		}
		if err := f.set(k, name, text); err != nil {
			return err
		}
	}
	*f, err = f.checked()
	return err
}

func findKind(name string) (faultKind, error) {
	k, ok := kindOf(name)
	if !ok {
		return k, fault.Invalid("kind", "%q is no kind of fault; GET /sim/faults and docs/wecomsim.md list them", name)
	}
	return k, nil
}

// set gives one parameter its value.
func (f *Fault) set(k faultKind, name, text string) error {
	if !slices.Contains(k.names(), name) {
		return fault.Invalid(name, "%s has no such parameter, only %s", k.Kind, strings.Join(k.names(), ", "))
	}
	switch name {
	case paramPath:
		f.Path = text
		return nil
	case paramProbability:
		p, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(p) || p <= 0 || p > 1 {
			return fault.Invalid(name, "%s: must be above 0 and at most 1", k.Kind)
		}
		f.Probability = p
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return fault.Invalid(name, "%s: must be a whole number", k.Kind)
	}
	*f.number(name) = n
	return k.checkNumber(name, n)
}

// number gives the place of a numeric parameter.
func (f *Fault) number(name string) *int {
	switch name {
	case paramAfter:
		return &f.After
	case paramEvery:
		return &f.Every
	case paramTimes:
		return &f.Times
	case paramCode:
		return &f.Code
	case paramBytes:
		return &f.Bytes
	case paramDelay:
		return &f.DelayMS
	case paramCount:
		return &f.Count
	default:
		return &f.Seconds
	}
}

var numbers = []string{paramAfter, paramEvery, paramTimes, paramCode, paramBytes, paramDelay, paramCount, paramSeconds}

func (k faultKind) checkNumber(name string, n int) error {
	p, own := k.param(name)
	if !own {
		p = faultParam{Least: 0, Most: mostChances}
	}
	if n < p.Least || n > p.Most || name == paramCode && n == 0 {
		return fault.Invalid(name, "%s: must be %d..%d", k.Kind, p.Least, p.Most)
	}
	return nil
}

// checked refuses what the kind does not take and fills in what was left zero.
func (f Fault) checked() (Fault, error) {
	k, err := findKind(f.Kind)
	if err != nil {
		return f, err
	}
	for _, name := range numbers {
		v := f.number(name)
		if p, own := k.param(name); own && *v == 0 {
			*v = p.Usual
		} else if *v != 0 {
			if !slices.Contains(k.names(), name) {
				return f, f.set(k, name, "")
			}
			if err := k.checkNumber(name, *v); err != nil {
				return f, err
			}
		}
	}
	if f.Probability != 0 {
		if err := f.set(k, paramProbability, strconv.FormatFloat(f.Probability, 'g', -1, 64)); err != nil {
			return f, err
		}
	}
	if f.Path != "" {
		return f, f.checkPath(k)
	}
	return f, nil
}

// checkPath refuses a path that no call has.
func (f Fault) checkPath(k faultKind) error {
	if !k.Path {
		return f.set(k, paramPath, "")
	}
	if !slices.ContainsFunc(apiPaths(), f.concerns) {
		return fault.Invalid(paramPath, "%s: no call below /cgi-bin/ is meant by %q, only by %s", k.Kind, f.Path, strings.Join(shortPaths(), ", "))
	}
	return nil
}
