package wecomsim

import (
	"encoding/json"
	"fmt"
	"maps"
)

// object is one WeCom object, field by field as it stands in the directory, so
// that fields which the simulator does not know are served all the same.
type object map[string]json.RawMessage

// asObject turns a struct with json tags into an object.
func asObject(v any) (object, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: directory: %w", err)
	}
	var o object
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, fmt.Errorf("wecomsim: directory: %w", err)
	}
	return o, nil
}

// str gives a string field; "" when it is missing or of another type.
func (o object) str(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return s
}

// num gives an integer field; 0 when it is missing or of another type.
func (o object) num(name string) int64 {
	var n int64
	if json.Unmarshal(o[name], &n) != nil {
		return 0
	}
	return n
}

// nums gives a field that is a list of integers.
func (o object) nums(name string) []int64 {
	var n []int64
	if json.Unmarshal(o[name], &n) != nil {
		return nil
	}
	return n
}

// list gives a field that is a list of objects.
func (o object) list(name string) []object {
	var l []object
	if json.Unmarshal(o[name], &l) != nil {
		return nil
	}
	return l
}

// sub gives a field that is an object.
func (o object) sub(name string) object {
	var s object
	if json.Unmarshal(o[name], &s) != nil {
		return nil
	}
	return s
}

// with gives a copy in which a field has another value.
func (o object) with(name string, value any) object {
	c := maps.Clone(o)
	b, err := json.Marshal(value)
	if err != nil { // only strings, numbers and objects come here
		b = []byte("null")
	}
	c[name] = b
	return c
}

// without gives a copy that lacks some fields.
func (o object) without(names ...string) object {
	c := maps.Clone(o)
	for _, n := range names {
		delete(c, n)
	}
	return c
}

// only gives a copy with these fields, as far as they exist.
func (o object) only(names ...string) object {
	c := make(object, len(names))
	for _, n := range names {
		if v, ok := o[n]; ok {
			c[n] = v
		}
	}
	return c
}
