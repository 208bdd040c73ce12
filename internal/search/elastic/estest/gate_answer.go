package estest

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"time"
)

// refuse answers as Elasticsearch does.
func refuse(w http.ResponseWriter, status int) {
	kind := map[int]string{
		http.StatusUnauthorized:       "security_exception",
		http.StatusForbidden:          "security_exception",
		http.StatusTooManyRequests:    "circuit_breaking_exception",
		http.StatusServiceUnavailable: "cluster_block_exception",
	}[status]
	if kind == "" {
		kind = "exception"
	}
	answerJSON(w, status, map[string]any{
		"status": status,
		"error":  map[string]any{"type": kind, "reason": "said by the gate", "root_cause": []any{}},
	})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch") // clients refuse an answer without it
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

// bulkItem is one item of a bulk request.
type bulkItem struct {
	action string // index, create, update or delete
	index  string // "" when the path names it
	id     string
	lines  []byte // as they came
}

// bulkReply is the node's answer to a bulk request, in the order of the items.
type bulkReply struct {
	Took   int               `json:"took"`
	Errors bool              `json:"errors"`
	Items  []json.RawMessage `json:"items"`
}

// bulk passes on the items that are not rejected, and answers for all.
func (g *Gate) bulk(w http.ResponseWriter, r *http.Request) {
	items, err := readBulk(r)
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	rejected := g.rejected(items)
	reply, failure := g.forwardItems(r, items, rejected)
	if failure != nil {
		for name, values := range failure.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(failure.Code)
		_, _ = w.Write(failure.Body.Bytes()) // the client may be gone
		return
	}
	answerJSON(w, http.StatusOK, merge(items, rejected, reply))
}

// rejected asks for each item whether it is.
func (g *Gate) rejected(items []bulkItem) []bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]bool, len(items))
	for i, item := range items {
		out[i] = g.reject != nil && g.reject(item.id)
	}
	return out
}

// forwardItems gives the node's reply to the items that are not rejected, or
// its answer when that is no success.
func (g *Gate) forwardItems(r *http.Request, items []bulkItem, rejected []bool) (bulkReply, *httptest.ResponseRecorder) {
	var body bytes.Buffer
	for i, item := range items {
		if !rejected[i] {
			body.Write(item.lines)
		}
	}
	var reply bulkReply
	if body.Len() == 0 {
		return reply, nil
	}
	r.Header.Del("Accept-Encoding")
	r.Header.Del("Content-Encoding")
	r.ContentLength = int64(body.Len())
	r.Body = io.NopCloser(&body)
	answer := httptest.NewRecorder()
	g.forward.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK || json.Unmarshal(answer.Body.Bytes(), &reply) != nil {
		return reply, answer
	}
	return reply, nil
}

// merge puts the rejections at their places among the node's answers.
func merge(items []bulkItem, rejected []bool, reply bulkReply) bulkReply {
	all := bulkReply{Took: reply.Took, Errors: reply.Errors, Items: []json.RawMessage{}}
	for i, item := range items {
		if !rejected[i] && len(reply.Items) > 0 {
			all.Items = append(all.Items, reply.Items[0])
			reply.Items = reply.Items[1:]
			continue
		}
		all.Errors = true
		text, _ := json.Marshal(map[string]any{item.action: map[string]any{ // strings and numbers
			"_index": item.index, "_id": item.id, "status": http.StatusTooManyRequests,
			"error": map[string]any{"type": "es_rejected_execution_exception", "reason": "said by the gate"},
		}})
		all.Items = append(all.Items, text)
	}
	return all
}

// readBulk reads the items of a bulk request.
func readBulk(r *http.Request) ([]bulkItem, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = unpacked
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var items []bulkItem
	for len(text) > 0 {
		var item bulkItem
		if item, text, err = cutItem(text); err != nil {
			return nil, err
		}
		if item.action != "" {
			items = append(items, item)
		}
	}
	return items, nil
}

// cutItem takes the first item off a bulk body; its action is "" for a blank line.
func cutItem(text []byte) (item bulkItem, rest []byte, err error) {
	line, rest := cutLine(text)
	if len(bytes.TrimSpace(line)) == 0 {
		return item, rest, nil
	}
	var action map[string]struct {
		Index string `json:"_index"`
		ID    string `json:"_id"`
	}
	if err := json.Unmarshal(line, &action); err != nil || len(action) != 1 {
		return item, nil, errors.Join(errors.New("no line of an action"), err)
	}
	for name, of := range action {
		item = bulkItem{action: name, index: of.Index, id: of.ID}
	}
	length := len(line)
	if item.action != "delete" {
		line, rest = cutLine(rest)
		length += len(line)
	}
	item.lines = text[:length:length]
	return item, rest, nil
}

// cutLine gives the first line with its end.
func cutLine(text []byte) (line, rest []byte) {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1], text[i+1:]
	}
	return text, nil
}

// certify makes a CA, in PEM, and its certificate for 127.0.0.1.
func certify() ([]byte, tls.Certificate, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, tls.Certificate{}, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, tls.Certificate{}, fmt.Errorf("make a CA: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, tls.Certificate{}, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "gate"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	pemCA := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	return pemCA, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
