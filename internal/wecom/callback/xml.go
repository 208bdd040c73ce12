package callback

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// maxDepth bounds the nesting of a callback; WeCom's deepest has six levels.
const maxDepth = 32

// fields holds the texts of an XML document: the path below the root, parts
// joined by "/", to the texts at that path in document order.
type fields map[string][]string

// first gives the first text at path, "" when there is none.
func (f fields) first(path string) string {
	if v := f[path]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// parse reads XML leniently: any order, unknown elements, CDATA or plain text.
// A document type definition is refused, and with it every entity of its own.
func parse(doc []byte) (fields, error) {
	if len(doc) > MaxBodyBytes {
		return nil, errors.New("body too large")
	}
	r := reader{found: fields{}}
	dec := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New("not well-formed XML") // err may quote the document
		}
		if err := r.take(token); err != nil {
			return nil, err
		}
	}
	if !r.rooted {
		return nil, errors.New("not XML")
	}
	return r.found, nil
}

// reader collects fields from XML tokens.
type reader struct {
	found  fields
	path   []element // open elements below the root
	rooted bool
	depth  int
}

type element struct {
	name   string
	text   []byte
	parent bool // has child elements, so its own text is only layout
}

func (r *reader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		return errors.New("document type definition")
	case xml.StartElement:
		return r.open(t.Name.Local)
	case xml.CharData:
		if n := len(r.path); n > 0 {
			r.path[n-1].text = append(r.path[n-1].text, t...)
		}
	case xml.EndElement:
		r.close()
	}
	return nil
}

func (r *reader) open(name string) error {
	r.depth++
	if r.depth > maxDepth {
		return errors.New("nested too deeply")
	}
	if r.depth == 1 {
		if r.rooted {
			return errors.New("more than one root")
		}
		r.rooted = true
		return nil
	}
	if n := len(r.path); n > 0 {
		r.path[n-1].parent = true
	}
	r.path = append(r.path, element{name: name})
	return nil
}

func (r *reader) close() {
	r.depth--
	n := len(r.path)
	if n == 0 {
		return
	}
	if last := &r.path[n-1]; !last.parent {
		names := make([]string, n)
		for i := range r.path {
			names[i] = r.path[i].name
		}
		path := strings.Join(names, "/")
		r.found[path] = append(r.found[path], strings.TrimSpace(string(last.text)))
	}
	r.path = r.path[:n-1]
}
