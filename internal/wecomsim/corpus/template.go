package corpus

import (
	"fmt"
	"strings"
)

// template is text with choices and slots.
type template []part

// part is literal text, a choice, a slot or a remembered choice.
type part struct {
	text     string
	alts     []template
	slot     slotFunc
	arg      string
	variable int // 1-based index into script.vars; 0 = none
}

// slotFunc appends a slot's value.
type slotFunc func(s *scene, dst []byte, arg string) []byte

// variable is a remembered choice: it keeps one value for a whole dialogue.
type variable struct {
	name string
	alts []template
}

// escapes: \n is a line break, and \< a bracket that opens no slot; until the
// text is cut up it stands as a control character.
var escapes = strings.NewReplacer(`\n`, "\n", `\<`, "\x01")

// parseTemplate parses text; vars collects its variables.
func parseTemplate(text string, vars *[]variable) (template, error) {
	p := templateParser{text: escapes.Replace(text), vars: vars}
	t, err := p.sequence(false)
	if err == nil && p.at < len(p.text) {
		err = fmt.Errorf("stray %q in %q", p.text[p.at], text)
	}
	return t, err
}

type templateParser struct {
	text string
	at   int
	vars *[]variable
}

// sequence reads up to the end, or inside a choice up to | or }.
func (p *templateParser) sequence(inside bool) (template, error) {
	var t template
	for p.at < len(p.text) {
		var (
			next part
			err  error
		)
		switch c := p.text[p.at]; {
		case c == '{':
			next, err = p.choice()
		case c == '<':
			next, err = p.slot()
		case c == '}', c == '|' && inside:
			return t, nil
		default:
			next = p.literal(inside)
		}
		if err != nil {
			return nil, err
		}
		t = append(t, next)
	}
	return t, nil
}

func (p *templateParser) literal(inside bool) part {
	stop := "{<}"
	if inside {
		stop += "|"
	}
	end := strings.IndexAny(p.text[p.at:], stop)
	if end < 0 {
		end = len(p.text) - p.at
	}
	s := p.text[p.at : p.at+end]
	p.at += end
	return part{text: strings.ReplaceAll(s, "\x01", "<")}
}

func (p *templateParser) choice() (part, error) {
	var alts []template
	for {
		p.at++ // { or |
		t, err := p.sequence(true)
		if err != nil {
			return part{}, err
		}
		alts = append(alts, t)
		if p.at >= len(p.text) {
			return part{}, fmt.Errorf("choice without } in %q", p.text)
		}
		if p.text[p.at] == '}' {
			p.at++
			return part{alts: alts}, nil
		}
	}
}

func (p *templateParser) slot() (part, error) {
	end := strings.IndexByte(p.text[p.at:], '>')
	if end < 0 {
		return part{}, fmt.Errorf("slot without > in %q", p.text)
	}
	body := p.text[p.at+1 : p.at+end]
	p.at += end + 1
	if name, list, ok := strings.Cut(body, "="); ok {
		return p.variable(name, list)
	}
	for i, v := range *p.vars {
		if v.name == body {
			return part{variable: i + 1}, nil
		}
	}
	name, arg, _ := strings.Cut(body, ":")
	f, ok := slots[name]
	if !ok {
		return part{}, fmt.Errorf("unknown slot <%s>", body)
	}
	return part{slot: f, arg: arg}, nil
}

func (p *templateParser) variable(name, list string) (part, error) {
	v := variable{name: name}
	for _, alt := range strings.Split(list, "|") {
		t, err := parseTemplate(alt, p.vars)
		if err != nil {
			return part{}, err
		}
		v.alts = append(v.alts, t)
	}
	*p.vars = append(*p.vars, v)
	return part{variable: len(*p.vars)}, nil
}

// appendTemplate plays a template within a scene.
func (s *scene) appendTemplate(dst []byte, t template) []byte {
	for i := range t {
		p := &t[i]
		switch {
		case p.variable > 0:
			dst = s.remember(dst, p.variable-1)
		case p.slot != nil:
			dst = p.slot(s, dst, p.arg)
		case p.alts != nil:
			dst = s.appendTemplate(dst, p.alts[s.rng.intn(len(p.alts))])
		default:
			dst = append(dst, p.text...)
		}
	}
	return dst
}

// remember gives a variable's value, choosing it at its first use: the line
// that was meant to set it may have been left out.
func (s *scene) remember(dst []byte, v int) []byte {
	if s.vars[v] == "" {
		alts := s.script.vars[v].alts
		s.vars[v] = string(s.appendTemplate(nil, alts[s.rng.intn(len(alts))]))
	}
	return append(dst, s.vars[v]...)
}
