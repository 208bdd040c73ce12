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
	variable int // 1-based index into the vocabulary's vars; 0 = none
	link     int // 1 to 9: choices with this number choose alike; 0 = alone
}

// slotFunc appends a slot's value.
type slotFunc func(s *scene, dst []byte, arg string) []byte

// variable is a remembered choice: it keeps one value for a whole dialogue.
type variable struct {
	name string
	alts []template
}

// vocabulary is what the templates of one script share.
type vocabulary struct {
	vars  []variable
	links [10]int // number of alternatives of each link
}

// escapes: \n is a line break, and \< a bracket that opens no slot; until the
// text is cut up it stands as a control character.
var escapes = strings.NewReplacer(`\n`, "\n", `\<`, "\x01")

// parseTemplate parses text; voc collects its variables and links.
func parseTemplate(text string, voc *vocabulary) (template, error) {
	p := templateParser{text: escapes.Replace(text), voc: voc}
	t, err := p.sequence(false)
	if err == nil && p.at < len(p.text) {
		err = fmt.Errorf("stray %q in %q", p.text[p.at], text)
	}
	return t, err
}

type templateParser struct {
	text string
	at   int
	voc  *vocabulary
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

// choice parses {a|b}, or {#1 a|b}, a choice that goes with the others of its
// number: question and answer, for example.
func (p *templateParser) choice() (part, error) {
	var alts []template
	link := 0
	if rest := p.text[p.at:]; len(rest) > 3 && rest[1] == '#' && rest[2] >= '1' && rest[2] <= '9' && rest[3] == ' ' {
		link = int(rest[2] - '0')
		p.at += 3
	}
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
			return part{alts: alts, link: link}, p.voc.linked(link, len(alts))
		}
	}
}

// linked notes a linked choice: all of one number have as many alternatives.
func (v *vocabulary) linked(link, n int) error {
	if link == 0 {
		return nil
	}
	if v.links[link] == 0 {
		v.links[link] = n
	}
	if v.links[link] != n {
		return fmt.Errorf("choice #%d has %d alternatives, before it had %d", link, n, v.links[link])
	}
	return nil
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
	for i, v := range p.voc.vars {
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
		t, err := parseTemplate(alt, p.voc)
		if err != nil {
			return part{}, err
		}
		v.alts = append(v.alts, t)
	}
	p.voc.vars = append(p.voc.vars, v)
	return part{variable: len(p.voc.vars)}, nil
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
			dst = s.appendTemplate(dst, p.alts[s.chosen(p)])
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
		alts := s.script.words.vars[v].alts
		s.vars[v] = string(s.appendTemplate(nil, alts[s.rng.intn(len(alts))]))
	}
	return append(dst, s.vars[v]...)
}

// chosen gives the alternative of a choice, the same for all of one link.
func (s *scene) chosen(p *part) int {
	if p.link == 0 {
		return s.rng.intn(len(p.alts))
	}
	if s.links[p.link] == 0 {
		s.links[p.link] = 1 + s.rng.intn(len(p.alts))
	}
	return s.links[p.link] - 1
}
