package wecomsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"huicun/internal/fault"
)

// SetFaults switches these faults on in the place of all others. seed decides
// which of several equal chances they take; 0 counts as 1.
func (s *Sim) SetFaults(seed uint64, faults ...Fault) error {
	checked, err := checkFaults(faults)
	if err != nil {
		return err
	}
	set(&seed, 1)
	s.faults.replace(seed, checked)
	return nil
}

func checkFaults(faults []Fault) ([]Fault, error) {
	out := slices.Clone(faults)
	for i, f := range faults {
		var err error
		if out[i], err = f.checked(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// faultRoutes adds the control of the faults.
func (s *Sim) faultRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.faultReport()) })
	mux.HandleFunc("POST /sim/faults", s.postFaults)
	mux.HandleFunc("POST /sim/faults/add", s.postFault)
	mux.HandleFunc("POST /sim/faults/strange", s.handleStrange)
	mux.HandleFunc("DELETE /sim/faults", s.deleteFaults)
}

// faultReport is the answer of every call below /sim/faults.
type faultReport struct {
	Seed   uint64         `json:"seed"`
	Faults []faultState   `json:"faults"`
	Struck map[string]int `json:"struck"` // by kind, since the program started, also of faults switched off
	Kinds  []faultKind    `json:"kinds"`
	Paths  []string       `json:"paths"` // what path may be, without prefixes
	Codes  []knownCode    `json:"codes"`
}

// knownCode is an errcode of WeCom.
type knownCode struct {
	Code    int    `json:"code"`
	Message string `json:"errmsg"`
}

func (s *Sim) faultReport() faultReport {
	r := faultReport{Kinds: kinds()}
	r.Paths = shortPaths()
	for _, code := range slices.Sorted(maps.Keys(errorTexts)) {
		r.Codes = append(r.Codes, knownCode{code, errorTexts[code]})
	}
	r.Seed, r.Faults, r.Struck = s.faults.snapshot()
	return r
}

// postFaults takes {"seed": N, "faults": […]} in the place of all faults.
func (s *Sim) postFaults(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Seed   uint64  `json:"seed"`
		Faults []Fault `json:"faults"`
	}
	s.changeFaults(w, r, &q, func() error { return s.SetFaults(q.Seed, q.Faults...) })
}

// postFault takes one fault more.
func (s *Sim) postFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	s.changeFaults(w, r, &f, func() error {
		f, err := f.checked()
		if err == nil {
			s.faults.add(f)
		}
		return err
	})
}

// handleStrange appends strange messages at once.
func (s *Sim) handleStrange(w http.ResponseWriter, r *http.Request) {
	var q strangeOrder
	err := readFaults(w, r, &q)
	var out any
	if err == nil {
		out, err = s.postStrange(q)
	}
	if err != nil {
		s.writeFault(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

// deleteFaults switches off the fault that ?id= names, or all.
func (s *Sim) deleteFaults(w http.ResponseWriter, r *http.Request) {
	s.changeFaults(w, r, &struct{}{}, func() error {
		text := r.URL.Query().Get("id")
		if text == "" {
			return s.SetFaults(0)
		}
		id, err := strconv.Atoi(text)
		if err != nil {
			return fault.Invalid("id", "must be a number")
		}
		if !s.faults.remove(id) {
			return fault.NotFound("fault")
		}
		return nil
	})
}

// changeFaults reads the body into q, calls do and answers with the report.
func (s *Sim) changeFaults(w http.ResponseWriter, r *http.Request, q any, do func() error) {
	err := readFaults(w, r, q)
	if err == nil {
		err = do()
	}
	if err != nil {
		s.writeFault(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, s.faultReport())
}

// readFaults is readControl for a body in which every name must be known.
func readFaults(w http.ResponseWriter, r *http.Request, q any) error {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	if err := strictJSON(body, q); err != nil {
		var known *fault.Error
		var wrong *json.UnmarshalTypeError
		switch {
		case errors.As(err, &known):
			return known
		case errors.As(err, &wrong):
			return fault.Invalid(wrong.Field, "has a wrong type")
		default:
			return fault.Invalid("", "the body is not the JSON wanted here: %s", err)
		}
	}
	return nil
}

// strictJSON is json.Unmarshal that refuses unknown names and a second value.
func strictJSON(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}
