package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"

	"huicun/internal/fault"
	"huicun/server/api"
)

// apiBase is where the API lives.
const apiBase = "/api/v1"

// contract knows the operation behind each route.
type contract map[string]*routers.Route // by method and gin route

// newContract reads openapi.yaml as it was compiled in.
func newContract() (contract, error) {
	spec, err := api.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("API contract: %w", err)
	}
	routes := contract{}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			routes[method+" "+apiBase+ginPath(path)] = &routers.Route{
				Spec: spec, Path: path, PathItem: item, Method: method, Operation: op,
			}
		}
	}
	return routes, nil
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func ginPath(path string) string { return pathParameter.ReplaceAllString(path, ":$1") }

func (s *Server) route(c *gin.Context) *routers.Route {
	return s.contract[c.Request.Method+" "+c.FullPath()]
}

// operation names what a request asks for, "" outside the API.
func (s *Server) operation(c *gin.Context) string {
	if r := s.route(c); r != nil {
		return r.Operation.OperationID
	}
	return ""
}

// validate refuses requests that do not keep to the contract. Messages name
// the field and the rule, never the value.
func (s *Server) validate(c *gin.Context) {
	route := s.route(c)
	if route == nil {
		c.Next()
		return
	}
	params := make(map[string]string, len(c.Params))
	for _, p := range c.Params {
		params[p.Key] = p.Value
	}
	err := openapi3filter.ValidateRequest(c.Request.Context(), &openapi3filter.RequestValidationInput{
		Request: c.Request, PathParams: params, Route: route, Options: validateOptions,
	})
	if err == nil {
		err = oneValue(c.Request)
	}
	if err != nil {
		fail(c, contractFault(err))
		return
	}
	c.Next()
}

// oneValue refuses bodies with something behind their JSON value, which
// decoders overlook. The validation has left the body in memory.
func oneValue(r *http.Request) error {
	if r.GetBody == nil {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return err
	}
	data, err := io.ReadAll(body)
	if err == nil && len(data) > 0 && !json.Valid(data) {
		err = fault.Invalid("", "the body must be one JSON value")
	}
	return err
}

var validateOptions = &openapi3filter.Options{
	AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc, // requireSession has done it
	SkipSettingDefaults: true,
}

// contractFault turns a validation error into one to show.
func contractFault(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	re, ok := errors.AsType[*openapi3filter.RequestError](err)
	if !ok {
		return fault.Invalid("", "the request does not keep to the contract")
	}
	field := ""
	if re.Parameter != nil {
		field = re.Parameter.Name
	}
	if se, ok := errors.AsType[*openapi3.SchemaError](re.Err); ok {
		if pointer := se.JSONPointer(); field == "" && len(pointer) > 0 {
			field = strings.Join(pointer, ".")
		}
		return fault.Invalid(field, "%s", schemaReason(se))
	}
	switch {
	case errors.Is(re.Err, openapi3filter.ErrInvalidRequired):
		return fault.Invalid(field, "is missing")
	case errors.Is(re.Err, openapi3filter.ErrInvalidEmptyValue):
		return fault.Invalid(field, "is empty")
	case re.Parameter != nil:
		return fault.Invalid(field, "has the wrong type")
	case re.Err == nil:
		return &fault.Error{Code: "invalid.content_type", Message: "the body must be application/json"}
	}
	return decodeFault(re.Err)
}

// schemaReason says which rule is broken. Reasons of kin-openapi may quote the
// value, so only rules are told.
func schemaReason(e *openapi3.SchemaError) string {
	schema := e.Schema
	switch e.SchemaField {
	case "required":
		return "is missing"
	case "enum":
		return fmt.Sprintf("must be one of %v", schema.Enum)
	case "type":
		return fmt.Sprintf("must be of type %s", strings.Join(schema.Type.Slice(), " or "))
	case "maxLength":
		return fmt.Sprintf("must have at most %d characters", *schema.MaxLength)
	case "minLength":
		return fmt.Sprintf("must have at least %d characters", schema.MinLength)
	case "maxItems":
		return fmt.Sprintf("must have at most %d elements", *schema.MaxItems)
	case "minItems":
		return fmt.Sprintf("must have at least %d elements", schema.MinItems)
	case "minimum":
		return fmt.Sprintf("must be at least %v", *schema.Min)
	case "maximum":
		return fmt.Sprintf("must be at most %v", *schema.Max)
	case "format":
		return "must be a " + schema.Format
	}
	return "is not allowed"
}
