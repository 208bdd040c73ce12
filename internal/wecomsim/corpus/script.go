package corpus

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// script is one dialogue: turns with options and branches, played by a cast of
// letters (C the customer, E the employee, A and B two colleagues …).
//
// The files under scripts/ are written so:
//
//	== name kind=ext stage=price if=stock
//	C: {多少钱|什么价}
//	E ~2m: <p><size><price>元          (answers after about two minutes)
//	?40 C: @image room                  (said in 40 of 100 plays)
//	%50 … %else … %end                  (one of two branches)
//	%pick … %or … %or … %end            (one of several)
//	%if custom … %else … %end           (by circumstance)
//
// {a|b} chooses, {#1 a|b} chooses like the other choices #1, <p> fills a slot, <x=a|b> chooses once and remembers as <x>.
type script struct {
	name  string
	kind  string // ext, estate, project, inner, pair
	stage string
	need  circumstance // all of these must hold
	never circumstance // none of these may hold
	pair  [2]role      // for kind pair
	any   [2]bool      // the role of A, of B does not matter
	body  []step
	words vocabulary
}

// step is a line, or a choice between bodies.
type step struct {
	line     *line
	choice   choiceKind
	percent  int          // of the first branch
	when     circumstance // for byCircumstance
	branches [][]step
}

type choiceKind uint8

const (
	justLine choiceKind = iota
	byChance
	byPick
	byCircumstance
)

// line is one message to be said.
type line struct {
	who  byte          // cast letter
	gap  time.Duration // typical wait before it; 0 = as usual
	kind string        // "text", or what follows the @
	text template
}

// circumstance is a set of facts that scripts depend on.
type circumstance uint16

const (
	isCustom  circumstance = 1 << iota // made to measure
	isBiz                              // the customer is a company's buyer
	isTrader                           // the customer is a craftsman
	isRepeat                           // bought here before
	isEnglish                          // the customer writes English
	isBad                              // an employee who does not keep the rules
	isWeekend                          // Saturday or Sunday
	isEvening                          // after 18:00
	isChild                            // things for a child's room
	isWood                             // the thing is of solid wood
	isSoft                             // the thing is upholstered
	isSpring                           // it is the Spring Festival
)

var circumstances = map[string]circumstance{
	"custom": isCustom, "biz": isBiz, "trader": isTrader, "repeat": isRepeat, "english": isEnglish,
	"bad": isBad, "weekend": isWeekend, "evening": isEvening, "child": isChild, "wood": isWood, "soft": isSoft, "spring": isSpring,
}

// parser reads one file of scripts.
type parser struct {
	file  string
	lines []string
	at    int
	cur   *script
}

func parseScripts(file, text string) ([]*script, error) {
	p := &parser{file: file, lines: strings.Split(text, "\n")}
	var all []*script
	for p.skipBlank(); p.at < len(p.lines); p.skipBlank() {
		s, err := p.script()
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", p.file, p.at+1, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (p *parser) peek() string {
	if p.at >= len(p.lines) {
		return ""
	}
	return strings.TrimSpace(p.lines[p.at])
}

func (p *parser) skipBlank() {
	for p.at < len(p.lines) && (p.peek() == "" || strings.HasPrefix(p.peek(), "#")) {
		p.at++
	}
}

func (p *parser) script() (*script, error) {
	head, ok := strings.CutPrefix(p.peek(), "== ")
	if !ok {
		return nil, fmt.Errorf("expected a script's head, found %q", p.peek())
	}
	fields := strings.Fields(head)
	s := &script{name: fields[0]}
	for _, f := range fields[1:] {
		if err := s.option(f); err != nil {
			return nil, err
		}
	}
	p.cur = s
	p.at++
	body, err := p.body()
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, fmt.Errorf("script %s is empty", s.name)
	}
	s.body = body
	return s, nil
}

func (s *script) option(f string) error {
	key, value, _ := strings.Cut(f, "=")
	switch key {
	case "kind":
		s.kind = value
	case "stage":
		s.stage = value
	case "if":
		return s.conditions(value)
	case "pair":
		return s.pairOf(value)
	default:
		return fmt.Errorf("unknown option %q", f)
	}
	return nil
}

func (s *script) conditions(list string) error {
	for _, name := range strings.Split(list, ",") {
		plain, not := strings.CutPrefix(name, "!")
		c, ok := circumstances[plain]
		switch {
		case plain == "stock":
			s.never |= isCustom
		case !ok:
			return fmt.Errorf("unknown circumstance %q", name)
		case not:
			s.never |= c
		default:
			s.need |= c
		}
	}
	return nil
}

func (s *script) pairOf(value string) error {
	for i, name := range strings.SplitN(value, "-", 2) {
		r, ok := roleNames[name]
		if !ok && name != "any" {
			return fmt.Errorf("unknown role %q", name)
		}
		s.pair[i], s.any[i] = r, name == "any"
	}
	return nil
}

// body reads steps up to the next head, %else, %or or %end.
func (p *parser) body() ([]step, error) {
	var steps []step
	for p.skipBlank(); p.at < len(p.lines); p.skipBlank() {
		t := p.peek()
		if strings.HasPrefix(t, "== ") || t == "%else" || t == "%or" || t == "%end" {
			break
		}
		st, err := p.step(t)
		if err != nil {
			return nil, err
		}
		steps = append(steps, st)
	}
	return steps, nil
}

func (p *parser) step(t string) (step, error) {
	p.at++
	switch {
	case t == "%pick":
		return p.branches(step{choice: byPick}, "%or")
	case strings.HasPrefix(t, "%if "):
		c, ok := circumstances[strings.TrimSpace(t[4:])]
		if !ok {
			return step{}, fmt.Errorf("unknown circumstance in %q", t)
		}
		return p.branches(step{choice: byCircumstance, when: c}, "%else")
	case strings.HasPrefix(t, "%"):
		n, err := strconv.Atoi(t[1:])
		if err != nil {
			return step{}, fmt.Errorf("bad directive %q", t)
		}
		return p.branches(step{choice: byChance, percent: n}, "%else")
	case strings.HasPrefix(t, "?"):
		chance, rest, _ := strings.Cut(t[1:], " ")
		n, err := strconv.Atoi(chance)
		if err != nil {
			return step{}, fmt.Errorf("bad chance in %q", t)
		}
		l, err := p.line(rest)
		return step{choice: byChance, percent: n, branches: [][]step{{{line: l}}, nil}}, err
	}
	l, err := p.line(t)
	return step{line: l}, err
}

func (p *parser) branches(st step, between string) (step, error) {
	for {
		b, err := p.body()
		if err != nil {
			return st, err
		}
		st.branches = append(st.branches, b)
		switch p.peek() {
		case between:
			p.at++
		case "%end":
			p.at++
			if st.choice != byPick && len(st.branches) == 1 {
				st.branches = append(st.branches, nil)
			}
			return st, nil
		default:
			return st, fmt.Errorf("script %s: branch without %%end", p.cur.name)
		}
	}
}

// line parses "E ~2m: text".
func (p *parser) line(t string) (*line, error) {
	head, text, ok := strings.Cut(t, ":")
	if !ok || head == "" || head[0] < 'A' || head[0] > 'Z' {
		return nil, fmt.Errorf("bad line %q", t)
	}
	l := &line{who: head[0], kind: "text"}
	if gap, ok := strings.CutPrefix(strings.TrimSpace(head[1:]), "~"); ok {
		d, err := time.ParseDuration(gap)
		if err != nil {
			return nil, fmt.Errorf("bad wait in %q: %w", t, err)
		}
		l.gap = d
	}
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "@"); ok {
		l.kind, text, _ = strings.Cut(rest, " ")
	}
	if !knownKind(l.kind) {
		return nil, fmt.Errorf("unknown message kind %q", l.kind)
	}
	var err error
	l.text, err = parseTemplate(text, &p.cur.words)
	return l, err
}
